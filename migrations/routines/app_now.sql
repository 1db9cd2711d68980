-- For whoever has no :now of a request: jobs, chores, triggers.
create or replace function app_now() returns timestamptz
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
	return statement_timestamp() + make_interval(secs => coalesce((select c.ahead_us from business_clock c), 0) / 1e6);
comment on function app_now() is 'The time that business goes by. Logs, ids and idempotency keys go by clock_timestamp().';

create or replace function app_today() returns date
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
	return (app_now() at time zone (select s.time_zone from setting s))::date;
comment on function app_today() is 'The day of the business.';
