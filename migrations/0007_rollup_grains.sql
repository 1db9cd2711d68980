-- Three more grains of the sums of sales, so that a dashboard reads few rows however many sales there are: all sales of a day, those of a
-- region and manager in a month, and those of a partner in a day.

create table sales_rollup_total (
	day date not null,
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
	primary key (day, kind, state, currency, cost_currency, legal_entity_id)
) with (fillfactor = 70);
create table sales_rollup_month (
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
	primary key (month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id)
) with (fillfactor = 70);
create table sales_rollup_partner (
	partner_id uuid not null,
	day date not null,
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
	primary key (partner_id, day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id)
) with (fillfactor = 90);
create index sales_rollup_partner_by_day on sales_rollup_partner (day);
comment on table sales_rollup_partner is 'The sums of sales_rollup over all products.';
comment on column sales_rollup_partner.partner_id is 'The partner.';
comment on column sales_rollup_partner.day is 'The business day.';
comment on column sales_rollup_partner.region_id is 'The region of that day; all zeros for none.';
comment on column sales_rollup_partner.manager_id is 'The manager of that day; all zeros for none.';
comment on column sales_rollup_partner.kind is 'The kind of sale.';
comment on column sales_rollup_partner.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_rollup_partner.currency is 'ISO 4217, of the amount.';
comment on column sales_rollup_partner.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_rollup_partner.legal_entity_id is 'The legal entity; all zeros for none.';
comment on column sales_rollup_partner.amount is 'The net amount.';
comment on column sales_rollup_partner.units is 'The quantity.';
comment on column sales_rollup_partner.lines is 'How many lines.';
comment on column sales_rollup_partner.cost is 'The cost, as far as it is known.';
comment on column sales_rollup_partner.lines_without_cost is 'How many lines have no known cost.';
comment on table sales_rollup_total is 'The sums of sales_rollup_day over all regions and managers. Partners do not see it.';
comment on table sales_rollup_month is 'The sums of sales_rollup_day over the days of a month. Partners do not see it.';
comment on column sales_rollup_total.day is 'The business day.';
comment on column sales_rollup_month.month is 'The first day of the month.';
comment on column sales_rollup_month.region_id is 'The region of that day; all zeros for none.';
comment on column sales_rollup_month.manager_id is 'The manager of that day; all zeros for none.';
comment on column sales_rollup_total.kind is 'The kind of sale.';
comment on column sales_rollup_total.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_rollup_total.currency is 'ISO 4217, of the amount.';
comment on column sales_rollup_total.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_rollup_total.legal_entity_id is 'The legal entity; all zeros for none.';
comment on column sales_rollup_total.amount is 'The net amount.';
comment on column sales_rollup_total.units is 'The quantity.';
comment on column sales_rollup_total.lines is 'How many lines.';
comment on column sales_rollup_total.cost is 'The cost, as far as it is known.';
comment on column sales_rollup_total.lines_without_cost is 'How many lines have no known cost.';
comment on column sales_rollup_month.kind is 'The kind of sale.';
comment on column sales_rollup_month.state is 'The status of the records; void for what was taken back and for what takes it back.';
comment on column sales_rollup_month.currency is 'ISO 4217, of the amount.';
comment on column sales_rollup_month.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_rollup_month.legal_entity_id is 'The legal entity; all zeros for none.';
comment on column sales_rollup_month.amount is 'The net amount.';
comment on column sales_rollup_month.units is 'The quantity.';
comment on column sales_rollup_month.lines is 'How many lines.';
comment on column sales_rollup_month.cost is 'The cost, as far as it is known.';
comment on column sales_rollup_month.lines_without_cost is 'How many lines have no known cost.';

insert into sales_rollup_total (day, kind, state, currency, cost_currency, legal_entity_id, amount, units, lines, cost, lines_without_cost)
select r.day, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id, sum(r.amount), sum(r.units), sum(r.lines), sum(r.cost), sum(r.lines_without_cost)
from sales_rollup_day r
group by 1, 2, 3, 4, 5, 6;
insert into sales_rollup_month (month, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id, amount, units, lines, cost, lines_without_cost)
select date_trunc('month', r.day)::date, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
	sum(r.amount), sum(r.units), sum(r.lines), sum(r.cost), sum(r.lines_without_cost)
from sales_rollup_day r
group by 1, 2, 3, 4, 5, 6, 7, 8;
insert into sales_rollup_partner (partner_id, day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id,
	amount, units, lines, cost, lines_without_cost)
select r.partner_id, r.day, r.region_id, r.manager_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id,
	sum(r.amount), sum(r.units), sum(r.lines), sum(r.cost), sum(r.lines_without_cost)
from sales_rollup r
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;

alter table sales_rollup_partner enable row level security, force row level security;
alter table sales_rollup_total enable row level security, force row level security;
alter table sales_rollup_month enable row level security, force row level security;
