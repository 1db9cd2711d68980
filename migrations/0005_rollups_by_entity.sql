-- Sums of sales by legal entity, too. No sale had one before, so what is summed already has none.

alter table sales_delta add column legal_entity_id uuid not null default '00000000-0000-0000-0000-000000000000';
alter table sales_rollup add column legal_entity_id uuid not null default '00000000-0000-0000-0000-000000000000',
	drop constraint sales_rollup_pkey,
	add primary key (partner_id, day, product_id, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id);
alter table sales_rollup_day add column legal_entity_id uuid not null default '00000000-0000-0000-0000-000000000000',
	drop constraint sales_rollup_day_pkey,
	add primary key (day, region_id, manager_id, kind, state, currency, cost_currency, legal_entity_id);
comment on column sales_delta.legal_entity_id is 'The legal entity; all zeros for none.';
comment on column sales_rollup.legal_entity_id is 'The legal entity; all zeros for none.';
comment on column sales_rollup_day.legal_entity_id is 'The legal entity; all zeros for none.';

-- It returns one column more.
drop function if exists analytics_sales;
