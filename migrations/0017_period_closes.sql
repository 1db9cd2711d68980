-- Months that close by themselves.
alter table setting add column period_close_days integer
	constraint setting_period_close_unlikely check (period_close_days between 0 and 366);
comment on column setting.period_close_days is 'How many days after its end a month is locked; null for never by itself.';
