-- name: listSalesAnalytics
-- Sums of sales in the order of their keys. The lines of the call are optional, too: what is not asked for keeps its default.
select a.id, a.key, a.period, a.partner_code, a.partner_name, a.type, a.tier, a.region_code, a.sku, a.category, a.subcategory, a.manager_code,
	a.legal_entity_code, a.kind, a.sold_currency, a.currency, a.amount, a.units, a.lines, a.cost, a.cost_currency, a.lines_without_cost, a.margin, a.average_price,
	a.previous_amount, a.growth_pct, a.year_ago_amount, a.year_on_year_pct, a.reason, a.warnings
from analytics_sales(
	moment => :now
	, asked_groups => :group_by
	, asked_from => :from
	, asked_to => :to
	, asked_calendar => :calendar_code
	, asked_partner => :partner_code
	, asked_type => :type
	, asked_tier => :tier
	, asked_region => :region_code
	, asked_level => :region_level
	, asked_sku => :sku
	, asked_category => :category
	, asked_subcategory => :subcategory
	, asked_manager => :manager_code
	, asked_entity => :legal_entity_code
	, asked_kind => :kind
	, asked_sold_currency => :sold_currency
	, target => :currency
) as a
where true
  and (a.key, a.id) > (:cursor_key, :cursor_id)  -- sort: key
  and (a.key, a.id) < (:cursor_key, :cursor_id)  -- sort: -key
order by a.key, a.id  -- sort: key
order by a.key desc, a.id desc  -- sort: -key
limit :limit;

-- name: listQuotaAnalytics
-- Managers' sales against their quotas of a period, in the order of their codes.
select a.id, a.manager_id, a.manager_code, a.manager_name, a.period, a.starts_on, a.ends_on, a.as_of, a.currency, a.target, a.actual, a.attainment_pct,
	a.remaining, a.expected, a.pace_pct, a.pace, a.forecast, a.reason, a.warnings
from sales_against_quotas(
	moment => :now
	, asked_period => :period
) as a
where true
  and a.manager_code = :manager_code
  and a.currency = :currency
  and (a.manager_code, a.id) > (:cursor_key, :cursor_id)  -- sort: manager_code
  and (a.manager_code, a.id) < (:cursor_key, :cursor_id)  -- sort: -manager_code
order by a.manager_code, a.id  -- sort: manager_code
order by a.manager_code desc, a.id desc  -- sort: -manager_code
limit :limit;

-- name: foldRollups
-- Adds what writes have changed to the rollups, no more at once than a busy machine folds within statement-ms: what is cut off has folded nothing.
-- Any number of servers may try.
select f.done, f.done = 10000 as more
from rollup_fold(10000) as f (done);

-- name: checkRollups
-- Holds some days of the rollups against the sales. Any number of servers may try.
select rollup_check_some(clock_timestamp()) as alarm;
