-- `update` alone where rows are locked or changed and never deleted.
select access_shared('period_lock', staff => 'insert, update', partner => true);
