select access_of_partner('due_diligence_visit', partner => '');
