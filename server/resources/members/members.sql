-- name: listMembers
-- Members in the order of their codes or names.
select m.id, m.code, m.name, m.email, m.phone, m.title, m.region_id, r.code as region_code, m.is_active, m.custom, m.version, m.created_at, m.updated_at
from member m
left join region r on r.id = m.region_id
where true
  and m.code = :code
  and m.is_active = :is_active
  and m.search @> search_grams(:q) and strpos(m.search_text, search_fold(:q)) > 0
  and (m.code, m.id) > (:cursor_key, :cursor_id)  -- sort: code
  and (m.code, m.id) < (:cursor_key, :cursor_id)  -- sort: -code
  and (m.name, m.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (m.name, m.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by m.code, m.id  -- sort: code
order by m.code desc, m.id desc  -- sort: -code
order by m.name, m.id  -- sort: name
order by m.name desc, m.id desc  -- sort: -name
limit :limit;
