-- Partners that are likely the same company.

create or replace function company_name(name text, city text) returns text
	language sql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
	-- Without where it is, what kind of company it is, and all that is neither letter nor digit.
	select regexp_replace(regexp_replace(replace(search_fold(name), coalesce(search_fold(city), ''), ''),
		'(股份)?有限(责任)?公司|集团|公司|\m(incorporated|inc|limited|ltd|llc|gmbh|corporation|corp|company|co|ag|sa|sarl|bv|kg|plc|oy|ab)\M', '', 'g'), '[^[:alnum:]]', '', 'g')
$$;
comment on function company_name(text, text) is 'The name of a company as it is compared: folded, without legal form, city and marks.';

create or replace function partner_duplicates() returns table (
		id uuid, partner_code text, partner_name text, other_code text, other_name text, score integer, reasons text[])
	language sql stable security invoker set search_path = pg_catalog, public set jit = off set enable_nestloop = off set work_mem = '64MB'
as $$
	with told as materialized (
		select p.id, p.code, p.name, t.reason, t.weight, t.value
		from partner p
		cross join lateral (values
			('tax_id', 60, upper(regexp_replace(p.tax_id, '[^[:alnum:]]', '', 'g'))),
			('website', 50, lower(substring(p.website from '^https?://(?:www\.)?([^/:?#]+)'))),
			('name', 40, company_name(p.name, p.city)),
			('phone', 30, nullif(right(regexp_replace(p.phone, '\D', '', 'g'), 8), '')),
			('address', 20, regexp_replace(search_fold(p.address), '[^[:alnum:]]', '', 'g'))
		) as t (reason, weight, value)
		where t.value <> ''
	), shared as (
		-- What more than ten have says nothing of two of them.
		select t.reason, t.value
		from told t
		group by 1, 2
		having count(*) between 2 and 10
	), alike as (
		select a.id, a.code, a.name, b.id as other_id, b.code as other_code, b.name as other_name, a.reason, a.weight
		from shared s
		join told a on a.reason = s.reason and a.value = s.value
		join told b on b.reason = s.reason and b.value = s.value and b.code > a.code
	)
	select md5(a.id || '|' || a.other_id)::uuid, a.code, a.name, a.other_code, a.other_name, least(sum(a.weight), 100)::integer, array_agg(a.reason order by a.weight desc)
	from alike a
	group by a.id, a.code, a.name, a.other_id, a.other_code, a.other_name
	having sum(a.weight) >= 40
$$;
comment on function partner_duplicates() is
	'Pairs of partners that are likely the same: the same tax id (60), web domain (50), name without legal form and city (40), phone by its last eight digits (30) or address (20), 100 at the most, 40 at the least.';
