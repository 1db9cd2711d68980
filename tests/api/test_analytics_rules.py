"""What a report counts, compares, converts and shows, and to whom."""
import datetime

import pytest

from support import builders, channel
from support.client import CSV, NDJSON

PATH = "/v1/analytics/sales"
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


@pytest.fixture
def partner(api):
    return builders.make_partner(api)


def rows(api, partner, **params):
    answer = api.get(PATH, params={"partner_code": partner["code"], **params})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def sell(api, partner, product, day, amount, **members):
    return builders.make_sale(api, partner, product, sold_on=str(day), amount=str(amount), quantity=members.pop("quantity", "1"), **members)


def test_a_total_is_sell_in_less_its_returns(api, partner, product):
    sell(api, partner, product, "2026-03-01", 100)
    sell(api, partner, product, "2026-03-02", -30, quantity="-1", kind="return_to_vendor")
    sell(api, partner, product, "2026-03-02", 7, kind="sell_through")

    (row,) = rows(api, partner)

    assert (row["amount"], row["units"], row["lines"], row["average_price"]) == ("70.00", "0", 2, None)
    assert [row["amount"] for row in rows(api, partner, kind="sell_through")] == ["7.00"]
    assert {row["kind"]: row["amount"] for row in rows(api, partner, group_by="kind")} == {
        "sell_in": "100.00",
        "return_to_vendor": "-30.00",
        "sell_through": "7.00",
    }


def test_sales_are_summed_by_legal_entity(api, partner, product):
    one, other = (builders.make_legal_entity(api) for _ in range(2))
    sell(api, partner, product, "2026-03-01", 100, legal_entity_code=one["code"])
    sold = sell(api, partner, product, "2026-03-02", 30, legal_entity_code=other["code"])
    sell(api, partner, product, "2026-03-02", 7)

    by_entity = {row["legal_entity_code"]: row["amount"] for row in rows(api, partner, group_by="entity")}
    api.post(f"/v1/sales-records/{sold['id']}/correct", json={"reason": "Wrong.", "legal_entity_code": one["code"]}, if_match='"1"')

    assert by_entity == {one["code"]: "100.00", other["code"]: "30.00", None: "7.00"}
    assert [row["amount"] for row in rows(api, partner, legal_entity_code=one["code"], group_by="entity,month")] == ["130.00"]
    assert rows(api, partner, legal_entity_code=other["code"]) == rows(api, partner, legal_entity_code="nobody") == []


def test_without_a_currency_rows_are_split_by_it(api, partner, product):
    sell(api, partner, product, "2026-03-01", 100)
    sell(api, partner, product, "2026-03-01", 50, currency="JPY")

    assert {row["currency"]: row["amount"] for row in rows(api, partner)} == {"USD": "100.00", "JPY": "50"}


def test_a_rate_holds_until_it_is_too_old_and_a_missing_one_is_named(api, partner, product):
    builders.make_exchange_rate(api, from_currency="CHF", to_currency="USD", date="2026-01-01", rate="1.1")
    builders.make_exchange_rate(api, from_currency="CHF", to_currency="USD", date="2026-01-03", rate="1.5")
    for day, amount in (("2026-01-02", 100), ("2026-01-10", 10)):
        sell(api, partner, product, day, amount, currency="CHF")

    (row,) = rows(api, partner, currency="USD")
    assert (row["amount"], row["reason"], row["warnings"]) == ("125.00", "cost_missing", [])

    sell(api, partner, product, "2026-01-11", 1, currency="CHF")
    (row,) = rows(api, partner, currency="USD")
    assert (row["amount"], row["margin"], row["reason"]) == (None, None, "rate_missing")
    assert row["warnings"] == ["no spot rate from CHF to USD on 2026-01-11"]


def test_what_is_converted_is_rounded_once_half_away_from_zero(api, partner, product):
    builders.make_exchange_rate(api, from_currency="NOK", to_currency="USD", date="2026-01-01", rate="0.5")
    for _ in range(3):
        sell(api, partner, product, "2026-01-01", "0.01", currency="NOK")

    assert [row["amount"] for row in rows(api, partner, currency="USD")] == ["0.02"]


def test_a_missing_cost_leaves_cost_and_margin_open(api, partner, product):
    sell(api, partner, product, "2026-03-01", 100, cost="60")
    (row,) = rows(api, partner)
    assert (row["cost"], row["margin"], row["reason"]) == ("60.00", "40.00", None)

    sell(api, partner, product, "2026-03-01", 100)
    (row,) = rows(api, partner)
    assert (row["cost"], row["margin"], row["lines_without_cost"], row["reason"]) == (None, None, 1, "cost_missing")


def test_a_cost_in_another_currency_gives_no_margin(api, partner, product):
    sell(api, partner, product, "2026-03-01", 100, cost="60", cost_currency="EUR")

    (row,) = rows(api, partner)

    assert (row["cost"], row["cost_currency"], row["margin"], row["reason"]) == ("60.00", "EUR", None, "cost_in_another_currency")


def test_a_period_that_is_cut_is_compared_with_as_many_days(api, partner, product):
    for day, amount in (("2025-03-04", 1), ("2025-03-05", 20), ("2025-03-20", 400), ("2026-02-05", 50), ("2026-02-25", 8000), ("2026-03-10", 100)):
        sell(api, partner, product, day, amount)

    (row,) = rows(api, partner, group_by="month", **{"from": "2026-03-05", "to": "2026-03-15"})

    assert (row["amount"], row["previous_amount"], row["growth_pct"]) == ("100.00", "50.00", "100")
    assert (row["year_ago_amount"], row["year_on_year_pct"]) == ("20.00", "400")


def test_a_whole_period_is_compared_with_the_whole_one_before(api, partner, product):
    for day, amount in (("2026-01-31", 80), ("2026-02-01", 100)):
        sell(api, partner, product, day, amount)

    february = rows(api, partner, group_by="month")[1]

    assert (february["period"], february["previous_amount"], february["growth_pct"]) == ("2026-02", "80.00", "25")


def test_the_open_period_is_compared_with_equal_elapsed_days(api, partner, product):
    sell(api, partner, product, TODAY, 30)
    sell(api, partner, product, datetime.date(TODAY.year - 1, 1, 1), 20)
    sell(api, partner, product, datetime.date(TODAY.year - 1, 12, 31), 1000)

    row = rows(api, partner, group_by="year")[-1]

    is_last_day = (TODAY.month, TODAY.day) == (12, 31)
    assert (row["period"], row["previous_amount"]) == (str(TODAY.year), "1020.00" if is_last_day else "20.00")


def test_a_base_that_is_not_above_zero_gives_no_growth(api, partner, product):
    sell(api, partner, product, "2026-01-10", -5, quantity="-1", kind="return_to_vendor")
    sell(api, partner, product, "2026-02-10", 5)

    february = rows(api, partner, group_by="month")[1]

    assert (february["previous_amount"], february["growth_pct"], february["year_ago_amount"]) == ("-5.00", None, None)


def test_what_was_sold_before_and_not_any_more_has_a_row(api, partner, product):
    for day, amount in (("2025-03-10", 40), ("2026-01-10", 100)):
        sell(api, partner, product, day, amount, cost="5")
    sell(api, builders.make_partner(api), product, "2026-03-31", 1)

    found = {row["period"]: row for row in rows(api, partner, group_by="month,product", **{"from": "2025-01-01", "to": "2026-03-31"})}

    assert {period: (row["amount"], row["lines"], row["previous_amount"], row["growth_pct"], row["year_ago_amount"], row["year_on_year_pct"]) for period, row in found.items()} == {
        "2025-03": ("40.00", 1, None, None, None, None),
        "2025-04": ("0.00", 0, "40.00", "-100", None, None),
        "2026-01": ("100.00", 1, None, None, None, None),
        "2026-02": ("0.00", 0, "100.00", "-100", None, None),
        "2026-03": ("0.00", 0, None, None, "40.00", "-100"),
    }
    silent = found["2026-02"]
    assert [silent[name] for name in ("sku", "currency", "units", "cost", "cost_currency", "lines_without_cost", "margin", "average_price", "reason", "warnings")] == [
        product["sku"], "USD", "0", "0.00", "USD", 0, "0.00", None, None, [],
    ]


def test_every_currency_without_a_rate_is_named_with_its_first_day(api, partner, product):
    for day, currency, cost_currency in (
        ("2026-01-20", "SEK", "SEK"), ("2026-02-03", "NOK", "DKK"), ("2026-02-02", "NOK", "PLN"), ("2026-02-05", "PLN", "PLN"), ("2026-02-04", "USD", "USD"),
    ):
        sell(api, partner, product, day, 10, currency=currency, cost="5", cost_currency=cost_currency)
    params = {"currency": "USD", "group_by": "month", "from": "2026-02-01", "to": "2026-02-28"}

    (row,) = rows(api, partner, **params)
    (as_partner,) = rows(api.as_partner(partner), partner, **params)

    assert (row["amount"], row["previous_amount"], row["reason"]) == (None, None, "rate_missing")
    missing = [("DKK", "2026-02-03"), ("NOK", "2026-02-02"), ("PLN", "2026-02-02"), ("SEK", "2026-01-20")]
    assert row["warnings"] == [f"no spot rate from {currency} to USD on {day}" for currency, day in missing]
    # It is not told of costs.
    missing = [("NOK", "2026-02-02"), ("PLN", "2026-02-05"), ("SEK", "2026-01-20")]
    assert as_partner["warnings"] == [f"no spot rate from {currency} to USD on {day}" for currency, day in missing]


def test_growth_is_that_of_the_figures_that_are_shown(api, partner, product):
    for day, rate in (("2026-01-10", "0.4"), ("2026-02-10", "1.4"), ("2026-03-10", "2.5")):
        builders.make_exchange_rate(api, from_currency="HUF", to_currency="JPY", date=day, rate=rate)
        sell(api, partner, product, day, 1, currency="HUF")

    found = rows(api, partner, currency="JPY", group_by="month", to="2026-03-31")

    assert [(row["amount"], row["previous_amount"], row["growth_pct"]) for row in found] == [("0", None, None), ("1", "0", None), ("3", "1", "200")]


def test_fiscal_periods_are_those_of_the_calendar(api, partner, product):
    calendar = builders.make_calendar(api, start_month=4)
    answer = api.post(f"/v1/calendars/{calendar['id']}/generate", json={"from_year": 2022, "to_year": 2027}, if_match="*")
    assert answer.status_code == 200, answer.text
    for day, amount in (("2024-03-31", 10), ("2025-03-31", 40), ("2025-04-01", 60)):
        sell(api, partner, product, day, amount)

    for unit, wanted in {
        "fiscal_year": [("FY2023", "10.00", None), ("FY2024", "40.00", "10.00"), ("FY2025", "60.00", "40.00")],
        "fiscal_quarter": [("FY2023-Q4", "10.00", None), ("FY2024-Q4", "40.00", "10.00"), ("FY2025-Q1", "60.00", None)],
        "fiscal_period": [("FY2023-P12", "10.00", None), ("FY2024-P12", "40.00", "10.00"), ("FY2025-P01", "60.00", None)],
    }.items():
        found = rows(api, partner, group_by=unit, calendar_code=calendar["code"])
        assert [(row["period"], row["amount"], row["year_ago_amount"]) for row in found if row["lines"]] == wanted


@pytest.mark.parametrize("params", [{"group_by": "fiscal_year"}, {"group_by": "fiscal_year", "calendar_code": "NO-SUCH"}, {"calendar_code": "NO-SUCH"}])
def test_a_calendar_that_does_not_exist_is_refused(api, params):
    answer = api.get(PATH, params=params)

    assert (answer.status_code, answer.json()["code"]) == (422, "calendar_unknown")


@pytest.mark.parametrize("groups", ["month,year", "fiscal_year,day", "nonsense", "month,", "week,partner,fiscal_period"])
def test_a_grouping_that_is_none_is_refused(api, groups):
    answer = api.get(PATH, params={"group_by": groups})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "?group_by"


@pytest.fixture(scope="module")
def various(api):
    """Two sales that differ in everything that can be filtered by."""
    sales = []
    for n, (kind, currency, type_, tier) in enumerate((("agency", "USD", "dealer", "gold"), ("agency", "SEK", "agent", "silver"))):
        product = builders.make_product(api, category=f"Various {n}", subcategory=f"Sub {n}")
        manager, top = builders.make_member(api), builders.make_region(api)
        region = builders.make_region(api, parent_code=top["code"])
        partner = builders.make_partner(api, type=type_, tier=tier, manager_code=manager["code"], region_code=region["code"])
        sale = builders.make_sale(api, partner, product, kind=kind, currency=currency, amount=str(n + 1), sold_on=f"2026-0{n + 1}-01")
        sales.append({
            "partner_code": partner["code"], "type": type_, "tier": tier, "region_code": top["code"], "sku": product["sku"],
            "category": f"Various {n}", "subcategory": f"Sub {n}", "manager_code": manager["code"], "sold_currency": currency,
            ("to", "from")[n]: sale["sold_on"],
        })
    return sales


@pytest.mark.parametrize("name", ["partner_code", "type", "tier", "region_code", "sku", "category", "subcategory", "manager_code", "sold_currency"])
def test_each_filter_keeps_what_it_names(api, various, name):
    for n, sale in enumerate(various):
        found = api.get(PATH, params={"kind": "agency", name: sale[name]}).json()["data"]

        assert [row["amount"] for row in found] == [f"{n + 1}.00"]


def test_the_first_and_the_last_day_belong_to_it(api, various):
    assert [row["amount"] for row in api.get(PATH, params={"kind": "agency", "to": "2026-01-01"}).json()["data"]] == ["1.00"]
    assert [row["amount"] for row in api.get(PATH, params={"kind": "agency", "from": "2026-02-01"}).json()["data"]] == ["2.00"]
    assert api.get(PATH, params={"kind": "agency", "from": "2026-02-02"}).json()["data"] == []


@pytest.mark.parametrize("sort", ["key", "-key"])
def test_pages_and_files_hold_the_same_rows(api, partner, product, sort):
    for month in range(1, 10):
        sell(api, partner, product, f"2026-0{month}-01", month, currency="USD" if month % 2 else "EUR")
    params = {"partner_code": partner["code"], "group_by": "month,currency,product", "sort": sort, "to": "2026-09-30"}

    walked = api.walk(PATH, limit=2, **params)

    # Each month but the first has the currency of the one before, too, without sales.
    assert [row["lines"] for row in walked].count(1) == 9
    assert len(walked) == 17
    assert [row["key"] for row in walked] == sorted((row["key"] for row in walked), reverse=sort == "-key")
    assert channel.rows_of(api.get(PATH, params=params, accept=NDJSON)) == walked
    table = channel.rows_of(api.get(PATH, params=params, accept=CSV))
    assert [(row["key"], row["amount"]) for row in table] == [(row["key"], row["amount"]) for row in walked]


def test_a_partner_sees_the_sums_of_its_own_and_those_below_without_costs(api, product):
    own = builders.make_partner(api)
    child = builders.make_partner(api, parent_code=own["code"])
    sibling = builders.make_partner(api)
    for n, partner in enumerate((own, child, sibling)):
        sell(api, partner, product, "2026-03-01", 10**n, cost="5")

    seen = api.as_partner(own).get(PATH, params={"group_by": "month"}).json()["data"]
    by_partner = api.as_partner(own).get(PATH, params={"group_by": "partner"}).json()["data"]

    assert [(row["amount"], row["cost"], row["margin"], row["cost_currency"], row["reason"]) for row in seen] == [
        ("11.00", None, None, None, "cost_not_shown")
    ]
    assert {row["partner_code"]: row["amount"] for row in by_partner} == {own["code"]: "1.00", child["code"]: "10.00"}
    assert api.as_partner(own).get(PATH, params={"partner_code": sibling["code"]}).json()["data"] == []
