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

-- name: createLegalEntity
-- Adds a legal entity.
with body as (
	select b.*
	from jsonb_to_record(:body) as b (code text, name text, country_code text, currency text, tax_id text, is_active boolean, custom jsonb)
), fault as (
	select 'legal_entity_code_taken' as problem, '/code' as pointer, e.id as existing_id
	from body b
	join legal_entity e on e.code = b.code
), created as (
	insert into legal_entity (id, code, name, country_code, currency, tax_id, is_active, custom, created_at, updated_at)
	select :new_id, b.code, b.name, b.country_code, b.currency, b.tax_id, coalesce(b.is_active, true), coalesce(b.custom, '{}'), :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateLegalEntity
-- Changes what the body names.
with target as (
	select e.id, e.version
	from legal_entity e
	where e.id = :id
	for update
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'legal_entity_code_taken', '/code', e.id
	from jsonb_to_record(:body) as b (code text)
	join legal_entity e on e.code = b.code and e.id <> :id
), changed as (
	update legal_entity e
	set (code, name, country_code, currency, tax_id, is_active, custom) = (
		select n.code, n.name, n.country_code, n.currency, n.tax_id, coalesce(n.is_active, true),
			case when :body ? 'custom' then object_merge(e.custom, n.custom) else e.custom end
		from jsonb_populate_record(e, :body) as n),
		version = e.version + 1,
		updated_at = :now
	from target t
	where e.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
