-- Says whether the rollups are what the sales come to.

create or replace function rollup_check(first_day date default '-infinity', last_day date default 'infinity') returns table (rollup text, difference jsonb)
	language sql stable security invoker set search_path = pg_catalog, public set work_mem = '128MB' set jit = off
as $$
	with recorded as (
		select s.sold_on as day, s.partner_id, s.product_id, coalesce(s.region_id, '00000000-0000-0000-0000-000000000000') as region_id,
			coalesce(s.manager_id, '00000000-0000-0000-0000-000000000000') as manager_id, s.kind,
			case when s.reverses_id is null then s.status else 'void' end as state, s.currency, s.cost_currency, s.amount, s.quantity as units,
			case when s.reverses_id is null then 1 else -1 end as lines, coalesce(s.cost, 0) as cost,
			case when s.cost is not null then 0 when s.reverses_id is null then 1 else -1 end as lines_without_cost,
			coalesce(s.legal_entity_id, '00000000-0000-0000-0000-000000000000') as legal_entity_id
		from sales_record s
		where s.sold_on between first_day and last_day
	), wide as (
		select -1 as sign, c.* from recorded c
		union all
		select 1, r.* from sales_rollup r where r.day between first_day and last_day
		union all
		select 1, d.* from sales_delta d where d.day between first_day and last_day
	), narrow as (
		select 1 as sign, r.* from sales_rollup_day r where r.day between first_day and last_day
		union all
		select -1, r.day, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.amount, r.units, r.lines, r.cost, r.lines_without_cost,
			r.legal_entity_id
		from sales_rollup r
		where r.day between first_day and last_day
	)
	select 'sales_rollup', to_jsonb(x)
	from (
		select w.day, w.partner_id, w.product_id, w.region_id, w.manager_id, w.kind, w.state, w.currency, w.cost_currency, w.legal_entity_id,
			sum(w.sign * w.amount) as amount, sum(w.sign * w.units) as units, sum(w.sign * w.lines) as lines, sum(w.sign * w.cost) as cost,
			sum(w.sign * w.lines_without_cost) as lines_without_cost
		from wide w
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	) as x
	where (x.amount, x.units, x.lines, x.cost, x.lines_without_cost) <> (0, 0, 0, 0, 0)
	union all
	select 'sales_rollup_day', to_jsonb(x)
	from (
		select n.day, n.region_id, n.manager_id, n.kind, n.state, n.currency, n.cost_currency, n.legal_entity_id,
			sum(n.sign * n.amount) as amount, sum(n.sign * n.units) as units, sum(n.sign * n.lines) as lines, sum(n.sign * n.cost) as cost,
			sum(n.sign * n.lines_without_cost) as lines_without_cost
		from narrow n
		group by 1, 2, 3, 4, 5, 6, 7, 8
	) as x
	where (x.amount, x.units, x.lines, x.cost, x.lines_without_cost) <> (0, 0, 0, 0, 0)
	union all
	select 'sales_rollup_partner', to_jsonb(x)
	from (
		select t.partner_id, t.day, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.sign * t.amount) as amount, sum(t.sign * t.units) as units, sum(t.sign * t.lines) as lines, sum(t.sign * t.cost) as cost,
			sum(t.sign * t.lines_without_cost) as lines_without_cost
		from (
			select 1 as sign, r.partner_id, r.day, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_partner r
			where r.day between first_day and last_day
			union all
			select -1, r.partner_id, r.day, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup r
			where r.day between first_day and last_day
		) as t
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9
	) as x
	where (x.amount, x.units, x.lines, x.cost, x.lines_without_cost) <> (0, 0, 0, 0, 0)
	union all
	select 'sales_rollup_total', to_jsonb(x)
	from (
		select t.day, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.sign * t.amount) as amount, sum(t.sign * t.units) as units, sum(t.sign * t.lines) as lines, sum(t.sign * t.cost) as cost,
			sum(t.sign * t.lines_without_cost) as lines_without_cost
		from (
			select 1 as sign, r.day, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id, r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_total r
			where r.day between first_day and last_day
			union all
			select -1, r.day, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id, r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_day r
			where r.day between first_day and last_day
		) as t
		group by 1, 2, 3, 4, 5, 6
	) as x
	where (x.amount, x.units, x.lines, x.cost, x.lines_without_cost) <> (0, 0, 0, 0, 0)
	union all
	-- The months that the days touch, as wholes.
	select 'sales_rollup_month', to_jsonb(x)
	from (
		select t.month, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.sign * t.amount) as amount, sum(t.sign * t.units) as units, sum(t.sign * t.lines) as lines, sum(t.sign * t.cost) as cost,
			sum(t.sign * t.lines_without_cost) as lines_without_cost
		from (
			select 1 as sign, r.month, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_month r
			where r.month between date_trunc('month', first_day::timestamp) and last_day
			union all
			select -1, date_trunc('month', r.day)::date, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_day r
			where r.day between date_trunc('month', first_day::timestamp)
				and case when last_day = 'infinity' then last_day else (date_trunc('month', last_day::timestamp) + interval '1 month - 1 day')::date end
		) as t
		group by 1, 2, 3, 4, 5, 6, 7, 8
	) as x
	where (x.amount, x.units, x.lines, x.cost, x.lines_without_cost) <> (0, 0, 0, 0, 0)
	union all
	select 'sales_rollup_product_month', to_jsonb(x)
	from (
		select t.product_id, t.month, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.sign * t.amount) as amount, sum(t.sign * t.units) as units, sum(t.sign * t.lines) as lines, sum(t.sign * t.cost) as cost,
			sum(t.sign * t.lines_without_cost) as lines_without_cost
		from (
			select 1 as sign, r.product_id, r.month, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_product_month r
			where r.month between date_trunc('month', first_day::timestamp) and last_day
			union all
			select -1, r.product_id, date_trunc('month', r.day)::date, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup r
			where r.day between date_trunc('month', first_day::timestamp)
				and case when last_day = 'infinity' then last_day else (date_trunc('month', last_day::timestamp) + interval '1 month - 1 day')::date end
		) as t
		group by 1, 2, 3, 4, 5, 6, 7
	) as x
	where (x.amount, x.units, x.lines, x.cost, x.lines_without_cost) <> (0, 0, 0, 0, 0)
	union all
	select 'sales_rollup_partner_month', to_jsonb(x)
	from (
		select t.partner_id, t.month, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.sign * t.amount) as amount, sum(t.sign * t.units) as units, sum(t.sign * t.lines) as lines, sum(t.sign * t.cost) as cost,
			sum(t.sign * t.lines_without_cost) as lines_without_cost
		from (
			select 1 as sign, r.partner_id, r.month, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_partner_month r
			where r.month between date_trunc('month', first_day::timestamp) and last_day
			union all
			select -1, r.partner_id, date_trunc('month', r.day)::date, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
				r.amount, r.units, r.lines, r.cost, r.lines_without_cost
			from sales_rollup_partner r
			where r.day between date_trunc('month', first_day::timestamp)
				and case when last_day = 'infinity' then last_day else (date_trunc('month', last_day::timestamp) + interval '1 month - 1 day')::date end
		) as t
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9
	) as x
	where (x.amount, x.units, x.lines, x.cost, x.lines_without_cost) <> (0, 0, 0, 0, 0)
$$;
comment on function rollup_check(date, date) is 'Computes the sums of some days anew from the sales and returns where the rollups with what is not yet folded differ; nothing when all is well.';

create or replace function rollup_check_some(moment timestamptz, at_most integer default 10000) returns text
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	first_day date;
	last_day date;
	found text;
begin
	-- One checks at a time; whoever comes second, or within the same minute, has nothing to do.
	select p.next_day into first_day
	from rollup_check_progress p
	where p.checked_at is null or p.checked_at < moment - interval '55 seconds'
	for update skip locked;
	if first_day is null then
		return null;
	end if;

	-- Whole days, as many as have about that many sales; the last slice is all that is left.
	select coalesce(max(s.sold_on), 'infinity') into last_day
	from (select s.sold_on from sales_record s where s.sold_on >= first_day order by s.sold_on, s.id offset at_most limit 1) as s;
	select 'the sums of sales differ from the sales: ' || string_agg(d.rollup || ' ' || d.difference, '; ') into found
	from (select c.rollup, c.difference from rollup_check(first_day, last_day) as c limit 3) as d;
	update rollup_check_progress p
	set next_day = case when last_day = 'infinity' then '-infinity' else last_day + 1 end, checked_at = moment,
		passed_at = case when last_day = 'infinity' then moment else p.passed_at end,
		alarm = coalesce(found, p.alarm), alarmed_at = case when found is null then p.alarmed_at else moment end;
	return found;
end
$$;
comment on function rollup_check_some(timestamptz, integer) is
	'Checks the next days of the rollups, about so many sales of them, at most once a minute over all servers; returns what differs, or null.';
