select access_shared('member', partner => true);
