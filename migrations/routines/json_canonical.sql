create or replace function json_canonical(value jsonb) returns text
	language plpgsql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
begin
	return case jsonb_typeof(value)
		when 'object' then (
			select '{' || coalesce(string_agg(to_json(m.key) || ':' || json_canonical(m.value), ',' order by m.key collate "C"), '') || '}'
			from jsonb_each(value) as m)
		when 'array' then (
			select '[' || coalesce(string_agg(json_canonical(e.value), ',' order by e.place), '') || ']'
			from jsonb_array_elements(value) with ordinality as e (value, place))
		else value::text
	end;
end
$$;
comment on function json_canonical(jsonb) is
	'JSON by the rules of RFC 8785. Keys are sorted as if they were ASCII and numbers written as they are, so it is for texts that have ASCII keys and integers.';

create or replace function json_sha256(value jsonb) returns text
	language sql immutable parallel safe security invoker
	return encode(sha256(convert_to(json_canonical(value), 'UTF8')), 'hex');
comment on function json_sha256(jsonb) is 'The SHA-256 of canonical JSON, in hexadecimal digits.';

create or replace function json_leaves(value jsonb, place text default '') returns table (pointer text, leaf text)
	language plpgsql immutable parallel safe security invoker set search_path = pg_catalog, public
as $$
begin
	if jsonb_typeof(value) = 'object' and value <> '{}' then
		return query
			select l.*
			from jsonb_each(value) as m
			cross join lateral json_leaves(m.value, place || '/' || replace(replace(m.key, '~', '~0'), '/', '~1')) as l;
	elsif jsonb_typeof(value) = 'array' and value <> '[]' then
		return query
			select l.*
			from jsonb_array_elements(value) with ordinality as e (value, number)
			cross join lateral json_leaves(e.value, place || '/' || e.number - 1) as l;
	else
		return query select place, value #>> '{}';
	end if;
end
$$;
comment on function json_leaves(jsonb, text) is 'The values in a JSON document by their JSON Pointers; what is empty counts as a value.';
