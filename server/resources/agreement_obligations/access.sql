select access_of_partner('agreement_obligation');
