select access_shared('webhook');
select access_policy('webhook', 'partner_all', 'all', 'qudao_partner',
	'partner_id = any (array(select descendant_id from partner_closure))', 'partner_id = any (array(select descendant_id from partner_closure))');
select access_shared('webhook_state', staff => 'insert, update');
select access_policy('webhook_state', 'partner_read', 'select', 'qudao_partner', 'exists (select from webhook w where w.id = webhook_id)', null);
select access_shared('webhook_cursor', staff => 'update');
