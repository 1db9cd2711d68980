"""Lists as CSV and NDJSON: complete, exact, in one stream, and fit to be imported again."""
import decimal
import json
import random
import socket
import threading
import time

import pytest
import requests

from support import builders, channel
from support.client import CSV, NDJSON

HAS_CHANNEL = True

SALES = 57851


def export(api, path, accept, **params):
    answer = api.get(path, accept=accept, params=params)
    assert answer.status_code == 200
    return channel.rows_of(answer)


def as_imported(row):
    """What a row of the file says, and what an export must say about it."""
    names = ("external_ref", "sold_on", "partner_code", "sku", "region_code", "manager_code", "currency")
    numbers = ("quantity", "unit_price", "amount", "cost")
    return tuple(row[name] for name in names) + tuple(
        decimal.Decimal(row[name]) if row[name] else None for name in numbers
    )


@pytest.mark.parametrize("accept", [CSV, NDJSON])
def test_an_export_is_what_was_imported(api, accept):
    # Without `api`, which would hold each of the rows against the contract; smaller exports are.
    answer = requests.get(
        f"{api.url}/v1/sales-records", headers={"Authorization": f"Bearer {api.key}", "Accept": accept}
    )
    answer.encoding = "utf-8"

    exported = channel.rows_of(answer)
    assert len(exported) == SALES
    assert len({row["id"] for row in exported}) == SALES
    assert sorted(map(as_imported, exported), key=str) == sorted(
        map(as_imported, channel.rows("sales-records")), key=str
    )


@pytest.mark.parametrize("sort", ["-sold_on", "sold_on"])
def test_an_export_keeps_the_order_that_is_asked_for(api, sort):
    exported = export(api, "/v1/sales-records", CSV, sort=sort, fields="sold_on")

    keys = [(row["sold_on"], row["id"]) for row in exported]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    assert len(keys) == SALES


def test_csv_and_ndjson_and_json_say_the_same(api):
    params = {"partner_code": "AW00000676", "sort": "sold_on"}

    as_csv, as_ndjson = (export(api, "/v1/sales-records", accept, **params) for accept in (CSV, NDJSON))
    as_json = api.walk("/v1/sales-records", limit=200, **params)

    assert as_ndjson == as_json
    assert [[row[name] for name in as_csv[0]] for row in as_csv] == [
        [
            "" if row[name] is None else json.dumps(row[name]) if isinstance(row[name], (dict, bool)) else str(row[name])
            for name in as_csv[0]
        ]
        for row in as_json
    ]


@pytest.mark.parametrize("resource", ["regions", "products", "members", "partners"])
def test_an_export_of_master_data_can_be_imported_and_changes_nothing(api, resource):
    file = api.get(f"/v1/{resource}", accept=CSV).content

    report = channel.import_file(api, resource, file).json()

    assert report["rows"] == report["unchanged"] == len(channel.rows(resource)), report["errors"][:3]


@pytest.mark.parametrize("resource", ["regions", "products", "members", "partners"])
def test_ndjson_of_master_data_can_be_imported_and_changes_nothing(api, resource):
    file = api.get(f"/v1/{resource}", accept=NDJSON).content

    report = channel.import_file(api, resource, file, content_type=NDJSON).json()

    assert report["rows"] == report["unchanged"] == len(channel.rows(resource)), report["errors"][:3]


@pytest.mark.parametrize("accept", [CSV, NDJSON])
def test_an_export_of_sales_can_be_imported_and_changes_nothing(api, accept):
    file = api.get("/v1/sales-records", accept=accept, params={"currency": "EUR"}).content

    report = channel.import_file(api, "sales-records", file, content_type=accept).json()

    assert (
        report["rows"]
        == report["unchanged"]
        == len([row for row in channel.rows("sales-records") if row["currency"] == "EUR"])
    )


@pytest.mark.parametrize(
    "params, holds",
    [
        ({"currency": "CAD"}, lambda row: row["currency"] == "CAD"),
        ({"manager_code": "E285"}, lambda row: row["manager_code"] == "E285"),
        ({"sku": "P349"}, lambda row: row["sku"] == "P349"),
        ({"region_code": "T05"}, lambda row: row["region_code"] == "T05"),
        ({"sold_from": "2019-01-01", "sold_to": "2019-01-31"}, lambda row: row["sold_on"][:7] == "2019-01"),
        (
            {"partner_code": "AW00000676", "sold_from": "2019-01-01"},
            lambda row: row["partner_code"] == "AW00000676" and row["sold_on"] >= "2019",
        ),
        ({"status": "void"}, lambda row: False),
    ],
)
def test_filters_apply_to_an_export(api, params, holds):
    exported = export(api, "/v1/sales-records", CSV, **params)

    assert sorted(row["external_ref"] for row in exported) == sorted(
        row["external_ref"] for row in channel.rows("sales-records") if holds(row)
    )


def test_a_region_stands_for_all_below_it(api):
    parents = {row["code"]: row["parent_code"] for row in channel.rows("regions")}

    def is_below(code, top):
        return code != "" and (code == top or is_below(parents[code], top))

    for top in ("EUROPE", "UNITED-STATES"):
        assert top in parents
        exported = export(api, "/v1/sales-records", CSV, region_code=top, fields="region_code")
        assert len(exported) == len([row for row in channel.rows("sales-records") if is_below(row["region_code"], top)])


def test_fields_apply_to_an_export(api):
    rows = export(api, "/v1/sales-records", CSV, fields="amount,currency", currency="CAD")
    objects = export(api, "/v1/sales-records", NDJSON, fields="amount,currency", currency="CAD")

    assert set(rows[0]) == set(objects[0]) == {"id", "amount", "currency", "version"}


def test_an_empty_export_of_csv_is_a_header(api):
    answer = api.get("/v1/sales-records", accept=CSV, params={"external_ref": "none"})

    assert len(answer.text.splitlines()) == 1
    assert api.get("/v1/sales-records", accept=NDJSON, params={"external_ref": "none"}).text == ""


def test_a_mark_comes_when_it_is_asked_for(api):
    with_mark = api.get("/v1/regions", accept="text/csv; bom=true")
    without = api.get("/v1/regions", accept=CSV)

    assert with_mark.content == b"\xef\xbb\xbf" + without.content
    assert without.headers["Content-Type"].startswith("text/csv")


def test_rows_that_go_in_during_an_export_do_not_disturb_it(api):
    partner, product = channel.rows("partners")[0]["code"], channel.rows("products")[0]["sku"]
    is_over = threading.Event()

    def write():
        twin = api.twin()
        while not is_over.is_set():
            body = {
                "sold_on": random.choice(["2017-07-01", "2019-03-03"]),
                "partner_code": partner,
                "sku": product,
                "quantity": "1",
                "unit_price": "1",
                "currency": "USD",
                "source": "meanwhile",
            }
            assert twin.post("/v1/sales-records", json=body).status_code == 201

    writer = threading.Thread(target=write)
    writer.start()
    try:
        exported = export(api, "/v1/sales-records", CSV, fields="source")
    finally:
        is_over.set()
        writer.join()

    assert len({row["id"] for row in exported}) == len(exported)
    assert len([row for row in exported if row["source"] == "default"]) == SALES


def test_a_partner_exports_its_own_rows_only(api):
    code = "AW00000676"
    partner = api.get("/v1/partners", params={"code": code}).json()["data"][0]

    exported = export(api.as_partner(partner), "/v1/sales-records", CSV)

    wanted = [row["external_ref"] for row in channel.rows("sales-records") if row["partner_code"] == code]
    assert sorted(row["external_ref"] for row in exported) == sorted(wanted)
    assert {row["cost"] for row in exported} == {""}


def test_a_partner_exports_what_is_below_it(api):
    above, below = builders.make_partner(api), builders.make_partner(api)
    product = {"sku": channel.rows("products")[0]["sku"]}
    for partner in (above, below):
        builders.make_sale(api, partner, product)
    assert len(export(api.as_partner(above), "/v1/sales-records", CSV)) == 1

    moved = api.patch(
        f"/v1/partners/{below['id']}", json={"parent_code": above["code"]}, if_match=builders.etag_of(below)
    )
    assert moved.status_code == 200

    assert len(export(api.as_partner(above), "/v1/sales-records", CSV)) == 2
    assert len(export(api.as_partner(below), "/v1/sales-records", CSV)) == 1


def test_a_client_that_hangs_up_does_no_harm(api, database):
    request = f"GET /v1/sales-records HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.key}\r\nAccept: text/csv\r\n\r\n".encode()

    for number in range(10):
        client = socket.create_connection(("localhost", int(api.url.rpartition(":")[2])))
        client.sendall(request)
        received = 0
        while received < number * 50000:
            received += len(client.recv(65536))
        client.close()

    deadline = time.monotonic() + 10
    while database(
        "select from pg_stat_activity where datname = current_database() and state = 'active' and query like '%%sales_record%%' and pid <> pg_backend_pid()"
    ):
        assert time.monotonic() < deadline
    assert len(export(api, "/v1/sales-records", CSV, currency="CAD")) == len(
        [row for row in channel.rows("sales-records") if row["currency"] == "CAD"]
    )


def test_a_reader_that_stops_reading_holds_nobody_up(api):
    request = f"GET /v1/sales-records HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.key}\r\nAccept: text/csv\r\n\r\n".encode()
    clients = [socket.create_connection(("localhost", int(api.url.rpartition(":")[2]))) for _ in range(6)]
    for client in clients:
        client.sendall(request)
    time.sleep(0.3)

    try:
        for _ in range(20):
            begin = time.monotonic()
            assert api.get("/v1/partners").status_code == 200
            assert time.monotonic() - begin < 10  # it would be for as long as they take
    finally:
        for client in clients:
            client.close()
