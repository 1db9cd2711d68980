-- name: listProducts
-- Products in the order of their SKUs or names.
select p.id, p.sku, p.name, p.category, p.subcategory, p.color, cost_for_staff(p.standard_cost) as standard_cost, p.currency, p.is_active,
	p.custom, p.version, p.created_at, p.updated_at
from product p
where true
  and p.sku = :sku
  and p.category = :category
  and p.subcategory = :subcategory
  and p.is_active = :is_active
  and p.search @> search_grams(:q) and strpos(p.search_text, search_fold(:q)) > 0
  and (p.sku, p.id) > (:cursor_key, :cursor_id)  -- sort: sku
  and (p.sku, p.id) < (:cursor_key, :cursor_id)  -- sort: -sku
  and (p.name, p.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (p.name, p.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by p.sku, p.id  -- sort: sku
order by p.sku desc, p.id desc  -- sort: -sku
order by p.name, p.id  -- sort: name
order by p.name desc, p.id desc  -- sort: -name
limit :limit;

-- name: createProduct
-- Adds a product.
with body as (
	select b.*
	from jsonb_to_record(:body) as b (sku text, name text, category text, subcategory text, color text, standard_cost numeric, currency text, is_active boolean, custom jsonb)
), fault as (
	select 'product_sku_taken' as problem, '/sku' as pointer, p.id as existing_id
	from body b
	join product p on p.sku = b.sku
), created as (
	insert into product (id, sku, name, category, subcategory, color, standard_cost, currency, is_active, custom, created_at, updated_at)
	select :new_id, b.sku, b.name, b.category, b.subcategory, b.color, b.standard_cost, coalesce(b.currency, 'USD'), coalesce(b.is_active, true),
		coalesce(b.custom, '{}'), :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateProduct
-- Changes what the body names.
with target as (
	select p.id, p.version
	from product p
	where p.id = :id
	for update
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'product_sku_taken', '/sku', p.id
	from jsonb_to_record(:body) as b (sku text)
	join product p on p.sku = b.sku and p.id <> :id
), changed as (
	update product p
	set (sku, name, category, subcategory, color, standard_cost, currency, is_active, custom) = (
		select n.sku, n.name, n.category, n.subcategory, n.color, n.standard_cost, coalesce(n.currency, 'USD'), coalesce(n.is_active, true),
			case when :body ? 'custom' then object_merge(p.custom, n.custom) else p.custom end
		from jsonb_populate_record(p, :body) as n),
		version = p.version + 1,
		updated_at = :now
	from target t
	where p.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
