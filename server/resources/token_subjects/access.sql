select access_shared('token_subject', staff => 'insert, update');
-- Of subjects, the names of those that acted for it.
create policy partner_read on token_subject for select to qudao_partner
	using (exists (select from caller_usage u where u.caller_id = token_subject.id));
grant select (id, name) on token_subject to qudao_partner;
select access_shared('token_subject_use', staff => 'insert, update');
select access_policy('token_subject_use', 'partner_read', 'select', 'qudao_partner',
	'token_subject_id = nullif(current_setting(''app.actor_id'', true), '''')::uuid', null);
