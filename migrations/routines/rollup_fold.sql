-- Folds what writes have appended into the rollups.

create or replace function rollup_fold(at_most integer default 10000) returns bigint
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
	), by_partner as (
		select t.partner_id, t.day, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.amount) as amount, sum(t.units) as units, sum(t.lines) as lines, sum(t.cost) as cost, sum(t.lines_without_cost) as lines_without_cost
		from taken t
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9
	), added_by_partner as (
		insert into sales_rollup_partner as r (partner_id, day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id,
			amount, units, lines, cost, lines_without_cost)
		select t.partner_id, t.day, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id, t.amount, t.units, t.lines, t.cost, t.lines_without_cost
		from by_partner t
		on conflict (partner_id, day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	), by_day as (
		select t.day, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.amount) as amount, sum(t.units) as units, sum(t.lines) as lines, sum(t.cost) as cost, sum(t.lines_without_cost) as lines_without_cost
		from by_partner t
		group by 1, 2, 3, 4, 5, 6, 7, 8
	), added_by_day as (
		insert into sales_rollup_day as r (day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id, amount, units, lines, cost, lines_without_cost)
		select t.day, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id, sum(t.amount), sum(t.units), sum(t.lines), sum(t.cost), sum(t.lines_without_cost)
		from by_day t
		group by 1, 2, 3, 4, 5, 6, 7, 8
		on conflict (day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	), added_total as (
		insert into sales_rollup_total as r (day, kind, state, currency, cost_currency, legal_entity_id, amount, units, lines, cost, lines_without_cost)
		select t.day, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id, sum(t.amount), sum(t.units), sum(t.lines), sum(t.cost), sum(t.lines_without_cost)
		from by_day t
		group by 1, 2, 3, 4, 5, 6
		on conflict (day, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	), added_by_month as (
		insert into sales_rollup_month as r (month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id, amount, units, lines, cost, lines_without_cost)
		select date_trunc('month', t.day)::date, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id, sum(t.amount), sum(t.units), sum(t.lines), sum(t.cost), sum(t.lines_without_cost)
		from by_day t
		group by 1, 2, 3, 4, 5, 6, 7, 8
		on conflict (month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	), added_by_product_month as (
		insert into sales_rollup_product_month as r (product_id, month, kind, state, currency, cost_currency, legal_entity_id,
			amount, units, lines, cost, lines_without_cost)
		select t.product_id, date_trunc('month', t.day)::date, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.amount), sum(t.units), sum(t.lines), sum(t.cost), sum(t.lines_without_cost)
		from taken t
		group by 1, 2, 3, 4, 5, 6, 7
		on conflict (product_id, month, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	), added_by_partner_month as (
		insert into sales_rollup_partner_month as r (partner_id, month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id,
			amount, units, lines, cost, lines_without_cost)
		select t.partner_id, date_trunc('month', t.day)::date, t.region_id, t.manager_id, t.kind, t.state, t.currency, t.cost_currency, t.legal_entity_id,
			sum(t.amount), sum(t.units), sum(t.lines), sum(t.cost), sum(t.lines_without_cost)
		from by_partner t
		group by 1, 2, 3, 4, 5, 6, 7, 8, 9
		on conflict (partner_id, month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id) do update
		set amount = r.amount + excluded.amount, units = r.units + excluded.units, lines = r.lines + excluded.lines,
			cost = r.cost + excluded.cost, lines_without_cost = r.lines_without_cost + excluded.lines_without_cost
	)
	select count(*) into folded from taken;
	return folded;
end
$$;
comment on function rollup_fold(integer) is 'Adds what is in sales_delta, or a part of that, to all rollups in one transaction; returns how many rows it took.';
