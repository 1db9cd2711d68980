select access_shared('event', staff => 'insert, delete');
select access_policy('event', 'partner_add', 'insert', 'qudao_partner', null, 'true');
select access_policy('event', 'partner_read', 'select', 'qudao_partner',
	'partner_id = any (array(select descendant_id from partner_closure)) and is_for_partner', null);
select access_shared('event_trim', staff => 'update', partner => true);
