"""Orders and filters that are a resource's own; standard/test_listing.py has what holds for all."""
import re

import pytest

from support.builders import make_contact, make_member, make_partner, make_product, make_region, make_sale
from support.contract import woven
from support.maker import Maker, an_obligation

# In the order of code points, which is the order of the database.
NAMES = ["Acme", "Zenith", "acme", "Älgen", "Ωmega", "Ж", "三一", "中兴", "华为", "海尔", "𠀀"]


@pytest.fixture(scope="module")
def world(api):
    """Objects of each kind with names in many scripts; whatever a filter needs to tell apart."""
    world = {"regions": [make_region(api, name=name) for name in reversed(NAMES)]}
    top, below = world["regions"][0], make_region(api, code="BELOW", name="B", parent_code=world["regions"][0]["code"])
    deepest = make_region(api, code="DEEPEST", name="D", parent_code="BELOW")
    world["regions"] += [below, deepest]
    world["members"] = [make_member(api, name=name, is_active=i % 2 == 0) for i, name in enumerate(NAMES)]
    world["products"] = [
        make_product(api, name=name, category=f"C{i % 2}", subcategory=f"S{i % 3}", is_active=i % 2 == 0) for i, name in enumerate(NAMES)
    ]
    world["partners"] = [
        make_partner(
            api, name=name, type=["reseller", "agent"][i % 2], tier=["gold", "registered"][i % 2], status=["prospect", "active"][i % 2],
            country_code=["US", "CN"][i % 2], region_code=[top, below, deepest, world["regions"][3]][i % 4]["code"],
            manager_code=world["members"][i % 2]["code"], tags=[["a", "b"], ["b"], []][i % 3],
        )
        for i, name in enumerate(NAMES)
    ]
    first, second = world["partners"][:2]
    world["partners"].append(make_partner(api, name="Child", parent_code=first["code"]))
    world["contacts"] = [make_contact(api, first, name=name) for name in NAMES]
    for status in ("onboarding", "active", "suspended"):
        api.post(f"/v1/partners/{first['id']}/status", json={"status": status})
    imported = api.post("/v1/sales-records/import", content_type="text/csv", data=(
        f"sold_on,partner_code,sku,quantity,unit_price,currency\n2026-01-15,{first['code']},{world['products'][0]['sku']},1,1,USD\n"
    ).encode()).json()
    world["import"] = imported["id"]
    assert imported["created"] == 1
    for i in range(8):
        make_sale(
            api, [first, second][i % 2], world["products"][i % 3], sold_on=f"2026-0{i + 1}-01", source=["default", "crm"][i % 2],
            kind=["sell_in", "sell_through"][i % 2], order_ref=f"O{i % 3}", currency=["USD", "JPY"][i % 2], external_ref=f"E{i // 2}",
        )
    voided = make_sale(api, second, world["products"][0])
    for operation in ("confirm", "dispute"):
        api.post(f"/v1/sales-records/{voided['id']}/{operation}", json={"reason": "r"}, if_match="*")
    world["sale"] = voided["id"]
    api.post(f"/v1/sales-records/{voided['id']}/void", json={"reason": "r"}, if_match="*")
    for _ in range(3):
        make_partner(api, name="Twin", tax_id="DUPLICATE-1")
    world["owed"] = an_obligation(Maker(api))
    world["card"] = Maker(api).make("Scorecard", is_reference=True)["id"]
    api.post(f"/v1/agreement-obligations/{world['owed']['id']}/waive", json={}, if_match="*")
    api.post("/v1/members/import", content_type="text/csv", data=b"code,name\n\"\",x\nIMPORTED,y\nA B ,z\n")
    return world


def lists():
    """The lists of what is not read by itself, with their sorts."""
    for resource in woven().resources.values():
        if resource.lists and not resource.reads and "sort" in resource.lists.parameters():
            for sort in resource.lists.parameters()["sort"]["schema"]["enum"]:
                yield pytest.param(resource.lists.template, sort, id=f"{resource.lists.id} {sort}")


def path_in(world, path):
    kind = path.split("/")[2]
    ids = {
        "imports": world["import"], "sales-records": world["sale"], "agreements": world["owed"]["agreement_id"], "agreement-obligations": world["owed"]["id"],
        "scorecards": world["card"],
    }
    return path.replace("{id}", ids.get(kind, world["partners"][0]["id"]))


@pytest.mark.parametrize("path, sort", lists())
@pytest.mark.parametrize("limit", [2, 200])
def test_a_list_keeps_its_order_over_all_pages(api, world, path, sort, limit):
    objects = api.walk(path_in(world, path), sort=sort, limit=limit)

    member, down = sort.lstrip("-"), sort.startswith("-")
    keys = [(item[member], item["id"]) for item in objects]
    # A fraction of zero seconds is not shown, which would sort wrongly as text.
    keys = [(re.sub(r":(\d\d)Z$", r":\1.000000Z", str(key)) if member.endswith(("at", "_on")) else key, identity) for key, identity in keys]
    assert keys == sorted(keys, reverse=down)
    assert len(set(identity for _, identity in keys)) == len(keys)


@pytest.mark.parametrize("path", ["regions", "members", "products", "partners"])
def test_names_in_every_script_have_their_place(api, world, path):
    names = [item["name"] for item in api.walk(f"/v1/{path}", sort="name") if item["name"] in NAMES]

    assert names == NAMES


def holds(api, path, item, **filters):
    """Asserts that the filter gives exactly the objects for which the condition holds, and some but not all."""
    everything = api.walk(path, limit=200)
    wanted = {o["id"] for o in everything if item(o)}
    assert wanted and len(wanted) < len(everything)
    assert {o["id"] for o in api.walk(path, limit=3, **filters)} == wanted


def test_a_region_stands_for_everything_below_it(api, world):
    top = world["regions"][0]["code"]
    for asked, below in ((top, {top, "BELOW", "DEEPEST"}), ("BELOW", {"BELOW", "DEEPEST"}), ("DEEPEST", {"DEEPEST"})):
        holds(api, "/v1/partners", lambda partner: partner["region_code"] in below, region_code=asked)
        holds(api, "/v1/sales-records", lambda sale: sale["region_code"] in below, region_code=asked) if asked == "BELOW" else None


def test_filters_add_up(api, world):
    holds(api, "/v1/partners", lambda p: p["status"] == "prospect" and "b" in p["tags"], status="prospect", tag="b")


def test_sales_by_status_and_import(api, world):
    for name, value in (("status", "void"), ("import_id", world["import"])):
        holds(api, "/v1/sales-records", lambda sale: sale[name] == value, **{name: value})


def test_sales_of_a_time_include_both_ends(api, world):
    for filters in ({"sold_from": "2026-03-01"}, {"sold_to": "2026-03-01"}, {"sold_from": "2026-02-01", "sold_to": "2026-04-01"}):
        first, last = filters.get("sold_from", "0000"), filters.get("sold_to", "9999")
        holds(api, "/v1/sales-records", lambda sale: first <= sale["sold_on"] <= last, **filters)


@pytest.mark.parametrize("path, query", [
    ("partners", "status=asleep"), ("partners", "type=Agent"), ("partners", "country_code=us"), ("partners", "sort=city"),
    ("products", "is_active=1"), ("products", "is_active=TRUE"), ("sales-records", "partner_id=1"), ("sales-records", "sold_from=2026-02-30"),
    ("sales-records", "sold_to=2026-1-1"), ("sales-records", "sold_to=2026-01-01T00:00:00Z"), ("sales-records", "currency=usd"),
    ("audit-log", "from=2026-01-01"), ("audit-log", "object_id=x"), ("regions", "sort=id"), ("partners", "code=a%20"),
])
def test_a_filter_that_breaks_the_contract_is_refused(api, world, path, query):
    answer = api.get(f"/v1/{path}?{query}")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?" + query.split("=")[0])


def test_a_filter_is_text_and_never_more(api, world):
    for hostile in ("' or '1'='1", "'; drop table partner; --", "%", "_", "\\", "$1", ":code", "{}", "null"):
        assert api.get("/v1/partners", params={"code": hostile}).json()["data"] == []


def test_thousands_of_combinations_of_filters_are_answered(api):
    """More than the server keeps variants of: it forgets the oldest, and none that is in use."""
    filters = {"code": "A", "type": "reseller", "tier": "gold", "country_code": "CN", "region_code": "A", "manager_code": "A",
               "parent_code": "A", "tag": "A", "q": "AB", "status": "active"}
    names = list(filters)

    statuses = {
        api.get("/v1/partners", params={name: filters[name] for i, name in enumerate(names) if mask >> i & 1}).status_code
        for mask in range(2**10)
    } | {
        api.get("/v1/partners", params={"sort": "-name", **{name: filters[name] for i, name in enumerate(names) if mask >> i & 1}}).status_code
        for mask in range(200)
    }

    assert statuses == {200}
