"""The proxy in front, with the very configuration that is delivered: what it lets through is what the server understands."""
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

import pytest

from support.client import Api
from support.event_stream import EventStream
from support.probes import EXECUTED, IDS, PROBES, SECOND, exchange, statuses
from support.server import ADMIN_KEY

CONFIGURATION = pathlib.Path(__file__).resolve().parents[2] / "deploy/haproxy.cfg"
SERVER_SETTINGS = {
    "QUDAO_ADDRESS_RATE": "10",
    "QUDAO_ADDRESS_BURST": "100",
    "QUDAO_TRUSTED_PROXIES": "127.0.0.1",
}
LAST = SECOND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
HAPROXY = "/usr/sbin/haproxy"
PROXY = "127.0.0.1"  # where it comes from


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
            return exchange(self.port, LAST, source="127.0.0.2")[0]
        except OSError:
            return b""

    def forwarded(self, source):
        """How many requests of an address went to the server so far; a line of the log each."""
        self.log.seek(0)
        return len(re.findall(rf"^{re.escape(source)}:\d+ .* web qudao/server ", self.log.read(), re.MULTILINE))

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


def answered(server, source):
    """What the server answered to an address, but for the proxy's own question whether it is ready."""
    lines = [line for line in server.log() if line["message"] == "answered" and line["address"] == source]
    return sum(line.get("operation") != "getReadiness" for line in lines)


def test_the_configuration_is_valid_as_it_is():
    environment = {**os.environ, "QUDAO_BACKEND": "127.0.0.1:8080"}  # where the name of the container is not known
    done = subprocess.run([HAPROXY, "-c", "-f", str(CONFIGURATION)], env=environment, capture_output=True, text=True)

    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("number", range(len(PROBES)), ids=IDS)
def test_the_server_sees_no_request_that_the_proxy_did_not_send(server, proxy, number):
    """Where a request ends is for the proxy to say: it refuses, or writes anew in a way that cannot be misread.

    Each probe has an address of its own. A request that came through inside another would have the proxy's.
    """
    _, sent, _ = PROBES[number]
    source = f"127.0.1.{number + 1}"

    _, is_closed = exchange(proxy.port, sent + LAST, source=source)

    assert is_closed
    deadline = time.monotonic() + 10  # each writes its log when it comes to it
    while answered(server, source) > proxy.forwarded(source):
        assert time.monotonic() < deadline, "the server answered what the proxy did not send"
        time.sleep(0.02)
    assert proxy.forwarded(source) <= 2
    assert answered(server, PROXY) == 0


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
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.%d\r\nConnection: close\r\n\r\n"

    answers = [exchange(proxy.port, request % (number % 250), source="127.0.0.3")[0] for number in range(600)]

    refused = [answer for answer in answers if statuses(answer) == [429]]
    assert refused and all(statuses(answer) in ([200], [429]) for answer in answers)
    assert all(re.search(rb'\nRateLimit: [^\n]*"address"', answer, re.IGNORECASE) for answer in refused)


def test_a_slow_head_does_not_reach_the_server(server, proxy):
    source = "127.0.0.4"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20, source_address=(source, 0)) as connection:
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
    assert time.monotonic() - begin >= 9
    assert proxy.forwarded(source) == answered(server, source) == 0


def test_a_stream_of_events_comes_through_as_it_happens_and_lives_on_while_quiet(through):
    stream = EventStream(through).until_greeted()
    try:
        for code, quiet_s in (("STREAMED", 0), ("STREAMED-LATER", 17)):  # longer than the proxy waits for a client
            time.sleep(quiet_s)
            region = through.post("/v1/regions", json={"code": code, "name": code}).json()
            stream.until(lambda stream, region_id=region["id"]: region_id in stream.objects())
    finally:
        stream.close()
