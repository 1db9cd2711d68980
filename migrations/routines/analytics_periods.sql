-- The periods that a report is divided into, and the days that each is compared with.

create or replace function analytics_inhabited(is_partner boolean) returns datemultirange
	language plpgsql stable security invoker set search_path = pg_catalog, public
as $$
declare
	years integer[] := array(select distinct date_part('year', d.day)::integer from sales_delta d);
	day date;
begin
	if is_partner then
		years := years || array(select distinct date_part('year', r.month)::integer from sales_rollup_partner_month r);
	else
		-- From one year to the next that has any, each by one look into the index.
		select min(r.day) into day from sales_rollup_total r;
		while day is not null loop
			years := years || date_part('year', day)::integer;
			select min(r.day) into day from sales_rollup_total r where r.day >= make_date(years[cardinality(years)] + 1, 1, 1);
		end loop;
	end if;
	-- What was sold in a year is compared with what comes up to two years later.
	return (select range_agg(daterange(make_date(greatest(y - 2, 1), 1, 1), make_date(y + 2, 1, 1))) from unnest(years) as y);
end
$$;
comment on function analytics_inhabited(boolean) is 'The years in which anything was sold, or that are compared with such: what a report looks at, whatever lies between.';

drop function if exists analytics_periods(text, uuid, date, date, date, date, date);
create or replace function analytics_periods(unit text, calendar uuid, asked_from date, asked_to date, first_day date, last_day date, today date, inhabited datemultirange)
	returns table (no integer, name text, now_from date, now_to date, previous_from date, previous_to date, ago_from date, ago_to date)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	with unit_of as (
		select unit as name, ('1 ' || unit)::interval as step,
			case unit when 'day' then 'YYYY-MM-DD' when 'week' then 'IYYY-"W"IW' when 'month' then 'YYYY-MM' when 'quarter' then 'YYYY-"Q"Q' else 'YYYY' end as form
		where unit in ('day', 'week', 'month', 'year')
		union all
		select unit, interval '3 months', 'YYYY-"Q"Q'
		where unit = 'quarter'
	), listed as (
		-- Back to the period of a year before the first one.
		select to_char(s, u.form) as name, s::date as starts, (s + u.step)::date - 1 as ends,
			case when unit = 'week' then to_char(s, 'IYYY')::integer - 1 || to_char(s, '"-W"IW')
				when unit <> 'day' or to_char(s, 'MM-DD') <> '02-29' then to_char(s - interval '1 year', u.form) end as ago_name
		from unit_of u
		cross join unnest(inhabited) as h
		cross join lateral generate_series(
			date_trunc(unit, greatest(date_trunc(unit, first_day::timestamp) - interval '54 weeks', lower(h))), least(last_day, upper(h) - 1)::timestamp, u.step) as s
		union all
		select p.name, p.starts_on, p.ends_on, 'FY' || substr(p.name, 3, 4)::integer - 1 || substr(p.name, 7)
		from calendar_period p
		where unit like 'fiscal\_%' and p.calendar_id = calendar and p.kind = substr(unit, 8) and p.starts_on <= last_day
	), numbered as (
		-- Behind years without sales, none is the one before.
		select l.*, row_number() over (order by l.starts)::integer as no, case when l.is_next then l.before_starts end as previous_starts,
			case when l.is_next then l.before_ends end as previous_ends
		from (
			select l.*, lag(l.starts) over w as before_starts, lag(l.ends) over w as before_ends, lag(l.ends) over w + 1 = l.starts as is_next
			from listed l
			window w as (order by l.starts)
		) as l
	), compared as (
		-- What a period is cut to: by what was asked, and by today if it is not over. It is compared with as many days from the same place.
		select n.*, a.starts as ago_starts, a.ends as ago_ends, greatest(n.starts, asked_from) - n.starts as skipped,
			least(n.ends, asked_to, case when today between n.starts and n.ends then today end) as reached
		from numbered n
		left join listed a on a.name = n.ago_name
		where n.ends >= first_day
	)
	select c.no, c.name, greatest(c.starts, asked_from), least(c.ends, asked_to),
		c.previous_starts + c.skipped, case when c.reached = c.ends then c.previous_ends else least(c.previous_ends, c.previous_starts + (c.reached - c.starts)) end,
		c.ago_starts + c.skipped, case when c.reached = c.ends then c.ago_ends else least(c.ago_ends, c.ago_starts + (c.reached - c.starts)) end
	from compared c
	union all
	select 0, null, first_day, last_day, null, null, null, null
	where unit is null
$$;
comment on function analytics_periods(text, uuid, date, date, date, date, date, datemultirange) is
	'Periods of a unit from a first to a last day, cut to what was asked for, with the days of the period before and of a year ago that they are compared with.';
