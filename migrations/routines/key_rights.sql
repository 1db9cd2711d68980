-- Who may give which keys away: nobody gives more than it has.

create or replace function key_end_of(caller jsonb) returns timestamptz
	language sql stable parallel safe security invoker
	return case when caller ->> 'kind' = 'api_key' then timestamptz 'epoch' + (caller ->> 'expires_us')::bigint * interval '1 microsecond' end;
comment on function key_end_of(jsonb) is 'When the key of a caller ends; null: never, or it is no key.';

create or replace function key_subject_of(caller jsonb) returns uuid
	language sql stable parallel safe security invoker
	return case
		when caller ->> 'kind' = 'access_token' then (caller ->> 'id')::uuid
		else (select k.token_subject_id from api_key k where k.id = (caller ->> 'id')::uuid)
	end;
comment on function key_subject_of(jsonb) is
	'The subject to which a key belongs that this caller makes: itself, or the one that its own key belongs to; null: none.';

create or replace function key_rights_exceeded(caller jsonb, role text, scopes text[], expires_at timestamptz)
	returns table (problem text, pointer text)
	language sql stable parallel safe security invoker
as $$
	select 'beyond_own_rights', f.pointer
	from (values
		('/role', caller ->> 'role' <> 'admin' and role <> caller ->> 'role'),
		-- A key without scopes may whatever its role may, which is more than a narrowed caller has.
		('/scopes', (caller ->> 'role' <> 'admin' or caller ->> 'scopes' <> '')
			and (scopes = '{}' or not scopes <@ string_to_array(caller ->> 'scopes', ' '))),
		('/expires_at', coalesce(expires_at, 'infinity') > key_end_of(caller))
	) as f (pointer, holds)
	where f.holds
$$;
comment on function key_rights_exceeded(jsonb, text, text[], timestamptz) is
	'What a key with this role, these scopes and this end would have beyond the caller who makes it.';
