"""Exports: what a list would stream is written to a file while nobody waits, by the rights of the key that asked."""
import gzip
import time

import pytest

from support import builders
from support.client import CSV, NDJSON

HAS_CHANNEL = True

WAIT_S = 60


def start(api, list, **members):
    answer = api.post("/v1/exports", json={"list": list, "format": "csv", **members})
    assert answer.status_code == 202, answer.text
    return answer.json()


def wait_for(api, export):
    deadline = time.monotonic() + WAIT_S
    while (now := api.get(f"/v1/exports/{export['id']}").json())["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, now
        time.sleep(0.1)
    return now


def file_of(api, export):
    answer = api.get(f"/v1/exports/{export['id']}/file")
    assert answer.status_code == 200, answer.text
    return answer


def slow(database, is_slow):
    """Makes the pieces of a file wait, or no more."""
    database(
        "create or replace function be_slow() returns trigger language plpgsql as $$ begin perform pg_sleep(2); return new; end $$;"
        " drop trigger if exists be_slow on export_chunk"
    )
    if is_slow:
        database("create trigger be_slow before insert on export_chunk for each row execute function be_slow()")


def test_an_export_is_accepted_polled_and_fetched(api):
    answer = api.post("/v1/exports", json={"list": "/v1/partners", "format": "csv"})

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/exports/{answer.json()['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert (answer.json()["status"], answer.json()["attempts"]) == ("queued", 0)
    done = wait_for(api, answer.json())
    assert (done["status"], done["attempts"], done["rows"]) == ("succeeded", 1, 701)
    assert done["created_at"] <= done["started_at"] <= done["finished_at"] < done["expires_at"]
    assert "Retry-After" not in api.get(answer.headers["Location"]).headers
    assert done["bytes"] == len(file_of(api, done).content)


@pytest.mark.parametrize("list", ["/v1/sales-records", "/v1/sales-records?sold_from=2013-01-01&currency=USD&sort=-sold_on&fields=sku,amount", "/v1/regions?limit=3"])
@pytest.mark.parametrize("format, accept", [("csv", CSV), ("ndjson", NDJSON)])
def test_the_file_is_what_the_list_would_have_streamed(api, list, format, accept):
    streamed = api.get(list, accept=accept)

    plain, compressed = start(api, list, format=format), start(api, list, format=format, gzip=True)

    assert wait_for(api, plain)["status"] == wait_for(api, compressed)["status"] == "succeeded"
    file = file_of(api, plain)
    assert file.content == streamed.content
    assert file.headers["Content-Type"] == streamed.headers["Content-Type"]
    assert file.headers["Content-Disposition"] == f'attachment; filename="{plain["id"]}.{format}"'
    file = file_of(api, compressed)
    assert gzip.decompress(file.content) == streamed.content
    assert file.headers["Content-Type"] == "application/gzip"
    assert file.headers["Content-Disposition"].endswith(f'.{format}.gz"')


def test_a_spreadsheet_gets_its_byte_order_mark(api):
    export = start(api, "/v1/regions", bom=True)
    wait_for(api, export)

    assert file_of(api, export).content == api.get("/v1/regions", accept="text/csv;bom=true").content
    assert file_of(api, export).content.startswith(b"\xef\xbb\xbf")


def test_a_list_without_rows_makes_an_empty_file(api):
    export = start(api, "/v1/partners?code=NOBODY", format="ndjson")

    assert wait_for(api, export)["rows"] == 0
    assert file_of(api, export).content == b""
    assert api.head(f"/v1/exports/{export['id']}/file").status_code == 200


@pytest.mark.parametrize(
    "list", ["/v1/nothing", "/v1/regions?nonsense=1", "/v1/regions?limit=0", "/v1/settings", "/v1/regions?cursor=abc", "/v1/regions/import", "/v1/%zz"])
def test_what_is_no_list_is_refused_at_once(api, list):
    answer = api.post("/v1/exports", json={"list": list, "format": "csv"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_list")
    assert answer.json()["errors"][0]["pointer"] == "/list"


def test_what_the_key_may_not_read_it_may_not_export(api, acme):
    for caller, list in ((api.as_partner(acme), "/v1/audit-log"), (api.as_role("analyst"), "/v1/api-keys"),
            (api.as_role("admin", scopes=["exports:write", "regions:read"]), "/v1/partners")):
        answer = caller.post("/v1/exports", json={"list": list, "format": "csv"})

        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_partner_exports_what_it_sees(api, acme, zenith, product):
    builders.make_sale(api, acme, product, cost="123.45")
    builders.make_sale(api, zenith, product, cost="123.45")
    partner = api.as_partner(acme)

    export = start(partner, "/v1/sales-records")

    assert wait_for(partner, export)["rows"] == 1
    text = file_of(partner, export).text
    assert acme["code"] in text and zenith["code"] not in text and "123.45" not in text


def test_nobody_but_an_administrator_sees_the_exports_of_others(api, acme, zenith):
    owner = api.as_partner(acme)
    export = start(owner, "/v1/partners")
    wait_for(owner, export)
    twin = api.caller(api.new_key("partner", partner_id=acme["id"])["key"])

    for other in (api.as_partner(zenith), twin, api.as_role("analyst"), api.as_role("manager")):
        for answer in (other.get(f"/v1/exports/{export['id']}"), other.get(f"/v1/exports/{export['id']}/file"), other.post(f"/v1/exports/{export['id']}/cancel")):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert export["id"] not in {e["id"] for e in other.walk("/v1/exports")}
    assert export["id"] in {e["id"] for e in owner.walk("/v1/exports")} & {e["id"] for e in api.walk("/v1/exports")}
    assert api.get(f"/v1/exports/{export['id']}/file").content == file_of(owner, export).content


def test_a_cancelled_export_leaves_nothing(api, database):
    slow(database, True)
    export = start(api, "/v1/sales-records")
    deadline = time.monotonic() + WAIT_S
    while api.get(f"/v1/exports/{export['id']}").json()["bytes"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    cancelled = api.post(f"/v1/exports/{export['id']}/cancel")
    again = api.post(f"/v1/exports/{export['id']}/cancel")
    slow(database, False)

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert again.json() == cancelled.json()
    assert wait_for(api, start(api, "/v1/regions"))["status"] == "succeeded"
    assert api.get(f"/v1/exports/{export['id']}").json()["status"] == "cancelled"
    answer = api.get(f"/v1/exports/{export['id']}/file")
    assert (answer.status_code, answer.json()["code"]) == (409, "export_not_ready")
    assert database("select count(*) from export_chunk where export_id = %s", export["id"])[0][0] == 0


def test_what_has_ended_cannot_be_cancelled(api):
    export = start(api, "/v1/regions")
    wait_for(api, export)

    answer = api.post(f"/v1/exports/{export['id']}/cancel")

    assert (answer.status_code, answer.json()["code"]) == (409, "export_finished")


def test_a_revoked_key_ends_its_exports(api, database):
    key = api.new_key("admin")
    caller = api.caller(key["key"])
    slow(database, True)
    running = start(caller, "/v1/sales-records")
    deadline = time.monotonic() + WAIT_S
    while api.get(f"/v1/exports/{running['id']}").json()["status"] != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    queued = start(caller, "/v1/regions")

    api.delete(f"/v1/api-keys/{key['id']}")

    for export in (running, queued):
        ended = wait_for(api, export)
        assert (ended["status"], ended["failure_code"]) == ("cancelled", "unauthorized")
        assert api.get(f"/v1/exports/{export['id']}/file").status_code == 409
    slow(database, False)


def test_a_key_has_so_many_exports_under_way(api, database):
    caller = api.caller(api.new_key("analyst")["key"])
    slow(database, True)
    for _ in range(20):
        start(caller, "/v1/regions")

    answer = caller.post("/v1/exports", json={"list": "/v1/regions", "format": "csv"})
    for export in caller.walk("/v1/exports"):
        caller.post(f"/v1/exports/{export['id']}/cancel")
    slow(database, False)

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_exports")


def test_the_same_request_twice_makes_one_export(api):
    first, second = (api.post("/v1/exports", json={"list": "/v1/regions", "format": "csv"}, idempotency_key="export once") for _ in range(2))

    assert first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"]


def test_a_day_later_it_is_gone(api, database):
    export = start(api, "/v1/regions")
    wait_for(api, export)
    database("update export set expires_at = now() - interval '1 second' where id = %s", export["id"])

    deadline = time.monotonic() + WAIT_S
    while api.get(f"/v1/exports/{export['id']}").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert api.get(f"/v1/exports/{export['id']}/file").status_code == 404
    assert database("select count(*) from export_chunk where export_id = %s", export["id"])[0][0] == 0


def test_what_nobody_can_write_is_given_up(api, database):
    export = start(api, "/v1/regions")
    wait_for(api, export)
    database("update export set status = 'running', attempts = 5, lease_until = now() - interval '1 second' where id = %s", export["id"])

    ended = wait_for(api, export)
    assert (ended["status"], ended["failure_code"]) == ("failed", "unavailable")


def test_what_the_data_refuse_ends_it(api):
    export = start(api, "/v1/analytics/sales?calendar_code=NONE&group_by=month")

    ended = wait_for(api, export)

    assert ended["status"] == "failed"
    assert ended["failure_code"] == api.get("/v1/analytics/sales?calendar_code=NONE&group_by=month").json()["code"]
    assert ended["failure_detail"]
