select access_of_partner('partner_customer_segment');
