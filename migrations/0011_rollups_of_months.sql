-- Months of products and of partners, so that reports by either read thousands of rows where there are millions of days.

create table sales_rollup_product_month (
	product_id uuid not null,
	month date not null,
	kind text collate "C" not null,
	state text collate "C" not null,
	currency text collate "C" not null,
	cost_currency text collate "C" not null,
	legal_entity_id uuid not null,
	amount numeric not null,
	units numeric not null,
	lines bigint not null,
	cost numeric not null,
	lines_without_cost bigint not null,
	primary key (product_id, month, kind, state, currency, cost_currency, legal_entity_id)
) with (fillfactor = 70);
comment on table sales_rollup_product_month is 'The sums of sales_rollup over all partners, regions and managers and the days of a month. Partners do not see it.';
comment on column sales_rollup_product_month.product_id is 'The product.';
comment on column sales_rollup_product_month.month is 'The first day of the month.';
comment on column sales_rollup_product_month.kind is 'The kind of sale.';
comment on column sales_rollup_product_month.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_rollup_product_month.currency is 'ISO 4217, of the amount.';
comment on column sales_rollup_product_month.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_rollup_product_month.legal_entity_id is 'The legal entity; all zeros for none.';
comment on column sales_rollup_product_month.amount is 'The net amount.';
comment on column sales_rollup_product_month.units is 'The quantity.';
comment on column sales_rollup_product_month.lines is 'How many lines.';
comment on column sales_rollup_product_month.cost is 'The cost, as far as it is known.';
comment on column sales_rollup_product_month.lines_without_cost is 'How many lines have no known cost.';
insert into sales_rollup_product_month (product_id, month, kind, state, currency, cost_currency, legal_entity_id,
	amount, units, lines, cost, lines_without_cost)
select r.product_id, date_trunc('month', r.day)::date, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
	sum(r.amount), sum(r.units), sum(r.lines), sum(r.cost), sum(r.lines_without_cost)
from sales_rollup r
group by 1, 2, 3, 4, 5, 6, 7;
alter table sales_rollup_product_month enable row level security, force row level security;

create table sales_rollup_partner_month (
	partner_id uuid not null,
	month date not null,
	region_id uuid not null,
	manager_id uuid not null,
	kind text collate "C" not null,
	state text collate "C" not null,
	currency text collate "C" not null,
	cost_currency text collate "C" not null,
	legal_entity_id uuid not null,
	amount numeric not null,
	units numeric not null,
	lines bigint not null,
	cost numeric not null,
	lines_without_cost bigint not null,
	primary key (partner_id, month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id)
) with (fillfactor = 70);
create index sales_rollup_partner_month_by_month on sales_rollup_partner_month (month);
comment on table sales_rollup_partner_month is 'The sums of sales_rollup_partner over the days of a month.';
comment on column sales_rollup_partner_month.partner_id is 'The partner.';
comment on column sales_rollup_partner_month.month is 'The first day of the month.';
comment on column sales_rollup_partner_month.region_id is 'The region of that day; all zeros for none.';
comment on column sales_rollup_partner_month.manager_id is 'The manager of that day; all zeros for none.';
comment on column sales_rollup_partner_month.kind is 'The kind of sale.';
comment on column sales_rollup_partner_month.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_rollup_partner_month.currency is 'ISO 4217, of the amount.';
comment on column sales_rollup_partner_month.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_rollup_partner_month.legal_entity_id is 'The legal entity; all zeros for none.';
comment on column sales_rollup_partner_month.amount is 'The net amount.';
comment on column sales_rollup_partner_month.units is 'The quantity.';
comment on column sales_rollup_partner_month.lines is 'How many lines.';
comment on column sales_rollup_partner_month.cost is 'The cost, as far as it is known.';
comment on column sales_rollup_partner_month.lines_without_cost is 'How many lines have no known cost.';
insert into sales_rollup_partner_month (partner_id, month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id,
	amount, units, lines, cost, lines_without_cost)
select r.partner_id, date_trunc('month', r.day)::date, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
	sum(r.amount), sum(r.units), sum(r.lines), sum(r.cost), sum(r.lines_without_cost)
from sales_rollup_partner r
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
alter table sales_rollup_partner_month enable row level security, force row level security;
