"""Lists as CSV (RFC 4180) and NDJSON: what a spreadsheet gets, and that nothing in it is executed."""
import csv
import io
import json

import pytest

from support.builders import make_partner, make_product, make_region, make_sale
from support.maker import Maker

SHARES_SERVER = True

HOSTILE = ['=1+1', "+1", "-1", "@x", "=HYPERLINK(\"http://x\",\"y\")", "|cmd", "\uff1d1"]


def cells(api, path, accept="text/csv", **params):
    answer = api.get(path, params=params, accept=accept)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def test_a_row_ends_in_cr_and_lf(api):
    make_region(api, code="ENDS")

    text = api.get("/v1/regions", params={"code": "ENDS"}, accept="text/csv").content

    assert text.endswith(b"\r\n") and text.count(b"\n") == text.count(b"\r\n") == 2


def test_the_header_names_the_members(api):
    region = make_region(api, code="HEADER")

    row = cells(api, "/v1/regions", code="HEADER")[0]

    assert list(row) == list(region)


def test_a_cell_with_quotes_commas_and_line_ends_is_quoted(api):
    partner = make_partner(api, name='Quote " comma , semicolon ;', address='Line 1\r\nLine 2\n"Line" 3,')

    row = cells(api, "/v1/partners", code=partner["code"])[0]

    assert (row["name"], row["address"]) == (partner["name"], partner["address"])


@pytest.mark.parametrize("name", HOSTILE[:5])
def test_a_cell_that_starts_a_formula_is_defused(api, name):
    partner = make_partner(api, name=name)

    assert cells(api, "/v1/partners", code=partner["code"])[0]["name"] == "'" + name


@pytest.mark.parametrize("name", ["a=1", "1+1", "a@b", "O'Neill", "'", "a-b"])
def test_a_cell_that_starts_no_formula_is_untouched(api, name):
    partner = make_partner(api, name=name)

    assert cells(api, "/v1/partners", code=partner["code"])[0]["name"] == name


def test_a_tab_or_line_end_before_a_formula_is_defused(api):
    partner = make_partner(api, address="\t=1+1")

    assert cells(api, "/v1/partners", code=partner["code"])[0]["address"] == "'\t=1+1"


def test_negative_numbers_are_untouched(api, product):
    partner = make_partner(api)
    make_sale(api, partner, product, quantity="-2", amount="-20.50", kind="return_to_vendor")

    row = cells(api, "/v1/sales-records", partner_code=partner["code"])[0]

    assert (row["quantity"], row["amount"]) == ("-2", "-20.50")


def test_nested_members_are_json_in_a_cell(api):
    partner = make_partner(api, tags=["a", 'b "c"'], custom={"x": 1, "y": "=1"}, external_refs={"zoho": "1,2"})

    row = cells(api, "/v1/partners", code=partner["code"])[0]

    assert {name: json.loads(row[name]) for name in ("tags", "custom", "external_refs")} == {
        name: partner[name] for name in ("tags", "custom", "external_refs")}


def test_null_is_an_empty_cell(api):
    partner = make_partner(api)

    row = cells(api, "/v1/partners", code=partner["code"])[0]

    assert (row["city"], row["employees"], row["parent_id"]) == ("", "", "")


def test_a_mark_comes_only_when_asked_for(api):
    make_region(api)

    assert not api.get("/v1/regions", accept="text/csv").content.startswith(b"\xef\xbb\xbf")
    assert api.get("/v1/regions", accept="text/csv;bom=true").content.startswith(b"\xef\xbb\xbfid,")


def test_an_empty_list_is_a_header_or_nothing(api):
    none = {"code": "NONE"}

    assert api.get("/v1/regions", params=none, accept="application/x-ndjson").content == b""
    assert api.get("/v1/regions", params=none, accept="text/csv").text.count("\n") == 1


def test_ndjson_is_an_object_a_line(api):
    made = [make_region(api, name=f"Line \u2028 {i}") for i in range(3)]

    text = api.get("/v1/regions", accept="application/x-ndjson").content.decode()
    objects = [json.loads(line) for line in text.split("\n") if line]

    assert text.endswith("\n")
    assert all(region in objects for region in made)


@pytest.mark.parametrize("accept, media_type", [
    ("*/*", "application/json"), ("", "application/json"), ("text/csv", "text/csv; charset=utf-8"), ("TEXT/CSV", "text/csv; charset=utf-8"),
    ("text/html, text/csv;q=0.5", "text/csv; charset=utf-8"), ("text/csv;q=0.5, application/json", "application/json"),
    ("application/json;q=0.1, application/x-ndjson;q=0.2", "application/x-ndjson"), ("application/*", "application/json"),
    ("text/csv;q=0, */*", "application/json"), ("application/xhtml+xml, */*;q=0.8", "application/json"),
])
def test_the_format_is_the_one_preferred(api, accept, media_type):
    answer = api.get("/v1/regions", accept=accept)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)


def test_the_answer_varies_with_accept(api):
    assert "Accept" in {name.strip() for name in api.get("/v1/regions").headers.get("Vary", "").split(",")}


def test_every_list_goes_out_in_every_format(api, contract):
    below = {operation.template.split("/")[2] for operation in contract.operations if operation.id.startswith("list") and "{id}" in operation.template}
    holders = [resource for resource in contract.resources.values() if resource.reads and resource.path.split("/")[2] in below]
    ids = {resource.path.split("/")[2]: Maker(api).make(resource.schema)["id"] for resource in holders}

    for operation in contract.operations:
        if operation.id.startswith("list") and operation.id != "listEnums":  # one document for all, no page of rows
            path = operation.template.replace("{id}", ids.get(operation.template.split("/")[2], ""))
            for accept in ("text/csv", "application/x-ndjson", "application/json"):
                assert api.get(path, accept=accept).headers["Content-Type"].startswith(accept), operation.id


def test_more_than_a_page_goes_out(api, database):
    database(
        "insert into region (id, code, name, created_at, updated_at) select gen_random_uuid(), 'BULK-' || i, 'Bulk', now(), now() "
        "from generate_series(1, 5000) i",
    )

    rows = cells(api, "/v1/regions", q="BULK-", sort="name")

    assert len(rows) == len({row["id"] for row in rows}) == 5000


def test_head_of_an_export_has_no_body(api):
    answer = api.head("/v1/regions", accept="text/csv")

    assert (answer.status_code, answer.content) == (200, b"")


def test_an_export_goes_back_in_unchanged(api):
    make_region(api, name="=1+1")
    make_product(api, name="-Dash, \"quoted\"", custom={"a": 1})
    for path in ("regions", "products"):
        file = api.get(f"/v1/{path}", accept="application/x-ndjson", params={"fields": "sku,name,custom" if path == "products" else "code,name"})
        lines = [{k: v for k, v in json.loads(line).items() if k not in ("id", "version")} for line in file.text.split("\n") if line]
        body = "\n".join(json.dumps(line) for line in lines).encode()

        report = api.post(f"/v1/{path}/import", data=body, content_type="application/x-ndjson").json()

        assert (report["unchanged"], report["rejected"], report["updated"]) == (len(lines), 0, 0), report["errors"][:3]
