"""Every write leaves its event: thin, in the order in which it became certain, for those who may know of it."""
import contextlib
import time

import psycopg2
import pytest

from support import builders
from support.client import CSV, NDJSON

SHARES_SERVER = True

PATH = "/v1/events"


def wait_for(read, is_enough):
    """An event appears when no transaction is under way that could add an earlier one: soon, not at once."""
    deadline = time.monotonic() + 10
    while not is_enough(read()):
        assert time.monotonic() < deadline, read()
        time.sleep(0.02)
    return read()


def page(api, **params):
    return api.get(PATH, params={"limit": 200, **params}).json()["data"]


def events_of(api, made, count):
    return wait_for(lambda: page(api, object_id=made["id"]), lambda events: len(events) >= count)


def types_of(api, made, count):
    return [event["type"] for event in events_of(api, made, count)]


def settle(api):
    """Until everything that was written before is there."""
    events_of(api, builders.make_region(api), 1)


def now(api):
    """The place in the log at which everything so far has been read."""
    settle(api)
    read = {"has_more": True, "next_cursor": None}
    while read["has_more"]:
        read = api.get(PATH, params={"limit": 200, "cursor": read["next_cursor"]}).json()
    return read["next_cursor"]


def test_creation_change_and_deletion_are_three_thin_events(api):
    region = builders.make_region(api)
    api.patch(f"/v1/regions/{region['id']}", json={"name": "Changed"}, if_match="*")
    api.delete(f"/v1/regions/{region['id']}", if_match="*")

    events = events_of(api, region, 3)

    assert [event["type"] for event in events] == ["region.created", "region.updated", "region.deleted"]
    assert [event["sequence"] for event in events] == ["0000000001", "0000000002", "0000000003"]
    assert events[0]["subject"] == f"region/{region['id']}"
    assert events[1]["data"] == {
        "object_type": "region", "object_id": region["id"], "partner_id": None, "version": 2, "from_status": None, "to_status": None,
    }
    assert len({event["id"] for event in events}) == 3


def test_a_change_of_status_says_from_what_to_what(api):
    partner = builders.make_partner(api)
    answer = api.post(f"/v1/partners/{partner['id']}/status", json={"status": "onboarding", "reason": "r"}, if_match="*")
    assert answer.status_code == 200, answer.text

    event = events_of(api, partner, 2)[-1]

    assert (event["type"], event["data"]["from_status"], event["data"]["to_status"]) == ("partner.status_changed", "prospect", "onboarding")
    assert event["data"]["partner_id"] == partner["id"]
    assert api.get(PATH, params={"object_type": "status_change"}).json()["data"] == []


def test_what_happens_to_sales_has_the_names_of_the_business(api, acme, product):
    path = "/v1/sales-records"
    one, other = builders.make_sale(api, acme, product), builders.make_sale(api, acme, product)
    for action in ("confirm", "dispute", "resolve", "void"):
        body = {"reason": "r", **({"outcome": "confirmed"} if action == "resolve" else {})}
        answer = api.post(f"{path}/{one['id']}/{action}", json=body, if_match="*")
        assert answer.status_code < 300, answer.text
    assert api.post(f"{path}/{other['id']}/correct", json={"reason": "r", "quantity": "4"}, if_match="*").status_code < 300

    assert types_of(api, one, 5) == [f"sales_record.{name}" for name in ("created", "confirmed", "disputed", "resolved", "voided")]
    assert types_of(api, other, 2) == ["sales_record.created", "sales_record.corrected"]


def test_no_personal_data_and_no_costs_are_in_an_event(api, acme, product):
    builders.make_contact(api, acme, name="SECRET-NAME", email="secret@example.com")
    builders.make_sale(api, acme, product, cost="987.65")

    settle(api)

    text = api.get(PATH, params={"partner_id": acme["id"], "limit": 200}).text

    assert "contact.created" in text and "sales_record.created" in text
    assert not any(secret in text for secret in ("SECRET", "secret@", "987.65"))


def test_an_import_is_one_event(api):
    start = now(api)
    rows = "code,name\n" + "".join(f"{builders.unique('REGION')},North\n" for _ in range(3))
    assert api.post("/v1/regions/import", data=rows.encode(), content_type=CSV).status_code == 200

    events = wait_for(lambda: page(api, cursor=start), bool)
    assert [event["type"] for event in events] == ["import.finished"]


def test_a_follower_goes_on_where_it_was_whatever_its_filters(api):
    start = now(api)
    assert api.get(PATH, params={"cursor": start, "object_type": "product"}).json()["data"] == []
    made = [builders.make_region(api) for _ in range(5)]
    events_of(api, made[-1], 1)
    seen, cursor = [], start
    while len(seen) < 5:
        read = api.get(PATH, params={"cursor": cursor, "limit": 2, "type": "region.created"}).json()
        seen += [event["data"]["object_id"] for event in read["data"]]
        assert read["next_cursor"] and (read["has_more"] or len(seen) == 5)
        cursor = read["next_cursor"]

    assert seen == [region["id"] for region in made]
    end = api.get(PATH, params={"cursor": cursor}).json()
    assert (end["data"], end["has_more"]) == ([], False) and end["next_cursor"]


def test_filters_and_formats(api, acme):
    settle(api)
    for format in (CSV, NDJSON):
        answer = api.get(PATH, params={"partner_id": acme["id"], "limit": 1}, accept=format)
        assert answer.status_code == 200 and acme["id"] in answer.text
    assert api.get(PATH, params={"type": "partner"}).json()["data"] == []
    assert {e["type"] for e in api.get(PATH, params={"type": "partner.created"}).json()["data"]} == {"partner.created"}


def test_partners_read_what_belongs_to_them_and_to_those_below(api, acme, zenith):
    child = builders.make_partner(api, parent_code=acme["code"])
    api.as_partner(acme)
    builders.make_contact(api, zenith)
    caller = api.as_partner(acme)
    settle(api)

    events = caller.get(PATH, params={"limit": 200}).json()["data"]

    assert {e["data"]["partner_id"] for e in events} == {acme["id"], child["id"]}
    assert "api_key" not in {e["data"]["object_type"] for e in events}
    assert "api_key" in {e["data"]["object_type"] for e in events_of_partner(api, acme)}
    assert caller.get(PATH, params={"partner_id": zenith["id"]}).json()["data"] == []
    assert api.as_partner(child).get(PATH, params={"partner_id": acme["id"]}).json()["data"] == []


def events_of_partner(api, partner):
    return api.get(PATH, params={"partner_id": partner["id"], "limit": 200}).json()["data"]


def test_what_is_below_changes_with_the_hierarchy(api, acme, zenith):
    moving = builders.make_partner(api, parent_code=acme["code"])
    api.patch(f"/v1/partners/{moving['id']}", json={"parent_code": zenith["code"]}, if_match="*")

    events_of(api, moving, 2)
    assert api.as_partner(acme).get(PATH, params={"object_id": moving["id"]}).json()["data"] == []
    assert len(api.as_partner(zenith).get(PATH, params={"object_id": moving["id"]}).json()["data"]) == 2


def test_an_event_waits_for_transactions_that_may_add_an_earlier_one(api, database):
    start = now(api)
    with contextlib.closing(psycopg2.connect(database.url)) as connection:
        connection.cursor().execute("select pg_current_xact_id()")
        region = builders.make_region(api)

        assert api.get(PATH, params={"cursor": start}).json()["data"] == []

        connection.rollback()
    assert [e["data"]["object_id"] for e in wait_for(lambda: page(api, cursor=start), bool)] == [region["id"]]


@pytest.mark.parametrize("params, status", [({"cursor": "x"}, 400), ({"sort": "time"}, 400), ({"object_id": "x"}, 400)])
def test_what_breaks_the_contract_is_refused(api, params, status):
    assert api.get(PATH, params=params).status_code == status


def test_a_key_without_the_permission_is_refused(api):
    assert api.anonymous().get(PATH).status_code == 401
    assert api.as_role("analyst", scopes=["regions:read"]).get(PATH).status_code == 403
    assert api.as_role("analyst", scopes=["events:read"]).get(PATH).status_code == 200


def test_old_events_are_deleted_and_a_cursor_behind_them_is_gone(api, database):
    region = builders.make_region(api)
    first = api.get(PATH, params={"limit": 1}).json()["next_cursor"]
    end = now(api)
    database("update event set occurred_at = occurred_at - interval '91 days' where object_id <> %s", region["id"])
    assert api.post("/v1/jobs/trim-events/run").status_code < 300
    deadline = time.monotonic() + 20

    while api.get(PATH, params={"cursor": first}).status_code == 200:
        assert time.monotonic() < deadline, "nothing was deleted"
        time.sleep(0.1)

    assert api.get(PATH, params={"cursor": first}).json()["code"] == "cursor_expired"
    assert api.get(PATH, params={"cursor": first}, accept=NDJSON).status_code == 410
    assert api.get(PATH, params={"cursor": end}).status_code == 200
    assert types_of(api, region, 1) == ["region.created"]
