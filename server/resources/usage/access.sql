select access_shared('caller_usage');
select access_policy('caller_usage', 'partner_read', 'select', 'qudao_partner', 'partner_id = any (array(select descendant_id from partner_closure))', null);
select access_shared('caller_usage_flush');
