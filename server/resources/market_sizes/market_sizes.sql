-- name: listMarketSizes
-- Market sizes in the order of the names of their periods.
select z.id, z.region_id, r.code as region_code, z.product_category, z.period, z.amount, z.currency, z.price_level, z.source, z.competitors,
	z.custom, z.version, z.created_at, z.updated_at
from market_size z
join region r on r.id = z.region_id
where true
  and z.region_id = any (array(select below from region_below(:region_code) as below))
  and z.product_category = :product_category
  and z.period = :period
  and z.price_level = :price_level
  and (z.period, z.id) > (:cursor_key, :cursor_id)  -- sort: period
  and (z.period, z.id) < (:cursor_key, :cursor_id)  -- sort: -period
order by z.period, z.id  -- sort: period
order by z.period desc, z.id desc  -- sort: -period
limit :limit;
