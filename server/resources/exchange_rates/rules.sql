create or replace function exchange_rate_faults(wanted exchange_rate) returns table (problem text, pointer text, detail text)
	language sql immutable parallel safe security invoker
as $$
	select 'exchange_rate_of_itself', '/rate', null
	where wanted.from_currency = wanted.to_currency and wanted.rate <> 1
$$;
comment on function exchange_rate_faults(exchange_rate) is 'What refuses a rate: a currency is worth itself.';
