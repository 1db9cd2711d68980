-- name: listApiKeys
-- Keys in the order they were made in.
select k.id, k.name, k.role, k.prefix, k.partner_id, p.code as partner_code, k.manager_id, m.code as manager_code, k.scopes, k.expires_at,
	k.revoked_at, o.id as replaces_id, k.replaced_by_id, k.token_subject_id as subject_id, u.last_used_at, k.version, k.created_at, k.updated_at
from api_key k
left join api_key o on o.replaced_by_id = k.id
left join api_key_use u on u.api_key_id = k.id
left join partner p on p.id = k.partner_id
left join member m on m.id = k.manager_id
where true
  and k.token_subject_id = :subject_id
  and (k.created_at, k.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
  and (k.created_at, k.id) > (:cursor_key, :cursor_id)  -- sort: created_at
order by k.created_at desc, k.id desc  -- sort: -created_at
order by k.created_at, k.id  -- sort: created_at
limit :limit;

-- name: createApiKey
-- Makes a key and shows its secret, this once; hence it answers by itself. A partner's is for itself, or for one below.
with body as (
	select b.*, pi.id as partner_by_id, pc.id as partner_by_code, mi.id as manager_by_id, mc.id as manager_by_code,
		coalesce(pi.id, pc.id, own.id) as partner, coalesce(pi.code, pc.code, own.code) as partner_found,
		coalesce(mi.id, mc.id) as manager, coalesce(mi.code, mc.code) as manager_found
	from jsonb_to_record(:body) as b (
		name text, role text, partner_id uuid, partner_code text, manager_id uuid, manager_code text, scopes text[], expires_at timestamptz)
	left join partner pi on pi.id = b.partner_id
	left join partner pc on pc.code = b.partner_code
	left join partner own on own.id = app_partner()
	left join member mi on mi.id = b.manager_id
	left join member mc on mc.code = b.manager_code
), fault as (
	select 'required' as problem, '/partner_id' as pointer
	from body b
	where b.role = 'partner' and b.partner is null and b.partner_id is null and b.partner_code is null
	union all
	select 'partner_not_allowed', case when b.partner_id is null then '/partner_code' else '/partner_id' end
	from body b
	where b.role <> 'partner' and (b.partner_id is not null or b.partner_code is not null)
	union all
	select f.problem, f.pointer
	from body b, reference_faults('partner_unknown', '/partner_id', b.partner_id, b.partner_by_id, '/partner_code', b.partner_code, b.partner_by_code) as f
	union all
	select f.problem, f.pointer
	from body b, reference_faults('manager_unknown', '/manager_id', b.manager_id, b.manager_by_id, '/manager_code', b.manager_code, b.manager_by_code) as f
	union all
	select f.problem, f.pointer
	from body b, key_rights_exceeded(:actor, b.role, coalesce(b.scopes, '{}'), b.expires_at) as f
	union all
	select 'beyond_own_rights', case when b.manager_id is null then '/manager_code' else '/manager_id' end
	from body b
	where app_partner() is not null and (b.manager_id is not null or b.manager_code is not null)
	union all
	select 'api_keys_too_many', null
	from body b
	where app_partner() is not null
	  and (select count(*) from api_key k where k.partner_id = b.partner and k.revoked_at is null and (k.expires_at > :now or k.expires_at is null)) >= 50
), created as (
	insert into api_key (id, name, role, prefix, secret_hash, partner_id, manager_id, scopes, expires_at, token_subject_id, created_at, updated_at)
	select :new_id, b.name, b.role, left(:new_key::text, 12), sha256(convert_to(:new_key, 'UTF8')), b.partner, b.manager, coalesce(b.scopes, '{}'),
		b.expires_at, key_subject_of(:actor), :now, :now
	from body b
	where not exists (select from fault)
	returning id, name, role, prefix, partner_id, manager_id, scopes, expires_at, revoked_at, token_subject_id, version, created_at, updated_at
)
select f.problem, f.pointer, k.id, k.name, k.role, :new_key as key, k.prefix, k.partner_id, b.partner_found as partner_code, k.manager_id,
	b.manager_found as manager_code, k.scopes, k.expires_at, k.revoked_at, null::uuid as replaces_id, null::uuid as replaced_by_id, k.token_subject_id as subject_id,
	null::timestamptz as last_used_at, k.version, k.created_at, k.updated_at
from body b
left join fault f on true
left join created k on true;

-- name: rotateApiKey
-- Makes a key to take the place of another and shows its secret, this once; the other one ends after a while, or when it would have anyway.
-- Unless the body says when the new one ends, it lasts as long as the other one was made for, but no longer than the key that rotates it.
-- Whoever rotates it knows the new secret, so that is whose it is.
with target as (
	select k.id, k.name, k.role, k.partner_id, k.manager_id, k.scopes, k.expires_at, k.revoked_at, k.replaced_by_id, k.expires_at - k.created_at as span
	from api_key k
	where k.id = :id
	for update
), body as (
	select coalesce(b.overlap_seconds, 86400) * interval '1 second' as overlap,
		case when :body::jsonb ? 'expires_at' then b.expires_at else least(:now::timestamptz + t.span, key_end_of(:actor)) end as expires_at
	from target t, jsonb_to_record(:body) as b (overlap_seconds integer, expires_at timestamptz)
), fault as (
	select 'api_key_ended' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.revoked_at is not null or t.expires_at <= :now
	union all
	select 'api_key_replaced', null, t.replaced_by_id
	from target t
	where t.replaced_by_id is not null
	union all
	select f.problem, case f.pointer when '/expires_at' then f.pointer end, null
	from target t, body b, key_rights_exceeded(:actor, t.role, t.scopes, b.expires_at) as f
), created as (
	insert into api_key (id, name, role, prefix, secret_hash, partner_id, manager_id, scopes, expires_at, token_subject_id, created_at, updated_at)
	select :new_id, t.name, t.role, left(:new_key::text, 12), sha256(convert_to(:new_key, 'UTF8')), t.partner_id, t.manager_id, t.scopes,
		b.expires_at, key_subject_of(:actor), :now, :now
	from target t, body b
	where not exists (select from fault)
	returning id, name, role, prefix, partner_id, manager_id, scopes, expires_at, revoked_at, token_subject_id, version, created_at, updated_at
), changed as (
	update api_key k
	set (expires_at, replaced_by_id, version, updated_at) = (least(k.expires_at, :now::timestamptz + b.overlap), :new_id, k.version + 1, :now)
	from target t, body b
	where k.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, k.id, k.name, k.role, :new_key as key, k.prefix, k.partner_id, p.code as partner_code, k.manager_id,
	m.code as manager_code, k.scopes, k.expires_at, k.revoked_at, t.id as replaces_id, null::uuid as replaced_by_id, k.token_subject_id as subject_id,
	null::timestamptz as last_used_at, k.version, k.created_at, k.updated_at
from target t
left join fault f on true
left join created k on true
left join partner p on p.id = k.partner_id
left join member m on m.id = k.manager_id;

-- name: revokeApiKey
-- Takes a key back; what it did stays under its name.
with target as (
	select k.id, k.version, k.revoked_at
	from api_key k
	where k.id = :id
	for update
), changed as (
	update api_key k
	set revoked_at = :now, version = k.version + 1, updated_at = :now
	from target t
	where k.id = t.id and t.revoked_at is null
)
select null as problem, null as pointer, t.version
from target t;
