-- name: listScorecards
-- Scorecards in the order of their codes.
select s.id, s.code, s.name, s.status, s.revision, s.published_revision, s.approve_at, s.reject_below, s.criteria, s.custom, s.version, s.created_at, s.updated_at
from scorecard s
where true
  and s.code = :code
  and (s.code, s.id) > (:cursor_key, :cursor_id)  -- sort: code
  and (s.code, s.id) < (:cursor_key, :cursor_id)  -- sort: -code
order by s.code, s.id  -- sort: code
order by s.code desc, s.id desc  -- sort: -code
limit :limit;
