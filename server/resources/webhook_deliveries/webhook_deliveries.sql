-- name: listWebhookDeliveries
-- Deliveries in the order they were made in.
select d.id, d.webhook_id, (select e.id from event e where e.sequence = d.event_sequence) as event_id, d.event_type, d.status, d.attempts, d.next_attempt_at, d.last_attempt_at,
	d.last_status, webhook_reason(d.last_reason) as last_reason, d.last_duration_ms, d.delivered_at, d.created_at
from webhook_delivery d
where true
  and d.webhook_id = :webhook_id
  and d.status = :status
  and (d.created_at, d.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
  and (d.created_at, d.id) > (:cursor_key, :cursor_id)  -- sort: created_at
order by d.created_at desc, d.id desc  -- sort: -created_at
order by d.created_at, d.id  -- sort: created_at
limit :limit;

-- name: listWebhookDeliveriesBelow
-- The same for a partner: a page of each of its webhooks, of which the first are one page.
select d.id, d.webhook_id, d.event_id, d.event_type, d.status, d.attempts, d.next_attempt_at, d.last_attempt_at,
	d.last_status, d.last_reason, d.last_duration_ms, d.delivered_at, d.created_at
from webhook w
cross join lateral (
	select d.id, d.webhook_id, (select e.id from event e where e.sequence = d.event_sequence) as event_id, d.event_type, d.status, d.attempts, d.next_attempt_at, d.last_attempt_at,
		d.last_status, webhook_reason(d.last_reason) as last_reason, d.last_duration_ms, d.delivered_at, d.created_at
	from webhook_delivery d
	where d.webhook_id = w.id
	  and d.webhook_id = :webhook_id
	  and d.status = :status
	  and (d.created_at, d.id) < (:cursor_key, :cursor_id)  -- sort: -created_at
	  and (d.created_at, d.id) > (:cursor_key, :cursor_id)  -- sort: created_at
	order by d.created_at desc, d.id desc  -- sort: -created_at
	order by d.created_at, d.id  -- sort: created_at
	limit :limit
) as d
where true
  and w.id = :webhook_id
order by d.created_at desc, d.id desc  -- sort: -created_at
order by d.created_at, d.id  -- sort: created_at
limit :limit;

-- name: replayWebhookDelivery
-- Sends it again, with the same webhook-id.
with target as (
	select d.id, w.is_enabled
	from webhook_delivery d
	join webhook w on w.id = d.webhook_id
	where d.id = :id
	for update of d
), fault as (
	select 'webhook_disabled' as problem, null as pointer
	from target t
	where not t.is_enabled
), changed as (
	update webhook_delivery d
	set (status, attempts, next_attempt_at, delivered_at) = ('pending', 0, now(), null)
	from target t
	where d.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer
from target t
left join fault f on true;
