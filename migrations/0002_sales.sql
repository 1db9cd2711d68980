-- What sales are counted with and by: exchange rates, legal entities, customers, calendars, settings, quotas,
-- locks of periods, states of sales.

-- So that an exclusion constraint can say "of the same calendar". Its functions are not ours, so they stand apart.
create schema extension;
create extension btree_gist schema extension;

create table exchange_rate (
	id uuid primary key,
	from_currency text collate "C" not null,
	to_currency text collate "C" not null,
	date date not null,
	type text collate "C" not null default 'spot' constraint exchange_rate_type_unknown check (type in ('spot', 'month_end', 'average', 'budget')),
	rate numeric(30,18) not null constraint exchange_rate_not_positive check (rate > 0),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	constraint exchange_rate_of_itself check (from_currency <> to_currency or rate = 1)
);
create unique index exchange_rate_taken on exchange_rate (from_currency, to_currency, type, date);
create index exchange_rate_by_day on exchange_rate (date, id);
create index exchange_rate_by_from on exchange_rate (from_currency, date, id);
create index exchange_rate_by_to on exchange_rate (to_currency, date, id);
create index exchange_rate_by_type on exchange_rate (type, date, id) where type <> 'spot';
comment on table exchange_rate is 'What currencies are worth. The latest on or before a day counts.';
comment on column exchange_rate.id is 'UUIDv7.';
comment on column exchange_rate.from_currency is 'ISO 4217, of what is valued; with the next two and the day the natural key.';
comment on column exchange_rate.to_currency is 'ISO 4217, of what it is valued in.';
comment on column exchange_rate.date is 'The day from which it holds.';
comment on column exchange_rate.type is 'What it is for.';
comment on column exchange_rate.rate is 'How many units of the one a unit of the other is worth; exactly as it was given.';
comment on column exchange_rate.import_id is 'The import that wrote it last.';
comment on column exchange_rate.version is 'Counts its changes; the ETag.';
comment on column exchange_rate.created_at is 'When it was added.';
comment on column exchange_rate.updated_at is 'When it was changed last.';

create table legal_entity (
	id uuid primary key,
	code text collate "C" not null constraint legal_entity_code_taken unique,
	name text not null,
	country_code text collate "C",
	currency text collate "C",
	tax_id text,
	is_active boolean not null default true,
	custom jsonb not null default '{}' constraint custom_too_many check (custom = '{}' or object_size(custom) <= 100),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	search_text text not null generated always as (search_fold(code || ' ' || name)) stored,
	search text[] not null generated always as (search_grams(code || ' ' || name)) stored
);
create index legal_entity_by_name on legal_entity (name, id);
create index legal_entity_by_activity on legal_entity (is_active, code, id);
create index legal_entity_by_search on legal_entity using gin (search);
comment on table legal_entity is 'The vendor''s companies: who signs and sells.';
comment on column legal_entity.id is 'UUIDv7.';
comment on column legal_entity.code is 'Natural key.';
comment on column legal_entity.name is 'As it is registered.';
comment on column legal_entity.country_code is 'ISO 3166-1, where it is registered.';
comment on column legal_entity.currency is 'ISO 4217, what it keeps its books in.';
comment on column legal_entity.tax_id is 'What the tax office calls it.';
comment on column legal_entity.is_active is 'Whether it still signs.';
comment on column legal_entity.custom is 'Members of the vendor''s own: name to string, integer or boolean.';
comment on column legal_entity.import_id is 'The import that wrote it last.';
comment on column legal_entity.version is 'Counts its changes; the ETag.';
comment on column legal_entity.created_at is 'When it was added.';
comment on column legal_entity.updated_at is 'When it was changed last.';
comment on column legal_entity.search_text is 'Code and name, folded.';
comment on column legal_entity.search is 'The pairs of characters of search_text.';

create table customer (
	id uuid primary key,
	code text collate "C" not null,
	name text not null,
	legal_name text,
	tax_id text collate "C",
	industry text,
	partner_id uuid constraint partner_in_use references partner,
	region_id uuid constraint region_in_use references region,
	address text,
	city text,
	state_province text,
	postal_code text,
	country_code text collate "C",
	phone text,
	email text,
	website text,
	custom jsonb not null default '{}' constraint custom_too_many check (custom = '{}' or object_size(custom) <= 100),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	search_text text not null generated always as (
		search_fold(code || ' ' || name || coalesce(' ' || legal_name, ''))) stored,
	search text[] not null generated always as (
		search_grams(code || ' ' || name || coalesce(' ' || legal_name, ''))) stored
);
create unique index customer_code_taken on customer (code, partner_id) nulls not distinct;
create index customer_by_code on customer (code, id);
create index customer_by_name on customer (name, id);
create index customer_by_partner on customer (partner_id, code, id);
create index customer_by_region on customer (region_id, code, id);
create index customer_by_industry on customer (industry, code, id);
create index customer_by_tax_id on customer (tax_id, code, id) where tax_id is not null;
create index customer_by_search on customer using gin (search);
comment on table customer is 'End customers: who uses what is sold. Partners keep their own, apart from each other.';
comment on column customer.id is 'UUIDv7.';
comment on column customer.code is 'With the partner the natural key, so that no partner meets the code of another.';
comment on column customer.name is 'What people call it.';
comment on column customer.legal_name is 'As it is registered.';
comment on column customer.tax_id is 'What the tax office calls it.';
comment on column customer.industry is 'What it does.';
comment on column customer.partner_id is 'Who serves it; null for the vendor.';
comment on column customer.region_id is 'Where it is.';
comment on column customer.address is 'Street and number.';
comment on column customer.city is 'City.';
comment on column customer.state_province is 'State or province.';
comment on column customer.postal_code is 'Postal code.';
comment on column customer.country_code is 'ISO 3166-1.';
comment on column customer.phone is 'Where it is called.';
comment on column customer.email is 'Where it is written to.';
comment on column customer.website is 'Its website.';
comment on column customer.custom is 'Members of the vendor''s own: name to string, integer or boolean.';
comment on column customer.import_id is 'The import that wrote it last.';
comment on column customer.version is 'Counts its changes; the ETag.';
comment on column customer.created_at is 'When it was added.';
comment on column customer.updated_at is 'When it was changed last.';
comment on column customer.search_text is 'Code and names, folded.';
comment on column customer.search is 'The pairs of characters of search_text.';

create table calendar (
	id uuid primary key,
	code text collate "C" not null constraint calendar_code_taken unique,
	name text not null,
	pattern text collate "C" not null default 'monthly' constraint calendar_pattern_unknown check (pattern in ('monthly', '4-4-5', 'custom')),
	start_month integer not null default 1 constraint calendar_start_month_unlikely check (start_month between 1 and 12),
	year_named_after text collate "C" not null default 'start' constraint calendar_year_naming_unknown check (year_named_after in ('start', 'end')),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create index calendar_by_name on calendar (name, id);
comment on table calendar is 'How the vendor divides time; its periods are in calendar_period.';
comment on column calendar.id is 'UUIDv7.';
comment on column calendar.code is 'Natural key.';
comment on column calendar.name is 'What people call it.';
comment on column calendar.pattern is 'How its periods are generated.';
comment on column calendar.start_month is 'The first month of a year that consists of months.';
comment on column calendar.year_named_after is 'Whether FY2026 is the year that starts in 2026 or the one that ends in it.';
comment on column calendar.import_id is 'The import that wrote it last.';
comment on column calendar.version is 'Counts its changes; the ETag.';
comment on column calendar.created_at is 'When it was added.';
comment on column calendar.updated_at is 'When it was changed last.';

create table calendar_period (
	id uuid primary key,
	calendar_id uuid not null references calendar on delete cascade,
	name text collate "C" not null constraint calendar_period_name_unknown check (name ~ '^FY[1-9]\d{3}(-Q[1-4]|-P\d\d)?$'),
	kind text collate "C" not null generated always as (case substr(name, 8, 1) when 'Q' then 'quarter' when 'P' then 'period' else 'year' end) stored,
	year_name text collate "C" not null generated always as (left(name, 6)) stored,
	starts_on date not null,
	ends_on date not null,
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	constraint calendar_period_backwards check (starts_on <= ends_on),
	constraint calendar_period_overlaps exclude using gist (calendar_id with =, kind with =, daterange(starts_on, ends_on, '[]') with &&)
		deferrable initially immediate
);
create unique index calendar_period_taken on calendar_period (calendar_id, name);
create index calendar_period_by_start on calendar_period (starts_on, id);
create index calendar_period_by_calendar on calendar_period (calendar_id, starts_on, id);
create index calendar_period_by_name on calendar_period (name, starts_on, id);
create index calendar_period_by_kind on calendar_period (kind, starts_on, id);
create index calendar_period_by_day on calendar_period using gist (daterange(starts_on, ends_on, '[]'));
comment on table calendar_period is 'Years, quarters and periods of calendars. Those of one kind follow each other without gap or overlap.';
comment on column calendar_period.id is 'UUIDv7.';
comment on column calendar_period.calendar_id is 'The calendar.';
comment on column calendar_period.name is 'Such as FY2026, FY2026-Q1 or FY2026-P03; with the calendar the natural key.';
comment on column calendar_period.kind is 'What the name says it is.';
comment on column calendar_period.year_name is 'The year that the name says it is in.';
comment on column calendar_period.starts_on is 'Its first day.';
comment on column calendar_period.ends_on is 'Its last day.';
comment on column calendar_period.import_id is 'The import that wrote it last.';
comment on column calendar_period.version is 'Counts its changes; the ETag.';
comment on column calendar_period.created_at is 'When it was added.';
comment on column calendar_period.updated_at is 'When it was changed last.';

create table setting (
	id uuid primary key,
	is_only boolean not null default true constraint setting_taken unique constraint setting_is_not_only check (is_only),
	time_zone text collate "C" not null default 'UTC',
	reporting_currency text collate "C" not null default 'USD',
	rounding text collate "C" not null default 'half_away_from_zero' constraint setting_rounding_unknown check (rounding = 'half_away_from_zero'),
	rate_staleness_days integer not null default 7 constraint setting_rate_staleness_unlikely check (rate_staleness_days between 0 and 3660),
	default_calendar_id uuid constraint calendar_in_use references calendar,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create index setting_by_calendar on setting (default_calendar_id);
comment on table setting is 'What holds for the whole organisation; one row.';
comment on column setting.id is 'Always the same.';
comment on column setting.is_only is 'Always true, and unique.';
comment on column setting.time_zone is 'IANA name, of business dates.';
comment on column setting.reporting_currency is 'ISO 4217, what reports convert to.';
comment on column setting.rounding is 'How a report is rounded, once, at its end.';
comment on column setting.rate_staleness_days is 'How old an exchange rate may be before it counts as missing.';
comment on column setting.default_calendar_id is 'The calendar of fiscal periods that name no other.';
comment on column setting.version is 'Counts its changes; the ETag.';
comment on column setting.created_at is 'When the database was made.';
comment on column setting.updated_at is 'When it was changed last.';
insert into setting (id) values ('00000000-0000-7000-8000-000000000001');

create table quota (
	id uuid primary key,
	manager_id uuid not null constraint member_in_use references member,
	period text collate "C" not null,
	calendar_id uuid constraint calendar_in_use references calendar,
	amount numeric(18,4) not null constraint quota_negative check (amount >= 0),
	currency text collate "C" not null,
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	constraint quota_without_calendar check ((left(period, 2) = 'FY') = (calendar_id is not null))
);
create unique index quota_taken on quota (manager_id, period, currency);
create index quota_by_manager on quota (manager_id, period, id);
create index quota_by_period on quota (period, id);
create index quota_by_currency on quota (currency, period, id);
create index quota_by_calendar on quota (calendar_id, period);
comment on table quota is 'What channel managers are to sell in a period.';
comment on column quota.id is 'UUIDv7.';
comment on column quota.manager_id is 'The channel manager; with period and currency the natural key.';
comment on column quota.period is 'Such as 2026, 2026-Q4, 2026-11, 2026-W48, FY2026, FY2026-Q1 or FY2026-P03; see period_range.';
comment on column quota.calendar_id is 'The calendar of a fiscal period; null for others.';
comment on column quota.amount is 'What is to be sold, net.';
comment on column quota.currency is 'ISO 4217.';
comment on column quota.import_id is 'The import that wrote it last.';
comment on column quota.version is 'Counts its changes; the ETag.';
comment on column quota.created_at is 'When it was added.';
comment on column quota.updated_at is 'When it was changed last.';

create table period_lock (
	id uuid primary key,
	period text collate "C" not null,
	calendar_id uuid constraint calendar_in_use references calendar,
	legal_entity_id uuid constraint legal_entity_in_use references legal_entity,
	days daterange not null,
	reason text,
	created_by uuid,
	reopened_at timestamptz,
	reopened_by uuid,
	reopened_reason text,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create unique index period_locked_already on period_lock (period, calendar_id, legal_entity_id) nulls not distinct where reopened_at is null;
create index period_lock_by_days on period_lock using gist (days);
create index period_lock_by_time on period_lock (created_at, id);
create index period_lock_by_period on period_lock (period, created_at, id);
create index period_lock_by_calendar on period_lock (calendar_id);
create index period_lock_by_entity on period_lock (legal_entity_id, created_at, id);
comment on table period_lock is 'Periods in which nothing is booked, and those in which nothing was until they were reopened.';
comment on column period_lock.id is 'UUIDv7.';
comment on column period_lock.period is 'The name of the period; see period_range.';
comment on column period_lock.calendar_id is 'The calendar of a fiscal period; null for others.';
comment on column period_lock.legal_entity_id is 'Whose period it is; null for everyone''s.';
comment on column period_lock.days is 'The days that are locked, as the calendar was then.';
comment on column period_lock.reason is 'Why it was locked.';
comment on column period_lock.created_by is 'The API key that locked it.';
comment on column period_lock.reopened_at is 'When it was reopened; null while it holds.';
comment on column period_lock.reopened_by is 'The API key that reopened it.';
comment on column period_lock.reopened_reason is 'Why it was reopened.';
comment on column period_lock.version is 'Counts its changes; the ETag.';
comment on column period_lock.created_at is 'When it was locked.';
comment on column period_lock.updated_at is 'When it was changed last.';

alter table sales_record
	drop constraint sales_record_status_unknown,
	add constraint sales_record_status_unknown check (status in ('reported', 'confirmed', 'disputed', 'void'));

create table sales_record_status_move (
	from_status text collate "C" not null,
	to_status text collate "C" not null,
	operation text collate "C" not null,
	primary key (from_status, to_status, operation)
);
comment on table sales_record_status_move is 'The moves that a sales record''s status can make.';
comment on column sales_record_status_move.from_status is 'Where the move begins.';
comment on column sales_record_status_move.to_status is 'Where it ends.';
comment on column sales_record_status_move.operation is 'What is done to move it.';
insert into sales_record_status_move (from_status, to_status, operation) values
	('reported', 'confirmed', 'confirm'),
	('reported', 'disputed', 'dispute'),
	('confirmed', 'disputed', 'dispute'),
	('disputed', 'confirmed', 'resolve'),
	('disputed', 'void', 'resolve'),
	('reported', 'void', 'void'),
	('confirmed', 'void', 'void'),
	('disputed', 'void', 'void');

create table sales_record_status_change (
	id uuid primary key,
	sales_record_id uuid not null,
	partner_id uuid not null references partner on delete cascade,
	from_status text collate "C" not null,
	to_status text collate "C" not null,
	reason text,
	actor_id uuid,
	changed_at timestamptz not null
);
create index sales_record_status_change_by_record on sales_record_status_change (sales_record_id, changed_at, id);
create index sales_record_status_change_by_partner on sales_record_status_change (partner_id);
comment on table sales_record_status_change is 'Every move that a sales record''s status made.';
comment on column sales_record_status_change.id is 'UUIDv7.';
comment on column sales_record_status_change.sales_record_id is 'The record that moved. Not a foreign key: records are never deleted.';
comment on column sales_record_status_change.partner_id is 'The partner that it belongs to.';
comment on column sales_record_status_change.from_status is 'Its status before.';
comment on column sales_record_status_change.to_status is 'Its status after.';
comment on column sales_record_status_change.reason is 'Why, in the words of who asked.';
comment on column sales_record_status_change.actor_id is 'The API key that asked.';
comment on column sales_record_status_change.changed_at is 'When.';

do $$
declare
	t text;
begin
	foreach t in array array['exchange_rate', 'legal_entity', 'customer', 'calendar', 'calendar_period', 'setting', 'quota', 'period_lock',
		'sales_record_status_move', 'sales_record_status_change'] loop
		execute format('alter table %I enable row level security, force row level security', t);
	end loop;
end
$$;
