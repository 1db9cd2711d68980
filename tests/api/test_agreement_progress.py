"""What was reached of agreements' goals, against the example of the domain and against Python's fractions."""
import calendar
import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from support import builders
from test_agreements import done, draft, in_force, move, second, signed  # noqa: F401 (a fixture)

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module", autouse=True)
def clock(api):
    assert api.put("/v1/clock", json={"now": "2026-06-15T08:00:00Z"}).status_code == 200


@pytest.fixture(scope="module")
def product(api):
    return builders.make_product(api, category="Bikes")


def sell(api, partner, product, sold_on, amount, **members):
    builders.make_sale(api, partner, product, sold_on=sold_on, quantity="-1" if amount.startswith("-") else "1", unit_price=amount.lstrip("-"), kind="return_to_vendor" if amount.startswith("-") else "sell_in", **members)


def progress(api, agreement, as_of=None):
    answer = api.get(f"/v1/agreements/{agreement['id']}/progress", params={"as_of": as_of} if as_of else {})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def rounded(value, digits=2):
    exact = Fraction(value)
    scaled = exact * 10**digits
    return str((Decimal(scaled.numerator) / Decimal(scaled.denominator)).quantize(Decimal(1), ROUND_HALF_UP).scaleb(-digits))


def expected_by(target, shares, months, through):
    """The phased target by the end of a day: whole months by their shares, the one under way by its days."""
    due = Fraction(0)
    for (year, month), share in zip(months, shares):
        days = calendar.monthrange(year, month)[1]
        elapsed = (through - datetime.date(year, month, 1)).days + 1
        due += Fraction(target) * Fraction(share) / 100 * min(max(elapsed, 0), days) / days
    return due


def test_the_example_of_the_domain(api, second, product):
    """20/30/50 of 90,000 in the middle of the second month: 31,500 are expected, 28,000 are 88.89 %, the forecast is 80,000."""
    partner = builders.make_partner(api)
    goals = [{"metric": "sales_amount", "period": "quarter", "target": "90000.00", "phasing": ["20", "30", "50"]}]
    agreement = in_force(api, second, partner=partner, goals=goals)
    sell(api, partner, product, "2026-01-20", "30000.00")
    sell(api, partner, product, "2026-02-03", "-2000.00")
    sell(api, partner, product, "2026-02-15", "999.00")

    (row,) = progress(api, agreement, "2026-02-14")

    assert {name: row[name] for name in ("period", "target", "actual", "expected_to_date", "pace_pct", "attainment_pct", "forecast", "status", "reason")} == {
        "period": "2026-Q1", "target": "90000.00", "actual": "28000.00", "expected_to_date": "31500.00", "pace_pct": "88.89", "attainment_pct": "31.11",
        "forecast": "80000.00", "status": "at_risk", "reason": None,
    }


@pytest.mark.parametrize("as_of", ["2026-01-01", "2026-01-31", "2026-02-28", "2026-03-01", "2026-03-17", "2026-03-31"])
def test_what_is_expected_is_phased_by_months_and_linear_within_one(api, second, product, as_of):
    partner = builders.make_partner(api)
    shares = ["33.3333", "33.3333", "33.3334"]
    goals = [{"metric": "sales_amount", "period": "quarter", "target": "100000.01", "phasing": shares}, {"metric": "units", "period": "year", "target": "365"}]
    agreement = in_force(api, second, partner=partner, goals=goals)
    sell(api, partner, product, "2026-01-01", "777.77")
    day = datetime.date.fromisoformat(as_of)

    rows = {row["metric"]: row for row in progress(api, agreement, as_of)}

    due = expected_by("100000.01", shares, [(2026, 1), (2026, 2), (2026, 3)], day)
    assert rows["sales_amount"]["expected_to_date"] == rounded(due)
    assert rows["sales_amount"]["pace_pct"] == rounded(Fraction("777.77") * 100 / due)
    assert rows["sales_amount"]["forecast"] == rounded(Fraction("777.77") * Fraction("100000.01") / due)
    assert Decimal(rows["units"]["expected_to_date"]) == (day - datetime.date(2026, 1, 1)).days + 1
    assert Decimal(rows["units"]["actual"]) == 1


def test_a_goal_has_a_row_for_each_period_that_has_begun(api, second):
    goals = [{"metric": "units", "period": period, "target": "10"} for period in ("month", "quarter", "year", "term")]
    agreement = in_force(api, second, starts_on="2026-02-01", ends_on="2027-01-31", goals=goals)

    rows = progress(api, agreement, "2026-05-02")

    assert sorted(row["period"] for row in rows) == sorted(["2026-02", "2026-03", "2026-04", "2026-05", "2026-Q1", "2026-Q2", "2026", "term"])
    clipped = next(row for row in rows if row["period"] == "2026-Q1")
    assert (clipped["starts_on"], clipped["ends_on"]) == ("2026-02-01", "2026-03-31")
    # What of the quarter lies within the term.
    assert Decimal(clipped["target"]) == (Decimal(10) * 59 / 90).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def test_a_goal_counts_its_region_and_category_and_converts_by_the_days_rate(api, second, product):
    partner, top = builders.make_partner(api), builders.make_region(api)
    below = builders.make_region(api, parent_code=top["code"])
    helmet = builders.make_product(api, category="Helmets")
    for day, rate in (("2026-01-05", "1.1"), ("2026-01-20", "1.3")):
        assert api.post("/v1/exchange-rates", json={"from_currency": "SEK", "to_currency": "NOK", "date": day, "rate": rate}).status_code == 201
    goals = [{"metric": "sales_amount", "period": "quarter", "target": "1000", "currency": "NOK", "region_code": top["code"], "product_category": "Bikes"}]
    agreement = in_force(api, second, partner=partner, goals=goals, currency="NOK")
    sell(api, partner, product, "2026-01-10", "100.00", region_code=below["code"], currency="SEK")
    sell(api, partner, product, "2026-01-20", "10.05", region_code=top["code"], currency="SEK")
    sell(api, partner, product, "2026-01-21", "7.00", region_code=top["code"], currency="NOK")
    sell(api, partner, product, "2026-01-22", "5000.00", currency="NOK")
    sell(api, partner, helmet, "2026-01-22", "6000.00", region_code=top["code"], currency="NOK")

    (row,) = progress(api, agreement, "2026-01-31")
    sell(api, partner, product, "2026-03-30", "1.00", region_code=top["code"], currency="SEK")
    (missing,) = progress(api, agreement, "2026-03-31")

    assert row["actual"] == rounded(100 * Fraction("1.1") + Fraction("10.05") * Fraction("1.3") + 7)
    assert (missing["actual"], missing["status"], missing["reason"], missing["inputs"]["rates_missing"]) == (None, None, "rate_missing", ["SEK"])


def test_figures_are_judged_by_the_version_in_force_on_their_day(api, second, product):
    partner = builders.make_partner(api)
    agreement = in_force(api, second, partner=partner, goals=[{"metric": "units", "period": "quarter", "target": "90"}])
    done(move(api, agreement, "amend", effective_on="2026-02-01", goals=[{"metric": "units", "period": "quarter", "target": "180"}]))
    sell(api, partner, product, "2026-01-31", "1.00")
    sell(api, partner, product, "2026-02-01", "1.00")
    unsigned = progress(api, agreement, "2026-03-31")
    signed(api, second, agreement)

    rows = progress(api, agreement, "2026-03-31")

    assert [(row["version_number"], row["ends_on"], Decimal(row["target"]), Decimal(row["actual"])) for row in unsigned] == [(1, "2026-03-31", 90, 2)]
    assert [(row["version_number"], row["starts_on"], row["ends_on"], Decimal(row["target"]), Decimal(row["actual"])) for row in rows] == [
        (1, "2026-01-01", "2026-01-31", 31, 1),
        (2, "2026-02-01", "2026-03-31", 118, 1),
    ]


def test_a_goal_that_is_reached_is_met_and_what_cannot_be_computed_says_why(api, second, product):
    partner = builders.make_partner(api)
    goals = [
        {"metric": "units", "period": "year", "target": "1"}, {"metric": "nps", "period": "year", "target": "30"}, {"metric": "sales_amount", "period": "year", "target": "0"},
        {"metric": "market_share", "period": "year", "target": "5"},
    ]
    agreement = in_force(api, second, partner=partner, goals=goals)
    sell(api, partner, product, "2026-03-01", "1.00")

    rows = {row["metric"]: row for row in progress(api, agreement, "2026-03-31")}

    assert (rows["units"]["status"], Decimal(rows["units"]["attainment_pct"])) == ("met", 100)
    assert (rows["nps"]["actual"], rows["nps"]["status"], rows["nps"]["reason"]) == (None, None, "not_measured")
    assert (rows["sales_amount"]["attainment_pct"], rows["sales_amount"]["status"], rows["sales_amount"]["reason"]) == (None, None, "target_not_positive")
    assert rows["market_share"]["reason"] == "market_size_missing"


def test_market_share_and_new_customers(api, second, product):
    partner, region = builders.make_partner(api), builders.make_region(api)
    assert api.post("/v1/market-sizes", json={
        "region_code": region["code"], "period": "2026", "amount": "4000.00", "currency": "USD", "price_level": "end_user", "source": "Survey",
    }).status_code == 201
    goals = [
        {"metric": "market_share", "period": "year", "target": "5", "region_code": region["code"]}, {"metric": "new_customers", "period": "quarter", "target": "4"},
    ]
    agreement = in_force(api, second, partner=partner, goals=goals)
    old, new = builders.make_customer(api), builders.make_customer(api)
    for customer, day in ((old, "2025-12-31"), (old, "2026-01-05"), (new, "2026-01-06")):
        builders.make_sale(api, partner, product, sold_on=day, quantity="1", unit_price="100.00", kind="sell_through", customer_code=customer["code"], region_code=region["code"])

    rows = {row["metric"]: row for row in progress(api, agreement, "2026-01-31")}

    assert (Decimal(rows["market_share"]["actual"]), rows["market_share"]["pace_pct"]) == (5, None)
    assert (rows["market_share"]["status"], Decimal(rows["new_customers"]["actual"])) == ("met", 1)


def test_a_fiscal_calendar_has_periods_of_its_own(api, second):
    fiscal = builders.make_calendar(api, pattern="monthly", start_month=4)
    assert api.post(f"/v1/calendars/{fiscal['id']}/generate", json={"from_year": 2026, "to_year": 2027}).status_code < 300
    goals = [{"metric": "units", "period": "quarter", "calendar_code": fiscal["code"], "target": "100", "phasing": ["50", "25", "25"]}]
    agreement = in_force(api, second, goals=goals, starts_on="2026-04-01", ends_on="2027-03-31")

    (row,) = progress(api, agreement, "2026-04-30")

    assert (row["starts_on"], row["ends_on"], Decimal(row["expected_to_date"])) == ("2026-04-01", "2026-06-30", 50)
    assert row["period"].startswith("FY20") and row["period"].endswith("-Q1")


def test_the_goals_of_all_partners_in_a_period(api, second, product):
    manager, region = builders.make_member(api), builders.make_region(api)
    below = builders.make_region(api, parent_code=region["code"])
    partners = [builders.make_partner(api, manager_code=manager["code"], region_code=below["code"]), builders.make_partner(api, region_code=region["code"])]
    for partner, sold in zip(partners, ("100", "1")):
        in_force(api, second, partner=partner, goals=[{"metric": "units", "period": "quarter", "target": "1"}, {"metric": "sales_amount", "period": "month", "target": "3100"}])
        sell(api, partner, product, "2026-01-31", sold)
    goals = lambda **params: [(g["partner_code"], g["metric"], g["status"]) for g in api.walk("/v1/analytics/goals", region_code=region["code"], **params)]

    assert sorted(goals(period="2026-Q1")) == sorted([(p["code"], "units", "met") for p in partners])
    assert goals(period="2026-01", as_of="2026-01-31", status="behind", manager_code=manager["code"]) == [(partners[0]["code"], "sales_amount", "behind")]
    assert len(goals()) == 4  # those that are under way on June 15
    assert goals(period="2027-Q1") == []


def test_duties_are_scored_alike_for_both_sides(api, second):
    partner = builders.make_partner(api)
    owed = [{"party": party, "area": "reporting", "description": "Reports.", "recurrence": "quarter"} for party in ("vendor", "partner")]
    agreement = in_force(api, second, partner=partner, starts_on="2026-06-01", ends_on="2027-05-31", obligations=owed)
    rows = api.walk("/v1/agreement-obligations", agreement_number=agreement["number"])
    act = lambda row, verb: done(api.post(f"/v1/agreement-obligations/{row['id']}/{verb}", json={"evidence": "On file."} if verb == "meet" else {}, if_match="*"))
    vendors, partners = ([row for row in rows if row["party"] == party] for party in ("vendor", "partner"))
    for row in vendors[:3]:
        act(row, "meet")
    act(vendors[3], "waive")
    act(partners[0], "meet")

    scored = {row["party"]: row for row in api.walk("/v1/analytics/obligations", partner_code=partner["code"])}

    assert (scored["vendor"]["met"], scored["vendor"]["waived"], Decimal(scored["vendor"]["kept_pct"])) == (3, 1, 100)
    assert (scored["partner"]["met"], scored["partner"]["breached"], Decimal(scored["partner"]["kept_pct"])) == (1, 0, 100)
