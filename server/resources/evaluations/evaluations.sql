-- name: listEvaluations
-- Evaluations in the order of their days.
select e.id, e.scorecard_id, s.code as scorecard_code, e.scorecard_revision, e.partner_id, p.code as partner_code, e.evaluator, e.evaluated_on, e.scores, e.note,
	e.score, e.completeness_pct, e.decision, e.vetoes, e.custom, e.version, e.created_at, e.updated_at
from evaluation e
join scorecard s on s.id = e.scorecard_id
join partner p on p.id = e.partner_id
where true
  and e.scorecard_id = (select c.id from scorecard c where c.code = :scorecard_code)
  and e.partner_id = partner_id_of(:partner_code)
  and e.decision = :decision
  and (e.evaluated_on, e.id) > (:cursor_key, :cursor_id)  -- sort: evaluated_on
  and (e.evaluated_on, e.id) < (:cursor_key, :cursor_id)  -- sort: -evaluated_on
order by e.evaluated_on, e.id  -- sort: evaluated_on
order by e.evaluated_on desc, e.id desc  -- sort: -evaluated_on
limit :limit;

-- name: listPartnerRankings
-- Partners by their scores.
select r.id, r.partner_id, r.partner_code, r.partner_name, r.rank, r.rank_low, r.rank_high, r.score, r.completeness_pct, r.spread, r.evaluators, r.scorecard_revision
from partner_rankings(
	moment => :now
	, asked_card => :scorecard_code
	, asked_day => :as_of
) as r
where true
  and (r.rank, r.id) > (:cursor_key, :cursor_id)  -- sort: rank
  and (r.rank, r.id) < (:cursor_key, :cursor_id)  -- sort: -rank
order by r.rank, r.id  -- sort: rank
order by r.rank desc, r.id desc  -- sort: -rank
limit :limit;

-- name: listEvaluationSummary
-- What evaluators say of a partner, by criterion and in all.
select case when p.id is null then 'not_found' end as problem, s.id, s.key, s.name, s.weight, s.evaluators, s.mean, s.deviation
from (select) as one
left join partner p on p.id = :id
left join evaluation_summary(
	partner => :id
	, asked_card => :scorecard_code
	, asked_day => :as_of
) as s on p.id is not null
where (p.id is null or s.id is not null)
  and (p.id is null or (s.key, s.id) > (:cursor_key, :cursor_id))  -- sort: key
  and (p.id is null or (s.key, s.id) < (:cursor_key, :cursor_id))  -- sort: -key
order by s.key, s.id  -- sort: key
order by s.key desc, s.id desc  -- sort: -key
limit :limit;
