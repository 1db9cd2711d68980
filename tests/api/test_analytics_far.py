"""Sales of years that nobody means, which an older version took, or a server that allows them."""
import pytest

from support import builders
from test_analytics_rules import rows, sell

SERVER_SETTINGS = {"QUDAO_DATES_FROM_YEAR": "1", "QUDAO_DATES_YEARS_AHEAD": "9999"}


@pytest.mark.parametrize("unit", ["", "day", "week", "month", "quarter", "year"])
def test_a_sale_far_from_all_others_costs_no_report_its_answer(api, unit):
    """Typed by mistake, or on purpose; what is between is not looked at, and what follows it is compared with nothing."""
    product, partner = builders.make_product(api), builders.make_partner(api)
    for day, amount in (("0226-03-01", 7), ("2025-02-28", 10), ("2025-03-01", 20), ("2026-03-01", 30), ("9999-12-31", 5)):
        sell(api, partner, product, day, amount)

    found = rows(api, partner, group_by=unit) if unit else rows(api, partner)

    assert sum(int(row["amount"].partition(".")[0]) for row in found) == 72
    if unit == "year":
        assert [(row["period"], row["previous_amount"], row["year_ago_amount"]) for row in found] == [
            ("0226", None, None), ("0227", "7.00", "7.00"), ("2025", None, None), ("2026", "30.00", "30.00"), ("2027", "30.00", "30.00"), ("9999", None, None),
        ]
    if unit == "month":
        march = next(row for row in found if row["period"] == "2026-03")
        assert (march["previous_amount"], march["year_ago_amount"]) == (None, "20.00")
