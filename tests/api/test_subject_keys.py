"""Keys that the subject of access tokens makes may outlast its tokens, but not the subject: they are refused while it is blocked."""
import time

import pytest

from support.event_stream import EventStream
from support.server import Server

PATH = "/v1/api-keys"
MANAGING = ["api-keys:read", "api-keys:write", "regions:read", "exports:read", "exports:write"]


@pytest.fixture(scope="module")
def server(database, issuer):
    server = Server(database.url, {**issuer.settings(), "QUDAO_EVENT_POLL_MS": "100"})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def by_token(api, issuer):
    """A caller with a token of that role and with those claims."""
    return lambda role="admin", **claims: api.caller(issuer.token(role, **claims))


def made(answer):
    assert answer.status_code == 201, answer.text
    return answer.json()


def make_key(caller, **members):
    return made(caller.post(PATH, json={"name": "Made", "role": "analyst", **members}))


def subject_of(caller):
    return caller.get("/v1/me").json()["id"]


def set_blocked(api, subject, is_blocked):
    assert api.patch(f"/v1/token-subjects/{subject}", json={"is_blocked": is_blocked}, if_match="*").status_code == 200


def eventually(status, caller):
    deadline = time.monotonic() + 30
    while (answer := caller.get("/v1/regions")).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    return answer


def test_a_key_says_which_subject_made_it(api, by_token):
    maker = by_token(sub="maker")

    key = make_key(maker)

    assert key["subject_id"] == subject_of(maker)
    assert api.get(f"{PATH}/{key['id']}").json()["subject_id"] == subject_of(maker)
    assert [listed["id"] for listed in api.walk(PATH, subject_id=subject_of(maker))] == [key["id"]]
    assert api.new_key("analyst")["subject_id"] is None


def test_nobody_says_itself_whose_a_key_is(api, by_token):
    body = {"name": "N", "role": "analyst", "subject_id": subject_of(by_token(sub="victim"))}

    assert api.post(PATH, json=body).status_code == 400


def test_the_keys_of_a_subject_are_refused_while_it_is_blocked(api, by_token):
    maker, other = by_token(sub="leaver"), by_token(sub="stayer")
    key, another = api.caller(make_key(maker)["key"]), api.caller(make_key(other)["key"])
    assert eventually(200, key)

    set_blocked(api, subject_of(maker), True)
    refused = eventually(401, key)

    assert (refused.json()["code"], refused.json()["detail"]) == ("unauthorized", "The key is unknown, revoked, expired or locked out.")
    assert eventually(200, another)
    subject = api.walk("/v1/token-subjects", subject="leaver")[0]["id"]
    assert api.walk(PATH, subject_id=subject)[0]["revoked_at"] is None
    set_blocked(api, subject, False)
    assert eventually(200, key)


def test_what_a_key_of_a_subject_makes_is_the_subjects(api, by_token):
    maker = by_token(sub="launderer")
    subject = subject_of(maker)
    first = make_key(maker, role="admin", scopes=MANAGING)
    second = make_key(api.caller(first["key"]), scopes=["regions:read"])
    third = made(api.caller(first["key"]).post(f"{PATH}/{second['id']}/rotate", json={}))

    assert {key["subject_id"] for key in (first, second, third)} == {subject}
    set_blocked(api, subject, True)

    for key in (first, second, third):
        eventually(401, api.caller(key["key"]))


def test_a_key_is_whose_who_rotated_it_last(api, by_token):
    """Whoever rotates a key knows the new secret, and nobody else does."""
    maker = by_token(sub="rotator")
    subject = subject_of(maker)
    taken = made(maker.post(f"{PATH}/{api.new_key('analyst')['id']}/rotate", json={}))
    saved = made(api.post(f"{PATH}/{make_key(maker)['id']}/rotate", json={}))

    assert (taken["subject_id"], saved["subject_id"]) == (subject, None)
    set_blocked(api, subject, True)

    eventually(401, api.caller(taken["key"]))
    assert eventually(200, api.caller(saved["key"]))


def test_the_keys_that_the_subject_of_a_partner_makes_are_its_own(api, by_token, acme):
    maker = by_token("partner", sub="portal", partner_code=acme["code"], scope=" ".join(MANAGING))
    key = make_key(maker, role="partner", scopes=MANAGING)
    below = make_key(api.caller(key["key"]), role="partner", scopes=["regions:read"])

    assert {listed["id"] for listed in maker.walk(PATH, subject_id=subject_of(maker))} == {key["id"], below["id"]}
    set_blocked(api, subject_of(maker), True)

    eventually(401, api.caller(key["key"]))
    eventually(401, api.caller(below["key"]))


def test_the_stream_of_a_key_ends_with_its_subject(api, by_token):
    maker = by_token(sub="listener")
    stream = EventStream(api.caller(make_key(maker)["key"])).until_greeted()

    set_blocked(api, subject_of(maker), True)

    stream.wait_for_end()
    stream.close()


def test_the_exports_of_a_key_end_with_its_subject(api, database, by_token):
    maker = by_token(sub="exporter")
    caller = api.caller(make_key(maker)["key"])
    export = caller.post("/v1/exports", json={"list": "/v1/regions", "format": "csv"}).json()
    database("update export set status = 'queued', attempts = 0, lease_until = now() + interval '3 seconds' where id = %s", export["id"])

    set_blocked(api, subject_of(maker), True)

    deadline = time.monotonic() + 60
    while (outcome := api.get(f"/v1/exports/{export['id']}").json())["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, outcome
        time.sleep(0.1)
    assert (outcome["status"], outcome["failure_code"]) == ("cancelled", "unauthorized")
