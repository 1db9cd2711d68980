-- A row without a key of its own is added each time that its file comes. All resources but sales have natural keys, and those may have a reference.

create or replace function import_adds_keyless() returns boolean
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	if not exists (
		select from pg_attribute a where a.attrelid = to_regclass('pg_temp.staging') and a.attname = 'external_ref' and not a.attisdropped
	) then
		return false;
	end if;
	-- Most files have a reference in each row: then the rest is not looked at.
	if not exists (select from staging s where s.external_ref is null and s.faults is null) then
		return false;
	end if;
	return exists (
		select from staging_sound s
		where s.external_ref is null and not exists (select from staging_unchanged u where u.line = s.line));
end
$$;
comment on function import_adds_keyless() is 'Whether the import under way would add rows that nothing tells from those of the same file sent again.';

create or replace function import_before(asked uuid, thing text, file text) returns uuid
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	if not import_adds_keyless() then
		return null;
	end if;
	-- Of two that come at once, one waits for what becomes of the other.
	perform pg_advisory_xact_lock(hashtextextended('import ' || file, 0));
	return (
		select i.id
		from import i
		where i.digest = file and i.resource = thing and i.is_posted and i.created > 0 and i.id <> asked
		order by i.id desc
		limit 1);
end
$$;
comment on function import_before(uuid, text, text) is 'The latest import of the same file that added rows, where to import it again would add them again; else null.';
