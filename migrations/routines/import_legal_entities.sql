-- Imports of legal entities: a row whose code is known changes what the file has columns for, any other is added.
create or replace function import_judge_legal_entities(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	perform import_duplicates('code');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(e.id, s.new_id) as id, e.id as known, s.code,
		case when e.id is null or 'name' = any (given) then s.name else e.name end as name,
		case when e.id is null or 'country_code' = any (given) then s.country_code else e.country_code end as country_code,
		case when e.id is null or 'currency' = any (given) then s.currency else e.currency end as currency,
		case when e.id is null or 'tax_id' = any (given) then s.tax_id else e.tax_id end as tax_id,
		case when e.id is null or 'is_active' = any (given) then coalesce(s.is_active, true) else e.is_active end as is_active,
		case when e.id is null then coalesce(s.custom, '{}') when s.custom is not null then object_merge(e.custom, s.custom) else e.custom end as custom,
		'created' as verdict
	from staging_sound s
	left join legal_entity e on e.code = s.code;

	update staging_judged j
	set verdict = case when (j.name, j.country_code, j.currency, j.tax_id, j.is_active, j.custom)
		is distinct from (e.name, e.country_code, e.currency, e.tax_id, e.is_active, e.custom)
		then 'updated' else 'unchanged' end
	from legal_entity e
	where e.id = j.known;
	return query select * from import_counts();
end
$$;
comment on function import_judge_legal_entities(text[]) is 'Decides about every staged row; the argument is the list of members that the file has.';

create or replace function import_post_legal_entities(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into legal_entity (id, code, name, country_code, currency, tax_id, is_active, custom, import_id, created_at, updated_at)
	select j.id, j.code, j.name, j.country_code, j.currency, j.tax_id, j.is_active, j.custom, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update legal_entity e
	set (name, country_code, currency, tax_id, is_active, custom, import_id, version, updated_at)
		= (j.name, j.country_code, j.currency, j.tax_id, j.is_active, j.custom, asked, e.version + 1, moment)
	from staging_judged j
	where e.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_legal_entities(uuid, timestamptz) is 'Writes what was judged created or updated.';
