-- The foundation: regions, products, members, partners, contacts, sales records, API keys, imports, and what every write owes.
-- Functions that columns depend on stand here, because they may never change; all others are in routines/.

create function search_fold(words text) returns text
	language sql immutable strict parallel safe security invoker
	return lower(normalize(words, nfkc) collate "default");
comment on function search_fold(text) is 'The form in which names are searched: compatibility forms unified, lower case.';

create function search_grams(words text) returns text[]
	language plpgsql immutable parallel safe security invoker set search_path = pg_catalog
as $$
declare
	folded constant text := lower(normalize(words, nfkc) collate "default");
	grams text[] := '{}';
begin
	for i in 1 .. length(folded) - 1 loop
		grams[i] := substr(folded, i, 2);
	end loop;
	return grams;
end
$$;
comment on function search_grams(text) is 'Every two neighbouring characters: two Chinese characters are one, so any substring of two or more is found through an index.';

create function object_size(members jsonb) returns bigint
	language sql immutable strict parallel safe security invoker
	return (select count(*) from jsonb_object_keys(members));
comment on function object_size(jsonb) is 'How many members a JSON object has.';

create table region (
	id uuid primary key,
	code text collate "C" not null constraint region_code_taken unique,
	name text not null,
	parent_id uuid constraint region_in_use references region,
	custom jsonb not null default '{}' constraint custom_too_many check (custom = '{}' or object_size(custom) <= 100),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	search_text text not null generated always as (search_fold(code || ' ' || name)) stored,
	search text[] not null generated always as (search_grams(code || ' ' || name)) stored
);
create index region_by_name on region (name, id);
create index region_by_parent on region (parent_id, code, id);
create index region_by_search on region using gin (search);
comment on table region is 'Where things are sold, as a tree: group, country, territory.';
comment on column region.id is 'UUIDv7.';
comment on column region.code is 'Natural key.';
comment on column region.name is 'What people call it.';
comment on column region.parent_id is 'The region that it is a part of.';
comment on column region.custom is 'Members of the vendor''s own: name to string, integer or boolean.';
comment on column region.import_id is 'The import that wrote it last.';
comment on column region.version is 'Counts its changes; the ETag.';
comment on column region.created_at is 'When it was added.';
comment on column region.updated_at is 'When it was changed last.';
comment on column region.search_text is 'Code and name, folded.';
comment on column region.search is 'The pairs of characters of search_text.';

create table region_span (
	region_id uuid primary key references region on delete cascade,
	span int4range not null,
	depth integer not null
);
create index region_span_by_span on region_span using gist (span);
comment on table region_span is 'The tree of regions as a nested set: a region is below another if its span lies within. Kept by a trigger.';
comment on column region_span.region_id is 'The region.';
comment on column region_span.span is 'Its place in the tree walked in order, up to the last of what is below it.';
comment on column region_span.depth is 'How many regions are above it.';

create table product (
	id uuid primary key,
	sku text collate "C" not null constraint product_sku_taken unique,
	name text not null,
	category text,
	subcategory text,
	color text,
	standard_cost numeric(18,6),
	currency text collate "C" not null default 'USD',
	is_active boolean not null default true,
	custom jsonb not null default '{}' constraint custom_too_many check (custom = '{}' or object_size(custom) <= 100),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	search_text text not null generated always as (search_fold(sku || ' ' || name)) stored,
	search text[] not null generated always as (search_grams(sku || ' ' || name)) stored
);
create index product_by_name on product (name, id);
create index product_by_category on product (category, subcategory, sku, id);
create index product_by_subcategory on product (subcategory, sku, id);
create index product_by_activity on product (is_active, sku, id);
create index product_by_search on product using gin (search);
comment on table product is 'What partners sell.';
comment on column product.id is 'UUIDv7.';
comment on column product.sku is 'Natural key.';
comment on column product.name is 'What people call it.';
comment on column product.category is 'Its group, as the vendor names it.';
comment on column product.subcategory is 'Its group within the category.';
comment on column product.color is 'Its colour, where it has one.';
comment on column product.standard_cost is 'What one unit costs the vendor; partners never see it.';
comment on column product.currency is 'ISO 4217, of the standard cost.';
comment on column product.is_active is 'Whether it is still sold.';
comment on column product.custom is 'Members of the vendor''s own: name to string, integer or boolean.';
comment on column product.import_id is 'The import that wrote it last.';
comment on column product.version is 'Counts its changes; the ETag.';
comment on column product.created_at is 'When it was added.';
comment on column product.updated_at is 'When it was changed last.';
comment on column product.search_text is 'SKU and name, folded.';
comment on column product.search is 'The pairs of characters of search_text.';

create table member (
	id uuid primary key,
	code text collate "C" not null constraint member_code_taken unique,
	name text not null,
	email text,
	phone text,
	title text,
	region_id uuid constraint region_in_use references region,
	is_active boolean not null default true,
	custom jsonb not null default '{}' constraint custom_too_many check (custom = '{}' or object_size(custom) <= 100),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	search_text text not null generated always as (search_fold(code || ' ' || name)) stored,
	search text[] not null generated always as (search_grams(code || ' ' || name)) stored
);
create index member_by_name on member (name, id);
create index member_by_region on member (region_id);
create index member_by_activity on member (is_active, code, id);
create index member_by_search on member using gin (search);
comment on table member is 'The vendor''s channel managers and staff.';
comment on column member.id is 'UUIDv7.';
comment on column member.code is 'Natural key.';
comment on column member.name is 'What people call them.';
comment on column member.email is 'Where they are written to.';
comment on column member.phone is 'Where they are called.';
comment on column member.title is 'Their position.';
comment on column member.region_id is 'The region they work for.';
comment on column member.is_active is 'Whether they still work for the vendor.';
comment on column member.custom is 'Members of the vendor''s own: name to string, integer or boolean.';
comment on column member.import_id is 'The import that wrote it last.';
comment on column member.version is 'Counts its changes; the ETag.';
comment on column member.created_at is 'When they were added.';
comment on column member.updated_at is 'When they were changed last.';
comment on column member.search_text is 'Code and name, folded.';
comment on column member.search is 'The pairs of characters of search_text.';

create table partner (
	id uuid primary key,
	code text collate "C" not null constraint partner_code_taken unique,
	name text not null,
	legal_name text,
	tax_id text,
	type text collate "C" not null default 'reseller' constraint partner_type_unknown check (type in (
		'distributor', 'reseller', 'agent', 'dealer', 'system_integrator', 'isv', 'referral', 'retailer')),
	group_name text,
	status text collate "C" not null default 'prospect' constraint partner_status_unknown check (status in (
		'prospect', 'onboarding', 'active', 'suspended', 'dormant', 'terminating', 'terminated', 'rejected', 'blacklisted')),
	pending_status text collate "C",
	pending_by uuid,
	tier text collate "C" not null default 'registered',
	parent_id uuid constraint partner_in_use references partner,
	manager_id uuid constraint member_in_use references member,
	region_id uuid constraint region_in_use references region,
	industries text[] not null default '{}',
	employees integer constraint partner_employees_negative check (employees >= 0),
	founded_year integer constraint partner_founded_year_unlikely check (founded_year between 1000 and 9999),
	address text,
	city text,
	state_province text,
	postal_code text,
	country_code text collate "C",
	phone text,
	website text,
	currency text collate "C",
	tags text[] not null default '{}',
	external_refs jsonb not null default '{}' constraint external_refs_too_many check (external_refs = '{}' or object_size(external_refs) <= 100),
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
create index partner_by_name on partner (name, id);
create index partner_by_created_at on partner (created_at, id);
create index partner_by_updated_at on partner (updated_at, id);
create index partner_by_status on partner (status, code, id);
create index partner_by_type on partner (type, code, id);
create index partner_by_tier on partner (tier, code, id);
create index partner_by_country on partner (country_code, code, id);
create index partner_by_region on partner (region_id, code, id);
create index partner_by_manager on partner (manager_id, code, id);
create index partner_by_parent on partner (parent_id, code, id);
create index partner_by_tag on partner using gin (tags);
create index partner_by_search on partner using gin (search);
comment on table partner is 'Companies that sell for us.';
comment on column partner.id is 'UUIDv7.';
comment on column partner.code is 'Natural key.';
comment on column partner.name is 'What people call it.';
comment on column partner.legal_name is 'As it is registered.';
comment on column partner.tax_id is 'Its number at the tax office.';
comment on column partner.type is 'What it does in the channel.';
comment on column partner.group_name is 'The group of companies that it belongs to.';
comment on column partner.status is 'Where it stands in its life; moves as partner_status_move says.';
comment on column partner.pending_status is 'The status that a first approver has asked for and a second has still to confirm.';
comment on column partner.pending_by is 'The API key of the first approver.';
comment on column partner.tier is 'Its level in the partner program.';
comment on column partner.parent_id is 'The partner that it is below.';
comment on column partner.manager_id is 'The member who looks after it.';
comment on column partner.region_id is 'Where it is.';
comment on column partner.industries is 'The industries that it serves.';
comment on column partner.employees is 'How many people work there.';
comment on column partner.founded_year is 'The year it was founded in.';
comment on column partner.address is 'Street and number.';
comment on column partner.city is 'City.';
comment on column partner.state_province is 'State or province.';
comment on column partner.postal_code is 'Postal code.';
comment on column partner.country_code is 'ISO 3166-1 alpha-2.';
comment on column partner.phone is 'Where it is called.';
comment on column partner.website is 'Where it presents itself.';
comment on column partner.currency is 'ISO 4217, in which it trades by default.';
comment on column partner.tags is 'Words that staff sorts partners by.';
comment on column partner.external_refs is 'Its ids in other systems: system to id.';
comment on column partner.custom is 'Members of the vendor''s own: name to string, integer or boolean.';
comment on column partner.import_id is 'The import that wrote it last.';
comment on column partner.version is 'Counts its changes; the ETag.';
comment on column partner.created_at is 'When it was added.';
comment on column partner.updated_at is 'When it was changed last.';
comment on column partner.search_text is 'Code, name and legal name, folded.';
comment on column partner.search is 'The pairs of characters of search_text.';

create table partner_closure (
	ancestor_id uuid not null,
	descendant_id uuid not null,
	depth integer not null,
	primary key (ancestor_id, descendant_id)
);
create index partner_closure_by_descendant on partner_closure (descendant_id, ancestor_id);
comment on table partner_closure is 'Who is below whom, themselves included. Kept by a trigger; says what a partner may see.';
comment on column partner_closure.ancestor_id is 'The partner above.';
comment on column partner_closure.descendant_id is 'The partner below, or the same.';
comment on column partner_closure.depth is 'How many steps lie between: 0 is itself.';

create table partner_status_move (
	from_status text collate "C" not null,
	to_status text collate "C" not null,
	approvals integer not null default 1,
	primary key (from_status, to_status)
);
comment on table partner_status_move is 'The moves that a partner''s status can make.';
comment on column partner_status_move.from_status is 'Where the move begins.';
comment on column partner_status_move.to_status is 'Where it ends.';
comment on column partner_status_move.approvals is 'How many different people must ask for it.';
insert into partner_status_move (from_status, to_status) values
	('prospect', 'onboarding'),
	('prospect', 'rejected'),
	('onboarding', 'active'),
	('onboarding', 'rejected'),
	('active', 'suspended'),
	('active', 'dormant'),
	('active', 'terminating'),
	('suspended', 'active'),
	('suspended', 'terminating'),
	('dormant', 'active'),
	('dormant', 'terminating'),
	('terminating', 'active'),
	('terminating', 'terminated'),
	('prospect', 'blacklisted'),
	('onboarding', 'blacklisted'),
	('active', 'blacklisted'),
	('suspended', 'blacklisted'),
	('dormant', 'blacklisted'),
	('terminating', 'blacklisted'),
	('terminated', 'blacklisted'),
	('rejected', 'blacklisted');
insert into partner_status_move (from_status, to_status, approvals) values
	('blacklisted', 'prospect', 2),
	('blacklisted', 'terminated', 2);

create table partner_status_change (
	id uuid primary key,
	partner_id uuid not null references partner on delete cascade,
	from_status text collate "C" not null,
	to_status text collate "C" not null,
	reason text,
	actor_id uuid,
	changed_at timestamptz not null
);
create index partner_status_change_by_partner on partner_status_change (partner_id, changed_at, id);
comment on table partner_status_change is 'Every move that a partner''s status made.';
comment on column partner_status_change.id is 'UUIDv7.';
comment on column partner_status_change.partner_id is 'The partner that moved.';
comment on column partner_status_change.from_status is 'Its status before.';
comment on column partner_status_change.to_status is 'Its status after.';
comment on column partner_status_change.reason is 'Why, in the words of who asked.';
comment on column partner_status_change.actor_id is 'The API key that completed the move.';
comment on column partner_status_change.changed_at is 'When.';

create table contact (
	id uuid primary key,
	partner_id uuid not null references partner on delete cascade,
	name text not null,
	title text,
	email text,
	phone text,
	language text,
	is_primary boolean not null default false,
	notes text,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create index contact_by_partner on contact (partner_id, name, id);
comment on table contact is 'People at a partner. A deleted one leaves no personal data anywhere.';
comment on column contact.id is 'UUIDv7.';
comment on column contact.partner_id is 'The partner they work for.';
comment on column contact.name is 'Their name.';
comment on column contact.title is 'Their position.';
comment on column contact.email is 'Where they are written to.';
comment on column contact.phone is 'Where they are called.';
comment on column contact.language is 'The language they prefer.';
comment on column contact.is_primary is 'Whether they are whom to ask first.';
comment on column contact.notes is 'What is good to know.';
comment on column contact.version is 'Counts its changes; the ETag.';
comment on column contact.created_at is 'When they were added.';
comment on column contact.updated_at is 'When they were changed last.';

create table sales_record (
	id uuid primary key,
	partner_id uuid not null constraint partner_in_use references partner,
	product_id uuid not null constraint product_in_use references product,
	region_id uuid constraint region_in_use references region,
	manager_id uuid constraint member_in_use references member,
	reverses_id uuid,
	replaces_id uuid,
	replaced_by_id uuid,
	import_id uuid,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	sold_on date not null,
	version integer not null default 1,
	external_ref text collate "C",
	source text collate "C" not null default 'default',
	order_ref text collate "C",
	kind text collate "C" not null default 'sell_in' constraint sales_record_kind_unknown check (kind in (
		'sell_in', 'sell_through', 'agency', 'return_to_vendor', 'return_from_customer')),
	status text collate "C" not null default 'reported' constraint sales_record_status_unknown check (status in (
		'reported', 'void')),
	quantity numeric(18,4) not null,
	unit_price numeric(18,6),
	amount numeric(18,4) not null,
	currency text collate "C" not null,
	cost numeric(18,4),
	cost_currency text collate "C" not null,
	voided_reason text,
	custom jsonb not null default '{}' constraint custom_too_many check (custom = '{}' or object_size(custom) <= 100)
);
create unique index sales_record_ref_taken on sales_record (partner_id, source, external_ref)
	where reverses_id is null and replaced_by_id is null;
create unique index sales_record_void on sales_record (reverses_id) where reverses_id is not null;
create index sales_record_by_partner_and_day on sales_record (partner_id, sold_on, id);
create index sales_record_by_partner_and_time on sales_record (partner_id, created_at, id);
create index sales_record_by_day on sales_record (sold_on, id);
create index sales_record_by_time on sales_record (created_at, id);
create index sales_record_by_product on sales_record (product_id, sold_on, id);
create index sales_record_by_region on sales_record (region_id, sold_on, id);
create index sales_record_by_manager on sales_record (manager_id, sold_on, id);
create index sales_record_by_currency on sales_record (currency, sold_on, id);
create index sales_record_by_kind on sales_record (kind, sold_on, id) where kind <> 'sell_in';
create index sales_record_by_status on sales_record (status, sold_on, id) where status <> 'reported';
create index sales_record_by_source on sales_record (source, sold_on, id) where source <> 'default';
create index sales_record_by_ref on sales_record (external_ref, sold_on, id) where external_ref is not null;
create index sales_record_by_order on sales_record (order_ref, sold_on, id) where order_ref is not null;
create index sales_record_by_import on sales_record (import_id, sold_on, id) where import_id is not null;
comment on table sales_record is 'What was sold. Never edited away: a record is voided by a reversal, or corrected by a reversal and a replacement.';
comment on column sales_record.id is 'UUIDv7.';
comment on column sales_record.partner_id is 'Who bought (sell-in) or sold (sell-through).';
comment on column sales_record.product_id is 'What was sold.';
comment on column sales_record.region_id is 'Where it was sold; stays when the partner moves.';
comment on column sales_record.manager_id is 'Who looked after the partner on that day; stays when that changes.';
comment on column sales_record.reverses_id is 'The record that this one takes back. Not a foreign key: records are never deleted.';
comment on column sales_record.replaces_id is 'The record that this one corrects.';
comment on column sales_record.replaced_by_id is 'The record that corrects this one.';
comment on column sales_record.import_id is 'The import that brought it. Not a foreign key: the import is written last.';
comment on column sales_record.created_at is 'When it was reported.';
comment on column sales_record.updated_at is 'When it was changed last.';
comment on column sales_record.sold_on is 'The business day, in the organisation''s time zone.';
comment on column sales_record.version is 'Counts its changes; the ETag.';
comment on column sales_record.external_ref is 'Natural key, within partner and source.';
comment on column sales_record.source is 'The system that reported it.';
comment on column sales_record.order_ref is 'The order that it is a line of.';
comment on column sales_record.kind is 'Between whom: vendor to partner, partner to its customer, on commission, or back.';
comment on column sales_record.status is 'Whether it counts.';
comment on column sales_record.quantity is 'How many units; negative in a reversal.';
comment on column sales_record.unit_price is 'Net, of one unit.';
comment on column sales_record.amount is 'Net, of all units.';
comment on column sales_record.currency is 'ISO 4217, of price and amount.';
comment on column sales_record.cost is 'What all units cost the vendor; partners never see it.';
comment on column sales_record.cost_currency is 'ISO 4217, of the cost.';
comment on column sales_record.voided_reason is 'Why it was voided.';
comment on column sales_record.custom is 'Members of the vendor''s own: name to string, integer or boolean.';

create table api_key (
	id uuid primary key,
	name text not null,
	role text collate "C" not null constraint api_key_role_unknown check (role in ('admin', 'manager', 'analyst', 'partner')),
	prefix text collate "C" not null,
	secret_hash bytea not null constraint api_key_secret_taken unique,
	partner_id uuid references partner on delete cascade,
	manager_id uuid constraint member_in_use references member,
	scopes text[] not null default '{}',
	expires_at timestamptz,
	revoked_at timestamptz,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	constraint api_key_partner_mismatch check ((role = 'partner') = (partner_id is not null))
);
create index api_key_by_created_at on api_key (created_at, id);
create index api_key_by_name on api_key (name, id);
create index api_key_by_partner on api_key (partner_id);
create index api_key_by_manager on api_key (manager_id);
comment on table api_key is 'Who may call. The secret is shown once and kept as a hash.';
comment on column api_key.id is 'UUIDv7; the actor of whatever it does.';
comment on column api_key.name is 'What it is for.';
comment on column api_key.role is 'What it may do.';
comment on column api_key.prefix is 'How the secret begins, to recognise it by.';
comment on column api_key.secret_hash is 'SHA-256 of the secret.';
comment on column api_key.partner_id is 'The partner that it acts for: it sees that one and those below.';
comment on column api_key.manager_id is 'The member whose partners a manager''s key writes.';
comment on column api_key.scopes is 'What it is restricted to, as resource:read or resource:write; empty is all that the role allows.';
comment on column api_key.expires_at is 'When it stops working.';
comment on column api_key.revoked_at is 'When it was taken back.';
comment on column api_key.version is 'Counts its changes; the ETag.';
comment on column api_key.created_at is 'When it was made.';
comment on column api_key.updated_at is 'When it was changed last.';

create table api_key_use (
	api_key_id uuid primary key references api_key on delete cascade,
	last_used_at timestamptz not null
) with (fillfactor = 50);
comment on table api_key_use is 'When keys were used last; apart from them, so that a call is not a change.';
comment on column api_key_use.api_key_id is 'The key.';
comment on column api_key_use.last_used_at is 'When, to within the batches that this is written in.';

create table import (
	id uuid primary key,
	resource text collate "C" not null,
	started_at timestamptz not null,
	finished_at timestamptz not null,
	actor_id uuid,
	partner_id uuid references partner on delete cascade,
	rows bigint not null,
	created bigint not null,
	updated bigint not null,
	unchanged bigint not null,
	rejected bigint not null,
	digest text collate "C",
	is_dry_run boolean not null,
	is_atomic boolean not null,
	is_posted boolean not null
);
create index import_by_started_at on import (started_at, id);
create index import_by_resource on import (resource, started_at, id);
create index import_by_partner on import (partner_id, started_at, id);
comment on table import is 'Files that were read, and what became of their rows.';
comment on column import.id is 'UUIDv7.';
comment on column import.resource is 'What the rows are, as in paths.';
comment on column import.started_at is 'When the first byte came.';
comment on column import.finished_at is 'When the last row was judged.';
comment on column import.actor_id is 'The API key that sent it.';
comment on column import.partner_id is 'The partner that sent it; null for staff.';
comment on column import.rows is 'How many rows it had.';
comment on column import.created is 'How many were new.';
comment on column import.updated is 'How many changed something.';
comment on column import.unchanged is 'How many were there already.';
comment on column import.rejected is 'How many were refused.';
comment on column import.digest is 'SHA-256 of the file, in hexadecimal digits.';
comment on column import.is_dry_run is 'Whether it was only to be judged.';
comment on column import.is_atomic is 'Whether one refused row refuses all.';
comment on column import.is_posted is 'Whether its rows were written.';

create table import_error (
	id uuid primary key,
	import_id uuid not null references import on delete cascade,
	line bigint not null,
	pointer text,
	code text collate "C" not null,
	detail text not null
);
create index import_error_by_line on import_error (import_id, line, id);
comment on table import_error is 'Why rows of an import were refused.';
comment on column import_error.id is 'UUIDv7.';
comment on column import_error.import_id is 'The import.';
comment on column import_error.line is 'The line in the file; the first is 1.';
comment on column import_error.pointer is 'The member at fault.';
comment on column import_error.code is 'The problem.';
comment on column import_error.detail is 'What exactly is wrong.';

create table audit_log (
	id uuid primary key,
	at timestamptz not null,
	actor_id uuid,
	actor_name text,
	operation text collate "C",
	request_id text collate "C",
	action text collate "C" not null,
	object_type text collate "C" not null,
	object_id uuid,
	partner_id uuid,
	before jsonb,
	after jsonb,
	is_erased boolean not null default false
);
create index audit_log_by_time on audit_log (at, id);
create index audit_log_by_object on audit_log (object_id, at, id);
create index audit_log_by_type on audit_log (object_type, at, id);
create index audit_log_by_actor on audit_log (actor_id, at, id);
create index audit_log_by_operation on audit_log (operation, at, id);
comment on table audit_log is 'Who changed what. Only grows; an erased contact leaves its rows without what they said.';
comment on column audit_log.id is 'UUIDv7.';
comment on column audit_log.at is 'When.';
comment on column audit_log.actor_id is 'The API key.';
comment on column audit_log.actor_name is 'What the key was called then.';
comment on column audit_log.operation is 'The operation of the contract.';
comment on column audit_log.request_id is 'The request, as in the log and the answer.';
comment on column audit_log.action is 'insert, update, delete or import.';
comment on column audit_log.object_type is 'The table.';
comment on column audit_log.object_id is 'The row.';
comment on column audit_log.partner_id is 'The partner that it belongs to.';
comment on column audit_log.before is 'The row before.';
comment on column audit_log.after is 'The row after.';
comment on column audit_log.is_erased is 'Whether before and after were erased on request.';

create table event (
	sequence bigint generated always as identity primary key,
	transaction_id xid8 not null default pg_current_xact_id(),
	type text collate "C" not null,
	object_type text collate "C" not null,
	object_id uuid,
	partner_id uuid,
	data jsonb,
	occurred_at timestamptz not null
);
create index event_by_transaction on event (transaction_id, sequence);
comment on table event is 'What happened, for those who follow. Read in the order of (transaction_id, sequence), below the oldest running transaction.';
comment on column event.sequence is 'Order within a transaction.';
comment on column event.transaction_id is 'The transaction: sequences become visible out of order, transactions that are over do not.';
comment on column event.type is 'What happened to what, such as partner.created.';
comment on column event.object_type is 'The table.';
comment on column event.object_id is 'The row.';
comment on column event.partner_id is 'The partner that it belongs to.';
comment on column event.data is 'The row afterwards; before, if it is gone.';
comment on column event.occurred_at is 'When.';

create table idempotency_key (
	caller_id uuid not null,
	key text collate "C" not null,
	request_hash bytea not null,
	status integer not null,
	headers text not null,
	body bytea not null,
	object_id uuid generated always as (substring(headers from 'Location: [^\n]*/([0-9a-f-]{36})')::uuid) stored,
	created_at timestamptz not null default now(),
	primary key (caller_id, key)
);
create index idempotency_key_by_object on idempotency_key (object_id) where object_id is not null;
create index idempotency_key_by_created_at on idempotency_key (created_at);
comment on table idempotency_key is 'Answers to requests with a key, to be given again for 72 hours.';
comment on column idempotency_key.caller_id is 'The API key that called.';
comment on column idempotency_key.key is 'The key that it chose.';
comment on column idempotency_key.request_hash is 'Of method, path and body.';
comment on column idempotency_key.status is 'The HTTP status of the answer.';
comment on column idempotency_key.object_id is 'What the answer created, so that its erasure reaches the answer, too.';
comment on column idempotency_key.headers is 'The header lines of the answer that belong to its content.';
comment on column idempotency_key.body is 'The body of the answer.';
comment on column idempotency_key.created_at is 'When it was answered.';

create table server_secret (
	name text collate "C" primary key,
	value bytea not null,
	created_at timestamptz not null default now()
);
comment on table server_secret is 'Random values that all servers of this database share, such as the key that signs cursors.';
comment on column server_secret.name is 'What it is for.';
comment on column server_secret.value is 'The secret.';
comment on column server_secret.created_at is 'When it was made.';

do $$
declare
	t text;
begin
	foreach t in array array[
		'region', 'region_span', 'product', 'member', 'partner', 'partner_closure', 'partner_status_move', 'partner_status_change',
		'contact', 'sales_record', 'api_key', 'api_key_use', 'import', 'import_error', 'audit_log', 'event', 'idempotency_key',
		'server_secret'] loop
		execute format('alter table %I enable row level security, force row level security', t);
	end loop;
end
$$;
