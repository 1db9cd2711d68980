"""Who is slow is cut: heads, bodies and readers; who moves is not, however long it takes."""
import http.client
import json
import socket
import threading
import time

import pytest
import requests

from support.builders import make_region
from support.server import ADMIN_KEY

pytestmark = pytest.mark.waits

SERVER_SETTINGS = {
    "QUDAO_WORKERS": "1",
    "QUDAO_HEAD_MS": "1000",
    "QUDAO_SLOW_MS": "500",
    "QUDAO_SLOW_BYTES": "300",
    "QUDAO_REQUEST_MS": "4000",
    "QUDAO_IMPORT_MS": "12000",
    "QUDAO_IDLE_MS": "3000",
}
HEAD = f"Host: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\n".encode()
POST = b"POST /v1/regions HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\n"
IMPORT = b"POST /v1/regions/import HTTP/1.1\r\n" + HEAD + b"Content-Type: text/csv\r\n"


def connect(server, **options):
    connection = socket.socket()
    for name, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    return connection


def cut_after(connection, pieces, pause_s):
    """Sends piece by piece until the server cuts; returns the seconds that it took, and what came back."""
    begin = time.monotonic()
    received = b""
    connection.setblocking(False)
    for piece in pieces:
        try:
            connection.sendall(piece)
        except OSError:
            return time.monotonic() - begin, received
        deadline = time.monotonic() + pause_s
        while time.monotonic() < deadline:
            try:
                got = connection.recv(65536)
            except BlockingIOError:
                time.sleep(0.01)
                continue
            except OSError:
                got = b""
            if not got:
                return time.monotonic() - begin, received
            received += got
    raise AssertionError(f"never cut; it answered {received[:200]}")


def forever(piece):
    while True:
        yield piece


def lines():
    yield b"GET /v1/regions HTTP/1.1\r\n"
    number = 0
    while True:
        number += 1
        yield b"X-%d: y\r\n" % number


def cuts(api):
    return api.metric('qudao_refused_total{reason="deadline"}')


@pytest.mark.parametrize(
    "pieces",
    [lines(), forever(b"G"), forever(b"\r\n"), iter([b"", b"GET / HTTP/1.1\r\nHost: "] + [b""] * 100), forever(b"")],
    ids=["a line now and then", "no end of a line", "blank lines", "half a head", "nothing at all"],
)
def test_a_head_that_does_not_come_is_cut(server, api, pieces):
    before = cuts(api)

    took_s, answer = cut_after(connect(server), pieces, 0.2)

    assert 0.9 <= took_s <= 2.5
    assert answer == b""
    assert cuts(api) == before + 1


def test_a_second_head_that_does_not_come_is_cut(server):
    connection = connect(server)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")

    took_s, answer = cut_after(connection, lines(), 0.2)

    assert took_s <= 2.5 and answer == b""


def test_a_silent_connection_is_kept_for_a_while_and_is_no_refusal(server, api):
    connection = connect(server)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.recv(65536)
    before = cuts(api)

    time.sleep(1.8)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    took_s, _ = cut_after(connection, forever(b""), 0.2)

    assert 2.5 <= took_s <= 5
    assert cuts(api) == before


@pytest.mark.parametrize(
    "head",
    [POST + b"Content-Length: 1000\r\n\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n", IMPORT + b"Content-Length: 1000\r\n\r\ncode,name\n"],
    ids=["a length", "chunks", "an import"],
)
def test_a_body_that_drips_is_cut_and_nothing_is_done(server, api, database, head):
    before, regions = cuts(api), database("select count(*) from region")[0][0]
    connection = connect(server)
    connection.sendall(head)

    took_s, answer = cut_after(connection, forever(b" "), 0.2)

    assert took_s <= 2
    assert answer == b""
    assert cuts(api) == before + 1
    assert database("select count(*) from region")[0][0] == regions


def test_a_body_that_is_never_done_is_cut_though_it_moves(server):
    connection = connect(server)
    connection.sendall(POST + b"Content-Length: 1000000\r\n\r\n")

    took_s, answer = cut_after(connection, forever(b" " * 2000), 0.2)

    assert 3.5 <= took_s <= 5.5
    assert answer == b""


def test_an_import_that_is_never_done_is_cut_though_it_moves(server, database):
    before = database("select count(*) from import")[0][0]
    connection = connect(server)
    connection.sendall(IMPORT + b"Content-Length: 100000000\r\n\r\ncode,name\n")

    took_s, answer = cut_after(connection, iter([b"NEVER-DONE,N\n" * 200] * 300), 0.2)

    assert took_s >= 11
    assert answer == b""
    assert database("select count(*) from import")[0][0] == before


def test_an_import_may_take_longer_than_other_requests_while_it_moves(server, api):
    rows = [f"SLOW-{number},Name {'x' * 150}\n".encode() for number in range(60)]
    connection = connect(server)
    connection.sendall(IMPORT + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % (10 + sum(map(len, rows))))
    connection.sendall(b"code,name\n")

    for begin in range(0, len(rows), 3):
        connection.sendall(b"".join(rows[begin : begin + 3]))
        time.sleep(0.25)  # five seconds in all, 2000 bytes a second
    answer = b""
    while piece := connection.recv(65536):
        answer += piece

    assert json.loads(answer.partition(b"\r\n\r\n")[2])["created"] == 60


@pytest.fixture(scope="module")
def many(api):
    """More than any buffer of the kernel holds."""
    rows = b"".join(b"MANY-%d,Name %s\n" % (number, b"x" * 180) for number in range(20000))
    assert api.post("/v1/regions/import", data=b"code,name\n" + rows, content_type="text/csv").json()["created"] == 20000


@pytest.mark.parametrize(
    "request_line, times",
    [(b"GET /v1/regions HTTP/1.1\r\nAccept: text/csv\r\n", 1), (b"GET /v1/regions?limit=200 HTTP/1.1\r\n", 100)],
    ids=["a file", "pages"],
)
@pytest.mark.parametrize("reads", [0, 1], ids=["never", "a byte now and then"])
def test_a_reader_that_does_not_read_is_cut(server, api, many, request_line, times, reads):
    before = cuts(api)
    connection = connect(server, SO_RCVBUF=2048)
    connection.sendall((request_line + HEAD + b"\r\n") * times)

    begin = time.monotonic()
    while cuts(api) == before and time.monotonic() < begin + 10:
        if reads:
            connection.recv(reads)
        time.sleep(0.2)

    assert cuts(api) == before + 1
    assert time.monotonic() - begin <= 8


def test_a_reader_that_is_slow_but_reads_gets_all(server, many):
    connection = connect(server, SO_RCVBUF=4096)
    connection.sendall(b"GET /v1/regions HTTP/1.1\r\nAccept: text/csv\r\n" + HEAD + b"\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()

    received, begin = b"", time.monotonic()
    while piece := answer.read(4096):
        received += piece
        if time.monotonic() < begin + 5:
            time.sleep(0.05)

    assert received.count(b",MANY-") == 20000
    assert time.monotonic() - begin > 4


def test_others_do_not_notice(server, api):
    """Fifty slow ones of each kind, and one who wants something."""
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    region = make_region(api)
    session = requests.Session()

    def latencies():
        taken = []
        for _ in range(100):
            begin = time.monotonic()
            assert session.get(f"{server.url}/v1/regions/{region['id']}", headers=headers, timeout=10).status_code == 200
            taken.append(time.monotonic() - begin)
        return sorted(taken)[90]

    alone_s = latencies()
    connections = [connect(server) for _ in range(100)]
    stop = threading.Event()

    def drip():
        for connection in connections[:50]:
            connection.sendall(b"GET /v1/regions HTTP/1.1\r\n")
        for connection in connections[50:]:
            connection.sendall(POST + b"Content-Length: 1000\r\n\r\n")
        while not stop.wait(0.1):
            for number, connection in enumerate(connections):
                try:
                    connection.sendall(b"X: y\r\n" if number < 50 else b" ")
                except OSError:
                    pass

    thread = threading.Thread(target=drip)
    thread.start()
    beside_s = latencies()
    stop.set()
    thread.join()

    assert beside_s <= max(4 * alone_s, 0.05)
