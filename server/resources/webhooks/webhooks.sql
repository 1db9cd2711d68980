-- name: listWebhooks
-- Webhooks in the order they were made in.
select w.id, w.partner_id, p.code as partner_code, w.url, w.description, w.event_types, w.is_enabled, w.disabled_reason,
	case when w.previous_secret_until > app_now() then w.previous_secret_until end as previous_secret_until,
	s.last_success_at, s.last_failure_at, webhook_reason(s.last_failure_reason) as last_failure_reason, s.failing_since, w.version, w.created_at, w.updated_at
from webhook w
left join partner p on p.id = w.partner_id
left join webhook_state s on s.webhook_id = w.id
where true
  and w.partner_id = (select x.id from partner x where x.code = :partner_code)
  and (w.created_at, w.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
  and (w.created_at, w.id) > (:cursor_key, :cursor_id)  -- sort: created_at
order by w.created_at desc, w.id desc  -- sort: -created_at
order by w.created_at, w.id  -- sort: created_at
limit :limit;

-- name: createWebhook
-- Makes a webhook and shows its secret, this once; hence it answers by itself. One of a partner is its own, or of one below.
with body as (
	select b.*, pi.id as partner_by_id, pc.id as partner_by_code, coalesce(pi.id, pc.id, app_partner()) as partner
	from jsonb_to_record(:body) as b (url text, description text, event_types text[], is_enabled boolean, partner_id uuid, partner_code text)
	left join partner pi on pi.id = b.partner_id
	left join partner pc on pc.code = b.partner_code
), fault as (
	select f.problem, f.pointer
	from body b, reference_faults('partner_unknown', '/partner_id', b.partner_id, b.partner_by_id, '/partner_code', b.partner_code, b.partner_by_code) as f
	union all
	select 'webhook_url_refused', '/url'
	from body b
	where b.url not like 'https:%' and not :allows_plain_http::boolean
	union all
	select 'webhooks_too_many', null
	from body b
	where (select count(*) from webhook w where w.partner_id is not distinct from b.partner) >= 50
), created as (
	insert into webhook (id, partner_id, url, description, event_types, is_enabled, secret_id, created_at, updated_at)
	select :new_id, b.partner, b.url, b.description, coalesce(b.event_types, '{*}'), coalesce(b.is_enabled, true), :new_id, :now, :now
	from body b
	where not exists (select from fault)
	returning id, partner_id, url, description, event_types, is_enabled, disabled_reason, previous_secret_until, version, created_at, updated_at
)
select f.problem, f.pointer, w.id, w.partner_id, p.code as partner_code, w.url, w.description, w.event_types, w.is_enabled, w.disabled_reason,
	:new_secret as secret, w.previous_secret_until, null::timestamptz as last_success_at, null::timestamptz as last_failure_at,
	null::text as last_failure_reason, null::timestamptz as failing_since, w.version, w.created_at, w.updated_at
from (select) as one
left join fault f on true
left join created w on true
left join partner p on p.id = w.partner_id;

-- name: updateWebhook
-- Changes what the body names. Enabled again, it goes on with what was waiting.
with target as (
	select w as was, w.version
	from webhook w
	where w.id = :id
	for update
), wanted as (
	select n.url, n.description, n.event_types, n.is_enabled
	from target t
	cross join lateral jsonb_populate_record(t.was, :body) as n
), fault as (
	select 'precondition_failed' as problem, null as pointer
	from target t
	where t.version <> all (:if_match)
	union all
	select 'webhook_url_refused', '/url'
	from wanted w
	where w.url not like 'https:%' and not :allows_plain_http::boolean
), changed as (
	update webhook w
	set (url, description, event_types, is_enabled, disabled_reason, version, updated_at)
		= (n.url, n.description, coalesce(n.event_types, '{*}'), coalesce(n.is_enabled, true),
			case when n.is_enabled is false then w.disabled_reason end, w.version + 1, :now)
	from wanted n
	where w.id = :id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;

-- name: rotateWebhookSecret
-- Gives it another secret and shows that, this once; the one before signs too for a while. Of three, the oldest ends now.
with target as (
	select w.id, w.secret_id
	from webhook w
	where w.id = :id
	for update
), changed as (
	update webhook w
	set (secret_id, previous_secret_id, previous_secret_until, version, updated_at)
		= (:new_id, case when b.overlap > 0 then t.secret_id end,
			case when b.overlap > 0 then :now::timestamptz + b.overlap * interval '1 second' end, w.version + 1, :now)
	from target t, (select coalesce(x.overlap_seconds, 86400) as overlap from jsonb_to_record(:body) as x (overlap_seconds integer)) as b
	where w.id = t.id
	returning w.id, w.partner_id, w.url, w.description, w.event_types, w.is_enabled, w.disabled_reason, w.previous_secret_until, w.version,
		w.created_at, w.updated_at
)
select null as problem, null as pointer, w.id, w.partner_id, p.code as partner_code, w.url, w.description, w.event_types, w.is_enabled,
	w.disabled_reason, :new_secret as secret, w.previous_secret_until, s.last_success_at, s.last_failure_at, webhook_reason(s.last_failure_reason) as last_failure_reason,
	s.failing_since, w.version, w.created_at, w.updated_at
from changed w
left join partner p on p.id = w.partner_id
left join webhook_state s on s.webhook_id = w.id;

-- name: testWebhook
-- Sends a test, whether or not it is among the types that are wanted.
with target as (
	select w.id, w.is_enabled
	from webhook w
	where w.id = :id
), fault as (
	select 'webhook_disabled' as problem, null as pointer
	from target t
	where not t.is_enabled
), made as (
	insert into webhook_delivery (id, webhook_id, event_type)
	select :new_id, t.id, 'webhook.test'
	from target t
	where not exists (select from fault)
)
select f.problem, f.pointer
from target t
left join fault f on true;

-- name: replayWebhook
-- Sends again what was made for it in a span of time, up to ten thousand at once, the oldest first.
with target as (
	select w.id, w.is_enabled
	from webhook w
	where w.id = :id
), body as (
	select b."from", coalesce(b."to", now()) as "to", coalesce(b.statuses, '{failed}') as statuses
	from jsonb_to_record(:body) as b ("from" timestamptz, "to" timestamptz, statuses text[])
), fault as (
	select 'webhook_disabled' as problem, null as pointer
	from target t
	where not t.is_enabled
), found as (
	select d.id
	from target t
	cross join body b
	join webhook_delivery d on d.webhook_id = t.id and d.created_at >= b."from" and d.created_at < b."to" and d.status = any (b.statuses)
	where not exists (select from fault)
	order by d.created_at, d.id
	limit 10000
	for update of d
), changed as (
	update webhook_delivery d
	set (status, attempts, next_attempt_at, delivered_at) = ('pending', 0, now(), null)
	from found f
	where d.id = f.id
	returning d.id
)
select f.problem, f.pointer, (select count(*) from changed)::integer as count
from target t
left join fault f on true;
