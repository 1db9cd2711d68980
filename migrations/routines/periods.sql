-- Periods by their names: the days that they are.

create or replace function period_is_fiscal(period text) returns boolean
	language sql immutable parallel safe security invoker
	return left(period, 2) = 'FY';
comment on function period_is_fiscal(text) is 'Whether a period is one of a calendar.';

create or replace function period_range(period text, calendar uuid) returns daterange
	language sql stable parallel safe security invoker
as $$
	select case
		when period ~ '^[1-9]\d{3}$' then
			daterange(make_date(period::integer, 1, 1), make_date(period::integer + 1, 1, 1))
		when period ~ '^[1-9]\d{3}-Q[1-4]$' then (
			select daterange(first, (first + interval '3 months')::date)
			from make_date(left(period, 4)::integer, right(period, 1)::integer * 3 - 2, 1) as first)
		when period ~ '^[1-9]\d{3}-(0[1-9]|1[0-2])$' then (
			select daterange(first, (first + interval '1 month')::date)
			from make_date(left(period, 4)::integer, right(period, 2)::integer, 1) as first)
		when period ~ '^[1-9]\d{3}-W(0[1-9]|[1-4]\d|5[0-3])$' then (
			-- The 4th of January is in the first week of its year; the Thursday of a week is in the week's year.
			select case when date_part('year', monday + 3) = left(period, 4)::integer then daterange(monday, monday + 7) end
			from make_date(left(period, 4)::integer, 1, 4) as fourth,
				lateral (select fourth - date_part('isodow', fourth)::integer + 1 + 7 * (right(period, 2)::integer - 1) as monday) as week)
		when period_is_fiscal(period) then (
			select daterange(p.starts_on, p.ends_on, '[]')
			from calendar_period p
			where p.calendar_id = calendar and p.name = period)
		end
$$;
comment on function period_range(text, uuid) is
	'The days of 2026, 2026-Q4, 2026-11, 2026-W48, FY2026, FY2026-Q1 or FY2026-P03; null when there is no such period. The calendar is for fiscal ones.';
