select access_shared('setting', staff => 'update', partner => true);
