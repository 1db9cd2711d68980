-- name: listPartnerCustomerSegments
-- Segments in the order of their days.
select s.id, s.partner_id, p.code as partner_code, s.customer_type, s.as_of, s.customers, s.repeat_pct, s.retained_pct, s.top10_share_pct,
	s.custom, s.version, s.created_at, s.updated_at
from partner_customer_segment s
join partner p on p.id = s.partner_id
where true
  and s.partner_id = partner_id_of(:partner_code)
  and s.customer_type = :customer_type
  and (s.as_of, s.id) > (:cursor_key, :cursor_id)  -- sort: as_of
  and (s.as_of, s.id) < (:cursor_key, :cursor_id)  -- sort: -as_of
order by s.as_of, s.id  -- sort: as_of
order by s.as_of desc, s.id desc  -- sort: -as_of
limit :limit;
