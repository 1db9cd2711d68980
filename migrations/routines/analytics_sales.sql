-- Sums of sales by any combination of dimensions, from the rollups and what is not yet folded into them.
-- One statement whatever is asked for: it is planned anew each time, with the question as constants, so that all that is not asked for folds away.
-- It sums in two steps: first by ids, over what may be a million rows, then by names and what is derived from them, over what is left.

create or replace function analytics_sales(
	moment timestamptz,
	asked_groups text default '',
	asked_from date default null,
	asked_to date default null,
	asked_calendar text default null,
	asked_partner text default null,
	asked_type text default null,
	asked_tier text default null,
	asked_region text default null,
	asked_level integer default null,
	asked_sku text default null,
	asked_category text default null,
	asked_subcategory text default null,
	asked_manager text default null,
	asked_entity text default null,
	asked_kind text default null,
	asked_sold_currency text default null,
	target text default null)
	returns table (id uuid, key text, period text, partner_code text, partner_name text, type text, tier text, region_code text, sku text,
		category text, subcategory text, manager_code text, legal_entity_code text, kind text, sold_currency text, currency text, amount numeric, units numeric,
		lines bigint, cost numeric, cost_currency text, lines_without_cost bigint, margin numeric, average_price numeric,
		previous_amount numeric, growth_pct numeric, year_ago_amount numeric, year_on_year_pct numeric, reason text, warnings text[])
	language plpgsql stable security invoker set search_path = pg_catalog, public
	-- What has just been imported has no statistics yet, and a nested loop over what are thought to be few rows takes seconds.
	-- Groups are far fewer than they are thought to be, so hashing them is quicker than sorting the rows.
	-- The joins stand in the order in which they are to be made: looking for another one costs more than a dashboard.
	set plan_cache_mode = force_custom_plan set enable_nestloop = off set enable_sort = off set jit = off set work_mem = '64MB'
	set join_collapse_limit = 1 set from_collapse_limit = 1
as $$
#variable_conflict use_column
declare
	none constant uuid := '00000000-0000-0000-0000-000000000000';
	groups constant text[] := string_to_array(asked_groups, ',');
	unit constant text := (select g from unnest(groups) as g where g ~ '^(day|week|month|quarter|year|fiscal_.*)$');
	by_partner constant boolean := groups && array['partner', 'type', 'tier'];
	by_product constant boolean := groups && array['product', 'category', 'subcategory'];
	by_region constant boolean := 'region' = any (groups);
	by_manager constant boolean := 'manager' = any (groups);
	by_entity constant boolean := 'entity' = any (groups);
	by_kind constant boolean := 'kind' = any (groups);
	by_currency constant boolean := 'currency' = any (groups);
	kinds constant text[] := case
		when asked_kind = 'sell_in' or asked_kind is null and not by_kind then array['sell_in', 'return_to_vendor']
		when asked_kind = 'sell_through' then array['sell_through', 'return_from_customer']
		when asked_kind is not null then array[asked_kind] end;
	is_partner constant boolean := current_user = 'qudao_partner';
	of_products boolean;
	is_wide boolean;
	of_partners boolean;
	of_products_alone boolean;
	is_total boolean;
	by_month boolean;
	partners uuid[];
	products uuid[];
	regions uuid[];
	manager uuid;
	entity uuid;
	calendar uuid;
	staleness integer;
	today date;
	first_day date;
	last_day date;
	scan_from date;
	scan_to date;
	inhabited constant datemultirange := analytics_inhabited(current_user = 'qudao_partner');
begin
	select s.default_calendar_id, s.rate_staleness_days, (moment at time zone s.time_zone)::date into calendar, staleness, today
	from setting s;
	if asked_calendar is not null then
		calendar := (select c.id from calendar c where c.code = asked_calendar);
	end if;
	if calendar is null and (unit like 'fiscal\_%' or asked_calendar is not null) then
		raise exception 'there is no such calendar'
			using errcode = 'check_violation', constraint = 'calendar_unknown', table = 'calendar', schema = 'public';
	end if;

	-- Filters become ids.
	if num_nonnulls(asked_partner, asked_type, asked_tier) > 0 then
		partners := array(
			select p.id
			from partner p
			where (asked_partner is null or p.code = asked_partner) and (asked_type is null or p.type = asked_type)
				and (asked_tier is null or p.tier = asked_tier));
	end if;
	if num_nonnulls(asked_sku, asked_category, asked_subcategory) > 0 then
		products := array(
			select p.id
			from product p
			where (asked_sku is null or p.sku = asked_sku) and (asked_category is null or p.category = asked_category)
				and (asked_subcategory is null or p.subcategory = asked_subcategory));
	end if;
	if asked_region is not null then
		regions := array(select below from region_below(asked_region) as below);
	end if;
	if asked_manager is not null then
		manager := coalesce(member_id_of(asked_manager), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
	end if;
	if asked_entity is not null then
		entity := coalesce(legal_entity_id_of(asked_entity), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
	end if;
	of_products := by_product or products is not null;
	of_partners := not of_products and (is_partner or by_partner or partners is not null);
	is_wide := of_products or of_partners;
	of_products_alone := of_products and not is_partner and not by_partner and not by_region and not by_manager
		and partners is null and regions is null and manager is null;
	is_total := not is_wide and not by_region and not by_manager and regions is null and manager is null;
	-- Rates differ from day to day, and weeks and fiscal periods may begin within a month.
	by_month := (of_products_alone or not of_products) and not is_total and target is null and (unit is null or unit in ('month', 'quarter', 'year'));

	-- From the first day to the last that anything was sold on, unless less was asked for.
	if is_partner then
		select min(r.day), max(r.day) into first_day, last_day from sales_rollup_partner r;
	else
		select min(r.day), max(r.day) into first_day, last_day from sales_rollup_total r;
	end if;
	select least(first_day, min(d.day)), greatest(last_day, max(d.day)) into first_day, last_day from sales_delta d;
	first_day := greatest(first_day, asked_from);
	last_day := least(last_day, asked_to);
	if first_day is null or first_day > last_day then
		return;
	end if;
	select least(min(p.now_from), min(p.previous_from), min(p.ago_from)), max(p.now_to) into scan_from, scan_to
	from analytics_periods(unit, calendar, asked_from, asked_to, first_day, last_day, today, inhabited) as p;

	return query
	with span as materialized (
		select p.*
		from analytics_periods(unit, calendar, asked_from, asked_to, first_day, last_day, today, inhabited) as p
	), days as materialized (
		-- A day counts for its own period, for that which is compared with the period before, and for that which is compared with a year ago.
		select d.day, min(d.now) as now, min(d.next) as next, min(d.later) as later
		from (
			select p.now_from + g as day, p.no as now, null::integer as next, null::integer as later
			from span p
			cross join unnest(inhabited * datemultirange(daterange(p.now_from, p.now_to, '[]'))) as h
			cross join generate_series(lower(h) - p.now_from, upper(h) - 1 - p.now_from) as g
			union all
			select p.previous_from + g, null, p.no, null
			from span p, generate_series(0, p.previous_to - p.previous_from) as g
			union all
			select p.ago_from + g, null, null, p.no
			from span p, generate_series(0, p.ago_to - p.ago_from) as g
		) as d
		group by d.day
	), months as materialized (
		-- Those whose days all count for the same.
		select date_trunc('month', d.day)::date as month
		from days d
		where by_month
		group by 1
		having count(*) = date_part('day', date_trunc('month', min(d.day)) + interval '1 month - 1 day')
			and (min(d.now), min(d.next), min(d.later)) is not distinct from (max(d.now), max(d.next), max(d.later))
			and count(d.now) in (0, count(*)) and count(d.next) in (0, count(*)) and count(d.later) in (0, count(*))
	), cut as materialized (
		-- The days of the others.
		select d.day
		from days d
		where by_month and date_trunc('month', d.day)::date not in (select m.month from months m)
	), rates as not materialized (
		-- The latest rate on or before a day, unless it is too old. Grouped, so that the planner sees that a day has one, and drops the join unasked.
		select e.from_currency as currency, e.date + g as day, min(e.rate) as rate
		from (
			select x.from_currency, x.date, x.rate, lead(x.date) over (partition by x.from_currency order by x.date) as next
			from exchange_rate x
			where target is not null and x.to_currency = target and x.from_currency <> target and x.type = 'spot'
				and x.date between scan_from - staleness and scan_to
		) as e
		cross join lateral generate_series(greatest(0, scan_from - e.date), least(e.next - 1 - e.date, staleness, scan_to - e.date)) as g
		group by 1, 2
	), measured as (
		select r.day, r.partner_id, r.product_id, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup r
		where of_products and not by_month
		union all
		select r.day, null, r.product_id, null, null, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup r
		where of_products and by_month and r.day = any (array(select c.day from cut c))
		union all
		select r.month, null, r.product_id, null, null, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_product_month r
		where of_products and by_month and r.month = any (array(select m.month from months m))
		union all
		select r.day, r.partner_id, null, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_partner r
		where of_partners and not by_month
		union all
		select r.day, r.partner_id, null, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_partner r
		where of_partners and by_month and r.day = any (array(select c.day from cut c))
		union all
		select r.month, r.partner_id, null, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_partner_month r
		where of_partners and by_month and r.month = any (array(select m.month from months m))
		union all
		select r.day, null, null, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_day r
		where not is_wide and not is_total and not by_month
		union all
		select r.day, null, null, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_day r
		where not is_wide and by_month and r.day = any (array(select c.day from cut c))
		union all
		select r.month, null, null, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_month r
		where not is_wide and by_month and r.month = any (array(select m.month from months m))
		union all
		select r.day, null, null, null, null, r.kind, r.state, r.currency, r.cost_currency,
			r.amount, r.units, r.lines, r.cost, r.lines_without_cost, r.legal_entity_id
		from sales_rollup_total r
		where is_total
		union all
		select d.day, d.partner_id, d.product_id, d.region_id, d.manager_id, d.kind, d.state, d.currency, d.cost_currency,
			d.amount, d.units, d.lines, d.cost, d.lines_without_cost, d.legal_entity_id
		from sales_delta d
	), summed as (
		select case when by_partner then r.partner_id end as partner_id, case when by_product then r.product_id end as product_id,
			case when by_region then r.region_id end as region_id, case when by_manager then r.manager_id end as manager_id,
			case when by_entity then r.legal_entity_id end as entity_id,
			case when by_kind then r.kind end as kind, d.now, d.next, d.later, r.currency, r.cost_currency,
			sum(case when target is null or r.currency = target then r.amount else r.amount * a.rate end) as amount,
			sum(case when target is null or r.cost_currency = target then r.cost else r.cost * c.rate end) as cost,
			sum(r.units) as units, sum(r.lines) as lines, sum(r.lines_without_cost) as lines_without_cost,
			case when target is not null then min(r.day) filter (where r.currency <> target and a.rate is null and r.lines <> 0) end as amount_missing,
			case when target is not null then min(r.day) filter (where r.cost_currency <> target and c.rate is null and r.cost <> 0) end as cost_missing
		from measured r
		join days d on d.day = r.day
		left join rates a on a.day = r.day and a.currency = r.currency
		left join rates c on c.day = r.day and c.currency = r.cost_currency
		where r.day between scan_from and scan_to and r.state <> 'void'
			and (kinds is null or r.kind = any (kinds))
			and (partners is null or r.partner_id = any (partners))
			and (products is null or r.product_id = any (products))
			and (regions is null or r.region_id = any (regions))
			and (manager is null or r.manager_id = manager)
			and (entity is null or r.legal_entity_id = entity)
			and (asked_sold_currency is null or r.currency = asked_sold_currency)
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	), named as (
		select v.no, case when 'partner' = any (groups) then p.code end as partner_code, case when 'partner' = any (groups) then p.name end as partner_name,
			case when 'type' = any (groups) then p.type end as type, case when 'tier' = any (groups) then p.tier end as tier,
			g.code as region_code, case when 'product' = any (groups) then i.sku end as sku,
			case when 'category' = any (groups) then i.category end as category, case when 'subcategory' = any (groups) then i.subcategory end as subcategory,
			m.code as manager_code, e.code as legal_entity_code, s.kind, case when by_currency then s.currency end as sold_currency, coalesce(target, s.currency) as currency,
			coalesce(sum(s.amount) filter (where v.role = 1), 0) as amount, coalesce(sum(s.units) filter (where v.role = 1), 0) as units,
			coalesce(sum(s.lines) filter (where v.role = 1), 0)::bigint as lines, coalesce(sum(s.cost) filter (where v.role = 1), 0) as cost,
			coalesce(sum(s.lines_without_cost) filter (where v.role = 1), 0)::bigint as lines_without_cost,
			coalesce(target, min(s.cost_currency) filter (where v.role = 1 and s.lines_without_cost <> s.lines)) as first_cost_currency,
			max(s.cost_currency) filter (where v.role = 1 and s.lines_without_cost <> s.lines) as other_cost_currency,
			min(s.amount_missing) filter (where v.role = 1) as amount_missing, min(s.cost_missing) filter (where v.role = 1) as cost_missing,
			sum(s.amount) filter (where v.role = 2) as previous, min(s.amount_missing) filter (where v.role = 2) as previous_missing,
			sum(s.amount) filter (where v.role = 3) as ago, min(s.amount_missing) filter (where v.role = 3) as ago_missing,
			array_agg(s.currency || ' on ' || s.amount_missing) filter (where s.amount_missing is not null)
				|| array_agg(s.cost_currency || ' on ' || s.cost_missing) filter (where v.role = 1 and s.cost_missing is not null and not is_partner) as missing
		from summed s
		cross join lateral (values (1, s.now), (2, s.next), (3, s.later)) as v (role, no)
		left join partner p on p.id = s.partner_id
		left join product i on i.id = s.product_id
		left join member m on m.id = s.manager_id
		left join legal_entity e on e.id = s.entity_id
		left join region_span place on place.region_id = s.region_id
		left join region_span top on asked_level is not null and top.span @> place.span and top.depth = asked_level - 1
		left join region g on g.id = coalesce(top.region_id, s.region_id)
		where v.no is not null
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
		-- What was only sold before, and no more, is news as well.
		having sum(s.lines) filter (where v.role = 1) <> 0 or sum(s.lines) filter (where v.role = 2) <> 0 or sum(s.lines) filter (where v.role = 3) <> 0
	), judged as (
		-- Growth is that of the figures that are shown, so that whoever divides them comes to the same.
		select n.*, p.name as period,
			case when n.amount_missing is null then n.amount end as known_amount,
			case when n.amount_missing is null then round(n.amount, d.digits) end as shown_amount,
			case when n.previous_missing is null then round(n.previous, d.digits) end as shown_previous,
			case when n.ago_missing is null then round(n.ago, d.digits) end as shown_ago, d.digits,
			case when is_partner or n.lines_without_cost <> 0 or n.cost_missing is not null then null
				when n.lines = 0 or n.first_cost_currency is not distinct from coalesce(target, n.other_cost_currency) then n.cost end as known_cost,
			case when n.lines = 0 then n.currency else n.first_cost_currency end as cost_currency,
			array[case when unit is not null then coalesce(p.name, '') end, case when 'partner' = any (groups) then coalesce(n.partner_code, '') end,
				case when 'type' = any (groups) then coalesce(n.type, '') end, case when 'tier' = any (groups) then coalesce(n.tier, '') end,
				case when by_region then coalesce(n.region_code, '') end, case when 'product' = any (groups) then coalesce(n.sku, '') end,
				case when 'category' = any (groups) then coalesce(n.category, '') end,
				case when 'subcategory' = any (groups) then coalesce(n.subcategory, '') end,
				case when by_manager then coalesce(n.manager_code, '') end, case when by_entity then coalesce(n.legal_entity_code, '') end, n.kind, n.sold_currency,
				case when target is null and not by_currency then n.currency end] as place
		from named n
		join span p on p.no = n.no
		cross join lateral (select currency_digits(n.currency) as digits) as d
	)
	select md5(j.place::text)::uuid, array_to_string(j.place, '|') collate "C", j.period, j.partner_code, j.partner_name, j.type, j.tier, j.region_code,
		j.sku, j.category, j.subcategory, j.manager_code, j.legal_entity_code, j.kind, j.sold_currency, j.currency, j.shown_amount, j.units, j.lines,
		round(j.known_cost, currency_digits(j.cost_currency)), case when not is_partner then j.cost_currency end,
		case when not is_partner then j.lines_without_cost end,
		case when j.cost_currency = j.currency then round(j.known_amount - j.known_cost, j.digits) end,
		case when j.units > 0 then round(j.known_amount / j.units, 4) end,
		j.shown_previous, case when j.shown_previous > 0 then round((j.shown_amount - j.shown_previous) * 100 / j.shown_previous, 2) end,
		j.shown_ago, case when j.shown_ago > 0 then round((j.shown_amount - j.shown_ago) * 100 / j.shown_ago, 2) end,
		case
			when j.known_amount is null then 'rate_missing'
			when is_partner then 'cost_not_shown'
			when j.lines_without_cost <> 0 then 'cost_missing'
			when j.cost_missing is not null then 'rate_missing'
			when j.known_cost is null then 'costs_in_several_currencies'
			when j.cost_currency <> j.currency then 'cost_in_another_currency'
		end,
		array(
			select 'no spot rate from ' || left(m, 3) || ' to ' || target || ' on ' || min(right(m, 10))
			from unnest(j.missing) as m
			group by left(m, 3)
			order by left(m, 3))
	from judged j;
end
$$;
comment on function analytics_sales is
	'Sums of sales by what is asked for, one row a group; runs as whoever asks, and so over what that one may see.';
