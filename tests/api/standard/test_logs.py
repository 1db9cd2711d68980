"""Every write of every resource leaves one entry of the audit log and one event."""
import time

import pytest

from support.client import NDJSON
from support.family import ByKey, Family, rights
from support.files import ndjson_of

SHARES_SERVER = True

WAIT_S = 30
PAST = {"insert": "created", "update": "updated", "delete": "deleted"}
# What is not removed but ends, and what its event is called then.
ENDED = {"ApiKey": "revoked"}


def writes(api, maker, resource):
    """Creates, changes and deletes an object, as far as one can; returns its id and the answers by the kind of write."""
    created = api.post(maker.where(resource.schema), json=maker.body(resource.schema))
    address, answers = maker.address(resource.schema, created.json()), {"insert": created}
    if resource.updates:
        answers["update"] = api.patch(address, json=maker.change(resource.schema), if_match="*")
    if resource.deletes:
        answers["update" if resource.schema in ENDED else "delete"] = api.delete(address, if_match="*")
    assert all(answer.status_code < 300 for answer in answers.values())
    return created.json()["id"], answers


def wait_until_certain(api, maker):
    """What is written later comes later."""
    last = maker.make("Region")["id"]
    deadline = time.monotonic() + WAIT_S
    while not api.get("/v1/events", params={"object_id": last}).json()["data"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.of("creates", where=lambda resource: "version" in resource.properties)
def test_every_write_is_one_entry_of_the_log(api, maker, resource):
    identity, answers = writes(api, maker, resource)

    entries = api.walk("/v1/audit-log", sort="at", object_id=identity)

    assert [(entry["action"], entry["request_id"]) for entry in entries] == [(kind, answer.headers["Request-Id"]) for kind, answer in answers.items()]
    for entry, answer in zip(entries, answers.values(), strict=True):
        assert entry["object_type"] == resource.object_type
        assert entry["operation"] == api.contract.find(answer.request.method, answer.request.path_url).id
        assert entry["is_erased"] or (entry["before"] is None, entry["after"] is None) == (entry["action"] == "insert", entry["action"] == "delete")


@pytest.mark.of("creates", where=lambda resource: "version" in resource.properties)
def test_every_write_is_one_event(api, maker, resource):
    identity, answers = writes(api, maker, resource)
    past = {**PAST, **({"update": ENDED[resource.schema]} if resource.schema in ENDED else {})}
    wanted = [f"{resource.object_type}.{past[kind]}" for kind in answers]
    wait_until_certain(api, maker)

    events = api.get("/v1/events", params={"object_id": identity}).json()["data"]
    assert [event["type"] for event in events] == wanted
    assert [event["sequence"] for event in events] == [f"{version:010}" for version in range(1, len(wanted) + 1)]


@pytest.mark.of("imports", "creates")
def test_an_import_is_one_entry_of_the_log(api, maker, resource):
    rows = ndjson_of([maker.body(resource.schema) for _ in range(2)])
    report = api.post(resource.imports.template, data=rows, content_type=NDJSON).json()

    assert report["created"] == 2
    (entry,) = api.walk("/v1/audit-log", object_id=report["id"])
    assert (entry["action"], entry["operation"]) == ("import", resource.imports.id)


LOGS = {"/v1/audit-log": "audit-log:read", "/v1/events": "events:read"}


@pytest.fixture(scope="module")
def family(api, issuer):
    return Family(api, ByKey(api, issuer))


def told(caller, path, identity):
    """What a log tells the caller of an object."""
    return caller.get(path, params={"object_id": identity}).json()["data"]


def reading(resource):
    """The permission to read the objects."""
    return (resource.reads or resource.lists).security[0]["key"][0]


LOGGED = [
    pytest.mark.of("creates", where=lambda resource: "version" in resource.properties),
    pytest.mark.parametrize("path", LOGS),
]


def of_every_log(test):
    for mark in LOGGED:
        test = mark(test)
    return test


@of_every_log
@pytest.mark.parametrize("role", ["admin", "manager", "analyst"])
def test_a_log_tells_of_an_object_whoever_may_read_it(api, maker, family, resource, path, role):
    identity, _ = writes(api, maker, resource)
    wait_until_certain(api, maker)
    may_read = reading(resource).partition(":")[0] in rights()[role]["read"]

    everything = told(api, path, identity)

    assert everything
    assert told(family.callers[role], path, identity) == (everything if may_read else [])


@of_every_log
def test_a_key_hears_of_what_its_scopes_let_it_read(api, maker, resource, path):
    identity, _ = writes(api, maker, resource)
    wait_until_certain(api, maker)

    blind = api.as_role("admin", scopes=[LOGS[path]])
    seeing = api.as_role("admin", scopes=[LOGS[path], reading(resource)])

    assert told(blind, path, identity) == []
    assert told(seeing, path, identity) == told(api, path, identity)


def test_a_partner_hears_of_what_its_scopes_let_it_read(api, maker, family):
    own = family.partners["own"]
    contact = maker.make("Contact", parent=own)["id"]
    customer = maker.make("Customer", partner_code=own["code"])["id"]
    wait_until_certain(api, maker)

    caller = family.by.partner(own, ["events:read", "contacts:read"])

    assert (len(told(caller, "/v1/events", contact)), told(caller, "/v1/events", customer)) == (1, [])
    assert len(told(family.callers["partner"], "/v1/events", customer)) == 1


def test_what_is_counted_and_exported_of_a_log_is_what_is_told(api, maker, family):
    maker.make("Webhook")
    caller, hidden = family.callers["analyst"], {"params": {"object_type": "webhook", "count": "exact"}}

    assert api.get("/v1/audit-log", **hidden).json()["total"] > 0
    assert caller.get("/v1/audit-log", **hidden).json()["total"] == 0
    assert caller.get("/v1/audit-log", params={"object_type": "webhook"}, accept=NDJSON).text == ""


def test_the_columns_that_are_sensitive_are_in_no_entry(api, maker, database):
    key, webhook = api.new_key("analyst"), maker.make("Webhook")
    api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", json={})
    api.delete(f"/v1/api-keys/{key['id']}", if_match="*")

    for made, hidden in ((key, {"secret_hash"}), (webhook, {"secret_id", "previous_secret_id"})):
        entries = api.walk("/v1/audit-log", object_id=made["id"])
        columns = database("select attname from pg_attribute where attname = any (%s)", list(hidden))
        kept = {name for entry in entries for state in (entry["before"], entry["after"]) for name in state or ()}

        assert (len(entries), {column.attname for column in columns}) == (2, hidden)
        assert kept and not kept & hidden
