-- Events: what they are called, and how they are told, to lists, streams and webhooks alike.

create or replace function event_type(object_type text, before jsonb, after jsonb) returns text
	language plpgsql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
begin
	return event_type.object_type || '.' || coalesce(
		(select m.told_as
			from status_move m
			where m.object_type = event_type.object_type and m.operation = current_setting('app.operation', true)
			  and m.from_status = before ->> 'status' and m.to_status = after ->> 'status'),
		case when before -> 'status' is distinct from after -> 'status' then 'status_changed' end,
		(select min(c.told_as)
			from told_column c
			where c.object_type = event_type.object_type and before ->> c.column_name is null and after ->> c.column_name is not null),
		'updated');
end
$$;
comment on function event_type(text, jsonb, jsonb) is 'What a change of a row is called in the business: a move by its operation, another by a column that was filled.';

create or replace function event_owner(kind text, object jsonb) returns uuid
	language sql immutable parallel safe security invoker
	return (object ->> case kind when 'partner' then 'id' else 'partner_id' end)::uuid;
comment on function event_owner(text, jsonb) is 'The partner that a row belongs to, or that it is; null for the vendor''s own.';

create or replace function event_is_shown(kind text, object jsonb) returns boolean
	language sql immutable parallel safe security invoker
	return case kind
		when 'agreement' then object ->> 'status' not in ('draft', 'in_review', 'returned', 'approved')
		when 'agreement_version' then object ->> 'status' in ('sent', 'signed', 'declined')
		else true
	end;
comment on function event_is_shown(text, jsonb) is 'Whether a partner hears of an object that belongs to it: not while it is not to see it.';

create or replace function event_tell(kind text, told_as text, object jsonb) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	insert into event (id, type, object_type, object_id, partner_id, object_version, is_for_partner, occurred_at)
	values (uuid_v7(), kind || '.' || told_as, kind, (object ->> 'id')::uuid, event_owner(kind, object), (object ->> 'version')::integer,
		has_table_privilege('qudao_partner', kind, 'select'), clock_timestamp());
end
$$;
comment on function event_tell(text, text, jsonb) is 'Tells of an object what no write of it tells.';

-- Blanks in front keep such texts in the order of the log.
create or replace function event_position(transaction_id xid8, sequence bigint) returns text
	language sql immutable parallel safe security invoker
	return lpad(transaction_id::text, 20) || '-' || lpad(sequence::text, 19);
comment on function event_position(xid8, bigint) is 'A place in the log of events, as text that sorts (in the collation C) as the log does.';

create or replace function event_members(e event) returns table (
		specversion text, id uuid, source text, type text, subject text, "time" timestamptz, datacontenttype text, sequence text, data jsonb)
	language sql stable parallel safe security invoker
as $$
	select '1.0', e.id, '/v1', e.type, e.object_type || coalesce('/' || e.object_id, ''), e.occurred_at, 'application/json',
		lpad(e.object_version::text, 10, '0'),
		jsonb_build_object('object_type', e.object_type, 'object_id', e.object_id, 'partner_id', e.partner_id, 'version', e.object_version,
			'from_status', e.from_status, 'to_status', e.to_status)
$$;
comment on function event_members(event) is 'The members of an event by CloudEvents 1.0.';

create or replace function cloud_event(e event) returns jsonb
	language sql stable parallel safe security invoker
as $$
	select jsonb_strip_nulls(to_jsonb(m) - 'data' || jsonb_build_object('time', to_char(m.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
		|| jsonb_build_object('data', m.data)
	from event_members(e) as m
$$;
comment on function cloud_event(event) is 'An event as JSON by CloudEvents 1.0.';
