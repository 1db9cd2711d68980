create or replace function market_size_faults(wanted market_size) returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker
as $$
	select 'period_unknown', '/period', null
	where period_range(wanted.period, (select s.default_calendar_id from setting s)) is null
	union all
	select 'competitors_exceed_market', '/competitors', sold.amount || ' > ' || wanted.amount
	from (select sum(c.amount) as amount from jsonb_to_recordset(wanted.competitors) as c (amount numeric)) as sold
	where sold.amount > wanted.amount
$$;
comment on function market_size_faults(market_size) is 'What refuses the size of a market: no such period, or competitors that sell more than all of it.';
