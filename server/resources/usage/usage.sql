-- name: listUsage
-- What callers asked for, the latest day first.
select u.id, u.day, u.caller_id, u.caller_kind, coalesce(k.name, s.name) as caller_name, u.partner_id, p.code as partner_code, u.requests, u.refusals, u.failures,
	u.bytes_sent
from caller_usage u
left join api_key k on k.id = u.caller_id
left join token_subject s on s.id = u.caller_id
left join partner p on p.id = u.partner_id
where true
  and u.caller_id = :caller_id
  and u.partner_id = (select x.id from partner x where x.code = :partner_code)
  and u.day >= :from
  and u.day <= :to
  and (u.day, u.id) < (:cursor_key, :cursor_id)  -- sort: -day
  and (u.day, u.id) > (:cursor_key, :cursor_id)  -- sort: day
order by u.day desc, u.id desc  -- sort: -day
order by u.day, u.id  -- sort: day
limit :limit;
