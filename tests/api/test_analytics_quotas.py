"""Managers' sales against their quotas, compared with figures worked out by hand."""
import datetime

import pytest

from support.builders import make_calendar, make_exchange_rate, make_member, make_partner, make_quota, make_sale

PATH = "/v1/analytics/quotas"
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
SERVER_SETTINGS = {"QUDAO_DATES_YEARS_AHEAD": "9999"}


@pytest.fixture
def manager(api):
    return make_member(api)


@pytest.fixture
def partner(api, manager):
    return make_partner(api, manager_code=manager["code"])


def progress(api, manager, period):
    (row,) = api.get(PATH, params={"period": period, "manager_code": manager["code"]}).json()["data"]
    return row


def figures(row, *names):
    return tuple(row[name] for name in names)


def sell(api, partner, product, day, amount, **members):
    return make_sale(api, partner, product, sold_on=str(day), amount=str(amount), unit_price=None, **members)


def test_a_period_that_is_over_is_its_own_forecast(api, manager, partner, product):
    make_quota(api, manager, period="2024-02", amount="1000")
    for day, amount in (("2024-01-31", 7), ("2024-02-01", 500), ("2024-02-29", 400), ("2024-03-01", 9)):
        sell(api, partner, product, day, amount)
    sell(api, partner, product, "2024-02-10", -50, kind="return_to_vendor", quantity="-1")
    sell(api, partner, product, "2024-02-10", 70, kind="sell_through")
    taken_back = sell(api, partner, product, "2024-02-11", 60)
    api.post(f"/v1/sales-records/{taken_back['id']}/void", json={"reason": "Wrong."}, if_match='"1"')

    row = progress(api, manager, "2024-02")

    assert figures(row, "starts_on", "ends_on", "as_of") == ("2024-02-01", "2024-02-29", "2024-02-29")
    assert figures(row, "target", "actual", "remaining", "expected", "forecast") == ("1000.00", "850.00", "150.00", "1000.00", "850.00")
    assert figures(row, "attainment_pct", "pace_pct", "pace", "reason") == ("85", "85", "at_risk", None)


@pytest.mark.parametrize("amount, pace", [("1000", "met"), ("999.99", "on_track"), ("950", "on_track"), ("949.99", "at_risk"), ("800", "at_risk"), ("799.99", "behind")])
def test_the_pace_has_its_thresholds(api, manager, partner, product, amount, pace):
    make_quota(api, manager, period="2023", amount="1000")
    sell(api, partner, product, "2023-06-30", amount)

    assert progress(api, manager, "2023")["pace"] == pace


def test_a_period_that_is_not_over_is_expected_by_its_days(api, manager, partner, product):
    begins = datetime.date(TODAY.year, 1, 1)
    days, elapsed = (datetime.date(TODAY.year + 1, 1, 1) - begins).days, (TODAY - begins).days + 1
    make_quota(api, manager, period=str(TODAY.year), amount=str(days * 10))
    sell(api, partner, product, begins, elapsed * 9)

    row = progress(api, manager, str(TODAY.year))

    assert row["as_of"] == str(TODAY)
    assert figures(row, "actual", "expected", "forecast") == (f"{elapsed * 9}.00", f"{elapsed * 10}.00", f"{days * 9}.00")
    assert figures(row, "pace_pct", "pace") == ("90", "met" if elapsed * 9 >= days * 10 else "at_risk")


def test_a_period_that_has_not_begun_has_no_pace(api, manager, partner, product):
    make_quota(api, manager, period="2900-Q1", amount="1000")
    sell(api, partner, product, "2900-02-01", 5)

    row = progress(api, manager, "2900-Q1")

    assert figures(row, "as_of", "actual", "attainment_pct", "expected", "pace_pct", "pace", "forecast", "reason") == (
        None, "0.00", "0", None, None, None, None, "period_not_begun")


def test_a_target_of_nothing_has_no_attainment(api, manager, partner, product):
    make_quota(api, manager, period="2024-03", amount="0")
    sell(api, partner, product, "2024-03-01", 5)

    row = progress(api, manager, "2024-03")

    assert figures(row, "actual", "attainment_pct", "pace_pct", "pace", "remaining", "reason") == ("5.00", None, None, None, "0.00", "target_not_positive")


def test_other_currencies_are_converted_day_by_day_and_rounded_once(api, manager, partner, product):
    make_quota(api, manager, period="2024-05", amount="100")
    for day, rate in (("2024-05-01", "0.333333"), ("2024-05-03", "0.5")):
        make_exchange_rate(api, from_currency="SEK", to_currency="USD", date=day, rate=rate)
    for day, amount in (("2024-05-01", "0.01"), ("2024-05-02", "0.01"), ("2024-05-03", "0.02"), ("2024-05-10", "1")):
        sell(api, partner, product, day, amount, currency="SEK")
    sell(api, partner, product, "2024-05-31", 10)

    row = progress(api, manager, "2024-05")

    # 0.00333333 + 0.00333333 + 0.01 + 0.5 + 10
    assert figures(row, "actual", "warnings") == ("10.52", [])


def test_a_missing_rate_is_named_and_nothing_is_guessed(api, manager, partner, product):
    make_quota(api, manager, period="2024-06", amount="100")
    sell(api, partner, product, "2024-06-10", 5, currency="NOK")
    sell(api, partner, product, "2024-06-20", 5, currency="NOK")
    sell(api, partner, product, "2024-06-20", 5)

    row = progress(api, manager, "2024-06")

    assert row["warnings"] == ["no spot rate from NOK to USD on 2024-06-10"]
    assert figures(row, "actual", "attainment_pct", "remaining", "pace", "forecast", "reason") == (None, None, None, None, None, "rate_missing")


def test_fiscal_periods_are_those_of_the_quotas_calendar(api, manager, partner, product):
    calendar = make_calendar(api, start_month=4)
    api.post(f"/v1/calendars/{calendar['id']}/generate", json={"from_year": 2024, "to_year": 2024})
    make_quota(api, manager, period="FY2024", calendar_code=calendar["code"], amount="100")
    sell(api, partner, product, "2024-03-31", 1)
    sell(api, partner, product, "2024-04-01", 20)
    sell(api, partner, product, "2025-03-31", 30)

    row = progress(api, manager, "FY2024")

    assert figures(row, "starts_on", "ends_on", "actual") == ("2024-04-01", "2025-03-31", "50.00")


def test_quotas_are_for_the_vendors_staff(api, manager, partner):
    assert api.as_partner(partner).get(PATH, params={"period": "2024"}).status_code == 403
    assert api.as_role("analyst").get(PATH, params={"period": "2024"}).status_code == 200
    assert api.get(PATH, params={"period": "2024-13"}).status_code == 400


def test_without_a_period_quotas_are_those_under_way(api, manager):
    for period in (str(TODAY.year), f"{TODAY:%Y-%m}", str(TODAY.year + 1), str(TODAY.year - 1)):
        make_quota(api, manager, period=period)

    listed = api.get(PATH, params={"manager_code": manager["code"]}).json()["data"]

    assert {row["period"] for row in listed} == {str(TODAY.year), f"{TODAY:%Y-%m}"}


def test_a_page_follows_the_other(api, product):
    managers = [make_member(api) for _ in range(5)]
    for one in managers:
        make_quota(api, one, period="2022-Q1")
    codes = sorted(one["code"] for one in managers)

    assert [row["manager_code"] for row in api.walk(PATH, period="2022-Q1", limit=2)] == codes
    assert [row["manager_code"] for row in api.walk(PATH, period="2022-Q1", limit=2, sort="-manager_code")] == codes[::-1]
