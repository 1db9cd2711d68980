-- Imports of quotas: one that is there already, by channel manager, period and currency, gets what the file says.
create or replace function import_judge_quotas(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	insert into staging_error (line, pointer, code, detail)
	select s.line, '/manager_code', 'required', 'a channel manager, by code or id'
	from staging_sound s
	where s.manager_id is null and s.manager_code is null;
	perform import_references('manager', 'manager');
	perform import_references('calendar', 'calendar');
	update staging s
	set manager_id = m.id
	from member m
	where s.manager_id is null and m.code = s.manager_code;
	-- A fiscal period that names no calendar is of the one that the quota has, or of the default.
	update staging s
	set calendar_id = coalesce((select c.id from calendar c where c.code = s.calendar_code), case when period_is_fiscal(s.period) then coalesce(
		(select q.calendar_id from quota q where (q.manager_id, q.period, q.currency) = (s.manager_id, s.period, s.currency)),
		(select o.default_calendar_id from setting o)) end)
	where s.calendar_id is null and (s.calendar_code is not null or period_is_fiscal(s.period));
	insert into staging_error (line, pointer, code, detail)
	select s.line, '/calendar_code', 'period_has_no_calendar', 'only a fiscal period belongs to a calendar'
	from staging_sound s
	where s.calendar_id is not null and not period_is_fiscal(s.period)
	union all
	select s.line, '/period', 'period_unknown', 'no such period'
	from staging_sound s
	where period_range(s.period, s.calendar_id) is null;
	perform import_duplicates(array['manager_id', 'period', 'currency'], '/period');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(q.id, s.new_id) as id, q.id as known, s.manager_id, s.period, s.calendar_id, s.amount, s.currency,
		case when q.id is null then 'created' when (q.amount, q.calendar_id) is distinct from (s.amount, s.calendar_id) then 'updated'
			else 'unchanged' end as verdict
	from staging_sound s
	left join quota q on (q.manager_id, q.period, q.currency) = (s.manager_id, s.period, s.currency);
	return query select * from import_counts();
end
$$;
comment on function import_judge_quotas(text[]) is 'Decides about every staged row. The list of members is not needed: all that can change is the amount and the calendar.';

create or replace function import_post_quotas(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into quota (id, manager_id, period, calendar_id, amount, currency, import_id, created_at, updated_at)
	select j.id, j.manager_id, j.period, j.calendar_id, j.amount, j.currency, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update quota q
	set (amount, calendar_id, import_id, version, updated_at) = (j.amount, j.calendar_id, asked, q.version + 1, moment)
	from staging_judged j
	where q.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_quotas(uuid, timestamptz) is 'Writes what was judged created or updated.';
