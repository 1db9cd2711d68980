-- What happens by the clock: which columns say when, what happens then, and what is still to happen.

create table timer_rule (
	name text collate "C" primary key,
	object_type text collate "C" not null,
	due_column text collate "C" not null,
	condition text not null,
	told_as text collate "C",
	operation text collate "C",
	to_status text collate "C",
	function_name text collate "C",
	check (num_nonnulls(told_as, operation, function_name) = 1 and (operation is null) = (to_status is null))
);
comment on table timer_rule is 'What happens by the clock to rows of which table. What stands in it comes with the version of the server.';
comment on column timer_rule.name is 'The name; audit rows and events call it their operation.';
comment on column timer_rule.object_type is 'The table.';
comment on column timer_rule.due_column is 'Its column that says when: an instant, or a day, which begins in the time zone of the settings.';
comment on column timer_rule.condition is 'What must hold for the row t when it is due; else nothing happens.';
comment on column timer_rule.told_as is 'What happens: an event of this name, behind the object type.';
comment on column timer_rule.operation is 'Or: the move of status_move that this operation makes, from wherever it can be made.';
comment on column timer_rule.to_status is 'Where that move ends.';
comment on column timer_rule.function_name is 'Or: this function is called with the id and the instant.';

create table timer (
	rule text collate "C" not null,
	object_id uuid not null,
	due_at timestamptz not null,
	next_try_at timestamptz not null,
	failures integer not null default 0,
	error text,
	primary key (rule, object_id)
);
create index timer_by_time on timer (next_try_at);
comment on table timer is 'What is still to happen by the clock. Kept by triggers of the tables that have rules; a row goes when it has happened.';
comment on column timer.rule is 'The rule.';
comment on column timer.object_id is 'The object.';
comment on column timer.due_at is 'When it is due.';
comment on column timer.next_try_at is 'When it is tried: when it is due, and after a failure later.';
comment on column timer.failures is 'How often it has failed.';
comment on column timer.error is 'Why it failed last.';

-- Of what is there already: exports that are to go, keys that are still to end.
insert into timer (rule, object_id, due_at, next_try_at)
select 'expireExport', e.id, e.expires_at, e.expires_at
from export e
where e.expires_at is not null
union all
select 'expireApiKey', k.id, k.expires_at, k.expires_at
from api_key k
where k.expires_at > now();
drop index export_expiring;
