select access_of_partner('contact', partner => 'all');
