create or replace function idempotency_begin(caller uuid, asked text, hash bytea) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	stored idempotency_key;
begin
	if not pg_try_advisory_xact_lock(hashtextextended(caller::text || ' ' || asked, 0)) then
		raise exception 'a request with this key is under way' using errcode = 'QD001';
	end if;
	select * into stored from idempotency_key k where k.caller_id = caller and k.key = asked;
	if not found then
		return;
	end if;
	if stored.created_at < now() - interval '72 hours' then
		delete from idempotency_key k where k.caller_id = caller and k.key = asked;
		return;
	end if;
	if stored.request_hash <> hash then
		raise exception 'this key was used for another request' using errcode = 'QD002';
	end if;
	raise exception 'this request has been answered' using errcode = 'QD003';
end
$$;
comment on function idempotency_begin(uuid, text, bytea) is
	'Takes a key for the transaction. Raises QD001 while another request has it, QD002 if it stood for another request, QD003 if its answer is stored.';
