-- A contact that is deleted is erased: the log keeps that it was, and nothing that it said. The name of the trigger sorts after audit_delete, whose row is erased too.
-- Runs with the owner's rights, because nobody else may touch the log.

create or replace function contact_erase() returns trigger
	language plpgsql security definer set search_path = pg_catalog, public
as $$
begin
	update audit_log a
	set before = null, after = null, is_erased = true
	from old_rows o
	where a.object_id = o.id and a.object_type = 'contact';

	delete from idempotency_key k
	using old_rows o
	where k.object_id = o.id;
	return null;
end
$$;
comment on function contact_erase() is 'Takes the personal data of deleted contacts out of the audit log and the answers that are kept.';

create or replace trigger contact_erase after delete on contact
	referencing old table as old_rows for each statement execute function contact_erase();
