-- name: getSettings
-- The one row of settings.
select s.id, s.time_zone, s.reporting_currency, s.rounding, s.rate_staleness_days, s.event_retention_days, s.usage_retention_days, s.import_error_retention_days, s.period_close_days,
	s.agreement_holdover_days, s.default_calendar_id, c.code as default_calendar_code, s.version, s.created_at, s.updated_at
from setting s
left join calendar c on c.id = s.default_calendar_id;

-- name: updateSettings
-- Changes what the body names.
with target as (
	select s.id, s.version
	from setting s
	for update
), body as (
	select b.*, ci.id as calendar_by_id, cc.id as calendar_by_code
	from jsonb_to_record(:body) as b (time_zone text, default_calendar_id uuid, default_calendar_code text)
	left join calendar ci on ci.id = b.default_calendar_id
	left join calendar cc on cc.code = b.default_calendar_code
), fault as (
	select 'precondition_failed' as problem, null as pointer
	from target t
	where t.version <> all (:if_match)
	union all
	select 'time_zone_unknown', '/time_zone'
	from body b
	where b.time_zone is not null and not exists (select from pg_timezone_names z where z.name = b.time_zone and z.name !~ '^(posix|right)/')
	union all
	select f.problem, f.pointer
	from body b, reference_faults('calendar_unknown', '/default_calendar_id', b.default_calendar_id, b.calendar_by_id,
		'/default_calendar_code', b.default_calendar_code, b.calendar_by_code) as f
), changed as (
	update setting s
	set (time_zone, reporting_currency, rounding, rate_staleness_days, event_retention_days, usage_retention_days, import_error_retention_days, period_close_days,
		agreement_holdover_days, default_calendar_id) = (
		select coalesce(n.time_zone, 'UTC'), coalesce(n.reporting_currency, 'USD'), coalesce(n.rounding, 'half_away_from_zero'),
			coalesce(n.rate_staleness_days, 7), coalesce(n.event_retention_days, 90), coalesce(n.usage_retention_days, 400),
			coalesce(n.import_error_retention_days, 90), n.period_close_days, coalesce(n.agreement_holdover_days, 0),
			case when :body ?| array['default_calendar_id', 'default_calendar_code'] then coalesce(b.calendar_by_id, b.calendar_by_code)
				else s.default_calendar_id end
		from body b, jsonb_populate_record(s, :body) as n),
		version = s.version + 1,
		updated_at = :now
	from target t
	where s.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;
