"""Objects embedded in those that refer to them: as a direct read answers them, and never to whom it would not."""
import concurrent.futures

import pytest

from support import builders
from support.client import CSV, NDJSON
from support.maker import Maker, an_obligation

SECRET_COST = "1234567.89"
PAGE_MAX = 200
ASKED_MAX = 10


@pytest.fixture(scope="module")
def world(api, database):
    """Two families of partners, and a sale of each partner that refers to whatever a sale can refer to."""
    above = builders.make_region(api)
    region = builders.make_region(api, parent_code=above["code"])
    manager = builders.make_member(api, region_code=region["code"])
    product = builders.make_product(api, standard_cost=SECRET_COST)
    entity = builders.make_legal_entity(api)
    calendar = builders.make_calendar(api)
    parent = builders.make_partner(api, manager_code=manager["code"], region_code=region["code"])
    own = builders.make_partner(api, parent_code=parent["code"], manager_code=manager["code"], region_code=region["code"])
    below = builders.make_partner(api, parent_code=own["code"])
    other = builders.make_partner(api, region_code=region["code"])
    partners = {"parent": parent, "own": own, "below": below, "other": other}
    sales = {}
    for name, partner in partners.items():
        customer = builders.make_customer(api, partner_code=partner["code"], region_code=region["code"])
        builders.make_contact(api, partner)
        sales[name] = builders.make_sale(
            api, partner, product, kind="sell_through", cost=SECRET_COST, cost_currency="USD", manager_code=manager["code"], region_code=region["code"],
            legal_entity_code=entity["code"], customer_code=customer["code"], customer_region_code=above["code"], seller_code=(parent if name != "parent" else other)["code"],
        )  # fmt: skip
    builders.make_customer(api)
    year = {"period": builders.make_calendar_period(api, calendar)["name"], "calendar_code": calendar["code"]}
    builders.make_quota(api, manager, **year)
    builders.make_period_lock(api, legal_entity_code=entity["code"], **year)
    webhook = builders.make_webhook(api, partner_code=own["code"], event_types=["webhook.test"])
    builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))
    api.as_partner(own), api.as_manager(manager)
    Maker(api).make_all()
    an_obligation(Maker(api), partner_code=own["code"], legal_entity_code=entity["code"])
    Maker(api).make("Evaluation", partner_code=own["code"])
    database(
        "insert into caller_usage (id, caller_id, caller_kind, partner_id, day, requests, refusals, failures, bytes_sent) "
        "values (gen_random_uuid(), gen_random_uuid(), 'api_key', %s, '2026-01-01', 1, 0, 0, 1)",
        own["id"],
    )
    return {**partners, "sales": sales, "manager": manager, "region": region, "product": product, "webhook": webhook}


def expandable(contract):
    """The operations that take `expand`, and what each name stands for: the member with the id, and the path of its read."""
    for operation in contract.operations:
        if "expand" in operation.parameters():
            yield operation, rules_of(contract, operation.document["responses"]["200"]["content"]["application/json"]["schema"])


def rules_of(contract, schema):
    schema = contract.resolve(schema)
    schema = contract.resolve(schema["properties"].get("data", {}).get("items", schema))
    return {name: (rule["by"], contract.by_id[rule["with"]]) for name, rule in schema.get("x-expands", {}).items()}


def rules_below(contract, read):
    return rules_of(contract, read.document["responses"]["200"]["content"]["application/json"]["schema"])


def objects_of(caller, operation, world, **params):
    """What an operation answers, a page or an object, for every object that the world has for it; none where the caller may not."""
    resource = operation.template.split("/")[2]
    names = {"sales-records": world["sales"]["own"], "partners": world["own"]}
    paths = [operation.template]
    if "{id}" in operation.template and resource in names:
        paths = [operation.template.replace("{id}", names[resource]["id"])]
    elif "{id}" in operation.template:
        listed = caller.get(f"/v1/{resource}") if resource != "contacts" else caller.get(f"/v1/partners/{world['own']['id']}/contacts")
        paths = [operation.template.replace("{id}", one["id"]) for one in listed.json().get("data", [])[:3]]
    answers = [caller.get(path, params=params) for path in paths]
    return [one for answer in answers if answer.status_code == 200 for one in answer.json().get("data", [answer.json()])]


def read_by(caller, operation, object_id):
    """What a direct read shows: nothing when it finds nothing."""
    if object_id is None:
        return None
    answer = caller.get(operation.template.replace("{id}", object_id))
    assert answer.status_code in (200, 404)
    return answer.json() if answer.status_code == 200 else None


def in_groups(names):
    return [names[i : i + ASKED_MAX] for i in range(0, len(names), ASKED_MAX)]


def test_whatever_can_be_expanded_is_what_a_direct_read_shows(api, contract, world):
    met = set()
    for operation, rules in expandable(contract):
        for one in objects_of(api, operation, world, expand=",".join(rules)):
            for name, (by, read) in rules.items():
                assert one[name] == read_by(api, read, one[by]), (operation.id, name)
                met |= {(operation.id, name)} if one[name] else set()

    assert met == {(operation.id, name) for operation, rules in expandable(contract) for name in rules}


def test_the_second_level_is_what_a_direct_read_shows(api, contract, world):
    met = set()
    for operation, rules in expandable(contract):
        pairs = [(name, below) for name, (_, read) in rules.items() for below in rules_below(contract, read)]
        for group in in_groups(pairs):
            for one in objects_of(api, operation, world, expand=",".join(map(".".join, group))):
                for name, below in group:
                    by, read = rules_below(contract, rules[name][1])[below]
                    if one[name] is not None:
                        assert one[name][below] == read_by(api, read, one[name][by]), (operation.id, name, below)
                        met |= {(operation.id, name)} if one[name][below] else set()

    assert ("getSalesRecord", "partner") in met and ("listSalesRecords", "customer") in met and ("listContacts", "partner") in met


def test_what_can_be_asked_for_is_what_the_contract_names(contract):
    for operation, rules in expandable(contract):
        values = operation.parameters()["expand"]["schema"]["items"]["enum"]
        both = [f"{name}.{below}" for name, (_, read) in rules.items() for below in rules_below(contract, read)]

        assert sorted(values) == sorted([*rules, *both])
        assert operation.parameters()["expand"]["explode"] is False


def test_nothing_is_embedded_unless_it_is_asked_for(api, world):
    sale = api.get(f"/v1/sales-records/{world['sales']['own']['id']}").json()

    assert not {"partner", "product", "region", "manager"} & set(sale)
    assert "product" not in api.get(f"/v1/sales-records/{sale['id']}", params={"expand": "partner"}).json()


def test_a_second_level_brings_the_first(api, world):
    sale = api.get(f"/v1/sales-records/{world['sales']['own']['id']}", params={"expand": "partner.parent,product,partner.region"}).json()

    assert (sale["partner"]["parent"]["id"], sale["product"]["id"]) == (world["parent"]["id"], world["product"]["id"])
    assert (sale["partner"]["region"]["code"], "parent" in sale["partner"]["region"]) == (world["region"]["code"], False)


def test_no_partner_is_shown_what_it_could_not_read(api, contract, world):
    """For each list and each name: what comes is word for word the caller's own read, and null where that finds nothing."""
    partner = api.as_partner(world["own"])
    hidden = shown = 0
    for operation, rules in expandable(contract):
        for name, (by, read) in rules.items():
            for one in objects_of(partner, operation, world, expand=name):
                assert one[name] == read_by(partner, read, one[by]), (operation.id, name)
                shown += one[name] is not None
                hidden += one[name] is None and one[by] is not None

    assert hidden > 0 and shown > 0


def test_neither_another_partner_nor_the_cost_shows_through(api, world):
    partner = api.as_partner(world["own"])
    sales = f"/v1/sales-records/{world['sales']['own']['id']}"

    seen = [
        partner.get(sales, params={"expand": "seller,partner.parent,product"}),
        partner.get("/v1/sales-records", params={"expand": "seller,partner.parent,product,customer.partner"}),
        partner.get("/v1/partners", params={"expand": "parent.parent"}),
    ]

    assert seen[0].json()["seller"] is None and seen[0].json()["seller_id"] == world["parent"]["id"]
    assert seen[0].json()["partner"]["parent"] is None and seen[0].json()["product"]["standard_cost"] is None
    for answer in seen:
        assert answer.status_code == 200
        assert SECRET_COST not in answer.text and world["other"]["id"] not in answer.text
        assert f'"id":"{world["parent"]["id"]}"' not in answer.text


def refused(answer, status):
    assert (answer.status_code, answer.json()["errors"][0]["pointer"].split("/")[0]) == (status, "?expand"), answer.text
    return True


def test_a_key_needs_the_scope_of_what_it_embeds(api, world):
    narrow = api.as_role("admin", scopes=["sales-records:read", "partners:read"])
    path = f"/v1/sales-records/{world['sales']['own']['id']}"

    assert narrow.get(path, params={"expand": "partner.parent"}).status_code == 200
    assert refused(narrow.get(path, params={"expand": "partner,product"}), 403)
    assert refused(narrow.get(path, params={"expand": "partner.region"}), 403)
    assert refused(narrow.get("/v1/sales-records", params={"expand": "product"}), 403)


def test_a_role_embeds_only_what_it_reads(api, world):
    partner = api.as_partner(world["own"])

    assert partner.get(f"/v1/members/{world['manager']['id']}").status_code == 403
    assert refused(partner.get("/v1/sales-records", params={"expand": "manager"}), 403)
    assert refused(partner.get("/v1/sales-records", params={"expand": "partner.manager"}), 403)


@pytest.mark.parametrize("names", ["colour", "partner_id", "Partner", "partner.colour", "partner.parent.parent", "partner.", ".partner", "partner,", "partner,partner",
                                   "partner product", '["partner"]', "*", ",".join(["partner.parent", "partner.manager", "partner.region", "partner", "product",
                                   "region", "region.parent", "manager", "manager.region", "seller", "customer"])])  # fmt: skip
def test_an_unknown_name_is_refused(api, world, names):
    for path in ("/v1/sales-records", f"/v1/sales-records/{world['sales']['own']['id']}"):
        assert refused(api.get(path, params={"expand": names}), 400)


def test_what_is_embedded_has_no_etag(api, world):
    path = f"/v1/sales-records/{world['sales']['own']['id']}"
    etag = api.get(path).headers["ETag"]

    answer = api.get(path, params={"expand": "partner"}, if_none_match=etag)

    assert (answer.status_code, "ETag" in answer.headers) == (200, False)
    assert api.get(path, params={"expand": "partner"}, if_none_match="*").status_code == 200


def test_fields_choose_among_the_members_of_the_object_itself(api, world):
    path = f"/v1/sales-records/{world['sales']['own']['id']}"

    sale = api.get(path, params={"fields": "partner_code", "expand": "partner"}).json()

    assert set(sale) == {"id", "version", "partner_code", "partner"}
    assert sale["partner"] == api.get(f"/v1/partners/{world['own']['id']}").json()
    for params in ({"fields": "partner"}, {"fields": "partner", "expand": "partner"}):
        assert api.get(path, params=params).json()["errors"][0]["pointer"] == "?fields"


@pytest.mark.parametrize("accept", [CSV, NDJSON])
def test_a_file_embeds_nothing(api, world, accept):
    assert refused(api.get("/v1/sales-records", params={"expand": "partner"}, accept=accept), 400)


def test_what_does_not_exist_is_not_found_with_expand_either(api, world):
    partner = api.as_partner(world["own"])

    for caller, path in ((api, world["own"]["id"]), (partner, world["sales"]["other"]["id"])):
        answer = caller.get(f"/v1/sales-records/{path}", params={"expand": "partner"})

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_head_is_get_without_a_body_with_expand_too(api, world):
    got, head = (call(f"/v1/partners/{world['own']['id']}", params={"expand": "parent"}) for call in (api.get, api.head))

    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", got.headers["Content-Length"])


@pytest.fixture(scope="module")
def many(api, database, world):
    """Sales of more partners than a page has rows."""
    database(
        "insert into partner (id, code, name, parent_id) select md5('many ' || i)::uuid, 'MANY-' || i, 'Partner ' || i, %s from generate_series(1, 230) i",
        world["other"]["id"],
    )
    for i in range(1, 231):
        builders.make_sale(api, {"code": f"MANY-{i}"}, world["product"], order_ref="MANY")


def test_a_page_of_200_embeds_200(api, world, many):
    met, params = set(), {"order_ref": "MANY", "limit": PAGE_MAX, "expand": "partner.parent,product", "count": "exact"}
    while params is not None:
        page = api.get("/v1/sales-records", params=params).json()
        for sale in page["data"]:
            assert sale["partner"]["id"] == sale["partner_id"] and sale["partner"]["code"] == sale["partner_code"]
            assert (sale["partner"]["parent"]["id"], sale["product"]["sku"]) == (world["other"]["id"], world["product"]["sku"])
            met.add(sale["partner"]["code"])
        assert page["total"] == 230
        params = {**params, "cursor": page["next_cursor"]} if page["has_more"] else None

    assert met == {f"MANY-{i}" for i in range(1, 231)}


def test_a_cursor_goes_on_with_other_expansions(api, many):
    first = api.get("/v1/sales-records", params={"order_ref": "MANY", "limit": 3, "expand": "partner"}).json()

    second = api.get("/v1/sales-records", params={"order_ref": "MANY", "limit": 3, "expand": "product", "cursor": first["next_cursor"]})

    assert second.status_code == 200 and "product" in second.json()["data"][0]


def test_many_who_expand_at_once_each_get_their_own(api, world, many):
    wanted = [(world[name], world["sales"][name], api.as_partner(world[name])) for name in ("parent", "own", "below", "other") for _ in range(3)]

    def read(partner, sale, caller, number):
        caller = caller.twin()
        for _ in range(20):
            expand = {"expand": "partner.parent,product,customer"} if number % 3 else {}
            one = caller.get(f"/v1/sales-records/{sale['id']}", params=expand).json()
            assert one["id"] == sale["id"]
            assert not expand or (one["partner"]["id"], one["customer"]["partner_id"]) == (partner["id"], partner["id"])
            page = caller.get("/v1/sales-records", params={"expand": "partner", "limit": 30}).json()
            assert all(row["partner"]["id"] == row["partner_id"] for row in page["data"])
        return True

    with concurrent.futures.ThreadPoolExecutor(len(wanted)) as pool:
        assert all(pool.map(read, *zip(*wanted), range(len(wanted))))
