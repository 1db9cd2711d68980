-- name: listSalesRecords
-- Sales records in the order of their days or of their arrival, for staff. The page is taken before it is joined to names, so that no plan
-- joins and sorts all that a partner ever sold. The code of the one partner that is asked for is looked up once, not for each row.
select s.id, s.external_ref, s.source, s.sold_on, s.partner_id,
	coalesce(
		:partner_code,
		(select x.code from partner x where x.id = :partner_id),
		(select x.code from partner x where x.id = s.partner_id)
	) as partner_code,
	s.product_id, i.sku, s.region_id, r.code as region_code,
	s.manager_id, m.code as manager_code, s.quantity, s.unit_price, s.amount, s.currency, cost_for_staff(s.cost) as cost, s.cost_currency,
	s.kind, s.order_ref, s.legal_entity_id, case when s.legal_entity_id is not null then (select e.code from legal_entity e where e.id = s.legal_entity_id) end as legal_entity_code,
	s.seller_id, case when s.seller_id is not null then (select x.code from partner x where x.id = s.seller_id) end as seller_code,
	s.customer_id, case when s.customer_id is not null then (select c.code from customer c where c.id = s.customer_id) end as customer_code,
	s.customer_region_id, case when s.customer_region_id is not null then (select g.code from region g where g.id = s.customer_region_id) end as customer_region_code,
	s.deal_ref, s.discount, s.tax_rate, s.tax_amount, s.gross_amount, s.price_includes_tax, s.invoiced_on, s.shipped_on, s.paid_on, s.returns_id,
	s.status, s.reverses_id, s.replaces_id, s.replaced_by_id, s.voided_reason, s.import_id, s.custom,
	s.version, s.created_at, s.updated_at
from (
	select s.*
	from sales_record s
	where true
	  and s.partner_id = :partner_id
	  and s.partner_id = partner_id_of(:partner_code)
	  and s.product_id = :product_id
	  and s.product_id = product_id_of(:sku)
	  and s.region_id = any (array(select below from region_below(:region_code) as below))
	  and s.manager_id = member_id_of(:manager_code)
	  and s.kind = :kind
	  and s.status = :status
	  and s.source = :source
	  and s.external_ref = :external_ref
	  and s.order_ref = :order_ref
	  and s.currency = :currency
	  and s.legal_entity_id = legal_entity_id_of(:legal_entity_code)
	  and s.seller_id = partner_id_of(:seller_code)
	  and s.customer_id = :customer_id
	  and s.customer_region_id = region_id_of(:customer_region_code)
	  and s.deal_ref = :deal_ref
	  and s.returns_id = :returns_id
	  and s.import_id = :import_id
	  and s.sold_on >= :sold_from
	  and s.sold_on <= :sold_to
	  and (s.sold_on, s.id) < (:cursor_key, :cursor_id)  -- sort: -sold_on
	  and (s.sold_on, s.id) > (:cursor_key, :cursor_id)  -- sort: sold_on
	  and (s.created_at, s.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
	  and (s.created_at, s.id) > (:cursor_key, :cursor_id)  -- sort: created_at
	order by s.sold_on desc, s.id desc  -- sort: -sold_on
	order by s.sold_on, s.id  -- sort: sold_on
	order by s.created_at desc, s.id desc  -- sort: -created_at
	order by s.created_at, s.id  -- sort: created_at
	limit :limit
) as s
join product i on i.id = s.product_id
left join region r on r.id = s.region_id
left join member m on m.id = s.manager_id
order by s.sold_on desc, s.id desc  -- sort: -sold_on
order by s.sold_on, s.id  -- sort: sold_on
order by s.created_at desc, s.id desc  -- sort: -created_at
order by s.created_at, s.id  -- sort: created_at
;

-- name: listSalesRecordsBelow
-- The same for a partner: the first rows of each partner below it from that one's index, so that no subtree is ever sorted.
select s.id, s.external_ref, s.source, s.sold_on,
	s.partner_id, (select p.code from partner p where p.id = s.partner_id) as partner_code, s.product_id, i.sku, s.region_id, r.code as region_code,
	s.manager_id, m.code as manager_code, s.quantity, s.unit_price, s.amount, s.currency, cost_for_staff(s.cost) as cost, s.cost_currency,
	s.kind, s.order_ref, s.legal_entity_id, case when s.legal_entity_id is not null then (select e.code from legal_entity e where e.id = s.legal_entity_id) end as legal_entity_code,
	s.seller_id, case when s.seller_id is not null then (select x.code from partner x where x.id = s.seller_id) end as seller_code,
	s.customer_id, case when s.customer_id is not null then (select c.code from customer c where c.id = s.customer_id) end as customer_code,
	s.customer_region_id, case when s.customer_region_id is not null then (select g.code from region g where g.id = s.customer_region_id) end as customer_region_code,
	s.deal_ref, s.discount, s.tax_rate, s.tax_amount, s.gross_amount, s.price_includes_tax, s.invoiced_on, s.shipped_on, s.paid_on, s.returns_id,
	s.status, s.reverses_id, s.replaces_id, s.replaced_by_id, s.voided_reason, s.import_id, s.custom,
	s.version, s.created_at, s.updated_at
from partner_closure c
cross join lateral (
	select s.*
	from sales_record s
	where s.partner_id = c.descendant_id
	  and s.product_id = :product_id
	  and s.product_id = (select x.id from product x where x.sku = :sku)
	  and s.region_id = any (array(select below from region_below(:region_code) as below))
	  and s.manager_id = (select x.id from member x where x.code = :manager_code)
	  and s.kind = :kind
	  and s.status = :status
	  and s.source = :source
	  and s.external_ref = :external_ref
	  and s.order_ref = :order_ref
	  and s.currency = :currency
	  and s.legal_entity_id = (select x.id from legal_entity x where x.code = :legal_entity_code)
	  and s.seller_id = (select x.id from partner x where x.code = :seller_code)
	  and s.customer_id = :customer_id
	  and s.customer_region_id = (select x.id from region x where x.code = :customer_region_code)
	  and s.deal_ref = :deal_ref
	  and s.returns_id = :returns_id
	  and s.import_id = :import_id
	  and s.sold_on >= :sold_from
	  and s.sold_on <= :sold_to
	  and (s.sold_on, s.id) < (:cursor_key, :cursor_id)  -- sort: -sold_on
	  and (s.sold_on, s.id) > (:cursor_key, :cursor_id)  -- sort: sold_on
	  and (s.created_at, s.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
	  and (s.created_at, s.id) > (:cursor_key, :cursor_id)  -- sort: created_at
	order by s.sold_on desc, s.id desc  -- sort: -sold_on
	order by s.sold_on, s.id  -- sort: sold_on
	order by s.created_at desc, s.id desc  -- sort: -created_at
	order by s.created_at, s.id  -- sort: created_at
	limit :limit
) s
join product i on i.id = s.product_id
left join region r on r.id = s.region_id
left join member m on m.id = s.manager_id
where true
  and c.descendant_id = :partner_id
  and c.descendant_id = (select x.id from partner x where x.code = :partner_code)
order by s.sold_on desc, s.id desc  -- sort: -sold_on
order by s.sold_on, s.id  -- sort: sold_on
order by s.created_at desc, s.id desc  -- sort: -created_at
order by s.created_at, s.id  -- sort: created_at
limit :limit;

-- name: getSalesRecord
-- One sales record.
select s.id, s.external_ref, s.source, s.sold_on,
	s.partner_id, (select p.code from partner p where p.id = s.partner_id) as partner_code, s.product_id, i.sku, s.region_id, r.code as region_code,
	s.manager_id, m.code as manager_code, s.quantity, s.unit_price, s.amount, s.currency, cost_for_staff(s.cost) as cost, s.cost_currency,
	s.kind, s.order_ref, s.legal_entity_id, case when s.legal_entity_id is not null then (select e.code from legal_entity e where e.id = s.legal_entity_id) end as legal_entity_code,
	s.seller_id, case when s.seller_id is not null then (select x.code from partner x where x.id = s.seller_id) end as seller_code,
	s.customer_id, case when s.customer_id is not null then (select c.code from customer c where c.id = s.customer_id) end as customer_code,
	s.customer_region_id, case when s.customer_region_id is not null then (select g.code from region g where g.id = s.customer_region_id) end as customer_region_code,
	s.deal_ref, s.discount, s.tax_rate, s.tax_amount, s.gross_amount, s.price_includes_tax, s.invoiced_on, s.shipped_on, s.paid_on, s.returns_id,
	s.status, s.reverses_id, s.replaces_id, s.replaced_by_id, s.voided_reason, s.import_id, s.custom,
	s.version, s.created_at, s.updated_at
from sales_record s
join product i on i.id = s.product_id
left join region r on r.id = s.region_id
left join member m on m.id = s.manager_id
where s.id = any (:ids);

-- name: createSalesRecord
-- Reports sales, each body with the id of its record. What a body does not say comes from the partner and from the price.
-- Run more often than all others together, and for many requests at once: hence lookups by one index each (limit 1 keeps them so, whatever the
-- size of a table), and functions only for the bodies that need them.
with body as (
	select b.unnest as new_id, b.value as body, b.external_ref, coalesce(b.source, 'default') as source, b.sold_on, b.partner_id, b.partner_code, b.product_id, b.sku,
		b.quantity, b.unit_price, b.amount, b.currency, b.cost, coalesce(b.cost_currency, b.currency) as cost_currency, coalesce(b.kind, 'sell_in') as kind,
		b.order_ref, b.deal_ref, b.discount, b.tax_rate, b.tax_amount, b.gross_amount, coalesce(b.price_includes_tax, false) as price_includes_tax,
		b.invoiced_on, b.shipped_on, b.paid_on, b.returns_id, coalesce(b.custom, '{}') as custom, sales_record_refers(b.value) as refers
	from rows from (
		jsonb_to_recordset(:bodies) as (
			external_ref text, source text, sold_on date, partner_id uuid, partner_code text, product_id uuid, sku text, quantity numeric, unit_price numeric,
			amount numeric, currency text, cost numeric, cost_currency text, kind text, order_ref text, deal_ref text, discount numeric, tax_rate numeric,
			tax_amount numeric, gross_amount numeric, price_includes_tax boolean, invoiced_on date, shipped_on date, paid_on date, returns_id uuid, custom jsonb),
		jsonb_array_elements(:bodies),
		unnest(:new_ids::uuid[])) as b
), base as materialized (
	select b.*, coalesce(pi.id, pc.id) as partner, coalesce(pi.region_id, pc.region_id) as region_of_partner, coalesce(pi.manager_id, pc.manager_id) as manager_of_partner,
		pi.id as partner_by_id, pc.id as partner_by_code,
		(select i.id from product i where i.id = b.product_id) as product_by_id, (select i.id from product i where i.sku = b.sku) as product_by_code,
		a.amount as net, a.tax_amount as tax, a.gross_amount as gross
	from body b
	left join lateral (select p.id, p.region_id, p.manager_id from partner p where p.id = b.partner_id limit 1) as pi on true
	left join lateral (select p.id, p.region_id, p.manager_id from partner p where p.code = b.partner_code limit 1) as pc on true
	cross join lateral sales_amounts(b.quantity, b.unit_price, b.discount, b.tax_rate, b.price_includes_tax,
		b.amount, b.tax_amount, b.gross_amount, currency_digits(b.currency)) as a
), named as materialized (
	select b.new_id, d.*
	from base b
	cross join lateral sales_record_found(b.body, b.partner, b.source) as d
	where b.refers
), sale as materialized (
	select b.*, coalesce(b.product_by_id, b.product_by_code) as product,
		coalesce(d.region_by_id, d.region_by_code, b.region_of_partner) as region,
		coalesce(d.manager_by_id, d.manager_by_code, b.manager_of_partner) as manager,
		coalesce(d.legal_entity_by_id, d.legal_entity_by_code) as legal_entity, coalesce(d.seller_by_id, d.seller_by_code) as seller,
		coalesce(d.customer_by_id, d.customer_by_code) as customer,
		coalesce(d.customer_region_by_id, d.customer_region_by_code, d.region_of_customer) as customer_region,
		coalesce(b.returns_id, d.returned_by_ref) as returned
	from base b
	left join named d on d.new_id = b.new_id
), fault as materialized (
	select s.new_id, l.problem, l.pointer, x.id as existing_id
	from sale s
	left join lateral (
		select x.id from sales_record x
		where x.partner_id = s.partner and x.source = s.source and x.external_ref = s.external_ref and x.reverses_id is null and x.replaced_by_id is null
		limit 1) as x on true
	cross join lateral (values
		('sales_record_ref_taken', '/external_ref', x.id is not null),
		('partner_unknown', '/partner_id', s.partner_id is not null and s.partner_by_id is null),
		('partner_unknown', '/partner_code', s.partner_code is not null and s.partner_by_code is null),
		('reference_differs', '/partner_code', s.partner_by_id <> s.partner_by_code),
		('product_unknown', '/product_id', s.product_id is not null and s.product_by_id is null),
		('product_unknown', '/sku', s.sku is not null and s.product_by_code is null),
		('reference_differs', '/sku', s.product_by_id <> s.product_by_code),
		('period_locked', '/sold_on', period_is_locked(s.sold_on, s.legal_entity)),
		('forbidden', '/cost', s.cost is not null and app_partner() is not null)
	) as l (problem, pointer, holds)
	where l.holds
	union all
	select s.new_id, a.problem, a.pointer, null
	from sale s, sales_amount_faults(s.kind, s.quantity, s.net, s.tax, s.gross) as a
	union all
	select s.new_id, d.problem, d.pointer, null
	from sale s, sales_record_reference_faults(s.body, s.partner, s.source) as d
	where s.refers
	union all
	select s.new_id, d.problem, d.pointer, null
	from sale s, sales_record_faults(s.partner, s.product, s.currency, s.kind, s.sold_on, s.quantity, s.net, s.seller, s.returned) as d
	where s.seller is not null or s.returned is not null
), created as (
	insert into sales_record (id, partner_id, product_id, region_id, manager_id, created_at, updated_at, sold_on, external_ref, source, order_ref,
		kind, quantity, unit_price, amount, currency, cost, cost_currency, legal_entity_id, seller_id, customer_id, customer_region_id, returns_id,
		deal_ref, discount, tax_rate, tax_amount, gross_amount, price_includes_tax, invoiced_on, shipped_on, paid_on, custom)
	select s.new_id, s.partner, s.product, s.region, s.manager, :now, :now, s.sold_on, s.external_ref, s.source, s.order_ref,
		s.kind, s.quantity, s.unit_price, s.net, s.currency, s.cost, s.cost_currency, s.legal_entity, s.seller, s.customer, s.customer_region, s.returned,
		s.deal_ref, s.discount, s.tax_rate, s.tax, s.gross, s.price_includes_tax, s.invoiced_on, s.shipped_on, s.paid_on, s.custom
	from sale s
	where s.new_id not in (select f.new_id from fault f)
)
select f.new_id, f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateSalesRecord
-- Adds what becomes known later and is in no sum.
with target as (
	select s.*
	from sales_record s
	where s.id = :id
	for update
), fault as (
	select 'forbidden' as problem, null as pointer
	from target t
	where not app_may_write(t.partner_id)
		or (app_partner() is not null and (t.kind <> all (app_partner_kinds()) or t.status in ('confirmed', 'disputed')))
	union all
	select 'precondition_failed', null
	from target t
	where t.version <> all (:if_match)
	union all
	select case when t.status = 'void' then 'sales_record_void' else 'sales_record_is_reversal' end, null
	from target t
	where t.status = 'void' or t.reverses_id is not null
), changed as (
	update sales_record s
	set (deal_ref, invoiced_on, shipped_on, paid_on, custom) = (
			select n.deal_ref, n.invoiced_on, n.shipped_on, n.paid_on,
				case when :body ? 'custom' then object_merge(s.custom, n.custom) else s.custom end
			from jsonb_populate_record(s, :body) n),
		version = s.version + 1, updated_at = :now
	from target t
	where s.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;

-- name: voidSalesRecord
-- Takes a sales record back: a reversal with the original's date, and the original no longer counts.
with target as (
	select s.*
	from sales_record s
	where s.id = :id
	for update
), fault as (
	select 'forbidden' as problem, null as pointer
	from target t
	where app_partner() is not null and t.kind <> all (app_partner_kinds())
	union all
	select f.problem, f.pointer
	from target t, mover_faults('sales_record', t.partner_id, t.version, :if_match, t.status, 'void') as f
	union all
	select case when t.status = 'void' then 'sales_record_void' else 'sales_record_is_reversal' end, null
	from target t
	where t.status = 'void' or t.reverses_id is not null
	union all
	select 'sales_record_has_returns', null
	from target t
	where (select r.quantity from sales_returns(t.id) as r) <> 0
	union all
	select 'period_locked', null
	from target t
	where period_is_locked(t.sold_on, t.legal_entity_id)
), changed as (
	update sales_record s
	set status = 'void', voided_reason = b.reason, version = s.version + 1, updated_at = :now
	from target t, jsonb_to_record(:body) as b (reason text)
	where s.id = t.id and not exists (select from fault)
	returning s.id, move_kept('sales_record', s.id, s.partner_id, t.status, s.status, :body, :now)
), reversal as (
	insert into sales_record
	select v.*
	from changed c
	join sales_record s on s.id = c.id
	cross join lateral sales_record_reversal(s, :new_id, :now) as v
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;

-- name: correctSalesRecord
-- Takes a sales record back and reports it anew, with what the body names. The amount follows quantity and price unless it is named itself.
with target as (
	select s.*
	from sales_record s
	where s.id = :id
	for update
), body as (
	select b.*, ii.id as product_by_id, ic.id as product_by_code
	from jsonb_to_record(:body) as b (reason text, sold_on date, product_id uuid, sku text)
	left join product ii on ii.id = b.product_id
	left join product ic on ic.sku = b.sku
), made as materialized (
	select v.*
	from target t
	join sales_record s on s.id = t.id
	cross join lateral sales_record_replacement(s, :body, :new_id, :now) as v
), fault as (
	select 'forbidden' as problem, null as pointer
	from target t
	where app_partner() is not null and t.kind <> all (app_partner_kinds())
	union all
	select f.problem, f.pointer
	from target t, mover_faults('sales_record', t.partner_id, t.version, :if_match, t.status, 'void') as f
	union all
	select case when t.status = 'void' then 'sales_record_void' else 'sales_record_is_reversal' end, null
	from target t
	where t.status = 'void' or t.reverses_id is not null
	union all
	select 'sales_record_has_returns', null
	from target t
	where (select r.quantity from sales_returns(t.id) as r) <> 0
	union all
	select f.problem, f.pointer
	from made m
	cross join lateral (values
		('forbidden', '/cost', :body ? 'cost'),
		('forbidden', '/kind', m.kind <> all (app_partner_kinds()))
	) as f (problem, pointer, holds)
	where app_partner() is not null and f.holds
	union all
	select 'period_locked', case when b.sold_on is null then null else '/sold_on' end
	from target t
	cross join body b
	cross join made m
	where period_is_locked(t.sold_on, t.legal_entity_id) or period_is_locked(m.sold_on, m.legal_entity_id)
	union all
	select f.problem, f.pointer
	from made m, sales_amount_faults(m.kind, m.quantity, m.amount, m.tax_amount, m.gross_amount) as f
	union all
	select 'required', '/tax_amount'
	from target t
	cross join made m
	where t.gross_amount is not null and m.gross_amount is null
	union all
	select f.problem, f.pointer
	from made m, sales_record_reference_faults(:body, m.partner_id, m.source) as f
	union all
	select f.problem, f.pointer
	from made m, sales_record_faults(m.partner_id, m.product_id, m.currency, m.kind, m.sold_on, m.quantity, m.amount, m.seller_id, m.returns_id) as f
	union all
	select f.problem, f.pointer
	from body b, reference_faults('product_unknown', '/product_id', b.product_id, b.product_by_id, '/sku', b.sku, b.product_by_code) as f
), changed as (
	update sales_record s
	set status = 'void', voided_reason = b.reason, replaced_by_id = :new_id, version = s.version + 1, updated_at = :now
	from target t, body b
	where s.id = t.id and not exists (select from fault)
	returning s.id, move_kept('sales_record', s.id, s.partner_id, t.status, s.status, :body, :now)
), reversal as (
	insert into sales_record
	select v.*
	from changed c
	join sales_record s on s.id = c.id
	cross join lateral sales_record_reversal(s, uuid_v7(), :now) as v
), replacement as (
	insert into sales_record
	select m.*
	from made m
	join changed c on c.id = m.replaces_id
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;

-- name: confirmSalesRecord
-- Says that the vendor has checked a record.
with target as (
	select s.id, s.partner_id, s.status, s.reverses_id, s.version
	from sales_record s
	where s.id = :id
	for update
), fault as (
	select f.problem, f.pointer, f.detail
	from target t, move_faults('sales_record', t.partner_id, t.version, :if_match, t.status, 'confirmed') as f
	where f.problem <> 'status_move_refused' or t.reverses_id is null
	union all
	select 'sales_record_is_reversal', null, null
	from target t
	where t.reverses_id is not null
), changed as (
	update sales_record s
	set status = 'confirmed', version = s.version + 1, updated_at = :now
	from target t
	where s.id = t.id and not exists (select from fault)
	returning move_kept('sales_record', s.id, s.partner_id, t.status, s.status, :body, :now)
)
select f.problem, f.pointer, f.detail, t.version
from target t
left join fault f on true;

-- name: disputeSalesRecord
-- Says that a record is wrong; a partner may, whatever its kind.
with target as (
	select s.id, s.partner_id, s.status, s.reverses_id, s.version
	from sales_record s
	where s.id = :id
	for update
), fault as (
	select f.problem, f.pointer, f.detail
	from target t, move_faults('sales_record', t.partner_id, t.version, :if_match, t.status, 'disputed') as f
	where f.problem <> 'status_move_refused' or t.reverses_id is null
	union all
	select 'sales_record_is_reversal', null, null
	from target t
	where t.reverses_id is not null
), changed as (
	update sales_record s
	set status = 'disputed', version = s.version + 1, updated_at = :now
	from target t
	where s.id = t.id and not exists (select from fault)
	returning move_kept('sales_record', s.id, s.partner_id, t.status, s.status, :body, :now)
)
select f.problem, f.pointer, f.detail, t.version
from target t
left join fault f on true;

-- name: resolveSalesRecord
-- Ends a dispute: the record counts, or it is taken back by a reversal.
with target as (
	select s.*
	from sales_record s
	where s.id = :id
	for update
), body as (
	select b.*
	from jsonb_to_record(:body) as b (outcome text, reason text)
), fault as (
	select f.problem, f.pointer, f.detail
	from target t, body b, move_faults('sales_record', t.partner_id, t.version, :if_match, t.status, b.outcome) as f
	where f.problem <> 'status_move_refused' or t.reverses_id is null
	union all
	select 'sales_record_is_reversal', null, null
	from target t
	where t.reverses_id is not null
	union all
	select 'sales_record_has_returns', null, null
	from target t
	cross join body b
	where b.outcome = 'void' and (select r.quantity from sales_returns(t.id) as r) <> 0
	union all
	select 'period_locked', null, null
	from target t
	cross join body b
	where b.outcome = 'void' and period_is_locked(t.sold_on, t.legal_entity_id)
), changed as (
	update sales_record s
	set status = b.outcome, voided_reason = case b.outcome when 'void' then b.reason end, version = s.version + 1, updated_at = :now
	from target t, body b
	where s.id = t.id and not exists (select from fault)
	returning s.id, s.status, move_kept('sales_record', s.id, s.partner_id, t.status, s.status, :body, :now)
), reversal as (
	insert into sales_record
	select v.*
	from changed c
	join sales_record s on s.id = c.id
	cross join lateral sales_record_reversal(s, :new_id, :now) as v
	where c.status = 'void'
)
select f.problem, f.pointer, f.detail, t.version
from target t
left join fault f on true;
