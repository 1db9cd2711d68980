select access_shared('product', partner => true);
