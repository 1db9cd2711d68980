-- What is particular about imports of partners.
create or replace function import_rule_partner() returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into staging_error (line, pointer, code, detail)
	select s.line, '/status', 'status_move_refused', 'a new partner is prospect, onboarding or active'
	from staging_sound s
	where s.status not in ('prospect', 'onboarding', 'active') and not exists (select from partner p where p.code = s.code);
	if app_is_manager() then
		insert into staging_error (line, pointer, code, detail)
		select s.line, case when p.id is null then '/manager_code' else '/code' end, 'forbidden', 'it has another manager'
		from staging_sound s
		left join partner p on p.code = s.code
		left join member m on m.id = s.manager_id or m.code = s.manager_code
		where app_manager() is distinct from case when p.id is null then m.id else p.manager_id end;
	end if;
end
$$;
comment on function import_rule_partner() is 'Managers write only their own partners.';
