-- Imports of periods: one that is there already, by calendar and name, gets the days of the file. The file is judged together with what stays.
create or replace function import_judge_calendar_periods(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
declare
	refused bigint;
begin
	perform import_begin();
	perform import_references('calendar', 'calendar');
	insert into staging_error (line, pointer, code, detail)
	select s.line, '/calendar_code', 'required', 'a calendar, by its code or its id'
	from staging_sound s
	where s.calendar_id is null and s.calendar_code is null
	union all
	select s.line, '/ends_on', 'calendar_period_backwards', 'it ends before it starts'
	from staging_sound s
	where s.ends_on < s.starts_on;
	update staging s
	set calendar_id = c.id
	from calendar c
	where s.calendar_id is null and c.code = s.calendar_code;
	perform import_duplicates(array['calendar_id', 'name'], '/name');

	-- What there would be: the rows that are sound, and what they do not replace.
	create temp view staging_fit as
	select s.line, s.calendar_id, s.name, left(s.name, 6) as year_name, substr(s.name, 8, 1) as kind, s.starts_on, s.ends_on
	from staging_sound s
	union all
	select null, p.calendar_id, p.name, p.year_name, substr(p.name, 8, 1), p.starts_on, p.ends_on
	from calendar_period p
	where p.calendar_id in (select s.calendar_id from staging_sound s)
		and not exists (select from staging_sound s where s.calendar_id = p.calendar_id and s.name = p.name);
	-- A row that is refused may leave others without a neighbour or a year.
	loop
		insert into staging_error (line, pointer, code, detail)
		with placed as materialized (
			select f.*, lag(f.ends_on) over w + 1 as due, lag(f.line) over w as line_before
			from staging_fit f
			window w as (partition by f.calendar_id, f.kind order by f.starts_on, f.ends_on)
		), counted as (
			select p.*, count(*) filter (where p.starts_on <> p.due) over (partition by p.calendar_id, p.kind order by p.starts_on, p.ends_on) as breaks
			from placed p
		), parts as (
			select p.line, w.line as line_whole, w.name is null or p.starts_on < w.starts_on or p.ends_on > w.ends_on as is_outside
			from placed p
			left join placed w on w.calendar_id = p.calendar_id and w.name = p.year_name
			union all
			select p.line, q.line, p.starts_on < q.starts_on or p.ends_on > q.ends_on
			from placed p
			join placed q on q.calendar_id = p.calendar_id and q.kind = 'Q' and q.starts_on <= p.ends_on and q.ends_on >= p.starts_on
			where p.kind = 'P'
		), refusal as (
			select c.line, case when c.starts_on < c.due then 'overlaps' else 'gap' end as code, '/starts_on' as pointer
			from counted c
			where c.breaks > 0
			union
			select c.line_before, case when c.starts_on < c.due then 'overlaps' else 'gap' end, '/ends_on'
			from counted c
			where c.starts_on <> c.due and c.line is null
			union
			select coalesce(p.line, p.line_whole), 'outside', '/starts_on'
			from parts p
			where p.is_outside
		)
		select distinct on (r.line) r.line, r.pointer, 'calendar_period_' || r.code, case r.code
			when 'overlaps' then 'it overlaps another of its kind'
			when 'gap' then 'it does not follow another of its kind'
			else 'it is not within its year, or reaches over a quarter' end
		from refusal r
		where r.line is not null
		order by r.line, r.code desc;
		get diagnostics refused = row_count;
		exit when refused = 0;
	end loop;

	create temp table staging_judged on commit drop as
	select s.line, coalesce(p.id, s.new_id) as id, s.calendar_id, s.name, s.starts_on, s.ends_on,
		case when p.id is null then 'created' when (p.starts_on, p.ends_on) <> (s.starts_on, s.ends_on) then 'updated' else 'unchanged' end as verdict
	from staging_sound s
	left join calendar_period p on p.calendar_id = s.calendar_id and p.name = s.name;
	return query select * from import_counts();
end
$$;
comment on function import_judge_calendar_periods(text[]) is 'Decides about every staged row. The list of members is not needed: all that can change is the days.';

create or replace function import_post_calendar_periods(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	-- One statement, because in between the periods would not fit together.
	insert into calendar_period as p (id, calendar_id, name, starts_on, ends_on, import_id, created_at, updated_at)
	select j.id, j.calendar_id, j.name, j.starts_on, j.ends_on, asked, moment, moment
	from staging_judged j
	where j.verdict <> 'unchanged'
	on conflict (calendar_id, name) do update
	set (starts_on, ends_on, import_id, version, updated_at) = (excluded.starts_on, excluded.ends_on, asked, p.version + 1, moment);
end
$$;
comment on function import_post_calendar_periods(uuid, timestamptz) is 'Writes what was judged created or updated.';
