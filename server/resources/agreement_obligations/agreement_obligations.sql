-- name: listAgreementObligations
-- What vendor and partners owe each other, in the order of the days.
select o.id, o.agreement_id, a.number as agreement_number, o.partner_id, p.code as partner_code, o.party, o.area, o.description, o.measure, o.penalty,
	o.due_on, o.status, o.evidence, o.version, o.created_at, o.updated_at
from agreement_obligation o
join agreement a on a.id = o.agreement_id
join partner p on p.id = o.partner_id
where true
  and o.agreement_id = (select n.id from agreement n where n.number = :agreement_number)
  and o.partner_id = partner_id_of(:partner_code)
  and o.party = :party
  and o.status = :status
  and o.due_on >= :due_from
  and o.due_on <= :due_to
  and (o.due_on, o.id) > (:cursor_key, :cursor_id)  -- sort: due_on
  and (o.due_on, o.id) < (:cursor_key, :cursor_id)  -- sort: -due_on
order by o.due_on, o.id  -- sort: due_on
order by o.due_on desc, o.id desc  -- sort: -due_on
limit :limit;
