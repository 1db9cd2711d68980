"""A sale that a file brings again: what is known later is added, what differs is named with both values."""
import pytest

from support.builders import a_sale, etag_of, make_customer, make_legal_entity, make_member, make_partner, make_product, make_region, make_sale, unique

SHARES_SERVER = True

LATER = {"deal_ref": "D-1", "invoiced_on": "2026-03-02", "shipped_on": "2026-03-05", "paid_on": "2026-03-31"}


@pytest.fixture(scope="module")
def partner(api):
    return make_partner(api)


@pytest.fixture(scope="module")
def product(api):
    return make_product(api)


def import_sales(api, *sales, **params):
    members = list(dict.fromkeys(name for sale in sales for name in sale))
    lines = [",".join(str(sale.get(name, "")) for name in members) for sale in sales]
    body = "\n".join([",".join(members), *lines]).encode()
    return api.post("/v1/sales-records/import", params=params, data=body, headers={"Content-Type": "text/csv"}).json()


def counts(report):
    return tuple(report[name] for name in ("created", "updated", "unchanged", "rejected"))


def faults(report):
    return [(e["line"], e["pointer"], e["code"]) for e in report["errors"]]


def read(api, sale):
    return api.get("/v1/sales-records", params={"external_ref": sale["external_ref"]}).json()["data"][0]


@pytest.mark.parametrize("named", [[name] for name in LATER] + [list(LATER)])
def test_what_is_known_later_is_added_once(api, partner, product, named):
    sale = a_sale(partner, product)
    before = make_sale(api, partner, product, **sale)
    again = {**sale, **{name: LATER[name] for name in named}}

    reports = [import_sales(api, again, dry_run="true"), import_sales(api, again), import_sales(api, again), import_sales(api, sale)]

    assert [counts(report) for report in reports] == [(0, 1, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 1, 0)]
    record = read(api, sale)
    assert {name: record[name] for name in LATER} == {name: LATER[name] if name in named else None for name in LATER}
    assert (record["version"], record["amount"], record["import_id"]) == (2, before["amount"], None)


@pytest.mark.parametrize("member, there, here", [
    *[(name, value, value[:-1] + ("0" if value.endswith("1") else "9")) for name, value in LATER.items()],
    ("sold_on", "2026-03-01", "2026-03-02"),
    ("quantity", "3", "4"),
    ("unit_price", "10", "10.5"),
    ("amount", "30", "31"),
    ("currency", "USD", "EUR"),
    ("cost", "20", "21.25"),
    ("cost_currency", "USD", "EUR"),
    ("kind", "sell_in", "sell_through"),
    ("order_ref", "O-1", "O-2"),
    ("discount", "1", "1.5"),
    ("tax_rate", "13", "6"),
    ("tax_amount", "3.9", "3.91"),
    ("price_includes_tax", "false", "true"),
])
def test_a_member_that_differs_is_named_with_both_values(api, partner, product, member, there, here):
    sale = a_sale(partner, product, **{"amount": "30", "cost": "20", member: there})
    assert counts(import_sales(api, sale)) == (1, 0, 0, 0)

    report = import_sales(api, {**sale, member: here})

    assert counts(report) == (0, 0, 0, 1)
    assert [(e["pointer"], e["code"], e["detail"]) for e in report["errors"]] == [(f"/{member}", "sales_record_differs", f"{here} here, {there} in the record")]


def test_what_a_sale_refers_to_is_named_by_its_code(api, partner, product):
    def references():
        return {
            "sku": make_product(api)["sku"], "region_code": make_region(api)["code"], "manager_code": make_member(api)["code"],
            "legal_entity_code": make_legal_entity(api)["code"], "seller_code": make_partner(api)["code"],
            "customer_code": make_customer(api, partner_code=partner["code"])["code"], "customer_region_code": make_region(api)["code"]}
    there, here = references(), references()
    sale = a_sale(partner, product, **there)
    import_sales(api, sale)

    report = import_sales(api, {**sale, **here})

    assert {e["pointer"]: e["detail"] for e in report["errors"]} == {f"/{name}": f"{here[name]} here, {there[name]} in the record" for name in there}


def test_what_a_file_does_not_say_stays(api, partner, product):
    full = a_sale(partner, product, cost="20", order_ref="O-1", discount="1", tax_rate="13", kind="sell_through", **LATER)
    import_sales(api, full)
    before = read(api, full)

    report = import_sales(api, {name: full[name] for name in a_sale(partner, product)})

    assert counts(report) == (0, 0, 1, 0)
    assert read(api, full) == before


def test_two_lines_that_differ_are_told_apart(api, partner, product):
    sale = a_sale(partner, product)

    report = import_sales(api, sale, {**sale, "shipped_on": "2026-03-05"})

    assert counts(report) == (1, 0, 0, 1)
    assert [(e["line"], e["pointer"], e["detail"]) for e in report["errors"]] == [(3, "/shipped_on", "2026-03-05 here, nothing in line 2")]


def test_two_lines_add_one_fact_once(api, partner, product):
    sale = a_sale(partner, product)
    make_sale(api, partner, product, **sale)
    shipped = {**sale, "shipped_on": "2026-03-05"}

    report = import_sales(api, shipped, shipped, {**sale, "shipped_on": "2026-03-06"})

    assert counts(report) == (0, 1, 1, 1)
    assert faults(report) == [(4, "/shipped_on", "sales_record_differs")]
    assert read(api, sale)["shipped_on"] == "2026-03-05"


def test_nothing_is_added_to_what_was_taken_back(api, partner, product):
    sale = a_sale(partner, product)
    record = make_sale(api, partner, product, **sale)
    api.post(f"/v1/sales-records/{record['id']}/void", json={"reason": "A mistake."}, if_match=etag_of(record))

    assert counts(import_sales(api, sale)) == (0, 0, 1, 0)
    assert faults(import_sales(api, {**sale, **LATER})) == [(2, "", "sales_record_void")]


def test_a_partner_adds_nothing_to_what_was_confirmed(api, partner, product):
    sale = a_sale(partner, product, kind="sell_through", external_ref=unique("REF"))
    record = make_sale(api, partner, product, **sale)
    api.post(f"/v1/sales-records/{record['id']}/confirm", json={}, if_match=etag_of(record))
    own = api.as_partner(partner)

    assert counts(import_sales(own, sale)) == (0, 0, 1, 0)
    assert faults(import_sales(own, {**sale, **LATER})) == [(2, "/status", "forbidden")]
