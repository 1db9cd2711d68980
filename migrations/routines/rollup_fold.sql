-- Folds what writes have appended into the rollups, and says whether these are what the sales come to.

create or replace function rollup_fold(at_most integer default 50000) returns bigint
	language plpgsql volatile security invoker set search_path = pg_catalog, public set work_mem = '64MB' set jit = off
as $$
declare
	folded bigint;
begin
	-- One folds at a time; whoever comes second has nothing to do.
	if not pg_try_advisory_xact_lock(hashtext('rollup_fold')) then
		return 0;
	end if;

	with taken as (
		delete from sales_delta d
		where d.ctid = any (array(select t.ctid from sales_delta t limit at_most))
		returning d.*
	), added as (
		insert into sales_rollup as r (day, partner_id, product_id, region_id, manager_id, kind, state, currency, cost_currency,
			amount, units, lines, cost, lines_without_cost, legal_entity_id)
		select t.day, t.partner_id, t.product_id, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency,
			sum(t.amount), sum(t.units), sum(t.lines), sum(t.cost), sum(t.lines_without_cost), t.legal_entity_id
		from taken t
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 15
		on conflict (partner_id, day, product_id, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	), added_by_day as (
		insert into sales_rollup_day as r (day, region_id, manager_id, kind, state, currency, cost_currency,
			amount, units, lines, cost, lines_without_cost, legal_entity_id)
		select t.day, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency,
			sum(t.amount), sum(t.units), sum(t.lines), sum(t.cost), sum(t.lines_without_cost), t.legal_entity_id
		from taken t
		group by 1, 2, 3, 4, 5, 6, 7, 13
		on conflict (day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	)
	select count(*) into folded from taken;
	return folded;
end
$$;
comment on function rollup_fold(integer) is 'Adds what is in sales_delta, or a part of that, to both rollups in one transaction; returns how many rows it took.';

create or replace function rollup_check() returns table (rollup text, difference jsonb)
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
	), wide as (
		select -1 as sign, c.* from recorded c
		union all
		select 1, r.* from sales_rollup r
		union all
		select 1, d.* from sales_delta d
	), narrow as (
		select 1 as sign, r.* from sales_rollup_day r
		union all
		select -1, r.day, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.amount, r.units, r.lines, r.cost, r.lines_without_cost,
			r.legal_entity_id
		from sales_rollup r
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
$$;
comment on function rollup_check() is 'Computes the sums anew from the sales and returns where the rollups with what is not yet folded differ; nothing when all is well.';
