"""The proxy in front, with the very configuration that is delivered: what it lets through is what the server understands."""
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

import pytest
import requests

from support.client import Api
from support.probes import EXECUTED, IDS, PROBES, SECOND, exchange, statuses
from support.server import ADMIN_KEY

CONFIGURATION = pathlib.Path(__file__).resolve().parents[2] / "deploy/haproxy.cfg"
SERVER_SETTINGS = {
    "QUDAO_ADDRESS_RATE": "300",
    "QUDAO_ADDRESS_BURST": "500",
    "QUDAO_TRUSTED_PROXIES": "127.0.0.1",
}
LAST = SECOND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
HAPROXY = "/usr/sbin/haproxy"


class Proxy:
    def __init__(self, server):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = tempfile.NamedTemporaryFile("r", prefix="qudao-proxy-", encoding="utf-8", errors="replace")
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {"QUDAO_PROXY_BIND": f"127.0.0.1:{self.port}", "QUDAO_BACKEND": f"127.0.0.1:{server.port}"}
        with open(self.log.name, "w") as log:
            command = [HAPROXY, "-db", "-f", str(CONFIGURATION)]
            self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while EXECUTED not in self.ask():
            assert time.monotonic() < deadline and self.process.poll() is None, self.log.read()
            time.sleep(0.05)

    def ask(self):
        try:
            return exchange(self.port, LAST)[0]
        except OSError:
            return b""

    def forwarded(self):
        """How many requests went to the server so far; a line of the log each."""
        self.log.seek(0)
        return len(re.findall(r" web qudao/server ", self.log.read()))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def proxy(server):
    proxy = Proxy(server)
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module")
def through(proxy, contract):
    """The administrator, through the proxy."""
    return Api(proxy.url, contract, ADMIN_KEY)


def answered(server):
    """What the server answered, but for the proxy's own question whether it is ready."""
    return sum(line["message"] == "answered" and line.get("operation") != "getReadiness" for line in server.log())


def test_the_configuration_is_valid_as_it_is():
    environment = {**os.environ, "QUDAO_BACKEND": "127.0.0.1:8080"}  # where the name of the container is not known
    done = subprocess.run([HAPROXY, "-c", "-f", str(CONFIGURATION)], env=environment, capture_output=True, text=True)

    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("sent", [sent for _, sent, _ in PROBES], ids=IDS)
def test_the_server_sees_no_request_that_the_proxy_did_not_send(server, proxy, sent):
    """Where a request ends is for the proxy to say: it refuses, or writes anew in a way that cannot be misread."""
    before = answered(server), proxy.forwarded()

    _, is_closed = exchange(proxy.port, sent + LAST)

    assert is_closed
    deadline = time.monotonic() + 0.5  # each writes its log when it comes to it; libmicrohttpd's own refusals are in none
    while True:
        by_server, by_proxy = answered(server) - before[0], proxy.forwarded() - before[1]
        if by_server == by_proxy or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert by_server <= by_proxy <= 2


def test_requests_go_through_unharmed(through):
    body = {"code": "PROXIED", "name": "渠道"}

    created = through.post("/v1/regions", json=body, idempotency_key="proxied")
    again = through.post("/v1/regions", json=body, idempotency_key="proxied")

    assert (created.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert through.get(created.headers["Location"]).json()["name"] == "渠道"
    rows = b"".join(b"PROXIED-%d,%s\n" % (number, b"x" * 100) for number in range(5000))
    pieces = (rows[begin : begin + 7000] for begin in range(0, len(rows), 7000))  # in chunks
    assert through.post("/v1/regions/import", data=iter([b"code,name\n", *pieces]), content_type="text/csv").json()["created"] == 5000
    assert through.get("/v1/regions", accept="text/csv").text.count("PROXIED-") == 5000


def test_what_a_client_says_about_its_address_is_not_believed(proxy):
    session = requests.Session()
    headers = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(250)]

    answers = [session.get(f"{proxy.url}/healthz", headers=headers[number % 250], timeout=10) for number in range(1500)]

    assert 429 in {answer.status_code for answer in answers}
    assert answers[-1].status_code in (200, 429)
    assert all('"address"' in answer.headers["RateLimit"] for answer in answers if answer.status_code == 429)


def test_a_slow_head_does_not_reach_the_server(server, proxy):
    before = answered(server)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as connection:
        begin = time.monotonic()
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        connection.settimeout(1)
        received = b""
        while time.monotonic() < begin + 15:
            try:
                received = connection.recv(65536)
                break
            except socket.timeout:
                connection.sendall(b"X: y\r\n")

    assert statuses(received) == [408]
    assert 9 <= time.monotonic() - begin <= 12
    assert answered(server) == before
