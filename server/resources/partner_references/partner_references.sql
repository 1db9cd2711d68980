-- name: listPartnerReferences
-- References in the order of the names of the customers.
select r.id, r.partner_id, p.code as partner_code, r.customer_name, r.project, r.year, r.verified_at, r.custom, r.version, r.created_at, r.updated_at
from partner_reference r
join partner p on p.id = r.partner_id
where true
  and r.partner_id = partner_id_of(:partner_code)
  and (r.customer_name, r.id) > (:cursor_key, :cursor_id)  -- sort: customer_name
  and (r.customer_name, r.id) < (:cursor_key, :cursor_id)  -- sort: -customer_name
order by r.customer_name, r.id  -- sort: customer_name
order by r.customer_name desc, r.id desc  -- sort: -customer_name
limit :limit;
