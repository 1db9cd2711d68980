-- What a sales record is made of, said once for those who report, correct, take back and import.

create or replace function sales_amounts(quantity numeric, unit_price numeric, discount numeric, tax_rate numeric, price_includes_tax boolean,
	given_amount numeric, given_tax numeric, given_gross numeric, digits integer)
	returns table (amount numeric, tax_amount numeric, gross_amount numeric)
	language sql immutable parallel safe security invoker
as $$
	-- What is given wins; of net, tax and gross two give the third, one gives the others by the rate.
	select net.amount, tax.amount, coalesce(gross.amount, net.amount + tax.amount)
	-- A discount makes less of a return as well, whose quantity is negative.
	from (select round(quantity * unit_price - case when quantity < 0 then -1 else 1 end * coalesce(discount, 0), digits) as amount) as price
	cross join lateral (select coalesce(given_gross, given_amount + given_tax, case when price_includes_tax then price.amount end) as amount) as gross
	cross join lateral (
		select coalesce(given_amount, gross.amount - given_tax, gross.amount - round(gross.amount * tax_rate / (100 + tax_rate), digits),
			case when not price_includes_tax then price.amount end) as amount) as net
	cross join lateral (select coalesce(given_tax, gross.amount - net.amount, round(net.amount * tax_rate / 100, digits)) as amount) as tax
$$;
comment on function sales_amounts(numeric, numeric, numeric, numeric, boolean, numeric, numeric, numeric, integer) is
	'Net, tax and gross of a line: what is given, and what follows from it, each rounded half away from zero; null where it cannot be known. tax = net * rate / 100 = gross * rate / (100 + rate).';

create or replace function sales_sign_differs(kind text, figure numeric) returns boolean
	language sql immutable parallel safe security invoker
	return case when kind in ('return_to_vendor', 'return_from_customer') then figure > 0 else figure < 0 end;
comment on function sales_sign_differs(text, numeric) is 'Whether a quantity or an amount would count the wrong way: a return is negative, and nothing else is.';

drop function if exists sales_amount_faults(numeric, numeric, numeric);
create or replace function sales_amount_faults(kind text, quantity numeric, amount numeric, tax_amount numeric, gross_amount numeric)
	returns table (problem text, pointer text)
	language sql immutable parallel safe security invoker
as $$
	select f.problem, f.pointer
	from (values
		('required', '/amount', amount is null and gross_amount is null),
		('required', '/tax_rate', amount is null and gross_amount is not null),
		('gross_amount_differs', '/gross_amount', amount + tax_amount <> gross_amount),
		('sign_differs', '/quantity', sales_sign_differs(kind, quantity)),
		('sign_differs', '/amount', sales_sign_differs(kind, amount)),
		('sign_differs', '/tax_amount', sales_sign_differs(kind, tax_amount))
	) as f (problem, pointer, holds)
	where f.holds
$$;
comment on function sales_amount_faults(text, numeric, numeric, numeric, numeric) is 'What is wrong with the quantity and the amounts of a line.';

create or replace function customer_id_of(customer_code text, partner uuid) returns uuid
	language sql stable parallel safe security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select c.id
	from customer c
	where c.code = customer_code and (c.partner_id = partner or c.partner_id is null)
	order by c.partner_id nulls last
	limit 1
$$;
comment on function customer_id_of(text, uuid) is 'The customer of that code among those of a partner or, failing that, the vendor''s own; null when there is none.';

drop function if exists sales_returned(uuid), sales_amount_returned(uuid);
create or replace function sales_returns(original uuid) returns table (quantity numeric, amount numeric)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select -coalesce(sum(s.quantity), 0), -coalesce(sum(s.amount), 0)
	from sales_record s
	where s.returns_id = original and s.status <> 'void' and s.reverses_id is null
$$;
comment on function sales_returns(uuid) is 'How many units of a record have been returned and not been taken back, and for how much.';

create or replace function sales_record_refers(body jsonb) returns boolean
	language sql immutable parallel safe security invoker
	return body ?| array['region_id', 'region_code', 'manager_id', 'manager_code', 'legal_entity_id', 'legal_entity_code', 'seller_id', 'seller_code',
		'customer_id', 'customer_code', 'customer_region_id', 'customer_region_code', 'returns_external_ref'];
comment on function sales_record_refers(jsonb) is
	'Whether the body of a sale names more than its partner and its product. Most do not, and then there is nothing to look up.';

-- Columns are added at the end of what a function returns only by making it anew.
drop function if exists sales_record_found(jsonb, uuid, text);
create function sales_record_found(body jsonb, partner uuid, asked_source text) returns table (
	region_by_id uuid, region_by_code uuid, manager_by_id uuid, manager_by_code uuid, legal_entity_by_id uuid, legal_entity_by_code uuid, seller_by_id uuid, seller_by_code uuid, customer_by_id uuid, customer_by_code uuid,
	customer_region_by_id uuid, customer_region_by_code uuid, region_of_customer uuid, returned_by_ref uuid)
	language plpgsql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	if not sales_record_refers(body) then
		return;
	end if;
	return query
	select ri.id, rc.id, mi.id, mc.id, ei.id, ec.id, si.id, sc.id, ci.id, cc.id, gi.id, gc.id, coalesce(ci.region_id, cc.region_id), r.id
	from jsonb_to_record(body) as b (region_id uuid, region_code text, manager_id uuid, manager_code text, legal_entity_id uuid, legal_entity_code text,
		seller_id uuid, seller_code text, customer_id uuid, customer_code text, customer_region_id uuid, customer_region_code text, returns_external_ref text)
	left join region ri on ri.id = b.region_id
	left join region rc on rc.code = b.region_code
	left join member mi on mi.id = b.manager_id
	left join member mc on mc.code = b.manager_code
	left join legal_entity ei on ei.id = b.legal_entity_id
	left join legal_entity ec on ec.code = b.legal_entity_code
	left join partner si on si.id = b.seller_id
	left join partner sc on sc.code = b.seller_code
	left join customer ci on ci.id = b.customer_id and (ci.partner_id = partner or ci.partner_id is null)
	left join customer cc on cc.id = customer_id_of(b.customer_code, partner)
	left join region gi on gi.id = b.customer_region_id
	left join region gc on gc.code = b.customer_region_code
	left join sales_record r on r.partner_id = partner and r.source = asked_source and r.external_ref = b.returns_external_ref
		and r.reverses_id is null and r.replaced_by_id is null;
end
$$;
comment on function sales_record_found(jsonb, uuid, text) is
	'What the body of a sale refers to, by id and by natural key, within the customers and the records of its partner; no row when it refers to nothing.';

create or replace function sales_record_reference_faults(body jsonb, partner uuid, asked_source text) returns table (problem text, pointer text)
	language plpgsql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	if not sales_record_refers(body) then
		return;
	end if;
	return query
	select f.problem, f.pointer
	from sales_record_found(body, partner, asked_source) as d
	cross join lateral (values
		('region', (body ->> 'region_id')::uuid, d.region_by_id, body ->> 'region_code', d.region_by_code),
		('manager', (body ->> 'manager_id')::uuid, d.manager_by_id, body ->> 'manager_code', d.manager_by_code),
		('legal_entity', (body ->> 'legal_entity_id')::uuid, d.legal_entity_by_id, body ->> 'legal_entity_code', d.legal_entity_by_code),
		('seller', (body ->> 'seller_id')::uuid, d.seller_by_id, body ->> 'seller_code', d.seller_by_code),
		('customer', (body ->> 'customer_id')::uuid, d.customer_by_id, body ->> 'customer_code', d.customer_by_code),
		('customer_region', (body ->> 'customer_region_id')::uuid, d.customer_region_by_id, body ->> 'customer_region_code', d.customer_region_by_code)
	) as r (name, id, by_id, code, by_code)
	cross join lateral reference_faults(
		case r.name when 'customer_region' then 'region' else r.name end || '_unknown', '/' || r.name || '_id', r.id, r.by_id, '/' || r.name || '_code', r.code, r.by_code) as f
	union all
	select 'returned_unknown', '/returns_external_ref'
	from sales_record_found(body, partner, asked_source) as d
	where body ->> 'returns_external_ref' is not null and d.returned_by_ref is null;
end
$$;
comment on function sales_record_reference_faults(jsonb, uuid, text) is 'What the body of a sale refers to and is not there.';

drop function if exists sales_record_faults(uuid, uuid, text, text, date, numeric, uuid, uuid);
create or replace function sales_record_faults(partner uuid, product uuid, sale_currency text, sale_kind text, day date, units numeric, net numeric,
	seller uuid, returned uuid) returns table (problem text, pointer text)
	language plpgsql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	original sales_record;
begin
	if seller = partner then
		return query values ('seller_is_partner', '/seller_code');
	end if;
	if returned is null then
		return;
	end if;
	select s.* into original from sales_record s where s.id = returned;
	return query
	select f.problem, f.pointer
	from sales_returns(original.id) as r
	cross join lateral (values
		('returned_unknown', '/returns_id', original.id is null),
		('return_kind_differs', '/kind', (sale_kind, original.kind) not in (
			('return_to_vendor', 'sell_in'), ('return_from_customer', 'sell_through'), ('return_from_customer', 'agency'))),
		('return_differs', '/returns_id', original.status = 'void' or original.reverses_id is not null or original.sold_on > day
			or (original.partner_id, original.product_id, original.currency) <> (partner, product, sale_currency)),
		('return_exceeds_sale', '/quantity', units = 0 or r.quantity - units > original.quantity),
		('return_exceeds_sale', '/amount', r.amount - net > original.amount)
	) as f (problem, pointer, holds)
	where f.holds;
end
$$;
comment on function sales_record_faults(uuid, uuid, text, text, date, numeric, numeric, uuid, uuid) is
	'Where a record that is to be written contradicts its seller or the record that it returns.';

create or replace function sales_record_shown(s sales_record) returns table (member text, shown text)
	language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
	values
		('external_ref', s.external_ref), ('source', s.source), ('sold_on', s.sold_on::text),
		('partner_code', (select p.code from partner p where p.id = s.partner_id)),
		('sku', (select i.sku from product i where i.id = s.product_id)),
		('region_code', (select r.code from region r where r.id = s.region_id)),
		('manager_code', (select m.code from member m where m.id = s.manager_id)),
		('quantity', trim_scale(s.quantity)::text), ('unit_price', trim_scale(s.unit_price)::text), ('amount', trim_scale(s.amount)::text), ('currency', s.currency),
		('cost', trim_scale(cost_for_staff(s.cost))::text), ('cost_currency', s.cost_currency), ('kind', s.kind), ('order_ref', s.order_ref),
		('legal_entity_code', (select e.code from legal_entity e where e.id = s.legal_entity_id)),
		('seller_code', (select p.code from partner p where p.id = s.seller_id)),
		('customer_code', (select c.code from customer c where c.id = s.customer_id)),
		('customer_region_code', (select r.code from region r where r.id = s.customer_region_id)),
		('returns_id', s.returns_id::text), ('discount', trim_scale(s.discount)::text), ('tax_rate', trim_scale(s.tax_rate)::text),
		('tax_amount', trim_scale(s.tax_amount)::text), ('gross_amount', trim_scale(s.gross_amount)::text), ('price_includes_tax', s.price_includes_tax::text),
		('deal_ref', s.deal_ref), ('invoiced_on', s.invoiced_on::text), ('shipped_on', s.shipped_on::text), ('paid_on', s.paid_on::text), ('custom', s.custom::text)
$$;
comment on function sales_record_shown(sales_record) is 'What a sales record says, member by member, as the caller may read it: to tell in which two of them differ.';

create or replace function sales_record_reversal(original sales_record, reversal uuid, moment timestamptz) returns sales_record
	language plpgsql immutable security invoker set search_path = pg_catalog, public
as $$
begin
	original.reverses_id := original.id;
	original.id := reversal;
	original.quantity := -original.quantity;
	original.amount := -original.amount;
	original.cost := -original.cost;
	original.discount := -original.discount;
	original.tax_amount := -original.tax_amount;
	original.gross_amount := -original.gross_amount;
	original.external_ref := null;
	original.replaces_id := null;
	original.replaced_by_id := null;
	original.returns_id := null;
	original.voided_reason := null;
	original.import_id := null;
	original.status := 'reported';
	original.version := 1;
	original.created_at := moment;
	original.updated_at := moment;
	return original;
end
$$;
comment on function sales_record_reversal(sales_record, uuid, timestamptz) is 'The record that takes another back: the same with quantity and amounts negated.';

create or replace function sales_record_replacement(original sales_record, body jsonb, replacement uuid, moment timestamptz) returns sales_record
	language plpgsql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	r sales_record := jsonb_populate_record(original, body);
	named record;
	net numeric;
	computed record;
begin
	r.id := replacement;
	r.replaces_id := original.id;
	r.replaced_by_id := null;
	r.import_id := null;
	r.voided_reason := null;
	r.status := 'reported';
	r.version := 1;
	r.created_at := moment;
	r.updated_at := moment;
	r.product_id := coalesce(product_id_of(body ->> 'sku'), r.product_id);
	r.region_id := coalesce(region_id_of(body ->> 'region_code'), r.region_id);
	r.manager_id := coalesce(member_id_of(body ->> 'manager_code'), r.manager_id);
	select d.* into named from sales_record_found(body, r.partner_id, r.source) as d;
	r.legal_entity_id := coalesce(named.legal_entity_by_id, named.legal_entity_by_code, original.legal_entity_id);
	r.seller_id := coalesce(named.seller_by_id, named.seller_by_code, original.seller_id);
	r.customer_id := coalesce(named.customer_by_id, named.customer_by_code, original.customer_id);
	r.customer_region_id := coalesce(named.customer_region_by_id, named.customer_region_by_code, named.region_of_customer, original.customer_region_id);
	if not body ?| array['quantity', 'unit_price', 'discount', 'tax_rate', 'price_includes_tax', 'amount', 'tax_amount', 'gross_amount'] then
		return r;
	end if;
	-- A tax that was given without a rate does not follow from anything.
	if original.tax_rate is null and original.tax_amount is not null and not body ?| array['tax_rate', 'tax_amount', 'gross_amount'] then
		r.tax_amount := null;
		r.gross_amount := null;
		return r;
	end if;
	-- Without a price, or without a word about it, the net amount is what it was.
	if r.unit_price is null or not body ?| array['quantity', 'unit_price', 'discount', 'price_includes_tax'] then
		net := original.amount;
	end if;
	select a.* into computed
	from sales_amounts(r.quantity, r.unit_price, r.discount, r.tax_rate, r.price_includes_tax,
		case when body ?| array['amount', 'gross_amount'] then (body ->> 'amount')::numeric else net end,
		(body ->> 'tax_amount')::numeric, (body ->> 'gross_amount')::numeric, currency_digits(r.currency)) as a;
	r.amount := computed.amount;
	r.tax_amount := computed.tax_amount;
	r.gross_amount := computed.gross_amount;
	return r;
end
$$;
comment on function sales_record_replacement(sales_record, jsonb, uuid, timestamptz) is
	'The record that stands in another''s place: with what the body of a correction names, the amounts that follow from it, and everything else as it was.';

-- Two returns at once could both find enough left: whoever returns holds the record that it returns.
create or replace function sales_record_return() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
declare
	sold record;
	returned record;
begin
	select s.quantity, s.amount into sold from sales_record s where s.id = new.returns_id for update;
	select r.quantity, r.amount into returned from sales_returns(new.returns_id) as r;
	if returned.quantity > sold.quantity or returned.amount > sold.amount then
		raise exception 'more is returned than was sold'
			using errcode = 'check_violation', constraint = 'return_exceeds_sale', table = 'sales_record', schema = 'public';
	end if;
	return null;
end
$$;
comment on function sales_record_return() is 'Refuses returns of more than was sold as return_exceeds_sale, whoever writes.';

create or replace trigger sales_record_return after insert on sales_record
	for each row when (new.returns_id is not null) execute function sales_record_return();
