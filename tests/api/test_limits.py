"""How much one caller and one address may ask for: each limit, what it answers, and whom it leaves alone."""
import threading
import time

import pytest
import requests

from support.server import ADMIN_KEY, Server

pytestmark = pytest.mark.waits

# A test spends what it may and waits for it to grow again: four requests a second of a caller, ten at once.
SERVER_SETTINGS = {
    "QUDAO_WORKERS": "1",
    "QUDAO_CALLER_RATE": "4",
    "QUDAO_CALLER_BURST": "10",
    "QUDAO_ADDRESS_RATE": "20",
    "QUDAO_ADDRESS_BURST": "100",
    "QUDAO_GUESS_RATE": "1",
    "QUDAO_GUESS_BURST": "5",
    "QUDAO_TRUSTED_PROXIES": "127.0.0.0/8",
}


@pytest.fixture
def caller(api):
    """A caller that has spent nothing, from an address that nobody else has."""
    time.sleep(0.5)  # the administrator makes it, and may do so four times a second
    return api.caller(api.new_key("analyst")["key"])


def from_address(address):
    return {"X-Forwarded-For": address}


def until_refused(call, at_most=500):
    """Calls until the first 429; returns how many were let through, and that answer."""
    for count in range(at_most):
        answer = call()
        if answer.status_code == 429:
            return count, answer
    raise AssertionError("never refused")


def test_a_caller_is_refused_after_its_burst_and_let_in_when_it_was_told(caller):
    begin = time.monotonic()
    count, answer = until_refused(lambda: caller.get("/v1/regions"))

    assert 10 <= count <= 11 + 4 * (time.monotonic() - begin)
    assert answer.json()["code"] == "too_many_requests"
    assert answer.headers["Retry-After"] == "1"
    time.sleep(1)
    assert caller.get("/v1/regions").status_code == 200


def test_an_answer_says_how_much_is_left(caller):
    first, second = caller.get("/v1/regions"), caller.get("/v1/regions")

    assert first.headers["RateLimit-Policy"] == '"caller";q=10;w=2'
    assert first.headers["RateLimit"] == '"caller";r=9;t=1'
    assert second.headers["RateLimit"].startswith('"caller";r=8;')
    _, refused = until_refused(lambda: caller.get("/v1/regions"))
    assert refused.headers["RateLimit"].startswith('"caller";r=0;')


def test_one_caller_does_not_spend_what_another_has(api, caller):
    other = api.caller(api.new_key("analyst")["key"])
    until_refused(lambda: caller.get("/v1/regions"))

    assert other.get("/v1/regions").status_code == 200


def test_what_is_refused_is_not_done(api, database):
    time.sleep(3)
    writer = api.caller(api.new_key("admin")["key"])
    codes = []

    def write():
        codes.append(f"LIMITED-{len(codes)}")
        return writer.post("/v1/regions", json={"code": codes[-1], "name": "N"})

    count, _ = until_refused(write)

    assert database("select count(*) from region where code like 'LIMITED-%%'")[0][0] == count


def test_an_address_is_refused_whoever_asks_from_it(api):
    stranger = api.anonymous()

    count, answer = until_refused(lambda: stranger.get("/healthz", headers=from_address("192.0.2.1")))

    assert count >= 100
    assert answer.headers["RateLimit-Policy"].startswith('"address";q=100;')
    assert stranger.get("/healthz", headers=from_address("192.0.2.2")).status_code == 200


def test_a_64_of_ipv6_is_one_address(api):
    stranger = api.anonymous()
    numbers = iter(range(500))

    until_refused(lambda: stranger.get("/healthz", headers=from_address(f"2001:db8:1:2::{next(numbers):x}")))

    assert stranger.get("/healthz", headers=from_address("2001:db8:1:3::1")).status_code == 200


def test_only_the_last_address_of_the_list_is_believed(api):
    stranger = api.anonymous()
    numbers = iter(range(500))

    until_refused(lambda: stranger.get("/healthz", headers=from_address(f"198.51.100.{next(numbers) % 250}, 192.0.2.9")))


def test_who_tries_keys_is_refused_before_they_are_looked_up(api, caller):
    guesses = iter(range(500))
    address = from_address("203.0.113.5")

    def guess(headers=address):
        return api.caller(f"qd_guessed_key_number_{next(guesses)}").get("/v1/regions", headers=headers)

    begin = time.monotonic()
    count, answer = until_refused(guess)

    assert 5 <= count <= 6 + (time.monotonic() - begin)
    assert answer.headers["RateLimit-Policy"] == '"keys";q=5;w=5'
    assert guess(from_address("203.0.113.6")).status_code == 401
    assert caller.get("/v1/regions", headers=from_address("203.0.113.6")).status_code == 200


def test_every_operation_can_be_refused(api, contract):
    """The limit of the address comes before the operation, so that no operation is without it."""
    address = from_address("192.0.2.77")
    until_refused(lambda: api.anonymous().get("/healthz", headers=address))

    for operation in contract.operations:
        path = operation.template.replace("{id}", "0198c0de-0001-7000-8000-000000000001")
        _, answer = until_refused(lambda: api.anonymous().request(operation.method, path, headers=address))
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")


def test_each_refusal_is_counted_by_its_reason(api, caller):
    reasons = ("rate", "unauthorized", "framing", "forbidden", "body_too_large")
    before = {reason: api.metric(f'qudao_refused_total{{reason="{reason}"}}') for reason in reasons}
    headers = [("Authorization", f"Bearer {caller.key}"), ("Content-Type", "application/json")]

    api.anonymous().get("/v1/regions")
    api.raw("GET", "/v1/regions/%00")
    assert caller.get("/v1/api-keys").status_code == 403
    assert api.raw("POST", "/v1/regions", headers, b" " * (2 << 20)).status_code in (403, 413)
    until_refused(lambda: caller.get("/v1/regions"))

    after = {reason: api.metric(f'qudao_refused_total{{reason="{reason}"}}') for reason in reasons}
    assert {reason: after[reason] - before[reason] for reason in ("rate", "unauthorized", "framing")} == {
        "rate": 1,
        "unauthorized": 1,
        "framing": 1,
    }
    assert sum(after[reason] - before[reason] for reason in ("forbidden", "body_too_large")) == 2


@pytest.fixture
def serve(database):
    servers = []

    def start(**settings):
        servers.append(Server(database.url, {f"QUDAO_{name.upper()}": str(value) for name, value in settings.items()}))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_who_is_not_trusted_cannot_speak_for_another(serve):
    server = serve(workers=1, address_rate=1, address_burst=5, trusted_proxies="192.0.2.1, 10.0.0.0/8")

    statuses = [
        requests.get(f"{server.url}/healthz", headers=from_address(f"198.51.100.{number}"), timeout=10).status_code
        for number in range(9)
    ]

    assert statuses[:5] == [200] * 5 and 429 in statuses[5:]


def test_the_shares_of_the_workers_add_up(serve):
    server = serve(workers=4, caller_rate=1, caller_burst=40)
    begin = time.monotonic()
    statuses = [
        requests.get(f"{server.url}/v1/regions", headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=10).status_code
        for _ in range(200)  # each on a connection of its own, so on any worker
    ]

    assert 40 <= statuses.count(200) <= 40 + 4 * (1 + time.monotonic() - begin)  # a share is at least one a second


def test_a_caller_has_only_so_much_under_way(serve, database):
    server = serve(workers=1, caller_requests=3)
    admin = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
    other = requests.post(f"{server.url}/v1/api-keys", json={"name": "O", "role": "analyst"}, headers=admin, timeout=10)
    database("begin")
    database("lock table region in share row exclusive mode")
    answers = []

    def write(number):
        body = {"code": f"AT-ONCE-{number}", "name": "N"}
        answers.append(requests.post(f"{server.url}/v1/regions", json=body, headers=admin, timeout=60))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)

    refused = requests.get(f"{server.url}/v1/products", headers=admin, timeout=10)
    of_other = requests.get(
        f"{server.url}/v1/products", headers={"Authorization": f"Bearer {other.json()['key']}"}, timeout=10
    )
    database("commit")
    for thread in threads:
        thread.join()

    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (429, "too_many_at_once", "1")
    assert of_other.status_code == 200
    assert [answer.status_code for answer in answers] == [201] * 3
    assert requests.get(f"{server.url}/v1/products", headers=admin, timeout=10).status_code == 200


@pytest.mark.parametrize("proxies", ["nonsense", "10.0.0.0/33", "10.0.0.0/x", "::1", ","])
def test_a_proxy_that_is_no_address_is_refused_at_start(database, proxies):
    with pytest.raises(AssertionError, match="trusted-proxies"):
        Server(database.url, {"QUDAO_TRUSTED_PROXIES": proxies})
