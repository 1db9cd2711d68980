-- Imports of partners: a row whose code is known changes what the file has columns for, any other is added.
create or replace function import_judge_partners(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	perform import_duplicates('code');
	perform import_references('manager', 'manager');
	perform import_references('region', 'region');
	insert into staging_error (line, pointer, code, detail)
	select s.line, '/status', 'status_move_refused', 'it is ' || p.status || '; an import moves no status'
	from staging_sound s
	join partner p on p.code = s.code and p.status <> s.status;
	if app_is_manager() then
		insert into staging_error (line, pointer, code, detail)
		select s.line, case when p.id is null then '/manager_code' else '/code' end, 'forbidden', 'it has another manager'
		from staging_sound s
		left join partner p on p.code = s.code
		left join member m on m.id = s.manager_id or m.code = s.manager_code
		where app_manager() is distinct from case when p.id is null then m.id else p.manager_id end;
	end if;
	perform import_parents('partner');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(p.id, s.new_id) as id, p.id as known, s.code,
		case when p.id is null or 'name' = any (given) then s.name else p.name end as name,
		case when p.id is null or 'legal_name' = any (given) then s.legal_name else p.legal_name end as legal_name,
		case when p.id is null or 'tax_id' = any (given) then s.tax_id else p.tax_id end as tax_id,
		case when p.id is null or 'type' = any (given) then coalesce(s.type, 'reseller') else p.type end as type,
		case when p.id is null or 'group_name' = any (given) then s.group_name else p.group_name end as group_name,
		case when p.id is null or 'tier' = any (given) then coalesce(s.tier, 'registered') else p.tier end as tier,
		case when p.id is null or 'industries' = any (given) then coalesce(s.industries, '{}') else p.industries end as industries,
		case when p.id is null or 'employees' = any (given) then s.employees else p.employees end as employees,
		case when p.id is null or 'founded_year' = any (given) then s.founded_year else p.founded_year end as founded_year,
		case when p.id is null or 'address' = any (given) then s.address else p.address end as address,
		case when p.id is null or 'city' = any (given) then s.city else p.city end as city,
		case when p.id is null or 'state_province' = any (given) then s.state_province else p.state_province end as state_province,
		case when p.id is null or 'postal_code' = any (given) then s.postal_code else p.postal_code end as postal_code,
		case when p.id is null or 'country_code' = any (given) then s.country_code else p.country_code end as country_code,
		case when p.id is null or 'phone' = any (given) then s.phone else p.phone end as phone,
		case when p.id is null or 'website' = any (given) then s.website else p.website end as website,
		case when p.id is null or 'currency' = any (given) then s.currency else p.currency end as currency,
		case when p.id is null or 'tags' = any (given) then coalesce(s.tags, '{}') else p.tags end as tags,
		coalesce(s.status, 'prospect') as status,
		case when p.id is null or given && array['manager_id', 'manager_code'] then coalesce(manager_by_id.id, manager_by_code.id) else p.manager_id end as manager_id,
		case when p.id is null or given && array['region_id', 'region_code'] then coalesce(region_by_id.id, region_by_code.id) else p.region_id end as region_id,
		case when p.id is null or given && array['parent_id', 'parent_code'] then coalesce(above_by_id.id, above_by_code.id, above_in_file.new_id) else p.parent_id end as parent_id,
		case when p.id is null then coalesce(s.external_refs, '{}') when s.external_refs is not null then object_merge(p.external_refs, s.external_refs) else p.external_refs end as external_refs,
		case when p.id is null then coalesce(s.custom, '{}') when s.custom is not null then object_merge(p.custom, s.custom) else p.custom end as custom,
		'created' as verdict
	from staging_sound s
	left join partner p on p.code = s.code
	left join member manager_by_id on manager_by_id.id = s.manager_id
	left join member manager_by_code on manager_by_code.code = s.manager_code
	left join region region_by_id on region_by_id.id = s.region_id
	left join region region_by_code on region_by_code.code = s.region_code
	left join partner above_by_id on above_by_id.id = s.parent_id
	left join partner above_by_code on above_by_code.code = s.parent_code
	left join staging_sound above_in_file on above_in_file.code = s.parent_code;

	update staging_judged j
	set verdict = case when (j.name, j.legal_name, j.tax_id, j.type, j.group_name, j.tier, j.industries, j.employees, j.founded_year, j.address, j.city,
			j.state_province, j.postal_code, j.country_code, j.phone, j.website, j.currency, j.tags, j.manager_id, j.region_id, j.parent_id,
			j.external_refs, j.custom)
		is distinct from (p.name, p.legal_name, p.tax_id, p.type, p.group_name, p.tier, p.industries, p.employees, p.founded_year, p.address, p.city,
			p.state_province, p.postal_code, p.country_code, p.phone, p.website, p.currency, p.tags, p.manager_id, p.region_id, p.parent_id,
			p.external_refs, p.custom)
		then 'updated' else 'unchanged' end
	from partner p
	where p.id = j.known;
	return query select * from import_counts();
end
$$;
comment on function import_judge_partners(text[]) is 'Decides about every staged row; the argument is the list of members that the file has.';

create or replace function import_post_partners(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into partner (id, code, name, legal_name, tax_id, type, group_name, tier, industries, employees, founded_year, address, city, state_province, postal_code,
		country_code, phone, website, currency, tags, manager_id, region_id, parent_id, external_refs, custom, status, import_id, created_at,
		updated_at)
	select j.id, j.code, j.name, j.legal_name, j.tax_id, j.type, j.group_name, j.tier, j.industries, j.employees, j.founded_year, j.address, j.city,
		j.state_province, j.postal_code, j.country_code, j.phone, j.website, j.currency, j.tags, j.manager_id, j.region_id, j.parent_id,
		j.external_refs, j.custom, j.status, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update partner p
	set (name, legal_name, tax_id, type, group_name, tier, industries, employees, founded_year, address, city, state_province, postal_code,
		country_code, phone, website, currency, tags, manager_id, region_id, parent_id, external_refs, custom, import_id, version, updated_at)
		= (j.name, j.legal_name, j.tax_id, j.type, j.group_name, j.tier, j.industries, j.employees, j.founded_year, j.address, j.city, j.state_province,
		j.postal_code, j.country_code, j.phone, j.website, j.currency, j.tags, j.manager_id, j.region_id, j.parent_id, j.external_refs, j.custom,
		asked, p.version + 1, moment)
	from staging_judged j
	where p.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_partners(uuid, timestamptz) is 'Writes what was judged created or updated.';
