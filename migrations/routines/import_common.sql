-- What all imports share. The server fills the temporary table `staging` by COPY (a row of the file is a row there, with the faults that the contract
-- found), then judges, then posts, all in one transaction. Only exceptions are written down, so a file without any is read and not rewritten.

create or replace function import_begin() returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	analyze staging;
	create temp table staging_error (line bigint not null, pointer text, code text not null, detail text not null) on commit drop;
	create temp view staging_sound as
		select s.* from staging s where not exists (select from staging_error e where e.line = s.line);
	insert into staging_error (line, pointer, code, detail)
	select s.line, f.pointer, f.code, coalesce(f.detail, f.code)
	from staging s, jsonb_to_recordset(s.faults) as f (pointer text, code text, detail text)
	where s.faults is not null;
end
$$;
comment on function import_begin() is 'Makes the list of refused rows, with those that the contract refuses, and the view of all others.';

create or replace function import_references(thing text, member text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	-- The names come from the functions of this directory, never from a file.
	execute format($q$
		insert into staging_error (line, pointer, code, detail)
		select s.line, f.pointer, f.problem, 'no such ' || %1$L
		from staging_sound s
		left join %3$I i on i.id = s.%2$s_id
		left join %3$I c on c.code = s.%2$s_code
		cross join lateral reference_faults(%1$L || '_unknown', '/%2$s_id', s.%2$s_id, i.id, '/%2$s_code', s.%2$s_code, c.id) as f
		where (s.%2$s_id is not null and i.id is null) or (s.%2$s_code is not null and c.id is null) or i.id <> c.id
	$q$, thing, member, case thing when 'manager' then 'member' else thing end);
end
$$;
comment on function import_references(text, text) is 'Refuses the rows whose member_id or member_code leads nowhere.';

drop function if exists import_rings(text);
create or replace function import_rings(thing text) returns bigint
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	steps bigint := 1;
	reached bigint;
begin
	-- Who would be above whom: as the file says, or as it is.
	execute format($q$
		create temp table staging_up on commit drop as
		select coalesce(s.code, t.code) as code, case
				when s.parent_code is not null then s.parent_code
				when s.parent_id is not null or not coalesce(s.erased && '{parent_id,parent_code}', false) then p.code
			end as above
		from staging_sound s
		full join %1$I t on t.code = s.code
		left join %1$I p on p.id = coalesce(s.parent_id, t.parent_id)
	$q$, thing);
	create unique index on staging_up (code);
	-- Each looks twice as far as the time before. Whoever has no end after as many steps as there are objects goes round, and has arrived in the ring.
	while steps <= (select count(*) from staging_up) loop
		update staging_up u set above = (select n.above from staging_up n where n.code = u.above) where u.above is not null;
		get diagnostics reached = row_count;
		exit when reached = 0;
		steps := steps * 2;
	end loop;
	insert into staging_error (line, pointer, code, detail)
	select s.line, '/parent_code', thing || '_cycle', s.code || ' would be below itself'
	from staging_sound s
	where s.code in (select u.above from staging_up u);
	get diagnostics reached = row_count;
	drop table staging_up;
	return reached;
end
$$;
comment on function import_rings(text) is 'Refuses the rows by which an object would be below itself, together with what the file does not name, and says how many.';

create or replace function import_parents(thing text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	refused bigint;
	orphaned bigint;
begin
	execute format($q$
		insert into staging_error (line, pointer, code, detail)
		select s.line, f.pointer, f.problem, 'no such ' || %1$L
		from staging_sound s
		left join %1$I i on i.id = s.parent_id
		left join %1$I c on c.code = s.parent_code
		cross join lateral reference_faults(%1$L || '_unknown', '/parent_id', s.parent_id, i.id, '/parent_code', null, c.id) as f
		where s.parent_id is not null
	$q$, thing);
	-- A parent may stand anywhere in the file; one that is refused takes its children with it, and they theirs. It leaves what is there where it is, too,
	-- which may close a ring that it would have opened.
	loop
		refused := import_rings(thing);
		execute format($q$
			insert into staging_error (line, pointer, code, detail)
			select s.line, '/parent_code', %1$L || '_unknown', 'no such ' || %1$L || ', neither here nor in the file'
			from staging_sound s
			where s.parent_code is not null
				and not exists (select from %1$I c where c.code = s.parent_code)
				and not exists (select from staging_sound above where above.code = s.parent_code)
		$q$, thing);
		get diagnostics orphaned = row_count;
		exit when refused + orphaned = 0;
	end loop;
end
$$;
comment on function import_parents(text) is 'Refuses the rows whose parent is neither in the database nor, sound itself, in the file.';

create or replace function import_duplicates(keys text[], pointer text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	execute format($q$
		insert into staging_error (line, pointer, code, detail)
		select d.line, %2$L, 'duplicate_in_file', 'line ' || d.first || ' has it already'
		from (select s.line, min(s.line) over (partition by %1$s) as first from staging_sound s) as d
		where d.line > d.first
	$q$, (select string_agg(format('s.%I', k), ', ') from unnest(keys) as k), pointer);
end
$$;
comment on function import_duplicates(text[], text) is 'Refuses the rows whose natural key stands further up in the file; the pointer says which of its members is at fault.';

create or replace function import_counts() returns table (rows bigint, created bigint, updated bigint, unchanged bigint, rejected bigint)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	return query
	select (select count(*) from staging), count(*) filter (where j.verdict = 'created'), count(*) filter (where j.verdict = 'updated'),
		count(*) filter (where j.verdict = 'unchanged'), (select count(distinct e.line) from staging_error e)
	from staging_judged j;
end
$$;
comment on function import_counts() is 'What was decided about the rows of a file of master data.';

create or replace function import_faults(most bigint) returns table (line bigint, pointer text, code text, detail text)
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	return query
	select e.line, e.pointer, e.code, e.detail from staging_error e order by e.line, e.pointer, e.code limit most;
end
$$;
comment on function import_faults(bigint) is 'The first refusals of the import under way.';

create or replace function import_finish(done import, most bigint) returns uuid
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	if done.attempts is null then
		insert into import (id, resource, started_at, finished_at, actor_id, partner_id, rows, created, updated, unchanged, rejected, digest,
			is_dry_run, is_atomic, is_posted, bytes)
		select done.id, done.resource, done.started_at, done.finished_at, done.actor_id, app_partner(), done.rows, done.created, done.updated, done.unchanged,
			done.rejected, done.digest, done.is_dry_run, done.is_atomic, done.is_posted, done.bytes;
	else
		-- Whoever cancels it, or takes it for abandoned, waits from here on, or came before.
		update import i
		set (status, finished_at, rows, created, updated, unchanged, rejected, is_posted, lease_until) =
			('succeeded', app_now(), done.rows, done.created, done.updated, done.unchanged, done.rejected, done.is_posted, null)
		where i.id = done.id and i.attempts = done.attempts and i.status = 'running';
		if not found then
			return null;
		end if;
		delete from import_chunk c where c.import_id = done.id;
	end if;

	insert into import_error (id, import_id, line, pointer, code, detail)
	select uuid_v7(), done.id, e.line, e.pointer, e.code, e.detail from import_faults(most) as e;

	if not done.is_posted then
		return done.id;
	end if;
	insert into audit_log (id, at, actor_id, actor_name, operation, request_id, action, object_type, object_id, partner_id, after)
	values (uuid_v7(), clock_timestamp(), done.actor_id, current_setting('app.actor_name', true), current_setting('app.operation', true),
		current_setting('application_name'), 'import', 'import', done.id, app_partner(), to_jsonb(done) - array['partner_id', 'status', 'attempts', 'bytes', 'chunks', 'failure_code', 'failure_detail',
			'target', 'format', 'language', 'request_id', 'caller', 'lease_until']);
	insert into event (id, type, object_type, object_id, partner_id, is_for_partner, occurred_at)
	values (uuid_v7(), 'import.finished', 'import', done.id, app_partner(), true, clock_timestamp());
	return done.id;
end
$$;
comment on function import_finish(import, bigint) is 'Writes down an import and the first of its refusals; if it was posted, also the one audit row and the one event that it owes. Of one that was put off, which says in which attempt it is, the file goes; null when that attempt is not the one that counts.';
