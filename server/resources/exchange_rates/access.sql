select access_shared('exchange_rate');
-- What the vendor plans with is its own.
select access_policy('exchange_rate', 'partner_read', 'select', 'qudao_partner', 'type <> ''budget''', null);
