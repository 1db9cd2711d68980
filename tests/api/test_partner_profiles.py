"""What is known of partners, beyond what the contract says of any resource: coverages that overlap, markets that cannot be."""
import pytest

from support import builders
from support.client import CSV

SHARES_SERVER = True


@pytest.fixture
def place(api):
    return builders.make_partner(api)["code"], builders.make_region(api)["code"]


def a_coverage(place, valid_from, valid_to=None, **members):
    partner_code, region_code = place
    return {
        "partner_code": partner_code, "region_code": region_code, "outlets": 3, "sales_reps": 5, "valid_from": valid_from, "valid_to": valid_to, **members,
    }


def cover(api, *given, **members):
    return api.post("/v1/partner-coverages", json=a_coverage(*given, **members))


def codes(answer):
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


def test_a_partner_has_one_coverage_of_a_region_and_category_at_a_time(api, place):
    assert cover(api, place, "2024-01-01", "2024-02-29").status_code == 201

    assert cover(api, place, "2024-03-01").status_code == 201
    assert cover(api, place, "2024-02-01", "2024-02-10", product_category="Bikes").status_code == 201
    for valid_from, valid_to in (("2024-02-29", "2024-02-29"), ("2023-12-01", "2024-01-01"), ("2024-04-01", None)):
        refused = cover(api, place, valid_from, valid_to)
        assert (refused.status_code, codes(refused)) == (409, [("/valid_from", "partner_coverage_overlaps")])


def test_a_coverage_can_be_moved_but_not_onto_another(api, place):
    first = cover(api, place, "2024-01-01", "2024-06-30").json()
    cover(api, place, "2024-07-01")
    path = f"/v1/partner-coverages/{first['id']}"

    refused = api.patch(path, json={"valid_to": "2024-07-01"}, if_match='"1"')
    moved = api.patch(path, json={"valid_from": "2023-12-15"}, if_match='"1"')

    assert (refused.status_code, codes(refused)) == (409, [("/valid_from", "partner_coverage_overlaps")])
    assert (moved.status_code, moved.json()["valid_from"]) == (200, "2023-12-15")


def test_a_coverage_does_not_end_before_it_begins(api, place):
    refused = cover(api, place, "2024-03-01", "2024-02-29")

    assert (refused.status_code, codes(refused)) == (422, [("/valid_to", "partner_coverage_ends_before")])


def test_rows_of_a_file_that_overlap_are_refused_and_stop_no_other(api, place):
    partner, region = place
    cover(api, place, "2024-01-01", "2024-01-31")
    rows = [("2024-01-31", ""), ("2024-02-01", "2024-02-10"), ("2024-02-10", "2024-02-20"), ("2024-02-11", "2024-02-01"), ("2024-03-01", "")]
    file = "partner_code,region_code,outlets,sales_reps,valid_from,valid_to\n" + "".join(f"{partner},{region},1,1,{a},{b}\n" for a, b in rows)

    report = api.post("/v1/partner-coverages/import", data=file.encode(), content_type=CSV).json()

    assert (report["created"], report["rejected"]) == (2, 3)
    assert [(fault["line"], fault["code"]) for fault in report["errors"]] == [
        (2, "partner_coverage_overlaps"), (4, "partner_coverage_overlaps"), (5, "partner_coverage_ends_before"),
    ]


def a_market(region, **members):
    return {
        "region_code": region, "period": "2026", "amount": "100.00", "currency": "EUR", "price_level": "end_user", "source": "Survey", **members,
    }


@pytest.mark.parametrize("members, fault", [
    ({"period": "2026-W53"}, None),
    ({"period": "2027-W53"}, ("/period", "period_unknown")),
    ({"competitors": [{"name": "A", "amount": "60.00"}, {"name": "B", "amount": "40.00"}]}, None),
    ({"competitors": [{"name": "A", "amount": "60.00"}, {"name": "B", "amount": "40.01"}]}, ("/competitors", "competitors_exceed_market")),
])  # fmt: skip
def test_a_market_has_a_period_that_is_one_and_competitors_that_fit_into_it(api, members, fault):
    answer = api.post("/v1/market-sizes", json=a_market(builders.make_region(api)["code"], **members))

    assert (answer.status_code, fault and codes(answer)) == (201 if fault is None else 422, fault and [fault])


def test_a_file_may_end_one_coverage_and_begin_the_next(api, place):
    partner, region = place
    cover(api, place, "2024-01-01")
    file = (
        "partner_code,region_code,outlets,sales_reps,valid_from,valid_to\n"
        f"{partner},{region},9,9,2025-01-01,\n{partner},{region},3,5,2024-01-01,2024-12-31\n{partner},{region},7,7,2024-12-31,2024-12-31\n"
    ).encode()

    dry, wet = (api.post("/v1/partner-coverages/import", data=file, content_type=CSV, params=params).json() for params in ({"dry_run": "true"}, {}))

    assert [(error["line"], error["pointer"], error["code"]) for error in wet["errors"]] == [(4, "/valid_from", "partner_coverage_overlaps")]
    assert (wet["created"], wet["updated"], dry["errors"]) == (1, 1, wet["errors"])
    assert [(c["valid_from"], c["valid_to"]) for c in api.walk("/v1/partner-coverages", partner_code=partner)] == [("2024-01-01", "2024-12-31"), ("2025-01-01", None)]


def test_what_of_a_market_is_covered_and_where_the_gaps_are(api):
    top = builders.make_region(api)
    regions = [builders.make_region(api, parent_code=top["code"]) for _ in range(3)]
    town = builders.make_region(api, parent_code=regions[0]["code"])
    partners = [builders.make_partner(api)["code"] for _ in range(3)]
    for region, amount in zip(regions[:2], ("1000.00", "2000.00")):
        assert api.post("/v1/market-sizes", json=a_market(region["code"], period="2025", amount=amount)).status_code == 201
    for partner, region, share in ((partners[0], regions[0], "40"), (partners[1], town, "12.5"), (partners[2], regions[1], "33.3333")):
        assert cover(api, (partner, region["code"]), "2024-01-01", population_share_pct=share).status_code == 201
    assert cover(api, (partners[2], regions[0]["code"]), "2024-01-01", "2025-12-30", population_share_pct="90").status_code == 201  # over by the end

    rows = {row["region_code"]: row for row in api.walk("/v1/analytics/coverage", period="2025", region_level=2)}

    first, second, third = (rows[region["code"]] for region in regions)
    assert (float(first["covered_pct"]), first["gap"], first["partners"], first["overlaps"]) == (52.5, "475.00", sorted(partners[:2]), 1)
    assert (float(second["covered_pct"]), second["gap"]) == (33.33, "1333.33")
    assert (third["gap"], third["reason"], third["partners"]) == (None, "market_size_missing", [])
    assert second["gap_rank"] < first["gap_rank"] < third["gap_rank"]
