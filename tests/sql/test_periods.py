"""period_range: the days of a period by its name, held against Python's calendar."""
import calendar
import datetime

import pytest

YEARS = [1000, 1582, 1899, *range(1990, 2041), 2100, 2400, 9998]
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def ranges_of(database):
    """First and last day of each period; None for one that there is not."""
    cursor = database.connect("qudao_partner").cursor()

    def read(names, fiscal=None):
        cursor.execute(
            "select p, lower(r), upper(r) - 1 from unnest(%s) as p, lateral (select period_range(p, %s::uuid) as r offset 0) as x", (list(names), fiscal)
        )
        return {name: first and (first, last) for name, first, last in cursor.fetchall()}

    return read


def test_years_quarters_and_months(ranges_of):
    wanted = {}
    for year in YEARS:
        wanted[f"{year}"] = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
        for quarter in range(1, 5):
            last = calendar.monthrange(year, quarter * 3)[1]
            wanted[f"{year}-Q{quarter}"] = datetime.date(year, quarter * 3 - 2, 1), datetime.date(year, quarter * 3, last)
        for month in range(1, 13):
            wanted[f"{year}-{month:02}"] = datetime.date(year, month, 1), datetime.date(year, month, calendar.monthrange(year, month)[1])

    assert ranges_of(wanted) == wanted
    assert wanted["2024-02"][1].day == wanted["2000-02"][1].day == 29 and wanted["2100-02"][1].day == 28


def test_weeks_are_those_of_iso_8601(ranges_of):
    wanted = {}
    for year in YEARS:
        for week in range(1, 54):
            try:
                monday = datetime.date.fromisocalendar(year, week, 1)
            except ValueError:
                monday = None
            wanted[f"{year}-W{week:02}"] = monday and (monday, monday + 6 * DAY)

    assert ranges_of(wanted) == wanted
    assert wanted["2026-W53"] == (datetime.date(2026, 12, 28), datetime.date(2027, 1, 3)) and wanted["2025-W53"] is None


@pytest.mark.parametrize("name", [
    "", "0000", "26", "2026-", "2026-Q0", "2026-Q5", "2026-00", "2026-13", "2026-W00", "2026-W54", "2026-w01", "2026-1", "2026-11-01", "FY2026", "fy2026",
    "2026-Q4 ", "2026\n",
])
def test_what_is_no_period_has_no_days(ranges_of, name):
    assert ranges_of([name]) == {name: None}


def test_fiscal_periods_are_those_of_their_calendar(database, ranges_of):
    owner = database.connect().cursor()
    owner.execute("insert into calendar (id, code, name) values (md5('k')::uuid, 'K', 'K'), (md5('l')::uuid, 'L', 'L')")
    owner.execute(
        "insert into calendar_period (id, calendar_id, name, starts_on, ends_on)"
        " select gen_random_uuid(), md5('k')::uuid, y.name, y.starts_on, y.ends_on"
        " from calendar_years('4-4-5', '2026-02-01', 2026, 2026, '{2026}') as y"
    )
    owner.execute("select md5('k')::uuid::text as own, md5('l')::uuid::text as other")
    own, other = owner.fetchone()
    names = ["FY2026", "FY2026-Q4", "FY2026-P12", "FY2026-P13", "FY2027"]

    assert ranges_of(names, own) == {
        "FY2026": (datetime.date(2026, 2, 1), datetime.date(2027, 2, 6)), "FY2026-Q4": (datetime.date(2026, 11, 1), datetime.date(2027, 2, 6)),
        "FY2026-P12": (datetime.date(2026, 12, 27), datetime.date(2027, 2, 6)), "FY2026-P13": None, "FY2027": None,
    }
    assert set(ranges_of(names, other).values()) == {None}
