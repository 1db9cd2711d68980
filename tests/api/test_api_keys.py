"""API keys: who may call, until when, and what for."""
import datetime
import hashlib
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.builders import a_region, make_contact, make_member, make_partner, make_region
from support.server import ADMIN_KEY

SHARES_SERVER = True


def instant(**delta):
    return (datetime.datetime.utcnow() + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_refused(answer):
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    return True


def test_the_key_is_shown_once(api):
    made = api.new_key("analyst")

    again = api.get(f"/v1/api-keys/{made['id']}")

    assert made["key"].startswith(made["prefix"]) and len(made["prefix"]) < len(made["key"]) // 2
    assert "key" not in again.json()
    assert again.json() == {name: value for name, value in made.items() if name != "key"}
    for accept in ("application/json", "text/csv", "application/x-ndjson"):
        assert made["key"] not in api.get("/v1/api-keys", accept=accept, params={"limit": 200}).text


def test_only_a_digest_is_stored(api, database):
    made = api.new_key("analyst")

    (row,) = database("select k::text as all, encode(secret_hash, 'hex') as hash from api_key k where id = %s", made["id"])

    assert row.hash == hashlib.sha256(made["key"].encode()).hexdigest()
    assert made["key"] not in row.all
    assert not database("select from audit_log where strpos(coalesce(after::text, ''), %s) > 0", made["key"])
    assert not database("select from event e where strpos(e::text, %s) > 0", made["key"])


def test_two_keys_are_never_alike(api):
    keys = {api.new_key("analyst")["key"] for _ in range(20)}

    assert len(keys) == 20 and min(map(len, keys)) >= 35


@pytest.mark.parametrize("authorization", [
    None, "", "Bearer", "Bearer ", f"Basic {ADMIN_KEY}", ADMIN_KEY, "Bearer x", f"Bearer {ADMIN_KEY}x", f"Bearer {ADMIN_KEY[:-1]}",
    f"Bearer {ADMIN_KEY} x", f"Bearer {ADMIN_KEY.upper()}", f"Token {ADMIN_KEY}", "Bearer null", "Bearer ' or 1=1",
])
def test_what_is_no_key_is_refused(api, authorization):
    headers = [] if authorization is None else [("Authorization", authorization)]

    assert is_refused(api.raw("GET", "/v1/regions", headers))


def test_a_key_in_the_query_is_no_key(api):
    answer = api.anonymous().get("/v1/regions", params={"access_token": ADMIN_KEY})

    assert is_refused(answer)


def test_the_digest_is_no_key(api):
    assert is_refused(api.caller(hashlib.sha256(ADMIN_KEY.encode()).hexdigest()).get("/v1/regions"))


def test_a_key_ends_when_it_expires(api):
    soon = api.caller(api.new_key("analyst", expires_at=instant(seconds=2))["key"])

    assert soon.get("/v1/regions").status_code == 200
    time.sleep(2.5)
    assert is_refused(soon.get("/v1/regions"))


def test_a_key_that_has_expired_is_refused_at_once(api):
    past = api.new_key("admin", expires_at=instant(seconds=-10))

    assert is_refused(api.caller(past["key"]).get("/v1/regions"))


def test_a_key_with_a_later_end_works(api):
    made = api.new_key("analyst", expires_at="2099-12-31T23:59:59Z")

    assert made["expires_at"] == "2099-12-31T23:59:59Z"
    assert api.caller(made["key"]).get("/v1/regions").status_code == 200


def test_the_end_of_a_key_may_be_said_in_any_time_zone(api):
    made = api.new_key("analyst", expires_at="2099-06-01T12:00:00+08:00")

    assert made["expires_at"] == "2099-06-01T04:00:00Z"


def refused_within_a_second(callers):
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if all(caller.get("/v1/regions").status_code == 401 for caller in callers):
            return True
        time.sleep(0.05)
    return False


def test_a_revoked_key_ends_within_a_second_on_every_worker(api):
    made = api.new_key("analyst")
    callers = [api.caller(made["key"]) for _ in range(12)]
    assert {caller.get("/v1/regions").status_code for caller in callers} == {200}

    assert api.delete(f"/v1/api-keys/{made['id']}").status_code == 204

    assert refused_within_a_second(callers)
    assert all(is_refused(api.caller(made["key"]).get("/v1/regions")) for _ in range(8))


def test_a_key_that_is_revoked_in_the_database_ends_within_a_second(api, database):
    made = api.new_key("analyst")
    callers = [api.caller(made["key"]) for _ in range(12)]
    assert {caller.get("/v1/regions").status_code for caller in callers} == {200}

    database("update api_key set revoked_at = now() where id = %s", made["id"])

    assert refused_within_a_second(callers)


def test_a_role_that_is_changed_in_the_database_holds_within_a_second(api, database):
    made = api.new_key("admin")
    callers = [api.caller(made["key"]) for _ in range(8)]
    assert {caller.get("/v1/api-keys").status_code for caller in callers} == {200}

    database("update api_key set role = 'analyst' where id = %s", made["id"])
    time.sleep(1)

    assert {caller.get("/v1/api-keys").status_code for caller in callers} == {403}


def test_the_keys_of_a_deleted_partner_end_with_it(api):
    partner = make_partner(api)
    caller = api.as_partner(partner)
    assert caller.get("/v1/partners").status_code == 200

    assert api.delete(f"/v1/partners/{partner['id']}", if_match="*").status_code == 204

    assert refused_within_a_second([caller])


def test_a_revoked_key_stays_in_the_list(api):
    made = api.new_key("analyst")
    api.delete(f"/v1/api-keys/{made['id']}")

    revoked = api.get(f"/v1/api-keys/{made['id']}").json()

    assert revoked["revoked_at"] is not None
    assert made["id"] in {key["id"] for key in api.walk("/v1/api-keys")}


def test_revoking_again_changes_nothing(api):
    made = api.new_key("analyst")
    path = f"/v1/api-keys/{made['id']}"
    api.delete(path)
    before = api.get(path).json()

    assert api.delete(path).status_code == 204
    assert api.get(path).json() == before


def test_when_a_key_was_last_used_is_known_soon(api):
    made = api.new_key("analyst")
    api.caller(made["key"]).get("/v1/regions")

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and api.get(f"/v1/api-keys/{made['id']}").json()["last_used_at"] is None:
        time.sleep(0.25)

    used = api.get(f"/v1/api-keys/{made['id']}").json()["last_used_at"]
    assert used is not None and used >= made["created_at"]


def test_a_key_of_a_partner_names_it(api, acme):
    by_id, by_code = api.new_key("partner", partner_id=acme["id"]), api.new_key("partner", partner_code=acme["code"])

    for made in (by_id, by_code):
        assert (made["partner_id"], made["partner_code"]) == (acme["id"], acme["code"])


def rotate(api, made, **body):
    return api.post(f"/v1/api-keys/{made['id']}/rotate", json=body)


def rotated(api, made, **body):
    answer = rotate(api, made, **body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def read(api, key):
    return api.get(f"/v1/api-keys/{key['id']}").json()


def seconds_between(earlier, later):
    instants = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (earlier, later)]
    return (instants[1] - instants[0]).total_seconds()


def test_a_rotated_key_and_its_successor_both_work_for_a_while(api, acme):
    old = api.new_key("partner", partner_id=acme["id"], scopes=["regions:read", "contacts:write"])

    answer = rotate(api, old)

    new = answer.json()
    assert answer.headers["Location"] == f"/v1/api-keys/{new['id']}" and answer.headers["ETag"] == '"1"'
    assert new["key"] != old["key"] and new["key"].startswith(new["prefix"]) and new["id"] != old["id"]
    same = ("name", "role", "partner_id", "partner_code", "manager_id", "manager_code", "scopes", "expires_at")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert (new["replaces_id"], new["replaced_by_id"], new["revoked_at"]) == (old["id"], None, None)
    assert {api.caller(key["key"]).get("/v1/regions").status_code for key in (old, new)} == {200}
    assert {name: value for name, value in new.items() if name != "key"} == read(api, new)
    before = read(api, old)
    assert (before["replaces_id"], before["replaced_by_id"], before["version"]) == (None, new["id"], 2)
    assert seconds_between(new["created_at"], before["expires_at"]) == 86400
    assert before["revoked_at"] is None


def test_a_rotated_key_of_a_manager_writes_for_the_same_partners(api):
    member = make_member(api)
    partner = make_partner(api, manager_code=member["code"])

    new = rotated(api, api.new_key("manager", manager_code=member["code"]))

    assert new["manager_code"] == member["code"]
    assert api.caller(new["key"]).patch(f"/v1/partners/{partner['id']}", json={"city": "X"}, if_match="*").status_code == 200


def test_without_overlap_a_rotated_key_ends_within_a_second_on_every_worker(api):
    old = api.new_key("analyst")
    callers = [api.caller(old["key"]) for _ in range(12)]
    assert {caller.get("/v1/regions").status_code for caller in callers} == {200}

    new = rotated(api, old, overlap_seconds=0)

    assert refused_within_a_second(callers)
    assert api.caller(new["key"]).get("/v1/regions").status_code == 200
    assert read(api, old)["expires_at"] == new["created_at"]


def test_a_rotated_key_ends_after_the_overlap(api):
    old = api.new_key("analyst")
    new = rotated(api, old, overlap_seconds=3)
    caller = api.caller(old["key"])

    assert caller.get("/v1/regions").status_code == 200
    time.sleep(3.5)

    assert is_refused(caller.get("/v1/regions"))
    assert api.caller(new["key"]).get("/v1/regions").status_code == 200


def test_rotation_prolongs_nothing(api):
    old = api.new_key("analyst", expires_at=instant(hours=2))

    rotated(api, old, overlap_seconds=604800)

    assert read(api, old)["expires_at"] == old["expires_at"]


def test_a_successor_lasts_as_long_as_its_predecessor_was_made_for(api):
    old = api.new_key("analyst", expires_at=instant(days=30))

    new = rotated(api, old)

    assert seconds_between(new["created_at"], new["expires_at"]) == seconds_between(old["created_at"], old["expires_at"])


@pytest.mark.parametrize("end", [None, "2099-12-31T23:59:59Z"])
def test_the_end_of_a_successor_may_be_said(api, end):
    old = api.new_key("analyst", expires_at=instant(days=30))

    assert rotated(api, old, expires_at=end)["expires_at"] == end


def test_a_rotated_key_is_shown_once_even_to_a_retry(api):
    old = api.new_key("analyst")
    path = f"/v1/api-keys/{old['id']}/rotate"

    first, second = (api.post(path, json={}, idempotency_key=f"rotate {old['id']}") for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true" and second.headers["Location"] == first.headers["Location"]
    assert second.json() == {**first.json(), "key": None}
    assert api.caller(first.json()["key"]).get("/v1/regions").status_code == 200


def test_the_secret_of_a_successor_is_stored_nowhere(api, database):
    new = rotated(api, api.new_key("analyst"))

    assert not database("select from audit_log where strpos(coalesce(after::text, ''), %s) > 0", new["key"])
    assert not database("select from idempotency_key where strpos(convert_from(body, 'UTF8'), %s) > 0", new["key"])


def test_a_key_is_rotated_once_and_then_its_successor(api):
    first = api.new_key("analyst")
    second = rotated(api, first)

    again = rotate(api, first)

    assert (again.status_code, again.json()["code"], again.json()["existing_id"]) == (409, "api_key_replaced", second["id"])
    third = rotated(api, second)
    assert read(api, second)["replaces_id"] == first["id"] and read(api, second)["replaced_by_id"] == third["id"]


def test_of_rotations_at_once_one_succeeds(api):
    made = api.new_key("analyst")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda caller: rotate(caller, made), [api.twin() for _ in range(8)]))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert [key["id"] for key in api.walk("/v1/api-keys") if key["replaces_id"] == made["id"]] == [read(api, made)["replaced_by_id"]]


def test_a_key_that_has_ended_is_not_rotated(api):
    revoked, expired = api.new_key("analyst"), api.new_key("analyst", expires_at=instant(seconds=-10))
    api.delete(f"/v1/api-keys/{revoked['id']}")

    for made in (revoked, expired):
        before = read(api, made)
        answer = rotate(api, made)

        assert (answer.status_code, answer.json()["code"]) == (409, "api_key_ended")
        assert read(api, made) == before


@pytest.mark.parametrize("body, pointer", [
    ({"overlap_seconds": -1}, "/overlap_seconds"), ({"overlap_seconds": 604801}, "/overlap_seconds"), ({"overlap_seconds": "60"}, "/overlap_seconds"),
    ({"overlap_seconds": None}, "/overlap_seconds"), ({"expires_at": "tomorrow"}, "/expires_at"), ({"role": "admin"}, "/role"),
    ({"scopes": []}, "/scopes"), ({"key": "mine"}, "/key"),
])
def test_a_rotation_that_breaks_the_contract_is_refused(api, body, pointer):
    answer = rotate(api, api.new_key("analyst"), **body)

    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_rotation_is_told_and_logged(api, database):
    old = api.new_key("analyst")

    new = rotated(api, old)

    logged = database("select object_id::text as id, action, operation from audit_log where object_id in (%s, %s) order by object_id, at", old["id"], new["id"])
    assert [(row.id, row.action, row.operation) for row in logged] == [
        (old["id"], "insert", "createApiKey"), (old["id"], "update", "rotateApiKey"), (new["id"], "insert", "rotateApiKey"),
    ]
    told = database("select object_id::text as id, type from event where object_id in (%s, %s) order by object_id, occurred_at", old["id"], new["id"])
    assert [(row.id, row.type) for row in told] == [
        (old["id"], "api_key.created"), (old["id"], "api_key.rotated"), (new["id"], "api_key.created"),
    ]


def test_an_admin_rotates_its_own_key(api):
    own = api.new_key("admin")

    new = rotated(api.caller(own["key"]), own, overlap_seconds=0)

    assert api.caller(new["key"]).get("/v1/me").json()["id"] == new["id"]


@pytest.mark.parametrize("body, fault", [
    ({"role": "partner"}, ("/partner_id", "required")),
    ({"role": "partner", "partner_code": "NONE"}, ("/partner_code", "partner_unknown")),
    ({"role": "partner", "partner_id": str(uuid.uuid4())}, ("/partner_id", "partner_unknown")),
    ({"role": "manager", "manager_code": "NONE"}, ("/manager_code", "manager_unknown")),
    ({"role": "admin", "partner_code": "NONE"}, ("/partner_code", "partner_not_allowed")),
])
def test_a_key_that_makes_no_sense_is_refused(api, body, fault):
    answer = api.post("/v1/api-keys", json={"name": "N", **body})

    assert answer.status_code == 422
    assert fault in {(f["pointer"], f["code"]) for f in answer.json()["errors"]}


@pytest.mark.parametrize("members, pointer", [
    ({"role": "root"}, "/role"), ({"scopes": ["regions"]}, "/scopes/0"), ({"scopes": ["*:read"]}, "/scopes/0"),
    ({"scopes": "regions:read"}, "/scopes"), ({"expires_at": "tomorrow"}, "/expires_at"), ({"expires_at": "2027-01-01"}, "/expires_at"),
    ({"key": "mine"}, "/key"), ({"prefix": "qd"}, "/prefix"), ({"revoked_at": None}, "/revoked_at"), ({"last_used_at": None}, "/last_used_at"),
])
def test_a_key_that_breaks_the_contract_is_refused(api, members, pointer):
    answer = api.post("/v1/api-keys", json={"name": "N", "role": "analyst", **members})

    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_scopes_narrow_a_role(api):
    reader = api.as_role("admin", scopes=["regions:read"])
    region = make_region(api)

    assert reader.get("/v1/regions").status_code == 200
    assert reader.post("/v1/regions", json=a_region()).status_code == 403
    assert reader.get("/v1/partners").status_code == 403
    assert reader.delete(f"/v1/regions/{region['id']}", if_match="*").status_code == 403


def test_scopes_never_widen_a_role(api, acme):
    for role, members in (("analyst", {}), ("partner", {"partner_code": acme["code"]}), ("manager", {})):
        caller = api.as_role(role, scopes=["regions:write", "api-keys:read", "api-keys:write"], **members)

        assert caller.post("/v1/regions", json=a_region()).status_code == 403
        assert caller.get("/v1/api-keys").status_code == (200 if role == "partner" else 403)
        assert caller.post("/v1/api-keys", json={"name": "N", "role": "admin"}).status_code == 403


def test_without_a_word_in_its_scopes_only_an_admin_has_to_do_with_keys(api, acme):
    made = api.new_key("analyst")
    member = make_member(api)

    for caller in (api.as_role("analyst"), api.as_manager(member), api.as_partner(acme)):
        assert [
            caller.get("/v1/api-keys").status_code,
            caller.get(f"/v1/api-keys/{made['id']}").status_code,
            caller.get(f"/v1/api-keys/{uuid.uuid4()}").status_code,
            caller.delete(f"/v1/api-keys/{made['id']}").status_code,
            caller.post("/v1/api-keys", json={"name": "N", "role": "admin"}).status_code,
        ] == [403] * 5


def test_a_manager_without_a_member_writes_nothing(api):
    partner = make_partner(api)
    caller = api.as_role("manager")

    assert caller.get(f"/v1/partners/{partner['id']}").status_code == 200
    assert caller.patch(f"/v1/partners/{partner['id']}", json={"city": "X"}, if_match="*").status_code == 403
    assert caller.post("/v1/partners", json={"code": "MINE", "name": "N"}).status_code == 403
    contact = make_contact(api, partner)
    assert caller.delete(f"/v1/contacts/{contact['id']}", if_match="*").status_code == 403
