-- Imports of calendars: a row whose code is known changes what the file has columns for, any other is added.
create or replace function import_judge_calendars(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	perform import_duplicates('code');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(c.id, s.new_id) as id, c.id as known, s.code,
		case when c.id is null or 'name' = any (given) then s.name else c.name end as name,
		case when c.id is null or 'pattern' = any (given) then coalesce(s.pattern, 'monthly') else c.pattern end as pattern,
		case when c.id is null or 'start_month' = any (given) then coalesce(s.start_month, 1) else c.start_month end as start_month,
		case when c.id is null or 'year_named_after' = any (given) then coalesce(s.year_named_after, 'start') else c.year_named_after end as year_named_after,
		'created' as verdict
	from staging_sound s
	left join calendar c on c.code = s.code;

	update staging_judged j
	set verdict = case when (j.name, j.pattern, j.start_month, j.year_named_after)
		is distinct from (c.name, c.pattern, c.start_month, c.year_named_after)
		then 'updated' else 'unchanged' end
	from calendar c
	where c.id = j.known;
	return query select * from import_counts();
end
$$;
comment on function import_judge_calendars(text[]) is 'Decides about every staged row; the argument is the list of members that the file has.';

create or replace function import_post_calendars(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into calendar (id, code, name, pattern, start_month, year_named_after, import_id, created_at, updated_at)
	select j.id, j.code, j.name, j.pattern, j.start_month, j.year_named_after, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update calendar c
	set (name, pattern, start_month, year_named_after, import_id, version, updated_at)
		= (j.name, j.pattern, j.start_month, j.year_named_after, asked, c.version + 1, moment)
	from staging_judged j
	where c.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_calendars(uuid, timestamptz) is 'Writes what was judged created or updated.';
