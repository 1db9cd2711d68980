-- The audit log only grows. The one change it bears is the erasure of a contact (contact_erasure.sql), which takes away and says so.

create or replace function audit_append_only() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	if tg_op = 'UPDATE' then
		if new.object_type = 'contact' and new.is_erased and new.before is null and new.after is null
			and (to_jsonb(new) - '{before,after,is_erased}'::text[]) = (to_jsonb(old) - '{before,after,is_erased}'::text[]) then
			return new;
		end if;
	end if;
	raise exception 'the audit log only grows' using errcode = 'insufficient_privilege';
end
$$;
comment on function audit_append_only() is 'Refuses every change of the audit log but an erasure.';

create or replace trigger audit_append_only before update or delete on audit_log
	for each row execute function audit_append_only();
create or replace trigger audit_append_only_truncate before truncate on audit_log
	for each statement execute function audit_append_only();
