-- name: leadJobs
-- Whether this connection is now the one that runs such jobs. It stays so until it ends, however it ends.
select
from (select pg_try_advisory_lock(hashtext('qudao jobs'), :lead) as is_leader) as one
where one.is_leader;

-- name: registerJobs
-- Makes the table of jobs that of the running version; what is known of earlier runs stays.
with wanted as (
	select j.name, j.description, j.every_ms
	from jsonb_to_recordset(:jobs) as j (name text, description text, every_ms integer)
), gone as (
	delete from job j
	where not exists (select from wanted w where w.name = j.name)
)
insert into job as j (id, name, description, every_ms, next_run_at)
select uuid_v7(), w.name, w.description, w.every_ms, clock_timestamp()
from wanted w
on conflict (name) do update
set description = excluded.description, every_ms = excluded.every_ms
where (j.description, j.every_ms) is distinct from (excluded.description, excluded.every_ms);

-- name: readSchedule
-- In how many milliseconds each job is due, and how often it has failed in a row.
select j.name, j.failures,
	case when j.run_requested_at is not null then 0
		else greatest(0, extract(epoch from j.next_run_at - clock_timestamp()) * 1000)::bigint end as due_in_ms
from job j;

-- name: noteRun
-- Writes down how a run of a job went, and when the next one is due.
update job j
set last_started_at = ended.at - make_interval(secs => :duration_ms::integer / 1000.0), last_duration_ms = :duration_ms::integer,
	last_outcome = case when :error::text is null then 'succeeded' else 'failed' end, last_error = :error, last_count = :count::bigint,
	last_succeeded_at = case when :error::text is null then ended.at else j.last_succeeded_at end,
	last_instance = :instance, failures = :failures::integer, next_run_at = ended.at + make_interval(secs => :next_ms::integer / 1000.0),
	run_requested_at = case when j.run_requested_at > ended.at - make_interval(secs => :duration_ms::integer / 1000.0) then j.run_requested_at end,
	alarm = coalesce(:alarm, j.alarm), alarmed_at = case when :alarm::text is null then j.alarmed_at else ended.at end
from (select clock_timestamp() as at) as ended
where j.name = :name;
