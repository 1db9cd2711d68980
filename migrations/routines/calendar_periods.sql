-- Fiscal calendars: what their patterns make, and what their periods must be.

create or replace function calendar_years(pattern text, begins date, from_year integer, to_year integer, long_years integer[])
	returns table (name text, starts_on date, ends_on date)
	language sql stable parallel safe security invoker
as $$
	with year as (
		select y as number, case pattern
			when 'monthly' then (begins + make_interval(years => y - from_year))::date
			else begins + 364 * (y - from_year) + 7 * (select count(*)::integer from unnest(long_years) as l where l < y)
			end as first,
			(y = any (long_years))::integer as extra
		from generate_series(from_year, to_year) as y
		where pattern <> 'custom' and begins is not null
	)
	select 'FY' || y.number, y.first,
		case pattern when 'monthly' then (y.first + interval '1 year')::date - 1 else y.first + 363 + 7 * y.extra end
	from year y
	union all
	select 'FY' || y.number || '-Q' || q,
		case pattern when 'monthly' then (y.first + make_interval(months => 3 * (q - 1)))::date else y.first + 91 * (q - 1) end,
		case pattern when 'monthly' then (y.first + make_interval(months => 3 * q))::date - 1
			else y.first + 91 * q - 1 + case when q = 4 then 7 * y.extra else 0 end end
	from year y, generate_series(1, 4) as q
	union all
	select 'FY' || y.number || '-P' || lpad(p::text, 2, '0'),
		case pattern when 'monthly' then (y.first + make_interval(months => p - 1))::date
			else y.first + 91 * ((p - 1) / 3) + 28 * ((p - 1) % 3) end,
		case pattern when 'monthly' then (y.first + make_interval(months => p))::date - 1
			else y.first + 91 * ((p - 1) / 3) + case p % 3 when 1 then 27 when 2 then 55 else 90 end + case when p = 12 then 7 * y.extra else 0 end end
	from year y, generate_series(1, 12) as p
$$;
comment on function calendar_years(text, date, integer, integer, integer[]) is
	'The years, quarters and periods that a pattern makes from a day on; a long year has its 53rd week in the last period.';

create or replace function calendar_quarter(asked calendar_period) returns text
	language sql stable parallel safe security invoker
as $$
	select q.name
	from calendar_period q
	where q.calendar_id = asked.calendar_id and q.kind = 'quarter' and asked.kind <> 'year'
		and daterange(q.starts_on, q.ends_on, '[]') @> asked.starts_on
$$;
comment on function calendar_quarter(calendar_period) is 'The name of the quarter that a period is in, or null.';

create or replace function calendar_period_keep() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
declare
	touched uuid[];
	broken text;
begin
	if tg_op = 'INSERT' then
		touched := array(select distinct n.calendar_id from new_rows n);
	elsif tg_op = 'UPDATE' then
		touched := array(select n.calendar_id from new_rows n union select o.calendar_id from old_rows o);
	else
		touched := array(select distinct o.calendar_id from old_rows o);
	end if;

	select case
		when exists (
			select from (
				select p.starts_on, lag(p.ends_on) over (partition by p.calendar_id, p.kind order by p.starts_on) + 1 as due
				from calendar_period p
				where p.calendar_id = any (touched)) as n
			where n.starts_on > n.due)
			then 'calendar_period_gap'
		when exists (
			select from calendar_period p
			left join calendar_period y on y.calendar_id = p.calendar_id and y.name = p.year_name and y.starts_on <= p.starts_on and y.ends_on >= p.ends_on
			where p.calendar_id = any (touched) and y.id is null)
			or exists (
			select from calendar_period p
			join calendar_period q on q.calendar_id = p.calendar_id and q.kind = 'quarter' and q.starts_on <= p.ends_on and q.ends_on >= p.starts_on
			where p.calendar_id = any (touched) and p.kind = 'period' and not (q.starts_on <= p.starts_on and q.ends_on >= p.ends_on))
			then 'calendar_period_outside'
		end into broken;
	if broken is not null then
		raise exception 'the periods of a calendar do not fit together'
			using errcode = 'check_violation', constraint = broken, table = 'calendar_period', schema = 'public';
	end if;
	return null;
end
$$;
comment on function calendar_period_keep() is 'Refuses a gap between periods of one kind, and a period that is not within its year or reaches over a quarter.';

create or replace trigger calendar_period_insert after insert on calendar_period
	referencing new table as new_rows for each statement execute function calendar_period_keep();
create or replace trigger calendar_period_update after update on calendar_period
	referencing old table as old_rows new table as new_rows for each statement execute function calendar_period_keep();
create or replace trigger calendar_period_delete after delete on calendar_period
	referencing old table as old_rows for each statement execute function calendar_period_keep();
