-- Imports of products: a row whose SKU is known changes what the file has columns for, any other is added.
create or replace function import_judge_products(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	perform import_duplicates('sku');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(p.id, s.new_id) as id, p.id as known, s.sku,
		case when p.id is null or 'name' = any (given) then s.name else p.name end as name,
		case when p.id is null or 'category' = any (given) then s.category else p.category end as category,
		case when p.id is null or 'subcategory' = any (given) then s.subcategory else p.subcategory end as subcategory,
		case when p.id is null or 'color' = any (given) then s.color else p.color end as color,
		case when p.id is null or 'standard_cost' = any (given) then s.standard_cost else p.standard_cost end as standard_cost,
		case when p.id is null or 'currency' = any (given) then coalesce(s.currency, 'USD') else p.currency end as currency,
		case when p.id is null or 'is_active' = any (given) then coalesce(s.is_active, true) else p.is_active end as is_active,
		case when p.id is null then coalesce(s.custom, '{}') when s.custom is not null then object_merge(p.custom, s.custom) else p.custom end as custom,
		'created' as verdict
	from staging_sound s
	left join product p on p.sku = s.sku;

	update staging_judged j
	set verdict = case when (j.name, j.category, j.subcategory, j.color, j.standard_cost, j.currency, j.is_active, j.custom)
		is distinct from (p.name, p.category, p.subcategory, p.color, p.standard_cost, p.currency, p.is_active, p.custom)
		then 'updated' else 'unchanged' end
	from product p
	where p.id = j.known;
	return query select * from import_counts();
end
$$;
comment on function import_judge_products(text[]) is 'Decides about every staged row; the argument is the list of members that the file has.';

create or replace function import_post_products(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into product (id, sku, name, category, subcategory, color, standard_cost, currency, is_active, custom, import_id, created_at, updated_at)
	select j.id, j.sku, j.name, j.category, j.subcategory, j.color, j.standard_cost, j.currency, j.is_active, j.custom, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update product p
	set (name, category, subcategory, color, standard_cost, currency, is_active, custom, import_id, version, updated_at)
		= (j.name, j.category, j.subcategory, j.color, j.standard_cost, j.currency, j.is_active, j.custom, asked, p.version + 1, moment)
	from staging_judged j
	where p.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_products(uuid, timestamptz) is 'Writes what was judged created or updated.';
