-- Events as those who follow them get them: thin, with the version of the object, and kept for a while.

alter table event
	drop column data,
	add column id uuid not null default gen_random_uuid(),
	add column object_version integer,
	add column from_status text collate "C",
	add column to_status text collate "C",
	add column is_for_partner boolean not null default false;
alter table event alter column id drop default;
create index event_by_partner on event (partner_id, transaction_id, sequence) where partner_id is not null;
create index event_by_object on event (object_id, transaction_id, sequence);
create index event_by_object_type on event (object_type, transaction_id, sequence);
comment on column event.id is 'UUIDv7.';
comment on column event.object_version is 'The version that the object has since; after a deletion, the one that would have followed. Null for objects without versions.';
comment on column event.from_status is 'The status of the object before, if it has changed.';
comment on column event.to_status is 'The status of the object since, if it has changed.';
comment on column event.is_for_partner is 'Whether partners hear of such objects at all.';

create table event_trim (
	id uuid primary key default '00000000-0000-7000-8000-000000000003'
		constraint event_trim_is_not_only check (id = '00000000-0000-7000-8000-000000000003'),
	transaction_id xid8 not null default '0',
	sequence bigint not null default 0
);
comment on table event_trim is 'How far the log of events has been deleted; one row. Who has not read that far has missed something.';
comment on column event_trim.id is 'Always the same.';
comment on column event_trim.transaction_id is 'The transaction of the last event that was deleted.';
comment on column event_trim.sequence is 'Its place within the transaction.';
insert into event_trim default values;
alter table event_trim enable row level security, force row level security;

alter table setting add column event_retention_days integer not null default 90
	constraint setting_event_retention_unlikely check (event_retention_days between 1 and 3660);
comment on column setting.event_retention_days is 'How many days events are kept.';
