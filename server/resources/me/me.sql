-- name: getMe
-- Who asks, as the server knows it, with the names that go with it.
select a.kind, a.id, a.name, a.role, p.id as partner_id, p.code as partner_code, p.name as partner_name, m.id as manager_id,
	m.code as manager_code, string_to_array(a.scopes, ' ') as scopes,
	array(select w from unnest(string_to_array(a.permissions, ' ')) as w order by w collate "C") as permissions,
	timestamptz 'epoch' + a.expires_us * interval '1 microsecond' as expires_at, coalesce(u.last_used_at, s.last_used_at) as last_used_at
from jsonb_to_record(:actor) as a (kind text, id uuid, name text, role text, scopes text, permissions text, expires_us bigint)
left join partner p on p.id = app_partner()
left join member m on m.id = app_manager()
left join api_key_use u on u.api_key_id = a.id
left join token_subject_use s on s.token_subject_id = a.id;
