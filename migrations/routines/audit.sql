-- What every write owes: a row in the audit log and an event, for each row of each statement.
-- One statement, static per trigger, with the row as jsonb; the argument names the columns that nobody needs to read twice or at all.

create or replace function audit_write() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public set enable_nestloop = off
as $$
declare
	-- What partners may not read as a whole (nothing of it, or some columns as of their keys), they do not hear of.
	is_for_partner constant boolean not null default has_table_privilege('qudao_partner', tg_relid, 'select');
	-- Without an operation or a name, it is the server by itself, for no request.
	request constant text := case when current_setting('app.operation', true) <> '' then nullif(current_setting('application_name'), '') end;
	-- Who makes several rows in one statement for as many requests says which is whose; "request" is the first.
	requests constant jsonb := nullif(current_setting('app.request_ids', true), '')::jsonb;
	is_told constant boolean not null default tg_table_name <> 'business_clock';
begin
	-- An import writes one summary instead.
	if current_setting('app.import_id', true) <> '' then
		return null;
	end if;

	if tg_op = 'INSERT' then
		with change as materialized (
			select n.id, to_jsonb(n) - tg_argv[0]::text[] as after, clock_timestamp() as at from new_rows n
		), logged as (
			insert into audit_log (id, at, actor_id, actor_name, operation, request_id, action, object_type, object_id, partner_id, after)
			select uuid_v7(), c.at, nullif(current_setting('app.actor_id', true), '')::uuid, current_setting('app.actor_name', true),
				current_setting('app.operation', true), coalesce(requests ->> c.id::text, request), 'insert', tg_table_name, c.id,
				event_owner(tg_table_name, c.after), c.after
			from change c
		)
		insert into event (id, type, object_type, object_id, partner_id, object_version, is_for_partner, occurred_at)
		select uuid_v7(), tg_table_name || '.created', tg_table_name, c.id,
			event_owner(tg_table_name, c.after), (c.after ->> 'version')::integer,
			is_for_partner and event_is_shown(tg_table_name, c.after), c.at
		from change c
		where is_told;

	elsif tg_op = 'UPDATE' then
		with change as materialized (
			select n.id, to_jsonb(o) - tg_argv[0]::text[] as before, to_jsonb(n) - tg_argv[0]::text[] as after, clock_timestamp() as at
			from new_rows n
			join old_rows o on o.id = n.id
		), logged as (
			insert into audit_log (id, at, actor_id, actor_name, operation, request_id, action, object_type, object_id, partner_id, before, after)
			select uuid_v7(), c.at, nullif(current_setting('app.actor_id', true), '')::uuid, current_setting('app.actor_name', true),
				current_setting('app.operation', true), request, 'update', tg_table_name, c.id,
				event_owner(tg_table_name, c.after), c.before, c.after
			from change c
		)
		insert into event (id, type, object_type, object_id, partner_id, object_version, from_status, to_status, is_for_partner, occurred_at)
		select uuid_v7(), event_type(tg_table_name, c.before, c.after), tg_table_name, c.id,
			event_owner(tg_table_name, c.after), (c.after ->> 'version')::integer,
			case when c.before -> 'status' <> c.after -> 'status' then c.before ->> 'status' end,
			case when c.before -> 'status' <> c.after -> 'status' then c.after ->> 'status' end,
			is_for_partner and event_is_shown(tg_table_name, c.after), c.at
		from change c
		where is_told;

	else
		with change as materialized (
			select o.id, to_jsonb(o) - tg_argv[0]::text[] as before, clock_timestamp() as at from old_rows o
		), logged as (
			insert into audit_log (id, at, actor_id, actor_name, operation, request_id, action, object_type, object_id, partner_id, before)
			select uuid_v7(), c.at, nullif(current_setting('app.actor_id', true), '')::uuid, current_setting('app.actor_name', true),
				current_setting('app.operation', true), request, 'delete', tg_table_name, c.id,
				event_owner(tg_table_name, c.before), c.before
			from change c
		)
		insert into event (id, type, object_type, object_id, partner_id, object_version, is_for_partner, occurred_at)
		select uuid_v7(), tg_table_name || '.deleted', tg_table_name, c.id,
			event_owner(tg_table_name, c.before), (c.before ->> 'version')::integer + 1,
			is_for_partner and event_is_shown(tg_table_name, c.before), c.at
		from change c
		where is_told;
	end if;
	return null;
end
$$;
comment on function audit_write() is 'Writes the audit rows and the events of a statement. The argument is an array of columns to leave out.';

create or replace function audit_keep(thing text, sensitive text[] default '{}') returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	hidden constant text[] not null default sensitive || array(
		select a.attname::text
		from pg_attribute a
		where a.attrelid = thing::regclass and a.attnum > 0 and a.attgenerated <> '' and not a.attisdropped
		order by a.attnum);
	unknown constant text[] not null default array(
		select s.name
		from unnest(sensitive) as s (name)
		where not exists (select from pg_attribute a where a.attrelid = thing::regclass and a.attname = s.name and not a.attisdropped));
begin
	if unknown <> '{}' then
		raise exception '% has no columns %', thing, unknown;
	end if;
	execute format('create or replace trigger audit_insert after insert on %I referencing new table as new_rows for each statement execute function audit_write(%L)',
		thing, hidden);
	execute format('create or replace trigger audit_update after update on %I referencing old table as old_rows new table as new_rows for each statement execute function audit_write(%L)',
		thing, hidden);
	execute format('create or replace trigger audit_delete after delete on %I referencing old table as old_rows for each statement execute function audit_write(%L)',
		thing, hidden);
end
$$;
comment on function audit_keep(text, text[]) is
	'Lets a table owe its entries: all columns but those that are generated, and the sensitive ones, which come from the contract (x-sensitive).';

-- Every table has it, except those that are derived, technical, or a log themselves. A table with other needs than `id uuid` belongs in this list.
do $$
declare
	technical constant text[] := array[
		'agreement_goal_period', 'agreement_scope', 'api_key_use', 'audit_log', 'caller_usage', 'caller_usage_flush', 'event', 'event_trim', 'export', 'export_chunk', 'idempotency_key', 'import', 'import_chunk', 'import_error', 'job', 'partner_closure',
		'region_span', 'rollup_check_progress', 'sales_delta', 'sales_rollup', 'sales_rollup_day', 'sales_rollup_month', 'sales_rollup_partner',
		'sales_rollup_partner_month', 'sales_rollup_product_month', 'sales_rollup_total', 'schema_migration', 'scorecard_revision', 'server_secret', 'status_change', 'status_move', 'timer', 'timer_rule', 'token_subject_use', 'told_column',
		'webhook_cursor', 'webhook_delivery', 'webhook_state'];
	t record;
begin
	for t in
		select c.relname as name
		from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all (technical)
	loop
		perform audit_keep(t.name);
	end loop;
end
$$;
