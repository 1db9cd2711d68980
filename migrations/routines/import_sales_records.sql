-- Imports of sales records: a row whose external reference is known is there already, or differs and is refused; any other is added.
-- A million rows are usual, so nothing is written for those that are simply added: the view resolves them when they are judged and again when they are posted.

create or replace function import_judge_sales_records(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '128MB' set jit = off
as $$
begin
	perform import_begin();
	create temp table staging_unchanged (line bigint not null) on commit drop;

	create temp view staging_resolved as
	select s.line, s.new_id, s.external_ref, coalesce(s.source, 'default') as source, s.sold_on, s.quantity, s.unit_price,
		coalesce(s.amount, round(s.quantity * s.unit_price, currency_digits(s.currency))) as amount, s.currency, s.cost,
		coalesce(s.cost_currency, s.currency) as cost_currency, coalesce(s.kind, 'sell_in') as kind, s.order_ref, coalesce(s.custom, '{}') as custom,
		s.partner_id as given_partner_id, s.partner_code, s.product_id as given_product_id, s.sku,
		s.region_id as given_region_id, s.region_code, s.manager_id as given_manager_id, s.manager_code,
		pi.id as partner_by_id, pc.id as partner_by_code, ii.id as product_by_id, ic.id as product_by_code,
		ri.id as region_by_id, rc.id as region_by_code, mi.id as manager_by_id, mc.id as manager_by_code,
		coalesce(pi.id, pc.id) as partner_id, coalesce(ii.id, ic.id) as product_id,
		coalesce(ri.id, rc.id, pi.region_id, pc.region_id) as region_id, coalesce(mi.id, mc.id, pi.manager_id, pc.manager_id) as manager_id,
		coalesce(pi.manager_id, pc.manager_id) as partner_manager
	from staging s
	left join partner pi on pi.id = s.partner_id
	left join partner pc on pc.code = s.partner_code
	left join product ii on ii.id = s.product_id
	left join product ic on ic.sku = s.sku
	left join region ri on ri.id = s.region_id
	left join region rc on rc.code = s.region_code
	left join member mi on mi.id = s.manager_id
	left join member mc on mc.code = s.manager_code
	where s.faults is null;

	insert into staging_error (line, pointer, code, detail)
	select s.line, f.pointer, f.problem, f.detail
	from staging_resolved s
	cross join lateral (
		select r.problem, r.pointer, 'no such partner' as detail
		from reference_faults('partner_unknown', '/partner_id', s.given_partner_id, s.partner_by_id, '/partner_code', s.partner_code, s.partner_by_code) as r
		union all
		select r.problem, r.pointer, 'no such product'
		from reference_faults('product_unknown', '/product_id', s.given_product_id, s.product_by_id, '/sku', s.sku, s.product_by_code) as r
		union all
		select r.problem, r.pointer, 'no such region'
		from reference_faults('region_unknown', '/region_id', s.given_region_id, s.region_by_id, '/region_code', s.region_code, s.region_by_code) as r
		union all
		select r.problem, r.pointer, 'no such member'
		from reference_faults('manager_unknown', '/manager_id', s.given_manager_id, s.manager_by_id, '/manager_code', s.manager_code, s.manager_by_code) as r
		union all
		select 'required', '/partner_code', 'a partner, by its code or its id'
		where s.given_partner_id is null and s.partner_code is null
		union all
		select 'required', '/sku', 'a product, by its SKU or its id'
		where s.given_product_id is null and s.sku is null
		union all
		select 'required', '/amount', 'an amount or a unit price'
		where s.amount is null
		union all
		select 'amount_out_of_range', '/amount', 'more than 14 digits before the point'
		where abs(s.amount) >= 1e14
		union all
		select 'forbidden', '/partner_code', 'the partner has another manager'
		where app_is_manager() and s.partner_manager is distinct from app_manager()
		union all
		select 'forbidden', '/kind', 'partners report ' || array_to_string(app_partner_kinds(), ' and ')
		where app_partner() is not null and s.kind <> all (app_partner_kinds())
	) as f
	where s.amount is null or abs(s.amount) >= 1e14 or s.partner_id is null or s.product_id is null
		or s.partner_by_id <> s.partner_by_code or s.product_by_id <> s.product_by_code or s.region_by_id <> s.region_by_code
		or s.manager_by_id <> s.manager_by_code
		or num_nonnulls(s.given_partner_id, s.given_product_id, s.given_region_id, s.given_manager_id)
			<> num_nonnulls(s.partner_by_id, s.product_by_id, s.region_by_id, s.manager_by_id)
		or num_nonnulls(s.partner_code, s.sku, s.region_code, s.manager_code)
			<> num_nonnulls(s.partner_by_code, s.product_by_code, s.region_by_code, s.manager_by_code)
		or app_is_manager() or app_partner() is not null;

	-- Rows with a reference that is taken already: by a record, or by a row further up.
	create temp table staging_known on commit drop as
	select s.line, min(s.line) over (partition by s.partner_id, s.source, s.external_ref) as first, x.id as known,
		x.id is not null and (s.sold_on, s.product_id, s.quantity, s.unit_price, s.amount, s.currency, s.cost, s.cost_currency, s.kind, s.order_ref, s.custom)
			is not distinct from (x.sold_on, x.product_id, x.quantity, x.unit_price, x.amount, x.currency, x.cost, x.cost_currency, x.kind, x.order_ref, x.custom)
			and (coalesce(s.region_by_id, s.region_by_code) is null or s.region_id = x.region_id)
			and (coalesce(s.manager_by_id, s.manager_by_code) is null or s.manager_id = x.manager_id) as is_same,
		(s.sold_on, s.product_id, s.region_id, s.manager_id, s.quantity, s.unit_price, s.amount, s.currency, s.cost, s.cost_currency, s.kind, s.order_ref, s.custom)::text as content
	from staging_resolved s
	left join sales_record x on x.partner_id = s.partner_id and x.source = s.source and x.external_ref = s.external_ref
		and x.reverses_id is null and x.replaced_by_id is null
	where s.external_ref is not null
		and not exists (select from staging_error e where e.line = s.line)
		and (x.id is not null or s.external_ref in (
			select d.external_ref
			from staging d
			where d.external_ref is not null
			group by d.external_ref
			having count(*) > 1));

	insert into staging_error (line, pointer, code, detail)
	select k.line, '/external_ref', 'sales_record_differs', 'a record has this reference and other content'
	from staging_known k
	where k.known is not null and not k.is_same
	union all
	select k.line, '/external_ref', 'sales_record_differs', 'line ' || k.first || ' has this reference and other content'
	from staging_known k
	join staging_known f on f.line = k.first
	where k.known is null and k.line > k.first and k.content <> f.content;

	insert into staging_unchanged (line)
	select k.line
	from staging_known k
	where (k.is_same or (k.known is null and k.line > k.first))
		and not exists (select from staging_error e where e.line = k.line);

	insert into staging_error (line, pointer, code, detail)
	select s.line, '/sold_on', 'period_locked', 'the period is locked'
	from staging s
	where s.sold_on <@ (select range_agg(l.days) from period_lock l where l.reopened_at is null and l.legal_entity_id is null)
		and s.faults is null
		and not exists (select from staging_unchanged u where u.line = s.line)
		and not exists (select from staging_error e where e.line = s.line);

	return query
	select r.rows, r.rows - r.unchanged - r.rejected, 0::bigint, r.unchanged, r.rejected
	from (
		select (select count(*) from staging) as rows, (select count(*) from staging_unchanged) as unchanged,
			(select count(distinct e.line) from staging_error e) as rejected) as r;
end
$$;
comment on function import_judge_sales_records(text[]) is 'Decides about every staged row. The list of members is not needed: nothing is changed.';

create or replace function import_post_sales_records(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '128MB' set jit = off
as $$
begin
	insert into sales_record (id, partner_id, product_id, region_id, manager_id, import_id, created_at, updated_at, sold_on, external_ref, source, order_ref,
		kind, quantity, unit_price, amount, currency, cost, cost_currency, custom)
	select s.new_id, s.partner_id, s.product_id, s.region_id, s.manager_id, asked, moment, moment, s.sold_on, s.external_ref, s.source, s.order_ref,
		s.kind, s.quantity, s.unit_price, s.amount, s.currency, s.cost, s.cost_currency, s.custom
	from staging_resolved s
	where not exists (select from staging_error e where e.line = s.line)
		and not exists (select from staging_unchanged u where u.line = s.line);
end
$$;
comment on function import_post_sales_records(uuid, timestamptz) is 'Adds what was not refused and is not there already.';
