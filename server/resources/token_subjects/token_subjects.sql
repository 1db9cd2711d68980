-- name: listTokenSubjects
-- Subjects in the order in which they first came, the latest first.
select s.id, s.issuer, s.subject, s.name, s.is_blocked, u.last_used_at, s.version, s.created_at, s.updated_at
from token_subject s
left join token_subject_use u on u.token_subject_id = s.id
where true
  and s.subject = :subject
  and (s.created_at, s.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
  and (s.created_at, s.id) > (:cursor_key, :cursor_id)  -- sort: created_at
order by s.created_at desc, s.id desc  -- sort: -created_at
order by s.created_at, s.id  -- sort: created_at
limit :limit;

-- name: updateTokenSubject
-- Locks a subject out, or lets it in again.
with target as (
	select s as was, s.version
	from token_subject s
	where s.id = :id
	for update
), fault as (
	select 'precondition_failed' as problem, null as pointer
	from target t
	where t.version <> all (:if_match)
), changed as (
	update token_subject s
	set (is_blocked, version, updated_at) = (coalesce(n.is_blocked, false), s.version + 1, :now)
	from target t
	cross join lateral jsonb_populate_record(t.was, :body) as n
	where s.id = :id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;
