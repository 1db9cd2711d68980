-- Agreements with partners: their text, its versions, who signed them, and what is to be reached.
create table agreement (
	like template.record including all,
	number text collate "C" not null,
	partner_id uuid not null constraint partner_in_use__agreement references partner,
	legal_entity_id uuid constraint legal_entity_in_use__agreement references legal_entity,
	type text collate "C" not null,
	status text collate "C" not null default 'draft',
	amendment_status text collate "C",
	terms_version integer not null default 1,
	starts_on date not null,
	ends_on date not null,
	auto_renew boolean not null default false,
	renew_months integer,
	notice_days integer not null default 30,
	exclusive boolean not null default false,
	carve_outs text[] not null default '{}',
	region_codes text[] not null default '{}',
	product_categories text[] not null default '{}',
	customer_types text[] not null default '{}',
	price_list text collate "C",
	payment_days integer,
	currency text collate "C" not null,
	goals jsonb not null default '[]',
	rights jsonb not null default '[]',
	obligations jsonb not null default '[]',
	renews_id uuid constraint agreement_in_use__renewal references agreement,
	terminated_on date,
	holdover_until date,
	notice_on date generated always as (ends_on - notice_days) stored,
	over_on date generated always as (ends_on + 1) stored
);
create unique index agreement_number_taken on agreement (number);
create index agreement_by_number on agreement (number, id);
create index agreement_by_start on agreement (starts_on, id);
create index agreement_by_end on agreement (ends_on, id);
create index agreement_by_partner on agreement (partner_id, number, id);
create index agreement_by_status on agreement (status, number, id);
create index agreement_by_entity on agreement (legal_entity_id);
create index agreement_by_renewed on agreement (renews_id);
comment on table agreement is 'An agreement with a partner: the text that is in force, or that is to be agreed on.';
comment on column agreement.number is 'What people call it.';
comment on column agreement.partner_id is 'The partner.';
comment on column agreement.legal_entity_id is 'Who signs for the vendor.';
comment on column agreement.type is 'Distribution, resale, agency, referral or service.';
comment on column agreement.status is 'Where it stands in its life; moves as status_move says.';
comment on column agreement.amendment_status is 'How far its next version is, while one is on its way to signature.';
comment on column agreement.terms_version is 'The number of the version whose text this is.';
comment on column agreement.starts_on is 'The first day.';
comment on column agreement.ends_on is 'The last day.';
comment on column agreement.auto_renew is 'Whether it goes on by itself after its last day.';
comment on column agreement.renew_months is 'For how many months, then.';
comment on column agreement.notice_days is 'How many days before its last day it begins to expire.';
comment on column agreement.exclusive is 'Whether nobody else may sell there.';
comment on column agreement.carve_outs is 'What an exclusive agreement leaves to others.';
comment on column agreement.region_codes is 'Where it holds, with all regions below; empty: everywhere.';
comment on column agreement.product_categories is 'For which products, as they have it; empty: all.';
comment on column agreement.customer_types is 'For which customers; empty: all.';
comment on column agreement.price_list is 'The price list that the partner buys by.';
comment on column agreement.payment_days is 'Within how many days it pays.';
comment on column agreement.currency is 'ISO 4217, of what it says of money.';
comment on column agreement.goals is 'What is to be reached.';
comment on column agreement.rights is 'What each side may.';
comment on column agreement.obligations is 'What each side owes.';
comment on column agreement.renews_id is 'The agreement that it goes on for.';
comment on column agreement.terminated_on is 'The day on which it was ended before its time.';
comment on column agreement.holdover_until is 'The day on which going on without a new agreement ends.';
comment on column agreement.notice_on is 'When it begins to expire.';
comment on column agreement.over_on is 'The first day after it.';

create table agreement_version (
	id uuid primary key,
	agreement_id uuid not null references agreement on delete cascade,
	partner_id uuid not null references partner on delete cascade,
	number integer not null,
	status text collate "C" not null,
	effective_on date not null,
	reason text,
	terms jsonb not null,
	sha256 text collate "C" not null,
	signatures jsonb not null default '[]',
	submitted_by uuid,
	signed_at timestamptz,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create unique index agreement_amendment_pending on agreement_version (agreement_id, number);
create index agreement_version_by_number on agreement_version (agreement_id, number, id);
create index agreement_version_by_partner on agreement_version (partner_id);
comment on table agreement_version is 'The texts of agreements, as they were written, approved and signed.';
comment on column agreement_version.id is 'UUIDv7.';
comment on column agreement_version.agreement_id is 'The agreement.';
comment on column agreement_version.partner_id is 'Its partner.';
comment on column agreement_version.number is 'Counts the texts of an agreement, from 1.';
comment on column agreement_version.status is 'How far it is, from draft to signed or declined.';
comment on column agreement_version.effective_on is 'The first day on which it holds.';
comment on column agreement_version.reason is 'Why it was written.';
comment on column agreement_version.terms is 'The text, by the members of the agreement.';
comment on column agreement_version.sha256 is 'The SHA-256 of the text as canonical JSON (RFC 8785), in hexadecimal digits.';
comment on column agreement_version.signatures is 'Who signed it: party, name, title, sha256, signed_at, actor_id.';
comment on column agreement_version.submitted_by is 'Who submitted it, and cannot approve it.';
comment on column agreement_version.signed_at is 'When both sides had signed.';
comment on column agreement_version.version is 'Counts its changes.';
comment on column agreement_version.created_at is 'When it was written.';
comment on column agreement_version.updated_at is 'When it was changed last.';

create type extension.textrange as range (subtype = text, collation = "C");

create table agreement_scope (
	number bigint generated always as identity primary key,
	agreement_id uuid not null references agreement on delete cascade,
	version_number integer not null,
	partner_id uuid not null,
	family_id uuid not null,
	type text collate "C" not null,
	exclusive boolean not null,
	open_to_family boolean not null,
	region_id uuid references region on delete cascade,
	span int4range not null,
	categories extension.textrange not null,
	customers extension.textrange not null,
	days daterange not null,
	constraint exclusive_scope_taken exclude using gist (
		span with &&, days with &&, categories with &&, customers with &&, family_id with <>,
		(case when exclusive then int8range(0, null) else int8range(number, number, '[]') end) with &&) deferrable initially immediate,
	constraint agreement_scope_taken exclude using gist (
		partner_id with =, type with =, span with &&, days with &&, categories with &&, customers with &&, agreement_id with <>) deferrable initially immediate
);
create index agreement_scope_by_agreement on agreement_scope (agreement_id);
create index agreement_scope_by_region on agreement_scope (region_id);
comment on table agreement_scope is 'What agreements that were approved hold for: a row for each region, category and customer type. Kept by agreement_claim.';
comment on column agreement_scope.number is 'Counts the rows.';
comment on column agreement_scope.agreement_id is 'The agreement.';
comment on column agreement_scope.version_number is 'The version that says so.';
comment on column agreement_scope.partner_id is 'Its partner.';
comment on column agreement_scope.family_id is 'The partner above it that lets those below it in, or the partner itself: within a family nobody excludes another.';
comment on column agreement_scope.type is 'The type of the agreement.';
comment on column agreement_scope.exclusive is 'Whether nobody else may have any of it.';
comment on column agreement_scope.open_to_family is 'Whether those below the partner may, all the same.';
comment on column agreement_scope.region_id is 'The region, with all below; null: everywhere.';
comment on column agreement_scope.span is 'The place of the region in the tree, as region_span has it.';
comment on column agreement_scope.categories is 'The category of products; all: a range without ends.';
comment on column agreement_scope.customers is 'The type of customers; all: a range without ends.';
comment on column agreement_scope.days is 'The days for which it holds.';

create table agreement_goal_period (
	id uuid primary key,
	agreement_id uuid not null references agreement on delete cascade,
	partner_id uuid not null,
	version_number integer not null,
	key text collate "C" not null,
	metric text collate "C" not null,
	period text collate "C" not null,
	starts_on date not null,
	ends_on date not null,
	currency text collate "C",
	region_id uuid references region on delete cascade,
	product_category text,
	whole_target numeric(18, 4) not null,
	whole_starts_on date not null,
	step_ends date[] not null,
	step_shares numeric[] not null
);
create index agreement_goal_period_by_agreement on agreement_goal_period (agreement_id, starts_on, id);
create index agreement_goal_period_by_period on agreement_goal_period (period, starts_on, id);
create index agreement_goal_period_by_partner on agreement_goal_period (partner_id);
create index agreement_goal_period_by_region on agreement_goal_period (region_id);
comment on table agreement_goal_period is 'The goals of signed agreements, a row for each period. Kept by agreement_goals_keep.';
comment on column agreement_goal_period.id is 'UUIDv7.';
comment on column agreement_goal_period.agreement_id is 'The agreement.';
comment on column agreement_goal_period.partner_id is 'Its partner.';
comment on column agreement_goal_period.version_number is 'The version that says so.';
comment on column agreement_goal_period.key is 'Metric, kind of period, region and category, joined by |.';
comment on column agreement_goal_period.metric is 'What is counted.';
comment on column agreement_goal_period.period is 'The name of the period.';
comment on column agreement_goal_period.starts_on is 'Its first day within the term and the version.';
comment on column agreement_goal_period.ends_on is 'Its last day within the term and the version.';
comment on column agreement_goal_period.currency is 'ISO 4217, of money; null for what is no money.';
comment on column agreement_goal_period.region_id is 'Where, with all below; null: everywhere.';
comment on column agreement_goal_period.product_category is 'Of which products; null: of all.';
comment on column agreement_goal_period.whole_target is 'What is to be reached in the whole of the period.';
comment on column agreement_goal_period.whole_starts_on is 'The first day of the whole period.';
comment on column agreement_goal_period.step_ends is 'The last days of its months, or of itself when the target has no phasing.';
comment on column agreement_goal_period.step_shares is 'Which part of the target each of them has, in percent.';

create table agreement_obligation (
	like template.record including all,
	agreement_id uuid not null references agreement on delete cascade,
	partner_id uuid not null references partner on delete cascade,
	place integer not null,
	party text collate "C" not null,
	area text collate "C" not null,
	description text not null,
	measure text,
	penalty text,
	due_on date not null,
	status text collate "C" not null default 'pending',
	evidence text,
	breach_on date generated always as (due_on + 1) stored
);
create index agreement_obligation_by_day on agreement_obligation (due_on, id);
create index agreement_obligation_by_agreement on agreement_obligation (agreement_id, due_on, id);
create index agreement_obligation_by_partner on agreement_obligation (partner_id, due_on, id);
create index agreement_obligation_by_status on agreement_obligation (status, due_on, id);
comment on table agreement_obligation is 'What one side of an agreement in force owes the other, a row for each day by which it is due.';
comment on column agreement_obligation.agreement_id is 'The agreement.';
comment on column agreement_obligation.partner_id is 'Its partner.';
comment on column agreement_obligation.place is 'Which of the obligations of the text it is, from 1.';
comment on column agreement_obligation.party is 'Who owes it: the vendor or the partner.';
comment on column agreement_obligation.area is 'What it is about.';
comment on column agreement_obligation.description is 'What is to be done.';
comment on column agreement_obligation.measure is 'By what it is seen that it was done.';
comment on column agreement_obligation.penalty is 'What follows when it is not done.';
comment on column agreement_obligation.due_on is 'The last day on which it is done in time.';
comment on column agreement_obligation.status is 'Pending, due, met, breached, cured or waived; moves as status_move says.';
comment on column agreement_obligation.evidence is 'How it is known that it was done.';
comment on column agreement_obligation.breach_on is 'The first day on which it is late.';

alter table setting add column agreement_holdover_days integer not null default 0 constraint setting_holdover_unlikely check (agreement_holdover_days between 0 and 3660);
comment on column setting.agreement_holdover_days is 'For how many days an agreement goes on after its last one without a new one; 0: not at all.';
