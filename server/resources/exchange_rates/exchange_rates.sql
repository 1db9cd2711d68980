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
