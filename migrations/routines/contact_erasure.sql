-- A contact that is deleted is erased: the logs keep that it was, and nothing that it said. The name of the trigger sorts after audit_delete, whose row is erased too.
-- Runs with the owner's rights, because nobody else may touch the logs.

create or replace function contact_erase() returns trigger
	language plpgsql security definer set search_path = pg_catalog, public
as $$
begin
	update audit_log a
	set before = null, after = null, is_erased = true
	from old_rows o
	where a.object_id = o.id and a.object_type = 'contact';

	update event e
	set data = null
	from old_rows o
	where e.object_id = o.id and e.object_type = 'contact';

	delete from idempotency_key k
	using old_rows o
	where k.object_id = o.id;
	return null;
end
$$;
comment on function contact_erase() is 'Takes the personal data of deleted contacts out of the audit log, the events and the answers that are kept.';

create or replace trigger contact_erase after delete on contact
	referencing old table as old_rows for each statement execute function contact_erase();
