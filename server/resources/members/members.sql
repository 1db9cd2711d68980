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

-- name: createMember
-- Adds a member.
with body as (
	select b.*, ri.id as region_by_id, rc.id as region_by_code
	from jsonb_to_record(:body) as b (code text, name text, email text, phone text, title text, region_id uuid, region_code text, is_active boolean, custom jsonb)
	left join region ri on ri.id = b.region_id
	left join region rc on rc.code = b.region_code
), fault as (
	select 'member_code_taken' as problem, '/code' as pointer, m.id as existing_id
	from body b
	join member m on m.code = b.code
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('region_unknown', '/region_id', b.region_id, b.region_by_id, '/region_code', b.region_code, b.region_by_code) as f
), created as (
	insert into member (id, code, name, email, phone, title, region_id, is_active, custom, created_at, updated_at)
	select :new_id, b.code, b.name, b.email, b.phone, b.title, coalesce(b.region_by_id, b.region_by_code), coalesce(b.is_active, true),
		coalesce(b.custom, '{}'), :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateMember
-- Changes what the body names.
with target as (
	select m.id, m.version
	from member m
	where m.id = :id
	for update
), body as (
	select b.*, ri.id as region_by_id, rc.id as region_by_code
	from jsonb_to_record(:body) as b (code text, region_id uuid, region_code text)
	left join region ri on ri.id = b.region_id
	left join region rc on rc.code = b.region_code
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'member_code_taken', '/code', m.id
	from body b
	join member m on m.code = b.code and m.id <> :id
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('region_unknown', '/region_id', b.region_id, b.region_by_id, '/region_code', b.region_code, b.region_by_code) as f
), changed as (
	update member m
	set (code, name, email, phone, title, region_id, is_active, custom) = (
		select n.code, n.name, n.email, n.phone, n.title,
			case when :body ?| array['region_id', 'region_code'] then coalesce(b.region_by_id, b.region_by_code) else m.region_id end,
			coalesce(n.is_active, true),
			case when :body ? 'custom' then object_merge(m.custom, n.custom) else m.custom end
		from body b, jsonb_populate_record(m, :body) as n),
		version = m.version + 1,
		updated_at = :now
	from target t
	where m.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
