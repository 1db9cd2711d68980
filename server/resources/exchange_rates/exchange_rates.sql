-- name: listExchangeRates
-- Exchange rates in the order of their days.
select e.id, e.from_currency, e.to_currency, e.date, e.type, e.rate, e.version, e.created_at, e.updated_at
from exchange_rate e
where true
  and e.from_currency = :from_currency
  and e.to_currency = :to_currency
  and e.type = :type
  and e.date >= :date_from
  and e.date <= :date_to
  and (e.date, e.id) < (:cursor_key, :cursor_id)  -- sort: -date
  and (e.date, e.id) > (:cursor_key, :cursor_id)  -- sort: date
order by e.date desc, e.id desc  -- sort: -date
order by e.date, e.id  -- sort: date
limit :limit;

-- name: createExchangeRate
-- Adds an exchange rate.
with body as (
	select b.from_currency, b.to_currency, b.date, coalesce(b.type, 'spot') as type, b.rate
	from jsonb_to_record(:body) as b (from_currency text, to_currency text, date date, type text, rate numeric)
), fault as (
	select 'exchange_rate_taken' as problem, '/date' as pointer, e.id as existing_id
	from body b
	join exchange_rate e on (e.from_currency, e.to_currency, e.date, e.type) = (b.from_currency, b.to_currency, b.date, b.type)
	union all
	select 'exchange_rate_of_itself', '/rate', null
	from body b
	where b.from_currency = b.to_currency and b.rate <> 1
), created as (
	insert into exchange_rate (id, from_currency, to_currency, date, type, rate, created_at, updated_at)
	select :new_id, b.from_currency, b.to_currency, b.date, b.type, b.rate, :now, :now
	from body b
	where not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id
from (select) as one
left join fault f on true;

-- name: updateExchangeRate
-- Changes what the body names.
with target as (
	select e as was, e.version
	from exchange_rate e
	where e.id = :id
	for update
), wanted as (
	select n.from_currency, n.to_currency, n.date, coalesce(n.type, 'spot') as type, n.rate
	from target t, jsonb_populate_record(t.was, :body) as n
), fault as (
	select 'precondition_failed' as problem, null as pointer, null::uuid as existing_id
	from target t
	where t.version <> all (:if_match)
	union all
	select 'exchange_rate_taken', '/date', e.id
	from wanted w
	join exchange_rate e on (e.from_currency, e.to_currency, e.date, e.type) = (w.from_currency, w.to_currency, w.date, w.type) and e.id <> :id
	union all
	select 'exchange_rate_of_itself', '/rate', null
	from wanted w
	where w.from_currency = w.to_currency and w.rate <> 1
), changed as (
	update exchange_rate e
	set (from_currency, to_currency, date, type, rate, version, updated_at)
		= (w.from_currency, w.to_currency, w.date, w.type, w.rate, e.version + 1, :now)
	from wanted w
	where e.id = :id and not exists (select from fault)
)
select f.problem, f.pointer, f.existing_id, t.version
from target t
left join fault f on true;
