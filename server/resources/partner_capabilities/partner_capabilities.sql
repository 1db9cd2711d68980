-- name: listPartnerCapabilities
-- Capabilities in the order of their names.
select c.id, c.partner_id, p.code as partner_code, c.area, c.name, c.level, c.headcount, c.valid_to, c.evidence,
	c.custom, c.version, c.created_at, c.updated_at
from partner_capability c
join partner p on p.id = c.partner_id
where true
  and c.partner_id = partner_id_of(:partner_code)
  and c.area = :area
  and c.level = :level
  and (c.name, c.id) > (:cursor_key, :cursor_id)  -- sort: name
  and (c.name, c.id) < (:cursor_key, :cursor_id)  -- sort: -name
order by c.name, c.id  -- sort: name
order by c.name desc, c.id desc  -- sort: -name
limit :limit;
