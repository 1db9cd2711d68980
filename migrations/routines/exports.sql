-- Exports: whether those who asked for them may still.

create or replace function export_has_caller(e export) returns boolean
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select case
		when e.caller is null then exists (
			select from api_key k where k.id = e.requested_by and k.revoked_at is null and (k.expires_at is null or k.expires_at > app_now()))
		else exists (select from token_subject s where s.id = e.requested_by and not s.is_blocked)
			and (e.caller ->> 'partner_id' is null or exists (
				select from partner p
				where p.id = (e.caller ->> 'partner_id')::uuid and p.status not in ('terminated', 'rejected', 'blacklisted')))
	end
$$;
comment on function export_has_caller(export) is 'Whether its key works, or the subject whose token asked for it is not locked out; a token that has expired meanwhile does not matter.';
