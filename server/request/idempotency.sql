-- name: idempotencyBegin
-- Takes the key for this transaction, or raises what stands against it.
select idempotency_begin(:caller_id, :key, :request_hash);

-- name: idempotencyStore
-- Keeps an answer to be given again.
insert into idempotency_key (caller_id, key, request_hash, status, headers, body)
values (:caller_id, :key, :request_hash, :status, :headers, :body)
on conflict (caller_id, key) do nothing;

-- name: idempotencyFind
-- The answer that was given.
select k.status, k.headers, k.body
from idempotency_key k
where k.caller_id = :caller_id and k.key = :key and k.request_hash = :request_hash;

-- name: expireIdempotencyKeys
-- Forgets answers after three days, a thousand at a time.
with expired as (
	delete from idempotency_key k
	where (k.caller_id, k.key) in (
		select x.caller_id, x.key
		from idempotency_key x
		where x.created_at < now() - interval '72 hours'
		order by x.created_at
		limit 1000
	)
	returning 1
)
select count(*) as done, count(*) = 1000 as more
from expired;
