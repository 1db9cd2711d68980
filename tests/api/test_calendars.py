"""Fiscal calendars: what their patterns make, held against a computation of our own, and what their periods must be."""
import calendar
import datetime

import pytest

from support import builders, channel
from support.builders import a_calendar_period, etag_of, make_calendar, make_calendar_period

SHARES_SERVER = True

DAY = datetime.timedelta(days=1)


def generate(api, made, status=200, **body):
    answer = api.post(f"/v1/calendars/{made['id']}/generate", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def periods(api, made, **filters):
    """First and last day by name."""
    rows = api.walk("/v1/calendar-periods", calendar_code=made["code"], limit=200, **filters)
    return {row["name"]: (row["starts_on"], row["ends_on"]) for row in rows}


def import_rows(api, *lines, **params):
    answer = channel.import_file(api, "calendar-periods", ("\n".join(("calendar_code,name,starts_on,ends_on", *lines)) + "\n").encode(), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def faults(report):
    return [(error["line"], error["code"].replace("calendar_period_", "")) for error in report["errors"]]


def months_from(year, month):
    """The twelve months from one on, as first and last days."""
    for i in range(month - 1, month + 11):
        y, m = year + i // 12, i % 12 + 1
        yield datetime.date(y, m, 1), datetime.date(y, m, calendar.monthrange(y, m)[1])


def weeks_445(first, is_long):
    for i in range(12):
        weeks = (5 if i % 3 == 2 else 4) + (1 if i == 11 and is_long else 0)
        yield first, first + weeks * 7 * DAY - DAY
        first += weeks * 7 * DAY


def expected(year, spans):
    spans = [(first.isoformat(), last.isoformat()) for first, last in spans]
    named = {f"FY{year}-P{i + 1:02}": span for i, span in enumerate(spans)}
    named |= {f"FY{year}-Q{q + 1}": (spans[3 * q][0], spans[3 * q + 2][1]) for q in range(4)}
    return {**named, f"FY{year}": (spans[0][0], spans[-1][1])}


def contiguous(days):
    days = sorted(days)
    return all(datetime.date.fromisoformat(last) + DAY == datetime.date.fromisoformat(first) for (_, last), (first, _) in zip(days, days[1:]))


@pytest.mark.parametrize("month, naming, shift", [(1, "start", 0), (1, "end", 0), (4, "start", 0), (4, "end", -1), (12, "start", 0)])
def test_a_year_of_months_starts_where_it_is_said(api, month, naming, shift):
    made = make_calendar(api, start_month=month, year_named_after=naming)

    report = generate(api, made, from_year=2026, to_year=2028)

    wanted = {}
    for year in (2026, 2027, 2028):
        wanted |= expected(year, list(months_from(year + shift, month)))
    assert periods(api, made) == wanted
    assert (report["created"], report["unchanged"], report["calendar_code"]) == (51, 0, made["code"])
    assert (report["starts_on"], report["ends_on"]) == (wanted["FY2026"][0], wanted["FY2028"][1])


def test_a_year_of_weeks_has_52_or_53_of_them(api):
    made = make_calendar(api, pattern="4-4-5")

    generate(api, made, from_year=2026, to_year=2028, starts_on="2026-02-01", long_years=[2028])

    wanted, first = {}, datetime.date(2026, 2, 1)
    for year in (2026, 2027, 2028):
        spans = list(weeks_445(first, year == 2028))
        wanted |= expected(year, spans)
        first = spans[-1][1] + DAY
    assert periods(api, made) == wanted
    assert wanted["FY2026-P03"] == ("2026-03-29", "2026-05-02") and wanted["FY2028"][1] == "2029-02-03"
    for kind in ("year", "quarter", "period"):
        assert contiguous(periods(api, made, kind=kind).values())


def test_years_are_added_to_those_that_are_there(api):
    made = make_calendar(api, pattern="4-4-5")
    generate(api, made, from_year=2026, to_year=2026, starts_on="2026-02-01", long_years=[2026])

    report = generate(api, made, from_year=2027, to_year=2027)

    assert (report["starts_on"], report["created"]) == ("2027-02-07", 17)
    assert generate(api, made, from_year=2027, to_year=2027)["unchanged"] == 17
    assert generate(api, make_calendar(api, pattern="4-4-5"), 422, from_year=2027, to_year=2027)["errors"][0]["pointer"] == "/starts_on"


def test_the_same_request_twice_adds_nothing(api):
    made = make_calendar(api, start_month=7)
    generate(api, made, from_year=2026, to_year=2026)

    report = generate(api, made, from_year=2026, to_year=2027)

    assert (report["created"], report["unchanged"]) == (17, 17)


@pytest.mark.parametrize("members, body, pointer, code", [
    ({"pattern": "custom"}, {}, None, "calendar_pattern_refuses"),
    ({}, {"long_years": [2026]}, "/long_years", "calendar_pattern_refuses"),
    ({}, {"starts_on": "2026-01-02"}, "/starts_on", "calendar_pattern_refuses"),
    ({}, {"to_year": 2025}, "/to_year", "calendar_years_refused"),
    ({"pattern": "4-4-5"}, {"starts_on": "2026-01-04", "long_years": [2027]}, "/long_years", "calendar_years_refused"),
])
def test_a_pattern_allows_only_what_it_has(api, members, body, pointer, code):
    answer = generate(api, make_calendar(api, **members), 422, **{"from_year": 2026, "to_year": 2026, **body})

    assert answer["code"] == code
    assert pointer is None or answer["errors"][0]["pointer"] == pointer


def test_years_that_do_not_fit_are_refused_as_a_whole(api):
    made = make_calendar(api, pattern="4-4-5")
    generate(api, made, from_year=2026, to_year=2026, starts_on="2026-02-01")

    assert generate(api, made, 409, from_year=2026, to_year=2026, starts_on="2026-02-08")["code"] == "calendar_period_differs"
    assert generate(api, made, 409, from_year=2027, to_year=2027, starts_on="2027-01-30")["code"] == "calendar_period_overlaps"
    assert generate(api, made, 422, from_year=2027, to_year=2027, starts_on="2027-02-01")["code"] == "calendar_period_gap"
    assert len(periods(api, made)) == 17


def test_a_day_is_in_one_period_of_each_kind(api):
    made = make_calendar(api, start_month=4)
    generate(api, made, from_year=2023, to_year=2024)

    rows = api.walk("/v1/calendar-periods", calendar_code=made["code"], day="2024-02-29")

    assert {(row["kind"], row["name"], row["year_name"], row["quarter_name"]) for row in rows} == {
        ("year", "FY2023", "FY2023", None), ("quarter", "FY2023-Q4", "FY2023", "FY2023-Q4"), ("period", "FY2023-P11", "FY2023", "FY2023-Q4"),
    }


def test_a_period_is_added_next_to_the_others(api):
    made = make_calendar(api, pattern="custom")
    make_calendar_period(api, made)

    def refusal(**members):
        answer = api.post("/v1/calendar-periods", json=a_calendar_period(made, **members))
        return answer.status_code, answer.json()["code"]

    assert refusal(name="FY2027", starts_on="2027-01-02", ends_on="2027-12-31") == (422, "calendar_period_gap")
    assert refusal(name="FY2027", starts_on="2026-12-31", ends_on="2027-12-31") == (409, "calendar_period_overlaps")
    assert refusal(name="FY2026") == (409, "calendar_period_taken")
    assert refusal(name="FY2027", starts_on="2027-12-31", ends_on="2027-01-01") == (422, "calendar_period_backwards")
    assert refusal(name="FY2026-P01", starts_on="2025-12-31", ends_on="2026-01-30") == (422, "calendar_period_outside")
    assert refusal(name="FY2027-P01", starts_on="2026-01-01", ends_on="2026-01-31") == (422, "calendar_period_outside")
    assert refusal(calendar_code="NONE") == (422, "calendar_unknown")
    assert refusal(calendar_code=None) == (422, "required")
    assert refusal(name="2026") == (400, "invalid_request")
    later = make_calendar_period(api, made, name="FY2027", starts_on="2027-01-01", ends_on="2027-12-30")
    assert (later["kind"], later["year_name"], later["quarter_name"], later["calendar_id"]) == ("year", "FY2027", None, made["id"])


def test_a_period_may_not_reach_over_a_quarter(api):
    made = make_calendar(api, pattern="custom")
    make_calendar_period(api, made)
    make_calendar_period(api, made, name="FY2026-Q1", ends_on="2026-03-31")

    answer = api.post("/v1/calendar-periods", json=a_calendar_period(made, name="FY2026-P01", ends_on="2026-04-01"))

    assert answer.json()["code"] == "calendar_period_outside"


def test_only_the_ends_of_a_calendar_can_go(api):
    made = make_calendar(api)
    generate(api, made, from_year=2026, to_year=2026)
    by_name = {row["name"]: row for row in api.walk("/v1/calendar-periods", calendar_code=made["code"])}

    def remove(name):
        answer = api.delete(f"/v1/calendar-periods/{by_name[name]['id']}", if_match=etag_of(by_name[name]))
        return answer.status_code if answer.status_code == 204 else answer.json()["code"]

    assert remove("FY2026-P05") == "calendar_period_gap"
    assert remove("FY2026") == "calendar_period_outside"
    assert remove("FY2026-P12") == remove("FY2026-P01") == 204


def test_a_calendar_takes_its_periods_with_it(api):
    made = make_calendar(api)
    generate(api, made, from_year=2026, to_year=2026)

    assert api.delete(f"/v1/calendars/{made['id']}", if_match=etag_of(made)).status_code == 204
    assert api.walk("/v1/calendar-periods", calendar_code=made["code"]) == []


def test_calendars_are_imported(api):
    code = builders.unique("FILE")

    first = channel.import_file(api, "calendars", f"code,name,pattern,start_month\n{code},April,monthly,4\n".encode()).json()
    second = channel.import_file(api, "calendars", f"code,name\n{code},Spring\n".encode()).json()

    assert (first["created"], second["updated"]) == (1, 1)
    assert [(row["name"], row["start_month"]) for row in api.walk("/v1/calendars", code=code)] == [("Spring", 4)]


def test_periods_are_imported_in_any_order_and_moved_together(api):
    made = make_calendar(api, pattern="custom")
    code = made["code"]

    first = import_rows(
        api, f"{code},FY2026-P02,2026-02-01,2026-12-31", f"{code},FY2026-P01,2026-01-01,2026-01-31", f"{code},FY2026,2026-01-01,2026-12-31"
    )
    moved = import_rows(api, f"{code},FY2026-P01,2026-01-01,2026-02-28", f"{code},FY2026-P02,2026-03-01,2026-12-31", f"{code},FY2026,2026-01-01,2026-12-31")

    assert (first["created"], first["rejected"]) == (3, 0)
    assert (moved["updated"], moved["unchanged"], moved["rejected"]) == (2, 1, 0)
    assert periods(api, made) == {
        "FY2026": ("2026-01-01", "2026-12-31"), "FY2026-P01": ("2026-01-01", "2026-02-28"), "FY2026-P02": ("2026-03-01", "2026-12-31"),
    }


def test_rows_that_do_not_fit_are_refused_and_the_others_post(api):
    made = make_calendar(api, pattern="custom")
    code = made["code"]

    report = import_rows(
        api,
        f"{code},FY2026,2026-01-01,2026-12-31",
        f"{code},FY2026-P01,2026-01-01,2026-01-31",
        f"{code},FY2026-P02,2026-02-02,2026-02-28",
        f"{code},FY2026-P03,2026-03-01,2026-03-31",
        f"{code},FY2026-P01,2026-01-01,2026-01-31",
        f"{code},FY2027-P01,2027-01-01,2027-01-31",
        f"{code},FY2028,2028-12-31,2028-01-01",
        "NONE,FY2026,2026-01-01,2026-12-31",
        ",FY2026,2026-01-01,2026-12-31",
    )

    assert (report["created"], report["rejected"]) == (2, 7)
    assert sorted(faults(report)) == [
        (4, "gap"), (5, "gap"), (6, "duplicate_in_file"), (7, "outside"), (8, "backwards"), (9, "calendar_unknown"), (10, "required"),
    ]
    assert set(periods(api, made)) == {"FY2026", "FY2026-P01"}


def test_a_file_may_not_break_what_is_there(api):
    made = make_calendar(api)
    code = made["code"]
    generate(api, made, from_year=2026, to_year=2026)

    report = import_rows(api, f"{code},FY2026,2026-02-01,2026-12-31", f"{code},FY2026-P05,2026-05-01,2026-05-30", f"{code},FY2026-Q2,2026-04-02,2026-06-30")

    assert (report["updated"], report["rejected"]) == (0, 3)
    assert len(periods(api, made)) == 17
