-- What was reached of the goals of agreements.

create or replace function goal_market(asked agreement_goal_period) returns table (amount numeric, currency text)
	language sql stable security definer set search_path = pg_catalog, public
as $$
	select m.amount, m.currency
	from market_size m
	where m.period = asked.period and m.region_id = asked.region_id and m.product_category is not distinct from asked.product_category
	  and m.price_level = 'end_user'
$$;
comment on function goal_market(agreement_goal_period) is
	'The size of the market of a goal, at end users'' prices; with the owner''s rights, since a partner sees its share of it and no other market.';

create or replace function goal_actuals(goals uuid[], through date) returns table (id uuid, actual numeric, missing text[])
	language sql stable security invoker set search_path = pg_catalog, public
	-- What has just been imported has no statistics yet.
	set jit = off
as $$
	with asked as materialized (
		select g.id, g as goal, least(g.ends_on, through) as through, g.metric, m.amount as market,
			case g.metric when 'market_share' then m.currency else g.currency end as currency,
			case g.metric when 'market_share' then array['sell_through', 'agency', 'return_from_customer'] else array['sell_in', 'return_to_vendor'] end as kinds,
			s.rate_staleness_days as staleness
		from unnest(goals) as wanted (id)
		join agreement_goal_period g on g.id = wanted.id
		cross join setting s
		left join lateral goal_market(g) as m on g.metric = 'market_share'
	), sold as materialized (
		select a.id, a.metric, a.currency as wanted, a.staleness, s.day, s.currency, sum(s.amount) as amount, sum(s.units) as units
		from asked a
		cross join lateral goal_sales(a.goal, a.through, a.kinds) as s
		where a.metric in ('sales_amount', 'units') or a.market is not null
		group by a.id, a.metric, a.currency, a.staleness, s.day, s.currency
	), rates as (
		select r.day, r.from_currency, r.to_currency, x.rate
		from (select distinct s.day, s.currency as from_currency, s.wanted as to_currency, s.staleness from sold s where s.metric <> 'units' and s.currency <> s.wanted) as r
		cross join lateral (
			select e.rate
			from exchange_rate e
			where e.from_currency = r.from_currency and e.to_currency = r.to_currency and e.type = 'spot' and e.date between r.day - r.staleness and r.day
			order by e.date desc
			limit 1
		) as x
	), summed as (
		select s.id, sum(case when s.metric = 'units' then s.units when s.currency = s.wanted then s.amount else s.amount * x.rate end) as amount,
			array_agg(distinct s.currency) filter (where s.metric <> 'units' and s.currency <> s.wanted and x.rate is null and s.amount <> 0) as missing
		from sold s
		left join rates x on x.day = s.day and x.from_currency = s.currency and x.to_currency = s.wanted
		group by s.id
	)
	select a.id,
		case
			when s.missing is not null then null
			when a.metric in ('sales_amount', 'units') then coalesce(s.amount, 0)
			when a.metric = 'market_share' and a.market > 0 then coalesce(s.amount, 0) * 100 / a.market
			when a.metric = 'new_customers' then goal_new_customers(a.goal, a.through)
		end,
		s.missing
	from asked a
	left join summed s on s.id = a.id
$$;
comment on function goal_actuals(uuid[], date) is
	'What was reached of goals by a day, with the currencies that have no rate: sales in the goal''s currency by the day''s rate, units, new customers, and the share of a market at end users'' prices.';

create or replace function goal_figures(goals uuid[], asked_day date) returns table (
		id uuid, agreement_id uuid, agreement_number text, partner_id uuid, partner_code text, version_number integer, key text, metric text, period text,
		starts_on date, ends_on date, as_of date, currency text, target numeric, actual numeric, attainment_pct numeric, expected_to_date numeric,
		pace_pct numeric, forecast numeric, status text, reason text, inputs jsonb)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	with figure as materialized (
		select g.*, least(g.ends_on, asked_day) as through, a.actual, a.missing, g.metric in ('sales_amount', 'units', 'new_customers') as has_pace,
			goal_part(g.whole_target, g.whole_starts_on, g.step_ends, g.step_shares, g.ends_on)
				- goal_part(g.whole_target, g.whole_starts_on, g.step_ends, g.step_shares, g.starts_on - 1) as due,
			goal_part(g.whole_target, g.whole_starts_on, g.step_ends, g.step_shares, least(g.ends_on, asked_day))
				- goal_part(g.whole_target, g.whole_starts_on, g.step_ends, g.step_shares, g.starts_on - 1) as due_by_then,
			case when g.currency is null then 4 else currency_digits(g.currency) end as digits
		from unnest(goals) as wanted (id)
		join agreement_goal_period g on g.id = wanted.id
		join goal_actuals(goals, asked_day) as a on a.id = g.id
	), whole as materialized (
		select f.*, case when f.has_pace then f.due else f.whole_target end as target, case when f.has_pace then f.due_by_then end as expected
		from figure f
	)
	select w.id, w.agreement_id, a.number, w.partner_id, p.code, w.version_number, w.key, w.metric, w.period, w.starts_on, w.ends_on, w.through, w.currency,
		round(w.target, w.digits), round(w.actual, w.digits), case when w.target > 0 then round(w.actual * 100 / w.target, 2) end,
		round(w.expected, w.digits), case when w.expected > 0 then round(w.actual * 100 / w.expected, 2) end,
		case when w.expected > 0 then round(w.actual * w.target / w.expected, w.digits) end,
		case
			when w.actual is null or w.target <= 0 then null
			when w.actual >= w.target then 'met'
			when not w.has_pace then case when w.through = w.ends_on then 'behind' end
			when w.actual * 100 >= w.expected * 95 then 'on_track'
			when w.actual * 100 >= w.expected * 80 then 'at_risk'
			else 'behind'
		end,
		case
			when w.missing is not null then 'rate_missing'
			when w.actual is null then case w.metric when 'market_share' then 'market_size_missing' else 'not_measured' end
			when w.target <= 0 then 'target_not_positive'
			when w.expected <= 0 then 'nothing_expected'
		end,
		jsonb_strip_nulls(jsonb_build_object('from', w.starts_on, 'through', w.through, 'rates_missing', to_jsonb(w.missing), 'source', case
			when w.metric in ('sales_amount', 'units', 'market_share') then case when w.product_category is null then 'sales_rollup_partner' else 'sales_rollup' end
			when w.metric = 'new_customers' then 'sales_record' end))
	from whole w
	join agreement a on a.id = w.agreement_id
	join partner p on p.id = w.partner_id
$$;
comment on function goal_figures(uuid[], date) is
	'Goals against what was reached by a day: attainment = actual / target, pace = actual / expected, forecast = actual / expected * target; met, on_track from 95 %, at_risk from 80 %, else behind.';

create or replace function agreement_progress(agreement uuid, asked_day date default app_today()) returns table (
		id uuid, agreement_id uuid, agreement_number text, partner_id uuid, partner_code text, version_number integer, key text, metric text, period text,
		starts_on date, ends_on date, as_of date, currency text, target numeric, actual numeric, attainment_pct numeric, expected_to_date numeric,
		pace_pct numeric, forecast numeric, status text, reason text, inputs jsonb)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select f.*
	from goal_figures(array(select g.id from agreement_goal_period g where g.agreement_id = agreement and g.starts_on <= asked_day), asked_day) as f
$$;
comment on function agreement_progress(uuid, date) is 'The goals of an agreement in their periods that have begun by a day.';

create or replace function goal_analytics(moment timestamptz, asked_period text default null, asked_partner text default null, asked_manager text default null,
		asked_region text default null, asked_day date default null) returns table (
		id uuid, agreement_id uuid, agreement_number text, partner_id uuid, partner_code text, version_number integer, key text, metric text, period text,
		starts_on date, ends_on date, as_of date, currency text, target numeric, actual numeric, attainment_pct numeric, expected_to_date numeric,
		pace_pct numeric, forecast numeric, status text, reason text, inputs jsonb)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	with today as (
		select coalesce(asked_day, (moment at time zone s.time_zone)::date) as day
		from setting s
	)
	select f.*
	from today t
	cross join lateral goal_figures(array(
		select g.id
		from agreement_goal_period g
		join partner p on p.id = g.partner_id
		where g.starts_on <= t.day and (g.period = asked_period or asked_period is null and g.ends_on >= t.day)
		  and (asked_partner is null or p.code = asked_partner)
		  and (asked_manager is null or p.manager_id = member_id_of(asked_manager))
		  and (asked_region is null or p.region_id in (select region_below(asked_region)))
	), t.day) as f
$$;
comment on function goal_analytics(timestamptz, text, text, text, text, date) is 'The goals of all agreements in a period, or those whose period is under way.';
