-- What writes change in the sums, and the job that folds it. The rollups of all partners have no policy for partners: they are named in
-- reports that then do not read them.
select access_shared('sales_delta', staff => 'insert, delete');
select access_policy('sales_delta', 'partner_read', 'select', 'qudao_partner', 'partner_id = any (array(select descendant_id from partner_closure))', null);
select access_policy('sales_delta', 'partner_add', 'insert', 'qudao_partner', null, 'partner_id = any (array(select descendant_id from partner_closure))');
select access_shared(rollup, staff => 'insert, update')
from unnest(array['sales_rollup', 'sales_rollup_day', 'sales_rollup_month', 'sales_rollup_partner', 'sales_rollup_partner_month', 'sales_rollup_product_month',
	'sales_rollup_total']) as rollup;
grant select on sales_rollup_day, sales_rollup_month, sales_rollup_product_month, sales_rollup_total to qudao_partner;
select access_policy(rollup, 'partner_read', 'select', 'qudao_partner', 'partner_id = any (array(select descendant_id from partner_closure))', null)
from unnest(array['sales_rollup', 'sales_rollup_partner', 'sales_rollup_partner_month']) as rollup;
select access_shared('rollup_check_progress', staff => 'update');
