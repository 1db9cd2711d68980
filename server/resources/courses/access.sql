select access_shared('course', partner => true);
