-- The rest of a sales record: who sold, through which legal entity, to which end customer, with which tax, and when it was invoiced, shipped and paid.

alter table sales_record
	add column legal_entity_id uuid constraint legal_entity_in_use references legal_entity,
	add column seller_id uuid constraint seller_in_use references partner,
	add column customer_id uuid constraint customer_in_use references customer,
	add column customer_region_id uuid constraint customer_region_in_use references region,
	add column returns_id uuid,
	add column invoiced_on date,
	add column shipped_on date,
	add column paid_on date,
	add column price_includes_tax boolean not null default false,
	add column deal_ref text collate "C",
	add column discount numeric(18,4) constraint sales_record_discount_negative check (discount >= 0 or reverses_id is not null),
	add column tax_rate numeric(9,6) constraint sales_record_tax_rate_unlikely check (tax_rate between 0 and 100),
	add column tax_amount numeric(18,4),
	add column gross_amount numeric(18,4),
	add constraint sales_record_gross_differs check (gross_amount = amount + tax_amount),
	add constraint sales_record_tax_incomplete check ((tax_amount is null) = (gross_amount is null));
create index sales_record_by_legal_entity on sales_record (legal_entity_id, sold_on, id) where legal_entity_id is not null;
create index sales_record_by_seller on sales_record (seller_id, sold_on, id) where seller_id is not null;
create index sales_record_by_customer on sales_record (customer_id, sold_on, id) where customer_id is not null;
create index sales_record_by_customer_region on sales_record (customer_region_id, sold_on, id) where customer_region_id is not null;
create index sales_record_by_deal on sales_record (deal_ref, sold_on, id) where deal_ref is not null;
create index sales_record_by_returned on sales_record (returns_id) where returns_id is not null;
comment on column sales_record.legal_entity_id is 'Which of the vendor''s companies it belongs to; null where that is not said.';
comment on column sales_record.seller_id is 'The partner that sold; null for the vendor.';
comment on column sales_record.customer_id is 'The end customer, as far as it is known.';
comment on column sales_record.customer_region_id is 'Where the end customer was; stays when it moves.';
comment on column sales_record.returns_id is 'The record whose goods a return brings back. Not a foreign key: records are never deleted.';
comment on column sales_record.invoiced_on is 'The day of the invoice.';
comment on column sales_record.shipped_on is 'The day on which the goods left.';
comment on column sales_record.paid_on is 'The day on which the money came.';
comment on column sales_record.price_includes_tax is 'Whether unit price and discount are with tax.';
comment on column sales_record.deal_ref is 'The deal registration that it fulfils.';
comment on column sales_record.discount is 'What the price of all units was reduced by.';
comment on column sales_record.tax_rate is 'In per cent of the net amount.';
comment on column sales_record.tax_amount is 'The tax; null where it is not known.';
comment on column sales_record.gross_amount is 'The net amount and the tax; null where the tax is not known.';
