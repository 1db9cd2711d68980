-- What the two roles may do with which table. Runs after the migrations and the routines, every time; row security says with which rows.
revoke all on all tables in schema public from qudao_staff, qudao_partner;

grant select on all tables in schema public to qudao_staff;
grant insert, update, delete on
	region, region_span, product, member, partner, partner_closure, contact, exchange_rate, legal_entity, customer,
	calendar, calendar_period, quota, api_key, api_key_use, idempotency_key, job, webhook, webhook_delivery, export, export_chunk,
	import_chunk, caller_usage, caller_usage_flush
	to qudao_staff;
-- `update` alone where rows are locked or changed and never deleted.
grant insert, update on sales_record to qudao_staff;
grant insert, update on period_lock to qudao_staff;
-- What writes change in the sums, and the job that folds it.
grant insert, delete on sales_delta to qudao_staff;
grant insert, update on sales_rollup, sales_rollup_day, sales_rollup_month, sales_rollup_partner, sales_rollup_partner_month,
	sales_rollup_product_month, sales_rollup_total to qudao_staff;
grant update on rollup_check_progress to qudao_staff;
grant update on setting, business_clock, event_trim to qudao_staff;
grant insert, update on token_subject, token_subject_use to qudao_staff;
grant insert, update on webhook_state to qudao_staff;
grant update on webhook_cursor to qudao_staff;
grant update on import to qudao_staff;
grant delete on event to qudao_staff;
grant insert on status_change, import, import_error, audit_log, event, server_secret to qudao_staff;

grant select on
	region, region_span, product, member, partner, partner_closure, contact, sales_record,
	exchange_rate, legal_entity, customer, calendar, calendar_period, setting, business_clock, period_lock,
	status_move, status_change, told_column, import, import_error, import_chunk, export, export_chunk, event, event_trim, webhook, webhook_state, webhook_delivery
	to qudao_partner;
-- Of keys all but the hashes of their secrets, and nothing that would make one another's.
grant select (id, name, role, prefix, partner_id, manager_id, scopes, expires_at, revoked_at, replaced_by_id, token_subject_id, version, created_at, updated_at)
	on api_key to qudao_partner;
grant insert on api_key to qudao_partner;
grant update (expires_at, revoked_at, replaced_by_id, version, updated_at) on api_key to qudao_partner;
grant select on api_key_use, caller_usage, token_subject_use to qudao_partner;
grant select (id, name) on token_subject to qudao_partner;
grant insert, update, delete on contact, customer, webhook, idempotency_key to qudao_partner;
grant insert, update on webhook_delivery to qudao_partner;
grant select on idempotency_key to qudao_partner;
grant insert, update on sales_record to qudao_partner;
grant insert, update on export to qudao_partner;
grant delete on export_chunk to qudao_partner;
grant update on import to qudao_partner;
grant insert, delete on import_chunk to qudao_partner;
-- The rollups of all partners have no policy for them: they are named in reports that then do not read them.
grant select on sales_delta, sales_rollup, sales_rollup_day, sales_rollup_month, sales_rollup_partner, sales_rollup_partner_month,
	sales_rollup_product_month, sales_rollup_total to qudao_partner;
grant insert on sales_delta to qudao_partner;
grant insert on status_change, import, import_error, audit_log, event to qudao_partner;

do $$
begin
	execute format('grant temporary on database %I to qudao_staff, qudao_partner', current_database());
end
$$;
