-- Which events a webhook wants, and when a delivery is tried again.

create or replace function webhook_wants(event_types text[], type text) returns boolean
	language sql immutable parallel safe security invoker
as $$
	select exists (
		select from unnest(event_types) as t (pattern)
		where t.pattern in ('*', type) or t.pattern = split_part(type, '.', 1) || '.*')
$$;
comment on function webhook_wants(text[], text) is 'Whether a type of event is among those: by name, by object (partner.*), or all (*).';

create or replace function webhook_retry_delay(attempts integer) returns interval
	language sql volatile parallel safe security invoker
as $$
	select (array['5 s', '5 min', '30 min', '2 h', '5 h', '10 h', '14 h', '20 h', '24 h']::interval[])[attempts] * (0.9 + 0.2 * random())
$$;
comment on function webhook_retry_delay(integer) is
	'How long to wait after so many attempts, give or take a tenth, so that what failed together does not come back together; null: no longer.';

create or replace function webhook_reason(reason text) returns text
	language sql stable parallel safe security invoker
	return case when current_user <> 'qudao_partner' or reason in ('status_refused', 'redirect_refused', 'gone', 'event_forgotten') then reason
		when reason is not null then 'unreachable' end;
comment on function webhook_reason(text) is
	'Why an attempt failed, for whoever asks: a partner is not told what the vendor''s network knows of a host that gave no answer.';
