-- name: fanOutEvents
-- Makes deliveries of new events, a thousand at a time, for every webhook that wants them. Whoever holds the cursor's row does it alone; the
-- others have nothing to do meanwhile.
with place as (
	select c.transaction_id, c.sequence
	from webhook_cursor c
	for update skip locked
), batch as materialized (
	select e.transaction_id, e.sequence, e.type, e.partner_id, e.is_for_partner
	from place c
	join event e on (e.transaction_id, e.sequence) > (c.transaction_id, c.sequence)
	where e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
	order by e.transaction_id, e.sequence
	limit 1000
), made as (
	insert into webhook_delivery (id, webhook_id, event_sequence, event_type)
	select uuid_v7(), w.id, b.sequence, b.type
	from batch b
	join webhook w on w.is_enabled and w.begun_in < b.transaction_id and webhook_wants(w.event_types, b.type)
	where w.partner_id is null
		or b.is_for_partner and exists (select from partner_closure c where c.ancestor_id = w.partner_id and c.descendant_id = b.partner_id)
	order by b.transaction_id, b.sequence
	returning id
), moved as (
	update webhook_cursor c
	set (transaction_id, sequence) = (l.transaction_id, l.sequence)
	from (select b.transaction_id, b.sequence from batch b order by b.transaction_id desc, b.sequence desc limit 1) as l
)
select (select count(*) from batch)::text as events, (select count(*) from made)::text as deliveries;

-- name: claimDeliveries
-- Takes what is due, until the lease is over: what its server does not report by then is due again. Each webhook has a queue of its own, of
-- which at most four are under way; one that fails has one, and those that fail or are slow have a room of their own.
with busy as (
	select b.webhook_id, count(*) as messages
	from unnest(:busy::uuid[]) as b (webhook_id)
	group by b.webhook_id
), receiver as (
	select w.id, w.url, w.secret_id, case when w.previous_secret_until > app_now() then w.previous_secret_id end as previous_secret_id,
		s.failing_since is not null or coalesce(s.is_slow, false) as is_lame,
		greatest(case when s.failing_since is null then 4 else 1 end - coalesce(b.messages, 0), 0) as room
	from webhook w
	left join webhook_state s on s.webhook_id = w.id
	left join busy b on b.webhook_id = w.id
	where w.is_enabled
), due as (
	select d.id, r.is_lame, row_number() over (partition by r.is_lame order by d.next_attempt_at, d.id) as place
	from receiver r
	cross join lateral (
		select x.id, x.next_attempt_at
		from webhook_delivery x
		where x.webhook_id = r.id and x.status = 'pending' and x.next_attempt_at <= now()
		order by x.next_attempt_at, x.id
		limit r.room
		for update skip locked
	) as d
), claimed as (
	update webhook_delivery d
	set next_attempt_at = now() + :lease_seconds::integer * interval '1 second'
	from due
	where d.id = due.id and due.place <= case when due.is_lame then :lame_room::integer else :room::integer end
	returning d.id, d.webhook_id, d.event_sequence, d.event_type, d.created_at, due.is_lame
)
select c.id::text, c.webhook_id::text, r.url, r.secret_id::text, r.previous_secret_id::text, case when c.is_lame then 'lame' end as lame, case when c.event_sequence is null
		then jsonb_build_object('specversion', '1.0', 'id', c.id, 'source', '/v1', 'type', c.event_type, 'subject', 'webhook/' || c.webhook_id,
			'time', to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'datacontenttype', 'application/json',
			'data', jsonb_build_object('object_type', 'webhook', 'object_id', c.webhook_id))
		else (select cloud_event(e) from event e where e.sequence = c.event_sequence) end::text as body
from claimed c
join receiver r on r.id = c.webhook_id
order by c.created_at, c.id;

-- name: finishDeliveries
-- Notes what came of attempts. Only 2xx is success; 410 disables the webhook; what has failed ten times is given up.
with judged as (
	select d.id, d.webhook_id, o.status, o.duration_ms, d.attempts + 1 as attempts,
		o.status between 200 and 299 as is_good,
		case when o.reason is not null then o.reason when o.status = 410 then 'gone' when o.status between 300 and 399 then 'redirect_refused'
			when o.status not between 200 and 299 then 'status_refused' end as reason
	from unnest(:ids::uuid[], :statuses::integer[], :reasons::text[], :durations::integer[]) as o (id, status, reason, duration_ms)
	join webhook_delivery d on d.id = o.id and d.status = 'pending'
), settled as (
	select j.id, j.webhook_id, j.status, j.duration_ms, j.attempts, j.is_good, j.reason,
		case when not j.is_good and j.reason not in ('gone', 'event_forgotten') then now() + webhook_retry_delay(j.attempts) end as retry_at
	from judged j
), changed as (
	update webhook_delivery d
	set (status, attempts, next_attempt_at, last_attempt_at, last_status, last_reason, last_duration_ms, delivered_at)
		= (case when s.is_good then 'delivered' when s.retry_at is null then 'failed' else 'pending' end, s.attempts, s.retry_at, now(),
			nullif(s.status, 0), s.reason, s.duration_ms, case when s.is_good then now() end)
	from settled s
	where d.id = s.id
), receiver as (
	select s.webhook_id, bool_or(s.is_good) as is_good, max(s.reason) as reason, max(s.duration_ms) > 1000 as is_slow
	from settled s
	group by s.webhook_id
), noted as (
	insert into webhook_state as s (webhook_id, last_success_at, last_failure_at, last_failure_reason, failing_since, is_slow)
	select r.webhook_id, case when r.is_good then now() end, case when r.reason is not null then now() end, r.reason,
		case when not r.is_good then now() end, r.is_slow
	from receiver r
	on conflict (webhook_id) do update
	set (last_success_at, last_failure_at, last_failure_reason, failing_since, is_slow)
		= (coalesce(excluded.last_success_at, s.last_success_at), coalesce(excluded.last_failure_at, s.last_failure_at),
			coalesce(excluded.last_failure_reason, s.last_failure_reason),
			case when excluded.failing_since is not null then coalesce(s.failing_since, excluded.failing_since) end, excluded.is_slow)
), disabled as (
	update webhook w
	set (is_enabled, disabled_reason, version, updated_at) = (false, 'gone', w.version + 1, now())
	where w.is_enabled and w.id in (select s.webhook_id from settled s where s.reason = 'gone')
)
select count(*) filter (where s.is_good)::text as delivered, count(*) filter (where s.retry_at is not null)::text as retried,
	count(*) filter (where not s.is_good and s.retry_at is null)::text as failed
from settled s;

-- name: countDeliveries
-- How many are to be sent now or later.
select count(*)::text as waiting
from webhook_delivery d
where d.status = 'pending';

-- name: expireDeliveries
-- Forgets what was over a month ago, a thousand at a time.
with expired as (
	delete from webhook_delivery d
	where d.id in (
		select x.id
		from webhook_delivery x
		where x.created_at < now() - interval '30 days' and x.status <> 'pending'
		order by x.created_at
		limit 1000
	)
	returning 1
)
select count(*) as done, count(*) = 1000 as more
from expired;
