"""What becomes of the rows of an import: good ones post, bad ones come back with their line and their reasons."""
import json

import pytest

from support import builders, channel
from support.client import CSV, NDJSON

SHARES_SERVER = True

SALES = "external_ref,sold_on,partner_code,sku,quantity,unit_price,currency"


@pytest.fixture
def partner(api):
    return builders.make_partner(api)


def import_csv(api, resource, *lines, **options):
    answer = channel.import_file(api, resource, ("\n".join(lines) + "\n").encode(), **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def import_ndjson(api, resource, *objects, **options):
    lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in objects]
    answer = channel.import_file(api, resource, ("\n".join(lines) + "\n").encode(), content_type=NDJSON, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counts(report):
    return tuple(report[name] for name in ("rows", "created", "updated", "unchanged", "rejected"))


def faults(report):
    return [(error["line"], error["pointer"], error["code"]) for error in report["errors"]]


def sale(partner, product, reference, quantity="3", day="2026-03-01"):
    return f"{reference},{day},{partner['code']},{product['sku']},{quantity},10.00,USD"


def codes(api, path, **params):
    return {row["code"] for row in api.walk(path, **params)}


def test_a_broken_row_does_not_stop_the_others(api, partner, product):
    report = import_csv(
        api,
        "sales-records",
        SALES,
        sale(partner, product, "A-1"),
        sale(partner, product, "A-2", quantity="three"),
        sale(partner, product, "A-3"),
    )

    assert counts(report) == (3, 2, 0, 0, 1)
    assert [fault[:2] for fault in faults(report)] == [(3, "/quantity")]
    posted = api.walk("/v1/sales-records", partner_id=partner["id"])
    assert sorted(row["external_ref"] for row in posted) == ["A-1", "A-3"]
    assert {row["import_id"] for row in posted} == {report["id"]}


def test_all_faults_of_a_row_come_at_once(api, partner, product):
    report = import_csv(api, "sales-records", SALES, f"A,2026-02-30,{partner['code']},,1e3,10.123456789,usd")

    assert counts(report) == (1, 0, 0, 0, 1)
    assert {(line, pointer) for line, pointer, _ in faults(report)} >= {
        (2, "/sold_on"),
        (2, "/quantity"),
        (2, "/unit_price"),
        (2, "/currency"),
    }


def test_references_that_lead_nowhere_are_named(api, partner, product):
    header = SALES + ",region_code,manager_code"
    good = sale(partner, product, "B")

    report = import_csv(
        api,
        "sales-records",
        header,
        f"{good},NOWHERE,NOBODY",
        f"C,2026-03-01,NONE,{product['sku']},1,1.00,USD,,",
        f"D,2026-03-01,{partner['code']},NONE,1,1.00,USD,,",
    )

    assert counts(report) == (3, 0, 0, 0, 3)
    assert sorted(faults(report)) == [
        (2, "/manager_code", "manager_unknown"),
        (2, "/region_code", "region_unknown"),
        (3, "/partner_code", "partner_unknown"),
        (4, "/sku", "product_unknown"),
    ]


@pytest.mark.parametrize(
    "missing, pointers", [("partner_code", {"/partner_code", "/partner_id", ""}), ("sku", {"/sku", "/product_id", ""})]
)
def test_a_sale_without_partner_or_product_is_refused_alone(api, partner, product, missing, pointers):
    cells = {"partner_code": partner["code"], "sku": product["sku"]}
    broken = {**cells, missing: ""}

    report = import_csv(
        api,
        "sales-records",
        SALES,
        f"no-{missing},2026-03-01,{broken['partner_code']},{broken['sku']},1,1.00,USD",
        f"with-{missing},2026-03-01,{cells['partner_code']},{cells['sku']},1,1.00,USD",
    )

    assert counts(report) == (2, 1, 0, 0, 1)
    assert [line for line, pointer, _ in faults(report) if pointer in pointers] == [2]


def test_a_sale_needs_a_price_or_an_amount_that_fits(api, partner, product):
    report = import_csv(
        api,
        "sales-records",
        "sold_on,partner_code,sku,quantity,unit_price,amount,currency",
        f"2026-03-01,{partner['code']},{product['sku']},1,,,USD",
        f"2026-03-01,{partner['code']},{product['sku']},99999999999999,99999999999,,USD",
        f"2026-03-01,{partner['code']},{product['sku']},1,,99999999999999.9999,USD",
    )

    assert counts(report) == (3, 1, 0, 0, 2)
    assert {fault[:2] for fault in faults(report)} == {(2, "/amount"), (3, "/amount")}


def test_an_atomic_import_posts_all_or_nothing(api, database, partner, product):
    lines = [
        SALES,
        sale(partner, product, "A-1"),
        sale(partner, product, "A-2", day="yesterday"),
        sale(partner, product, "A-3"),
    ]

    refused = import_csv(api, "sales-records", *lines, params={"atomic": "true"})
    posted = import_csv(api, "sales-records", lines[0], lines[1], lines[3], params={"atomic": "true"})

    assert counts(refused) == (3, 0, 0, 0, 1)
    assert [fault[:2] for fault in faults(refused)] == [(3, "/sold_on")]
    assert counts(posted) == (2, 2, 0, 0, 0)
    assert {row["import_id"] for row in api.walk("/v1/sales-records", partner_id=partner["id"])} == {posted["id"]}
    assert api.get(f"/v1/imports/{refused['id']}").json()["is_posted"] is False
    assert database("select count(*) from audit_log where object_id = %s", refused["id"])[0][0] == 0
    assert database("select count(*) from event where object_id = %s", refused["id"])[0][0] == 0


def test_a_dry_run_posts_nothing_and_reports_the_same(api, database, partner, product):
    lines = [
        SALES,
        sale(partner, product, "A-1"),
        sale(partner, product, "A-2", quantity="x"),
        sale(partner, product, "A-3"),
    ]

    dry = import_csv(api, "sales-records", *lines, params={"dry_run": "true"})

    assert api.walk("/v1/sales-records", partner_id=partner["id"]) == []
    assert database("select count(*) from audit_log where object_id = %s", dry["id"])[0][0] == 0
    found = api.get(f"/v1/imports/{dry['id']}").json()
    assert (found["is_dry_run"], found["is_posted"]) == (True, False)
    wet = import_csv(api, "sales-records", *lines)
    assert (dry["dry_run"], wet["dry_run"]) == (True, False)
    assert (counts(dry), dry["errors"]) == (counts(wet), wet["errors"])


@pytest.mark.parametrize("resource", ["regions", "partners"])
def test_parents_may_come_later_in_the_file(api, resource):
    prefix = f"LATER-{resource}"

    report = import_csv(
        api,
        resource,
        "code,name,parent_code",
        f"{prefix}-3,Leaf,{prefix}-2",
        f"{prefix}-2,Branch,{prefix}-1",
        f"{prefix}-1,Root,",
    )

    assert counts(report) == (3, 3, 0, 0, 0)
    for child, parent in ((3, 2), (2, 1)):
        found = api.get(f"/v1/{resource}", params={"code": f"{prefix}-{child}"}).json()["data"][0]
        assert found["parent_code"] == f"{prefix}-{parent}"


@pytest.mark.parametrize("resource", ["regions", "partners"])
def test_a_parent_that_is_refused_takes_all_below_it(api, resource):
    prefix = f"REFUSED-{resource}"

    report = import_csv(
        api,
        resource,
        "code,name,parent_code",
        f"{prefix}-3,Leaf,{prefix}-2",
        f"{prefix}-2,Branch,{prefix}-1",
        f"{prefix}-1,,",
        f"{prefix}-4,Other,",
    )

    assert counts(report) == (4, 1, 0, 0, 3)
    problem = f"{resource[:-1]}_unknown"
    assert {fault for fault in faults(report) if fault[0] < 4} == {
        (2, "/parent_code", problem),
        (3, "/parent_code", problem),
    }
    assert [fault[:2] for fault in faults(report) if fault[0] == 4] == [(4, "/name")]
    assert {code for code in codes(api, f"/v1/{resource}") if code.startswith(prefix)} == {f"{prefix}-4"}


@pytest.mark.parametrize("resource", ["regions", "partners"])
def test_of_a_ring_in_the_file_nothing_is_posted_and_all_else_is(api, resource):
    prefix = f"RING-{resource}"
    rows = [f"{prefix}-1,One,{prefix}-2", f"{prefix}-2,Two,{prefix}-1", f"{prefix}-3,Self,{prefix}-3", f"{prefix}-4,Below,{prefix}-1", f"{prefix}-5,Other,"]

    dry, wet = (import_csv(api, resource, "code,name,parent_code", *rows, params=params) for params in ({"dry_run": "true"}, {}))

    kind = resource[:-1]
    assert sorted(faults(wet)) == [(line, "/parent_code", f"{kind}_cycle") for line in (2, 3, 4)] + [(5, "/parent_code", f"{kind}_unknown")]
    assert (counts(dry), dry["errors"]) == (counts(wet), wet["errors"])
    assert [code for code in codes(api, f"/v1/{resource}") if code.startswith(prefix)] == [f"{prefix}-5"]


@pytest.mark.parametrize("resource", ["regions", "partners"])
def test_a_row_that_closes_a_ring_with_what_is_there_is_refused_alone(api, resource):
    prefix = f"CLOSED-{resource}"
    import_csv(api, resource, "code,name,parent_code", f"{prefix}-1,Top,", f"{prefix}-2,Middle,{prefix}-1", f"{prefix}-3,Leaf,{prefix}-2")

    dry, wet = (import_csv(api, resource, "code,name,parent_code", f"{prefix}-1,Top,{prefix}-3", f"{prefix}-4,New,{prefix}-3", params=params) for params in ({"dry_run": "true"}, {}))

    assert faults(wet) == [(2, "/parent_code", f"{resource[:-1]}_cycle")]
    assert (counts(dry), dry["errors"]) == (counts(wet), wet["errors"])
    found = {code: api.get(f"/v1/{resource}", params={"code": code}).json()["data"][0]["parent_code"] for code in (f"{prefix}-1", f"{prefix}-4")}
    assert found == {f"{prefix}-1": None, f"{prefix}-4": f"{prefix}-3"}


@pytest.mark.parametrize("resource", ["regions", "partners"])
@pytest.mark.parametrize("stored, file, refused", [
    # A row that is refused leaves A below B, so B cannot go below A.
    ({"B": "", "A": "B"}, {"A": "NOWHERE", "B": "A"}, {"A": "unknown", "B": "cycle"}),
    # A and C close a ring; without them A is below B as before, so B cannot go below A.
    ({"B": "", "A": "B", "C": ""}, {"A": "C", "C": "A", "B": "A"}, {"A": "cycle", "C": "cycle", "B": "cycle"}),
])
def test_a_row_that_is_refused_leaves_what_is_there_and_that_may_close_a_ring(api, resource, stored, file, refused):
    prefix = builders.unique("LEFT")
    rows = lambda parents: [f"{prefix}{code},N,{parent and prefix + parent}" for code, parent in parents.items()]
    import_csv(api, resource, "code,name,parent_code", *rows(stored))

    dry, wet = (import_csv(api, resource, "code,name,parent_code", *rows(file), f"{prefix}NEW,New,", params=params) for params in ({"dry_run": "true"}, {}))

    lines = {code: line for line, code in enumerate(file, start=2)}
    assert sorted(faults(wet)) == sorted((lines[code], "/parent_code", f"{resource[:-1]}_{problem}") for code, problem in refused.items())
    assert (counts(dry), dry["errors"]) == (counts(wet), wet["errors"])
    assert counts(wet)[1] == 1


@pytest.mark.parametrize(
    "resource, key", [("regions", "code"), ("products", "sku"), ("members", "code"), ("partners", "code")]
)
def test_a_key_that_comes_twice_counts_once(api, resource, key):
    report = import_csv(
        api, resource, f"{key},name", f"TWICE-{resource},First", f"OTHER-{resource},Other", f"TWICE-{resource},Second"
    )

    assert counts(report) == (3, 2, 0, 0, 1)
    assert faults(report) == [(4, f"/{key}", "duplicate_in_file")]
    assert api.get(f"/v1/{resource}", params={key: f"TWICE-{resource}"}).json()["data"][0]["name"] == "First"


def test_a_reference_that_comes_twice_is_the_same_sale_or_refused(api, partner, product):
    report = import_csv(
        api,
        "sales-records",
        SALES,
        sale(partner, product, "S"),
        sale(partner, product, "S"),
        sale(partner, product, "S", quantity="4"),
    )

    assert counts(report) == (3, 1, 0, 1, 1)
    assert faults(report) == [(4, "/amount", "sales_record_differs"), (4, "/quantity", "sales_record_differs")]


def test_sales_without_a_reference_are_all_new(api, partner, product):
    line = f",2026-03-01,{partner['code']},{product['sku']},1,1.00,USD"

    first, second = import_csv(api, "sales-records", SALES, line, line), import_csv(api, "sales-records", SALES, line)

    assert (counts(first), counts(second)) == ((2, 2, 0, 0, 0), (1, 1, 0, 0, 0))


def test_a_reference_is_known_within_its_partner_and_source_only(api, partner, product):
    other = builders.make_partner(api)
    lines = [
        f"R,2026-03-01,{code},{product['sku']},1,1.00,USD,{source}"
        for code in (partner["code"], other["code"])
        for source in ("erp", "")
    ]

    report = import_csv(api, "sales-records", SALES + ",source", *lines)

    assert counts(report) == (4, 4, 0, 0, 0)


def test_a_corrected_sale_is_known_by_what_it_says_now(api, partner, product):
    import_csv(api, "sales-records", SALES, sale(partner, product, "K"))
    record = api.get("/v1/sales-records", params={"partner_id": partner["id"]}).json()["data"][0]
    corrected = api.post(
        f"/v1/sales-records/{record['id']}/correct",
        json={"reason": "miscounted", "quantity": "5"},
        if_match=builders.etag_of(record),
    )
    assert corrected.status_code == 201

    again = import_csv(api, "sales-records", SALES, sale(partner, product, "K"))
    fixed = import_csv(api, "sales-records", SALES, sale(partner, product, "K", quantity="5"))

    assert faults(again) == [(2, "/quantity", "sales_record_differs")]
    assert counts(fixed) == (1, 0, 0, 1, 0)


def test_master_data_that_differs_is_updated_where_the_file_speaks(api, partner):
    code = partner["code"]
    import_csv(api, "partners", "code,name,city,employees,tags", f'{code},Acme,Berlin,7,"[""a"",""b""]"')

    changed = import_csv(api, "partners", "code,name,employees", f"{code},Acme,8")
    same = import_csv(api, "partners", "code,name,employees", f"{code},Acme,8")

    assert (counts(changed), counts(same)) == ((1, 0, 1, 0, 0), (1, 0, 0, 1, 0))
    found = api.get(f"/v1/partners/{partner['id']}").json()
    assert (found["city"], found["employees"], found["tags"]) == ("Berlin", 8, ["a", "b"])
    assert found["version"] == partner["version"] + 2


def test_an_import_moves_no_status(api, partner):
    report = import_csv(api, "partners", "code,name,status", f"{partner['code']},{partner['name']},active")

    assert counts(report)[4] == 1
    assert faults(report) == [(2, "/status", "status_move_refused")]
    assert api.get(f"/v1/partners/{partner['id']}").json()["status"] == "prospect"


def test_a_status_that_a_partner_has_already_is_no_move(api, partner):
    for status in ("onboarding", "active", "suspended"):
        assert api.post(f"/v1/partners/{partner['id']}/status", json={"status": status}).status_code == 200

    report = import_csv(api, "partners", "code,name,status", f"{partner['code']},{partner['name']},suspended", "NEW-AND-SUSPENDED,New,suspended")

    assert counts(report)[3:] == (1, 1)
    assert faults(report) == [(3, "/status", "status_move_refused")]


def test_more_than_a_thousand_faults_can_be_paged_through(api):
    lines = [f"MANY-{number},," for number in range(1234)]

    report = import_csv(api, "regions", "code,name,parent_code", *lines)

    assert (report["rejected"], len(report["errors"])) == (1234, 1000)
    assert [error["line"] for error in report["errors"]] == list(range(2, 1002))
    walked = api.walk(f"/v1/imports/{report['id']}/errors", limit=200)
    assert [(error["line"], error["pointer"]) for error in walked] == [(line, "/name") for line in range(2, 1236)]
    as_csv = api.get(f"/v1/imports/{report['id']}/errors", accept=CSV).text
    assert len(as_csv.splitlines()) == 1235


def test_ndjson_imports_like_csv(api, partner, product):
    row = {
        "external_ref": "N-1",
        "sold_on": "2026-03-01",
        "partner_id": partner["id"],
        "product_id": product["id"],
        "quantity": "3",
        "unit_price": "10.00",
        "currency": "USD",
    }

    report = import_ndjson(
        api, "sales-records", row, "", {**row, "external_ref": "N-2", "custom": {"渠道": "线上", "n": 1, "b": True}}
    )
    again = import_csv(api, "sales-records", SALES, sale(partner, product, "N-1"))

    assert counts(report) == (2, 2, 0, 0, 0)
    assert counts(again) == (1, 0, 0, 1, 0)
    found = api.get("/v1/sales-records", params={"partner_id": partner["id"], "external_ref": "N-2"}).json()["data"][0]
    assert (found["amount"], found["custom"]) == ("30.00", {"渠道": "线上", "n": 1, "b": True})


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "17",
        '"text"',
        "null",
        '{"code": "X"',
        '{"code": "X", "code": "Y", "name": "n"}',
        '{"code": "X", "name": "n"} trailing',
        '{"code": "X", "name": "a\\u0000b"}',
        '{"code": "X", "name": "\\ud800"}',
        '{"code": 7, "name": "n"}',
        '{"code": "X", "name": "n", "color": "red"}',
        '{"name": "n"}',
        "[" * 5000,
    ],
)
def test_a_broken_line_of_ndjson_is_refused_alone(api, line):
    code = builders.unique("LINE")

    report = import_ndjson(
        api, "regions", {"code": f"{code}-1", "name": "One"}, line, {"code": f"{code}-2", "name": "Two"}
    )

    assert counts(report) == (3, 2, 0, 0, 1)
    assert {fault[0] for fault in faults(report)} == {2}


def test_unknown_members_of_ndjson_are_kept_where_they_are_scalars(api):
    code = builders.unique("EXTRA")

    report = import_ndjson(
        api,
        "regions",
        {"code": code, "name": "One", "climate": "mild", "rank": 3, "custom": {"own": "yes"}},
        {"code": f"{code}-2", "name": "Two", "tree": {"a": 1}},
        params={"unknown": "custom"},
    )

    assert counts(report) == (2, 1, 0, 0, 1)
    found = api.get("/v1/regions", params={"code": code}).json()["data"][0]
    assert found["custom"] == {"climate": "mild", "rank": 3, "own": "yes"}


def test_an_import_with_a_key_is_done_once(api, partner, product):
    body = f"{SALES}\n{sale(partner, product, 'I-1')}\n,2026-03-01,{partner['code']},{product['sku']},1,1.00,USD\n".encode()
    key = builders.unique("import-key")

    first = channel.import_file(api, "sales-records", body, idempotency_key=key)
    replay = channel.import_file(api, "sales-records", body, idempotency_key=key)
    other = channel.import_file(api, "sales-records", body + b"\n", idempotency_key=key)

    assert (first.status_code, replay.status_code) == (200, 200)
    assert replay.content == first.content
    assert replay.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(api.walk("/v1/sales-records", partner_id=partner["id"])) == 2


def test_a_partner_imports_only_what_it_sold_itself(api, partner, product):
    child, stranger = builders.make_partner(api, parent_code=partner["code"]), builders.make_partner(api)
    line = "{},2026-03-01,{},{},{},1.00,USD,{}".format

    report = import_csv(
        api.as_partner(partner),
        "sales-records",
        SALES + ",kind",
        line("P-1", partner["code"], product["sku"], "1", "sell_through"),
        line("P-2", child["code"], product["sku"], "-1", "return_from_customer"),
        line("P-3", stranger["code"], product["sku"], "1", "sell_through"),
        line("P-4", partner["code"], product["sku"], "1", "sell_in"),
        line("P-5", partner["code"], product["sku"], "1", ""),
    )

    assert counts(report) == (5, 2, 0, 0, 3)
    assert sorted(faults(report)) == [
        (4, "/partner_code", "partner_unknown"),
        (5, "/kind", "forbidden"),
        (6, "/kind", "forbidden"),
    ]
    assert {row["external_ref"] for row in api.walk("/v1/sales-records", import_id=report["id"])} == {"P-1", "P-2"}


def test_a_partner_sees_its_own_imports_only(api, partner, product):
    stranger = builders.make_partner(api)
    report = import_csv(api.as_partner(partner), "sales-records", SALES, sale(partner, product, "own"))
    of_staff = import_csv(api, "sales-records", SALES, sale(partner, product, "staff"))

    assert {row["id"] for row in api.as_partner(partner).walk("/v1/imports")} == {report["id"]}
    assert api.as_partner(partner).get(f"/v1/imports/{of_staff['id']}").status_code == 404
    assert api.as_partner(stranger).get(f"/v1/imports/{report['id']}").status_code == 404
    assert api.as_partner(stranger).get(f"/v1/imports/{report['id']}/errors").status_code == 404


@pytest.mark.parametrize("resource", ["regions", "products", "members", "partners"])
def test_a_partner_imports_no_master_data(api, partner, resource):
    assert channel.import_file(api.as_partner(partner), resource, b"code,name\nX,Y\n").status_code == 403


@pytest.mark.parametrize("resource", channel.FILES)
def test_an_analyst_imports_nothing(api, resource):
    assert channel.import_file(api.as_role("analyst"), resource, channel.content(resource)).status_code == 403


def test_a_manager_imports_for_its_own_partners_only(api, product):
    member, other = builders.make_member(api), builders.make_member(api)
    own, foreign = builders.make_partner(api, manager_code=member["code"]), builders.make_partner(
        api, manager_code=other["code"]
    )

    report = import_csv(
        api.as_manager(member), "sales-records", SALES, sale(own, product, "M-1"), sale(foreign, product, "M-2")
    )
    partners = import_csv(
        api.as_manager(member),
        "partners",
        "code,name,manager_code",
        f"{own['code']},Renamed,{member['code']}",
        f"{foreign['code']},Renamed,{member['code']}",
        f"{builders.unique('NEW')},New,{other['code']}",
    )

    assert (counts(report), faults(report)) == ((2, 1, 0, 0, 1), [(3, "/partner_code", "forbidden")])
    assert counts(partners) == (3, 0, 1, 0, 2)
    assert {(line, code) for line, _, code in faults(partners)} == {(3, "forbidden"), (4, "forbidden")}
    assert api.get(f"/v1/partners/{foreign['id']}").json()["name"] == foreign["name"]


def test_a_whole_number_may_have_a_point_in_json(api):
    report = import_ndjson(api, "partners", {"code": "POINT-1", "name": "Point", "employees": 5.0})

    assert counts(report) == (1, 1, 0, 0, 0)
    assert api.get("/v1/partners", params={"code": "POINT-1"}).json()["data"][0]["employees"] == 5


def test_custom_columns_are_held_to_the_contract(api):
    too_many = [f"c{i}" for i in range(101)]

    long_value = import_csv(api, "regions", "code,name,note", "LONG-1,Long," + "x" * 5000, "LONG-2,Short,y", params={"unknown": "custom"})
    many = import_csv(
        api, "regions", ",".join(["code", "name", *too_many]), ",".join(["MANY-1", "Many", *too_many]), "MANY-2,Few" + "," * 101,
        params={"unknown": "custom"},
    )

    assert counts(long_value) == (2, 1, 0, 0, 1)
    assert faults(long_value)[0][:2] == (2, "/custom/note") or faults(long_value)[0][:2] == (2, "/custom")
    assert counts(many) == (2, 1, 0, 0, 1)
