-- name: listPeriodLocks
-- Locks in the order they were made in.
select l.id, l.period, l.calendar_id, c.code as calendar_code, l.legal_entity_id, e.code as legal_entity_code,
	lower(l.days) as starts_on, upper(l.days) - 1 as ends_on, case when l.reopened_at is null then 'locked' else 'reopened' end as status,
	l.reason, l.created_by, l.reopened_at, l.reopened_by, l.reopened_reason, l.version, l.created_at, l.updated_at
from period_lock l
left join calendar c on c.id = l.calendar_id
left join legal_entity e on e.id = l.legal_entity_id
where true
  and l.period = :period
  and (l.reopened_at is null) = (:status::text = 'locked')
  and l.legal_entity_id = (select x.id from legal_entity x where x.code = :legal_entity_code)
  and l.days @> :day::date
  and (l.created_at, l.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
  and (l.created_at, l.id) > (:cursor_key, :cursor_id)  -- sort: created_at
order by l.created_at desc, l.id desc  -- sort: -created_at
order by l.created_at, l.id  -- sort: created_at
limit :limit;

-- name: createPeriodLock
-- Locks a period with the days that it has now.
with body as (
	select b.*, ci.id as calendar_by_id, cc.id as calendar_by_code, ei.id as entity_by_id, ec.id as entity_by_code,
		coalesce(ei.id, ec.id) as entity,
		coalesce(ci.id, cc.id, case when period_is_fiscal(b.period) then (select s.default_calendar_id from setting s) end) as calendar
	from jsonb_to_record(:body) as b (
		period text, calendar_id uuid, calendar_code text, legal_entity_id uuid, legal_entity_code text, reason text)
	left join calendar ci on ci.id = b.calendar_id
	left join calendar cc on cc.code = b.calendar_code
	left join legal_entity ei on ei.id = b.legal_entity_id
	left join legal_entity ec on ec.code = b.legal_entity_code
), fault as (
	select f.problem, f.pointer, null::uuid as existing_id
	from body b, reference_faults('calendar_unknown', '/calendar_id', b.calendar_id, b.calendar_by_id, '/calendar_code', b.calendar_code, b.calendar_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('legal_entity_unknown', '/legal_entity_id', b.legal_entity_id, b.entity_by_id,
		'/legal_entity_code', b.legal_entity_code, b.entity_by_code) as f
	union all
	select 'period_has_no_calendar', case when b.calendar_id is null then '/calendar_code' else '/calendar_id' end, null
	from body b
	where b.calendar is not null and not period_is_fiscal(b.period)
	union all
	select 'period_unknown', '/period', null
	from body b
	where period_range(b.period, b.calendar) is null
	union all
	select 'period_locked_already', '/period', l.id
	from body b
	join period_lock l on l.period = b.period and l.calendar_id is not distinct from b.calendar and l.legal_entity_id is not distinct from b.entity
		and l.reopened_at is null
), created as (
	insert into period_lock (id, period, calendar_id, legal_entity_id, days, reason, created_by, created_at, updated_at)
	select :new_id, b.period, b.calendar, b.entity, period_range(b.period, b.calendar), b.reason, :actor_id, :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: reopenPeriodLock
-- Lets go of a lock and says why.
with target as (
	select l.id, l.version, l.reopened_at
	from period_lock l
	where l.id = :id
	for update
), fault as (
	select 'precondition_failed' as problem, null as pointer
	from target t
	where t.version <> all (:if_match)
	union all
	select 'period_lock_reopened', null
	from target t
	where t.reopened_at is not null
), changed as (
	update period_lock l
	set reopened_at = :now, reopened_by = :actor_id, reopened_reason = b.reason, version = l.version + 1, updated_at = :now
	from target t, jsonb_to_record(:body) as b (reason text)
	where l.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;
