"""Imports that are put off (Prefer: respond-async): accepted once the file is kept, carried out once, by the rights of who asked."""
import os
import pathlib
import re
import threading
import time

import pytest

from support import builders, channel
from support.client import CSV, NDJSON
from support.later import accepted, is_running, kept, members, put_off, report_of, slow, wait_until, wait_until_writing
from support.contract import woven

pytestmark = pytest.mark.waits

# The address sanitizer would keep 256 MB of freed memory, and look like a leak.
SERVER_SETTINGS = {"ASAN_OPTIONS": "quarantine_size_mb=4"}
SLOW_S = 35
NAMES = [operation.id for operation in woven().operations if "x-imports" in operation.document]


@pytest.fixture
def slowly(database):
    """Imports of members take their time."""
    slow(database, True)
    yield
    slow(database, False)


def written(database, prefix):
    return database("select count(*) from member where code like %s", prefix + "-%")[0][0]


@pytest.mark.parametrize("media_type", [CSV, NDJSON])
@pytest.mark.parametrize("name", NAMES)
def test_every_import_can_be_put_off(api, contract, name, media_type):
    operation = contract.by_id[name]
    resource = operation.template.split("/")[2]
    example = operation.document["requestBody"]["content"][media_type]["example"].encode()
    now = api.post(operation.template, data=example, content_type=media_type, params={"dry_run": "true"}).json()

    answer = put_off(api, resource, example, content_type=media_type, params={"dry_run": "true"})

    queued = accepted(answer)
    assert answer.headers["Location"] == f"/v1/imports/{queued['id']}"
    assert (answer.headers["Preference-Applied"], answer.headers["Retry-After"]) == ("respond-async", "1")
    assert (queued["resource"], queued["status"], queued["attempts"], queued["bytes"]) == (resource, "queued", 0, len(example))
    done = wait_until(api, queued)
    assert (done["status"], done["attempts"], done["is_posted"]) == ("succeeded", 1, False)
    assert report_of(done) == {member: now[member] for member in report_of(done)}
    assert "Retry-After" not in api.get(answer.headers["Location"]).headers


def test_the_report_is_what_the_answer_would_have_been(api, database):
    for resource in ("regions", "products", "members", "partners"):
        channel.import_one(api, resource)
    file = channel.content("sales-records").replace(b",USD,", b",usd,", 40)
    now = channel.import_file(api, "sales-records", file, params={"dry_run": "true"}).json()

    done = wait_until(api, accepted(put_off(api, "sales-records", file)))

    assert done["status"] == "succeeded" and done["rejected"] == now["rejected"] > 0 and done["created"] == now["created"] > 50_000
    assert done["errors"] == now["errors"]
    assert (done["is_posted"], done["digest"], done["bytes"]) == (True, database("select encode(sha256(%s), 'hex')", file)[0][0], len(file))
    assert database("select count(*) from sales_record where import_id = %s", done["id"])[0][0] == done["created"]
    assert len(api.walk(f"/v1/imports/{done['id']}/errors")) == len(done["errors"])
    assert kept(database) == 0


def test_an_import_that_was_answered_at_once_reads_the_same(api):
    report = channel.import_file(api, "members", b"code,name\nAT-ONCE,Li\nAT-ONCE,Li\n").json()

    read = api.get(f"/v1/imports/{report['id']}").json()

    assert report_of(read) == {member: report[member] for member in report_of(read)}
    assert (read["status"], read["attempts"], read["bytes"], read["failure_code"]) == ("succeeded", 1, 32, None)
    assert read["errors"][0]["code"] == "duplicate_in_file"
    assert api.post(f"/v1/imports/{report['id']}/cancel").json()["code"] == "import_finished"


def test_what_the_request_asks_for_is_kept(api, database):
    atomic = accepted(put_off(api, "members", members("ATOMIC", 3) + b"ATOMIC-0,Li\n", params={"atomic": "true"}))
    dry = accepted(put_off(api, "members", members("DRY", 3), params={"dry_run": "true"}))
    custom = accepted(put_off(api, "partners", b"code,name,shoe_size\nLATER-CUSTOM,Li,43\n", params={"unknown": "custom"}))

    assert (atomic["is_atomic"], atomic["is_dry_run"], dry["is_atomic"], dry["is_dry_run"]) == (True, False, False, True)
    atomic, dry, custom = (wait_until(api, import_) for import_ in (atomic, dry, custom))
    assert (atomic["rejected"], atomic["created"], atomic["is_posted"]) == (1, 0, False)
    assert (dry["created"], dry["is_posted"], dry["dry_run"]) == (3, False, True)
    assert written(database, "ATOMIC") == written(database, "DRY") == 0
    assert custom["created"] == 1
    (partner,) = api.walk("/v1/partners", code="LATER-CUSTOM")
    assert partner["custom"] == {"shoe_size": "43"}


def test_faults_are_told_in_the_language_of_who_asked(api):
    file = b"code,name\n,Li\n"
    now = channel.import_file(api, "members", file, accept_language="zh-CN").json()

    done = wait_until(api, accepted(put_off(api, "members", file, accept_language="zh-CN")))

    assert done["errors"] == now["errors"]
    assert re.search("[\u4e00-\u9fff]", done["errors"][0]["detail"])


@pytest.mark.parametrize("file, code", [(b"", "invalid_file"), (b'code,name\n"x,Li\n', "invalid_file"), (b"code,name,shoe_size\nX,Li,43\n", "unknown_columns")])
def test_a_file_that_is_refused_as_a_whole_fails_once(api, database, file, code):
    now = channel.import_file(api, "members", file)

    done = wait_until(api, accepted(put_off(api, "members", file)))

    assert (now.status_code, now.json()["code"]) == (400, code)
    assert (done["status"], done["attempts"], done["failure_code"]) == ("failed", 1, code)
    assert done["failure_detail"] == now.json()["detail"]
    assert done["finished_at"] is not None and not done["is_posted"]
    assert kept(database) == 0


def test_a_refused_media_type_is_refused_at_once(api):
    answer = put_off(api, "members", b"<members/>", content_type="application/xml")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("headers, status", [
    ({"Prefer": "wait=10, respond-async"}, 202), ({"Prefer": "Respond-Async; because=\"why, not\""}, 202), ({"Prefer": "return=minimal"}, 200),
    ({"Prefer": "handling=lenient, wait=5"}, 200), ({"Prefer": "note=\"a, respond-async\""}, 200), ({"Prefer": "respond-asynchronously"}, 200), ({}, 200)])
def test_only_the_preference_itself_puts_off(api, headers, status):
    answer = api.post("/v1/members/import", data=b"code,name\n", content_type=CSV, headers=headers, params={"dry_run": "true"})

    assert answer.status_code == status
    assert ("Preference-Applied" in answer.headers) == (status == 202)


def test_a_preference_may_stand_in_a_header_of_its_own(api):
    pairs = [("Authorization", f"Bearer {api.key}"), ("Content-Type", CSV), ("Prefer", "respond-async"), ("Prefer", "wait=10")]

    assert api.raw("POST", "/v1/members/import?dry_run=true", pairs, b"code,name\n").status_code == 202


def test_what_is_no_import_is_not_put_off(api):
    assert api.get("/v1/regions", headers={"Prefer": "respond-async"}).status_code == 200
    assert api.post("/v1/regions", json=builders.a_region(), headers={"Prefer": "respond-async"}).status_code == 201


def test_the_same_request_twice_is_one_import(api, database):
    file = members("ONCE", 5)

    first, second = (put_off(api, "members", file, idempotency_key="import once") for _ in range(2))

    assert first.content == second.content and second.headers["Idempotency-Replayed"] == "true"
    assert all(first.headers[name] == second.headers[name] for name in ("Location", "Preference-Applied"))
    assert wait_until(api, accepted(second))["created"] == 5
    assert put_off(api, "members", members("OTHER", 5), idempotency_key="import once").json()["code"] == "idempotency_key_reused"
    assert written(database, "OTHER") == kept(database) == 0
    # What a key was answered is answered again, whatever is preferred by then.
    again = channel.import_file(api, "members", file, idempotency_key="import once")
    assert (again.status_code, again.content) == (202, first.content)


def test_it_leaves_one_audit_row_and_one_event_that_lead_to_the_request(api, database):
    cursor = api.get("/v1/events", params={"limit": 200, "type": "import.finished"}).json()["next_cursor"]
    answer = put_off(api, "members", members("AUDITED", 4))
    import_ = wait_until(api, accepted(answer))

    (entry,) = api.walk("/v1/audit-log", object_id=import_["id"])
    assert (entry["action"], entry["operation"], entry["request_id"]) == ("import", "importMembers", answer.headers["Request-Id"])
    assert entry["after"]["created"] == 4 and "status" not in entry["after"]
    deadline = time.monotonic() + 30
    while not (events := api.walk_log(cursor, object_id=import_["id"])):
        assert time.monotonic() < deadline
    assert [event["type"] for event in events] == ["import.finished"]
    assert database("select count(*) from audit_log where object_type = 'member' and after ->> 'code' like 'AUDITED-%%'")[0][0] == 0


def test_a_file_may_come_slowly(api, database):
    """Longer than a transaction may stand still in which nobody is waited for, and without filling one piece."""

    def file():
        yield b"code,name\n"
        for number in range(SLOW_S):
            time.sleep(1)
            yield b"".join(b"SLOWLY-%d-%d,Member\n" % (number, row) for row in range(100))

    import_ = accepted(put_off(api, "members", file()))

    assert wait_until(api, import_)["created"] == 100 * SLOW_S
    assert written(database, "SLOWLY") == 100 * SLOW_S


def test_one_that_waits_can_be_cancelled(api, database, slowly):
    first = accepted(put_off(api, "members", members("BEFORE", 1)))
    wait_until(api, first, is_running)
    waiting = accepted(put_off(api, "members", members("WAITING", 3)))
    assert api.get(f"/v1/imports/{waiting['id']}").headers["Retry-After"] == "1"

    cancelled = api.post(f"/v1/imports/{waiting['id']}/cancel")
    again = api.post(f"/v1/imports/{waiting['id']}/cancel")

    assert (cancelled.status_code, cancelled.json()["status"], cancelled.json()["attempts"]) == (200, "cancelled", 0)
    assert again.json() == cancelled.json()
    assert database("select count(*) from import_chunk where import_id = %s", waiting["id"])[0][0] == 0
    assert wait_until(api, first)["created"] == 1
    assert api.get(f"/v1/imports/{waiting['id']}").json() == cancelled.json()
    assert written(database, "WAITING") == 0


def test_one_that_is_under_way_can_be_cancelled(api, database, slowly):
    running = accepted(put_off(api, "members", members("CALLED-OFF", 3)))
    wait_until_writing(database)

    cancelled = api.post(f"/v1/imports/{running['id']}/cancel").json()

    assert cancelled["status"] == "cancelled"
    following = wait_until(api, accepted(put_off(api, "members", members("FOLLOWING", 2))))
    assert following["created"] == 2
    assert api.get(f"/v1/imports/{running['id']}").json() == cancelled
    assert written(database, "CALLED-OFF") == kept(database) == 0


def test_a_revoked_key_ends_its_imports(api, database, slowly):
    key = api.new_key("admin")
    caller = api.caller(key["key"])
    running = accepted(put_off(caller, "members", members("REVOKED", 2)))
    wait_until(api, running, is_running)
    waiting = accepted(put_off(caller, "members", members("REVOKED-TOO", 2)))

    api.delete(f"/v1/api-keys/{key['id']}")

    # One that was about to be committed may just have come through.
    ended = wait_until(api, waiting)
    assert (ended["status"], ended["failure_code"], ended["attempts"]) == ("cancelled", "unauthorized", 1)
    ended = wait_until(api, running)
    assert ended["status"] in ("cancelled", "succeeded") and (ended["status"] == "succeeded") == (written(database, "REVOKED") == 2)
    assert written(database, "REVOKED-TOO") == kept(database) == 0


def test_a_key_that_is_revoked_while_it_is_carried_out_posts_nothing(api, database):
    slow(database, True, seconds=20)
    key = api.new_key("admin")
    running = accepted(put_off(api.caller(key["key"]), "members", members("TOO-LATE", 2)))
    wait_until_writing(database)

    api.delete(f"/v1/api-keys/{key['id']}")

    ended = wait_until(api, running)
    slow(database, False)
    assert (ended["status"], ended["failure_code"]) == ("cancelled", "unauthorized")
    assert written(database, "TOO-LATE") == kept(database) == 0


def test_a_right_that_is_gone_by_then_is_missed(api, database, slowly):
    key = api.new_key("admin", scopes=["members:write", "imports:read"])
    before = accepted(put_off(api, "members", members("MINE", 1)))
    wait_until(api, before, is_running)
    waiting = accepted(put_off(api.caller(key["key"]), "members", members("NARROWED", 2)))

    database("update api_key set scopes = '{imports:read}' where id = %s", key["id"])

    ended = wait_until(api, waiting)
    assert (ended["status"], ended["failure_code"]) == ("failed", "forbidden")
    assert written(database, "NARROWED") == kept(database) == 0


def test_a_partner_imports_later_what_it_may_import(api, acme, zenith, product):
    partner = api.as_partner(acme)
    header = "external_ref,sold_on,partner_code,sku,quantity,amount,currency,kind\n"
    rows = [f"LATER-{number},2026-01-01,{owner['code']},{product['sku']},1,1,USD,sell_through\n" for number, owner in enumerate((acme, zenith))]
    file = (header + "".join(rows)).encode()
    now = channel.import_file(partner, "sales-records", file, params={"dry_run": "true"}).json()

    done = wait_until(partner, accepted(put_off(partner, "sales-records", file)))

    assert (done["status"], done["created"], done["rejected"]) == ("succeeded", 1, 1)
    assert done["errors"] == now["errors"]
    (sale,) = partner.walk("/v1/sales-records", import_id=done["id"])
    assert sale["partner_code"] == acme["code"]
    assert put_off(partner, "members", members("NOT-MINE", 1)).status_code == 403


def test_nobody_else_sees_or_cancels_what_a_partner_put_off(api, database, acme, zenith):
    slow(database, True, seconds=60)
    in_front = accepted(put_off(api, "members", members("IN-FRONT", 1)))
    wait_until(api, in_front, is_running)
    child = builders.make_partner(api, parent_code=acme["code"])
    file = b"code,name\nLATER-CUSTOMER,Li\n"
    import_ = accepted(put_off(api.as_partner(child), "customers", file))
    path = f"/v1/imports/{import_['id']}"
    twin = api.caller(api.new_key("partner", partner_id=child["id"])["key"])

    for answer in (api.as_partner(zenith).get(path), api.as_partner(zenith).post(f"{path}/cancel")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert import_["id"] not in {i["id"] for i in api.as_partner(zenith).walk("/v1/imports")}
    # Those above see it; what is done about it is its own business, and the administrators'.
    for other in (api.as_partner(acme), api.as_manager(builders.make_member(api))):
        assert other.get(path).json()["status"] == "queued"
        assert (answer := other.post(f"{path}/cancel")).status_code == 403, answer.text
    assert api.as_role("analyst").post(f"{path}/cancel").status_code == 403
    assert twin.post(f"{path}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{path}/cancel").json()["status"] == "cancelled"
    api.post(f"/v1/imports/{in_front['id']}/cancel")
    slow(database, False)


def test_an_import_is_not_carried_out_for_ever(api, database):
    import_ = wait_until(api, accepted(put_off(api, "members", members("HOPELESS", 1))))
    database("insert into import_chunk (import_id, number, bytes) values (%s, 0, '')", import_["id"])
    database("update import set status = 'running', attempts = 5, lease_until = now() - interval '1 second' where id = %s", import_["id"])

    ended = wait_until(api, import_)

    assert (ended["status"], ended["failure_code"], ended["attempts"]) == ("failed", "unavailable", 5)
    assert kept(database) == 0


def test_what_another_wrote_meanwhile_is_judged_anew(api, database, slowly):
    import_ = accepted(put_off(api, "members", members("RACE", 3)))
    wait_until_writing(database)

    builders.make_member(api, code="RACE-1", name="Another")

    done = wait_until(api, import_)
    assert (done["status"], done["attempts"]) == ("succeeded", 2)
    assert (done["created"], done["updated"], written(database, "RACE")) == (2, 1, 3)


def test_what_waits_stands_in_the_list(api, database, slowly):
    import_ = accepted(put_off(api, "members", members("LISTED", 1)))

    (listed,) = [i for i in api.walk("/v1/imports") if i["id"] == import_["id"]]

    assert listed["status"] in ("queued", "running") and listed["finished_at"] is None
    wait_until(api, import_)


def resident_bytes(process):
    return int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_large_file_takes_no_memory(api, server):
    note = "x" * 900
    line = '{"code": "LARGE-%d", "name": "Li", "custom": {"note": "' + note + '", "more": "' + note + '"}}\n'
    options = {"content_type": NDJSON, "params": {"dry_run": "true"}}
    wait_until(api, accepted(put_off(api, "members", "".join(line % number for number in range(500)).encode(), **options)))
    peaks, has_ended = [], threading.Event()
    watcher = threading.Thread(target=lambda: [peaks.append(resident_bytes(server.process)) for _ in iter(lambda: has_ended.wait(0.02), True)])
    before = resident_bytes(server.process)

    watcher.start()
    import_ = accepted(put_off(api, "members", ((line % number).encode() for number in range(11000)), **options))
    done = wait_until(api, import_)
    has_ended.set()
    watcher.join()

    assert (done["created"], done["bytes"]) == (11000, sum(len(line % number) for number in range(11000)))
    assert max(peaks) - before < 16 << 20
