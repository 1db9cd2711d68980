select access_of_partner('evaluation', partner => '');
