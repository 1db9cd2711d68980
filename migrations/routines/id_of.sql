-- Natural keys into ids, for filters. As functions, not as subqueries: the planner evaluates a stable function and then knows whether it filters
-- for a partner with ten sales or with a million.
create or replace function partner_id_of(partner_code text) returns uuid
	language sql stable parallel safe security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select p.id from partner p where p.code = partner_code
$$;
comment on function partner_id_of(text) is 'The partner of that code, as far as the caller sees it; null otherwise.';

create or replace function product_id_of(product_sku text) returns uuid
	language sql stable parallel safe security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select p.id from product p where p.sku = product_sku
$$;
comment on function product_id_of(text) is 'The product of that SKU; null when there is none.';

create or replace function member_id_of(member_code text) returns uuid
	language sql stable parallel safe security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select m.id from member m where m.code = member_code
$$;
comment on function member_id_of(text) is 'The channel manager of that code; null when there is none.';

create or replace function region_id_of(region_code text) returns uuid
	language sql stable parallel safe security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select r.id from region r where r.code = region_code
$$;
comment on function region_id_of(text) is 'The region of that code; null when there is none.';

create or replace function legal_entity_id_of(entity_code text) returns uuid
	language sql stable parallel safe security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select e.id from legal_entity e where e.code = entity_code
$$;
comment on function legal_entity_id_of(text) is 'The legal entity of that code; null when there is none.';
