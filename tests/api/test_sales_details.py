"""The rest of a sale: tax, seller, end customer, legal entity, dates, and what a return returns."""
import pytest

from support.builders import a_sale, etag_of, make_customer, make_legal_entity, make_partner, make_product, make_region, make_sale, unique

SHARES_SERVER = True

NET, TAX, GROSS = "amount", "tax_amount", "gross_amount"


@pytest.fixture(scope="module")
def partner(api):
    return make_partner(api)


@pytest.fixture(scope="module")
def product(api):
    return make_product(api)


def refusal(api, partner, product, **members):
    answer = api.post("/v1/sales-records", json=a_sale(partner, product, **members))
    problem = answer.json()
    return answer.status_code, sorted((e["code"], e["pointer"]) for e in problem.get("errors", [])) or problem["code"]


def correct(api, sale, **members):
    body = {"reason": "A mistake.", **members}
    return api.post(f"/v1/sales-records/{sale['id']}/correct", json=body, if_match=etag_of(sale))


def void(api, sale):
    return api.post(f"/v1/sales-records/{sale['id']}/void", json={"reason": "A mistake."}, if_match=etag_of(sale))


@pytest.mark.parametrize("members, amounts", [
    ({}, ("30.00", None, None)),
    ({"discount": "4.5"}, ("25.50", None, None)),
    ({"tax_rate": "13"}, ("30.00", "3.90", "33.90")),
    ({"tax_rate": "0"}, ("30.00", "0.00", "30.00")),
    ({"tax_rate": "13", "discount": "0.04"}, ("29.96", "3.89", "33.85")),
    ({"tax_rate": "13", "price_includes_tax": True}, ("26.55", "3.45", "30.00")),
    ({"tax_rate": "13", "price_includes_tax": True, "discount": "1"}, ("25.66", "3.34", "29.00")),
    ({"tax_amount": "3.45", "price_includes_tax": True}, ("26.55", "3.45", "30.00")),
    ({"tax_amount": "3.91"}, ("30.00", "3.91", "33.91")),
    ({"gross_amount": "34"}, ("30.00", "4.00", "34.00")),
    ({"unit_price": None, "gross_amount": "113", "tax_rate": "13"}, ("100.00", "13.00", "113.00")),
    ({"unit_price": None, "gross_amount": "113", "tax_amount": "13"}, ("100.00", "13.00", "113.00")),
    ({"amount": "100", "tax_amount": "13", "gross_amount": "113"}, ("100.00", "13.00", "113.00")),
    ({"amount": "100", "tax_rate": "6.5"}, ("100.00", "6.50", "106.50")),
    ({"quantity": "-3", "tax_rate": "13", "kind": "return_to_vendor"}, ("-30.00", "-3.90", "-33.90")),
    ({"quantity": "1", "unit_price": "0.5", "tax_rate": "1", "currency": "JPY"}, ("1", "0", "1")),
    ({"quantity": "1", "unit_price": "50", "tax_rate": "1", "currency": "JPY"}, ("50", "1", "51")),
])
def test_net_tax_and_gross_follow_from_what_is_given(api, partner, product, members, amounts):
    sale = make_sale(api, partner, product, **members)

    assert (sale[NET], sale[TAX], sale[GROSS]) == amounts


@pytest.mark.parametrize("members, fault", [
    ({"unit_price": None}, ("required", "/amount")),
    ({"price_includes_tax": True}, ("required", "/tax_rate")),
    ({"unit_price": None, "gross_amount": "113"}, ("required", "/tax_rate")),
    ({"amount": "100", "tax_amount": "13", "gross_amount": "114"}, ("gross_amount_differs", "/gross_amount")),
])
def test_what_cannot_be_known_is_asked_for_and_never_guessed(api, partner, product, members, fault):
    assert refusal(api, partner, product, **members) == (422, [fault])


@pytest.mark.parametrize("rate", ["100.1", "-1", "1e1", "13.0000001"])
def test_an_unlikely_tax_rate_is_refused(api, partner, product, rate):
    assert refusal(api, partner, product, tax_rate=rate)[0] == 400


@pytest.mark.parametrize("members, amounts", [
    ({"quantity": "2"}, ("20.00", "2.60", "22.60")),
    ({"tax_rate": "6"}, ("30.00", "1.80", "31.80")),
    ({"amount": "25"}, ("25.00", "3.25", "28.25")),
    ({"discount": "10"}, ("20.00", "2.60", "22.60")),
    ({"price_includes_tax": True}, ("26.55", "3.45", "30.00")),
    ({"order_ref": "X"}, ("30.00", "3.90", "33.90")),
])
def test_a_correction_computes_the_tax_anew(api, partner, product, members, amounts):
    sale = make_sale(api, partner, product, tax_rate="13")

    corrected = correct(api, sale, **members).json()

    assert (corrected[NET], corrected[TAX], corrected[GROSS]) == amounts


def test_a_tax_without_a_rate_has_to_be_given_again(api, partner, product):
    sale = make_sale(api, partner, product, tax_amount="3.91")

    refused = correct(api, sale, quantity="2")
    corrected = correct(api, sale, quantity="2", tax_amount="2.61").json()

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/tax_amount")
    assert (corrected[NET], corrected[GROSS]) == ("20.00", "22.61")


def test_a_reversal_takes_everything_back(api, partner, product):
    entity, customer = make_legal_entity(api), make_customer(api, partner_code=partner["code"])
    sale = make_sale(api, partner, product, tax_rate="13", discount="1", legal_entity_code=entity["code"],
                     customer_code=customer["code"], paid_on="2026-03-31")

    void(api, sale)
    records = api.get(f"/v1/sales-records?order_ref=&customer_id={customer['id']}".replace("order_ref=&", "")).json()["data"]

    reversal = next(r for r in records if r["reverses_id"] == sale["id"])
    assert [reversal[m] for m in ("discount", NET, TAX, GROSS)] == ["-1.00", "-29.00", "-3.77", "-32.77"]
    assert (reversal["legal_entity_id"], reversal["paid_on"]) == (entity["id"], "2026-03-31")


def test_a_sale_keeps_where_its_customer_was(api, partner, product):
    north, south = make_region(api), make_region(api)
    customer = make_customer(api, partner_code=partner["code"], region_code=north["code"])
    sale = make_sale(api, partner, product, customer_id=customer["id"])

    api.patch(f"/v1/customers/{customer['id']}", json={"region_code": south["code"]}, if_match=etag_of(customer))

    kept = api.get(f"/v1/sales-records/{sale['id']}").json()
    assert (kept["customer_code"], kept["customer_region_code"]) == (customer["code"], north["code"])
    assert make_sale(api, partner, product, customer_id=customer["id"], customer_region_code=north["code"])["customer_region_id"] == north["id"]


def test_a_customer_is_the_partners_or_the_vendors(api, partner, product):
    code = unique("CUSTOMER")
    other = make_customer(api, code=code, partner_code=make_partner(api)["code"])
    assert refusal(api, partner, product, customer_code=code) == (422, [("customer_unknown", "/customer_code")])
    assert refusal(api, partner, product, customer_id=other["id"]) == (422, [("customer_unknown", "/customer_id")])

    vendors = make_customer(api, code=code)
    assert make_sale(api, partner, product, customer_code=code)["customer_id"] == vendors["id"]

    own = make_customer(api, code=code, partner_code=partner["code"])
    assert make_sale(api, partner, product, customer_code=code)["customer_id"] == own["id"]


def test_unknown_references_are_all_named(api, partner, product):
    nobody = "0198c0de-0000-7000-8000-000000000001"

    status, faults = refusal(api, partner, product, legal_entity_code="?", seller_code="?", customer_code="?", customer_region_code="?",
                             returns_external_ref="?", kind="return_to_vendor", quantity="-1")

    assert (status, faults) == (422, [
        ("customer_unknown", "/customer_code"), ("legal_entity_unknown", "/legal_entity_code"), ("region_unknown", "/customer_region_code"),
        ("returned_unknown", "/returns_external_ref"), ("seller_unknown", "/seller_code")])
    assert refusal(api, partner, product, legal_entity_id=nobody, kind="return_to_vendor", quantity="-1", returns_id=nobody) == (422, [
        ("legal_entity_unknown", "/legal_entity_id"), ("returned_unknown", "/returns_id")])


def test_a_partner_cannot_buy_from_itself(api, partner, product):
    seller = make_partner(api)

    assert refusal(api, partner, product, seller_code=partner["code"]) == (422, [("seller_is_partner", "/seller_code")])
    assert make_sale(api, partner, product, seller_code=seller["code"])["seller_id"] == seller["id"]


def test_a_seller_is_named_only_to_those_who_may_see_it(api, product):
    distributor = make_partner(api)
    reseller = make_partner(api, parent_code=distributor["code"])
    sale = make_sale(api, reseller, product, seller_code=distributor["code"])

    seen = api.as_partner(reseller).get(f"/v1/sales-records/{sale['id']}").json()
    seen_above = api.as_partner(distributor).get(f"/v1/sales-records/{sale['id']}").json()

    assert (seen["seller_id"], seen["seller_code"]) == (distributor["id"], None)
    assert seen_above["seller_code"] == distributor["code"]


def a_return(sale, **members):
    return {"kind": "return_to_vendor", "quantity": "-1", "returns_id": sale["id"], **members}


def test_returns_are_linked_to_what_they_return(api, partner, product):
    sale = make_sale(api, partner, product)

    first = make_sale(api, partner, product, **a_return(sale))
    second = make_sale(api, partner, product, **a_return(sale, returns_id=None, returns_external_ref=sale["external_ref"], quantity="-2"))

    assert {first["returns_id"], second["returns_id"]} == {sale["id"]}
    assert {r["id"] for r in api.get(f"/v1/sales-records?returns_id={sale['id']}").json()["data"]} == {first["id"], second["id"]}
    assert refusal(api, partner, product, **a_return(sale)) == (422, [("return_exceeds_sale", "/amount"), ("return_exceeds_sale", "/quantity")])
    void(api, first)
    assert make_sale(api, partner, product, **a_return(sale))["returns_id"] == sale["id"]


def test_a_return_fits_what_it_returns(api, partner, product):
    sale = make_sale(api, partner, product)
    through = make_sale(api, partner, product, kind="sell_through")
    differs = (422, [("return_differs", "/returns_id")])

    assert refusal(api, partner, product, **a_return(through)) == (422, [("return_kind_differs", "/kind")])
    assert refusal(api, partner, product, **a_return(sale, kind="return_from_customer")) == (422, [("return_kind_differs", "/kind")])
    assert ("return_kind_differs", "/kind") in refusal(api, partner, product, **a_return(sale, kind="sell_in"))[1]
    assert refusal(api, partner, product, **a_return(sale, quantity="0", amount="0")) == (422, [("return_exceeds_sale", "/quantity")])
    assert refusal(api, partner, product, **a_return(sale, currency="EUR")) == differs
    assert refusal(api, partner, product, **a_return(sale, sold_on="2026-02-28")) == differs
    assert refusal(api, partner, make_product(api), **a_return(sale)) == differs
    assert refusal(api, make_partner(api), product, **a_return(sale)) == differs


def test_a_record_with_returns_is_not_taken_back(api, partner, product):
    sale = make_sale(api, partner, product)
    returned = make_sale(api, partner, product, **a_return(sale))

    refused = [void(api, sale), correct(api, sale, quantity="5")]
    void(api, returned)

    assert [(r.status_code, r.json()["code"]) for r in refused] == [(409, "sales_record_has_returns")] * 2
    assert void(api, sale).status_code == 200


def test_details_become_known_later(api, partner, product):
    sale = make_sale(api, partner, product, custom={"a": "1"})
    path = f"/v1/sales-records/{sale['id']}"

    known = api.patch(path, json={"shipped_on": "2026-03-05", "deal_ref": "D-1", "custom": {"b": "2"}}, if_match=etag_of(sale)).json()
    taken_back = api.patch(path, json={"shipped_on": None}, if_match=etag_of(known)).json()

    assert (known["shipped_on"], known["deal_ref"], known["custom"], known["version"]) == ("2026-03-05", "D-1", {"a": "1", "b": "2"}, 2)
    assert (taken_back["shipped_on"], taken_back["deal_ref"]) == (None, "D-1")
    assert api.patch(path, json={"amount": "1"}, if_match=etag_of(taken_back)).status_code == 400
    assert api.patch(path, json={}, if_match='"1"').status_code == 412
    assert api.patch(path, json={}).status_code == 428


def test_details_of_what_was_taken_back_stay(api, partner, product):
    sale = make_sale(api, partner, product)
    voided = void(api, sale).json()

    refused = api.patch(f"/v1/sales-records/{sale['id']}", json={"paid_on": "2026-03-05"}, if_match=etag_of(voided))

    assert (refused.status_code, refused.json()["code"]) == (409, "sales_record_void")


def test_a_partner_adds_details_to_its_own_reports_only(api, partner, product):
    own = make_sale(api, partner, product, kind="sell_through")
    vendors = make_sale(api, partner, product)
    portal = api.as_partner(partner)

    assert portal.patch(f"/v1/sales-records/{own['id']}", json={"paid_on": "2026-03-05"}, if_match=etag_of(own)).status_code == 200
    assert portal.patch(f"/v1/sales-records/{vendors['id']}", json={"paid_on": "2026-03-05"}, if_match=etag_of(vendors)).status_code == 403


def test_what_sales_refer_to_stays(api, partner, product):
    entity, seller, region = make_legal_entity(api), make_partner(api), make_region(api)
    customer = make_customer(api, partner_code=partner["code"])
    make_sale(api, partner, product, legal_entity_id=entity["id"], seller_id=seller["id"], customer_id=customer["id"], customer_region_id=region["id"])

    refused = [api.delete(f"/v1/{kind}/{thing['id']}", if_match=etag_of(thing)).json()["code"] for kind, thing in (
        ("legal-entities", entity), ("partners", seller), ("customers", customer), ("regions", region))]

    assert refused == ["legal_entity_in_use", "partner_in_use", "customer_in_use", "region_in_use"]


def import_rows(api, *lines, **options):
    header = "external_ref,sold_on,partner_code,sku,kind,quantity,unit_price,currency,tax_rate,legal_entity_code,customer_code,seller_code,returns_external_ref"
    query = "&".join(f"{name}={value}" for name, value in options.items())
    answer = api.post(f"/v1/sales-records/import?{query}", data="\n".join([header, *lines]).encode(), headers={"Content-Type": "text/csv"})
    return answer.json()


def test_details_come_with_a_file(api, partner, product):
    entity, customer, seller = make_legal_entity(api), make_customer(api, partner_code=partner["code"]), make_partner(api)
    sold, back, much = unique("REF"), unique("REF"), unique("REF")
    start = f"2026-03-01,{partner['code']},{product['sku']}"
    rows = [
        f"{back},{start},return_to_vendor,-1,10,CNY,13,{entity['code']},{customer['code']},,{sold}",
        f"{sold},{start},sell_in,3,10,CNY,13,{entity['code']},{customer['code']},{seller['code']},",
        f"{much},{start},return_to_vendor,-3,10,CNY,13,,,,{sold}",
        f"{unique('REF')},{start},return_to_vendor,-1,10,CNY,13,?,?,?,?",
        f"{unique('REF')},{start},sell_in,1,10,CNY,13,,,{partner['code']},",
    ]

    report = import_rows(api, *rows)
    again = import_rows(api, *rows)

    assert (report["created"], report["rejected"]) == (2, 3)
    assert sorted({(e["line"], e["code"]) for e in report["errors"]}) == [
        (4, "return_exceeds_sale"), (5, "customer_unknown"), (5, "legal_entity_unknown"), (5, "returned_unknown"), (5, "seller_unknown"), (6, "seller_is_partner")]
    assert (again["created"], again["unchanged"], again["rejected"]) == (0, 2, 3)
    record = api.get(f"/v1/sales-records?external_ref={sold}").json()["data"][0]
    assert (record[NET], record[TAX], record[GROSS]) == ("30.00", "3.90", "33.90")
    assert (record["legal_entity_code"], record["customer_code"], record["seller_code"]) == (entity["code"], customer["code"], seller["code"])
    assert api.get(f"/v1/sales-records?external_ref={back}").json()["data"][0]["returns_id"] == record["id"]


def test_a_file_with_other_details_differs(api, partner, product):
    entity, ref = make_legal_entity(api), unique("REF")
    line = f"{ref},2026-03-01,{partner['code']},{product['sku']},sell_in,1,10,CNY,13,"
    import_rows(api, f"{line},,,")

    report = import_rows(api, f"{line}{entity['code']},,,")

    assert [(e["code"], e["pointer"]) for e in report["errors"]] == [("sales_record_differs", "/legal_entity_code")]


def test_members_of_ones_own_have_a_limit(api, partner, product):
    sale = make_sale(api, partner, product, custom={f"a{i}": "1" for i in range(60)})

    refused = api.patch(f"/v1/sales-records/{sale['id']}", json={"custom": {f"b{i}": "1" for i in range(60)}}, if_match=etag_of(sale))

    assert (refused.status_code, refused.json()["code"]) == (422, "custom_too_many")
