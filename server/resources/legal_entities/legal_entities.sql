-- name: listLegalEntities
-- Legal entities in the order of their codes or names.
select e.id, e.code, e.name, e.country_code, e.currency, e.tax_id, e.is_active, e.custom, e.version, e.created_at, e.updated_at
from legal_entity e
where true
  and e.code = :code
  and e.is_active = :is_active
  and e.search @> search_grams(:q) and strpos(e.search_text, search_fold(:q)) > 0
  and (e.code, e.id) > (:cursor_key, :cursor_id)  -- sort: code
  and (e.code, e.id) < (:cursor_key, :cursor_id)  -- sort: -code
  and (e.name, e.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (e.name, e.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by e.code, e.id  -- sort: code
order by e.code desc, e.id desc  -- sort: -code
order by e.name, e.id  -- sort: name
order by e.name desc, e.id desc  -- sort: -name
limit :limit;
