-- fragment: members
e.id, e.list, e.format, e.gzip, e.bom, e.status, e.requested_by, e.attempts, e.rows, e.bytes, e.failure_code, e.failure_detail,
	e.created_at, e.started_at, e.finished_at, e.expires_at

-- name: listExports
-- Exports, the latest first; of others only for administrators.
select
-- use: members
from export e
where true
  and (e.created_at, e.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
  and (e.created_at, e.id) > (:cursor_key, :cursor_id)  -- sort: created_at
order by e.created_at desc, e.id desc  -- sort: -created_at
order by e.created_at, e.id  -- sort: created_at
limit :limit;

-- name: getExport
-- One export.
select case when e.status in ('queued', 'running') then '1' end as retry_after,
-- use: members
from export e
where e.id = :id;

-- name: createExport
-- Queues an export and tells whoever works.
with body as (
	select b.list, b.format, coalesce(b.gzip, false) as gzip, coalesce(b.bom, false) as bom
	from jsonb_to_record(:body) as b (list text, format text, gzip boolean, bom boolean)
), fault as (
	select 'too_many_exports' as problem, null as pointer
	from export e
	where e.requested_by = :actor_id and e.status in ('queued', 'running')
	having count(*) >= 20
), created as (
	insert into export (id, list, format, gzip, bom, requested_by, caller, created_at)
	select :new_id, b.list, b.format, b.gzip, b.bom, :actor_id, task_caller(:actor::jsonb), :now
	from body b
	where not exists (select from fault)
	returning pg_notify('qudao_export', '') as told
)
select f.problem, f.pointer, c.told::text
from (select) as one
left join fault f on true
left join created c on true;

-- name: cancelExport
-- Ends an export that has not ended; what is written of it goes.
with target as (
	select e.id, e.status
	from export e
	where e.id = :id
	for update
), fault as (
	select 'export_finished' as problem, null as pointer
	from target t
	where t.status in ('succeeded', 'failed')
), changed as (
	update export e
	set (status, finished_at, expires_at, lease_until) = ('cancelled', :now, :now::timestamptz + interval '24 hours', null)
	from target t
	where e.id = t.id and t.status in ('queued', 'running')
	returning e.id
), gone as (
	delete from export_chunk c
	using changed d
	where c.export_id = d.id
)
select f.problem, f.pointer
from target t
left join fault f on true;
