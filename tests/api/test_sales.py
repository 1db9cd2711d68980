"""Sales records: nothing that happened is edited away, and nothing is counted twice."""
import datetime
import decimal

import pytest

from support import channel
from support.builders import a_sale, etag_of, make_member, make_partner, make_product, make_region, make_sale


def void(api, sale, **options):
    return api.post(f"/v1/sales-records/{sale['id']}/void", json={"reason": "Cancelled"}, if_match=options.pop("if_match", "*"), **options)


def correct(api, sale, **members):
    return api.post(f"/v1/sales-records/{sale['id']}/correct", json={"reason": "Wrong", **members}, if_match="*")


def total(api, partner):
    return sum(decimal.Decimal(sale["amount"]) for sale in api.walk("/v1/sales-records", partner_code=partner["code"]))


@pytest.fixture
def partner(api):
    return make_partner(api)


def test_what_is_not_said_has_its_default(api, partner, product):
    sale = make_sale(api, partner, product)

    assert (sale["source"], sale["kind"], sale["status"], sale["cost_currency"]) == ("default", "sell_in", "reported", "USD")
    assert [sale[name] for name in ("reverses_id", "replaces_id", "replaced_by_id", "voided_reason", "import_id", "cost", "order_ref")] == [None] * 7
    assert (sale["partner_id"], sale["product_id"], sale["custom"]) == (partner["id"], product["id"], {})


def test_a_sale_keeps_the_region_and_manager_of_its_day(api, product):
    region, member, later = make_region(api), make_member(api), make_region(api)
    partner = make_partner(api, region_code=region["code"], manager_code=member["code"])
    sale = make_sale(api, partner, product)

    api.patch(f"/v1/partners/{partner['id']}", json={"region_code": later["code"], "manager_code": None}, if_match="*")

    again = api.get(f"/v1/sales-records/{sale['id']}").json()
    assert (again["region_code"], again["manager_code"]) == (region["code"], member["code"])


def test_a_sale_may_name_another_region_and_manager(api, product):
    region, member = make_region(api), make_member(api)
    partner = make_partner(api, region_code=make_region(api)["code"], manager_code=make_member(api)["code"])

    sale = make_sale(api, partner, product, region_code=region["code"], manager_id=member["id"])

    assert (sale["region_id"], sale["manager_code"]) == (region["id"], member["code"])


@pytest.mark.parametrize("missing, pointers", [
    (["sold_on"], {"/sold_on"}), (["quantity", "currency"], {"/quantity", "/currency"}),
])
def test_what_is_required_is_asked_for(api, partner, product, missing, pointers):
    body = {name: value for name, value in a_sale(partner, product).items() if name not in missing}

    answer = api.post("/v1/sales-records", json=body)

    assert answer.status_code == 400
    assert {fault["pointer"] for fault in answer.json()["errors"]} == pointers


@pytest.mark.parametrize("missing", ["partner_code", "sku"])
def test_a_partner_and_a_product_are_required(api, partner, product, missing):
    body = {name: value for name, value in a_sale(partner, product).items() if name != missing}

    assert api.post("/v1/sales-records", json=body).status_code == 400


def test_a_void_writes_a_reversal_of_the_same_day(api, partner, product):
    sale = make_sale(api, partner, product, quantity="2.5", amount="20.01", cost="7.5", order_ref="O-1", sold_on="2025-12-31", custom={"x": 1})

    voided = void(api, sale).json()

    (reversal,) = [s for s in api.walk("/v1/sales-records", partner_code=partner["code"]) if s["reverses_id"]]
    assert (voided["id"], voided["status"], voided["voided_reason"], voided["version"]) == (sale["id"], "void", "Cancelled", 2)
    assert {name: reversal[name] for name in ("reverses_id", "quantity", "amount", "cost", "sold_on", "order_ref", "external_ref", "status")} == {
        "reverses_id": sale["id"], "quantity": "-2.5", "amount": "-20.01", "cost": "-7.50", "sold_on": "2025-12-31", "order_ref": "O-1",
        "external_ref": None, "status": "reported"}
    assert total(api, partner) == 0


def test_a_void_record_cannot_be_voided_or_corrected(api, partner, product):
    sale = make_sale(api, partner, product)
    void(api, sale)

    for answer in (void(api, sale), correct(api, sale, quantity="1")):
        assert (answer.status_code, answer.json()["code"]) == (409, "sales_record_void")
    assert total(api, partner) == 0


def test_a_reversal_cannot_be_reversed(api, partner, product):
    void(api, make_sale(api, partner, product))
    (reversal,) = [s for s in api.walk("/v1/sales-records", partner_code=partner["code"]) if s["reverses_id"]]

    for answer in (void(api, reversal), correct(api, reversal, quantity="1")):
        assert (answer.status_code, answer.json()["code"]) == (409, "sales_record_is_reversal")


def test_a_reference_stays_taken_by_a_void_record(api, partner, product):
    sale = make_sale(api, partner, product)
    void(api, sale)

    answer = api.post("/v1/sales-records", json=a_sale(partner, product, external_ref=sale["external_ref"]))

    assert (answer.status_code, answer.json()["existing_id"]) == (409, sale["id"])


def test_a_correction_replaces_a_record(api, partner, product):
    sale = make_sale(api, partner, product, quantity="3", unit_price="10", cost="9", order_ref="O-1")

    answer = correct(api, sale, quantity="2", cost="6")

    new, old = answer.json(), api.get(f"/v1/sales-records/{sale['id']}").json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/sales-records/{new['id']}")
    assert (new["replaces_id"], old["replaced_by_id"], old["status"], old["voided_reason"]) == (sale["id"], new["id"], "void", "Wrong")
    assert (new["quantity"], new["amount"], new["cost"], new["status"], new["version"]) == ("2", "20.00", "6.00", "reported", 1)
    same = ("external_ref", "source", "sold_on", "partner_id", "product_id", "unit_price", "currency", "kind", "order_ref")
    assert {name: new[name] for name in same} == {name: sale[name] for name in same}
    assert total(api, partner) == 20


@pytest.mark.parametrize("members, amount", [
    ({"quantity": "4"}, "40.00"), ({"unit_price": "5"}, "15.00"), ({"quantity": "4", "unit_price": "5"}, "20.00"),
    ({"amount": "1.5"}, "1.50"), ({"quantity": "4", "amount": "1"}, "1.00"), ({"order_ref": "X"}, "29.00"), ({"currency": "JPY"}, "29"),
])
def test_a_corrected_amount_is_computed_anew_only_when_it_must(api, partner, product, members, amount):
    sale = make_sale(api, partner, product, quantity="3", unit_price="10", amount="29")

    assert correct(api, sale, **members).json()["amount"] == amount


def test_a_correction_may_be_corrected_and_then_voided(api, partner, product):
    sale = make_sale(api, partner, product, quantity="3", unit_price="10")
    for quantity in ("2", "5", "4"):
        sale = correct(api, sale, quantity=quantity).json()
    assert total(api, partner) == 40

    assert void(api, sale).status_code == 200
    assert total(api, partner) == 0


def test_a_correction_may_name_another_product_region_and_manager(api, partner, product):
    other, region, member = make_product(api), make_region(api), make_member(api)

    new = correct(api, make_sale(api, partner, product), sku=other["sku"], region_code=region["code"], manager_id=member["id"], sold_on="2026-02-01").json()

    assert (new["product_id"], new["region_id"], new["manager_id"], new["sold_on"]) == (other["id"], region["id"], member["id"], "2026-02-01")


def test_a_correction_with_unknown_references_is_refused(api, partner, product):
    answer = correct(api, make_sale(api, partner, product), sku="NO", region_code="NO", manager_code="NO")

    assert {(f["pointer"], f["code"]) for f in answer.json()["errors"]} == {
        ("/sku", "product_unknown"), ("/region_code", "region_unknown"), ("/manager_code", "manager_unknown")}


@pytest.mark.parametrize("members", [{"partner_code": "X"}, {"external_ref": "X"}, {"source": "X"}, {"kind": "gift"}, {"quantity": None}])
def test_what_makes_a_record_itself_cannot_be_corrected(api, partner, product, members):
    assert correct(api, make_sale(api, partner, product), **members).status_code == 400


def test_a_correction_may_name_another_kind(api, partner, product):
    sale = make_sale(api, partner, product, quantity="3", unit_price="10")

    agency = correct(api, sale, kind="agency").json()
    wrong = correct(api, agency, kind="return_from_customer")
    returned = correct(api, agency, kind="return_from_customer", quantity="-3").json()

    assert (agency["kind"], agency["amount"], agency["external_ref"]) == ("agency", "30.00", sale["external_ref"])
    assert {(f["pointer"], f["code"]) for f in wrong.json()["errors"]} == {("/quantity", "sign_differs"), ("/amount", "sign_differs")}
    assert (returned["kind"], returned["quantity"], returned["amount"]) == ("return_from_customer", "-3", "-30.00")


def test_a_partner_corrects_to_a_kind_that_it_may_report_only(api, partner, product):
    own = api.as_partner(partner)
    sale = make_sale(api, partner, product, kind="sell_through")

    assert correct(own, sale, kind="agency").status_code == 403
    assert correct(own, sale, kind="return_from_customer", quantity="-3").status_code == 201


def test_a_reason_is_required(api, partner, product):
    sale = make_sale(api, partner, product)
    for action in ("void", "correct"):
        for body in ({}, {"reason": None}, {"reason": ""}):
            answer = api.post(f"/v1/sales-records/{sale['id']}/{action}", json=body, if_match="*")

            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/reason")


def test_the_same_reference_is_counted_once_for_a_partner_and_source(api, partner, zenith, product):
    sale = make_sale(api, partner, product, external_ref="REF", source="erp")

    assert api.post("/v1/sales-records", json=a_sale(partner, product, external_ref="REF", source="erp")).status_code == 409
    assert make_sale(api, partner, product, external_ref="REF", source="crm")["id"] != sale["id"]
    assert make_sale(api, zenith, product, external_ref="REF", source="erp")["id"] != sale["id"]


def test_there_is_no_way_to_edit_or_delete_a_record(api, partner, product):
    sale = make_sale(api, partner, product)

    for method, body in (("PUT", {"json": {}}), ("DELETE", {})):
        answer = api.request(method, f"/v1/sales-records/{sale['id']}", if_match=etag_of(sale), **body)

        assert answer.status_code == 405
        assert {word.strip() for word in answer.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS", "PATCH"}


@pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "1999-12-31", "1970-01-01", "2030-02-28"])
def test_a_day_comes_back_as_it_is(api, partner, product, day):
    sale = make_sale(api, partner, product, sold_on=day)

    assert sale["sold_on"] == day
    assert [s["id"] for s in api.walk("/v1/sales-records", partner_code=partner["code"], sold_from=day, sold_to=day)] == [sale["id"]]


@pytest.mark.parametrize("day", [
    "2023-02-29", "1900-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-1", "26-01-01", "2026-01-01T00:00:00Z",
    "2026/01/01", "", "today", "infinity", "+2026-01-01", "10000-01-01", "0000-01-01", "２０２６-01-01", 20260101,
])
def test_what_is_no_day_is_refused(api, partner, product, day):
    answer = api.post("/v1/sales-records", json=a_sale(partner, product, sold_on=day))

    assert (answer.status_code, [f["pointer"] for f in answer.json()["errors"]]) == (400, ["/sold_on"])


@pytest.mark.parametrize("day", ["1969-12-31", "0226-03-01", "9999-12-31", "2126-03-01"])
def test_a_day_on_which_no_business_can_be_is_refused(api, partner, product, day):
    answer = api.post("/v1/sales-records", json=a_sale(partner, product, sold_on=day))
    rows = channel.import_file(api, "sales-records", f"sold_on,partner_code,sku,quantity,unit_price,currency\n{day},{partner['code']},{product['sku']},1,1,USD\n".encode())

    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (400, "/sold_on", "out_of_bounds")
    assert "1970-01-01" in fault["detail"]
    assert [(error["pointer"], error["code"]) for error in rows.json()["errors"]] == [("/sold_on", "out_of_bounds")]


def test_an_instant_is_now(api, partner, product):
    before = datetime.datetime.utcnow().isoformat()
    sale = make_sale(api, partner, product)

    assert before <= sale["created_at"].rstrip("Z") <= datetime.datetime.utcnow().isoformat()


def test_ids_grow_with_time(api, partner, product):
    ids = [make_sale(api, partner, product)["id"] for _ in range(20)]

    assert ids == sorted(ids)
    assert {(identity[14], identity[19] in "89ab") for identity in ids} == {("7", True)}
