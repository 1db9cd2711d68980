-- name: setIdentity
-- Says who is asking, for the rest of the transaction: policies, audit rows and events go by it. And how what follows is planned.
-- What several requests make in one statement is told apart by request_ids: from the id of a row to that of its request.
select
	set_config('app.actor_id', :actor_id, true),
	set_config('app.actor_name', :actor_name, true),
	set_config('app.partner_id', :partner_id, true),
	set_config('app.manager_id', :manager_id, true),
	set_config('app.role', :role, true),
	set_config('app.operation', :operation, true),
	set_config('app.import_id', :import_id, true),
	set_config('application_name', :request_id, true),
	set_config('app.request_ids', :request_ids, true),
	set_config('plan_cache_mode', :plan, true);

-- name: findApiKey
-- Whose secret it is, even when it has ended; but nobody's when the subject that made it is locked out.
select k.id, k.name, k.role, k.partner_id, k.manager_id, k.token_subject_id, array_to_string(k.scopes, ' ') as scopes, k.expires_at, k.revoked_at
from api_key k
left join token_subject s on s.id = k.token_subject_id
where k.secret_hash = :secret_hash and s.is_blocked is not true;

-- name: admitTokenSubject
-- Who a token stands for, and why it is not let in, if it is not.
select s.id, p.id as partner_id, m.id as manager_id,
	case
		when s.is_blocked then 'blocked'
		when :role::text = 'partner' and (p.id is null or p.status in ('terminated', 'rejected', 'blacklisted')) then 'partner'
		when :manager_code::text is not null and m.id is null then 'manager'
	end as refusal
from token_subject_admit(:issuer, :subject, :name) as s
left join partner p on p.code = :partner_code::text
left join member m on m.code = :manager_code::text;

-- name: serverSecret
-- The secret of that name: the one that is there, else the one that is offered.
with made as (
	insert into server_secret (name, value)
	values (:name, :value)
	on conflict (name) do nothing
	returning value
)
select m.value
from made m
union all
select s.value
from server_secret s
where s.name = :name;

-- name: installAdminKey
-- Makes sure that a key of an administrator is there.
insert into api_key (id, name, role, prefix, secret_hash, scopes)
select :new_id, 'Administrator', 'admin', left(:new_key::text, 6), sha256(convert_to(:new_key, 'UTF8')), '{}'
where not exists (select from api_key k where k.secret_hash = sha256(convert_to(:new_key, 'UTF8')));

-- name: hasAdminKey
-- Whether any administrator can get in.
select
from api_key k
where k.role = 'admin' and k.revoked_at is null;
