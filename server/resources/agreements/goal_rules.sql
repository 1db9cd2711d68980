-- Goals of agreements: their periods, which part of the target is due by when, and what was reached.

create or replace function goal_periods(period text, calendar uuid, term daterange) returns table (name text, days daterange)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select 'term', term
	where period = 'term'
	union all
	select case period when 'month' then to_char(first, 'YYYY-MM') when 'quarter' then to_char(first, 'YYYY-"Q"Q') else to_char(first, 'YYYY') end,
		daterange(first::date, (first + case period when 'month' then interval '1 month' when 'quarter' then interval '3 months' else interval '1 year' end)::date)
	from generate_series(date_trunc(case period when 'term' then 'month' else period end, lower(term)::timestamp), upper(term)::timestamp - interval '1 day',
		case period when 'month' then interval '1 month' when 'quarter' then interval '3 months' else interval '1 year' end) as first
	where calendar is null and period <> 'term'
	union all
	select p.name, daterange(p.starts_on, p.ends_on, '[]')
	from calendar_period p
	where p.calendar_id = calendar and p.kind = case period when 'month' then 'period' else period end
	  and daterange(p.starts_on, p.ends_on, '[]') && term
$$;
comment on function goal_periods(text, uuid, daterange) is 'The months, quarters or years, of the calendar or of the year, that a term has days of; or the term itself.';

create or replace function goal_months(period text, calendar uuid, days daterange) returns table (number bigint, last date)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select row_number() over (order by p.ends_on), p.ends_on
	from calendar_period p
	where calendar is not null and period <> 'term' and p.calendar_id = calendar and p.kind = 'period' and daterange(p.starts_on, p.ends_on, '[]') <@ days
	union all
	select m.number, least(upper(days), (lower(days) + make_interval(months => m.number::integer))::date) - 1
	from generate_series(1, 1200) as m (number)
	where (calendar is null or period = 'term') and (lower(days) + make_interval(months => m.number::integer - 1))::date < upper(days)
$$;
comment on function goal_months(text, uuid, daterange) is 'The months of a period, of its calendar or counted from its first day, with their last days.';

create or replace function goal_part(target numeric, first date, step_ends date[], step_shares numeric[], through date) returns numeric
	language sql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select coalesce(sum((target * s.share * greatest(least(through, s.last) - s.first + 1, 0))::numeric(38, 18) / (100 * (s.last - s.first + 1))), 0)
	from (
		select e.last, step_shares[e.place] as share, coalesce(lag(e.last) over (order by e.place) + 1, goal_part.first) as first
		from unnest(step_ends) with ordinality as e (last, place)
	) as s
$$;
comment on function goal_part(numeric, date, date[], numeric[], date) is
	'The part of a target that is due by the end of a day: whole steps by their shares (in percent), the one that is under way by its days.';

create or replace function agreement_goals(terms jsonb) returns table (
		place bigint, key text, metric text, period text, calendar_code text, target numeric, currency text, region_code text, product_category text, phasing numeric[])
	language sql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select e.place - 1, concat_ws('|', g.metric, coalesce(g.calendar_code || ' ', '') || g.period, coalesce(g.region_code, ''), coalesce(g.product_category, '')),
		g.metric, g.period, g.calendar_code, g.target, case g.metric when 'sales_amount' then coalesce(g.currency, terms ->> 'currency') end,
		g.region_code, g.product_category, g.phasing
	from jsonb_array_elements(terms -> 'goals') with ordinality as e (value, place)
	cross join lateral jsonb_to_record(e.value) as g (
		metric text, period text, calendar_code text, target numeric, currency text, region_code text, product_category text, phasing numeric[])
$$;
comment on function agreement_goals(jsonb) is 'The goals of a text, each with the key by which it is known.';

create or replace function agreement_goals_end(agreement uuid, last date) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	delete from agreement_goal_period g where g.agreement_id = agreement and g.starts_on > last;
	update agreement_goal_period g set ends_on = last where g.agreement_id = agreement and g.ends_on > last
$$;
comment on function agreement_goals_end(uuid, date) is 'Ends the goals of an agreement with a day: another version goes on, or none.';

create or replace function agreement_goals_keep(kept agreement_version) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	select agreement_goals_end(kept.agreement_id, kept.effective_on - 1);
	insert into agreement_goal_period (id, agreement_id, partner_id, version_number, key, metric, period, starts_on, ends_on, currency, region_id, product_category,
		whole_target, whole_starts_on, step_ends, step_shares)
	select uuid_v7(), kept.agreement_id, kept.partner_id, kept.number, g.key, g.metric, p.name, greatest(lower(p.days), lower(t.days)), least(upper(p.days), upper(t.days)) - 1,
		g.currency, (select r.id from region r where r.code = g.region_code), g.product_category, g.target, lower(p.days),
		case when g.phasing is null then array[upper(p.days) - 1] else array(select m.last from goal_months(g.period, c.id, p.days) as m order by m.number) end,
		coalesce(g.phasing, '{100}')
	from agreement_goals(kept.terms) as g
	left join calendar c on c.code = g.calendar_code
	cross join lateral (
		select daterange((kept.terms ->> 'starts_on')::date, (kept.terms ->> 'ends_on')::date, '[]') as term,
			daterange(kept.effective_on, (kept.terms ->> 'ends_on')::date, '[]') as days
	) as t
	cross join lateral goal_periods(g.period, c.id, t.term) as p
	where p.days && t.days
$$;
comment on function agreement_goals_keep(agreement_version) is 'Writes down the goals of a version that was signed, period by period; those of the versions before it end.';

create or replace function goal_sales(asked agreement_goal_period, through date, kinds text[]) returns table (day date, currency text, amount numeric, units numeric)
	language sql stable security invoker
as $$
	with place as (
		select array(
			select below.region_id
			from region_span top
			join region_span below on below.span <@ top.span
			where top.region_id = asked.region_id
		) as regions
	)
	select r.day, r.currency, r.amount, r.units
	from sales_rollup_partner r, place w
	where asked.product_category is null and r.partner_id = asked.partner_id and r.day between asked.starts_on and through
	  and r.kind = any (kinds) and r.state <> 'void' and (asked.region_id is null or r.region_id = any (w.regions))
	union all
	select r.day, r.currency, r.amount, r.units
	from sales_rollup r
	join product p on p.id = r.product_id and p.category = asked.product_category, place w
	where r.partner_id = asked.partner_id and r.day between asked.starts_on and through
	  and r.kind = any (kinds) and r.state <> 'void' and (asked.region_id is null or r.region_id = any (w.regions))
	union all
	select r.day, r.currency, r.amount, r.units
	from sales_delta r
	join product p on p.id = r.product_id, place w
	where r.partner_id = asked.partner_id and r.day between asked.starts_on and through
	  and r.kind = any (kinds) and r.state <> 'void' and (asked.region_id is null or r.region_id = any (w.regions))
	  and (asked.product_category is null or p.category = asked.product_category)
$$;
comment on function goal_sales(agreement_goal_period, date, text[]) is 'The sales of some kinds that count for a goal, by day and currency, from the rollups and what is not yet folded into them.';

create or replace function goal_new_customers(asked agreement_goal_period, through date) returns numeric
	language sql stable security invoker
as $$
	select count(*)::numeric
	from (
		select min(s.sold_on) as first
		from sales_record s
		where s.partner_id = asked.partner_id and s.customer_id is not null and s.status <> 'void' and s.reverses_id is null
		  and s.kind in ('sell_through', 'agency') and s.sold_on <= through
		group by s.customer_id
	) as c
	where c.first >= asked.starts_on
$$;
comment on function goal_new_customers(agreement_goal_period, date) is 'How many customers bought from the partner for the first time in the days of a goal.';
