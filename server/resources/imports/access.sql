select access_shared('import', staff => 'insert, update');
select access_policy('import', 'partner_read', 'select', 'qudao_partner', 'partner_id = any (array(select descendant_id from partner_closure))', null);
select access_policy('import', 'partner_add', 'insert', 'qudao_partner', null, 'partner_id = nullif(current_setting(''app.partner_id'', true), '''')::uuid');
select access_policy('import', 'partner_change', 'update', 'qudao_partner',
	'partner_id = nullif(current_setting(''app.partner_id'', true), '''')::uuid', 'partner_id = nullif(current_setting(''app.partner_id'', true), '''')::uuid');
select access_shared('import_chunk');
create policy partner_all on import_chunk to qudao_partner
	using (exists (select from import i where i.id = import_id and i.partner_id = nullif(current_setting('app.partner_id', true), '')::uuid))
	with check (exists (select from import i where i.id = import_id and i.partner_id = nullif(current_setting('app.partner_id', true), '')::uuid));
grant select, insert, delete on import_chunk to qudao_partner;
select access_shared('import_error', staff => 'insert, delete');
select access_policy('import_error', 'partner_read', 'select', 'qudao_partner', 'exists (select from import i where i.id = import_id)', null);
select access_policy('import_error', 'partner_add', 'insert', 'qudao_partner', null, 'exists (select from import i where i.id = import_id)');
