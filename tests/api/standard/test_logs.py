"""Every write of every resource leaves one entry of the audit log and one event."""
import time

import pytest

from support.client import NDJSON
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
    last, _ = writes(api, maker, api.contract.resources["Region"])  # what is written later comes later

    deadline = time.monotonic() + WAIT_S
    while not api.get("/v1/events", params={"object_id": last}).json()["data"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)

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
