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

-- name: createCourse
-- Adds a course.
with body as (
	select b.*
	from jsonb_populate_record(null::course, :body) as b
), fault as (
	select 'course_code_taken' as problem, '/code' as pointer, c.id as existing_id
	from body b
	join course c on c.code = b.code
), created as (
	insert into course (id, code, name, topic, product_category, mode, duration_minutes, language, description, is_active, custom, created_at, updated_at)
	select :new_id, b.code, b.name, b.topic, b.product_category, b.mode, b.duration_minutes, b.language, b.description, coalesce(b.is_active, true),
		coalesce(b.custom, '{}'), :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateCourse
-- Changes what the body names.
with target as (
	select c.id, c.version
	from course c
	where c.id = :id
	for update
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'course_code_taken', '/code', c.id
	from jsonb_to_record(:body) as b (code text)
	join course c on c.code = b.code and c.id <> :id
), changed as (
	update course c
	set (code, name, topic, product_category, mode, duration_minutes, language, description, is_active, custom) = (
		select n.code, n.name, n.topic, n.product_category, n.mode, n.duration_minutes, n.language, n.description, coalesce(n.is_active, true),
			case when :body ? 'custom' then object_merge(c.custom, n.custom) else c.custom end
		from jsonb_populate_record(c, :body) as n),
		version = c.version + 1,
		updated_at = :now
	from target t
	where c.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
