"""The AdventureWorks channel comes in completely, to the last digit, and coming in again changes nothing."""
import collections
import decimal
import hashlib

import pytest

from support import channel

ROWS = {"regions": 19, "products": 397, "members": 17, "partners": 701, "sales-records": 57851, "exchange-rates": 5790, "quotas": 163}


@pytest.fixture(scope="module")
def imported(api):
    return channel.import_all(api)


def sums(rows, *names):
    totals = collections.defaultdict(decimal.Decimal)
    for row in rows:
        totals[tuple(row[name] for name in names)] += decimal.Decimal(row["amount"])
    return dict(totals)


@pytest.mark.parametrize("resource", ROWS)
def test_every_row_is_created(imported, resource):
    report = imported[resource]

    assert report["rows"] == report["created"] == ROWS[resource]
    assert (report["updated"], report["unchanged"], report["rejected"], report["errors"], report["dry_run"]) == (
        0,
        0,
        0,
        [],
        False,
    )


@pytest.mark.parametrize(
    "names", [("currency",), ("partner_code",), ("region_code", "currency"), ("manager_code", "sku", "currency")]
)
def test_sums_equal_those_of_the_file(database, imported, names):
    stored = database(
        "select p.code as partner_code, r.code as region_code, m.code as manager_code, i.sku, s.currency, s.amount::text as amount"
        " from sales_record s join partner p on p.id = s.partner_id join product i on i.id = s.product_id"
        " join region r on r.id = s.region_id join member m on m.id = s.manager_id"
    )

    assert sums([row._asdict() for row in stored], *names) == sums(channel.rows("sales-records"), *names)


def test_costs_and_quantities_equal_those_of_the_file(database, imported):
    stored = database(
        "select external_ref, quantity::text, unit_price::text, cost::text, cost_currency from sales_record"
    )

    wanted = {row["external_ref"]: row for row in channel.rows("sales-records")}
    for row in stored:
        given = wanted[row.external_ref]
        assert decimal.Decimal(row.quantity) == decimal.Decimal(given["quantity"])
        assert decimal.Decimal(row.unit_price) == decimal.Decimal(given["unit_price"])
        assert row.cost_currency == (given["cost_currency"] or given["currency"])
        assert (row.cost is None) == (given["cost"] == "")
        assert row.cost is None or decimal.Decimal(row.cost) == decimal.Decimal(given["cost"])


def test_columns_that_the_contract_does_not_know_are_kept(api, imported):
    given = channel.rows("partners")[0]

    partner = api.get("/v1/partners", params={"code": given["code"]}).json()["data"][0]

    known = {
        "code",
        "name",
        "phone",
        "address",
        "city",
        "state_province",
        "country_code",
        "postal_code",
        "region_code",
        "employees",
    }
    assert partner["custom"] == {name: value for name, value in given.items() if name not in known and value}
    assert (partner["city"], partner["region_code"], partner["employees"]) == (
        given["city"],
        given["region_code"],
        int(given["employees"]),
    )


def test_the_tree_of_regions_is_the_file_s(api, imported):
    regions = {region["code"]: region["parent_code"] for region in api.walk("/v1/regions", limit=200)}

    assert regions == {row["code"]: row["parent_code"] or None for row in channel.rows("regions")}


def test_rows_carry_the_import_that_wrote_them(database, imported):
    tables = {
        "regions": "region",
        "products": "product",
        "members": "member",
        "partners": "partner",
        "sales-records": "sales_record",
        "exchange-rates": "exchange_rate",
        "quotas": "quota",
    }

    for resource, table in tables.items():
        written = database(f"select import_id::text, count(*) as rows from {table} group by 1")
        assert [(row.import_id, row.rows) for row in written] == [(imported[resource]["id"], ROWS[resource])]


def test_an_import_is_one_audit_entry_with_the_digest_of_the_file_and_one_event(api, database, imported):
    for resource, report in imported.items():
        digest = hashlib.sha256(channel.content(resource)).hexdigest()

        entries = api.get("/v1/audit-log", params={"object_id": report["id"]}).json()["data"]
        events = database("select type from event where object_id = %s", report["id"])

        assert [(entry["action"], entry["object_type"], entry["after"]["digest"]) for entry in entries] == [
            ("import", "import", digest)
        ]
        assert [event.type for event in events] == ["import.finished"]
    assert database("select count(*) from audit_log where action <> 'import' and object_type <> 'api_key'")[0][0] == 0
    assert database("select count(*) from event where object_type not in ('import', 'api_key')")[0][0] == 0


def test_an_import_can_be_looked_up(api, imported):
    for resource, report in imported.items():
        found = api.get(f"/v1/imports/{report['id']}").json()

        assert (found["resource"], found["rows"], found["created"], found["is_posted"]) == (
            resource,
            ROWS[resource],
            ROWS[resource],
            True,
        )
        assert found["digest"] == hashlib.sha256(channel.content(resource)).hexdigest()
        assert found["started_at"] <= found["finished_at"]


def test_the_same_files_again_create_nothing(api, database, imported):
    state = "select count(*) as rows, max(version) as version, max(updated_at) as at from "
    tables = ("region", "product", "member", "partner", "sales_record")
    before = [database(state + table) for table in tables]

    reports = channel.import_all(api)

    for resource, report in reports.items():
        assert report["rows"] == report["unchanged"] == ROWS[resource], report
    assert [database(state + table) for table in tables] == before


def test_a_sale_that_differs_from_the_one_with_its_reference_is_refused(api, database, imported):
    header, *lines = channel.content("sales-records").decode().splitlines()
    cells = lines[1].split(",")
    cells[header.split(",").index("quantity")] = "77"
    body = "\n".join([header, lines[0], ",".join(cells), lines[2]]) + "\n"

    report = channel.import_file(api, "sales-records", body.encode()).json()

    assert (report["created"], report["unchanged"], report["rejected"]) == (0, 2, 1)
    assert [(error["line"], error["pointer"], error["code"]) for error in report["errors"]] == [
        (3, "/quantity", "sales_record_differs")
    ]
    assert database("select count(*) from sales_record")[0][0] == ROWS["sales-records"]
