-- name: getClock
-- The time that business goes by, and the machine's.
select n.now, clock_timestamp() as machine_now, (n.now at time zone s.time_zone)::date as today, s.time_zone
from setting s
cross join (select app_now() as now) as n;

-- name: setClock
-- Sets the time, or advances it: days, months and years as they pass in the time zone of the settings, hours and less as they pass anywhere.
with was as (
	select c.id, greatest(clock_timestamp(), c.changed_at + interval '1 microsecond') as machine_now, c.ahead_us, s.time_zone
	from business_clock c
	cross join setting s
	for update of c
), asked as (
	select b.now, date_trunc('day', b.advance::interval) as days, b.advance::interval - date_trunc('day', b.advance::interval) as rest
	from jsonb_to_record(:body) as b (now timestamptz, advance text)
), wanted as (
	select w.id, w.machine_now, case when a.days is null then '/now' else '/advance' end as pointer,
		case when a.days is null then coalesce(a.now, w.machine_now)
			else ((w.machine_now + make_interval(secs => w.ahead_us / 1e6)) at time zone w.time_zone + a.days) at time zone w.time_zone + a.rest end as now
	from was w
	cross join asked a
), fault as (
	select 'clock_out_of_range' as problem, w.pointer
	from wanted w
	where w.now not between '1970-01-01T00:00:00Z' and '9999-12-30T00:00:00Z'
), changed as (
	update business_clock c
	set (ahead_us, changed_at) = (extract(epoch from w.now - w.machine_now) * 1e6, w.machine_now)
	from wanted w
	where c.id = w.id and not exists (select from fault)
	returning c.ahead_us, c.changed_at
)
select f.problem, f.pointer, c.ahead_us, (extract(epoch from c.changed_at) * 1e6)::bigint as changed_us
from (select) as one
left join fault f on true
left join changed c on true;

-- name: readClock
-- How far the time of business is ahead, and since when.
select c.ahead_us, (extract(epoch from c.changed_at) * 1e6)::bigint as changed_us
from business_clock c;

-- name: resetClock
-- Goes by the machine's time again.
update business_clock c
set ahead_us = 0, changed_at = greatest(clock_timestamp(), c.changed_at + interval '1 microsecond')
where c.ahead_us <> 0;
