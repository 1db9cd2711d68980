-- Imports of regions: a row whose code is known changes what the file has columns for, any other is added.
create or replace function import_judge_regions(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	perform import_duplicates('code');
	perform import_parents('region');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(r.id, s.new_id) as id, r.id as known, s.code,
		case when r.id is null or 'name' = any (given) then s.name else r.name end as name,
		case when r.id is null or given && array['parent_id', 'parent_code'] then coalesce(above_by_id.id, above_by_code.id, above_in_file.new_id) else r.parent_id end as parent_id,
		case when r.id is null then coalesce(s.custom, '{}') when s.custom is not null then object_merge(r.custom, s.custom) else r.custom end as custom,
		'created' as verdict
	from staging_sound s
	left join region r on r.code = s.code
	left join region above_by_id on above_by_id.id = s.parent_id
	left join region above_by_code on above_by_code.code = s.parent_code
	left join staging_sound above_in_file on above_in_file.code = s.parent_code;

	update staging_judged j
	set verdict = case when (j.name, j.parent_id, j.custom)
		is distinct from (r.name, r.parent_id, r.custom)
		then 'updated' else 'unchanged' end
	from region r
	where r.id = j.known;
	return query select * from import_counts();
end
$$;
comment on function import_judge_regions(text[]) is 'Decides about every staged row; the argument is the list of members that the file has.';

create or replace function import_post_regions(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into region (id, code, name, parent_id, custom, import_id, created_at, updated_at)
	select j.id, j.code, j.name, j.parent_id, j.custom, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update region r
	set (name, parent_id, custom, import_id, version, updated_at)
		= (j.name, j.parent_id, j.custom, asked, r.version + 1, moment)
	from staging_judged j
	where r.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_regions(uuid, timestamptz) is 'Writes what was judged created or updated.';
