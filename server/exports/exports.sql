-- name: claimExport
-- Takes the export that has waited longest and that nobody works on, to write it from its beginning; those that no server could write fail.
with given_up as (
	update export e
	set status = 'failed', failure_code = 'unavailable', failure_detail = 'No attempt came to its end.', lease_until = null,
		finished_at = app_now(), expires_at = app_now() + interval '24 hours'
	where e.id in (
		select x.id
		from export x
		where x.status in ('queued', 'running') and x.attempts >= 5 and (x.lease_until is null or x.lease_until < clock_timestamp())
		for update skip locked)
), claimed as (
	update export e
	set status = 'running', attempts = e.attempts + 1, started_at = coalesce(e.started_at, app_now()),
		lease_until = clock_timestamp() + interval '10 seconds', rows = 0, bytes = 0, chunks = 0
	where e.id = (
		select x.id
		from export x
		where x.status in ('queued', 'running') and x.attempts < 5 and (x.lease_until is null or x.lease_until < clock_timestamp())
		order by x.created_at
		limit 1
		for update skip locked)
	returning e.id, e.attempts, e.list, e.format, e.gzip, e.bom
), gone as (
	delete from export_chunk c
	using claimed d
	where c.export_id = d.id
)
select c.id::text, c.attempts::text as attempt, c.list, c.format, case when c.gzip then 'true' end as gzip, case when c.bom then 'true' end as bom
from claimed c;

-- name: findExportCaller
-- By whose rights the list is read.
select c.id, c.name, c.role, c.partner_id, c.manager_id, c.scopes, c.expires_at, c.revoked_at
from export e
cross join lateral task_rights(e.requested_by, e.caller) as c
where e.id = :id;

-- name: keepExport
-- Says that it is still being worked on; no row when that is over, or who asked for it may not any more.
update export e
set lease_until = clock_timestamp() + interval '10 seconds'
where e.id = :id and e.attempts = :attempt and e.status = 'running'
	and task_has_caller(e.requested_by, e.caller)
returning e.id;

-- name: storeExportChunk
-- Writes a piece of the file; no row when that is over, or who asked for it may not any more.
with kept as (
	update export e
	set lease_until = clock_timestamp() + interval '10 seconds', rows = :rows, bytes = e.bytes + length(:bytes::bytea), chunks = :number::integer + 1
	where e.id = :id and e.attempts = :attempt and e.status = 'running'
		and task_has_caller(e.requested_by, e.caller)
	returning e.id
)
insert into export_chunk (export_id, number, bytes)
select k.id, :number::integer, :bytes::bytea
from kept k
returning export_id;

-- name: endExport
-- Writes down how it ended; or puts it back into the queue, to be begun again after a pause. Of what was not finished nothing stays, not even
-- the piece that was on its way when somebody cancelled it.
with ended as (
	update export e
	set status = :status, rows = :rows, failure_code = :code, failure_detail = :detail,
		finished_at = case when :status::text <> 'queued' then app_now() end,
		expires_at = case when :status::text <> 'queued' then app_now() + interval '24 hours' end,
		lease_until = case when :status::text = 'queued' then clock_timestamp() + make_interval(secs => :pause_ms::integer / 1000.0) end
	where e.id = :id and e.attempts = :attempt and e.status = 'running'
	returning e.id
), gone as (
	delete from export_chunk c
	using export e
	where e.id = :id and e.attempts = :attempt and e.status <> 'succeeded' and c.export_id = e.id and :status::text <> 'succeeded'
)
select pg_notify('qudao_export', '')::text as told
from ended d
where :status::text = 'queued';

-- name: readExportChunk
-- A piece of the file, with what becomes of the export.
select e.status, e.format, e.gzip, e.chunks, c.bytes
from export e
left join export_chunk c on c.export_id = e.id and c.number = :number::integer
where e.id = :id;
