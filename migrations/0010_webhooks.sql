-- Who is told of what happens, and what came of telling them.

create table webhook (
	id uuid primary key,
	partner_id uuid references partner on delete cascade,
	url text collate "C" not null,
	description text,
	event_types text[] collate "C" not null default '{*}',
	is_enabled boolean not null default true,
	disabled_reason text collate "C",
	secret_id uuid not null,
	previous_secret_id uuid,
	previous_secret_until timestamptz,
	begun_in xid8 not null default pg_current_xact_id(),
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create index webhook_by_partner on webhook (partner_id, created_at, id) where partner_id is not null;
create index webhook_by_created_at on webhook (created_at, id);
comment on table webhook is 'Where events are sent to. Secrets are not stored: the server computes one from its own and an id.';
comment on column webhook.id is 'Its id.';
comment on column webhook.partner_id is 'The partner that it belongs to, which hears of itself and of those below; null for the vendor''s, which hear everything.';
comment on column webhook.url is 'Where to.';
comment on column webhook.description is 'What it is for.';
comment on column webhook.event_types is 'Of which events: a type, all of an object (partner.*), or all (*).';
comment on column webhook.is_enabled is 'Whether anything is sent.';
comment on column webhook.disabled_reason is 'Why the server disabled it: gone, because the receiver answered 410.';
comment on column webhook.secret_id is 'What its secret is computed from.';
comment on column webhook.previous_secret_id is 'The same of the secret before, which signs too for a while.';
comment on column webhook.previous_secret_until is 'How long it does.';
comment on column webhook.begun_in is 'The transaction that made it; what happened before is not sent.';
comment on column webhook.version is 'Counts changes.';
comment on column webhook.created_at is 'When it was made.';
comment on column webhook.updated_at is 'When it was changed last.';

create table webhook_state (
	webhook_id uuid primary key references webhook on delete cascade,
	last_success_at timestamptz,
	last_failure_at timestamptz,
	last_failure_reason text collate "C",
	failing_since timestamptz,
	is_slow boolean not null default false
);
comment on table webhook_state is 'How receivers have been doing; apart from webhook, so that failing makes no events, which would fail again.';
comment on column webhook_state.webhook_id is 'The webhook.';
comment on column webhook_state.last_success_at is 'When it answered 2xx last.';
comment on column webhook_state.last_failure_at is 'When it did not, last.';
comment on column webhook_state.last_failure_reason is 'Why not.';
comment on column webhook_state.failing_since is 'When it first failed after it last succeeded; null while it does not.';
comment on column webhook_state.is_slow is 'Whether it took longer than a second last.';

create table webhook_delivery (
	id uuid primary key,
	webhook_id uuid not null references webhook on delete cascade,
	event_sequence bigint,
	event_type text collate "C" not null,
	status text collate "C" not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
	attempts integer not null default 0,
	next_attempt_at timestamptz default now(),
	last_attempt_at timestamptz,
	last_status integer,
	last_reason text collate "C",
	last_duration_ms integer,
	delivered_at timestamptz,
	created_at timestamptz not null default now()
);
create index webhook_delivery_due on webhook_delivery (webhook_id, next_attempt_at, id) where status = 'pending';
create index webhook_delivery_by_webhook on webhook_delivery (webhook_id, created_at, id);
create index webhook_delivery_by_status on webhook_delivery (status, created_at, id);
create index webhook_delivery_by_created_at on webhook_delivery (created_at, id);
comment on table webhook_delivery is 'An event on its way to a webhook, or there.';
comment on column webhook_delivery.id is 'Its id, which is the webhook-id of every attempt.';
comment on column webhook_delivery.webhook_id is 'Where to.';
comment on column webhook_delivery.event_sequence is 'The event; null for a test.';
comment on column webhook_delivery.event_type is 'Its type.';
comment on column webhook_delivery.status is 'Whether it is to be tried (again), has arrived, or is given up.';
comment on column webhook_delivery.attempts is 'How often it was tried since it was made or replayed.';
comment on column webhook_delivery.next_attempt_at is 'When it is due; while it is being sent, when it is taken for lost.';
comment on column webhook_delivery.last_attempt_at is 'When it was tried last.';
comment on column webhook_delivery.last_status is 'The HTTP status of that attempt; null if there was no answer.';
comment on column webhook_delivery.last_reason is 'Why that attempt failed; null if it did not.';
comment on column webhook_delivery.last_duration_ms is 'How long it took.';
comment on column webhook_delivery.delivered_at is 'When it arrived.';
comment on column webhook_delivery.created_at is 'When it was made.';

create table webhook_cursor (
	is_only boolean primary key default true check (is_only),
	transaction_id xid8 not null,
	sequence bigint not null
);
comment on table webhook_cursor is 'Up to where events have become deliveries; one row.';
comment on column webhook_cursor.is_only is 'Always true, and unique.';
comment on column webhook_cursor.transaction_id is 'The transaction of the last event.';
comment on column webhook_cursor.sequence is 'Its place within.';
insert into webhook_cursor (transaction_id, sequence) values (pg_snapshot_xmin(pg_current_snapshot()), 0);

do $$
declare
	t text;
begin
	foreach t in array array['webhook', 'webhook_state', 'webhook_delivery', 'webhook_cursor'] loop
		execute format('alter table %I enable row level security, force row level security', t);
	end loop;
end
$$;
