-- name: listPartnerCoverages
-- Coverages in the order of their first days.
select c.id, c.partner_id, p.code as partner_code, c.region_id, r.code as region_code, c.product_category, c.outlets, c.sales_reps,
	c.population_share_pct, c.valid_from, c.valid_to, c.evidence, c.custom, c.version, c.created_at, c.updated_at
from partner_coverage c
join partner p on p.id = c.partner_id
join region r on r.id = c.region_id
where true
  and c.partner_id = partner_id_of(:partner_code)
  and c.region_id = any (array(select below from region_below(:region_code) as below))
  and c.product_category = :product_category
  and daterange(c.valid_from, c.valid_to, '[]') @> :as_of::date
  and (c.valid_from, c.id) > (:cursor_key, :cursor_id)  -- sort: valid_from
  and (c.valid_from, c.id) < (:cursor_key, :cursor_id)  -- sort: -valid_from
order by c.valid_from, c.id  -- sort: valid_from
order by c.valid_from desc, c.id desc  -- sort: -valid_from
limit :limit;
