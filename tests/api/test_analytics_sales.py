"""Sums of sales: every grouping of the AdventureWorks channel equals, to the cent, what its files come to."""
import pytest

from support import channel, report
from support.client import CSV, NDJSON

HAS_CHANNEL = True

PATH = "/v1/analytics/sales"
SINGLE = [*report.PERIODS, *report.MEMBERS]
COMBINED = [
    "", "quarter,region", "month,category", "year,manager,currency", "partner,category", "quarter,partner", "month,region,manager",
    "year,type,tier,kind", "week,currency", "year,product", "quarter,subcategory,manager", "day,region",
]


def rows_of(api, groups, **params):
    """All rows in one answer: exports have no pages to walk."""
    if groups:
        params["group_by"] = groups
    answer = api.get(PATH, params=params, accept=NDJSON)
    assert answer.status_code == 200, answer.text
    return channel.rows_of(answer)


@pytest.mark.parametrize("target", [None, "USD"])
@pytest.mark.parametrize("groups", SINGLE + COMBINED)
def test_a_report_equals_what_the_files_come_to(api, groups, target):
    names = groups.split(",") if groups else []

    rows = rows_of(api, groups, **({"currency": target} if target else {}))

    assert report.read(rows, names) == report.report(names, target)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_regions_are_summed_up_to_a_level(api, level):
    rows = rows_of(api, "region,quarter", region_level=level)

    assert report.read(rows, ["region", "quarter"]) == report.report(["region", "quarter"], level=level)
