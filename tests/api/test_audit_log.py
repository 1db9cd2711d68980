"""Every write is in the audit log: who, by which request, when, and what was there before and after."""
import datetime
import uuid

import pytest

from support import builders

SHARES_SERVER = True

# What is derived for the database's own use and no part of an object.
INTERNAL = {"search", "search_text", "secret_hash"}


def entries(api, **filters):
    return api.walk("/v1/audit-log", sort="at", **filters)


def of(api, made):
    return entries(api, object_id=made["id"])


@pytest.fixture(scope="module")
def me(api):
    """The key of the administrator, as the log names it."""
    (entry,) = of(api, builders.make_region(api))
    return {"actor_id": entry["actor_id"], "actor_name": entry["actor_name"]}


def assert_entry(entry, answer, **members):
    assert {name: entry[name] for name in members} == members
    assert entry["request_id"] == answer.headers["Request-Id"]


def writes(api, path, body, patch):
    """Creates, changes and deletes; returns the three answers."""
    created = api.post(path, json=body)
    address = created.headers["Location"]
    changed = api.patch(address, json=patch, if_match="*")
    deleted = api.delete(address, if_match="*")
    assert (created.status_code, changed.status_code, deleted.status_code) == (201, 200, 204)
    return created, changed, deleted


@pytest.mark.parametrize("thing, body, patch", [
    ("region", builders.a_region, {"name": "Changed"}), ("product", builders.a_product, {"name": "Changed"}),
    ("member", builders.a_member, {"name": "Changed"}), ("partner", builders.a_partner, {"name": "Changed"}),
])
def test_creation_change_and_deletion_are_three_entries(api, me, thing, body, patch):
    created, changed, deleted = writes(api, f"/v1/{thing}s", body(), patch)

    first, second, third = of(api, created.json())
    name = thing.capitalize()
    common = {"object_type": thing, "object_id": created.json()["id"], "is_erased": False, **me}
    assert_entry(first, created, action="insert", operation=f"create{name}", before=None, **common)
    assert_entry(second, changed, action="update", operation=f"update{name}", **common)
    assert_entry(third, deleted, action="delete", operation=f"delete{name}", after=None, **common)
    assert (first["after"], second["after"]) == (second["before"], third["before"])
    assert (first["after"]["name"], second["after"]["name"]) == (created.json()["name"], "Changed")
    assert (first["after"]["version"], second["after"]["version"]) == (1, 2)
    assert not INTERNAL & (first["after"].keys() | second["after"].keys())


def test_decimals_are_strings_in_the_log_too(api):
    product = builders.make_product(api, standard_cost="0.123456")

    (entry,) = of(api, product)

    assert entry["after"]["standard_cost"] == "0.123456"


def test_what_belongs_to_a_partner_names_it(api, acme, product):
    contact, sale = builders.make_contact(api, acme), builders.make_sale(api, acme, product)

    for made, object_type in ((acme, "partner"), (contact, "contact"), (sale, "sales_record")):
        entry = of(api, made)[0]

        assert (entry["object_type"], entry["partner_id"]) == (object_type, acme["id"])


def test_a_change_of_status_is_logged(api, me):
    partner = builders.make_partner(api)

    answer = api.post(f"/v1/partners/{partner['id']}/status", json={"status": "onboarding", "reason": "r"})

    entry = of(api, partner)[1]
    assert_entry(entry, answer, operation="changePartnerStatus", action="update", **me)
    assert (entry["before"]["status"], entry["after"]["status"]) == ("prospect", "onboarding")


def test_a_void_logs_the_record_and_its_reversal(api, acme, product):
    sale = builders.make_sale(api, acme, product)

    answer = api.post(f"/v1/sales-records/{sale['id']}/void", json={"reason": "Cancelled"}, if_match="*")

    by_request = [e for e in entries(api, operation="voidSalesRecord") if e["request_id"] == answer.headers["Request-Id"]]
    assert sorted(entry["action"] for entry in by_request) == ["insert", "update"]
    (update,) = [entry for entry in by_request if entry["action"] == "update"]
    assert (update["object_id"], update["after"]["status"], update["after"]["voided_reason"]) == (sale["id"], "void", "Cancelled")
    (insert,) = [entry for entry in by_request if entry["action"] == "insert"]
    assert insert["after"]["reverses_id"] == sale["id"]


def test_a_correction_logs_three_rows(api, acme, product):
    sale = builders.make_sale(api, acme, product)

    answer = api.post(f"/v1/sales-records/{sale['id']}/correct", json={"reason": "r", "quantity": "1"}, if_match="*")

    by_request = [e for e in entries(api, operation="correctSalesRecord") if e["request_id"] == answer.headers["Request-Id"]]
    assert sorted(entry["action"] for entry in by_request) == ["insert", "insert", "update"]


def test_the_making_and_revoking_of_a_key_are_logged_without_its_secret(api):
    key = api.new_key("analyst")
    api.delete(f"/v1/api-keys/{key['id']}")

    made, revoked = of(api, key)

    assert (made["operation"], revoked["operation"]) == ("createApiKey", "revokeApiKey")
    assert revoked["after"]["revoked_at"] is not None
    assert key["key"] not in str(made) and "secret_hash" not in made["after"]


def test_the_actor_is_the_key_that_wrote(api, acme):
    key = api.new_key("partner", partner_id=acme["id"])
    contact = builders.make_contact(api.caller(key["key"]), acme)

    (entry,) = of(api, contact)

    assert (entry["actor_id"], entry["actor_name"]) == (key["id"], key["name"])


def test_the_request_id_of_the_caller_is_logged(api):
    given = str(uuid.uuid4())
    region = api.post("/v1/regions", json=builders.a_region(), headers={"Request-Id": given}).json()

    assert of(api, region)[0]["request_id"] == given


def test_an_import_is_one_entry(api):
    answer = api.post("/v1/regions/import", content_type="text/csv", data=b"code,name\nIMP-1,A\nIMP-2,B\n")

    (entry,) = [e for e in entries(api, operation="importRegions") if e["request_id"] == answer.headers["Request-Id"]]
    assert (entry["action"], entry["object_id"]) == ("import", answer.json()["id"])


def test_what_was_refused_is_not_logged(api):
    region = builders.make_region(api)
    before = len(entries(api))

    api.post("/v1/regions", json=builders.a_region(code=region["code"]))
    api.post("/v1/regions", json={})
    api.patch(f"/v1/regions/{region['id']}", json={"name": "N"}, if_match='"9"')
    api.as_role("analyst").get("/v1/regions")
    api.delete(f"/v1/regions/{uuid.uuid4()}", if_match="*")

    new = [entry for entry in entries(api)[before:] if entry["object_type"] != "api_key"]
    assert new == []


def test_a_replay_is_not_logged_again(api):
    body = builders.a_region()

    made = [api.post("/v1/regions", json=body, idempotency_key="audited").json() for _ in range(3)]

    assert len(of(api, made[0])) == 1


def test_an_erased_contact_leaves_no_personal_data(api, acme, database):
    personal = {"name": "Erika Mustermann", "email": "erika@personal.example.com", "phone": "+49 30 123456", "notes": "Likes tea"}
    contact = builders.make_contact(api, acme, **personal)
    api.patch(f"/v1/contacts/{contact['id']}", json={"title": "Head of Mustermann"}, if_match="*")
    untouched = builders.make_contact(api, acme, name="Other Person")

    assert api.delete(f"/v1/contacts/{contact['id']}", if_match="*").status_code == 204

    log = of(api, contact)
    assert [entry["action"] for entry in log] == ["insert", "update", "delete"]
    assert all((entry["is_erased"], entry["before"], entry["after"]) == (True, None, None) for entry in log)
    assert of(api, untouched)[0]["after"]["name"] == "Other Person"
    tables = database("select relname as name from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace")
    for table in tables:
        for word in ("Mustermann", "erika@", "123456", "Likes tea"):
            assert not database(f"select from {table.name} t where strpos(t::text, %s) > 0", word), (table.name, word)


def test_the_stored_answers_of_an_erased_contact_are_erased_too(api, acme, database):
    answer = api.post(f"/v1/partners/{acme['id']}/contacts", json={"name": "Max Geheim"}, idempotency_key="erased")

    api.delete(answer.headers["Location"], if_match="*")

    stored = database("select encode(body, 'escape') as body from idempotency_key where key = 'erased'")
    assert not any("Geheim" in row.body for row in stored)


def test_nobody_changes_the_log(api, contract):
    assert {o.method for o in contract.operations if o.template.startswith("/v1/audit-log")} == {"GET"}
    assert api.delete("/v1/audit-log").status_code == 405


def holds(api, condition, **filters):
    everything = entries(api, limit=200)
    wanted = [entry["id"] for entry in everything if condition(entry)]
    assert wanted and len(wanted) < len(everything)
    assert [entry["id"] for entry in entries(api, limit=3, **filters)] == wanted


def test_the_log_is_filtered(api, acme):
    region = builders.make_region(api)
    key = api.new_key("partner", partner_id=acme["id"])
    builders.make_contact(api.caller(key["key"]), acme)

    holds(api, lambda entry: entry["object_type"] == "region", object_type="region")
    holds(api, lambda entry: entry["object_id"] == region["id"], object_id=region["id"])
    holds(api, lambda entry: entry["actor_id"] == key["id"], actor_id=key["id"])
    holds(api, lambda entry: entry["operation"] == "createRegion", operation="createRegion")


def test_the_log_is_filtered_by_time_from_inclusive_to_exclusive(api):
    at = of(api, builders.make_region(api))[0]["at"]
    builders.make_region(api)

    holds(api, lambda entry: entry["at"] >= at, **{"from": at})
    holds(api, lambda entry: entry["at"] < at, to=at)


def test_a_time_filter_is_read_in_any_time_zone(api):
    at = of(api, builders.make_region(api))[0]["at"]
    instant = datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(datetime.timezone(datetime.timedelta(hours=8)))

    assert [e["at"] for e in entries(api, **{"from": instant.isoformat()})][0] == at


@pytest.mark.parametrize("role, status", [("admin", 200), ("manager", 200), ("analyst", 200)])
def test_staff_reads_the_log(api, role, status):
    assert api.as_role(role).get("/v1/audit-log").status_code == status
