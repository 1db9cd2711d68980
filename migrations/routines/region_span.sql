-- Keeps region_span: the whole tree is numbered again (regions are few and rarely change), and only what differs is written.

create or replace function region_span_keep() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public set plan_cache_mode = force_custom_plan
as $$
declare
	reached bigint;
begin
	if tg_op = 'UPDATE' then
		if not exists (select n.id, n.parent_id, n.code from new_rows n except select o.id, o.parent_id, o.code from old_rows o) then
			return null;
		end if;
	end if;
	perform pg_advisory_xact_lock(hashtext('region_span'));

	with recursive down as (
		select r.id, 0 as depth, array[r.code] as way, array[r.id] as line
		from region r
		where r.parent_id is null
		union all
		select r.id, d.depth + 1, d.way || r.code, d.line || r.id
		from down d
		join region r on r.parent_id = d.id
	), numbered as (
		select d.id, d.depth, d.line, row_number() over (order by d.way) as place from down d
	), sized as (
		select a.id, count(*) as size
		from numbered n, unnest(n.line) as a (id)
		group by a.id
	), kept as (
		insert into region_span (region_id, span, depth)
		select n.id, int4range(n.place::integer, (n.place + s.size)::integer), n.depth
		from numbered n
		join sized s on s.id = n.id
		on conflict (region_id) do update
		set span = excluded.span, depth = excluded.depth
		where (region_span.span, region_span.depth) is distinct from (excluded.span, excluded.depth)
	)
	select count(*) into reached from down;

	-- What no root leads to hangs in a circle.
	if reached <> (select count(*) from region) then
		raise exception 'a region cannot be below itself'
			using errcode = 'check_violation', constraint = 'region_cycle', table = 'region', schema = 'public';
	end if;
	return null;
end
$$;
comment on function region_span_keep() is 'Brings region_span up to date after a statement; refuses a cycle as region_cycle.';

create or replace trigger region_span_insert after insert on region
	referencing new table as new_rows for each statement execute function region_span_keep();
create or replace trigger region_span_update after update on region
	referencing old table as old_rows new table as new_rows for each statement execute function region_span_keep();
create or replace trigger region_span_delete after delete on region
	for each statement execute function region_span_keep();
