-- name: recordUsage
-- Adds what callers asked for since the last time to their days, and notes when they did last; once, however often it is sent.
with claimed as (
	insert into caller_usage_flush as f (instance_id, sequence, flushed_at)
	values (:instance_id, :sequence, clock_timestamp())
	on conflict (instance_id) do update
	set sequence = excluded.sequence, flushed_at = excluded.flushed_at
	where f.sequence < excluded.sequence
	returning 1
), noted as (
	select n.*
	from jsonb_to_recordset(:usage) as n (caller_id uuid, caller_kind text, partner_id uuid, day date, requests bigint, refusals bigint,
		failures bigint, bytes_sent bigint, last_used_at timestamptz)
	where exists (select from claimed)
), used as (
	select n.caller_id, max(n.last_used_at) as at
	from noted n
	group by n.caller_id
), keys as (
	insert into api_key_use as u (api_key_id, last_used_at)
	select k.id, n.at
	from used n
	join api_key k on k.id = n.caller_id
	order by k.id
	on conflict (api_key_id) do update
	set last_used_at = excluded.last_used_at
	where u.last_used_at < excluded.last_used_at
), subjects as (
	insert into token_subject_use as u (token_subject_id, last_used_at)
	select s.id, n.at
	from used n
	join token_subject s on s.id = n.caller_id
	order by s.id
	on conflict (token_subject_id) do update
	set last_used_at = excluded.last_used_at
	where u.last_used_at < excluded.last_used_at
)
insert into caller_usage as u (id, caller_id, caller_kind, partner_id, day, requests, refusals, failures, bytes_sent)
select uuid_v7(), n.caller_id, n.caller_kind, n.partner_id, n.day, n.requests, n.refusals, n.failures, n.bytes_sent
from noted n
order by n.caller_id, n.day, n.partner_id
on conflict (caller_id, day, partner_id) do update
set (requests, refusals, failures, bytes_sent) = (u.requests + excluded.requests, u.refusals + excluded.refusals, u.failures + excluded.failures,
	u.bytes_sent + excluded.bytes_sent);

-- name: trimUsage
-- Deletes days that are older than the settings keep them, ten thousand rows at a time, and what workers added that ended long ago.
with old as (
	select u.id
	from caller_usage u
	where u.day < (clock_timestamp() at time zone 'UTC')::date - (select s.usage_retention_days from setting s)
	order by u.day
	limit 10000
), deleted as (
	delete from caller_usage u
	using old o
	where u.id = o.id
), ended as (
	delete from caller_usage_flush f
	where f.flushed_at < clock_timestamp() - interval '30 days'
)
select count(*) as done, count(*) = 10000 as more
from old o;
