-- A partner reads what was sent to it or to those below it, and signs or declines its own.
select access_of_partner('agreement', partner => '');
select access_policy('agreement', 'partner_read', 'select', 'qudao_partner',
	'partner_id = any (array(select descendant_id from partner_closure)) and status not in (''draft'', ''in_review'', ''returned'', ''approved'')', null);
select access_policy('agreement', 'partner_change', 'update', 'qudao_partner',
	'partner_id = any (array(select descendant_id from partner_closure)) and status not in (''draft'', ''in_review'', ''returned'', ''approved'')',
	'partner_id = app_partner()');
select access_of_partner('agreement_version', partner => '');
select access_policy('agreement_version', 'partner_read', 'select', 'qudao_partner',
	'partner_id = any (array(select descendant_id from partner_closure)) and status in (''sent'', ''signed'', ''declined'')', null);
select access_of_partner('agreement_scope', partner => '');
select access_of_partner('agreement_goal_period');
