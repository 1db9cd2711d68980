"""How much each caller asks for: counted by day, exactly, whatever happens to connections and servers but a kill."""
import datetime
import re
import time
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support.builders import make_partner, make_region
from support.cluster import ROOT
from support.server import Server

pytestmark = pytest.mark.waits

WAIT_S = 60
FIGURES = ("requests", "refusals", "failures", "bytes_sent")


def usage(api, caller, **params):
    """The sums over all days (a test may run at midnight)."""
    rows = api.walk("/v1/usage", caller_id=caller["id"], **params)
    return {name: sum(row[name] for row in rows) for name in FIGURES}


def wait_for(api, caller, requests):
    """Waits until so many requests were written down, and for more than there should be."""
    deadline = time.monotonic() + WAIT_S
    while usage(api, caller)["requests"] < requests and time.monotonic() < deadline:
        time.sleep(0.2)
    return usage(api, caller)


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def note(database, caller_id, day, partner=None, requests=1, caller_kind="api_key"):
    database(
        "insert into caller_usage (id, caller_id, caller_kind, partner_id, day, requests, refusals, failures, bytes_sent)"
        " values (uuid_v7(), %s, %s, %s, %s, %s, 0, 0, 0)", caller_id, caller_kind, partner and partner["id"], day, requests,
    )


def test_answers_are_counted_by_what_they_were(api, acme):
    made = api.new_key("partner", partner_id=acme["id"])
    caller = api.caller(made["key"])
    answers = [
        caller.get("/v1/regions"), caller.get("/v1/me"), caller.get("/v1/partners"), caller.head("/v1/partners"), caller.options("/v1/me"),
        caller.get(f"/v1/partners/{uuid.uuid4()}"), caller.get("/v1/regions?nonsense=1"), caller.get("/v1/audit-log"),
        caller.raw_json(b"{", path="/v1/customers"), caller.patch(f"/v1/contacts/{uuid.uuid4()}", json={"name": "N"}),
    ]
    known = [answer for answer in answers if answer.request is None or answer.request.method != "OPTIONS"]

    counted = wait_for(api, made, len(known))

    assert counted == {
        "requests": 9, "refusals": 5, "failures": 0, "bytes_sent": sum(len(answer.content) for answer in known),
    }


def test_a_day_says_whose_it_is(api, acme):
    made = api.new_key("partner", partner_id=acme["id"])
    before = today()
    api.caller(made["key"]).get("/v1/regions")
    wait_for(api, made, 1)

    (row,) = api.walk("/v1/usage", caller_id=made["id"])

    assert row["day"] in {before.isoformat(), today().isoformat()}
    assert (row["caller_id"], row["caller_kind"], row["caller_name"]) == (made["id"], "api_key", made["name"])
    assert (row["partner_id"], row["partner_code"]) == (acme["id"], acme["code"])


def test_a_stream_and_a_compressed_answer_count_as_they_are_sent(api):
    for _ in range(3):
        make_region(api)
    made = api.new_key("analyst")
    headers = {"Authorization": f"Bearer {made['key']}", "Accept-Encoding": "gzip"}
    sent = 0
    for accept in ("text/csv", "application/json"):
        answer = requests.get(f"{api.url}/v1/regions", headers={**headers, "Accept": accept}, stream=True, timeout=60)
        raw = answer.raw.read(decode_content=False)
        if answer.headers.get("Content-Encoding") == "gzip":
            zlib.decompress(raw, 31)
        sent += len(raw)
    plain = api.caller(made["key"]).get("/v1/regions", accept="application/x-ndjson")

    counted = wait_for(api, made, 3)

    assert counted == {"requests": 3, "refusals": 0, "failures": 0, "bytes_sent": sent + len(plain.content)}


def test_requests_on_all_workers_add_up(api):
    made = api.new_key("analyst")
    callers = [api.caller(made["key"]) for _ in range(12)]

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda caller: [caller.get("/v1/regions").status_code for _ in range(25)], callers))

    assert statuses == [[200] * 25] * 12
    assert wait_for(api, made, 300)["requests"] == 300
    time.sleep(6)
    assert usage(api, made)["requests"] == 300


def test_who_is_not_let_in_is_not_counted(api):
    made, witness = api.new_key("analyst"), api.new_key("analyst")
    caller = api.caller(made["key"])
    assert caller.get("/v1/regions").status_code == 200
    wait_for(api, made, 1)
    api.delete(f"/v1/api-keys/{made['id']}")
    time.sleep(1)

    assert {caller.get("/v1/regions").status_code for _ in range(5)} == {401}
    api.caller(witness["key"]).get("/v1/regions")
    wait_for(api, witness, 1)

    assert usage(api, made) == {**usage(api, made), "requests": 1, "refusals": 0}


def test_what_was_counted_is_written_when_a_server_ends(api, database):
    made = api.new_key("analyst")
    server = Server(database.url)
    for _ in range(7):
        answer = requests.get(f"{server.url}/v1/me", headers={"Authorization": f"Bearer {made['key']}"}, timeout=60)
        assert answer.status_code == 200

    server.stop()

    assert usage(api, made)["requests"] == 7
    assert api.get(f"/v1/api-keys/{made['id']}").json()["last_used_at"] is not None


def test_a_lost_connection_loses_no_count_and_counts_nothing_twice(api, database):
    made = api.new_key("analyst")
    statuses = []
    caller = api.caller(made["key"])
    for _ in range(12):
        statuses += [caller.get("/v1/regions").status_code for _ in range(5)]
        database("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        time.sleep(0.7)

    counted = wait_for_server(api, made, len(statuses))

    # Who could not be identified because the database was away is nobody yet.
    nobody = statuses.count(503) - counted["failures"]
    assert 0 <= nobody and set(statuses) <= {200, 503}
    assert counted["requests"] == len(statuses) - nobody and counted["refusals"] == 0


def wait_for_server(api, caller, requests):
    """As wait_for, while the server may still be connecting anew; the count is steady when it has been so for two flushes."""
    deadline, counted, steady_s = time.monotonic() + WAIT_S, None, 0
    while time.monotonic() < deadline and steady_s < 11:
        answer = api.get("/v1/usage", params={"caller_id": caller["id"]})
        time.sleep(1)
        if answer.status_code != 200:
            continue
        latest = {name: sum(row[name] for row in answer.json()["data"]) for name in FIGURES}
        steady_s = steady_s + 1 if latest == counted else 0
        counted = latest
    return counted


def test_a_batch_that_is_sent_twice_counts_once(api, database):
    text = (ROOT / "server/watch/usage.sql").read_text()
    statement = re.search(r"-- name: recordUsage\n.*?;\n", text, re.DOTALL)[0]
    made = api.new_key("analyst")

    def send(sequence, requests):
        row = (
            f'[{{"caller_id": "{made["id"]}", "caller_kind": "api_key", "day": "2026-01-01", "requests": {requests}, "refusals": 1, "failures": 0,'
            ' "bytes_sent": 10, "last_used_at": "2026-01-01T00:00:00Z"}]'
        )
        values = {":instance_id": f"'{made['id']}'", ":sequence": str(sequence), ":usage": f"'{row}'::jsonb"}
        database(re.sub(r":(instance_id|sequence|usage)\b", lambda name: values[name[0]], statement).replace("%", "%%"))

    send(1, 5)
    send(1, 5)
    assert usage(api, made)["requests"] == 5
    send(2, 7)
    send(1, 5)
    send(2, 7)

    assert usage(api, made) == {"requests": 12, "refusals": 2, "failures": 0, "bytes_sent": 20}


def test_a_partner_reads_the_use_of_itself_and_of_those_below(api, database):
    parent = make_partner(api)
    own = make_partner(api, parent_code=parent["code"])
    family = {"parent": parent, "own": own, "child": make_partner(api, parent_code=own["code"]), "sibling": make_partner(api, parent_code=parent["code"])}
    ids = {kinship: str(uuid.uuid4()) for kinship in (*family, "staff")}
    for kinship, id in ids.items():
        note(database, id, "2026-01-01", family.get(kinship))
    caller = api.as_role("partner", partner_id=own["id"], scopes=["usage:read"])

    assert {row["caller_id"] for row in caller.walk("/v1/usage", to="2026-01-01", limit=1)} == {ids["own"], ids["child"]}
    for kinship in ("parent", "sibling", "staff"):
        assert caller.walk("/v1/usage", caller_id=ids[kinship]) == []
    for kinship in ("parent", "sibling"):
        assert caller.walk("/v1/usage", partner_code=family[kinship]["code"]) == []
    assert {row["caller_id"] for row in caller.walk("/v1/usage", partner_code=family["child"]["code"])} == {ids["child"]}
    for accept in ("text/csv", "application/x-ndjson"):
        text = caller.get("/v1/usage", accept=accept, params={"to": "2026-01-01", "sort": "day"}).text
        assert {kinship for kinship, id in ids.items() if id in text} == {"own", "child"}
    assert {row["caller_id"] for row in api.walk("/v1/usage", to="2026-01-01")} >= set(ids.values())


@pytest.mark.parametrize("role", ["manager", "analyst"])
def test_others_read_nothing_of_it(api, role):
    assert api.as_role(role).get("/v1/usage").status_code == 403
    assert "usage:read" not in api.as_role(role).get("/v1/me").json()["permissions"]


def test_days_are_listed_by_span_caller_and_page(api, database):
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    days = [(datetime.date(2025, 3, 1) + datetime.timedelta(days=i)).isoformat() for i in range(10)]
    for day in days:
        note(database, one, day)
        note(database, other, day)

    assert [row["day"] for row in api.walk("/v1/usage", caller_id=one, limit=3)] == days[::-1]
    assert [row["day"] for row in api.walk("/v1/usage", caller_id=one, sort="day", limit=3)] == days
    assert [row["day"] for row in api.walk("/v1/usage", caller_id=one, sort="day", **{"from": days[2], "to": days[4]})] == days[2:5]
    both = api.walk("/v1/usage", limit=7, **{"from": days[0], "to": days[-1]})
    assert sorted((row["day"], row["caller_id"]) for row in both) == sorted((day, id) for day in days for id in (one, other))
    csv = api.get("/v1/usage", accept="text/csv", params={"caller_id": one, "from": days[0], "to": days[1]}).text.splitlines()
    assert csv[0].split(",")[:4] == ["id", "day", "caller_id", "caller_kind"] and len(csv) == 3


def test_the_use_of_a_partner_outlives_it_and_its_keys(api):
    partner = make_partner(api)
    made = api.new_key("partner", partner_id=partner["id"])
    api.caller(made["key"]).get("/v1/regions")
    wait_for(api, made, 1)

    assert api.delete(f"/v1/partners/{partner['id']}", if_match="*").status_code == 204

    (row,) = api.walk("/v1/usage", caller_id=made["id"])
    assert (row["requests"], row["caller_name"], row["partner_id"], row["partner_code"]) == (1, None, partner["id"], None)


def test_a_key_that_is_gone_does_not_hold_up_the_others(api):
    partner = make_partner(api)
    gone, other = api.new_key("partner", partner_id=partner["id"]), api.new_key("analyst")
    api.caller(gone["key"]).get("/v1/regions")
    assert api.delete(f"/v1/partners/{partner['id']}", if_match="*").status_code == 204
    api.caller(other["key"]).get("/v1/regions")

    assert wait_for(api, other, 1)["requests"] == 1
    assert wait_for(api, gone, 1)["requests"] == 1


def test_old_days_are_forgotten(api, database):
    caller, now = str(uuid.uuid4()), today()
    for age in (0, 29, 32, 500):
        note(database, caller, now - datetime.timedelta(days=age))
    api.patch("/v1/settings", json={"usage_retention_days": 30}, if_match="*")
    api.post("/v1/jobs/trim-usage/run")

    deadline = time.monotonic() + WAIT_S
    while len(api.walk("/v1/usage", caller_id=caller)) > 2 and time.monotonic() < deadline:
        time.sleep(0.2)

    assert [row["day"] for row in api.walk("/v1/usage", caller_id=caller)] == [(now - datetime.timedelta(days=age)).isoformat() for age in (0, 29)]
    api.patch("/v1/settings", json={"usage_retention_days": None}, if_match="*")


@pytest.mark.parametrize("params", [{"from": "yesterday"}, {"to": "2026-01-01T00:00:00Z"}, {"caller_id": "1"}, {"sort": "requests"}, {"partner_code": ""}])
def test_what_breaks_the_contract_is_refused(api, params):
    assert api.get("/v1/usage", params=params).status_code == 400
