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
