"""What a quantity and an amount may be: their signs go by the kind, and what is computed is rounded once."""
from decimal import ROUND_HALF_UP, Decimal
from itertools import product as every

import pytest

from support.builders import a_sale, etag_of, make_partner, make_product, make_sale, unique

SHARES_SERVER = True

RETURNS = ("return_to_vendor", "return_from_customer")
KINDS = ("sell_in", "sell_through", "agency", *RETURNS)
DIGITS = {"USD": 2, "JPY": 0, "KWD": 3, "CLF": 4}


@pytest.fixture(scope="module")
def partner(api):
    return make_partner(api)


@pytest.fixture(scope="module")
def product(api):
    return make_product(api)


def faults(api, sale):
    answer = api.post("/v1/sales-records", json=sale)
    return {(e["code"], e["pointer"]) for e in answer.json().get("errors", [])}


def faults_in_file(api, *sales, **options):
    """By line, of a file that is like nothing that is there."""
    members = [name for name in dict.fromkeys(name for sale in sales for name in sale) if name != "custom"]
    lines = [",".join(str(sale.get(name, "")) for name in members) for sale in sales]
    body = "\n".join([",".join(members), *lines]).encode()
    report = api.post("/v1/sales-records/import", params=options, data=body, headers={"Content-Type": "text/csv"}).json()
    found = [set() for _ in sales]
    for e in report["errors"]:
        found[e["line"] - 2].add((e["code"], e["pointer"]))
    return found


def wrong_signs(kind, members):
    sign = -1 if kind in RETURNS else 1
    return {("sign_differs", f"/{name}") for name, value in members.items() if Decimal(value) * sign < 0}


@pytest.mark.parametrize("kind", KINDS)
def test_signs_go_by_the_kind(api, partner, product, kind):
    cases = [dict(zip(("quantity", "amount", "tax_amount"), values)) for values in every(("-3", "0", "3"), ("-9.5", "0", "9.5"), ("-1", "1"))]
    sales = [a_sale(partner, product, kind=kind, external_ref=unique("REF"), **members) for members in cases]
    expected = [wrong_signs(kind, members) for members in cases]

    assert [faults(api, sale) for sale in sales] == expected
    assert faults_in_file(api, *[{**sale, "external_ref": unique("REF")} for sale in sales]) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_price_below_zero_makes_no_amount_of_the_wrong_sign(api, partner, product, kind):
    sale = a_sale(partner, product, kind=kind, quantity="-2" if kind in RETURNS else "2", unit_price="-4")

    assert faults(api, sale) == {("sign_differs", "/amount")}


def test_a_linked_return_with_a_positive_quantity_says_so(api, partner, product):
    sale = make_sale(api, partner, product)
    back = a_sale(partner, product, kind="return_to_vendor", quantity="1", returns_id=sale["id"])

    assert faults(api, back) == {("sign_differs", "/quantity"), ("sign_differs", "/amount")}


def test_a_correction_keeps_the_sign(api, partner, product):
    sale = make_sale(api, partner, product)

    answer = api.post(f"/v1/sales-records/{sale['id']}/correct", json={"reason": "A mistake.", "quantity": "-1"}, if_match=etag_of(sale))

    assert {(e["code"], e["pointer"]) for e in answer.json()["errors"]} == {("sign_differs", "/quantity"), ("sign_differs", "/amount")}


def test_no_more_money_is_returned_than_was_sold_for(api, partner, product):
    sale = make_sale(api, partner, product, quantity="3", unit_price="10")

    def back(amount):
        return a_sale(partner, product, kind="return_to_vendor", quantity="-1", unit_price=None, amount=amount, returns_id=sale["id"])

    assert faults(api, back("-30.01")) == {("return_exceeds_sale", "/amount")}
    assert faults(api, back("-20")) == set()
    assert faults(api, back("-10.01")) == {("return_exceeds_sale", "/amount")}
    assert faults(api, back("-10")) == set()


def test_a_file_returns_no_more_money_than_was_sold_for(api, partner, product):
    ref = unique("REF")
    sold = a_sale(partner, product, external_ref=ref, quantity="3", unit_price="10")
    back = [a_sale(partner, product, external_ref=unique("REF"), kind="return_to_vendor", quantity="-1", unit_price=price, returns_external_ref=ref)
            for price in ("20", "10.01", "10")]

    assert faults_in_file(api, sold, *back[:2]) == [set(), set(), {("return_exceeds_sale", "/amount")}]
    assert faults_in_file(api, back[2]) == [set()]
    assert faults_in_file(api, {**back[2], "external_ref": unique("REF")}) == [{("return_exceeds_sale", "/amount")}]


def net(quantity, price, discount, currency):
    """Half away from zero, once; a discount makes less of a return as well."""
    size = abs(Decimal(quantity)) * Decimal(price) - Decimal(discount)
    size = size.quantize(Decimal(1).scaleb(-DIGITS[currency]), ROUND_HALF_UP)
    return -size if Decimal(quantity) < 0 else size


@pytest.mark.parametrize("quantity, price, discount, currency", [
    ("1", "1.00", "0.005", "USD"),
    ("1", "1.00", "0.006", "USD"),
    ("3", "0.335", "0.005", "USD"),
    ("-3", "0.335", "0.005", "USD"),
    ("-1", "1.00", "0.005", "USD"),
    ("-2", "10", "5", "USD"),
    ("7", "33.3", "0.6", "JPY"),
    ("3", "0.3335", "0.0005", "KWD"),
    ("1", "0.00015", "0.0001", "CLF"),
])
def test_a_computed_amount_is_rounded_once(api, partner, product, quantity, price, discount, currency):
    kind = "return_to_vendor" if quantity.startswith("-") else "sell_in"
    members = {"kind": kind, "quantity": quantity, "unit_price": price, "discount": discount, "currency": currency}
    ref = unique("REF")

    sale = make_sale(api, partner, product, **members)
    found = faults_in_file(api, a_sale(partner, product, external_ref=ref, **members))

    assert found == [set()]
    assert Decimal(sale["amount"]) == net(quantity, price, discount, currency)
    assert api.get("/v1/sales-records", params={"external_ref": ref}).json()["data"][0]["amount"] == sale["amount"]


def test_a_partner_writes_no_cost(api, partner, product):
    own = api.as_partner(partner)
    sale = a_sale(partner, product, kind="sell_through", cost="1")
    record = make_sale(api, partner, product, kind="sell_through", cost="20")

    reported = own.post("/v1/sales-records", json=sale)
    corrected = own.post(f"/v1/sales-records/{record['id']}/correct", json={"reason": "A mistake.", "cost": "1"}, if_match=etag_of(record))

    assert [(r.status_code, r.json()["code"]) for r in (reported, corrected)] == [(403, "forbidden")] * 2
    assert faults_in_file(own, sale) == [{("forbidden", "/cost")}]
    assert api.get(f"/v1/sales-records/{record['id']}").json()["cost"] == "20.00"
    assert own.post("/v1/sales-records", json={**sale, "cost": None}).status_code == 201
