-- Imports of members: a row whose code is known changes what the file has columns for, any other is added.
create or replace function import_judge_members(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	perform import_duplicates('code');
	perform import_references('region', 'region');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(m.id, s.new_id) as id, m.id as known, s.code,
		case when m.id is null or 'name' = any (given) then s.name else m.name end as name,
		case when m.id is null or 'email' = any (given) then s.email else m.email end as email,
		case when m.id is null or 'phone' = any (given) then s.phone else m.phone end as phone,
		case when m.id is null or 'title' = any (given) then s.title else m.title end as title,
		case when m.id is null or 'is_active' = any (given) then coalesce(s.is_active, true) else m.is_active end as is_active,
		case when m.id is null or given && array['region_id', 'region_code'] then coalesce(region_by_id.id, region_by_code.id) else m.region_id end as region_id,
		case when m.id is null then coalesce(s.custom, '{}') when s.custom is not null then object_merge(m.custom, s.custom) else m.custom end as custom,
		'created' as verdict
	from staging_sound s
	left join member m on m.code = s.code
	left join region region_by_id on region_by_id.id = s.region_id
	left join region region_by_code on region_by_code.code = s.region_code;

	update staging_judged j
	set verdict = case when (j.name, j.email, j.phone, j.title, j.is_active, j.region_id, j.custom)
		is distinct from (m.name, m.email, m.phone, m.title, m.is_active, m.region_id, m.custom)
		then 'updated' else 'unchanged' end
	from member m
	where m.id = j.known;
	return query select * from import_counts();
end
$$;
comment on function import_judge_members(text[]) is 'Decides about every staged row; the argument is the list of members that the file has.';

create or replace function import_post_members(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into member (id, code, name, email, phone, title, is_active, region_id, custom, import_id, created_at, updated_at)
	select j.id, j.code, j.name, j.email, j.phone, j.title, j.is_active, j.region_id, j.custom, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update member m
	set (name, email, phone, title, is_active, region_id, custom, import_id, version, updated_at)
		= (j.name, j.email, j.phone, j.title, j.is_active, j.region_id, j.custom, asked, m.version + 1, moment)
	from staging_judged j
	where m.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_members(uuid, timestamptz) is 'Writes what was judged created or updated.';
