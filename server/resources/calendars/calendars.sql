-- name: listCalendars
-- Calendars in the order of their codes or names.
select c.id, c.code, c.name, c.pattern, c.start_month, c.year_named_after, c.version, c.created_at, c.updated_at
from calendar c
where true
  and c.code = :code
  and (c.code, c.id) > (:cursor_key, :cursor_id)  -- sort: code
  and (c.code, c.id) < (:cursor_key, :cursor_id)  -- sort: -code
  and (c.name, c.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (c.name, c.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by c.code, c.id  -- sort: code
order by c.code desc, c.id desc  -- sort: -code
order by c.name, c.id  -- sort: name
order by c.name desc, c.id desc  -- sort: -name
limit :limit;

-- name: createCalendar
-- Adds a calendar.
with body as (
	select b.*
	from jsonb_to_record(:body) as b (code text, name text, pattern text, start_month integer, year_named_after text)
), fault as (
	select 'calendar_code_taken' as problem, '/code' as pointer, c.id as existing_id
	from body b
	join calendar c on c.code = b.code
), created as (
	insert into calendar (id, code, name, pattern, start_month, year_named_after, created_at, updated_at)
	select :new_id, b.code, b.name, coalesce(b.pattern, 'monthly'), coalesce(b.start_month, 1), coalesce(b.year_named_after, 'start'), :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateCalendar
-- Changes what the body names.
with target as (
	select c.id, c.version
	from calendar c
	where c.id = :id
	for update
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'calendar_code_taken', '/code', c.id
	from jsonb_to_record(:body) as b (code text)
	join calendar c on c.code = b.code and c.id <> :id
), changed as (
	update calendar c
	set (code, name, pattern, start_month, year_named_after) = (
		select n.code, n.name, coalesce(n.pattern, 'monthly'), coalesce(n.start_month, 1), coalesce(n.year_named_after, 'start')
		from jsonb_populate_record(c, :body) as n),
		version = c.version + 1,
		updated_at = :now
	from target t
	where c.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;

-- name: generateCalendarPeriods
-- Adds the years, quarters and periods that the pattern of a calendar makes, unless they are there.
with target as (
	select c.*
	from calendar c
	where c.id = :id
	for update
), body as (
	select b.from_year, b.to_year, b.starts_on, coalesce(b.long_years, '{}') as long_years
	from jsonb_to_record(:body) as b (from_year integer, to_year integer, starts_on date, long_years integer[])
), begins as (
	select case t.pattern
		when 'monthly' then make_date(b.from_year - (t.year_named_after = 'end' and t.start_month > 1)::integer, t.start_month, 1)
		when '4-4-5' then coalesce(b.starts_on, (
			select p.ends_on + 1 from calendar_period p where p.calendar_id = t.id and p.name = 'FY' || (b.from_year - 1)))
		end as day
	from target t
	cross join body b
), wanted as materialized (
	select t.id as calendar_id, y.name, y.starts_on, y.ends_on, p.id as known, (p.starts_on, p.ends_on) = (y.starts_on, y.ends_on) as is_same
	from target t
	cross join body b
	cross join begins f
	cross join lateral calendar_years(t.pattern, f.day, b.from_year, b.to_year, b.long_years) as y
	left join calendar_period p on p.calendar_id = t.id and p.name = y.name
), fault as (
	select l.problem, l.pointer
	from target t
	cross join body b
	cross join begins f
	cross join lateral (values
		('calendar_pattern_refuses', null, t.pattern = 'custom'),
		('calendar_pattern_refuses', '/long_years', t.pattern <> '4-4-5' and b.long_years <> '{}'),
		('calendar_pattern_refuses', '/starts_on', t.pattern = 'monthly' and b.starts_on <> f.day),
		('calendar_years_refused', '/to_year', b.to_year < b.from_year),
		('calendar_years_refused', '/long_years', exists (select from unnest(b.long_years) as y where y not between b.from_year and b.to_year)),
		('required', '/starts_on', t.pattern = '4-4-5' and f.day is null)
	) as l (problem, pointer, holds)
	where l.holds
	union all
	select 'calendar_period_differs', '/from_year'
	where exists (select from wanted w where not w.is_same)
), created as (
	insert into calendar_period (id, calendar_id, name, starts_on, ends_on, created_at, updated_at)
	select uuid_v7(), w.calendar_id, w.name, w.starts_on, w.ends_on, :now, :now
	from wanted w
	where w.known is null and not exists (select from fault)
)
select f.problem, f.pointer, t.id as calendar_id, t.code as calendar_code, b.from_year, b.to_year,
	(select min(w.starts_on) from wanted w) as starts_on, (select max(w.ends_on) from wanted w) as ends_on,
	(select count(*) from wanted w where w.known is null) as created, (select count(*) from wanted w where w.is_same) as unchanged
from target t
cross join body b
left join fault f on true;

-- name: listCalendarPeriods
-- Periods in the order of their days.
select p.id, p.calendar_id, c.code as calendar_code, p.name, p.kind, p.starts_on, p.ends_on, p.year_name, calendar_quarter(p) as quarter_name,
	p.version, p.created_at, p.updated_at
from calendar_period p
join calendar c on c.id = p.calendar_id
where true
  and p.calendar_id = (select x.id from calendar x where x.code = :calendar_code)
  and p.kind = :kind
  and p.name = :name
  and daterange(p.starts_on, p.ends_on, '[]') @> :day::date
  and (p.starts_on, p.id) > (:cursor_key, :cursor_id)  -- sort: starts_on
  and (p.starts_on, p.id) < (:cursor_key, :cursor_id)  -- sort: -starts_on
order by p.starts_on, p.id  -- sort: starts_on
order by p.starts_on desc, p.id desc  -- sort: -starts_on
limit :limit;

-- name: createCalendarPeriod
-- Adds a period. Whether it fits between the others is for calendar_period_keep to say.
with body as (
	select b.*, ci.id as calendar_by_id, cc.id as calendar_by_code, coalesce(ci.id, cc.id) as calendar
	from jsonb_to_record(:body) as b (calendar_id uuid, calendar_code text, name text, starts_on date, ends_on date)
	left join calendar ci on ci.id = b.calendar_id
	left join calendar cc on cc.code = b.calendar_code
), fault as (
	select 'required' as problem, '/calendar_code' as pointer, null::uuid as existing_id
	from body b
	where b.calendar_id is null and b.calendar_code is null
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('calendar_unknown', '/calendar_id', b.calendar_id, b.calendar_by_id, '/calendar_code', b.calendar_code, b.calendar_by_code) as f
	union all
	select 'calendar_period_backwards', '/ends_on', null
	from body b
	where b.ends_on < b.starts_on
	union all
	select 'calendar_period_taken', '/name', p.id
	from body b
	join calendar_period p on p.calendar_id = b.calendar and p.name = b.name
), created as (
	insert into calendar_period (id, calendar_id, name, starts_on, ends_on, created_at, updated_at)
	select :new_id, b.calendar, b.name, b.starts_on, b.ends_on, :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: deleteCalendarPeriod
-- Removes a period at the end of its kind. Whether it is one is for calendar_period_keep to say.
with target as (
	select p.id, p.calendar_id, p.name, p.version
	from calendar_period p
	where p.id = :id
	for update
), fault as (
	select 'precondition_failed' as problem, null as pointer
	from target t
	where t.version <> all (:if_match)
	union all
	select 'calendar_period_in_use', null
	from target t
	where exists (select from quota q where q.calendar_id = t.calendar_id and q.period = t.name)
), removed as (
	delete from calendar_period p
	using target t
	where p.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;
