"""What channel managers are to sell in a period, calendar or fiscal."""
import datetime
import decimal

import pytest

from support import channel
from support.builders import a_quota, etag_of, make_calendar, make_member, make_quota


@pytest.fixture(scope="module")
def april(api):
    """A calendar whose years start in April."""
    made = make_calendar(api, start_month=4)
    assert api.post(f"/v1/calendars/{made['id']}/generate", json={"from_year": 2026, "to_year": 2027}).status_code == 200
    return made


@pytest.fixture
def manager(api):
    return make_member(api)


@pytest.fixture
def default(api, april):
    """The calendar of April as the default of the settings, for one test."""
    api.patch("/v1/settings", json={"default_calendar_code": april["code"]}, if_match="*")
    yield april
    api.patch("/v1/settings", json={"default_calendar_code": None}, if_match="*")


def import_rows(api, header, *lines):
    answer = channel.import_file(api, "quotas", ("\n".join((header, *lines)) + "\n").encode())
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("period, first, last", [
    ("2026", "2026-01-01", "2026-12-31"), ("2024-Q1", "2024-01-01", "2024-03-31"), ("2024-02", "2024-02-01", "2024-02-29"),
    ("2026-W53", "2026-12-28", "2027-01-03"), ("2025-W01", "2024-12-30", "2025-01-05"),
])
def test_a_quota_shows_the_days_of_its_period(api, manager, period, first, last):
    made = make_quota(api, manager, period=period)

    assert (made["starts_on"], made["ends_on"], made["calendar_code"]) == (first, last, None)
    assert (made["manager_id"], made["amount"], made["currency"]) == (manager["id"], "250000.00", "USD")


@pytest.mark.parametrize("period, first, last", [
    ("FY2026", "2026-04-01", "2027-03-31"), ("FY2026-Q4", "2027-01-01", "2027-03-31"), ("FY2027-P11", "2028-02-01", "2028-02-29"),
])
def test_a_fiscal_period_is_one_of_the_calendar_named_or_the_default(api, manager, default, period, first, last):
    named = make_quota(api, manager, period=period, calendar_code=default["code"], currency="EUR")
    unnamed = make_quota(api, manager, period=period)

    for made in (named, unnamed):
        assert (made["starts_on"], made["ends_on"], made["calendar_id"]) == (first, last, default["id"])


@pytest.mark.parametrize("members, code", [
    ({"period": "2025-W53"}, "period_unknown"), ({"period": "FY2026"}, "period_unknown"), ({"period": "2026", "calendar_code": "april"}, "period_has_no_calendar"),
    ({"period": "FY2031", "calendar_code": "april"}, "period_unknown"), ({"period": "FY2026", "calendar_code": "NONE"}, "calendar_unknown"),
    ({"manager_code": "NOBODY"}, "manager_unknown"), ({"manager_code": None}, "required"),
])
def test_a_quota_is_for_a_period_and_a_manager_that_there_are(api, april, manager, members, code):
    members = {**members, **({"calendar_code": april["code"]} if members.get("calendar_code") == "april" else {})}

    answer = api.post("/v1/quotas", json=a_quota(manager, **members))

    assert answer.status_code == 422
    assert code in {fault["code"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize("members", [
    {"period": "2026-Q5"}, {"period": "2026-13"}, {"period": "2026-W54"}, {"period": "Q4"}, {"amount": "-1"}, {"amount": 5}, {"currency": None}, {"starts_on": "2026-01-01"},
])
def test_what_breaks_the_contract_is_refused(api, manager, members):
    assert api.post("/v1/quotas", json=a_quota(manager, **members)).status_code == 400


def test_a_quota_is_changed_and_removed(api, april, manager):
    made = make_quota(api, manager)
    path = f"/v1/quotas/{made['id']}"

    amount = api.patch(path, json={"amount": "1.5"}, if_match=etag_of(made)).json()
    fiscal = api.patch(path, json={"period": "FY2026-P01", "calendar_code": april["code"]}, if_match=etag_of(amount)).json()
    back = api.patch(path, json={"period": "2026-W48"}, if_match=etag_of(fiscal)).json()

    assert (amount["amount"], amount["period"], amount["version"]) == ("1.50", "2026-Q4", 2)
    assert (fiscal["starts_on"], fiscal["calendar_code"]) == ("2026-04-01", april["code"])
    assert (back["starts_on"], back["calendar_code"]) == ("2026-11-23", None)
    assert api.patch(path, json={"manager_code": None}, if_match="*").json()["code"] == "required"
    assert api.patch(path, json={"period": "FY2026"}, if_match="*").json()["code"] == "period_unknown"
    assert api.delete(path, if_match=etag_of(back)).status_code == 204


def test_what_a_quota_is_for_stays(api, manager):
    calendar = make_calendar(api)
    api.post(f"/v1/calendars/{calendar['id']}/generate", json={"from_year": 2026, "to_year": 2026})
    make_quota(api, manager, period="FY2026-P12", calendar_code=calendar["code"])
    (period,) = api.walk("/v1/calendar-periods", calendar_code=calendar["code"], name="FY2026-P12")

    assert api.delete(f"/v1/calendar-periods/{period['id']}", if_match="*").json()["code"] == "calendar_period_in_use"
    assert api.delete(f"/v1/calendars/{calendar['id']}", if_match="*").json()["code"] == "calendar_in_use"
    assert api.delete(f"/v1/members/{manager['id']}", if_match="*").json()["code"] == "member_in_use"


def test_the_quotas_of_the_channel_are_what_the_file_says(api):
    channel.import_one(api, "members")
    given = channel.rows("quotas")

    first, second = channel.import_one(api, "quotas").json(), channel.import_one(api, "quotas").json()

    assert (first["created"], first["rejected"], second["unchanged"]) == (len(given), 0, len(given))
    kept = {(row["manager_code"], row["period"]): row for manager in {row["manager_code"] for row in given} for row in api.walk("/v1/quotas", manager_code=manager)}
    for row in given:
        quota = kept[row["manager_code"], row["period"]]
        year, quarter = int(row["period"][:4]), int(row["period"][-1])
        assert decimal.Decimal(quota["amount"]) == decimal.Decimal(row["amount"]) and quota["currency"] == row["currency"]
        assert quota["starts_on"] == datetime.date(year, quarter * 3 - 2, 1).isoformat()


def test_rows_without_a_manager_or_a_period_are_refused_alone(api, april, manager):
    code = manager["code"]

    report = import_rows(
        api, "manager_code,period,calendar_code,amount,currency", f"{code},2026-Q1,,100,USD", f"{code},2026-Q1,,200,USD", f"{code},2026-Q1,,200,EUR",
        ",2026-Q2,,100,USD", "NOBODY,2026-Q2,,100,USD", f"{code},2025-W53,,100,USD", f"{code},FY2026-Q1,,100,USD", f"{code},FY2026-Q1,{april['code']},100,USD",
        f"{code},2026,{april['code']},100,USD", f"{code},FY2026,NONE,100,USD",
    )

    assert (report["created"], report["rejected"]) == (3, 7)
    assert {(error["line"], error["code"]) for error in report["errors"]} == {
        (3, "duplicate_in_file"), (5, "required"), (6, "manager_unknown"), (7, "period_unknown"), (8, "period_unknown"),
        (10, "period_has_no_calendar"), (11, "calendar_unknown"),
    }


def test_a_file_changes_amounts(api, default, manager):
    header, code = "manager_code,period,amount,currency", manager["code"]
    import_rows(api, header, f"{code},2026,1,USD", f"{code},FY2026,1,USD")

    report = import_rows(api, header, f"{code},2026,1.0000,USD", f"{code},FY2026,2,USD")

    assert (report["updated"], report["unchanged"]) == (1, 1)
    assert {(row["period"], row["amount"], row["calendar_code"]) for row in api.walk("/v1/quotas", manager_code=code)} == {
        ("2026", "1.00", None), ("FY2026", "2.00", default["code"]),
    }


def test_another_default_calendar_moves_no_quota(api, april, manager):
    line = f"{manager['code']},FY2026,1,USD"
    import_rows(api, "manager_code,period,amount,currency,calendar_code", f"{line},{april['code']}")

    report = import_rows(api, "manager_code,period,amount,currency", line)

    assert (report["unchanged"], report["rejected"]) == (1, 0)
    assert [row["calendar_code"] for row in api.walk("/v1/quotas", manager_code=manager["code"])] == [april["code"]]
