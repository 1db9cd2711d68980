-- The time that business goes by, which tests may set.
create table business_clock (
	id uuid primary key default '00000000-0000-7000-8000-000000000002'
		constraint business_clock_is_not_only check (id = '00000000-0000-7000-8000-000000000002'),
	ahead_us bigint not null default 0,
	changed_at timestamptz not null default 'epoch'
);
comment on table business_clock is 'How far the time that business goes by is ahead of the machine''s; one row, not zero only where a test has set it.';
comment on column business_clock.id is 'Always the same.';
comment on column business_clock.ahead_us is 'How many microseconds; negative: behind.';
comment on column business_clock.changed_at is 'When that was decided, by the machine''s time; later decisions have later ones.';
insert into business_clock default values;
alter table business_clock enable row level security, force row level security;
