-- name: listImports
-- Imports in the order they began in.
select i.id, i.resource, i.status, i.started_at, i.finished_at, i.actor_id, i.attempts, i.bytes, i.rows, i.created, i.updated, i.unchanged, i.rejected,
	i.digest, i.is_dry_run, i.is_atomic, i.is_posted, i.failure_code, i.failure_detail
from import i
where true
  and (i.started_at, i.id) < (:cursor_key, :cursor_id)  -- sort: -started_at
  and (i.started_at, i.id) > (:cursor_key, :cursor_id)  -- sort: started_at
order by i.started_at desc, i.id desc  -- sort: -started_at
order by i.started_at, i.id  -- sort: started_at
limit :limit;

-- name: getImport
-- One import, with what the answer to it said, or would have said.
select i.id, i.resource, i.status, i.started_at, i.finished_at, i.actor_id, i.attempts, i.bytes, i.rows, i.created, i.updated, i.unchanged, i.rejected,
	i.digest, i.is_dry_run, i.is_atomic, i.is_posted, i.failure_code, i.failure_detail, f.errors, i.is_dry_run as dry_run,
	case when i.status in ('queued', 'running') then '1' end as retry_after
from import i
cross join lateral (
	select coalesce(jsonb_agg(jsonb_build_object('line', e.line, 'pointer', e.pointer, 'code', e.code, 'detail', e.detail)
		order by e.line, e.pointer, e.code), '[]') as errors
	from (
		select x.line, x.pointer, x.code, x.detail
		from import_error x
		where x.import_id = i.id
		order by x.line, x.pointer, x.code
		limit 1000) as e
) as f
where i.id = any (:ids);

-- name: cancelImport
-- Ends an import that has not ended; its file goes. Of the vendor's, who sent the file may, and administrators; of a partner's, the partner.
with target as (
	select i.id, case when app_partner() is null then i.actor_id = :actor_id or app_works_for_all() else i.partner_id = app_partner() end as is_own
	from import i
	where i.id = :id
), held as (
	select i.id, i.status
	from import i
	join target t on t.id = i.id and t.is_own
	for update of i
), fault as (
	select 'forbidden' as problem, null as pointer
	from target t
	where not t.is_own
	union all
	select 'import_finished', null
	from held h
	where h.status in ('succeeded', 'failed')
), changed as (
	update import i
	set (status, finished_at, lease_until) = ('cancelled', :now, null)
	from held h
	where i.id = h.id and h.status in ('queued', 'running')
	returning i.id
), gone as (
	delete from import_chunk c
	using changed d
	where c.import_id = d.id
)
select f.problem, f.pointer
from target t
left join fault f on true;

-- name: listImportErrors
-- Why rows were refused, in the order of their lines.
with page as (
	select e.id, e.line, e.pointer, e.code, e.detail
	from import_error e
	where e.import_id = :id
	  and (e.line, e.id) > (:cursor_key, :cursor_id)  -- sort: line
	order by e.line, e.id  -- sort: line
	limit :limit
)
select null as problem, e.id, e.line, e.pointer, e.code, e.detail
from page e
union all
select 'not_found', null, null, null, null, null
where not exists (select from import i where i.id = :id)
order by line, id  -- sort: line
;
