-- Imports that are put off: the file is kept in pieces until a server has imported it, whatever server does it, and however often one ends meanwhile.

alter table import
	alter column finished_at drop not null,
	add column status text collate "C" not null default 'succeeded' check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
	add column attempts integer not null default 1,
	add column bytes bigint,
	add column chunks integer not null default 0,
	add column failure_code text collate "C",
	add column failure_detail text,
	add column target text collate "C",
	add column format text collate "C" check (format in ('csv', 'ndjson')),
	add column language text collate "C",
	add column request_id text collate "C",
	add column caller jsonb,
	add column lease_until timestamptz;
create index import_pending on import (id) where status in ('queued', 'running');
comment on column import.finished_at is 'When it ended, however it did; null as long as it has not.';
comment on column import.status is 'What has become of it.';
comment on column import.attempts is 'How often it was begun: again, from nothing, when a server ended meanwhile. What an earlier attempt still writes is refused.';
comment on column import.bytes is 'How long the file was; null of those before this was counted.';
comment on column import.chunks is 'In how many pieces the file was kept.';
comment on column import.failure_code is 'The code of the problem that ended it.';
comment on column import.failure_detail is 'What exactly was wrong.';
comment on column import.target is 'Of one that was put off: the path and query that the file came to.';
comment on column import.format is 'Of one that was put off: csv or ndjson.';
comment on column import.language is 'Of one that was put off: in which language faults are told; null for English.';
comment on column import.request_id is 'Of one that was put off: the request that brought the file.';
comment on column import.caller is 'Of one that was put off: what the access token said that asked for it; null for a key, which says so itself.';
comment on column import.lease_until is 'Whoever works on it says so until then; later it is free to be begun again.';

create table import_chunk (
	import_id uuid not null references import on delete cascade,
	number integer not null,
	bytes bytea not null,
	primary key (import_id, number)
);
alter table import_chunk alter column bytes set storage external;
comment on table import_chunk is 'The files of imports that have not ended, in pieces.';
comment on column import_chunk.import_id is 'The import.';
comment on column import_chunk.number is 'From zero, in the order of the file.';
comment on column import_chunk.bytes is 'The bytes.';
alter table import_chunk enable row level security, force row level security;

-- What tasks.sql says of all tasks takes its place.
drop function if exists export_has_caller(export);
-- It returns something else from now on.
drop function if exists import_finish(import);
