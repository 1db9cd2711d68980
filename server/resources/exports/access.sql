-- An export belongs to the key or the subject that asked for it, whatever its role; administrators see all, and so does the server when it works on them.
select access_begin('export');
select access_policy('export', 'staff_all', 'all', 'qudao_staff',
	'requested_by = nullif(current_setting(''app.actor_id'', true), '''')::uuid or (select app_works_for_all())',
	'requested_by = nullif(current_setting(''app.actor_id'', true), '''')::uuid or (select app_works_for_all())');
-- A subject may speak for another partner by now, or have spoken for the vendor.
create policy partner_all on export to qudao_partner
	using (requested_by = nullif(current_setting('app.actor_id', true), '')::uuid
		and (caller is null or caller ->> 'partner_id' = current_setting('app.partner_id', true)))
	with check (requested_by = nullif(current_setting('app.actor_id', true), '')::uuid
		and (caller is null or caller ->> 'partner_id' = current_setting('app.partner_id', true)));
grant select, insert, update on export to qudao_partner;
select access_begin('export_chunk');
select access_policy('export_chunk', 'staff_all', 'all', 'qudao_staff',
	'exists (select from export e where e.id = export_id)', 'exists (select from export e where e.id = export_id)');
create policy partner_all on export_chunk to qudao_partner
	using (exists (select from export e where e.id = export_id))
	with check (exists (select from export e where e.id = export_id));
grant select, delete on export_chunk to qudao_partner;
