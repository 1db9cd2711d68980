-- name: listPartners
-- Partners in the order that is asked for.
select p.id, p.code, p.name, p.legal_name, p.tax_id, p.type, p.group_name, p.status, p.pending_status, p.tier,
	p.parent_id, (select above.code from partner above where above.id = p.parent_id) as parent_code,
	p.manager_id, m.code as manager_code, p.region_id, r.code as region_code,
	p.industries, p.employees, p.founded_year, p.address, p.city, p.state_province, p.postal_code, p.country_code, p.phone, p.website,
	p.currency, p.tags, p.external_refs, p.custom, p.version, p.created_at, p.updated_at
from partner p
left join member m on m.id = p.manager_id
left join region r on r.id = p.region_id
where true
  and p.code = :code
  and p.status = :status
  and p.type = :type
  and p.tier = :tier
  and p.country_code = :country_code
  and p.region_id = any (array(select below from region_below(:region_code) as below))
  and p.manager_id = member_id_of(:manager_code)
  and p.parent_id = partner_id_of(:parent_code)
  and p.tags @> array[:tag]::text[]
  and p.search @> search_grams(:q) and strpos(p.search_text, search_fold(:q)) > 0
  and (p.code, p.id) > (:cursor_key, :cursor_id)  -- sort: code
  and (p.code, p.id) < (:cursor_key, :cursor_id)  -- sort: -code
  and (p.name, p.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (p.name, p.id) < (:cursor_key, :cursor_id)  -- sort: -name
  and (p.created_at, p.id) > (:cursor_key, :cursor_id)  -- sort: created_at
  and (p.created_at, p.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
  and (p.updated_at, p.id) > (:cursor_key, :cursor_id)  -- sort: updated_at
  and (p.updated_at, p.id) < (:cursor_key, :cursor_id)  -- sort: -updated_at
order by p.code, p.id  -- sort: code
order by p.code desc, p.id desc  -- sort: -code
order by p.name, p.id  -- sort: name
order by p.name desc, p.id desc  -- sort: -name
order by p.created_at, p.id  -- sort: created_at
order by p.created_at desc, p.id desc  -- sort: -created_at
order by p.updated_at, p.id  -- sort: updated_at
order by p.updated_at desc, p.id desc  -- sort: -updated_at
limit :limit;

-- name: createPartner
-- Registers a partner; a manager registers its own.
with body as (
	select b.*, pi.id as parent_by_id, pc.id as parent_by_code, mi.id as manager_by_id, mc.id as manager_by_code,
		ri.id as region_by_id, rc.id as region_by_code
	from jsonb_to_record(:body) as b (
		code text, name text, legal_name text, tax_id text, type text, group_name text, status text, tier text,
		parent_id uuid, parent_code text, manager_id uuid, manager_code text, region_id uuid, region_code text,
		industries text[], employees integer, founded_year integer, address text, city text, state_province text, postal_code text,
		country_code text, phone text, website text, currency text, tags text[], external_refs jsonb, custom jsonb)
	left join partner pi on pi.id = b.parent_id
	left join partner pc on pc.code = b.parent_code
	left join member mi on mi.id = b.manager_id
	left join member mc on mc.code = b.manager_code
	left join region ri on ri.id = b.region_id
	left join region rc on rc.code = b.region_code
), fault as (
	select 'forbidden' as problem, case when b.manager_code is null then '/manager_id' else '/manager_code' end as pointer, null::uuid as existing_id
	from body b
	where app_is_manager() and app_manager() is distinct from coalesce(b.manager_by_id, b.manager_by_code)
	union all
	select 'partner_code_taken', '/code', p.id
	from body b
	join partner p on p.code = b.code
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('partner_unknown', '/parent_id', b.parent_id, b.parent_by_id, '/parent_code', b.parent_code, b.parent_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('manager_unknown', '/manager_id', b.manager_id, b.manager_by_id, '/manager_code', b.manager_code, b.manager_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('region_unknown', '/region_id', b.region_id, b.region_by_id, '/region_code', b.region_code, b.region_by_code) as f
), created as (
	insert into partner (id, code, name, legal_name, tax_id, type, group_name, status, tier, parent_id, manager_id, region_id, industries,
		employees, founded_year, address, city, state_province, postal_code, country_code, phone, website, currency, tags, external_refs,
		custom, created_at, updated_at)
	select :new_id, b.code, b.name, b.legal_name, b.tax_id, coalesce(b.type, 'reseller'), b.group_name, coalesce(b.status, 'prospect'),
		coalesce(b.tier, 'registered'), coalesce(b.parent_by_id, b.parent_by_code), coalesce(b.manager_by_id, b.manager_by_code),
		coalesce(b.region_by_id, b.region_by_code), coalesce(b.industries, '{}'), b.employees, b.founded_year, b.address, b.city,
		b.state_province, b.postal_code, b.country_code, b.phone, b.website, b.currency, coalesce(b.tags, '{}'),
		coalesce(b.external_refs, '{}'), coalesce(b.custom, '{}'), :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updatePartner
-- Changes what the body names; the status moves by changePartnerStatus only.
with target as (
	select p.id, p.version
	from partner p
	where p.id = :id
	for update
), body as (
	select b.*, pi.id as parent_by_id, pc.id as parent_by_code, coalesce(pi.id, pc.id) as parent,
		mi.id as manager_by_id, mc.id as manager_by_code, ri.id as region_by_id, rc.id as region_by_code
	from jsonb_to_record(:body) as b (
		code text, parent_id uuid, parent_code text, manager_id uuid, manager_code text, region_id uuid, region_code text)
	left join partner pi on pi.id = b.parent_id
	left join partner pc on pc.code = b.parent_code
	left join member mi on mi.id = b.manager_id
	left join member mc on mc.code = b.manager_code
	left join region ri on ri.id = b.region_id
	left join region rc on rc.code = b.region_code
), fault as (
	select 'forbidden' as problem, null as pointer, null::uuid as existing_id
	from target t
	where not app_may_write(t.id)
	union all
	select 'precondition_failed', null, null
	from target t
	where t.version <> all (:if_match)
	union all
	select 'partner_code_taken', '/code', p.id
	from body b
	join partner p on p.code = b.code and p.id <> :id
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('partner_unknown', '/parent_id', b.parent_id, b.parent_by_id, '/parent_code', b.parent_code, b.parent_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('manager_unknown', '/manager_id', b.manager_id, b.manager_by_id, '/manager_code', b.manager_code, b.manager_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('region_unknown', '/region_id', b.region_id, b.region_by_id, '/region_code', b.region_code, b.region_by_code) as f
	union all
	select 'partner_cycle', case when b.parent_code is null then '/parent_id' else '/parent_code' end, null
	from body b
	join partner_closure c on c.ancestor_id = :id and c.descendant_id = b.parent
), changed as (
	update partner p
	set (code, name, legal_name, tax_id, type, group_name, tier, parent_id, manager_id, region_id, industries, employees, founded_year,
		address, city, state_province, postal_code, country_code, phone, website, currency, tags, external_refs, custom) = (
		select n.code, n.name, n.legal_name, n.tax_id, coalesce(n.type, 'reseller'), n.group_name, coalesce(n.tier, 'registered'),
			case when :body ?| array['parent_id', 'parent_code'] then b.parent else p.parent_id end,
			case when :body ?| array['manager_id', 'manager_code'] then coalesce(b.manager_by_id, b.manager_by_code) else p.manager_id end,
			case when :body ?| array['region_id', 'region_code'] then coalesce(b.region_by_id, b.region_by_code) else p.region_id end,
			coalesce(n.industries, '{}'), n.employees, n.founded_year, n.address, n.city, n.state_province, n.postal_code, n.country_code,
			n.phone, n.website, n.currency, coalesce(n.tags, '{}'),
			case when :body ? 'external_refs' then object_merge(p.external_refs, n.external_refs) else p.external_refs end,
			case when :body ? 'custom' then object_merge(p.custom, n.custom) else p.custom end
		from body b, jsonb_populate_record(p, :body) as n),
		version = p.version + 1,
		updated_at = :now
	from target t
	where p.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;

-- name: deletePartner
-- Removes a partner that has neither sales nor partners below it.
with target as (
	select p.id, p.version
	from partner p
	where p.id = :id
	for update
), fault as (
	select 'forbidden' as problem, null as pointer
	from target t
	where not app_may_write(t.id)
	union all
	select 'precondition_failed', null
	from target t
	where t.version <> all (:if_match)
), removed as (
	delete from partner p
	using target t
	where p.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;

-- name: changePartnerStatus
-- Moves the status as status_move says. A move that needs two waits as pending_status for a second approver.
with target as (
	select p.id, p.status, p.version, b.status as wanted, case when p.pending_status = b.status then p.pending_by end as proposed_by
	from partner p
	cross join jsonb_to_record(:body) as b (status text)
	where p.id = :id
	for update of p
), asked as (
	select t.*, move_is_final('partner', t.status, t.wanted, t.proposed_by) as is_final
	from target t
), fault as (
	select f.problem, f.pointer, f.detail
	from target t, move_faults('partner', t.id, t.version, :if_match, t.status, t.wanted, '/status') as f
	union all
	select f.problem, f.pointer, f.detail
	from target t, approver_faults('partner', t.status, t.wanted, '/status', t.proposed_by) as f
), changed as (
	update partner p
	set status = case when a.is_final then a.wanted else p.status end,
		pending_status = case when not a.is_final then a.wanted end,
		pending_by = case when not a.is_final then :actor_id::uuid end,
		version = p.version + 1,
		updated_at = :now
	from asked a
	where p.id = a.id and not exists (select from fault)
	returning case when a.is_final then move_kept('partner', p.id, p.id, a.status, p.status, :body, :now) end
)
select f.problem, f.pointer, f.detail, t.version
from target t
left join fault f on true;

-- name: listPartnerTree
-- A partner and all below it, the nearest first.
select case when o.id is null then 'not_found' end as problem, p.id, p.code, p.name, p.type, p.status, p.tier,
	(select above.code from partner above where above.id = p.parent_id) as parent_code, c.depth
from (select) as one
left join partner o on o.id = :id
left join partner_closure c on c.ancestor_id = o.id
left join partner p on p.id = c.descendant_id
where (o.id is null or p.id is not null)
  and (o.id is null or (c.depth, p.id) > (:cursor_key, :cursor_id))  -- sort: depth
  and (o.id is null or (c.depth, p.id) < (:cursor_key, :cursor_id))  -- sort: -depth
order by c.depth, p.id  -- sort: depth
order by c.depth desc, p.id desc  -- sort: -depth
limit :limit;

-- name: listPartnerAncestors
-- The partners above one, the nearest first.
select case when o.id is null then 'not_found' end as problem, p.id, p.code, p.name, p.type, p.status, p.tier,
	(select above.code from partner above where above.id = p.parent_id) as parent_code, c.depth
from (select) as one
left join partner o on o.id = :id
left join partner_closure c on c.descendant_id = o.id and c.depth > 0
left join partner p on p.id = c.ancestor_id
where (o.id is null or p.id is not null)
  and (o.id is null or (c.depth, p.id) > (:cursor_key, :cursor_id))  -- sort: depth
  and (o.id is null or (c.depth, p.id) < (:cursor_key, :cursor_id))  -- sort: -depth
order by c.depth, p.id  -- sort: depth
order by c.depth desc, p.id desc  -- sort: -depth
limit :limit;

-- name: listPartnerDuplicates
-- Partners that are likely the same.
select d.id, d.partner_code, d.partner_name, d.other_code, d.other_name, d.score, d.reasons
from partner_duplicates() as d
where true
  and (d.score, d.id) < (:cursor_key, :cursor_id)  -- sort: -score
  and (d.score, d.id) > (:cursor_key, :cursor_id)  -- sort: score
order by d.score desc, d.id desc  -- sort: -score
order by d.score, d.id  -- sort: score
limit :limit;
