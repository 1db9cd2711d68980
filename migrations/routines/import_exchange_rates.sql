-- Imports of exchange rates: one that is there already, by currencies, day and type, gets the rate of the file.
create or replace function import_judge_exchange_rates(given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
begin
	perform import_begin();
	insert into staging_error (line, pointer, code, detail)
	select s.line, f.pointer, f.code, f.detail
	from staging_sound s
	cross join lateral (values
		('/from_currency', 'required', 'from_currency or currency', coalesce(s.from_currency, s.currency) is null),
		('/to_currency', 'required', 'to_currency, or currency and usd_per_unit', s.to_currency is null and s.currency is null),
		('/rate', 'required', 'rate or usd_per_unit', coalesce(s.rate, s.usd_per_unit) is null),
		('/currency', 'reference_differs', 'from_currency says something else', s.currency <> s.from_currency),
		('/usd_per_unit', 'reference_differs', 'rate says something else', s.usd_per_unit <> s.rate),
		('/to_currency', 'reference_differs', 'usd_per_unit is in USD', s.usd_per_unit is not null and s.to_currency <> 'USD')
	) as f (pointer, code, detail, holds)
	where f.holds;

	update staging s
	set from_currency = coalesce(s.from_currency, s.currency), to_currency = coalesce(s.to_currency, 'USD'), rate = coalesce(s.rate, s.usd_per_unit),
		type = coalesce(s.type, 'spot')
	where num_nonnulls(s.from_currency, s.to_currency, s.rate, s.type) < 4;

	insert into staging_error (line, pointer, code, detail)
	select s.line, case when s.usd_per_unit is null then '/rate' else '/usd_per_unit' end, 'exchange_rate_of_itself', 'it must be 1'
	from staging_sound s
	where s.from_currency = s.to_currency and s.rate <> 1;
	perform import_duplicates(array['from_currency', 'to_currency', 'date', 'type'], '/date');

	create temp table staging_judged on commit drop as
	select s.line, coalesce(e.id, s.new_id) as id, e.id as known, s.from_currency, s.to_currency, s.date, s.type, s.rate,
		case when e.id is null then 'created' when e.rate <> s.rate then 'updated' else 'unchanged' end as verdict
	from staging_sound s
	left join exchange_rate e on (e.from_currency, e.to_currency, e.date, e.type) = (s.from_currency, s.to_currency, s.date, s.type);
	return query select * from import_counts();
end
$$;
comment on function import_judge_exchange_rates(text[]) is 'Decides about every staged row. The list of members is not needed: all that can change is the rate.';

create or replace function import_post_exchange_rates(asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into exchange_rate (id, from_currency, to_currency, date, type, rate, import_id, created_at, updated_at)
	select j.id, j.from_currency, j.to_currency, j.date, j.type, j.rate, asked, moment, moment
	from staging_judged j
	where j.verdict = 'created';

	update exchange_rate e
	set (rate, import_id, version, updated_at) = (j.rate, asked, e.version + 1, moment)
	from staging_judged j
	where e.id = j.known and j.verdict = 'updated';
end
$$;
comment on function import_post_exchange_rates(uuid, timestamptz) is 'Writes what was judged created or updated.';
