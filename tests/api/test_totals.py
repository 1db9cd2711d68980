"""How many objects a list has: only when asked, by filters and rights, whatever the page."""
import pytest

from support import builders
from support.client import CSV, NDJSON
from support.contract import woven
from support.maker import Maker, an_obligation

LISTS = [operation.id for operation in woven().operations if operation.id.startswith("list") and "cursor" in operation.parameters()]
COUNTED_MAX = 10000
MANY = 30000


@pytest.fixture(scope="module")
def world(api, database):
    """Some of everything, two of what a page of one is to be short of."""
    parent = builders.make_partner(api, manager_code=builders.make_member(api)["code"])
    own = builders.make_partner(api, parent_code=parent["code"])
    other = builders.make_partner(api)
    product = builders.make_product(api)
    for partner in (parent, own, own, other, other, other):
        builders.make_contact(api, partner)
        builders.make_customer(api, partner_code=partner["code"])
    sales = [builders.make_sale(api, partner, product) for partner in (parent, own, own, other, other, other)]
    for _ in range(2):
        builders.make_region(api)
        builders.make_exchange_rate(api)
        builders.make_legal_entity(api)
        Maker(api).make_all()
        builders.make_calendar_period(api, builders.make_calendar(api))
        builders.make_quota(api, builders.make_member(api))
        builders.make_period_lock(api)
        webhook = builders.make_webhook(api, partner_code=own["code"])
        builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))
        assert api.post("/v1/exports", json={"list": "/v1/regions", "format": "csv"}).status_code == 202
        refused = api.post("/v1/regions/import", data=b"code\nX\nY\n", content_type="text/csv").json()
    for status in ("onboarding", "active"):
        assert api.post(f"/v1/partners/{own['id']}/status", json={"status": status}).status_code == 200
    assert api.post(f"/v1/sales-records/{sales[1]['id']}/confirm", json={}, if_match="*").status_code == 200
    database("select token_subject_admit('https://id.example', 'ann', 'Ann')")
    database(
        "insert into caller_usage (id, caller_id, caller_kind, day, requests, refusals, failures, bytes_sent) "
        "values (gen_random_uuid(), gen_random_uuid(), 'api_key', '2026-01-01', 1, 0, 0, 1)"
    )
    owed = an_obligation(Maker(api), partner_code=own["code"])
    assert api.post(f"/v1/agreement-obligations/{owed['id']}/waive", json={}, if_match="*").status_code == 200
    for _ in range(2):
        builders.make_partner(api, tax_id="DUPLICATE-1")
    evaluation = {"scorecard_code": "DEFAULT", "partner_code": own["code"], "scores": [{"key": "reputation", "value": "7"}]}
    builders.made(api.post("/v1/evaluations", json=evaluation))
    ids = {
        "scorecards": Maker(api).make("Scorecard", is_reference=True)["id"],
        "partners": own["id"], "sales-records": sales[1]["id"], "imports": refused["id"], "agreements": owed["agreement_id"],
        "agreement-obligations": owed["id"],
    }
    return {"parent": parent, "own": own, "other": other, "product": product, "ids": ids}


def total_of(caller, path, count="exact", **params):
    page = caller.get(path, params={"count": count, "limit": 1, **params}).json()
    assert page["total_is_estimated"] is False
    return page["total"]


def path_of(contract, name, world):
    template = contract.by_id[name].template
    return template.replace("{id}", world["ids"].get(template.split("/")[2], ""))


@pytest.mark.parametrize("count", ["exact", "estimated"])
@pytest.mark.parametrize("name", LISTS)
def test_the_total_of_every_list_is_what_a_walk_through_it_meets(api, contract, world, name, count):
    path = path_of(contract, name, world)
    for caller in (api, api.as_partner(world["parent"])):
        if caller.get(path).status_code in (403, 404) and caller is not api:
            continue

        before = total_of(caller, path, count)
        walked = len(caller.walk(path, limit=200) if name != "listEvents" else caller.walk_log(None))
        after = total_of(caller, path, count)

        assert before <= walked <= after  # events and usage grow by themselves
        assert walked > 0 or caller is not api


def test_every_list_can_be_counted(contract):
    assert {o.id for o in contract.operations if "cursor" in o.parameters()} == set(LISTS)
    assert {o.id for o in contract.operations if "count" in o.parameters()} == set(LISTS)


def test_a_list_says_no_total_unless_it_is_asked_for(api, world):
    assert set(api.get("/v1/partners").json()) == {"data", "next_cursor", "has_more"}


@pytest.mark.parametrize("count", ["exact", "estimated"])
def test_the_total_goes_by_the_filters_and_not_by_the_page(api, world, count):
    def total(**params):
        return total_of(api, "/v1/sales-records", count, product_id=world["product"]["id"], **params)

    first = api.get("/v1/sales-records", params={"product_id": world["product"]["id"], "limit": 4}).json()

    assert total() == total(limit=200) == total(sort="created_at") == 6
    assert total(limit=4, cursor=first["next_cursor"]) == 6
    assert total(partner_code=world["own"]["code"]) == 2
    assert total(partner_code=world["own"]["code"], status="confirmed") == 1
    assert total(partner_code="nobody") == 0


@pytest.mark.parametrize("count", ["exact", "estimated"])
def test_a_total_holds_nothing_that_the_caller_may_not_see(api, world, count):
    own, parent = api.as_partner(world["own"]), api.as_partner(world["parent"])

    assert (total_of(own, "/v1/sales-records", count), total_of(parent, "/v1/sales-records", count)) == (2, 3)
    assert total_of(own, "/v1/sales-records", count, partner_id=world["other"]["id"]) == 0
    assert total_of(own, "/v1/partners", count) == 1
    assert own.get(f"/v1/partners/{world['other']['id']}/contacts", params={"count": count}).status_code == 404


@pytest.fixture(scope="module")
def many(database):
    database(
        "insert into legal_entity (id, code, name) select gen_random_uuid(), 'MANY-' || i, 'Entity ' || i from generate_series(1, %s) i", MANY
    )
    database("analyze legal_entity")


def test_what_is_beyond_ten_thousand_is_estimated(api, many):
    page = api.get("/v1/legal-entities", params={"count": "estimated"}).json()

    assert page["total_is_estimated"] is True
    assert MANY * 0.9 < page["total"] < MANY * 1.1
    assert total_of(api, "/v1/legal-entities", "estimated", code="MANY-7") == 1


def test_an_exact_total_is_exact_however_long_the_list_is(api, many):
    assert total_of(api, "/v1/legal-entities") == len(api.walk("/v1/legal-entities", limit=200, fields="code")) >= MANY


def test_an_estimate_is_never_less_than_what_was_counted(api, many, database):
    """Two filters that always go together, which the planner takes for a quarter of all."""
    database(
        "insert into customer (id, code, name, industry, tax_id) select gen_random_uuid(), 'C-' || i, 'Customer', i % 2, i % 2 from generate_series(1, 24000) i"
    )
    database("analyze customer")

    page = api.get("/v1/customers", params={"count": "estimated", "industry": "1", "tax_id": "1"}).json()

    assert (page["total"], page["total_is_estimated"]) == (COUNTED_MAX + 1, True)


def test_a_partner_gets_no_estimate_by_the_rows_of_others(api, world, many):
    partner = api.as_partner(world["own"])

    assert total_of(partner, "/v1/legal-entities", "estimated") == total_of(api, "/v1/legal-entities")


@pytest.mark.parametrize("accept", [CSV, NDJSON, "text/event-stream"])
def test_a_file_and_a_stream_have_no_total(api, accept):
    answer = api.get("/v1/events", params={"count": "exact"}, accept=accept)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?count")


@pytest.mark.parametrize("count", ["true", "EXACT", "exact,estimated", "planned"])
def test_a_list_is_counted_in_no_other_way(api, count):
    answer = api.get("/v1/regions", params={"count": count})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?count")


def test_the_next_page_is_counted_as_well(api, world):
    answer = api.get("/v1/sales-records", params={"count": "exact", "limit": 1})

    assert "count=exact" in answer.headers["Link"]
