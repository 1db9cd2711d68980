-- name: listQuotas
-- Quotas in the order of the names of their periods.
select q.id, q.manager_id, m.code as manager_code, q.period, q.calendar_id, c.code as calendar_code, lower(d.days) as starts_on, upper(d.days) - 1 as ends_on,
	q.amount, q.currency, q.version, q.created_at, q.updated_at
from quota q
join member m on m.id = q.manager_id
left join calendar c on c.id = q.calendar_id
cross join lateral (select period_range(q.period, q.calendar_id) as days offset 0) as d
where true
  and q.manager_id = member_id_of(:manager_code)
  and q.period = :period
  and q.currency = :currency
  and (q.period, q.id) > (:cursor_key, :cursor_id)  -- sort: period
  and (q.period, q.id) < (:cursor_key, :cursor_id)  -- sort: -period
order by q.period, q.id  -- sort: period
order by q.period desc, q.id desc  -- sort: -period
limit :limit;

-- name: createQuota
-- Adds a quota. A fiscal period that names no calendar is one of the default calendar.
with body as (
	select b.*, mi.id as manager_by_id, mc.id as manager_by_code, ci.id as calendar_by_id, cc.id as calendar_by_code,
		coalesce(mi.id, mc.id) as manager,
		coalesce(ci.id, cc.id, case when period_is_fiscal(b.period) then (select s.default_calendar_id from setting s) end) as calendar
	from jsonb_to_record(:body) as b (
		manager_id uuid, manager_code text, period text, calendar_id uuid, calendar_code text, amount numeric, currency text)
	left join member mi on mi.id = b.manager_id
	left join member mc on mc.code = b.manager_code
	left join calendar ci on ci.id = b.calendar_id
	left join calendar cc on cc.code = b.calendar_code
), fault as (
	select 'required' as problem, '/manager_code' as pointer, null::uuid as existing_id
	from body b
	where b.manager_id is null and b.manager_code is null
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('manager_unknown', '/manager_id', b.manager_id, b.manager_by_id, '/manager_code', b.manager_code, b.manager_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('calendar_unknown', '/calendar_id', b.calendar_id, b.calendar_by_id, '/calendar_code', b.calendar_code, b.calendar_by_code) as f
	union all
	select 'period_has_no_calendar', case when b.calendar_id is null then '/calendar_code' else '/calendar_id' end, null
	from body b
	where b.calendar is not null and not period_is_fiscal(b.period)
	union all
	select 'period_unknown', '/period', null
	from body b
	where period_range(b.period, b.calendar) is null
	union all
	select 'quota_taken', '/period', q.id
	from body b
	join quota q on (q.manager_id, q.period, q.currency) = (b.manager, b.period, b.currency)
), created as (
	insert into quota (id, manager_id, period, calendar_id, amount, currency, created_at, updated_at)
	select :new_id, b.manager, b.period, b.calendar, b.amount, b.currency, :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateQuota
-- Changes what the body names. A period that becomes fiscal is one of the default calendar, one that no longer is leaves its calendar.
with target as (
	select q as was, q.version
	from quota q
	where q.id = :id
	for update
), body as (
	select b.*, mi.id as manager_by_id, mc.id as manager_by_code, ci.id as calendar_by_id, cc.id as calendar_by_code
	from jsonb_to_record(:body) as b (manager_id uuid, manager_code text, calendar_id uuid, calendar_code text)
	left join member mi on mi.id = b.manager_id
	left join member mc on mc.code = b.manager_code
	left join calendar ci on ci.id = b.calendar_id
	left join calendar cc on cc.code = b.calendar_code
), wanted as (
	select n.period, n.amount, n.currency,
		case when :body ?| array['manager_id', 'manager_code'] then coalesce(b.manager_by_id, b.manager_by_code) else (t.was).manager_id end as manager_id,
		coalesce(b.calendar_by_id, b.calendar_by_code, case when period_is_fiscal(n.period) then coalesce(
			case when not :body ?| array['calendar_id', 'calendar_code'] then (t.was).calendar_id end,
			(select s.default_calendar_id from setting s)) end) as calendar_id
	from target t
	cross join body b
	cross join lateral jsonb_populate_record(t.was, :body) as n
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'required', '/manager_code', null
	from body b
	where :body ?| array['manager_id', 'manager_code'] and b.manager_id is null and b.manager_code is null
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('manager_unknown', '/manager_id', b.manager_id, b.manager_by_id, '/manager_code', b.manager_code, b.manager_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('calendar_unknown', '/calendar_id', b.calendar_id, b.calendar_by_id, '/calendar_code', b.calendar_code, b.calendar_by_code) as f
	union all
	select 'period_has_no_calendar', '/calendar_code', null
	from wanted w
	where w.calendar_id is not null and not period_is_fiscal(w.period)
	union all
	select 'period_unknown', '/period', null
	from wanted w
	where period_range(w.period, w.calendar_id) is null
	union all
	select 'quota_taken', '/period', q.id
	from wanted w
	join quota q on (q.manager_id, q.period, q.currency) = (w.manager_id, w.period, w.currency) and q.id <> :id
), changed as (
	update quota q
	set (manager_id, period, calendar_id, amount, currency, version, updated_at)
		= (w.manager_id, w.period, w.calendar_id, w.amount, w.currency, q.version + 1, :now)
	from wanted w
	where q.id = :id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
