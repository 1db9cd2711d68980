create or replace function market_size_faults(wanted market_size) returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker
as $$
	select 'period_unknown', '/period', null
	where period_range(wanted.period, (select s.default_calendar_id from setting s)) is null
	union all
	select 'competitors_exceed_market', '/competitors', sold.amount || ' > ' || wanted.amount
	from (select sum(c.amount) as amount from jsonb_to_recordset(wanted.competitors) as c (amount numeric)) as sold
	where sold.amount > wanted.amount
$$;
comment on function market_size_faults(market_size) is 'What refuses the size of a market: no such period, or competitors that sell more than all of it.';

create or replace function coverage_analytics(moment timestamptz, asked_period text default null, asked_level integer default 1, asked_category text default null) returns table (
		id uuid, gap_rank bigint, region_code text, region_name text, period text, product_category text, potential numeric, currency text, partners text[],
		covered_pct numeric, covered numeric, gap numeric, overlaps bigint, reason text)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	with asked as (
		select p.period, upper(period_range(p.period, s.default_calendar_id)) - 1 as day
		from setting s
		cross join lateral (select coalesce(asked_period, to_char(moment at time zone s.time_zone, 'YYYY')) as period) as p
	), place as (
		select r.id, r.code, r.name, s.span
		from region r
		join region_span s on s.region_id = r.id and s.depth = asked_level - 1
	), market as (
		-- What is said of the region itself; in several currencies it cannot be added up.
		select m.region_id, sum(m.amount) as amount, min(m.currency) as currency, count(distinct m.currency) as currencies
		from market_size m
		join asked a on a.period = m.period
		where m.price_level = 'end_user' and (m.product_category = asked_category or asked_category is null)
		group by 1
	), cover as (
		-- Who covers a region, a part of it, or what it is part of.
		select distinct on (l.id, c.partner_id, c.product_category) l.id as region_id, c.partner_id, c.population_share_pct as share
		from asked a
		join partner_coverage c on daterange(c.valid_from, c.valid_to, '[]') @> a.day and (c.product_category is null or asked_category is null or c.product_category = asked_category)
		join region_span s on s.region_id = c.region_id
		join place l on l.span && s.span
		order by l.id, c.partner_id, c.product_category, c.population_share_pct desc nulls last
	), summed as (
		select c.region_id, array_agg(distinct p.code order by p.code) as partners, least(sum(c.share), 100) as covered
		from cover c
		join partner p on p.id = c.partner_id
		group by 1
	), figure as (
		select l.*, case when m.currencies = 1 then m.amount end as potential, case when m.currencies = 1 then m.currency end as currency,
			coalesce(s.partners, '{}') as partners, coalesce(s.covered, 0) as covered_pct,
			case when m.amount is null then 'market_size_missing' when m.currencies > 1 then 'several_currencies' end as reason
		from place l
		left join market m on m.region_id = l.id
		left join summed s on s.region_id = l.id
	)
	select md5(f.id || a.period)::uuid, rank() over (order by f.potential * (100 - f.covered_pct) desc nulls last, f.code), f.code, f.name, a.period, asked_category,
		round(f.potential, d.digits), f.currency, f.partners, round(f.covered_pct, 2), round(f.potential * f.covered_pct / 100, d.digits),
		round(f.potential * (100 - f.covered_pct) / 100, d.digits), greatest(cardinality(f.partners) - 1, 0)::bigint, f.reason
	from asked a
	cross join figure f
	cross join lateral (select currency_digits(f.currency) as digits) as d
$$;
comment on function coverage_analytics(timestamptz, text, integer, text) is
	'Of each region of a level what its market is worth to end users, who covers it at the end of the period, and what nobody covers: potential * (100 - the sum of the shares, 100 at the most) / 100.';
