-- The jobs of the database, which one of its servers does at a time: what they are, and how they went.

create table job (
	id uuid not null,
	name text collate "C" primary key,
	description text not null,
	every_ms integer not null check (every_ms > 0),
	next_run_at timestamptz not null,
	run_requested_at timestamptz,
	last_started_at timestamptz,
	last_duration_ms integer,
	last_outcome text collate "C" check (last_outcome in ('succeeded', 'failed')),
	last_count bigint,
	last_error text,
	last_succeeded_at timestamptz,
	last_instance text,
	failures integer not null default 0,
	alarm text,
	alarmed_at timestamptz
) with (fillfactor = 50);
comment on table job is 'What is done once among all servers of the database, again and again. A run that finds nothing to do is written down once a minute.';
comment on column job.id is 'The id.';
comment on column job.name is 'The name, as it stands in paths.';
comment on column job.description is 'What it is for.';
comment on column job.every_ms is 'How long after a run the next one begins, in milliseconds.';
comment on column job.next_run_at is 'When it is due; after a failure later than usual.';
comment on column job.run_requested_at is 'When somebody asked for a run that has not begun yet.';
comment on column job.last_started_at is 'When the last run began.';
comment on column job.last_duration_ms is 'How long it took, in milliseconds.';
comment on column job.last_outcome is 'How it ended; null before the first run.';
comment on column job.last_count is 'How many things it did; null where that is not counted, or it failed.';
comment on column job.last_error is 'Why the last run failed; null if it did not.';
comment on column job.last_succeeded_at is 'When a run last ended well.';
comment on column job.last_instance is 'Who ran it last: host and process.';
comment on column job.failures is 'How many runs have failed since one did not.';
comment on column job.alarm is 'What a run found last that somebody has to see; null as long as nothing ever has.';
comment on column job.alarmed_at is 'When that was found.';
alter table job enable row level security, force row level security;
