-- For whoever has no :now of a request: jobs, chores, triggers.
create or replace function app_now() returns timestamptz
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
	return statement_timestamp() + make_interval(secs => coalesce((select c.ahead_us from business_clock c), 0) / 1e6);
comment on function app_now() is 'The time that business goes by. Logs, ids and idempotency keys go by clock_timestamp().';
