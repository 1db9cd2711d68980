-- What every write of a sales record owes to the sums: the change that its statement made, one row for each place in the grain of the rollup.
-- A reversal counts as one line less and is void like the record that it takes back, so that together they come to nothing.

create or replace function rollup_delta_add() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	insert into sales_delta (day, partner_id, product_id, region_id, manager_id, kind, state, currency, cost_currency,
		amount, units, lines, cost, lines_without_cost, legal_entity_id)
	select s.sold_on, s.partner_id, s.product_id, coalesce(s.region_id, '00000000-0000-0000-0000-000000000000'),
		coalesce(s.manager_id, '00000000-0000-0000-0000-000000000000'), s.kind,
		case when s.reverses_id is null then s.status else 'void' end, s.currency, s.cost_currency, sum(s.amount), sum(s.quantity),
		sum(case when s.reverses_id is null then 1 else -1 end), sum(coalesce(s.cost, 0)),
		sum(case when s.cost is not null then 0 when s.reverses_id is null then 1 else -1 end), coalesce(s.legal_entity_id, '00000000-0000-0000-0000-000000000000')
	from new_rows s
	group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 15
	-- So that what is folded together mostly falls into few rows of the rollups of days and months.
	order by s.sold_on;
	return null;
end
$$;
comment on function rollup_delta_add() is 'Appends what a statement has added to the sales.';

create or replace function rollup_delta_change() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	insert into sales_delta (day, partner_id, product_id, region_id, manager_id, kind, state, currency, cost_currency,
		amount, units, lines, cost, lines_without_cost, legal_entity_id)
	select s.sold_on, s.partner_id, s.product_id, coalesce(s.region_id, '00000000-0000-0000-0000-000000000000'),
		coalesce(s.manager_id, '00000000-0000-0000-0000-000000000000'), s.kind,
		case when s.reverses_id is null then s.status else 'void' end, s.currency, s.cost_currency,
		sum(c.sign * s.amount), sum(c.sign * s.quantity), sum(case when s.reverses_id is null then c.sign else -c.sign end),
		sum(c.sign * coalesce(s.cost, 0)),
		sum(case when s.cost is not null then 0 when s.reverses_id is null then c.sign else -c.sign end), coalesce(s.legal_entity_id, '00000000-0000-0000-0000-000000000000')
	from (
		select 1 as sign, n as record from new_rows n
		union all
		select -1, o from old_rows o
	) as c
	cross join lateral (select (c.record).*) as s
	group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 15
	having (sum(c.sign * s.amount), sum(c.sign * s.quantity), sum(case when s.reverses_id is null then c.sign else -c.sign end),
		sum(c.sign * coalesce(s.cost, 0)), sum(case when s.cost is not null then 0 when s.reverses_id is null then c.sign else -c.sign end))
		<> (0, 0, 0, 0, 0);
	return null;
end
$$;
comment on function rollup_delta_change() is 'Appends what a statement has changed in the sales.';

create or replace trigger rollup_insert after insert on sales_record
	referencing new table as new_rows for each statement execute function rollup_delta_add();
create or replace trigger rollup_update after update on sales_record
	referencing old table as old_rows new table as new_rows for each statement execute function rollup_delta_change();
