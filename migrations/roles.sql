-- The two roles that requests run as. They own nothing and cannot log in: a connection of the owner takes one by `set role` and keeps it.
-- Runs before the migrations, every time.
do $$
declare
	wanted text;
begin
	foreach wanted in array array['qudao_staff', 'qudao_partner'] loop
		if not exists (select from pg_roles where rolname = wanted) then
			execute format('create role %I nologin', wanted);
		end if;
		if not pg_has_role(current_user, wanted, case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end) then
			execute format('grant %I to current_user', wanted);
		end if;
		if not has_schema_privilege(wanted, 'public', 'usage') then
			execute format('grant usage on schema public to %I', wanted);
		end if;
	end loop;
end
$$;
