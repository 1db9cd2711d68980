-- name: listEvents
-- Events that are certain (no transaction that could still add an earlier one is under way), the oldest first, for staff. The order stands
-- beside the limit, so that who counts them sorts nothing.
with page as (
	select m.id, m.specversion, m.source, m.type, m.subject, m.time, m.datacontenttype, m.sequence, m.data,
		event_position(e.transaction_id, e.sequence) collate "C" as position
	from event e
	cross join lateral event_members(e) as m
	where e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
	  and e.object_type = any (string_to_array(:objects, ' '))
	  and e.object_type = split_part(:type, '.', 1) and e.type = :type
	  and e.object_type = :object_type
	  and e.object_id = :object_id
	  and e.partner_id = :partner_id
	  and (e.transaction_id, e.sequence) > (split_part(:cursor_key, '-', 1)::xid8, split_part(:cursor_key, '-', 2)::bigint)
	order by e.transaction_id, e.sequence limit :limit
)
select null as problem, p.id, p.specversion, p.source, p.type, p.subject, p.time, p.datacontenttype, p.sequence, p.data, p.position
from page p
union all select 'cursor_expired', t.id, null, null, null, null, null, null, null, null, null from event_trim t where (t.transaction_id, t.sequence) > (split_part(:cursor_key, '-', 1)::xid8, split_part(:cursor_key, '-', 2)::bigint)
order by position nulls first limit :limit;

-- name: listEventsBelow
-- The same for a partner: the first of each partner below it from that one's index.
with page as (
	select e.id, e.specversion, e.source, e.type, e.subject, e.time, e.datacontenttype, e.sequence, e.data, e.position
	from partner_closure c
	cross join lateral (
		select m.id, m.specversion, m.source, m.type, m.subject, m.time, m.datacontenttype, m.sequence, m.data,
			event_position(e.transaction_id, e.sequence) collate "C" as position
		from event e
		cross join lateral event_members(e) as m
		where e.partner_id = c.descendant_id
		  and e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
		  and e.object_type = any (string_to_array(:objects, ' '))
		  and e.type = :type
		  and e.object_type = :object_type
		  and e.object_id = :object_id
		  and (e.transaction_id, e.sequence) > (split_part(:cursor_key, '-', 1)::xid8, split_part(:cursor_key, '-', 2)::bigint)
		order by e.transaction_id, e.sequence limit :limit
	) as e
	where true
	  and c.descendant_id = :partner_id
	order by e.position limit :limit
)
select null as problem, p.id, p.specversion, p.source, p.type, p.subject, p.time, p.datacontenttype, p.sequence, p.data, p.position
from page p
union all select 'cursor_expired', t.id, null, null, null, null, null, null, null, null, null from event_trim t where (t.transaction_id, t.sequence) > (split_part(:cursor_key, '-', 1)::xid8, split_part(:cursor_key, '-', 2)::bigint)
order by position nulls first limit :limit;

-- name: findEventsEnd
-- Behind all events that are certain.
select event_position(pg_snapshot_xmin(pg_current_snapshot()), 0) as position;

-- name: findConcerned
-- Whom the certain events behind a position concern: each partner whose keys may see one of them and, as null, the staff.
with new as (
	select e.partner_id, e.is_for_partner
	from event e
	where e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
	  and (e.transaction_id, e.sequence) > (split_part(:position, '-', 1)::xid8, split_part(:position, '-', 2)::bigint)
)
select null::uuid as partner_id
where exists (select from new)
union
select c.ancestor_id
from new n
join partner_closure c on c.descendant_id = n.partner_id
where n.is_for_partner;

-- name: trimEvents
-- Deletes events that are older than the settings keep them, ten thousand at a time, and notes how far.
with old as (
	select e.transaction_id, e.sequence
	from (
		select e.transaction_id, e.sequence, e.occurred_at
		from event e
		where e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
		order by e.transaction_id, e.sequence
		limit 10000
	) as e
	where e.occurred_at < clock_timestamp() - (select make_interval(days => s.event_retention_days) from setting s)
), deleted as (
	delete from event e
	using old o
	where e.transaction_id = o.transaction_id and e.sequence = o.sequence
), noted as (
	update event_trim t
	set transaction_id = o.transaction_id, sequence = o.sequence
	from (select o.transaction_id, o.sequence from old o order by o.transaction_id desc, o.sequence desc limit 1) as o
)
select count(*) as done, count(*) = 10000 as more
from old o;
