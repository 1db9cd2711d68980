-- name: listCourses
-- Courses in the order of their codes or names.
select c.id, c.code, c.name, c.topic, c.product_category, c.mode, c.duration_minutes, c.language, c.description, c.is_active,
	c.custom, c.version, c.created_at, c.updated_at
from course c
where true
  and c.code = :code
  and c.topic = :topic
  and c.mode = :mode
  and c.language = :language
  and c.product_category = :product_category
  and c.is_active = :is_active
  and c.search @> search_grams(:q) and strpos(c.search_text, search_fold(:q)) > 0
  and (c.code, c.id) > (:cursor_key, :cursor_id)  -- sort: code
  and (c.code, c.id) < (:cursor_key, :cursor_id)  -- sort: -code
  and (c.name, c.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (c.name, c.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by c.code, c.id  -- sort: code
order by c.code desc, c.id desc  -- sort: -code
order by c.name, c.id  -- sort: name
order by c.name desc, c.id desc  -- sort: -name
limit :limit;
