-- name: listDueDiligenceVisits
-- Visits in the order of their days.
select v.id, v.partner_id, p.code as partner_code, v.visited_on, v.checklist, v.finding, v.decision, v.custom, v.version, v.created_at, v.updated_at
from due_diligence_visit v
join partner p on p.id = v.partner_id
where true
  and v.partner_id = partner_id_of(:partner_code)
  and v.decision = :decision
  and (v.visited_on, v.id) > (:cursor_key, :cursor_id)  -- sort: visited_on
  and (v.visited_on, v.id) < (:cursor_key, :cursor_id)  -- sort: -visited_on
order by v.visited_on, v.id  -- sort: visited_on
order by v.visited_on desc, v.id desc  -- sort: -visited_on
limit :limit;
