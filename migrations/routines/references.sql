-- What bodies refer to, by id or by natural key.

create or replace function reference_faults(unknown text, id_pointer text, id uuid, found_by_id uuid, code_pointer text, code text, found_by_code uuid)
	returns table (problem text, pointer text)
	language sql immutable parallel safe security invoker
as $$
	select f.problem, f.pointer
	from (values
		(unknown, id_pointer, id is not null and found_by_id is null),
		(unknown, code_pointer, code is not null and found_by_code is null),
		('reference_differs', code_pointer, found_by_id <> found_by_code)
	) as f (problem, pointer, holds)
	where f.holds
$$;
comment on function reference_faults(text, text, uuid, uuid, text, text, uuid) is
	'The faults of a reference that a body may give by id, by natural key, or by both.';

create or replace function object_merge(target jsonb, patch jsonb) returns jsonb
	language sql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select coalesce(jsonb_object_agg(m.key, m.value), '{}')
	from jsonb_each(target || patch) as m
	where jsonb_typeof(m.value) <> 'null' or not patch ? m.key
$$;
comment on function object_merge(jsonb, jsonb) is 'A flat object changed by a merge patch (RFC 7396): absent keeps, null removes. Nothing at all removes everything.';

create or replace function region_below(asked text) returns setof uuid
	language sql stable parallel safe security invoker
as $$
	select below.region_id
	from region r
	join region_span top on top.region_id = r.id
	join region_span below on below.span <@ top.span
	where r.code = asked
$$;
comment on function region_below(text) is 'The region with this code and all that are below it.';

create or replace function currency_digits(currency text) returns integer
	language sql immutable parallel safe security invoker
	return case
		when currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') then 0
		when currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
		when currency in ('CLF', 'UYW') then 4
		else 2
	end;
comment on function currency_digits(text) is 'The digits after the point of a currency''s minor unit (ISO 4217).';
