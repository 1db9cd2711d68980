select access_shared('business_clock', staff => 'update', partner => true);
