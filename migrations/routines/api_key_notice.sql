-- Servers cache keys by the hash of their secret; a changed key must leave the caches within a second.

create or replace function api_key_notice() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	perform pg_notify('qudao_key', encode(old.secret_hash, 'hex'));
	return null;
end
$$;
comment on function api_key_notice() is 'Tells the channel qudao_key whose key has changed or gone.';

create or replace trigger api_key_notice after update or delete on api_key
	for each row execute function api_key_notice();
