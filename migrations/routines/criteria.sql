create or replace function scorecard_criteria(criteria jsonb) returns table (
		place integer, key text, name text, weight numeric, lo numeric, hi numeric, direction text, veto_below numeric)
	language sql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select e.place::integer, c.key, c.name, c.weight, c.lo, c.hi, c.direction, c.veto_below
	from jsonb_array_elements(criteria) with ordinality as e (value, place)
	cross join lateral jsonb_to_record(e.value) as c (key text, name text, weight numeric, lo numeric, hi numeric, direction text, veto_below numeric)
$$;
comment on function scorecard_criteria(jsonb) is 'The criteria of a scorecard as rows, in their order.';
