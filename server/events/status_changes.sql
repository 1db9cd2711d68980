-- The moves of statuses, one list for each kind of object that has one. They differ in the object and in what its id is called.

-- fragment: page
where true
  and (c.problem is not null or (c.changed_at, c.id) < (:cursor_key, :cursor_id))  -- sort: -changed_at
  and (c.problem is not null or (c.changed_at, c.id) > (:cursor_key, :cursor_id))  -- sort: changed_at
order by c.changed_at desc, c.id desc  -- sort: -changed_at
order by c.changed_at, c.id  -- sort: changed_at
limit :limit

-- name: listPartnerStatusChanges
-- The moves of a partner's status.
select c.problem, c.id, c.object_id as partner_id, c.from_status, c.to_status, c.reason, c.actor_id, c.changed_at
from (
	select null as problem, s.* from status_change s where s.object_type = 'partner' and s.object_id = :id
	union all
	select 'not_found', (null::status_change).* where not exists (select from partner o where o.id = :id)
) as c
-- use: page

-- name: listSalesRecordStatusChanges
-- The moves of a sales record's status.
select c.problem, c.id, c.object_id as sales_record_id, c.from_status, c.to_status, c.reason, c.actor_id, c.changed_at
from (
	select null as problem, s.* from status_change s where s.object_type = 'sales_record' and s.object_id = :id
	union all
	select 'not_found', (null::status_change).* where not exists (select from sales_record o where o.id = :id)
) as c
-- use: page

-- name: listAgreementStatusChanges
-- The moves of an agreement's status.
select c.problem, c.id, c.object_id as agreement_id, c.from_status, c.to_status, c.reason, c.actor_id, c.changed_at
from (
	select null as problem, s.* from status_change s where s.object_type = 'agreement' and s.object_id = :id
	union all
	select 'not_found', (null::status_change).* where not exists (select from agreement o where o.id = :id)
) as c
-- use: page

-- name: listAgreementObligationStatusChanges
-- The moves of an obligation's status.
select c.problem, c.id, c.object_id as agreement_obligation_id, c.from_status, c.to_status, c.reason, c.actor_id, c.changed_at
from (
	select null as problem, s.* from status_change s where s.object_type = 'agreement_obligation' and s.object_id = :id
	union all
	select 'not_found', (null::status_change).* where not exists (select from agreement_obligation o where o.id = :id)
) as c
-- use: page

-- name: listScorecardStatusChanges
-- The moves of a scorecard's status.
select c.problem, c.id, c.object_id as scorecard_id, c.from_status, c.to_status, c.reason, c.actor_id, c.changed_at
from (
	select null as problem, s.* from status_change s where s.object_type = 'scorecard' and s.object_id = :id
	union all
	select 'not_found', (null::status_change).* where not exists (select from scorecard o where o.id = :id)
) as c
-- use: page
