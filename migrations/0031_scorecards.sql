-- How partners are chosen: scorecards, and what evaluators say by them.
create table scorecard (
	like template.record including all,
	code text collate "C" not null constraint scorecard_code_taken unique,
	name text not null,
	status text collate "C" not null default 'draft',
	revision integer not null default 1,
	published_revision integer,
	approve_at numeric(7, 4) not null,
	reject_below numeric(7, 4) not null,
	criteria jsonb not null
);
create index scorecard_by_code on scorecard (code, id);
comment on table scorecard is 'By what partners are chosen: criteria with weights, and which score is good enough.';
comment on column scorecard.code is 'Natural key.';
comment on column scorecard.name is 'What people call it.';
comment on column scorecard.status is 'Draft while this text is written, published when evaluations go by it.';
comment on column scorecard.revision is 'The number of this text.';
comment on column scorecard.published_revision is 'The number of the text that evaluations go by; null while none is published.';
comment on column scorecard.approve_at is 'The score from which on a partner is approved, 0 to 100.';
comment on column scorecard.reject_below is 'The score below which it is rejected, 0 to 100.';
comment on column scorecard.criteria is 'key, name, weight, lo, hi, direction, veto_below of each.';

create table scorecard_revision (
	scorecard_id uuid not null references scorecard on delete cascade,
	number integer not null,
	approve_at numeric(7, 4) not null,
	reject_below numeric(7, 4) not null,
	criteria jsonb not null,
	published_at timestamptz not null,
	primary key (scorecard_id, number)
);
comment on table scorecard_revision is 'The texts of scorecards that were published: they never change.';
comment on column scorecard_revision.scorecard_id is 'The scorecard.';
comment on column scorecard_revision.number is 'Counts its texts, from 1.';
comment on column scorecard_revision.approve_at is 'The score from which on a partner is approved.';
comment on column scorecard_revision.reject_below is 'The score below which it is rejected.';
comment on column scorecard_revision.criteria is 'key, name, weight, lo, hi, direction, veto_below of each.';
comment on column scorecard_revision.published_at is 'When.';

create table evaluation (
	like template.record including all,
	scorecard_id uuid not null constraint scorecard_in_use references scorecard,
	scorecard_revision integer not null,
	partner_id uuid not null references partner on delete cascade,
	evaluator text not null,
	evaluated_on date not null,
	scores jsonb not null default '[]',
	note text,
	parts numeric[] not null,
	score numeric(7, 4),
	completeness_pct numeric(7, 4) not null,
	decision text collate "C" not null,
	vetoes text[] not null default '{}'
);
create unique index evaluation_taken on evaluation (evaluated_on, partner_id, scorecard_id, evaluator);
create index evaluation_by_day on evaluation (evaluated_on, id);
create index evaluation_by_partner on evaluation (partner_id, evaluated_on, id);
create index evaluation_by_scorecard on evaluation (scorecard_id, scorecard_revision, evaluated_on, id);
comment on table evaluation is 'What one evaluator says of a partner by a scorecard.';
comment on column evaluation.scorecard_id is 'The scorecard.';
comment on column evaluation.scorecard_revision is 'Which of its texts.';
comment on column evaluation.partner_id is 'The partner.';
comment on column evaluation.evaluator is 'Who evaluates.';
comment on column evaluation.evaluated_on is 'The day.';
comment on column evaluation.scores is 'key, value, evidence, note of each criterion that was answered.';
comment on column evaluation.note is 'In words.';
comment on column evaluation.parts is 'What each criterion of the scorecard comes to, in its order: from 0 (worst) to 1 (best); null where it was not answered.';
comment on column evaluation.score is '100 * sum(weight * part) / sum(weight) over what was answered; null for nothing.';
comment on column evaluation.completeness_pct is 'The weights of what was answered, in percent of all.';
comment on column evaluation.decision is 'What follows: approve, review or reject.';
comment on column evaluation.vetoes is 'The criteria that reject the partner, whatever the score.';

-- The five by which partners are chosen from the start.
insert into scorecard (id, code, name, approve_at, reject_below, criteria, status, published_revision)
values ('00000000-0000-7000-8000-000000000501', 'DEFAULT', '渠道伙伴选择 Choice of partners', 75, 50, '[
	{"key": "market_coverage", "name": "市场覆盖 Market coverage", "weight": "25", "lo": "0", "hi": "10", "direction": "benefit", "veto_below": null},
	{"key": "customer_resources", "name": "客户资源 Customer resources", "weight": "25", "lo": "0", "hi": "10", "direction": "benefit", "veto_below": null},
	{"key": "technical_capability", "name": "技术能力 Technical capability", "weight": "20", "lo": "0", "hi": "10", "direction": "benefit", "veto_below": null},
	{"key": "willingness_to_cooperate", "name": "合作意愿 Willingness to cooperate", "weight": "15", "lo": "0", "hi": "10", "direction": "benefit", "veto_below": null},
	{"key": "reputation", "name": "市场信誉 Reputation", "weight": "15", "lo": "0", "hi": "10", "direction": "benefit", "veto_below": "3"}]', 'published', 1);
insert into scorecard_revision (scorecard_id, number, approve_at, reject_below, criteria, published_at)
select s.id, 1, s.approve_at, s.reject_below, s.criteria, now()
from scorecard s;
