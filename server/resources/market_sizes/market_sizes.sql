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

-- name: listCoverageAnalytics
-- What of the regions' markets is covered, the largest gap first.
select c.id, c.gap_rank, c.region_code, c.region_name, c.period, c.product_category, c.potential, c.currency, c.partners, c.covered_pct, c.covered, c.gap,
	c.overlaps, c.reason
from coverage_analytics(
	moment => :now
	, asked_period => :period
	, asked_level => :region_level
	, asked_category => :product_category
) as c
where true
  and (c.gap_rank, c.id) > (:cursor_key, :cursor_id)  -- sort: gap_rank
  and (c.gap_rank, c.id) < (:cursor_key, :cursor_id)  -- sort: -gap_rank
order by c.gap_rank, c.id  -- sort: gap_rank
order by c.gap_rank desc, c.id desc  -- sort: -gap_rank
limit :limit;
