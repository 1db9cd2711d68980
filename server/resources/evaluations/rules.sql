create or replace function evaluation_parts(criteria jsonb, scores jsonb) returns table (place integer, key text, weight numeric, value numeric, part numeric, is_vetoed boolean, has_veto boolean)
	language sql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select c.place, c.key, c.weight, s.value, case c.direction when 'cost' then 1 - p.part else p.part end, coalesce(s.value < c.veto_below, false), c.veto_below is not null
	from scorecard_criteria(criteria) as c
	left join jsonb_to_recordset(scores) as s (key text, value numeric) on s.key = c.key
	cross join lateral (select case when s.value is not null then least(greatest((s.value - c.lo)::numeric(38, 18) / (c.hi - c.lo), 0), 1) end as part) as p
$$;
comment on function evaluation_parts(jsonb, jsonb) is
	'What each criterion comes to: clamp((value - lo) / (hi - lo), 0, 1), for a cost one less that; null where it was not answered.';

create or replace function evaluation_result(card scorecard_revision, scores jsonb) returns table (
		parts numeric[], score numeric, completeness_pct numeric, decision text, vetoes text[])
	language sql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
	-- A third has no end in digits; what is left of it beyond twelve must not decide.
	with summed as (
		select array_agg(p.part order by p.place) as parts, round(100 * sum(p.weight * p.part) / nullif(sum(p.weight) filter (where p.part is not null), 0), 12) as score,
			100 * coalesce(sum(p.weight) filter (where p.part is not null), 0) / sum(p.weight) as completeness,
			coalesce(array_agg(p.key order by p.place) filter (where p.is_vetoed), '{}') as vetoes,
			coalesce(bool_or(p.has_veto and p.part is null), false) as lacks_veto
		from evaluation_parts(card.criteria, scores) as p
	)
	select s.parts, s.score, s.completeness, case
			when s.vetoes <> '{}' or s.score < card.reject_below then 'reject'
			when s.score >= card.approve_at and s.completeness >= 80 and not s.lacks_veto then 'approve'
			else 'review'
		end, s.vetoes
	from summed s
$$;
comment on function evaluation_result(scorecard_revision, jsonb) is
	'score = 100 * sum(weight * part) / sum(weight) over what was answered. A veto rejects; what is not complete to 80 %, or lacks an answer that could veto, is not approved.';

create or replace function evaluation_card(asked evaluation) returns setof scorecard_revision
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select r.*
	from scorecard s
	join scorecard_revision r on r.scorecard_id = s.id and r.number = coalesce(asked.scorecard_revision, s.published_revision)
	where s.id = asked.scorecard_id
$$;
comment on function evaluation_card(evaluation) is 'The text that an evaluation goes by: the one that it was made by, of a new one the one that is published.';

create or replace function evaluation_faults(wanted evaluation) returns table (problem text, pointer text, detail text)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select 'scorecard_not_published', '/scorecard_code', s.code
	from scorecard s
	where s.id = wanted.scorecard_id and s.published_revision is null
	union all
	select 'criterion_unknown', '/scores/' || e.place - 1 || '/key', e.value ->> 'key'
	from evaluation_card(wanted) as card
	cross join jsonb_array_elements(wanted.scores) with ordinality as e (value, place)
	where not exists (select from scorecard_criteria(card.criteria) as c where c.key = e.value ->> 'key')
	union all
	select 'criterion_twice', '/scores/' || e.place - 1 || '/key', e.value ->> 'key'
	from jsonb_array_elements(wanted.scores) with ordinality as e (value, place)
	where exists (
		select from jsonb_array_elements(wanted.scores) with ordinality as o (value, place)
		where o.value ->> 'key' = e.value ->> 'key' and o.place < e.place)
$$;
comment on function evaluation_faults(evaluation) is 'What refuses an evaluation: no text that is published, or answers to what is not asked, or twice.';

create or replace function evaluation_compute() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
declare
	card scorecard_revision;
begin
	select c.* into card from evaluation_card(new) as c;
	new.scorecard_revision := card.number;
	new.evaluator := coalesce(new.evaluator, nullif(current_setting('app.actor_name', true), ''), 'server');
	new.evaluated_on := coalesce(new.evaluated_on, app_today());
	select r.parts, round(r.score, 2), round(r.completeness_pct, 2), r.decision, r.vetoes
	into new.parts, new.score, new.completeness_pct, new.decision, new.vetoes
	from evaluation_result(card, new.scores) as r;
	return new;
end
$$;
comment on function evaluation_compute() is 'Computes what an evaluation comes to, and says who made it and when, where it does not.';

create or replace trigger evaluation_compute before insert or update on evaluation for each row execute function evaluation_compute();

create or replace function evaluations_that_count(card uuid, revision integer, asked_day date, partner uuid default null) returns setof evaluation
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select distinct on (e.partner_id, e.evaluator) e.*
	from evaluation e
	where e.scorecard_id = card and e.scorecard_revision = revision and e.evaluated_on <= asked_day and (partner is null or e.partner_id = partner)
	order by e.partner_id, e.evaluator, e.evaluated_on desc, e.id desc
$$;
comment on function evaluations_that_count(uuid, integer, date, uuid) is 'The last word of each evaluator on each partner by a day.';

create or replace function partner_rankings(moment timestamptz, asked_card text default 'DEFAULT', asked_day date default null) returns table (
		id uuid, partner_id uuid, partner_code text, partner_name text, rank bigint, rank_low bigint, rank_high bigint, score numeric, completeness_pct numeric,
		spread numeric, evaluators bigint, scorecard_revision integer)
	language sql stable security invoker set search_path = pg_catalog, public set jit = off set enable_nestloop = off set enable_sort = off set enable_mergejoin = off set work_mem = '64MB'
as $$
	with card as materialized (
		select s.id, s.published_revision as revision, r.criteria
		from scorecard s
		join scorecard_revision r on r.scorecard_id = s.id and r.number = s.published_revision
		where s.code = asked_card
	), criterion as materialized (
		select c.place, c.weight, sum(c.weight) over () as total
		from card
		cross join lateral scorecard_criteria(card.criteria) as c
	), word as materialized (
		-- The last one of each evaluator.
		select distinct on (e.partner_id, e.evaluator) e.partner_id, e.score, e.parts
		from evaluation e
		where e.scorecard_id = (select card.id from card) and e.scorecard_revision = (select card.revision from card)
		  and e.evaluated_on <= coalesce(asked_day, (select (moment at time zone o.time_zone)::date from setting o))
		order by e.partner_id, e.evaluator, e.evaluated_on desc, e.id desc
	), variant as materialized (
		select row_number() over () as number, c.place, c.weight::double precision as weight, f.factor, (c.total - f.factor * c.weight) / (c.total - c.weight)::double precision as others
		from criterion c
		cross join (values (0.9::double precision), (1.1)) as f (factor)
		where c.weight > 0 and c.weight < c.total
	), meant as materialized (
		-- What evaluators say of a criterion, on average.
		select w.partner_id, p.place, avg(p.part) as part
		from word w
		cross join lateral unnest(w.parts) with ordinality as p (part, place)
		where p.part is not null
		group by 1, 2
	), based as materialized (
		select m.partner_id, sum(c.weight * m.part) as gained, sum(c.weight) as answered, min(c.total) as total
		from meant m
		join criterion c on c.place = m.place
		group by 1
	), scored as materialized (
		select b.*, 100 * b.gained / nullif(b.answered, 0) as score, b.gained::double precision as gained_about, b.answered::double precision as answered_about
		from based b
	), varied as (
		-- One weight a tenth up or down; the others share the rest in proportion, so that the sum stays.
		select s.partner_id, v.number, round(1e11 * (v.others * (s.gained_about - o.own) + v.factor * o.own)
			/ nullif(v.others * (s.answered_about - o.weight) + v.factor * o.weight, 0)) as score
		from scored s
		cross join variant v
		left join meant m on m.partner_id = s.partner_id and m.place = v.place
		cross join lateral (
			-- Who has no answer to it has nothing of it.
			select coalesce(m.part::double precision * v.weight, 0) as own, case when m.part is null then 0 else v.weight end as weight
		) as o
	), moved as (
		select v.partner_id, rank() over (partition by v.number order by v.score desc nulls last) as rank
		from varied v
	), reached as (
		select m.partner_id, min(m.rank) as best, max(m.rank) as worst
		from moved m
		group by 1
	), ranked as (
		select s.partner_id, s.score, 100 * s.answered / s.total as completeness, rank() over (order by round(s.score, 9) desc nulls last) as rank
		from scored s
	), spread as (
		select w.partner_id, count(*) as evaluators, stddev_samp(w.score) as deviation
		from word w
		group by 1
	)
	select p.id, p.id, p.code, p.name, r.rank, least(r.rank, h.best), greatest(r.rank, h.worst), round(r.score, 2), round(r.completeness, 2), round(d.deviation, 2),
		d.evaluators, (select card.revision from card)
	from ranked r
	join spread d on d.partner_id = r.partner_id
	left join reached h on h.partner_id = r.partner_id
	join partner p on p.id = r.partner_id
$$;
comment on function partner_rankings(timestamptz, text, date) is
	'Partners by their scores: weights times what evaluators say of each criterion on average. rank_low and rank_high are the best and the worst rank when any one weight moves by 10 % and the others share the rest in proportion.';

create or replace function evaluation_summary(partner uuid, asked_card text default 'DEFAULT', asked_day date default app_today()) returns table (
		id uuid, key text, name text, weight numeric, evaluators bigint, mean numeric, deviation numeric)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	with card as (
		select s.id, s.published_revision as revision, r.criteria
		from scorecard s
		join scorecard_revision r on r.scorecard_id = s.id and r.number = s.published_revision
		where s.code = asked_card
	), word as (
		select e.*
		from card
		cross join lateral evaluations_that_count(card.id, card.revision, asked_day, partner) as e
	)
	select md5(partner || c.key)::uuid, c.key, c.name, c.weight, count(s.value), round(avg(s.value), 4), round(stddev_samp(s.value), 4)
	from card
	cross join lateral scorecard_criteria(card.criteria) as c
	left join (select s.key, s.value from word w cross join lateral jsonb_to_recordset(w.scores) as s (key text, value numeric)) as s on s.key = c.key
	group by c.key, c.name, c.weight
	union all
	select md5(partner || '|score')::uuid, 'score', null, null, count(w.score), round(avg(w.score), 4), round(stddev_samp(w.score), 4)
	from word w
$$;
comment on function evaluation_summary(uuid, text, date) is 'Mean and sample standard deviation of what evaluators say of a partner, by criterion and of their scores.';
