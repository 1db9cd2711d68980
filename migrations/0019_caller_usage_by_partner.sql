-- The subject of access tokens may act for several partners on one day: each has a row of its own.

alter table caller_usage drop constraint caller_usage_pkey, add primary key (id);
create unique index caller_usage_taken on caller_usage (caller_id, day, partner_id) nulls not distinct;
comment on table caller_usage is
	'What callers asked for, a row a caller, day and partner. It outlives callers and partners, so it refers to neither.';
