create or replace function contact_primary() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	update contact c
	set is_primary = false, version = c.version + 1, updated_at = new.updated_at
	where c.partner_id = new.partner_id and c.is_primary and c.id <> new.id;
	return new;
end
$$;
comment on function contact_primary() is 'Whoever becomes the primary contact takes the place of the one before.';

create or replace trigger contact_primary before insert or update of is_primary on contact
	for each row when (new.is_primary) execute function contact_primary();
