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
