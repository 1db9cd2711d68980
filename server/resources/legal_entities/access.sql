select access_shared('legal_entity', partner => true);
