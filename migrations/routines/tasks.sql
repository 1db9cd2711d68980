-- Tasks: by whose rights they are done. A key says itself what it may; of a token, whose rights are in it alone, what it said is kept with the task.

create or replace function task_caller(actor jsonb) returns jsonb
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select case when actor ->> 'kind' = 'access_token' then
		jsonb_build_object('name', actor -> 'name', 'role', actor -> 'role', 'scopes', actor -> 'scopes',
			'partner_id', app_partner(), 'manager_id', app_manager()) end
$$;
comment on function task_caller(jsonb) is 'What is kept of who asks for a task: of a token what it says, of a key nothing.';

create or replace function task_has_caller(asked_by uuid, caller jsonb) returns boolean
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select case
		when caller is null then exists (
			select
			from api_key k
			left join token_subject s on s.id = k.token_subject_id
			where k.id = asked_by and k.revoked_at is null and (k.expires_at is null or k.expires_at > app_now())
			  and s.is_blocked is not true)
		else exists (select from token_subject s where s.id = asked_by and not s.is_blocked)
			and (caller ->> 'partner_id' is null or exists (
				select from partner p
				where p.id = (caller ->> 'partner_id')::uuid and p.status not in ('terminated', 'rejected', 'blacklisted')))
	end
$$;
comment on function task_has_caller(uuid, jsonb) is 'Whether its key works, or the subject whose token asked for it is not locked out; a token that has expired meanwhile does not matter.';

create or replace function task_rights(asked_by uuid, caller jsonb)
	returns table (id uuid, name text, role text, partner_id uuid, manager_id uuid, scopes text, expires_at timestamptz, revoked_at timestamptz)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select k.id, k.name, k.role, k.partner_id, k.manager_id, array_to_string(k.scopes, ' '), k.expires_at, k.revoked_at
	from api_key k
	where k.id = asked_by and caller is null and task_has_caller(asked_by, caller)
	union all
	select asked_by, c.name, c.role, c.partner_id, c.manager_id, c.scopes, null, null
	from jsonb_to_record(caller) as c (name text, role text, partner_id uuid, manager_id uuid, scopes text)
	where caller is not null and task_has_caller(asked_by, caller)
$$;
comment on function task_rights(uuid, jsonb) is 'By whose rights a task is done: as the key is now, or as the token was that asked for it; no row when there is nobody any more.';
