-- Agreements: their drafts, their way to signature, their versions and what was reached. What follows a move is in move_rules.sql.

-- name: listAgreements
-- Agreements in the order that is asked for.
select a.id, a.number, a.partner_id, p.code as partner_code, a.legal_entity_id, e.code as legal_entity_code, a.type, a.status,
	case when current_user <> 'qudao_partner' or a.amendment_status = 'sent' then a.amendment_status end as amendment_status, a.terms_version,
	a.starts_on, a.ends_on, a.auto_renew, a.renew_months, a.notice_days, a.exclusive, a.carve_outs, a.region_codes, a.product_categories, a.customer_types,
	a.price_list, a.payment_days, a.currency, a.goals, a.rights, a.obligations, a.renews_id,
	(select n.id from agreement n where n.renews_id = a.id and n.status <> 'declined' order by n.id desc limit 1) as renewed_by_id,
	a.terminated_on, a.custom, a.version, a.created_at, a.updated_at
from agreement a
join partner p on p.id = a.partner_id
left join legal_entity e on e.id = a.legal_entity_id
where true
  and a.number = :number
  and a.partner_id = partner_id_of(:partner_code)
  and a.status = :status
  and a.type = :type
  and a.exclusive = :exclusive
  and :as_of::date between a.starts_on and a.ends_on
  and (a.number, a.id) > (:cursor_key, :cursor_id)  -- sort: number
  and (a.number, a.id) < (:cursor_key, :cursor_id)  -- sort: -number
  and (a.starts_on, a.id) > (:cursor_key, :cursor_id)  -- sort: starts_on
  and (a.starts_on, a.id) < (:cursor_key, :cursor_id)  -- sort: -starts_on
  and (a.ends_on, a.id) > (:cursor_key, :cursor_id)  -- sort: ends_on
  and (a.ends_on, a.id) < (:cursor_key, :cursor_id)  -- sort: -ends_on
order by a.number, a.id  -- sort: number
order by a.number desc, a.id desc  -- sort: -number
order by a.starts_on, a.id  -- sort: starts_on
order by a.starts_on desc, a.id desc  -- sort: -starts_on
order by a.ends_on, a.id  -- sort: ends_on
order by a.ends_on desc, a.id desc  -- sort: -ends_on
limit :limit;

-- fragment: judged
with target as (
	select a as was, a.id, a.version, o.wanted
	from agreement a
	cross join (
		select distinct m.to_status as wanted
		from status_move m
		where m.object_type = 'agreement' and m.operation = current_setting('app.operation', true)
	) as o
	where a.id = :id
	for update of a
), fault as (
	select f.problem, f.pointer, f.detail
	from target t, move_faults('agreement', (t.was).partner_id, t.version, :if_match, agreement_stage(t.was, t.wanted), t.wanted) as f

-- fragment: done
), done as materialized (
	select agreement_move(t.was, t.wanted, :body, :now)
	from target t
	where not exists (select from fault)
)
select f.problem, f.pointer, f.detail, t.version
from target t
left join fault f on true
where (select count(*) from done) >= 0

-- name: submitAgreement
-- Submits a draft, or the draft of an amendment.
-- use: judged
-- use: done
;

-- name: returnAgreement
-- Gives the text back.
-- use: judged
-- use: done
;

-- name: approveAgreement
-- Approves the text, by somebody other than who submitted it, and takes its scope.
-- use: judged
	union all
	select 'second_approver_needed', null, null
	from target t, agreement_newest(t.was) as v
	where v.status = 'in_review' and v.submitted_by = :actor_id::uuid
	union all
	select f.problem, f.pointer, f.detail
	from target t, agreement_newest(t.was) as v, agreement_scope_faults(v) as f
	where v.status = 'in_review'
-- use: done
;

-- name: sendAgreement
-- Shows the text to the partner.
-- use: judged
-- use: done
;

-- name: signAgreement
-- Signs for one side.
-- use: judged
	union all
	select f.problem, f.pointer, f.detail
	from target t, agreement_signature_faults(t.was, :body) as f
-- use: done
;

-- name: declineAgreement
-- Says no.
-- use: judged
	union all
	select 'forbidden', null, null
	from target t
	where app_partner() is not null and (t.was).partner_id <> app_partner()
-- use: done
;

-- name: activateAgreement
-- Puts a signed agreement in force.
-- use: judged
-- use: done
;

-- name: suspendAgreement
-- Stops an agreement for a while.
-- use: judged
-- use: done
;

-- name: resumeAgreement
-- Ends a suspension.
-- use: judged
-- use: done
;

-- name: renewAgreement
-- Lets another agreement follow.
-- use: judged
	union all
	select 'agreement_number_taken', '/number', null
	from target t
	join agreement o on o.number = coalesce(:body::jsonb ->> 'number', agreement_next_number((t.was).number))
-- use: done
;

-- name: terminateAgreement
-- Ends an agreement before its time.
-- use: judged
-- use: done
;

-- name: amendAgreement
-- Writes the next version of an agreement in force.
with target as (
	select a as was, a.id, a.version
	from agreement a
	where a.id = :id
	for update
), fault as (
	select 'forbidden' as problem, null as pointer, null as detail
	from target t
	where not app_may_write((t.was).partner_id)
	union all
	select 'precondition_failed', null, null
	from target t
	where t.version <> all (:if_match)
	union all
	select f.problem, f.pointer, f.detail
	from target t, agreement_amendment_faults(t.was, :body) as f
), done as materialized (
	select agreement_amend(t.was, :body, :now)
	from target t
	where not exists (select from fault)
)
select f.problem, f.pointer, f.detail, t.version
from target t
left join fault f on true
where (select count(*) from done) >= 0;

-- fragment: version
v.id, v.agreement_id, v.number, v.status, v.effective_on, v.reason, v.terms, v.sha256, v.signatures, v.signed_at, v.created_at

-- name: listAgreementVersions
-- The versions of an agreement.
select case when a.id is null then 'not_found' end as problem,
-- use: version
from (select) as one
left join agreement a on a.id = :id
left join agreement_version v on v.agreement_id = a.id
where (a.id is null or v.id is not null)
  and (a.id is null or (v.number, v.id) > (:cursor_key, :cursor_id))  -- sort: number
  and (a.id is null or (v.number, v.id) < (:cursor_key, :cursor_id))  -- sort: -number
order by v.number, v.id  -- sort: number
order by v.number desc, v.id desc  -- sort: -number
limit :limit;

-- name: getAgreementVersion
-- A version, and what differs from another one.
select case when v.id is null or c.is_unknown then 'agreement_version_unknown' end as problem,
-- use: version
	, c.changes
from agreement a
left join agreement_version v on v.agreement_id = a.id and v.number = :number
left join agreement_compared(
	agreement => :id
	, asked => :number
	, against => :against
) as c on true
where a.id = :id;

-- name: listAgreementProgress
-- The goals of an agreement with what was reached, in the order of their days.
select case when a.id is null then 'not_found' end as problem, g.id, g.agreement_id, g.agreement_number, g.partner_code, g.version_number, g.key, g.metric,
	g.period, g.starts_on, g.ends_on, g.as_of, g.currency, g.target, g.actual, g.attainment_pct, g.expected_to_date, g.pace_pct, g.forecast, g.status,
	g.reason, g.inputs
from (select) as one
left join agreement a on a.id = :id
left join agreement_progress(
	agreement => :id
	, asked_day => :as_of
) as g on a.id is not null
where (a.id is null or g.id is not null)
  and (a.id is null or (g.starts_on, g.id) > (:cursor_key, :cursor_id))  -- sort: starts_on
  and (a.id is null or (g.starts_on, g.id) < (:cursor_key, :cursor_id))  -- sort: -starts_on
order by g.starts_on, g.id  -- sort: starts_on
order by g.starts_on desc, g.id desc  -- sort: -starts_on
limit :limit;

-- name: listGoalAnalytics
-- The goals of all partners in a period, in the order of their codes.
select g.id, g.agreement_id, g.agreement_number, g.partner_code, g.version_number, g.key, g.metric, g.period, g.starts_on, g.ends_on, g.as_of, g.currency, g.target,
	g.actual, g.attainment_pct, g.expected_to_date, g.pace_pct, g.forecast, g.status, g.reason, g.inputs, m.code as manager_code
from goal_analytics(
	moment => :now
	, asked_period => :period
	, asked_partner => :partner_code
	, asked_manager => :manager_code
	, asked_region => :region_code
	, asked_day => :as_of
) as g
join partner p on p.id = g.partner_id
left join member m on m.id = p.manager_id
where true
  and g.status = :status
  and (g.partner_code, g.id) > (:cursor_key, :cursor_id)  -- sort: partner_code
  and (g.partner_code, g.id) < (:cursor_key, :cursor_id)  -- sort: -partner_code
order by g.partner_code, g.id  -- sort: partner_code
order by g.partner_code desc, g.id desc  -- sort: -partner_code
limit :limit;
