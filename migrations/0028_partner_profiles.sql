-- What is known of a partner: where it sells, to whom, what it can do, who speaks for it, what a visit found; and how large a market is.
create table partner_coverage (
	like template.record including all,
	partner_id uuid not null references partner on delete cascade,
	region_id uuid not null constraint region_in_use__coverage references region,
	product_category text,
	outlets integer not null,
	sales_reps integer not null,
	population_share_pct numeric(7, 4),
	valid_from date not null,
	valid_to date,
	evidence text,
	constraint partner_coverage_overlaps exclude using gist (
		partner_id with =, region_id with =, coalesce(product_category, '') with =, daterange(valid_from, valid_to, '[]') with &&)
);
create unique index partner_coverage_taken on partner_coverage (valid_from, partner_id, region_id, product_category) nulls not distinct;
create index partner_coverage_by_day on partner_coverage (valid_from, id);
create index partner_coverage_by_partner on partner_coverage (partner_id, valid_from, id);
create index partner_coverage_by_region on partner_coverage (region_id);
comment on table partner_coverage is 'Where a partner sells, and with how many outlets and people; of one region and category at most one at a time.';
comment on column partner_coverage.partner_id is 'The partner.';
comment on column partner_coverage.region_id is 'Where it sells.';
comment on column partner_coverage.product_category is 'What it sells there, as products have it; null: all.';
comment on column partner_coverage.outlets is 'How many shops or offices it has there.';
comment on column partner_coverage.sales_reps is 'How many people sell there.';
comment on column partner_coverage.population_share_pct is 'The percentage of the region''s people or customers that it reaches.';
comment on column partner_coverage.valid_from is 'The first day for which this holds.';
comment on column partner_coverage.valid_to is 'The last day; null: until further notice.';
comment on column partner_coverage.evidence is 'How this is known.';

create table partner_customer_segment (
	like template.record including all,
	partner_id uuid not null references partner on delete cascade,
	customer_type text collate "C" not null,
	as_of date not null,
	customers integer not null,
	repeat_pct numeric(7, 4),
	retained_pct numeric(7, 4),
	top10_share_pct numeric(7, 4)
);
create unique index partner_customer_segment_taken on partner_customer_segment (as_of, partner_id, customer_type);
create index partner_customer_segment_by_day on partner_customer_segment (as_of, id);
create index partner_customer_segment_by_partner on partner_customer_segment (partner_id, as_of, id);
comment on table partner_customer_segment is 'What customers a partner has, by type: how many, and how loyal.';
comment on column partner_customer_segment.partner_id is 'The partner.';
comment on column partner_customer_segment.customer_type is 'The vendor''s word for this type of customers.';
comment on column partner_customer_segment.as_of is 'The day for which the figures hold.';
comment on column partner_customer_segment.customers is 'How many there are.';
comment on column partner_customer_segment.repeat_pct is 'The percentage that bought more than once within twelve months.';
comment on column partner_customer_segment.retained_pct is 'The percentage of those of the year before that still buy.';
comment on column partner_customer_segment.top10_share_pct is 'The percentage of sales that goes to the ten largest.';

create table partner_capability (
	like template.record including all,
	partner_id uuid not null references partner on delete cascade,
	area text collate "C" not null,
	name text not null,
	level smallint not null,
	headcount integer,
	valid_to date,
	evidence text
);
create unique index partner_capability_taken on partner_capability (name, partner_id, area);
create index partner_capability_by_name on partner_capability (name, id);
create index partner_capability_by_partner on partner_capability (partner_id, name, id);
comment on table partner_capability is 'What a partner is able to do, and how well.';
comment on column partner_capability.partner_id is 'The partner.';
comment on column partner_capability.area is 'Selling, technology, service, marketing, logistics or finance.';
comment on column partner_capability.name is 'What it can do.';
comment on column partner_capability.level is 'How well: from 1 (knows of it) to 5 (teaches others).';
comment on column partner_capability.headcount is 'How many people can do it.';
comment on column partner_capability.valid_to is 'The last day on which this holds, such as that of a certificate.';
comment on column partner_capability.evidence is 'How this is known.';

create table partner_reference (
	like template.record including all,
	partner_id uuid not null references partner on delete cascade,
	customer_name text not null,
	project text,
	year integer,
	verified_at timestamptz
);
create unique index partner_reference_taken on partner_reference (customer_name, partner_id, project) nulls not distinct;
create index partner_reference_by_customer on partner_reference (customer_name, id);
create index partner_reference_by_partner on partner_reference (partner_id, customer_name, id);
comment on table partner_reference is 'Customers that speak for a partner.';
comment on column partner_reference.partner_id is 'The partner.';
comment on column partner_reference.customer_name is 'The customer.';
comment on column partner_reference.project is 'What was done for it.';
comment on column partner_reference.year is 'When.';
comment on column partner_reference.verified_at is 'When somebody asked the customer; null: not yet.';

create table due_diligence_visit (
	like template.record including all,
	partner_id uuid not null references partner on delete cascade,
	visited_on date not null,
	checklist jsonb not null default '[]',
	finding text,
	decision text collate "C" not null
);
create unique index due_diligence_visit_taken on due_diligence_visit (visited_on, partner_id);
create index due_diligence_visit_by_day on due_diligence_visit (visited_on, id);
create index due_diligence_visit_by_partner on due_diligence_visit (partner_id, visited_on, id);
comment on table due_diligence_visit is 'What was found where somebody went to see a partner.';
comment on column due_diligence_visit.partner_id is 'The partner.';
comment on column due_diligence_visit.visited_on is 'The day.';
comment on column due_diligence_visit.checklist is 'What was looked at: item, whether it was in order, a note.';
comment on column due_diligence_visit.finding is 'In words.';
comment on column due_diligence_visit.decision is 'Passed, passed with conditions, or failed.';

create table market_size (
	like template.record including all,
	region_id uuid not null constraint region_in_use__market_size references region,
	product_category text,
	period text collate "C" not null,
	amount numeric(18, 4) not null,
	currency text collate "C" not null,
	price_level text collate "C" not null,
	source text not null,
	competitors jsonb not null default '[]'
);
create unique index market_size_taken on market_size (period, region_id, product_category, price_level) nulls not distinct;
create index market_size_by_period on market_size (period, id);
create index market_size_by_region on market_size (region_id);
create index market_size_by_category on market_size (product_category, period, id);
comment on table market_size is 'What all vendors together sell in a region in a period, by whose estimate.';
comment on column market_size.region_id is 'Where.';
comment on column market_size.product_category is 'Of which products, as they have it; null: all.';
comment on column market_size.period is 'A year, quarter, month or week, or a fiscal one of the default calendar.';
comment on column market_size.amount is 'The size of the market.';
comment on column market_size.currency is 'ISO 4217.';
comment on column market_size.price_level is 'At whose prices: those that end users pay, or those that partners pay to vendors.';
comment on column market_size.source is 'Whose figure it is.';
comment on column market_size.competitors is 'What others sell of it: name and amount.';
