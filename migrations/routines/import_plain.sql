-- Imports of plain master data, by the catalogue: a row whose natural key is known changes what the file has columns for, any other is added.
-- The key is the unique index whose name ends in _taken; a foreign key x_id is a reference that a file gives as x_id or x_code; a status is never
-- moved by a file. A table may have a function import_rule_TABLE(), which refuses rows by rules of its own.

create or replace function import_stage(thing text, members text[]) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	columns text;
begin
	select string_agg(format('%I %s', m.name, coalesce(format_type(a.atttypid, a.atttypmod), 'text')), ', ' order by m.place) into columns
	from unnest(members) with ordinality as m (name, place)
	left join pg_attribute a on a.attrelid = thing::regclass and a.attname = m.name and a.attnum > 0;
	execute format('create temp table staging (line bigint not null, new_id uuid not null, faults jsonb, erased text[], %s) on commit drop', columns);
end
$$;
comment on function import_stage(text, text[]) is 'Makes the table where the rows of a file wait to be judged, with the members that a row may have; a code of a reference is a text.';

create or replace function import_key(thing text) returns text[]
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select array_agg(a.attname::text order by k.place)
	from pg_index i
	join pg_class c on c.oid = i.indexrelid
	cross join lateral unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
	join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
	where i.indrelid = thing::regclass and i.indisunique and c.relname like '%\_taken'
$$;
comment on function import_key(text) is 'The columns of a table''s natural key.';

create or replace function import_refers(thing text) returns table (name text, stem text, target text, kind text)
	language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select a.attname::text, left(a.attname, -3), t.relname::text, case t.relname when 'member' then 'manager' else t.relname end::text
	from pg_constraint f
	join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
	join pg_class t on t.oid = f.confrelid
	join pg_attribute s on s.attrelid = to_regclass('pg_temp.staging') and s.attname = left(a.attname, -3) || '_code'
	where f.conrelid = thing::regclass and f.contype = 'f' and a.attname like '%\_id'
	order by a.attname = any (import_key(thing)), a.attnum
$$;
comment on function import_refers(text) is 'The columns of a table that refer to others and that a file can give by code, with what a file calls them and what is unknown where they lead nowhere; those of the key last.';

create or replace function import_members(thing text) returns table (name text, type text, fallback text, place smallint, role text)
	language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select a.attname::text, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnum,
		case when a.attname = any (import_key(thing)) then 'key' when a.attname = 'status' then 'status'
			when r.name is not null then 'reference' when a.atttypid = 'jsonb'::regtype and pg_get_expr(d.adbin, d.adrelid) like '''{%' then 'object' else 'value' end
	from pg_attribute a
	join pg_attribute s on s.attrelid = to_regclass('pg_temp.staging') and s.attname = a.attname and s.attnum > 0
	left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
	left join import_refers(thing) as r on r.name = a.attname
	where a.attrelid = thing::regclass and a.attnum > 0
$$;
comment on function import_members(text) is 'The columns of a table that the rows of a file may bring, and what each of them is.';

create or replace function import_owners(thing text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	owner record;
begin
	-- What is half of a key has to be one column. What a partner does not say is its own.
	for owner in select * from import_refers(thing) as r where r.name = any (import_key(thing)) loop
		execute format($q$
			update staging s
			set %1$I = coalesce((select t.id from %2$I t where t.code = s.%3$I), %4$s)
			where s.%1$I is null and (s.%3$I is not null or %4$s is not null)
		$q$, owner.name, owner.target, owner.stem || '_code', case owner.name when 'partner_id' then 'app_partner()' else 'null::uuid' end);
	end loop;
end
$$;
comment on function import_owners(text) is 'Puts the ids of those that the natural key names by code into the rows.';

create or replace function import_status(thing text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	execute format($q$
		insert into staging_error (line, pointer, code, detail)
		select s.line, '/status', 'status_move_refused', 'it is ' || t.status || '; an import moves no status'
		from staging_sound s
		join %1$I t on t.%2$I = s.%2$I and t.status <> s.status
	$q$, thing, (import_key(thing))[1]);
end
$$;
comment on function import_status(text) is 'Refuses the rows that would move a status.';

create or replace function import_checks(thing text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	key constant text[] := import_key(thing);
	has_owner constant boolean := exists (select from import_refers(thing) as r where r.name = any (key));
begin
	perform import_begin();
	if not has_owner then
		perform import_duplicates(key, '/' || key[1]);
	end if;
	perform import_references(r.kind, r.stem) from import_refers(thing) as r where r.target <> thing;
	if has_owner then
		perform import_owners(thing);
		perform import_duplicates(key, '/' || key[1]);
	end if;
	if 'partner_id' = any (key) and app_is_manager() then
		insert into staging_error (line, pointer, code, detail)
		select s.line, '/partner_code', 'forbidden', 'it has another manager'
		from staging_sound s
		where not app_may_write(s.partner_id);
	end if;
	if exists (select from import_members(thing) as m where m.role = 'status') then
		perform import_status(thing);
	end if;
	if to_regproc('import_rule_' || thing) is not null then
		execute format('select %I()', 'import_rule_' || thing);
	end if;
	if exists (select from import_refers(thing) as r where r.target = thing) then
		perform import_parents(thing);
	end if;
end
$$;
comment on function import_checks(text) is 'Refuses the rows that cannot be written, each for the first of its reasons.';

create or replace function import_sources(thing text) returns text
	language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select format('staging_sound s left join %I t on %s %s', thing,
		(select string_agg(format(case when a.attnotnull then 't.%1$I = s.%1$I' else 't.%1$I is not distinct from s.%1$I' end, k.name), ' and ' order by k.place)
			from unnest(import_key(thing)) with ordinality as k (name, place)
			join pg_attribute a on a.attrelid = thing::regclass and a.attname = k.name),
		(select string_agg(format(case when r.target = thing then 'left join %1$I %2$s on %2$s.code = s.%2$s_code left join staging_sound %2$s_here on %2$s_here.code = s.%2$s_code'
				else 'left join %1$I %2$s on %2$s.code = s.%2$s_code' end, r.target, r.stem), ' ')
			from import_refers(thing) as r
			where not r.name = any (import_key(thing))))
$$;
comment on function import_sources(text) is 'The sound rows beside what is known under their key, and what they refer to.';

drop function if exists import_values(text, text[]);
create or replace function import_values(thing text) returns text
	language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
	select string_agg(format(case
			when m.role in ('key', 'status') then '%2$s'
			when m.role = 'object' then 'case when t.id is null then %2$s when %1$L = any (s.erased) then %4$s when s.%1$I is null then t.%1$I else object_merge(t.%1$I, s.%1$I) end'
			else 'case when t.id is null or num_nonnulls(%3$s) > 0 then %2$s when s.erased && %5$L then %4$s else t.%1$I end' end || ' as %1$I',
		m.name, case
			when m.role = 'reference' then format('coalesce(s.%I, %I.id%s)', m.name, r.stem, case when r.target = thing then ', ' || r.stem || '_here.new_id' else '' end)
			when m.fallback is null then format('s.%I', m.name)
			else format('coalesce(s.%I, %s)', m.name, m.fallback) end,
		case when m.role = 'reference' then format('s.%I, s.%I', m.name, r.stem || '_code') else format('s.%I', m.name) end, coalesce(m.fallback, 'null'),
		case when m.role = 'reference' then array[m.name, r.stem || '_code'] else array[m.name] end), ', ' order by m.place)
	from import_members(thing) as m
	left join import_refers(thing) as r on r.name = m.name
$$;
comment on function import_values(text) is
	'What each column of a row becomes: what the file says; of a new row the default otherwise; of one that is known what is known, unless the row erases it.';

create or replace function import_rules(thing text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	if to_regproc(thing || '_faults') is not null then
		execute format($q$
			insert into staging_error (line, pointer, code, detail)
			select j.line, f.pointer, f.problem, coalesce(f.detail, f.problem)
			from staging_judged j
			left join %1$I t on t.id = j.known
			cross join lateral %2$I(jsonb_populate_record(t, to_jsonb(j))) as f
			where j.verdict in ('created', 'updated') and f.problem not in (select x.problem from import_excludes(%1$L) as x)
		$q$, thing, thing || '_faults');
	end if;
	perform import_exclusions(thing);
end
$$;
comment on function import_rules(text) is 'Refuses the rows that the rules of their table refuse, as a single request would: its function TABLE_faults, and what excludes each other.';

create or replace function import_excludes(thing text) returns table (problem text, places text, meets text)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select split_part(c.conname, '__', 1), string_agg(format('%s as e%s', pg_get_indexdef(c.conindid, k.place::integer, true), k.place), ', '),
		string_agg(format('a.e%1$s %2$s b.e%1$s', k.place, o.oprname), ' and ')
	from pg_constraint c
	cross join lateral unnest(c.conexclop) with ordinality as k (operator, place)
	join pg_operator o on o.oid = k.operator
	where c.conrelid = thing::regclass and c.contype = 'x'
	group by c.oid
$$;
comment on function import_excludes(text) is 'The exclusion constraints of a table: the problem that each prevents, what it compares, and when two rows exclude each other.';

create or replace function import_exclusions(thing text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	excluded record;
	refused bigint;
	goes_on boolean := true;
begin
	update staging_judged j set verdict = 'rejected' from staging_error e where e.line = j.line;
	-- A row that is refused leaves what is there as it is, which may exclude others.
	while goes_on loop
		goes_on := false;
		for excluded in select * from import_excludes(thing) loop
			execute format($q$
				with placed as materialized (
					select 0 as line, id, %2$s
					from %1$I
					where id not in (select j.known from staging_judged j where j.verdict = 'updated')
					union all
					select line, id, %2$s
					from staging_judged
					where verdict in ('created', 'updated')
				), pairs as materialized (
					select a.line, b.line as other
					from placed a
					join placed b on b.line < a.line and b.id <> a.id and %4$s
				), refused as (
					-- What is refused itself stands in nobody's way.
					select distinct on (p.line) p.line, case when p.other > 0 then 'line ' || p.other || ' has it already' else %3$L end as detail
					from pairs p
					where p.other not in (select o.line from pairs o)
					order by p.line, p.other
				), told as (
					insert into staging_error (line, pointer, code, detail)
					select r.line, %5$L, %3$L, r.detail from refused r
				)
				update staging_judged j set verdict = 'rejected' from refused r where r.line = j.line
			$q$, thing, excluded.places, excluded.problem, excluded.meets, '/' || (import_key(thing))[1]);
			get diagnostics refused = row_count;
			goes_on := goes_on or refused > 0;
		end loop;
	end loop;
end
$$;
comment on function import_exclusions(text) is 'Refuses the rows that an exclusion constraint of the table would refuse, beside what stays there and what stands further up in the file.';

create or replace function import_judge(thing text, given text[]) returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' set jit = off
as $$
declare
	compared constant text := (select string_agg(quote_ident(m.name), ', ') from import_members(thing) as m where m.role not in ('key', 'status'));
begin
	perform import_checks(thing);
	execute format('create temp table staging_judged on commit drop as
		select s.line, coalesce(t.id, s.new_id) as id, t.id as known, %s, case when t.id is null then ''created'' else ''updated'' end as verdict from %s',
		import_values(thing), import_sources(thing));
	execute format('update staging_judged j set verdict = ''unchanged'' from %I t where t.id = j.known and (%s) is not distinct from (%s)', thing,
		regexp_replace(compared, '(^|, )', '\1j.', 'g'), regexp_replace(compared, '(^|, )', '\1t.', 'g'));
	perform import_rules(thing);
	return query select * from import_counts();
end
$$;
comment on function import_judge(text, text[]) is 'Decides about every staged row of plain master data. Which members the file has as a whole makes no difference: each row says what it says.';

create or replace function import_post(thing text, asked uuid, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	added constant text := (select string_agg(quote_ident(m.name), ', ') from import_members(thing) as m);
	changed constant text := (select string_agg(quote_ident(m.name), ', ') from import_members(thing) as m where m.role not in ('key', 'status'));
	adding constant text := format('insert into %I (id, %s, import_id, created_at, updated_at) select j.id, %s, $1, $2, $2 from staging_judged j where j.verdict = ''created''',
		thing, added, regexp_replace(added, '(^|, )', '\1j.', 'g'));
	changing constant text := format('update %I t set (%s, import_id, version, updated_at) = (%s, $1, t.version + 1, $2) from staging_judged j where t.id = j.known and j.verdict = ''updated''',
		thing, changed, regexp_replace(changed, '(^|, )', '\1j.', 'g'));
	-- A parent has to be there before its child; else what ends makes room for what begins.
	is_tree constant boolean := exists (select from import_refers(thing) as r where r.target = thing);
begin
	execute case when is_tree then adding else changing end using asked, moment;
	execute case when is_tree then changing else adding end using asked, moment;
end
$$;
comment on function import_post(text, uuid, timestamptz) is 'Writes what was judged created or updated.';
