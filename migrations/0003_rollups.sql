-- Sums of sales, so that a report need not read the sales: what each write changes is appended to sales_delta, and a job folds that into the rollups.
-- A read sums rollup and delta in one statement, so it is exact at every moment, and no two writers meet on a row.

create table sales_delta (
	day date not null,
	partner_id uuid not null,
	product_id uuid not null,
	region_id uuid not null,
	manager_id uuid not null,
	kind text collate "C" not null,
	state text collate "C" not null,
	currency text collate "C" not null,
	cost_currency text collate "C" not null,
	amount numeric not null,
	units numeric not null,
	lines bigint not null,
	cost numeric not null,
	lines_without_cost bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000);
create index sales_delta_by_partner on sales_delta (partner_id);
comment on table sales_delta is 'What writes have changed in the sums of sales and no fold has taken up yet.';
comment on column sales_delta.day is 'The business day.';
comment on column sales_delta.partner_id is 'The partner.';
comment on column sales_delta.product_id is 'The product.';
comment on column sales_delta.region_id is 'The region of that day; all zeros for none.';
comment on column sales_delta.manager_id is 'The manager of that day; all zeros for none.';
comment on column sales_delta.kind is 'The kind of sale.';
comment on column sales_delta.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_delta.currency is 'ISO 4217, of the amount.';
comment on column sales_delta.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_delta.amount is 'By how much the net amount has grown.';
comment on column sales_delta.units is 'By how much the quantity has grown.';
comment on column sales_delta.lines is 'By how many lines; a reversal is one less.';
comment on column sales_delta.cost is 'By how much the known cost has grown.';
comment on column sales_delta.lines_without_cost is 'By how many lines whose cost is not known.';

create table sales_rollup (
	day date not null,
	partner_id uuid not null,
	product_id uuid not null,
	region_id uuid not null,
	manager_id uuid not null,
	kind text collate "C" not null,
	state text collate "C" not null,
	currency text collate "C" not null,
	cost_currency text collate "C" not null,
	amount numeric not null,
	units numeric not null,
	lines bigint not null,
	cost numeric not null,
	lines_without_cost bigint not null,
	primary key (partner_id, day, product_id, region_id, manager_id, kind, state, currency, cost_currency)
) with (fillfactor = 90);
create index sales_rollup_by_day on sales_rollup (day);
create index sales_rollup_by_product on sales_rollup (product_id, day);
comment on table sales_rollup is 'Sums of sales, as far as they are folded. Kept by rollup_fold.';
comment on column sales_rollup.day is 'The business day.';
comment on column sales_rollup.partner_id is 'The partner.';
comment on column sales_rollup.product_id is 'The product.';
comment on column sales_rollup.region_id is 'The region of that day; all zeros for none.';
comment on column sales_rollup.manager_id is 'The manager of that day; all zeros for none.';
comment on column sales_rollup.kind is 'The kind of sale.';
comment on column sales_rollup.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_rollup.currency is 'ISO 4217, of the amount.';
comment on column sales_rollup.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_rollup.amount is 'The net amount.';
comment on column sales_rollup.units is 'The quantity.';
comment on column sales_rollup.lines is 'How many lines.';
comment on column sales_rollup.cost is 'The cost, as far as it is known.';
comment on column sales_rollup.lines_without_cost is 'How many lines have no known cost.';

create table sales_rollup_day (
	day date not null,
	region_id uuid not null,
	manager_id uuid not null,
	kind text collate "C" not null,
	state text collate "C" not null,
	currency text collate "C" not null,
	cost_currency text collate "C" not null,
	amount numeric not null,
	units numeric not null,
	lines bigint not null,
	cost numeric not null,
	lines_without_cost bigint not null,
	primary key (day, region_id, manager_id, kind, state, currency, cost_currency)
) with (fillfactor = 70);
comment on table sales_rollup_day is 'The same sums over all partners and products: small at any number of sales. Partners do not see it.';
comment on column sales_rollup_day.day is 'The business day.';
comment on column sales_rollup_day.region_id is 'The region of that day; all zeros for none.';
comment on column sales_rollup_day.manager_id is 'The manager of that day; all zeros for none.';
comment on column sales_rollup_day.kind is 'The kind of sale.';
comment on column sales_rollup_day.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_rollup_day.currency is 'ISO 4217, of the amount.';
comment on column sales_rollup_day.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_rollup_day.amount is 'The net amount.';
comment on column sales_rollup_day.units is 'The quantity.';
comment on column sales_rollup_day.lines is 'How many lines.';
comment on column sales_rollup_day.cost is 'The cost, as far as it is known.';
comment on column sales_rollup_day.lines_without_cost is 'How many lines have no known cost.';

-- What was sold before there were rollups. The policies are not there yet, so row security waits until afterwards.
insert into sales_rollup (day, partner_id, product_id, region_id, manager_id, kind, state, currency, cost_currency,
	amount, units, lines, cost, lines_without_cost)
select s.sold_on, s.partner_id, s.product_id, coalesce(s.region_id, '00000000-0000-0000-0000-000000000000'),
	coalesce(s.manager_id, '00000000-0000-0000-0000-000000000000'), s.kind,
	case when s.reverses_id is null then s.status else 'void' end, s.currency, s.cost_currency, sum(s.amount), sum(s.quantity),
	sum(case when s.reverses_id is null then 1 else -1 end), sum(coalesce(s.cost, 0)),
	sum(case when s.cost is not null then 0 when s.reverses_id is null then 1 else -1 end)
from sales_record s
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
insert into sales_rollup_day (day, region_id, manager_id, kind, state, currency, cost_currency, amount, units, lines, cost, lines_without_cost)
select r.day, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency,
	sum(r.amount), sum(r.units), sum(r.lines), sum(r.cost), sum(r.lines_without_cost)
from sales_rollup r
group by 1, 2, 3, 4, 5, 6, 7;

do $$
declare
	t text;
begin
	foreach t in array array['sales_delta', 'sales_rollup', 'sales_rollup_day'] loop
		execute format('alter table %I enable row level security, force row level security', t);
	end loop;
end
$$;
