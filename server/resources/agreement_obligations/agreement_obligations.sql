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

-- name: listObligationAnalytics
-- How each side keeps what it owes, by partner.
select s.id, s.partner_code, s.party, s.met, s.cured, s.breached, s.waived, s.due, round(100.0 * s.met / nullif(s.met + s.cured + s.breached, 0), 2) as kept_pct
from (
	select md5(p.id || o.party)::uuid as id, p.code as partner_code, o.party, count(*) filter (where o.status = 'met') as met,
		count(*) filter (where o.status = 'cured') as cured, count(*) filter (where o.status = 'breached') as breached,
		count(*) filter (where o.status = 'waived') as waived, count(*) filter (where o.status = 'due') as due
	from agreement_obligation o
	join partner p on p.id = o.partner_id
	where o.status <> 'pending'
	  and o.party = :party
	  and p.code = :partner_code
	group by p.id, p.code, o.party
) as s
where true
  and (s.partner_code, s.id) > (:cursor_key, :cursor_id)  -- sort: partner_code
  and (s.partner_code, s.id) < (:cursor_key, :cursor_id)  -- sort: -partner_code
order by s.partner_code, s.id  -- sort: partner_code
order by s.partner_code desc, s.id desc  -- sort: -partner_code
limit :limit;
