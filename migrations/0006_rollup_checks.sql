-- How far the sums of sales have been computed anew: a little each minute, so that nobody waits for it however many sales there are.

create table rollup_check_progress (
	is_only boolean primary key default true check (is_only),
	next_day date not null default '-infinity',
	checked_at timestamptz,
	passed_at timestamptz,
	alarm text,
	alarmed_at timestamptz
);
comment on table rollup_check_progress is 'How far the rollups have been held against the sales; one row.';
comment on column rollup_check_progress.is_only is 'Always true, and unique.';
comment on column rollup_check_progress.next_day is 'The first day of the next slice.';
comment on column rollup_check_progress.checked_at is 'When a slice was checked last.';
comment on column rollup_check_progress.passed_at is 'When all days had been checked last.';
comment on column rollup_check_progress.alarm is 'What differed last; null as long as nothing ever has.';
comment on column rollup_check_progress.alarmed_at is 'When that was found.';
insert into rollup_check_progress default values;
alter table rollup_check_progress enable row level security, force row level security;

-- It takes the days to check from now on.
drop function if exists rollup_check;
