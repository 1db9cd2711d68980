"""The keys of the issuer of access tokens: when they are fetched, and what happens while they cannot be."""
import concurrent.futures
import os
import subprocess
import time

import pytest

from support.client import Api
from support.cluster import BINARY
from support.issuer import AUDIENCE, Issuer, Key
from support.server import ADMIN_KEY, Server

pytestmark = pytest.mark.waits

PAUSE_S = 3  # between two fetches for keys that are unknown
UNKNOWN = "The key of the token is not one of the issuer's."


@pytest.fixture
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture
def serve(database, issuer, contract_of):
    """Starts a server with one worker, and settings of its own; returns the administrator's key as its caller."""
    servers = []

    def start(**settings):
        server = Server(database.url, {**issuer.settings(), "QUDAO_WORKERS": "1", **settings})
        servers.append(server)
        return Api(server.url, contract_of(server), ADMIN_KEY)

    yield start
    for server in servers:
        server.stop()


def read(api, token):
    return api.caller(token).get("/v1/regions")


def eventually(status, api, token):
    deadline = time.monotonic() + 30
    while (answer := read(api, token)).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    return answer


def test_keys_are_fetched_before_anybody_asks_for_them(serve, issuer):
    serve()

    deadline = time.monotonic() + 30
    while not issuer.fetches:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert {path for path, at in issuer.fetches} == {"/keys"}


def test_a_token_is_verified_once_and_then_remembered(serve, issuer):
    api, token = serve(), issuer.token()
    assert eventually(200, api, token)
    issuer.stop()

    for _ in range(20):
        assert read(api, token).status_code == 200

    issuer.start()


def test_a_new_key_is_fetched_when_a_token_names_it(serve, issuer):
    api, old = serve(), issuer.keys[0]
    eventually(200, api, issuer.token())
    time.sleep(PAUSE_S)
    issuer.keys = [Key("RS256"), old]

    assert read(api, issuer.token(jti="1")).status_code == 200
    assert read(api, issuer.token(key=old, jti="2")).status_code == 200


def test_a_key_that_was_removed_is_good_for_nothing_any_more(serve, issuer):
    """Not even for a token that the server has seen."""
    api, old = serve(QUDAO_OIDC_JWKS_SECONDS="1"), issuer.keys[0]
    token = issuer.token()
    eventually(200, api, token)

    issuer.keys = [Key(), Key()]

    assert eventually(401, api, token).json()["detail"] == UNKNOWN
    assert read(api, issuer.token(key=old, jti="2")).status_code == 401
    assert read(api, issuer.token()).status_code == 200


def test_keys_that_nobody_knows_do_not_make_the_server_ask_each_time(serve, issuer):
    api = serve()
    eventually(200, api, issuer.token())
    began, before = time.monotonic(), len(issuer.fetches)

    for number in range(100):
        assert read(api, issuer.token(key=Key(), jti=str(number))).json()["detail"] == UNKNOWN

    assert len(issuer.fetches) - before <= (time.monotonic() - began) / PAUSE_S + 1


def test_all_who_wait_for_a_new_key_are_answered_by_one_fetch(serve, issuer):
    api = serve()
    eventually(200, api, issuer.token())
    time.sleep(PAUSE_S)
    key, before = Key(), len(issuer.fetches)
    issuer.keys.append(key)
    issuer.answer = 200, 1, issuer.key_set()
    tokens = [issuer.token("analyst", key=key, jti=str(number)) for number in range(8)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = {answer.status_code for answer in pool.map(lambda token: read(api, token), tokens)}

    assert (statuses, len(issuer.fetches) - before) == ({200}, 1)


def test_while_the_issuer_is_away_known_keys_go_on(serve, issuer):
    api = serve(QUDAO_OIDC_JWKS_SECONDS="1")
    eventually(200, api, issuer.token())
    issuer.stop()
    time.sleep(2)

    assert read(api, issuer.token(jti="new")).status_code == 200
    answer = read(api, issuer.token(key=Key()))
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unavailable")
    assert answer.headers["Retry-After"]

    issuer.start()
    issuer.keys.append(Key())
    eventually(200, api, issuer.token(key=issuer.keys[-1]))


def test_an_issuer_that_is_not_there_yet_is_waited_for(serve, issuer):
    issuer.stop()
    api = serve()

    assert read(api, issuer.token()).json()["code"] == "issuer_unavailable"
    assert api.get("/v1/regions").status_code == 200
    issuer.start()

    eventually(200, api, issuer.token())


def test_a_slow_issuer_delays_nobody_else(serve, issuer):
    issuer.answer = 200, 60, issuer.key_set()
    api = serve()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: (read(api, issuer.token()), time.monotonic()))
        time.sleep(0.3)
        assert api.get("/v1/regions").status_code == 200
        answered = time.monotonic()
        refused, at = waiting.result()

    assert (refused.status_code, refused.json()["code"]) == (503, "issuer_unavailable")
    assert answered < at


ANSWERS = {
    "rubbish": (200, 0, b"<html>It works!</html>"),
    "another object": (200, 0, b'{"issuer": "https://id.example"}'),
    "no JSON to its end": (200, 0, b'{"keys": ['),
    "keys twice": (200, 0, b'{"keys": [], "keys": []}'),
    "nothing": (200, 0, b""),
    "ten megabytes": (200, 0, b'{"keys": [' + b" " * 10_000_000 + b"]}"),
    "a fault of its own": (500, 0, b'{"keys": []}'),
    "a redirect": (302, 0, b'{"keys": []}'),
    "another success": (204, 0, b""),
}


@pytest.fixture(scope="module")
def failing(database, contract_of):
    issuer = Issuer()
    server = Server(database.url, {**issuer.settings(), "QUDAO_WORKERS": "1", "QUDAO_OIDC_JWKS_SECONDS": "1"})
    yield issuer, Api(server.url, contract_of(server), ADMIN_KEY), server
    server.stop()
    issuer.stop()


def failures(server):
    return [line for line in server.log() if line["message"] == "the keys of the issuer cannot be fetched"]


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_set_of_keys_changes_nothing(failing, name):
    issuer, api, server = failing
    issuer.answer = None
    eventually(200, api, issuer.token(jti=name))
    before = len(failures(server))
    issuer.answer = ANSWERS[name]

    deadline = time.monotonic() + 30
    while len(failures(server)) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert read(api, issuer.token(jti=f"{name} again")).status_code == 200
    assert read(api, issuer.token(key=Key())).json()["code"] == "issuer_unavailable"


def test_an_issuer_without_keys_lets_nobody_in(serve, issuer):
    api = serve(QUDAO_OIDC_JWKS_SECONDS="1")
    token = issuer.token()
    eventually(200, api, token)

    key, issuer.keys = issuer.keys[0], []

    assert eventually(401, api, token).json()["detail"] == UNKNOWN
    assert read(api, issuer.token(key=key, jti="2")).status_code == 401


def test_one_key_needs_no_name(serve, issuer):
    api, key = serve(), issuer.keys[0]
    eventually(200, api, issuer.token())

    assert read(api, key.sign({"alg": key.algorithm, "typ": "at+jwt"}, issuer.claims())).status_code == 200


def test_a_stream_waits_for_a_key_as_well(serve, issuer):
    api = serve()
    eventually(200, api, issuer.token())
    time.sleep(PAUSE_S)
    issuer.keys.append(Key())
    rows = "".join(f"R{number},Region {number}\n" for number in range(20000))

    report = api.caller(issuer.token(key=issuer.keys[-1])).post(
        "/v1/regions/import", data=f"code,name\n{rows}".encode(), content_type="text/csv", params={"dry_run": "true"})

    assert (report.status_code, report.json()["rows"]) == (200, 20000)


def test_claims_have_the_names_that_are_set(serve, issuer):
    api = serve(
        QUDAO_OIDC_ROLE_CLAIM="realm_access.roles", QUDAO_OIDC_SCOPE_CLAIM="https://id.example/scopes", QUDAO_OIDC_NAME_CLAIM="preferred_username")
    token = issuer.token(role=None, realm_access={"roles": ["analyst", "offline_access"]}, preferred_username="ann",
                         **{"https://id.example/scopes": ["regions:read"], "scope": "openid", "sub": "named"})

    eventually(200, api, token)
    mine = api.caller(token).get("/v1/me").json()

    assert (mine["role"], mine["scopes"], mine["name"]) == ("analyst", ["regions:read"], "ann")


def test_a_plain_type_is_taken_where_that_is_set(serve, issuer):
    api = serve(QUDAO_OIDC_PLAIN_TYPE="1")
    eventually(200, api, issuer.token())

    assert read(api, issuer.token(header={"typ": "JWT"})).status_code == 200
    assert read(api, issuer.token(header={"typ": None})).status_code == 401


def test_who_tries_tokens_that_are_none_is_slowed_down(serve, issuer):
    api = serve(QUDAO_GUESS_RATE="1", QUDAO_GUESS_BURST="3")
    good = issuer.token()
    forged = [issuer.token(jti=str(number)).rpartition(".")[0] + "." + good.rpartition(".")[2] for number in range(6)]
    deadline = time.monotonic() + 30

    while True:
        eventually(200, api, good)
        statuses = [read(api, token).status_code for token in forged]
        afterwards = read(api, good)
        assert statuses[:3] == [401, 401, 401] and 429 in statuses
        if afterwards.status_code == 200 or time.monotonic() > deadline:
            break
        time.sleep(4)  # it was not remembered, since the server did not hear of changes yet; until four may be tried again
    assert afterwards.status_code == 200


def test_without_an_issuer_a_token_is_an_unknown_key(database, contract_of, issuer):
    server = Server(database.url, {"QUDAO_WORKERS": "1"})
    answer = Api(server.url, contract_of(server), None).caller(issuer.token()).get("/v1/regions")
    server.stop()

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("settings, said", [
    ({"QUDAO_OIDC_ISSUER": "https://id.example"}, "oidc-issuer, oidc-audience and oidc-jwks-url go together"),
    ({"QUDAO_OIDC_JWKS_URL": "https://id.example/keys"}, "oidc-issuer, oidc-audience and oidc-jwks-url go together"),
    ({"QUDAO_OIDC_JWKS_URL": "http://id.example/keys"}, "oidc-jwks-url must be one of https"),
    ({"QUDAO_OIDC_JWKS_URL": "http://localhost.evil.example/keys"}, "oidc-jwks-url must be one of https"),
    ({"QUDAO_OIDC_JWKS_URL": "http://127.0.0.1@evil.example/keys"}, "oidc-jwks-url must be one of https"),
    ({"QUDAO_OIDC_JWKS_URL": "http://127.0.0.1:80@evil.example/keys"}, "oidc-jwks-url must be one of https"),
    ({"QUDAO_OIDC_JWKS_URL": "file:///etc/passwd"}, "oidc-jwks-url must be one of https"),
])
def test_settings_that_do_not_fit_are_refused(settings, said):
    if len(settings) == 1 and said.startswith("oidc-jwks-url"):
        settings = {"QUDAO_OIDC_ISSUER": "https://id.example", "QUDAO_OIDC_AUDIENCE": AUDIENCE, **settings}

    refused = subprocess.run([BINARY, "serve"], env={**os.environ, **settings}, capture_output=True, text=True, timeout=60)

    assert refused.returncode != 0 and said in refused.stderr
