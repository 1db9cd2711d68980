-- It disputes records of any kind; which of them it takes back is said by the statements and, of the reversal, by partner_add.
select access_of_partner('sales_record', staff => 'insert, update', partner => 'select, update');
select access_policy('sales_record', 'partner_add', 'insert', 'qudao_partner', null,
	'partner_id = any (array(select descendant_id from partner_closure)) and kind = any (app_partner_kinds())');
