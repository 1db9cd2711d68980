-- Who sees and writes which rows of a table, in one call: its row security, its policies, its grants. A room calls these in its access.sql;
-- what is unusual it says itself, after the call. What is not called is closed.

create or replace function access_policy(thing text, name text, command text, role text, sees text, writes text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	execute format('create policy %I on %I for %s to %I%s%s', name, thing, command, role,
		' using (' || sees || ')', ' with check (' || writes || ')');
	execute format('grant %s on %I to %I', case command when 'all' then 'select, insert, update, delete' else command end, thing, role);
end
$$;
comment on function access_policy(text, text, text, text, text, text) is
	'Lets a role run a command on the rows of a table that it sees, leaving rows that it may write; null: the command asks for no such condition.';

create or replace function access_begin(thing text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	execute format('alter table %I enable row level security, force row level security', thing);
	-- Row security is forced, so the owner (migrations, foreign keys, erasure) needs its own word.
	execute format('create policy owner_all on %I to current_user using (true) with check (true)', thing);
end
$$;
comment on function access_begin(text) is 'Closes a table to everybody but the owner.';

create or replace function access_shared(thing text, staff text default 'insert, update, delete', partner boolean default false) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	perform access_begin(thing);
	execute format('create policy staff_all on %I to qudao_staff using (true) with check (true)', thing);
	execute format('grant %s on %I to qudao_staff', concat_ws(', ', 'select', nullif(staff, '')), thing);
	if partner then
		perform access_policy(thing, 'partner_read', 'select', 'qudao_partner', 'true', null);
	end if;
end
$$;
comment on function access_shared(text, text, boolean) is
	'Opens a table that is the vendor''s: staff writes it by these commands wherever it has the permission (the contract says who has); partners read all of it, or nothing.';

create or replace function access_names(command text) returns text
	language sql immutable parallel safe security invoker
	return case command when 'select' then 'read' when 'insert' then 'add' when 'update' then 'change' when 'delete' then 'remove' else command end;
comment on function access_names(text) is 'What the policy for a command is called, behind the role.';

create or replace function access_of_partner(thing text, staff text default 'insert, update, delete', partner text default 'select', owner text default 'partner_id')
	returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	-- The first half is asked once a statement, the second once a row.
	may_write constant text := format('(select not app_is_manager()) or app_may_write(%I)', owner);
	-- An array is an index condition, where `in (select …)` would be a filter.
	sees constant text := format('%I = any (array(select descendant_id from partner_closure))', owner);
	command text;
begin
	perform access_begin(thing);
	perform access_policy(thing, 'staff_read', 'select', 'qudao_staff', 'true', null);
	foreach command in array string_to_array(nullif(staff, ''), ', ') loop
		perform access_policy(thing, 'staff_' || access_names(command), command, 'qudao_staff',
			case command when 'update' then 'true' when 'delete' then may_write end, case when command <> 'delete' then may_write end);
	end loop;
	foreach command in array string_to_array(partner, ', ') loop
		perform access_policy(thing, 'partner_' || access_names(command), command, 'qudao_partner',
			case when command <> 'insert' then sees end, case when command not in ('select', 'delete') then sees end);
	end loop;
end
$$;
comment on function access_of_partner(text, text, text, text) is
	'Opens a table whose rows belong to a partner, by its column `owner`: staff reads all and writes, managers only for their own partners; a partner has these commands on what is its own or belongs to one below it ("all": each of them).';
