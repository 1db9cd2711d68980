-- Who sees and writes which rows: one policy a role, a table and a kind of command, none that joins roles with OR.
-- A table without a policy is closed. What is written here replaces what was there before.
do $$
declare
	t record;
begin
	for t in select policyname, tablename from pg_policies where schemaname = 'public' loop
		execute format('drop policy %I on %I', t.policyname, t.tablename);
	end loop;
	-- Row security is forced, so the owner (migrations, foreign keys, erasure) needs its own word.
	for t in select c.relname as tablename from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity loop
		execute format('create policy owner_all on %I to current_user using (true) with check (true)', t.tablename);
	end loop;
	-- Staff writes these wherever it has the permission; the contract says who has.
	for t in select unnest(array[
		'region', 'region_span', 'product', 'member', 'partner_closure', 'status_move', 'status_change', 'told_column',
		'exchange_rate', 'legal_entity', 'calendar', 'calendar_period', 'setting', 'business_clock', 'quota', 'period_lock',
		'sales_delta', 'sales_rollup', 'sales_rollup_day', 'sales_rollup_month', 'sales_rollup_partner',
		'sales_rollup_partner_month', 'sales_rollup_product_month', 'sales_rollup_total', 'rollup_check_progress',
		'api_key', 'api_key_use', 'job', 'import', 'import_chunk', 'import_error', 'audit_log', 'event', 'event_trim', 'idempotency_key', 'server_secret',
		'webhook', 'webhook_state', 'webhook_delivery', 'webhook_cursor', 'caller_usage', 'caller_usage_flush', 'token_subject', 'token_subject_use']) as tablename loop
		execute format('create policy staff_all on %I to qudao_staff using (true) with check (true)', t.tablename);
	end loop;
	-- What a partner needs to know about the vendor.
	for t in select unnest(array['region', 'region_span', 'product', 'member', 'status_move', 'told_column', 'legal_entity', 'calendar', 'calendar_period', 'setting', 'business_clock', 'period_lock', 'event_trim']) as tablename loop
		execute format('create policy partner_read on %I for select to qudao_partner using (true)', t.tablename);
	end loop;
	-- What every write owes; partners add to it.
	for t in select unnest(array['audit_log', 'event']) as tablename loop
		execute format('create policy partner_add on %I for insert to qudao_partner with check (true)', t.tablename);
	end loop;
end
$$;

-- Managers write only what belongs to their own partners. The first half is asked once a statement, the second once a row.
create policy staff_read on partner for select to qudao_staff using (true);
create policy staff_add on partner for insert to qudao_staff
	with check ((select not app_is_manager()) or manager_id = app_manager());
create policy staff_change on partner for update to qudao_staff
	using (true) with check ((select not app_is_manager()) or app_may_write(id));
create policy staff_remove on partner for delete to qudao_staff
	using ((select not app_is_manager()) or app_may_write(id));

create policy staff_read on contact for select to qudao_staff using (true);
create policy staff_add on contact for insert to qudao_staff
	with check ((select not app_is_manager()) or app_may_write(partner_id));
create policy staff_change on contact for update to qudao_staff
	using (true) with check ((select not app_is_manager()) or app_may_write(partner_id));
create policy staff_remove on contact for delete to qudao_staff
	using ((select not app_is_manager()) or app_may_write(partner_id));

create policy staff_read on customer for select to qudao_staff using (true);
create policy staff_add on customer for insert to qudao_staff
	with check ((select not app_is_manager()) or app_may_write(partner_id));
create policy staff_change on customer for update to qudao_staff
	using (true) with check ((select not app_is_manager()) or app_may_write(partner_id));
create policy staff_remove on customer for delete to qudao_staff
	using ((select not app_is_manager()) or app_may_write(partner_id));

create policy staff_read on sales_record for select to qudao_staff using (true);
create policy staff_add on sales_record for insert to qudao_staff
	with check ((select not app_is_manager()) or app_may_write(partner_id));
create policy staff_change on sales_record for update to qudao_staff
	using (true) with check ((select not app_is_manager()) or app_may_write(partner_id));

-- A partner sees itself and those below. An array is an index condition, where `in (select …)` would be a filter.
create policy partner_read on partner_closure for select to qudao_partner
	using (ancestor_id = nullif(current_setting('app.partner_id', true), '')::uuid);
create policy partner_read on partner for select to qudao_partner
	using (id = any (array(select descendant_id from partner_closure)));
create policy partner_all on contact to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)))
	with check (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_all on customer to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)))
	with check (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on sales_record for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_add on sales_record for insert to qudao_partner
	with check (partner_id = any (array(select descendant_id from partner_closure)) and kind = any (app_partner_kinds()));
-- It disputes records of any kind; which of them it takes back is said by the statements and, of the reversal, by partner_add.
create policy partner_change on sales_record for update to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)))
	with check (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on exchange_rate for select to qudao_partner
	using (type <> 'budget');
create policy partner_read on sales_rollup for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on sales_rollup_partner for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on sales_rollup_partner_month for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on sales_delta for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_add on sales_delta for insert to qudao_partner
	with check (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on event for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)) and is_for_partner);
create policy partner_read on import for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_add on import for insert to qudao_partner
	with check (partner_id = nullif(current_setting('app.partner_id', true), '')::uuid);
create policy partner_change on import for update to qudao_partner
	using (partner_id = nullif(current_setting('app.partner_id', true), '')::uuid)
	with check (partner_id = nullif(current_setting('app.partner_id', true), '')::uuid);
create policy partner_all on import_chunk to qudao_partner
	using (exists (select from import i where i.id = import_id and i.partner_id = nullif(current_setting('app.partner_id', true), '')::uuid))
	with check (exists (select from import i where i.id = import_id and i.partner_id = nullif(current_setting('app.partner_id', true), '')::uuid));
create policy partner_read on status_change for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_add on status_change for insert to qudao_partner
	with check (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on import_error for select to qudao_partner
	using (exists (select from import i where i.id = import_id));
create policy partner_add on import_error for insert to qudao_partner
	with check (exists (select from import i where i.id = import_id));
create policy partner_all on webhook to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)))
	with check (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on webhook_state for select to qudao_partner
	using (exists (select from webhook w where w.id = webhook_id));
create policy partner_all on webhook_delivery to qudao_partner
	using (exists (select from webhook w where w.id = webhook_id))
	with check (exists (select from webhook w where w.id = webhook_id));
create policy partner_all on idempotency_key to qudao_partner
	using (caller_id = nullif(current_setting('app.actor_id', true), '')::uuid)
	with check (caller_id = nullif(current_setting('app.actor_id', true), '')::uuid);
-- The keys of partners; the vendor's have no partner.
create policy partner_all on api_key to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)))
	with check (partner_id = any (array(select descendant_id from partner_closure)) and role = 'partner');
create policy partner_read on caller_usage for select to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)));
create policy partner_read on api_key_use for select to qudao_partner
	using (exists (select from api_key k where k.id = api_key_id));
-- Of subjects, the names of those that acted for it.
create policy partner_read on token_subject for select to qudao_partner
	using (exists (select from caller_usage u where u.caller_id = token_subject.id));
create policy partner_read on token_subject_use for select to qudao_partner
	using (token_subject_id = nullif(current_setting('app.actor_id', true), '')::uuid);

-- An export belongs to the key or the subject that asked for it, whatever its role; administrators see all, and so does the server when it works on them.
create policy staff_all on export to qudao_staff
	using (requested_by = nullif(current_setting('app.actor_id', true), '')::uuid or (select app_works_for_all()))
	with check (requested_by = nullif(current_setting('app.actor_id', true), '')::uuid or (select app_works_for_all()));
-- A subject may speak for another partner by now, or have spoken for the vendor.
create policy partner_all on export to qudao_partner
	using (requested_by = nullif(current_setting('app.actor_id', true), '')::uuid
		and (caller is null or caller ->> 'partner_id' = current_setting('app.partner_id', true)))
	with check (requested_by = nullif(current_setting('app.actor_id', true), '')::uuid
		and (caller is null or caller ->> 'partner_id' = current_setting('app.partner_id', true)));
create policy staff_all on export_chunk to qudao_staff
	using (exists (select from export e where e.id = export_id))
	with check (exists (select from export e where e.id = export_id));
create policy partner_all on export_chunk to qudao_partner
	using (exists (select from export e where e.id = export_id))
	with check (exists (select from export e where e.id = export_id));
