-- fragment: members
j.id, j.name, j.description, j.every_ms, j.next_run_at, j.run_requested_at, j.last_started_at, j.last_duration_ms, j.last_outcome, j.last_count,
	j.last_error, j.last_succeeded_at, j.last_instance, j.failures, j.alarm, j.alarmed_at

-- name: listJobs
-- Jobs in the order of their names.
select
-- use: members
from job j
where true
  and (j.name, j.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (j.name, j.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by j.name, j.id  -- sort: name
order by j.name desc, j.id desc  -- sort: -name
limit :limit;

-- name: getJob
-- One job.
select
-- use: members
from job j
where j.name = :name;

-- name: runJob
-- Asks whoever runs the jobs to run this one now.
update job j
set run_requested_at = coalesce(j.run_requested_at, clock_timestamp())
where j.name = :name
returning pg_notify('qudao_job', j.name)::text as told, null as problem, null as pointer;
