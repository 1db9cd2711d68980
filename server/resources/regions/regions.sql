-- name: listRegions
-- Regions in the order of their codes or names.
select r.id, r.code, r.name, r.parent_id, p.code as parent_code, r.custom, r.version, r.created_at, r.updated_at
from region r
left join region p on p.id = r.parent_id
where true
  and r.code = :code
  and r.parent_id = (select x.id from region x where x.code = :parent_code)
  and r.search @> search_grams(:q) and strpos(r.search_text, search_fold(:q)) > 0
  and (r.code, r.id) > (:cursor_key, :cursor_id)  -- sort: code
  and (r.code, r.id) < (:cursor_key, :cursor_id)  -- sort: -code
  and (r.name, r.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (r.name, r.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by r.code, r.id  -- sort: code
order by r.code desc, r.id desc  -- sort: -code
order by r.name, r.id  -- sort: name
order by r.name desc, r.id desc  -- sort: -name
limit :limit;

-- name: updateRegion
-- Changes what the body names.
with target as (
	select r.id, r.version
	from region r
	where r.id = :id
	for update
), body as (
	select b.*, pi.id as parent_by_id, pc.id as parent_by_code, coalesce(pi.id, pc.id) as parent
	from jsonb_to_record(:body) as b (code text, parent_id uuid, parent_code text)
	left join region pi on pi.id = b.parent_id
	left join region pc on pc.code = b.parent_code
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'region_code_taken', '/code', r.id
	from body b
	join region r on r.code = b.code and r.id <> :id
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('region_unknown', '/parent_id', b.parent_id, b.parent_by_id, '/parent_code', b.parent_code, b.parent_by_code) as f
	union all
	select 'region_cycle', case when b.parent_code is null then '/parent_id' else '/parent_code' end, null
	from body b
	join region_span above on above.region_id = :id
	join region_span below on below.region_id = b.parent and below.span <@ above.span
), changed as (
	update region r
	set (code, name, parent_id, custom) = (
		select n.code, n.name,
			case when :body ?| array['parent_id', 'parent_code'] then b.parent else r.parent_id end,
			case when :body ? 'custom' then object_merge(r.custom, n.custom) else r.custom end
		from body b, jsonb_populate_record(r, :body) as n),
		version = r.version + 1,
		updated_at = :now
	from target t
	where r.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
