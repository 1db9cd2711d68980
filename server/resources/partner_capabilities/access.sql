select access_of_partner('partner_capability');
