-- What managers have sold of what they are to sell, from the rollups and what is not yet folded into them.

create or replace function sales_against_quotas(moment timestamptz, asked_period text default null)
	returns table (id uuid, manager_id uuid, manager_code text, manager_name text, period text, starts_on date, ends_on date, as_of date, currency text,
		target numeric, actual numeric, attainment_pct numeric, remaining numeric, expected numeric, pace_pct numeric, pace text, forecast numeric,
		reason text, warnings text[])
	language sql stable security invoker set search_path = pg_catalog, public
	-- What has just been imported has no statistics yet.
	set enable_nestloop = off set jit = off
as $$
	with asked as materialized (
		select q.id, q.manager_id, q.period, q.currency, q.amount as target, currency_digits(q.currency) as digits, s.rate_staleness_days as staleness,
			lower(d.days) as starts_on, upper(d.days) - 1 as ends_on,
			case when lower(d.days) <= t.today then least(upper(d.days) - 1, t.today) end as as_of
		from quota q
		cross join lateral (select period_range(q.period, q.calendar_id) as days offset 0) as d
		cross join setting s
		cross join lateral (select (moment at time zone s.time_zone)::date as today) as t
		where d.days is not null and (q.period = asked_period or asked_period is null and d.days @> t.today)
	), sales as materialized (
		-- Net, of what the vendor sold, less its returns.
		select r.manager_id, r.day, r.currency, sum(r.amount) as amount
		from (
			select x.manager_id, x.day, x.currency, x.kind, x.state, x.amount
			from sales_rollup_day x
			union all
			select x.manager_id, x.day, x.currency, x.kind, x.state, x.amount
			from sales_delta x
		) as r
		where r.kind in ('sell_in', 'return_to_vendor') and r.state <> 'void'
			and r.day between (select min(a.starts_on) from asked a) and (select max(a.as_of) from asked a)
			and r.manager_id = any (array(select a.manager_id from asked a))
		group by 1, 2, 3
		having sum(r.amount) <> 0
	), rates as (
		-- The latest on or before a day, unless it is too old.
		select r.day, r.from_currency, r.to_currency, x.rate
		from (
			select distinct s.day, s.currency as from_currency, a.currency as to_currency, a.staleness
			from sales s
			join asked a on a.manager_id = s.manager_id and a.currency <> s.currency and s.day between a.starts_on and a.as_of
		) as r
		cross join lateral (
			select e.rate
			from exchange_rate e
			where e.from_currency = r.from_currency and e.to_currency = r.to_currency and e.type = 'spot' and e.date between r.day - r.staleness and r.day
			order by e.date desc
			limit 1
		) as x
	), sold as (
		select a.id, s.currency, sum(case when s.currency = a.currency then s.amount else s.amount * x.rate end) as amount,
			min(s.day) filter (where s.currency <> a.currency and x.rate is null) as missing
		from asked a
		join sales s on s.manager_id = a.manager_id and s.day between a.starts_on and a.as_of
		left join rates x on x.day = s.day and x.from_currency = s.currency and x.to_currency = a.currency
		group by 1, 2
	), summed as (
		select a.*, case when count(s.missing) = 0 then coalesce(sum(s.amount), 0) end as actual,
			coalesce(array_agg('no spot rate from ' || s.currency || ' to ' || a.currency || ' on ' || s.missing order by s.currency)
				filter (where s.missing is not null), '{}') as warnings,
			(a.ends_on - a.starts_on + 1)::numeric as days, (a.as_of - a.starts_on + 1)::numeric as elapsed
		from asked a
		left join sold s on s.id = a.id
		group by a.id, a.manager_id, a.period, a.currency, a.target, a.digits, a.staleness, a.starts_on, a.ends_on, a.as_of
	)
	select s.id, s.manager_id, m.code, m.name, s.period, s.starts_on, s.ends_on, s.as_of, s.currency, s.target, round(s.actual, s.digits),
		case when s.target > 0 then round(s.actual * 100 / s.target, 2) end,
		case when s.actual is not null then round(greatest(s.target - s.actual, 0), s.digits) end,
		round(s.target * s.elapsed / s.days, s.digits),
		case when s.target > 0 then round(s.actual * 100 * s.days / (s.target * s.elapsed), 2) end,
		case
			when s.target <= 0 or s.elapsed is null then null
			when s.actual >= s.target then 'met'
			when s.actual * s.days >= 0.95 * s.target * s.elapsed then 'on_track'
			when s.actual * s.days >= 0.8 * s.target * s.elapsed then 'at_risk'
			when s.actual is not null then 'behind'
		end,
		round(s.actual * s.days / s.elapsed, s.digits),
		case when s.elapsed is null then 'period_not_begun' when s.actual is null then 'rate_missing' when s.target <= 0 then 'target_not_positive' end,
		s.warnings
	from summed s
	join member m on m.id = s.manager_id
$$;
comment on function sales_against_quotas(timestamptz, text) is
	'The quotas of a period with what was sold: attainment = actual / target, pace = actual / (target * elapsed days / days), forecast = actual * days / elapsed days.';
