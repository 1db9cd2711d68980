select access_of_partner('customer', partner => 'all');
