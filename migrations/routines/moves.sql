-- Moves of a status: who may make which, and what is kept of them. What status_move says of the operation under way decides.

create or replace function app_role_among(roles text[]) returns boolean
	language sql stable parallel safe security invoker
	return coalesce(current_setting('app.role', true), '') = any (roles || ''::text);
comment on function app_role_among(text[]) is 'Whether the caller has one of the roles; the server itself has each.';

create or replace function moves_open(kind text, present text) returns text
	language sql stable parallel safe security invoker
as $$
	select present || ' can move to ' || coalesce(string_agg(distinct m.to_status, ', ' order by m.to_status), 'nothing else')
	from status_move m
	where m.object_type = kind and m.from_status = present and app_role_among(m.roles)
$$;
comment on function moves_open(text, text) is 'Which moves are open to the caller from a status, for people.';

create or replace function move_asked(kind text, present text, wanted text) returns setof status_move
	language sql stable parallel safe security invoker
as $$
	select m.*
	from status_move m
	where m.object_type = kind and m.operation = current_setting('app.operation', true) and m.from_status = present and m.to_status = wanted
$$;
comment on function move_asked(text, text, text) is 'The move that the operation under way would make; no row when there is none.';

create or replace function mover_faults(kind text, owner uuid, version integer, expected integer[], present text, wanted text)
	returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker
as $$
	select f.problem, null, null
	from (select) as one
	left join move_asked(kind, present, wanted) as m on true
	cross join lateral (values
		('forbidden', (owner is not null and not app_may_write(owner)) or not case
			when m.operation is not null then app_role_among(m.roles)
			else exists (
				select
				from status_move o
				where o.object_type = kind and o.operation = current_setting('app.operation', true) and app_role_among(o.roles))
			end),
		('precondition_failed', version <> all (expected))
	) as f (problem, holds)
	where f.holds
$$;
comment on function mover_faults(text, uuid, integer, integer[], text, text) is
	'Why the caller may not move an object of this kind, partner, version and status: the partner is not its own, others make that move, or the version is not the expected one.';

create or replace function move_faults(kind text, owner uuid, version integer, expected integer[], present text, wanted text, place text default null)
	returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker
as $$
	select f.problem, f.pointer, f.detail
	from mover_faults(kind, owner, version, expected, present, wanted) as f
	union all
	select 'status_move_refused', place, moves_open(kind, present)
	where not exists (select from move_asked(kind, present, wanted))
$$;
comment on function move_faults(text, uuid, integer, integer[], text, text, text) is 'The same, and that there is no such move; then the detail says which are open to the caller.';

create or replace function approver_faults(kind text, present text, wanted text, place text, proposed_by uuid)
	returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker
as $$
	select 'second_approver_needed', place, 'someone else has to confirm the move to ' || wanted
	from move_asked(kind, present, wanted) as m
	where m.approvals > 1 and proposed_by = nullif(current_setting('app.actor_id', true), '')::uuid
$$;
comment on function approver_faults(text, text, text, text, uuid) is 'That who proposed a move would approve it, too.';

create or replace function move_is_final(kind text, present text, wanted text, proposed_by uuid) returns boolean
	language sql stable parallel safe security invoker
	return proposed_by is not null or exists (select from move_asked(kind, present, wanted) as m where m.approvals = 1);
comment on function move_is_final(text, text, text, uuid) is 'Whether the move happens now, or waits for a second approver.';

create or replace function move_kept(kind text, object uuid, owner uuid, present text, wanted text, body jsonb, moment timestamptz) returns uuid
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	change constant uuid not null default uuid_v7();
begin
	insert into status_change (id, object_type, object_id, partner_id, from_status, to_status, reason, actor_id, changed_at)
	values (change, kind, object, owner, present, wanted, body ->> 'reason', nullif(current_setting('app.actor_id', true), '')::uuid, moment);
	return change;
end
$$;
comment on function move_kept(text, uuid, uuid, text, text, jsonb, timestamptz) is
	'Writes down that the status of an object moved, and the reason that the body gives; for the "returning" of the update that moves it.';
