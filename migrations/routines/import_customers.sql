-- Imports of customers: a row whose code its partner uses already changes what the file has columns for, any other is added.
create or replace function import_judge_customers(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	perform import_references('region', 'region');
	perform import_references('partner', 'partner');
	-- The owner is half of the key, so it has to be one column. What a partner does not say is its own.
	update staging s
	set partner_id = coalesce(s.partner_id, (select p.id from partner p where p.code = s.partner_code), app_partner())
	where s.partner_id is null and (s.partner_code is not null or app_partner() is not null);
	perform import_duplicates(array['partner_id', 'code'], '/code');
	insert into staging_error (line, pointer, code, detail)
	select s.line, '/partner_code', 'forbidden', 'it has another manager'
	from staging_sound s
	where app_is_manager() and not app_may_write(s.partner_id);

	create temp table staging_judged on commit drop as
	select s.line, coalesce(c.id, s.new_id) as id, c.id as known, s.code, s.partner_id,
		case when c.id is null or 'name' = any (given) then s.name else c.name end as name,
		case when c.id is null or 'legal_name' = any (given) then s.legal_name else c.legal_name end as legal_name,
		case when c.id is null or 'tax_id' = any (given) then s.tax_id else c.tax_id end as tax_id,
		case when c.id is null or 'industry' = any (given) then s.industry else c.industry end as industry,
		case when c.id is null or 'address' = any (given) then s.address else c.address end as address,
		case when c.id is null or 'city' = any (given) then s.city else c.city end as city,
		case when c.id is null or 'state_province' = any (given) then s.state_province else c.state_province end as state_province,
		case when c.id is null or 'postal_code' = any (given) then s.postal_code else c.postal_code end as postal_code,
		case when c.id is null or 'country_code' = any (given) then s.country_code else c.country_code end as country_code,
		case when c.id is null or 'phone' = any (given) then s.phone else c.phone end as phone,
		case when c.id is null or 'email' = any (given) then s.email else c.email end as email,
		case when c.id is null or 'website' = any (given) then s.website else c.website end as website,
		case when c.id is null or given && array['region_id', 'region_code'] then coalesce(region_by_id.id, region_by_code.id) else c.region_id end as region_id,
		case when c.id is null then coalesce(s.custom, '{}') when s.custom is not null then object_merge(c.custom, s.custom) else c.custom end as custom,
		'created' as verdict
	from staging_sound s
	left join customer c on c.code = s.code and c.partner_id is not distinct from s.partner_id
	left join region region_by_id on region_by_id.id = s.region_id
	left join region region_by_code on region_by_code.code = s.region_code;

	update staging_judged j
	set verdict = case when (j.name, j.legal_name, j.tax_id, j.industry, j.address, j.city, j.state_province, j.postal_code, j.country_code, j.phone, j.email, j.website, j.region_id, j.custom)
		is distinct from (c.name, c.legal_name, c.tax_id, c.industry, c.address, c.city, c.state_province, c.postal_code, c.country_code, c.phone, c.email, c.website, c.region_id, c.custom)
		then 'updated' else 'unchanged' end
	from customer c
	where c.id = j.known;
	return query select * from import_counts();
end
$$;
comment on function import_judge_customers(text[]) is 'Decides about every staged row; the argument is the list of members that the file has.';

create or replace function import_post_customers(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into customer (id, code, name, legal_name, tax_id, industry, address, city, state_province, postal_code, country_code, phone, email, website, region_id, partner_id, custom, import_id, created_at, updated_at)
	select j.id, j.code, j.name, j.legal_name, j.tax_id, j.industry, j.address, j.city, j.state_province, j.postal_code, j.country_code, j.phone, j.email, j.website, j.region_id, j.partner_id, j.custom, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update customer c
	set (name, legal_name, tax_id, industry, address, city, state_province, postal_code, country_code, phone, email, website, region_id, custom, import_id, version, updated_at)
		= (j.name, j.legal_name, j.tax_id, j.industry, j.address, j.city, j.state_province, j.postal_code, j.country_code, j.phone, j.email, j.website, j.region_id, j.custom, asked, c.version + 1, moment)
	from staging_judged j
	where c.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_customers(uuid, timestamptz) is 'Writes what was judged created or updated.';
