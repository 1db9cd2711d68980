-- What happens by the clock: timers are set by triggers of the tables that have rules, and run by a job of the server. An object is locked before its timer,
-- by writers and by the job alike; the job waits for nobody's lock and comes back a second later.

create or replace function timer_instant(value text) returns timestamptz
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
	return case
		when length(value) = 10 then value::timestamp at time zone (select s.time_zone from setting s)
		else value::timestamptz
	end;
comment on function timer_instant(text) is 'An instant, or the beginning of a day in the time zone of the settings.';

create or replace function timer_set() returns trigger
	language plpgsql security definer set search_path = pg_catalog, public
as $$
begin
	if tg_op = 'INSERT' then
		insert into timer (rule, object_id, due_at, next_try_at)
		select r.name, n.id, d.due_at, d.due_at
		from timer_rule r
		cross join new_rows n
		cross join lateral timer_instant(to_jsonb(n) ->> r.due_column) as d (due_at)
		where r.object_type = tg_table_name and d.due_at is not null;
		return null;
	end if;
	with change as (
		select r.name as rule, n.id, timer_instant(to_jsonb(n) ->> r.due_column) as due_at
		from timer_rule r
		cross join new_rows n
		join old_rows o on o.id = n.id
		where r.object_type = tg_table_name and to_jsonb(n) -> r.due_column <> to_jsonb(o) -> r.due_column
	), gone as (
		delete from timer t
		using change c
		where t.rule = c.rule and t.object_id = c.id and c.due_at is null
	)
	insert into timer (rule, object_id, due_at, next_try_at)
	select c.rule, c.id, c.due_at, c.due_at
	from change c
	where c.due_at is not null
	on conflict (rule, object_id) do update
	set (due_at, next_try_at, failures, error) = (excluded.due_at, excluded.due_at, 0, null);
	return null;
end
$$;
comment on function timer_set() is 'Sets the timers of the rows that a statement writes, or takes them away; with the owner''s rights, since a partner is not to touch those of others.';

create or replace function timer_run(rule timer_rule, object uuid, due timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	here jsonb;
	holds boolean;
begin
	-- Nobody asks, and for no request.
	perform set_config('app.operation', coalesce(rule.operation, rule.name), true), set_config('application_name', '', true);
	-- The names and the condition come from the rules of this directory, never from a caller.
	execute format('select to_jsonb(t), (%s) from %I t where t.id = $1 for update nowait', rule.condition, rule.object_type) into here, holds using object;
	delete from timer t where t.rule = timer_run.rule.name and t.object_id = object and t.due_at = due;
	if not found or not coalesce(holds, false) then
		return;
	end if;
	if rule.function_name is not null then
		execute format('select %I($1, $2)', rule.function_name) using object, due;
	elsif rule.told_as is not null then
		perform event_tell(rule.object_type, rule.told_as, here);
	elsif exists (select from move_asked(rule.object_type, here ->> 'status', rule.to_status)) then
		execute format('update %I t set status = $2, version = t.version + 1, updated_at = app_now() where t.id = $1', rule.object_type)
		using object, rule.to_status;
		perform move_kept(rule.object_type, object, event_owner(rule.object_type, here), here ->> 'status', rule.to_status, null, app_now());
	end if;
end
$$;
comment on function timer_run(timer_rule, uuid, timestamptz) is 'Does what a rule says to an object that is due, unless it is gone, the condition does not hold, or it is due at another time by now.';

create or replace function timers_run(at_most integer default 100) returns table (done bigint, more boolean, alarm text)
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	wanted record;
	seen bigint := 0;
begin
	done := 0;
	for wanted in
		select r as rule, t.object_id, t.due_at, t.failures
		from timer t
		join timer_rule r on r.name = t.rule
		where t.next_try_at <= app_now()
		order by t.next_try_at
		limit at_most
	loop
		seen := seen + 1;
		-- One that fails takes back only what it did itself.
		begin
			perform timer_run(wanted.rule, wanted.object_id, wanted.due_at);
			done := done + 1;
		exception
			when lock_not_available then
				null; -- who holds the object may hold its timer, too
			when others then
				alarm := coalesce(alarm, format('%s of %s failed: %s', (wanted.rule).name, wanted.object_id, sqlerrm));
				update timer t
				set failures = t.failures + 1, error = sqlerrm, next_try_at = app_now() + least(interval '1 hour', interval '1 second' * 2 ^ least(t.failures, 12))
				where t.rule = (wanted.rule).name and t.object_id = wanted.object_id and t.due_at = wanted.due_at;
		end;
	end loop;
	more := seen = at_most and done > 0;
	return next;
end
$$;
comment on function timers_run(integer) is 'Does what is due, each by itself. What fails is an alarm, and is tried again after a second, two, four and so on, up to an hour.';

-- The tables that have rules get the triggers; timers of rows that are there already are set by the migration that a rule comes with.
do $$
declare
	r record;
begin
	for r in
		select g.tgrelid::regclass as object_type, g.tgname
		from pg_trigger g
		where g.tgname in ('timer_insert', 'timer_update') and not exists (select from timer_rule x where x.object_type::regclass = g.tgrelid)
	loop
		execute format('drop trigger %I on %s', r.tgname, r.object_type);
	end loop;
	for r in select distinct x.object_type from timer_rule x loop
		execute format('create or replace trigger timer_insert after insert on %I referencing new table as new_rows for each statement execute function timer_set()',
			r.object_type);
		execute format('create or replace trigger timer_update after update on %I referencing old table as old_rows new table as new_rows for each statement execute function timer_set()',
			r.object_type);
	end loop;
	delete from timer t where not exists (select from timer_rule x where x.name = t.rule);
end
$$;
