"""A stream whose caller came by an access token lives for as long as that token would be accepted."""
import time

import pytest

from support import builders
from support.client import Api
from support.event_stream import EventStream
from support.issuer import Issuer, Key
from support.server import ADMIN_KEY, Server

pytestmark = pytest.mark.waits

SETTINGS = {"QUDAO_WORKERS": "1", "QUDAO_EVENT_POLL_MS": "100", "QUDAO_EVENT_HEARTBEAT_MS": "300", "QUDAO_OIDC_JWKS_SECONDS": "2"}


@pytest.fixture(scope="module")
def issuer():
    issuer = Issuer(Key("ES256"), Key("RS256"))
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def server(database, issuer):
    server = Server(database.url, {**issuer.settings(), **SETTINGS})
    yield server
    server.stop()


@pytest.fixture
def follow(api, issuer):
    """Opens the stream of a token with that role and with those claims; closes it after the test."""
    streams = []

    def open_stream(role="analyst", **claims):
        streams.append(EventStream(api.caller(issuer.token(role, **claims))).until_greeted())
        return streams[-1]

    yield open_stream
    for stream in streams:
        stream.close()


def hears(api, stream):
    """The stream is told of what happens now, and so was not ended by what happened before."""
    region = builders.make_region(api)["id"]
    stream.until(lambda stream: region in stream.objects())
    return not stream.is_over.is_set()


def subject_of(api, name):
    (subject,) = api.get("/v1/token-subjects", params={"subject": name}).json()["data"]
    return f"/v1/token-subjects/{subject['id']}"


def set_blocked(api, name, is_blocked):
    assert api.patch(subject_of(api, name), json={"is_blocked": is_blocked}, if_match="*").status_code == 200


def test_a_subject_that_is_blocked_hears_no_more_and_others_go_on(api, follow):
    blocked, another = follow(sub="blocked"), follow(sub="another")

    set_blocked(api, "blocked", True)
    blocked.wait_for_end()

    assert hears(api, another)
    set_blocked(api, "blocked", False)
    assert hears(api, follow(sub="blocked"))
    assert hears(api, another)


def test_what_changes_about_a_partner_ends_nobody_elses_stream(api, follow):
    own, other = builders.make_partner(api), builders.make_partner(api)
    stream = follow("partner", sub="stays", partner_code=own["code"])

    assert api.patch(f"/v1/partners/{other['id']}", json={"code": f"{other['code']}-2"}, if_match="*").status_code == 200
    contact = builders.make_contact(api, own)["id"]

    stream.until(lambda stream: contact in stream.objects())
    assert not stream.is_over.is_set()


def test_a_partner_that_has_ended_hears_no_more(api, database, follow):
    partner = builders.make_partner(api)
    stream = follow("partner", sub="ended", partner_code=partner["code"])

    database("update partner set status = 'terminated' where id = %s", partner["id"])

    stream.wait_for_end()


def test_a_partner_that_is_renamed_is_another_one_to_a_token(api, follow):
    partner = builders.make_partner(api)
    stream = follow("partner", sub="renamed", partner_code=partner["code"])

    assert api.patch(f"/v1/partners/{partner['id']}", json={"code": f"{partner['code']}-2"}, if_match="*").status_code == 200

    stream.wait_for_end()


def test_a_member_that_is_gone_hears_no_more(api, follow):
    member = builders.make_member(api)
    stream = follow("manager", sub="member", manager_code=member["code"])

    assert api.delete(f"/v1/members/{member['id']}", if_match="*").status_code == 204

    stream.wait_for_end()


def test_a_token_that_expires_hears_no_more(api, follow):
    lasts = follow(sub="lasts")
    stream = follow(sub="expires", exp=int(time.time()) + 4)

    stream.wait_for_end()

    assert hears(api, lasts)


def test_a_stream_goes_by_the_keys_of_the_issuer(api, issuer, follow):
    """The set is read again every two seconds: first it has one more key, then it cannot be had, then it lacks the key of the stream."""
    stream, other = follow(key=issuer.keys[1], sub="withdrawn"), follow(sub="stays too")
    withdrawn = issuer.keys[1]

    def until_fetched():
        before, deadline = len(issuer.fetches), time.monotonic() + 60
        while len(issuer.fetches) < before + 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    issuer.keys.append(Key("ES256"))
    until_fetched()
    assert hears(api, stream)
    issuer.answer = (503, 0, b"")
    until_fetched()
    assert hears(api, stream)
    issuer.keys.remove(withdrawn)
    issuer.answer = None

    stream.wait_for_end()
    assert hears(api, other)
