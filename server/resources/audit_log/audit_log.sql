-- name: listAuditLog
-- Writes in the order of their time.
select a.id, a.at, a.actor_id, a.actor_name, a.operation, a.request_id, a.action, a.object_type, a.object_id, a.partner_id, a.before, a.after, a.is_erased
from audit_log a
where true
  and a.object_type = any (string_to_array(:objects, ' '))
  and a.object_type = :object_type
  and a.object_id = :object_id
  and a.actor_id = :actor_id
  and a.operation = :operation
  and a.at >= :from
  and a.at < :to
  and (a.at, a.id) < (:cursor_key, :cursor_id)  -- sort: -at
  and (a.at, a.id) > (:cursor_key, :cursor_id)  -- sort: at
order by a.at desc, a.id desc  -- sort: -at
order by a.at, a.id  -- sort: at
limit :limit;
