-- What sales are counted with: exchange rates, legal entities.

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

do $$
declare
	t text;
begin
	foreach t in array array['exchange_rate', 'legal_entity'] loop
		execute format('alter table %I enable row level security, force row level security', t);
	end loop;
end
$$;
