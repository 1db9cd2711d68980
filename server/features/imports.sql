-- name: stageRegions
-- Where the rows of a file of regions wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	code text, name text, parent_id uuid, parent_code text, custom jsonb
) on commit drop;

-- name: judgeRegions
-- Decides about every staged row; columns is what the file has of the members of a region.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_regions(:columns) as j;

-- name: postRegions
-- Writes what was judged created or updated.
select import_post_regions(:import_id, :now);

-- name: stageProducts
-- Where the rows of a file of products wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	sku text, name text, category text, subcategory text, color text, standard_cost numeric(18,6), currency text, is_active boolean, custom jsonb
) on commit drop;

-- name: judgeProducts
-- Decides about every staged row; columns is what the file has of the members of a product.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_products(:columns) as j;

-- name: postProducts
-- Writes what was judged created or updated.
select import_post_products(:import_id, :now);

-- name: stageMembers
-- Where the rows of a file of members wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	code text, name text, email text, phone text, title text, region_id uuid, region_code text, is_active boolean, custom jsonb
) on commit drop;

-- name: judgeMembers
-- Decides about every staged row; columns is what the file has of the members of a member.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_members(:columns) as j;

-- name: postMembers
-- Writes what was judged created or updated.
select import_post_members(:import_id, :now);

-- name: stagePartners
-- Where the rows of a file of partners wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	code text, name text, legal_name text, tax_id text, type text, group_name text, status text, tier text, parent_id uuid, parent_code text,
	manager_id uuid, manager_code text, region_id uuid, region_code text, industries text[], employees integer, founded_year integer,
	address text, city text, state_province text, postal_code text, country_code text, phone text, website text, currency text, tags text[],
	external_refs jsonb, custom jsonb
) on commit drop;

-- name: judgePartners
-- Decides about every staged row; columns is what the file has of the members of a partner.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_partners(:columns) as j;

-- name: postPartners
-- Writes what was judged created or updated.
select import_post_partners(:import_id, :now);

-- name: stageSalesRecords
-- Where the rows of a file of sales records wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	external_ref text, source text, sold_on date, partner_id uuid, partner_code text, product_id uuid, sku text,
	region_id uuid, region_code text, manager_id uuid, manager_code text, quantity numeric(18,4), unit_price numeric(18,6), amount numeric(18,4),
	currency text, cost numeric(18,4), cost_currency text, kind text, order_ref text, legal_entity_id uuid, legal_entity_code text,
	seller_id uuid, seller_code text, customer_id uuid, customer_code text, customer_region_id uuid, customer_region_code text, deal_ref text,
	discount numeric(18,4), tax_rate numeric(9,6), tax_amount numeric(18,4), gross_amount numeric(18,4), price_includes_tax boolean,
	invoiced_on date, shipped_on date, paid_on date, returns_id uuid, returns_external_ref text, custom jsonb
) on commit drop;

-- name: judgeSalesRecords
-- Decides about every staged row.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_sales_records(:columns) as j;

-- name: postSalesRecords
-- Adds what was judged created.
select import_post_sales_records(:import_id, :now);

-- name: stageExchangeRates
-- Where the rows of a file of exchange rates wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	from_currency text, to_currency text, date date, type text, rate numeric(30,18), currency text, usd_per_unit numeric(30,18)
) on commit drop;

-- name: judgeExchangeRates
-- Decides about every staged row; columns is what the file has of the members of a row.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_exchange_rates(:columns) as j;

-- name: postExchangeRates
-- Writes what was judged created or updated.
select import_post_exchange_rates(:import_id, :now);

-- name: stageLegalEntities
-- Where the rows of a file of legal entities wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	code text, name text, country_code text, currency text, tax_id text, is_active boolean, custom jsonb
) on commit drop;

-- name: judgeLegalEntities
-- Decides about every staged row; columns is what the file has of the members of a legal entity.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_legal_entities(:columns) as j;

-- name: postLegalEntities
-- Writes what was judged created or updated.
select import_post_legal_entities(:import_id, :now);

-- name: stageCustomers
-- Where the rows of a file of customers wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	code text, name text, legal_name text, tax_id text, industry text, partner_id uuid, partner_code text, region_id uuid, region_code text,
	address text, city text, state_province text, postal_code text, country_code text, phone text, email text, website text, custom jsonb
) on commit drop;

-- name: judgeCustomers
-- Decides about every staged row; columns is what the file has of the members of a customer.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_customers(:columns) as j;

-- name: postCustomers
-- Writes what was judged created or updated.
select import_post_customers(:import_id, :now);

-- name: stageCalendars
-- Where the rows of a file of calendars wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	code text, name text, pattern text, start_month integer, year_named_after text
) on commit drop;

-- name: judgeCalendars
-- Decides about every staged row; columns is what the file has of the members of a calendar.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_calendars(:columns) as j;

-- name: postCalendars
-- Writes what was judged created or updated.
select import_post_calendars(:import_id, :now);

-- name: stageCalendarPeriods
-- Where the rows of a file of periods wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	calendar_id uuid, calendar_code text, name text, starts_on date, ends_on date
) on commit drop;

-- name: judgeCalendarPeriods
-- Decides about every staged row; columns is what the file has of the members of a period.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_calendar_periods(:columns) as j;

-- name: postCalendarPeriods
-- Writes what was judged created or updated.
select import_post_calendar_periods(:import_id, :now);

-- name: stageQuotas
-- Where the rows of a file of quotas wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb,
	manager_id uuid, manager_code text, period text, calendar_id uuid, calendar_code text, amount numeric(18,4), currency text
) on commit drop;

-- name: judgeQuotas
-- Decides about every staged row; columns is what the file has of the members of a quota.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_quotas(:columns) as j;

-- name: postQuotas
-- Writes what was judged created or updated.
select import_post_quotas(:import_id, :now);

-- name: stagedErrors
-- The first refusals, for the answer.
select e.line, e.pointer, e.code, e.detail
from import_faults(1000) as e;

-- name: finishImport
-- Writes down the import and its refusals, posted or not; partners appear by themselves.
select import_finish(row(:id, :resource, :started_at, :now, :actor_id, null, :rows, :created, :updated, :unchanged, :rejected, :digest,
	:is_dry_run, :is_atomic, :is_posted)::import);
