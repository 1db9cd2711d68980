-- Exports: lists that are written to a file while nobody waits, whatever server does it, and however often one of them ends meanwhile.

create table export (
	id uuid primary key,
	list text collate "C" not null,
	format text collate "C" not null check (format in ('csv', 'ndjson')),
	gzip boolean not null,
	bom boolean not null,
	status text collate "C" not null default 'queued' check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
	requested_by uuid not null,
	attempts integer not null default 0,
	rows bigint not null default 0,
	bytes bigint not null default 0,
	chunks integer not null default 0,
	failure_code text collate "C",
	failure_detail text,
	created_at timestamptz not null,
	started_at timestamptz,
	finished_at timestamptz,
	expires_at timestamptz,
	lease_until timestamptz
) with (fillfactor = 50);
create index export_by_creation on export (created_at, id);
create index export_by_caller on export (requested_by, created_at, id);
create index export_pending on export (created_at) where status in ('queued', 'running');
create index export_expiring on export (expires_at);
comment on table export is 'Lists that are written to a file while nobody waits.';
comment on column export.id is 'The id.';
comment on column export.list is 'Path and query of the list.';
comment on column export.format is 'csv or ndjson.';
comment on column export.gzip is 'Whether the file is compressed.';
comment on column export.bom is 'Whether a CSV file begins with a byte order mark.';
comment on column export.status is 'What has become of it.';
comment on column export.requested_by is 'The key that asked, by whose rights the list is read.';
comment on column export.attempts is 'How often it was begun: again, from nothing, when a server ended meanwhile. What an earlier attempt still writes is refused.';
comment on column export.rows is 'How many rows are written.';
comment on column export.bytes is 'How many bytes are written.';
comment on column export.chunks is 'How many pieces are written.';
comment on column export.failure_code is 'The code of the problem that ended it.';
comment on column export.failure_detail is 'What exactly was wrong.';
comment on column export.created_at is 'When it was asked for.';
comment on column export.started_at is 'When it was first begun.';
comment on column export.finished_at is 'When it ended, however it did.';
comment on column export.expires_at is 'When it is deleted, with its file; null as long as it has not ended.';
comment on column export.lease_until is 'Whoever works on it says so until then; later it is free to be begun again.';
alter table export enable row level security, force row level security;

create table export_chunk (
	export_id uuid not null references export on delete cascade,
	number integer not null,
	bytes bytea not null,
	primary key (export_id, number)
);
alter table export_chunk alter column bytes set storage external;
comment on table export_chunk is 'The files of exports, in pieces.';
comment on column export_chunk.export_id is 'The export.';
comment on column export_chunk.number is 'From zero, in the order of the file.';
comment on column export_chunk.bytes is 'The bytes.';
alter table export_chunk enable row level security, force row level security;
