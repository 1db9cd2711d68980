-- name: listImports
-- Imports in the order they began in.
select i.id, i.resource, i.started_at, i.finished_at, i.actor_id, i.rows, i.created, i.updated, i.unchanged, i.rejected, i.digest,
	i.is_dry_run, i.is_atomic, i.is_posted
from import i
where true
  and (i.started_at, i.id) < (:cursor_key, :cursor_id)  -- sort: -started_at
  and (i.started_at, i.id) > (:cursor_key, :cursor_id)  -- sort: started_at
order by i.started_at desc, i.id desc  -- sort: -started_at
order by i.started_at, i.id  -- sort: started_at
limit :limit;

-- name: getImport
-- One import.
select i.id, i.resource, i.started_at, i.finished_at, i.actor_id, i.rows, i.created, i.updated, i.unchanged, i.rejected, i.digest,
	i.is_dry_run, i.is_atomic, i.is_posted
from import i
where i.id = any (:ids);

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
