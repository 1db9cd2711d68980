"""An export of sales says of each record what it is: imported again, it changes nothing, and what was changed in it is refused."""
import json

import pytest

from support import builders, channel
from support.client import CSV, NDJSON
from support.files import FILES

SHARES_SERVER = True
PATH = "/v1/sales-records"


@pytest.fixture(scope="module")
def seller(api):
    return builders.make_partner(api)


@pytest.fixture(scope="module")
def various(api, seller, product):
    """A partner with sales of every sort: without a reference, voided, corrected, returned, confirmed, reduced."""
    partner = builders.make_partner(api)

    def sell(**members):
        return builders.make_sale(api, partner, product, **members)

    def move(record, name, **body):
        answer = api.post(f"{PATH}/{record['id']}/{name}", json={"reason": "It was so.", **body}, if_match=f'"{record["version"]}"')
        assert answer.status_code < 300, answer.text
        return answer.json()

    sell()
    sell(cost="7.5", custom={"a": 1, "=b": "=c"}, kind="sell_through", seller_code=seller["code"])
    sell(external_ref="=1+1", source="erp", deal_ref="D", paid_on="2026-03-09")
    move(sell(quantity="2", unit_price="10", amount=None, discount="1.50", tax_rate="19", price_includes_tax=True), "void")
    move(sell(external_ref="R2"), "correct", amount="8.00")
    move(sell(external_ref="R3"), "confirm")
    move(sell(), "dispute")
    sold = sell(quantity="5", amount="50.00")
    sell(quantity="-1", amount="-10.00", kind="return_to_vendor", returns_id=sold["id"])
    return partner


def listed(api, partner):
    return api.walk(PATH, limit=200, partner_code=partner["code"])


def exported(api, partner, content_type):
    answer = api.get(PATH, accept=content_type, params={"partner_code": partner["code"]})
    assert answer.status_code == 200
    return answer.content


def send(api, file, content_type=NDJSON):
    answer = channel.import_file(api, "sales-records", file, content_type=content_type)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(file):
    return [json.loads(line) for line in file.decode().splitlines()]


@pytest.mark.parametrize("content_type", FILES)
def test_whatever_became_of_them_they_are_unchanged(api, various, content_type):
    before = listed(api, various)

    report = send(api, exported(api, various, content_type), content_type)

    assert report["errors"] == []
    assert (report["rows"], report["unchanged"]) == (len(before), len(before))
    assert listed(api, various) == before
    assert len(before) == 12


@pytest.mark.parametrize("content_type", FILES)
def test_a_partners_own_export_is_unchanged_although_it_is_not_shown_everything(api, various, content_type):
    caller = api.as_partner(various)
    before = listed(api, various)

    report = send(caller, exported(caller, various, content_type), content_type)

    assert report["errors"] == []
    assert report["unchanged"] == len(before)
    assert listed(api, various) == before


@pytest.mark.parametrize("name, value", [("quantity", "4"), ("external_ref", "OTHER"), ("source", "crm"), ("sold_on", "2026-03-30"), ("custom", {"x": 1}), ("cost", "99")])
def test_what_was_changed_in_an_export_is_refused_and_adds_nothing(api, various, name, value):
    before = listed(api, various)
    (row,) = [row for row in rows(exported(api, various, NDJSON)) if row["kind"] == "sell_through"]

    report = send(api, FILES[NDJSON]([{**row, name: value}]))

    assert [(fault["pointer"], fault["code"]) for fault in report["errors"]] == [(f"/{name}", "sales_record_differs")]
    assert listed(api, various) == before


@pytest.mark.parametrize("status", ["confirmed", "void"])
def test_an_import_moves_no_status_and_brings_none(api, various, seller, product, status):
    (row,) = [row for row in rows(exported(api, various, NDJSON)) if row["kind"] == "sell_through"]
    new = {"sold_on": "2026-03-01", "partner_code": seller["code"], "sku": product["sku"], "quantity": "1", "amount": "1.00", "currency": "USD", "status": status}

    report = send(api, FILES[NDJSON]([{**row, "status": status}, new, {**new, "status": "reported", "external_ref": status}]))

    assert [(fault["line"], fault["pointer"], fault["code"]) for fault in report["errors"]] == [(line, "/status", "status_move_refused") for line in (1, 2)]
    assert report["created"] == 1


def test_a_row_of_a_record_that_is_not_here_is_a_new_one(api, product, seller):
    partner = builders.make_partner(api)
    row = {"id": "0198c0de-0007-7000-8000-00000000ffff", "sold_on": "2026-03-01", "partner_code": partner["code"], "sku": product["sku"], "quantity": "1", "amount": "1.00", "currency": "USD"}

    report = send(api, FILES[NDJSON]([row, {**row, "id": None, "discount": "-1"}]))

    assert report["created"] == 1
    assert [(fault["line"], fault["pointer"], fault["code"]) for fault in report["errors"]] == [(2, "/discount", "pattern")]
    assert [record["id"] for record in listed(api, partner)] != [row["id"]]


def test_a_partner_cannot_name_the_record_of_another(api, various, zenith, product):
    (row,) = [row for row in rows(exported(api, various, NDJSON)) if row["kind"] == "sell_through"]
    before = listed(api, various)

    report = send(api.as_partner(zenith), FILES[NDJSON]([{**row, "cost": None}]))

    assert report["rejected"] == 1 and report["errors"][0]["code"] != "sales_record_differs"
    assert listed(api, various) == before
