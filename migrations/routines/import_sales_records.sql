-- Imports of sales records: a row of an export, by its id, or one whose external reference is known is there already, perhaps without what became known
-- later, or differs and is refused; any other is added.
-- A million rows are usual, so nothing is written for those that are simply added: the view resolves them when they are judged and again when they are posted.

create or replace function import_judge_sales_records(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '128MB' set jit = off
as $$
begin
	perform import_begin();
	-- Rows that add no record; some of them add to one.
	create temp table staging_unchanged (line bigint not null) on commit drop;
	create temp table staging_update (line bigint not null, known uuid not null) on commit drop;

	-- What a return returns: a record that is there, or a row of the file that is not there yet. Most files have none.
	create temp table staging_return on commit drop as
	select distinct on (s.line) s.line, coalesce(x.id, f.new_id, s.returns_id) as returns_id
	from staging s
	left join partner p on p.code = s.partner_code
	left join sales_record x on x.partner_id = coalesce(s.partner_id, p.id) and x.source = coalesce(s.source, 'default')
		and x.external_ref = s.returns_external_ref and x.reverses_id is null and x.replaced_by_id is null
	left join staging f on f.external_ref = s.returns_external_ref and f.faults is null and coalesce(f.source, 'default') = coalesce(s.source, 'default')
		and (f.partner_code = s.partner_code or f.partner_id = s.partner_id) and s.returns_external_ref is not null
	where s.faults is null and num_nonnulls(s.returns_id, s.returns_external_ref) > 0
	order by s.line, f.line;

	-- The records that rows are already: by the id of an export, else by the reference.
	create temp table staging_match (line bigint primary key, known uuid not null, is_own boolean not null) on commit drop;
	if 'id' = any (given) then
		insert into staging_match (line, known, is_own)
		select s.line, x.id, true
		from staging s
		join sales_record x on x.id = s.id
		where s.faults is null;
	end if;
	insert into staging_match (line, known, is_own)
	select s.line, x.id, false
	from staging s
	left join partner p on p.code = s.partner_code
	join sales_record x on x.partner_id = coalesce(s.partner_id, p.id) and x.source = coalesce(s.source, 'default') and x.external_ref = s.external_ref
		and x.reverses_id is null and x.replaced_by_id is null
	where s.faults is null and s.external_ref is not null
	on conflict (line) do nothing;

	-- Of the record that a row is already, nothing is read where a statement does not ask for it. A partner is not shown everything of a sale.
	create temp view staging_resolved as
	select s.line, s.new_id, s.external_ref, coalesce(s.source, 'default') as source, s.sold_on, s.quantity, s.unit_price,
		a.amount, a.tax_amount, a.gross_amount, s.discount, s.tax_rate, coalesce(s.price_includes_tax, false) as price_includes_tax,
		s.deal_ref, s.invoiced_on, s.shipped_on, s.paid_on, s.currency, s.cost,
		coalesce(s.cost_currency, s.currency) as cost_currency, coalesce(s.kind, 'sell_in') as kind, s.order_ref, coalesce(s.custom, '{}') as custom,
		s.partner_id as given_partner_id, s.partner_code, s.product_id as given_product_id, s.sku,
		s.region_id as given_region_id, s.region_code, s.manager_id as given_manager_id, s.manager_code,
		pi.id as partner_by_id, pc.id as partner_by_code, ii.id as product_by_id, ic.id as product_by_code,
		ri.id as region_by_id, rc.id as region_by_code, mi.id as manager_by_id, mc.id as manager_by_code,
		coalesce(pi.id, pc.id) as partner_id, coalesce(ii.id, ic.id) as product_id,
		coalesce(ri.id, rc.id, pi.region_id, pc.region_id) as region_id, coalesce(mi.id, mc.id, pi.manager_id, pc.manager_id) as manager_id,
		coalesce(pi.manager_id, pc.manager_id) as partner_manager,
		s.legal_entity_id as given_entity_id, s.legal_entity_code, s.seller_id as given_seller_id, s.seller_code,
		s.customer_id as given_customer_id, s.customer_code, s.customer_region_id as given_customer_region_id, s.customer_region_code,
		s.returns_id as given_returns_id, s.returns_external_ref,
		ei.id as entity_by_id, ec.id as entity_by_code, si.id as seller_by_id, sc.id as seller_by_code,
		ci.id as customer_by_id, coalesce(cc.id, cv.id) as customer_by_code, gi.id as customer_region_by_id, gc.id as customer_region_by_code,
		coalesce(ei.id, ec.id) as legal_entity_id, coalesce(si.id, sc.id) as seller_id, coalesce(ci.id, cc.id, cv.id) as customer_id,
		coalesce(gi.id, gc.id, ci.region_id, cc.region_id, cv.region_id) as customer_region_id, t.returns_id,
		h.known, coalesce(h.is_own, false) as is_own, s.status as given_status, x.status as known_status,
		-- What the file does not say, stays.
		x.id is not null and (coalesce(s.partner_id, pc.id), coalesce(s.source, 'default'), coalesce(s.external_ref, x.external_ref))
				is not distinct from (x.partner_id, x.source, x.external_ref)
			and (s.sold_on, coalesce(ii.id, ic.id), s.quantity, coalesce(s.unit_price, x.unit_price), coalesce(s.amount, x.amount), s.currency, coalesce(s.cost_currency, x.cost_currency),
					coalesce(s.kind, x.kind), coalesce(s.order_ref, x.order_ref), coalesce(s.custom, x.custom))
				is not distinct from (x.sold_on, x.product_id, x.quantity, x.unit_price, x.amount, x.currency, x.cost_currency, x.kind, x.order_ref, x.custom)
			and coalesce(s.cost, x.cost) is not distinct from x.cost
			and (coalesce(ei.id, ec.id, x.legal_entity_id), coalesce(s.seller_id, sc.id, x.seller_id), coalesce(s.customer_id, cc.id, cv.id, x.customer_id), coalesce(t.returns_id, x.returns_id),
					coalesce(s.discount, x.discount), coalesce(s.tax_rate, x.tax_rate), coalesce(s.tax_amount, x.tax_amount), coalesce(s.gross_amount, x.gross_amount),
					coalesce(s.price_includes_tax, x.price_includes_tax))
				is not distinct from (x.legal_entity_id, x.seller_id, x.customer_id, x.returns_id, x.discount, x.tax_rate, x.tax_amount, x.gross_amount, x.price_includes_tax)
			and coalesce(gi.id, gc.id, x.customer_region_id) is not distinct from x.customer_region_id
			and coalesce(ri.id, rc.id, x.region_id) is not distinct from x.region_id
			and coalesce(mi.id, mc.id, x.manager_id) is not distinct from x.manager_id as is_same,
		x.id is not null and (coalesce(s.deal_ref, x.deal_ref), coalesce(s.invoiced_on, x.invoiced_on), coalesce(s.shipped_on, x.shipped_on), coalesce(s.paid_on, x.paid_on))
			is distinct from (x.deal_ref, x.invoiced_on, x.shipped_on, x.paid_on) as has_news
	from staging s
	left join partner pi on pi.id = s.partner_id
	left join partner pc on pc.code = s.partner_code
	left join product ii on ii.id = s.product_id
	left join product ic on ic.sku = s.sku
	left join region ri on ri.id = s.region_id
	left join region rc on rc.code = s.region_code
	left join member mi on mi.id = s.manager_id
	left join member mc on mc.code = s.manager_code
	left join legal_entity ei on ei.id = s.legal_entity_id
	left join legal_entity ec on ec.code = s.legal_entity_code
	left join partner si on si.id = s.seller_id
	left join partner sc on sc.code = s.seller_code
	left join customer ci on ci.id = s.customer_id and (ci.partner_id is null or ci.partner_id = coalesce(pi.id, pc.id))
	left join customer cc on cc.code = s.customer_code and cc.partner_id = coalesce(pi.id, pc.id)
	left join customer cv on cv.code = s.customer_code and cv.partner_id is null
	left join region gi on gi.id = s.customer_region_id
	left join region gc on gc.code = s.customer_region_code
	left join staging_return t on t.line = s.line
	left join staging_match h on h.line = s.line
	left join sales_record x on x.id = h.known
	cross join lateral sales_amounts(s.quantity, s.unit_price, s.discount, s.tax_rate, coalesce(s.price_includes_tax, false),
		s.amount, s.tax_amount, s.gross_amount, currency_digits(s.currency)) as a
	where s.faults is null
		and not exists (select from staging_unchanged u where u.line = s.line);

	-- What an export says of records as they are is no news, and needs not be what a new record may be: a reversal, say.
	if 'id' = any (given) then
		insert into staging_unchanged (line)
		select s.line
		from staging_resolved s
		where s.is_own and s.is_same and not s.has_news and coalesce(s.given_status, s.known_status) = s.known_status;
	end if;

	if 'status' = any (given) then
		insert into staging_error (line, pointer, code, detail)
		select s.line, '/status', 'status_move_refused', 'it is ' || coalesce(s.known_status, 'new') || '; an import moves no status'
		from staging_resolved s
		where s.given_status <> coalesce(s.known_status, 'reported');
	end if;

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
		select r.problem, r.pointer, 'no such legal entity'
		from reference_faults('legal_entity_unknown', '/legal_entity_id', s.given_entity_id, s.entity_by_id, '/legal_entity_code', s.legal_entity_code, s.entity_by_code) as r
		union all
		select r.problem, r.pointer, 'no such partner'
		from reference_faults('seller_unknown', '/seller_id', s.given_seller_id, s.seller_by_id, '/seller_code', s.seller_code, s.seller_by_code) as r
		union all
		select r.problem, r.pointer, 'the partner has no such customer'
		from reference_faults('customer_unknown', '/customer_id', s.given_customer_id, s.customer_by_id, '/customer_code', s.customer_code, s.customer_by_code) as r
		union all
		select r.problem, r.pointer, 'no such region'
		from reference_faults('region_unknown', '/customer_region_id', s.given_customer_region_id, s.customer_region_by_id, '/customer_region_code', s.customer_region_code, s.customer_region_by_code) as r
		union all
		select 'returned_unknown', '/returns_external_ref', 'the partner has no record of this reference'
		where s.returns_external_ref is not null and s.returns_id is null
		union all
		select 'seller_is_partner', '/seller_code', 'a partner cannot buy from itself'
		where s.seller_id = s.partner_id
		union all
		select 'required', '/partner_code', 'a partner, by its code or its id'
		where s.given_partner_id is null and s.partner_code is null
		union all
		select 'required', '/sku', 'a product, by its SKU or its id'
		where s.given_product_id is null and s.sku is null
		union all
		select f.problem, f.pointer, case f.problem when 'required' then 'an amount or a unit price, and a tax where that is with tax'
			when 'sign_differs' then 'a return is negative, and nothing else is' else 'net amount and tax do not make the gross amount' end
		from sales_amount_faults(s.kind, s.quantity, s.amount, s.tax_amount, s.gross_amount) as f
		union all
		select 'pattern', '/discount', 'has a form that is not allowed'
		where s.discount < 0
		union all
		select 'amount_out_of_range', '/amount', 'more than 14 digits before the point'
		where abs(s.amount) >= 1e14 or abs(s.gross_amount) >= 1e14
		union all
		select 'forbidden', '/partner_code', 'the partner has another manager'
		where app_is_manager() and s.partner_manager is distinct from app_manager()
		union all
		select 'forbidden', '/kind', 'partners report ' || array_to_string(app_partner_kinds(), ' and ')
		where app_partner() is not null and s.kind <> all (app_partner_kinds())
		union all
		select 'forbidden', '/cost', 'the cost is the vendor''s'
		where app_partner() is not null and s.cost is not null
	) as f
	where s.amount is null or s.discount < 0 or abs(s.amount) >= 1e14 or abs(s.gross_amount) >= 1e14 or s.amount + s.tax_amount <> s.gross_amount or s.partner_id is null or s.product_id is null
		or sales_sign_differs(s.kind, s.quantity) or sales_sign_differs(s.kind, s.amount) or sales_sign_differs(s.kind, s.tax_amount)
		or s.partner_by_id <> s.partner_by_code or s.product_by_id <> s.product_by_code or s.region_by_id <> s.region_by_code
		or s.manager_by_id <> s.manager_by_code
		or num_nonnulls(s.given_partner_id, s.given_product_id, s.given_region_id, s.given_manager_id)
			<> num_nonnulls(s.partner_by_id, s.product_by_id, s.region_by_id, s.manager_by_id)
		or num_nonnulls(s.partner_code, s.sku, s.region_code, s.manager_code)
			<> num_nonnulls(s.partner_by_code, s.product_by_code, s.region_by_code, s.manager_by_code)
		or num_nonnulls(s.given_entity_id, s.given_seller_id, s.given_customer_id, s.given_customer_region_id, s.legal_entity_code, s.seller_code,
			s.customer_code, s.customer_region_code, s.returns_external_ref)
			<> num_nonnulls(s.entity_by_id, s.seller_by_id, s.customer_by_id, s.customer_region_by_id, s.entity_by_code, s.seller_by_code,
			s.customer_by_code, s.customer_region_by_code, case when s.returns_external_ref is not null then s.returns_id end)
		or s.entity_by_id <> s.entity_by_code or s.seller_by_id <> s.seller_by_code or s.customer_by_id <> s.customer_by_code
		or s.customer_region_by_id <> s.customer_region_by_code or s.seller_id = s.partner_id
		or app_is_manager() or app_partner() is not null;

	-- Rows with a reference that is taken already: by a record, or by a row further up.
	create temp table staging_known on commit drop as
	select s.line, min(s.line) over (partition by s.partner_id, s.source, s.external_ref, s.known) as first, s.known, s.is_same, s.has_news,
		(s.sold_on, s.product_id, s.region_id, s.manager_id, s.quantity, s.unit_price, s.amount, s.currency, s.cost, s.cost_currency, s.kind, s.order_ref, s.legal_entity_id, s.seller_id,
			s.customer_id, s.customer_region_id, s.returns_id, s.discount, s.tax_amount, s.gross_amount, s.custom,
			s.deal_ref, s.invoiced_on, s.shipped_on, s.paid_on)::text as content
	from staging_resolved s
	where not exists (select from staging_error e where e.line = s.line)
		and (s.known is not null or s.external_ref in (
			select d.external_ref
			from staging d
			where d.external_ref is not null
			group by d.external_ref
			having count(*) > 1));

	-- What is known later is added to a record; what it says otherwise is named, with both values.
	insert into staging_error (line, pointer, code, detail)
	select k.line, '/' || n.member, 'sales_record_differs', coalesce(n.shown, 'nothing') || ' here, ' || coalesce(o.shown, 'nothing') || ' in the record'
	from staging_known k
	join staging_resolved s on s.line = k.line
	join staging g on g.line = k.line
	join sales_record x on x.id = k.known
	cross join lateral sales_record_shown(jsonb_populate_record(x, jsonb_strip_nulls(to_jsonb(g) - array['id', 'status', 'region_id', 'manager_id', 'customer_region_id']
		|| jsonb_build_object('partner_id', s.partner_id, 'product_id', s.product_id, 'legal_entity_id', s.legal_entity_id, 'seller_id', s.seller_id, 'customer_id', s.customer_id,
			'returns_id', s.returns_id, 'region_id', coalesce(s.region_by_id, s.region_by_code), 'manager_id', coalesce(s.manager_by_id, s.manager_by_code),
			'customer_region_id', coalesce(s.customer_region_by_id, s.customer_region_by_code))))) as n
	join lateral sales_record_shown(x) as o on o.member = n.member
	where (not k.is_same or k.has_news)
		and n.shown is distinct from o.shown
		and (o.shown is not null or n.member not in ('deal_ref', 'invoiced_on', 'shipped_on', 'paid_on'))
	union all
	select k.line, '/' || n.member, 'sales_record_differs', coalesce(n.shown, 'nothing') || ' here, ' || coalesce(o.shown, 'nothing') || ' in line ' || k.first
	from staging_known k
	join staging_known f on f.line = k.first
	join staging_resolved s on s.line = k.line
	join staging_resolved t on t.line = k.first
	cross join lateral sales_record_shown(jsonb_populate_record(null::sales_record, to_jsonb(s))) as n
	join lateral sales_record_shown(jsonb_populate_record(null::sales_record, to_jsonb(t))) as o on o.member = n.member
	where (k.known is null or k.has_news) and k.line > k.first and k.content <> f.content
		and n.shown is distinct from o.shown;

	insert into staging_error (line, pointer, code, detail)
	select k.line, f.pointer, f.problem, f.detail
	from staging_known k
	join sales_record x on x.id = k.known
	cross join lateral (values
		('sales_record_void', null, 'the sales record is void', x.status = 'void'),
		('sales_record_is_reversal', null, 'it takes another record back', x.reverses_id is not null),
		('forbidden', '/status', 'the vendor has confirmed it, or it is disputed', app_partner() is not null and x.status in ('confirmed', 'disputed'))
	) as f (problem, pointer, detail, holds)
	where k.is_same and k.has_news and f.holds;

	insert into staging_unchanged (line)
	select k.line
	from staging_known k
	where (k.is_same or (k.known is null and k.line > k.first))
		and not exists (select from staging_error e where e.line = k.line);

	insert into staging_update (line, known)
	select k.line, k.known
	from staging_known k
	where k.has_news and k.line = k.first
		and not exists (select from staging_error e where e.line = k.line);

	insert into staging_error (line, pointer, code, detail)
	select s.line, '/sold_on', 'period_locked', 'the period is locked'
	from staging s
	where s.sold_on <@ (select range_agg(l.days) from period_lock l where l.reopened_at is null and l.legal_entity_id is null)
		and s.faults is null
		and not exists (select from staging_unchanged u where u.line = s.line)
		and not exists (select from staging_error e where e.line = s.line);

	insert into staging_error (line, pointer, code, detail)
	select s.line, '/sold_on', 'period_locked', 'the period is locked'
	from period_lock l
	join legal_entity n on n.id = l.legal_entity_id
	join staging s on (s.legal_entity_id = n.id or s.legal_entity_code = n.code) and s.sold_on <@ l.days
	where l.reopened_at is null
		and s.faults is null
		and not exists (select from staging_unchanged u where u.line = s.line)
		and not exists (select from staging_error e where e.line = s.line);

	-- Returns: what they return is a record, or a sound row of the file. Those of one record may not be more than it, counted in the order of the lines.
	insert into staging_error (line, pointer, code, detail)
	select s.line, f.pointer, f.problem, f.detail
	from (
		select s.*, coalesce(x.id, o.new_id) as original_id, coalesce(x.kind, o.kind) as original_kind, coalesce(x.quantity, o.quantity) as sold,
			coalesce(x.amount, o.amount) as sold_for,
			x.status = 'void' or x.reverses_id is not null or coalesce(x.sold_on, o.sold_on) > s.sold_on
				or (coalesce(x.partner_id, o.partner_id), coalesce(x.product_id, o.product_id), coalesce(x.currency, o.currency))
					<> (s.partner_id, s.product_id, s.currency) as differs,
			sum(-s.quantity) over lines as returned_here, sum(-s.amount) over lines as returned_for
		from staging_resolved s
		left join sales_record x on x.id = s.returns_id
		left join staging_resolved o on o.new_id = s.returns_id and not exists (select from staging_error e where e.line = o.line)
		where s.line in (select t.line from staging_return t)
			and not exists (select from staging_error e where e.line = s.line)
		window lines as (partition by s.returns_id order by s.line)
	) as s
	cross join lateral sales_returns(s.returns_id) as r
	cross join lateral (values
		('returned_unknown', case when s.given_returns_id is null then '/returns_external_ref' else '/returns_id' end, 'no such record', s.original_id is null),
		('return_kind_differs', '/kind', 'a record of this kind cannot return the other', (s.kind, s.original_kind) not in (
			('return_to_vendor', 'sell_in'), ('return_from_customer', 'sell_through'), ('return_from_customer', 'agency'))),
		('return_differs', '/returns_id', 'another partner, product or currency, later, or taken back', s.differs),
		('return_exceeds_sale', '/quantity', 'more than was sold', s.quantity = 0 or r.quantity + s.returned_here > s.sold),
		('return_exceeds_sale', '/amount', 'for more than it was sold for', r.amount + s.returned_for > s.sold_for)
	) as f (problem, pointer, detail, holds)
	where f.holds;

	return query
	select r.rows, r.rows - r.there - r.rejected, r.updated, r.there - r.updated, r.rejected
	from (
		select (select count(*) from staging) as rows, (select count(*) from staging_unchanged) as there, (select count(*) from staging_update) as updated,
			(select count(distinct e.line) from staging_error e) as rejected) as r;
end
$$;
comment on function import_judge_sales_records(text[]) is 'Decides about every staged row. Of the list of members it is only asked whether a file names records and their status.';

create or replace function import_post_sales_records(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '128MB' set jit = off
as $$
begin
	insert into sales_record (id, partner_id, product_id, region_id, manager_id, import_id, created_at, updated_at, sold_on, external_ref, source, order_ref,
		kind, quantity, unit_price, amount, currency, cost, cost_currency, legal_entity_id, seller_id, customer_id, customer_region_id, returns_id,
		deal_ref, discount, tax_rate, tax_amount, gross_amount, price_includes_tax, invoiced_on, shipped_on, paid_on, custom)
	select s.new_id, s.partner_id, s.product_id, s.region_id, s.manager_id, asked, moment, moment, s.sold_on, s.external_ref, s.source, s.order_ref,
		s.kind, s.quantity, s.unit_price, s.amount, s.currency, s.cost, s.cost_currency, s.legal_entity_id, s.seller_id, s.customer_id,
		s.customer_region_id, s.returns_id, s.deal_ref, s.discount, s.tax_rate, s.tax_amount, s.gross_amount, s.price_includes_tax,
		s.invoiced_on, s.shipped_on, s.paid_on, s.custom
	from staging_resolved s
	where not exists (select from staging_error e where e.line = s.line)
	-- Neighbours in most indexes come one after the other, and a page of a partner's list lies on a few pages of the table.
	order by s.partner_id, s.sold_on, s.line;

	update sales_record x
	set deal_ref = coalesce(x.deal_ref, s.deal_ref), invoiced_on = coalesce(x.invoiced_on, s.invoiced_on), shipped_on = coalesce(x.shipped_on, s.shipped_on),
		paid_on = coalesce(x.paid_on, s.paid_on), version = x.version + 1, updated_at = moment
	from staging_update u
	join staging s on s.line = u.line
	where x.id = u.known;
end
$$;
comment on function import_post_sales_records(uuid, timestamptz) is 'Adds what was not refused and is not there already, and to what is there what became known later.';
