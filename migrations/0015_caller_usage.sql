-- How much each caller asks for, by day.

create table caller_usage (
	id uuid not null,
	caller_id uuid not null,
	caller_kind text collate "C" not null,
	partner_id uuid,
	day date not null,
	requests bigint not null,
	refusals bigint not null,
	failures bigint not null,
	bytes_sent bigint not null,
	primary key (caller_id, day)
) with (fillfactor = 70);
create index caller_usage_by_day on caller_usage (day, id);
create index caller_usage_by_partner on caller_usage (partner_id, day, id) where partner_id is not null;
comment on table caller_usage is 'What callers asked for, a row a caller and day. It outlives callers and partners, so it refers to neither.';
comment on column caller_usage.id is 'UUIDv7.';
comment on column caller_usage.caller_id is 'Who asked: what audit_log calls the actor.';
comment on column caller_usage.caller_kind is 'By what it identified itself.';
comment on column caller_usage.partner_id is 'The partner that it acted for; null for staff.';
comment on column caller_usage.day is 'The day in UTC, by the machine''s time.';
comment on column caller_usage.requests is 'How many requests were answered.';
comment on column caller_usage.refusals is 'How many of them with 4xx.';
comment on column caller_usage.failures is 'How many of them with 5xx.';
comment on column caller_usage.bytes_sent is 'How long the bodies of the answers were, as they were sent.';

create table caller_usage_flush (
	instance_id uuid primary key,
	sequence bigint not null,
	flushed_at timestamptz not null
);
comment on table caller_usage_flush is 'What was added to caller_usage, so that whoever does not know whether it was may add it again.';
comment on column caller_usage_flush.instance_id is 'A worker of a server, from its start to its end.';
comment on column caller_usage_flush.sequence is 'The last of its additions.';
comment on column caller_usage_flush.flushed_at is 'When that was.';

alter table caller_usage enable row level security, force row level security;
alter table caller_usage_flush enable row level security, force row level security;

alter table setting add column usage_retention_days integer not null default 400
	constraint setting_usage_retention_unlikely check (usage_retention_days between 1 and 3660);
comment on column setting.usage_retention_days is 'How many days it is known how much callers asked for.';
