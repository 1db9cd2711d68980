-- name: listCustomers
-- Customers in the order of their codes or names.
select c.id, c.code, c.name, c.legal_name, c.tax_id, c.industry, c.partner_id, p.code as partner_code, c.region_id, r.code as region_code,
	c.address, c.city, c.state_province, c.postal_code, c.country_code, c.phone, c.email, c.website, c.custom, c.version, c.created_at, c.updated_at
from customer c
left join partner p on p.id = c.partner_id
left join region r on r.id = c.region_id
where true
  and c.code = :code
  and c.partner_id = partner_id_of(:partner_code)
  and c.region_id = any (array(select below from region_below(:region_code) as below))
  and c.industry = :industry
  and c.tax_id = :tax_id
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

-- name: createCustomer
-- Adds a customer; a partner adds its own unless it says otherwise.
with body as (
	select b.*, pi.id as partner_by_id, pc.id as partner_by_code, ri.id as region_by_id, rc.id as region_by_code,
		coalesce(pi.id, pc.id, app_partner()) as partner
	from jsonb_to_record(:body) as b (
		code text, name text, legal_name text, tax_id text, industry text, partner_id uuid, partner_code text, region_id uuid, region_code text,
		address text, city text, state_province text, postal_code text, country_code text, phone text, email text, website text, custom jsonb)
	left join partner pi on pi.id = b.partner_id
	left join partner pc on pc.code = b.partner_code
	left join region ri on ri.id = b.region_id
	left join region rc on rc.code = b.region_code
), fault as (
	select 'forbidden' as problem, '/partner_code' as pointer, null::uuid as existing_id
	from body b
	where not app_may_write(b.partner)
	union all
	select 'customer_code_taken', '/code', c.id
	from body b
	join customer c on c.code = b.code and c.partner_id is not distinct from b.partner
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('partner_unknown', '/partner_id', b.partner_id, b.partner_by_id, '/partner_code', b.partner_code, b.partner_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('region_unknown', '/region_id', b.region_id, b.region_by_id, '/region_code', b.region_code, b.region_by_code) as f
), created as (
	insert into customer (id, code, name, legal_name, tax_id, industry, partner_id, region_id, address, city, state_province, postal_code, country_code,
		phone, email, website, custom, created_at, updated_at)
	select :new_id, b.code, b.name, b.legal_name, b.tax_id, b.industry, b.partner, coalesce(b.region_by_id, b.region_by_code), b.address, b.city,
		b.state_province, b.postal_code, b.country_code, b.phone, b.email, b.website, coalesce(b.custom, '{}'), :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateCustomer
-- Changes what the body names.
with target as (
	select c.id, c.code, c.partner_id, c.version
	from customer c
	where c.id = :id
	for update
), body as (
	select b.*, pi.id as partner_by_id, pc.id as partner_by_code, ri.id as region_by_id, rc.id as region_by_code,
		case when :body ?| array['partner_id', 'partner_code'] then coalesce(pi.id, pc.id) else t.partner_id end as partner
	from target t
	cross join jsonb_to_record(:body) as b (code text, partner_id uuid, partner_code text, region_id uuid, region_code text)
	left join partner pi on pi.id = b.partner_id
	left join partner pc on pc.code = b.partner_code
	left join region ri on ri.id = b.region_id
	left join region rc on rc.code = b.region_code
), fault as (
	select 'forbidden' as problem, null as pointer, null::uuid as existing_id
	from target t
	where not app_may_write(t.partner_id)
	union all
	select 'forbidden', '/partner_code', null
	from body b
	where not app_may_write(b.partner)
	union all
	select 'precondition_failed', null, null
	from target t
	where t.version <> all (:if_match)
	union all
	select 'customer_code_taken', '/code', c.id
	from target t
	cross join body b
	join customer c on c.code = coalesce(b.code, t.code) and c.partner_id is not distinct from b.partner and c.id <> t.id
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('partner_unknown', '/partner_id', b.partner_id, b.partner_by_id, '/partner_code', b.partner_code, b.partner_by_code) as f
	union all
	select f.problem, f.pointer, null
	from body b, reference_faults('region_unknown', '/region_id', b.region_id, b.region_by_id, '/region_code', b.region_code, b.region_by_code) as f
), changed as (
	update customer c
	set (code, name, legal_name, tax_id, industry, partner_id, region_id, address, city, state_province, postal_code, country_code, phone, email,
			website, custom) = (
		select n.code, n.name, n.legal_name, n.tax_id, n.industry, b.partner,
			case when :body ?| array['region_id', 'region_code'] then coalesce(b.region_by_id, b.region_by_code) else c.region_id end,
			n.address, n.city, n.state_province, n.postal_code, n.country_code, n.phone, n.email, n.website,
			case when :body ? 'custom' then object_merge(c.custom, n.custom) else c.custom end
		from body b, jsonb_populate_record(c, :body) as n),
		version = c.version + 1,
		updated_at = :now
	from target t
	where c.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
