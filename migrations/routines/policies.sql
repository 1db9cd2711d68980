-- Who sees and writes which rows: one policy a role, a table and a kind of command, none that joins roles with OR. Everything is closed here,
-- and what is written afterwards opens it again: the tables that belong to no room below, the others in the access.sql of their room.
do $$
declare
	t record;
begin
	for t in select policyname, tablename from pg_policies where schemaname = 'public' loop
		execute format('drop policy %I on %I', t.policyname, t.tablename);
	end loop;
	execute format('grant temporary on database %I to qudao_staff, qudao_partner', current_database());
end
$$;
revoke all on all tables in schema public from qudao_staff, qudao_partner;

select access_shared('idempotency_key');
select access_policy('idempotency_key', 'partner_all', 'all', 'qudao_partner',
	'caller_id = nullif(current_setting(''app.actor_id'', true), '''')::uuid', 'caller_id = nullif(current_setting(''app.actor_id'', true), '''')::uuid');
select access_shared('server_secret', staff => 'insert');
select access_shared('status_move', staff => '', partner => true);
select access_shared('told_column', staff => '', partner => true);
select access_shared('timer_rule', staff => '');
-- Whoever writes an object sets its timers, by the trigger, and sees none.
select access_shared('timer');
select access_shared('status_change', staff => 'insert');
-- Of an agreement, what was before it was sent is the vendor's.
select access_policy('status_change', 'partner_read', 'select', 'qudao_partner', 'partner_id = any (array(select descendant_id from partner_closure))'
	' and not (object_type in (''agreement'', ''agreement_version'') and to_status in (''in_review'', ''returned'', ''approved''))', null);
select access_policy('status_change', 'partner_add', 'insert', 'qudao_partner', null, 'partner_id = any (array(select descendant_id from partner_closure))');
