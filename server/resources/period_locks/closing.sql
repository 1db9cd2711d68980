-- name: closePeriods
-- Locks the months of the last twelve that ended longer ago than the settings wait; what somebody reopened stays open.
with today as (
	select s.period_close_days, (app_now() at time zone s.time_zone)::date as day
	from setting s
), month as (
	select t.period_close_days, t.day, to_char(date_trunc('month', t.day) - make_interval(months => ago.months), 'YYYY-MM') as period
	from today t, generate_series(1, 12) as ago (months)
), closed as (
	insert into period_lock (id, period, days, reason, created_at, updated_at)
	select uuid_v7(), m.period, period_range(m.period, null), format('Closed %s days after its end.', m.period_close_days), app_now(), app_now()
	from month m
	where upper(period_range(m.period, null)) + m.period_close_days <= m.day
	  and not exists (select from period_lock l where l.period = m.period and l.legal_entity_id is null)
	on conflict do nothing
	returning 1
)
select count(*) as done, false as more
from closed;
