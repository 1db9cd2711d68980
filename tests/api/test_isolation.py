"""No leak: what a partner may not see shows in no list, format, filter, search, sort, cursor, field, error or replay."""
import concurrent.futures

import pytest

from support import builders
from support.client import CSV, JSON, NDJSON
from support.contract import woven
from support.family import rights

SHARES_SERVER = True

SECRET_COST = "1234567.89"


@pytest.fixture(scope="module")
def world(api):
    parent = builders.make_partner(api, name="Parent 上级", code="FAM-PARENT")
    own = builders.make_partner(api, name="Own 自己", code="FAM-OWN", parent_code="FAM-PARENT")
    child = builders.make_partner(api, name="Child 下级", code="FAM-CHILD", parent_code="FAM-OWN")
    sibling = builders.make_partner(api, name="Sibling 兄弟", code="FAM-SIBLING", parent_code="FAM-PARENT")
    product = builders.make_product(api, standard_cost=SECRET_COST)
    sales = {}
    for i, partner in enumerate((parent, own, child, sibling)):
        builders.make_contact(api, partner, name=f"Contact of {partner['code']}")
        sales[partner["code"]] = [
            builders.make_sale(api, partner, product, kind=kind, cost=SECRET_COST, order_ref=f"ORDER-{partner['code']}", sold_on=f"2026-01-0{i + j + 1}")
            for j, kind in enumerate(("sell_in", "sell_through"))
        ]
    return {"parent": parent, "own": own, "child": child, "sibling": sibling, "product": product, "sales": sales}


@pytest.fixture(scope="module")
def me(api, world):
    return api.as_partner(world["own"])


def lists():
    """What a partner may list, of all that it sees."""
    for resource in woven().resources.values():
        if resource.lists and "{" not in resource.lists.template and "sort" in resource.lists.parameters():
            (scope,) = resource.lists.security[0]["key"]
            if scope.partition(":")[0] in rights()["partner"]["read"]:
                yield resource.lists.template


LISTS = sorted(lists())
HIDDEN = ["FAM-PARENT", "FAM-SIBLING"]


@pytest.mark.parametrize("accept", [JSON, CSV, NDJSON])
@pytest.mark.parametrize("path", LISTS)
def test_no_list_in_any_format_names_another_partner(me, world, path, accept):
    for sort in me.contract.find("GET", path).parameters()["sort"]["schema"]["enum"]:
        text = me.get(path, params={"sort": sort, "limit": 200}, accept=accept).text

        for hidden in (world["parent"], world["sibling"]):
            assert hidden["code"] not in text and hidden["name"] not in text


def test_a_partner_sees_itself_and_those_below(me, world):
    assert [p["code"] for p in me.walk("/v1/partners", limit=1)] == ["FAM-CHILD", "FAM-OWN"]
    wanted = {sale["id"] for code in ("FAM-OWN", "FAM-CHILD") for sale in world["sales"][code]}
    for sort in ("sold_on", "-sold_on", "created_at", "-created_at"):
        assert {sale["id"] for sale in me.walk("/v1/sales-records", sort=sort, limit=1)} == wanted


def test_those_below_are_in_one_order_with_itself(me, world):
    walked = [(sale["sold_on"], sale["id"]) for sale in me.walk("/v1/sales-records", sort="sold_on", limit=1)]

    assert walked == sorted(walked)


@pytest.mark.parametrize("name", ["sibling", "parent"])
def test_a_filter_by_another_partner_finds_nothing(me, world, name):
    hidden = world[name]
    for path, params in (
        ("sales-records", {"partner_code": hidden["code"]}), ("sales-records", {"partner_id": hidden["id"]}),
        ("sales-records", {"order_ref": f"ORDER-{hidden['code']}"}),
        ("sales-records", {"external_ref": world["sales"][hidden["code"]][0]["external_ref"]}),
        ("partners", {"code": hidden["code"]}), ("partners", {"q": hidden["name"]}), ("partners", {"q": hidden["code"].lower()}),
        ("partners", {"q": hidden["name"][-2:]}),
    ):
        assert me.get(f"/v1/{path}", params=params).json()["data"] == []
        assert me.get(f"/v1/{path}", params=params, accept=CSV).text.count("\n") == 1


def test_a_filter_by_the_parent_finds_nobody_but_itself(me, world):
    assert {p["code"] for p in me.walk("/v1/partners", parent_code="FAM-PARENT")} <= {"FAM-OWN"}


@pytest.mark.parametrize("sort", ["code", "name", "created_at"])
def test_a_cursor_gives_no_access(api, me, world, sort):
    cursor = api.get("/v1/partners", params={"sort": sort, "limit": 1}).json()["next_cursor"]

    answer = me.get("/v1/partners", params={"sort": sort, "cursor": cursor, "limit": 200})

    assert not any(hidden in answer.text for hidden in HIDDEN)


@pytest.mark.parametrize("accept", [JSON, CSV, NDJSON])
def test_what_things_cost_is_shown_to_no_partner(me, world, accept):
    for path, params in (
        ("products", {}), ("products", {"fields": "standard_cost"}), ("products", {"sku": world["product"]["sku"]}),
        ("sales-records", {}), ("sales-records", {"fields": "cost"}), ("sales-records", {"partner_code": "FAM-OWN"}),
        ("sales-records", {"sort": "created_at"}),
    ):
        answer = me.get(f"/v1/{path}", params=params, accept=accept)

        assert answer.status_code == 200
        assert SECRET_COST not in answer.text


def test_cost_is_null_for_a_partner_in_every_answer_with_one_object(me, world):
    sale = world["sales"]["FAM-OWN"][1]
    product = me.get(f"/v1/products/{world['product']['id']}").json()
    got = me.get(f"/v1/sales-records/{sale['id']}").json()
    corrected = me.post(f"/v1/sales-records/{sale['id']}/correct", json={"reason": "r", "quantity": "4"}, if_match="*")
    voided = me.post(f"/v1/sales-records/{corrected.json()['id']}/void", json={"reason": "r"}, if_match="*")
    own = me.post("/v1/sales-records", json=builders.a_sale(world["own"], world["product"], kind="sell_through"))

    assert product["standard_cost"] is None
    assert [a["cost"] for a in (got, corrected.json(), voided.json(), own.json())] == [None] * 4


def test_a_correction_by_a_partner_keeps_the_cost_for_staff(api, me, world):
    sale = builders.make_sale(api, world["own"], world["product"], kind="sell_through", cost="77.00")

    corrected = me.post(f"/v1/sales-records/{sale['id']}/correct", json={"reason": "r", "order_ref": "X"}, if_match="*").json()

    assert api.get(f"/v1/sales-records/{corrected['id']}").json()["cost"] == "77.00"


def test_staff_sees_what_things_cost(api, world):
    for caller in (api, api.as_role("analyst"), api.as_role("manager")):
        assert caller.get(f"/v1/products/{world['product']['id']}").json()["standard_cost"] == SECRET_COST
        assert caller.get(f"/v1/sales-records/{world['sales']['FAM-OWN'][0]['id']}").json()["cost"] == SECRET_COST


def test_a_replay_is_for_its_caller_only(api, me, world):
    sibling = api.as_partner(world["sibling"])
    body = builders.a_sale(world["sibling"], world["product"], kind="sell_through", order_ref="PRIVATE")
    assert sibling.post("/v1/sales-records", json=body, idempotency_key="shared").status_code == 201

    answer = me.post("/v1/sales-records", json=body, idempotency_key="shared")

    assert answer.status_code == 422 and "Idempotency-Replayed" not in answer.headers
    assert "PRIVATE" not in answer.text


def test_a_refusal_names_no_object_of_another_partner(me, world):
    taken = world["sales"]["FAM-SIBLING"][0]["external_ref"]

    answer = me.post("/v1/sales-records", json=builders.a_sale(world["own"], world["product"], kind="sell_through", external_ref=taken))

    assert answer.status_code == 201


def test_an_import_names_no_object_of_another_partner(me, world):
    sale = world["sales"]["FAM-SIBLING"][1]
    rows = "external_ref,sold_on,partner_code,sku,quantity,amount,currency,kind\n" + "".join(
        f"{sale['external_ref']},2026-01-01,{code},{world['product']['sku']},1,1,USD,sell_through\n" for code in ("FAM-SIBLING", "FAM-PARENT", "NOBODY"))

    report = me.post("/v1/sales-records/import", data=rows.encode(), content_type=CSV).json()

    assert (report["rejected"], report["created"]) == (3, 0)
    assert {(fault["code"], fault["detail"]) for fault in report["errors"]} == {(report["errors"][2]["code"], report["errors"][2]["detail"])}
    assert sale["id"] not in me.get(f"/v1/imports/{report['id']}/errors").text


@pytest.mark.parametrize("path", ["/v1/members", "/v1/audit-log", "/v1/api-keys"])
def test_what_is_not_for_partners_is_forbidden_in_every_format(me, path):
    for accept in (JSON, CSV, NDJSON):
        assert me.get(path, accept=accept).status_code == 403


def test_a_contact_stays_with_its_partner(me, world):
    contact = builders.make_contact(me, world["own"])

    answer = me.patch(f"/v1/contacts/{contact['id']}", json={"partner_id": world["sibling"]["id"]}, if_match="*")

    assert answer.status_code == 400


def test_a_partner_that_moves_away_is_seen_no_longer(api, world):
    above, below = builders.make_partner(api), builders.make_partner(api)
    caller = api.as_partner(above)
    path = f"/v1/partners/{below['id']}"
    seen = []

    for parent in (above["code"], None):
        api.patch(path, json={"parent_code": parent}, if_match="*")
        seen.append(caller.get(path).status_code)

    assert seen == [200, 404]


def test_settings_of_one_caller_never_reach_the_next(api, me, world):
    """Requests of all roles travel in the same batches; each sees what is its own."""
    callers = [me, api.as_partner(world["sibling"]), api, api.as_role("analyst")] * 3
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        def codes(caller):
            one = caller.twin()
            return [tuple(sorted(p["code"] for p in one.walk("/v1/partners", q="fam-"))) for _ in range(15)]
        seen = list(pool.map(codes, callers))

    everybody = ("FAM-CHILD", "FAM-OWN", "FAM-PARENT", "FAM-SIBLING")
    wanted = [("FAM-CHILD", "FAM-OWN"), ("FAM-SIBLING",), everybody, everybody] * 3
    assert [set(codes) for codes in seen] == [{codes} for codes in wanted]
