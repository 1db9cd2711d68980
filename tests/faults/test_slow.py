"""A thousand connections that are slow in every way, with the server as it is configured by default."""
import resource
import socket
import threading
import time

import requests

from support.server import ADMIN_KEY

HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}"}
HEAD = f"Host: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\n".encode()
PAGE = b"GET /v1/regions?limit=200 HTTP/1.1\r\n" + HEAD + b"\r\n"
# What each sends at first, and then every three seconds.
KINDS = {
    "heads": (b"GET /v1/regions HTTP/1.1\r\n", b"X: y\r\n"),
    "bodies": (b"POST /v1/regions HTTP/1.1\r\nContent-Length: 1000\r\n" + HEAD + b"\r\n", b" "),
    "imports": (b"POST /v1/regions/import HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n" + HEAD + b"\r\n", b"c"),
    "readers": (PAGE * 100, b""),
}
CUT_S, PAUSE_S, COUNT = 15, 3, 1000


def p99(server, seconds):
    session, taken, end = requests.Session(), [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        assert session.get(f"{server.url}/v1/regions?limit=1", headers=HEADERS, timeout=10).status_code == 200
        taken.append(time.monotonic() - begin)
    return sorted(taken)[len(taken) * 99 // 100]


def connect(server, first):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.setblocking(False)
    connection.send(first)
    return connection


def drop(connection, piece):
    """Sends a piece, whether the other end is there or not."""
    try:
        connection.send(piece)
    except OSError:
        pass


def is_closed(connection):
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1  # TCP_ESTABLISHED


def test_slow_ones_are_cut_and_others_do_not_notice(serve, api_of):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    server = serve()
    rows = b"".join(b"R-%d,%s\n" % (number, b"x" * 150) for number in range(300))
    assert api_of(server).post("/v1/regions/import", data=b"code,name\n" + rows, content_type="text/csv").status_code == 200
    alone_s = p99(server, 5)
    kinds = list(KINDS)
    opened = [(kinds[number % 4], connect(server, KINDS[kinds[number % 4]][0])) for number in range(COUNT)]
    begin, left, lasted = time.monotonic(), list(opened), dict.fromkeys(KINDS, 0)

    def drip():
        nonlocal left
        while left and time.monotonic() < begin + 2 * CUT_S:
            for _ in range(PAUSE_S * 5):
                gone = [(kind, connection) for kind, connection in left if is_closed(connection)]
                lasted.update({kind: time.monotonic() - begin for kind, _ in gone})
                left = [pair for pair in left if pair not in gone]
                time.sleep(0.2)
            for kind, connection in left:
                drop(connection, KINDS[kind][1])

    thread = threading.Thread(target=drip)
    thread.start()
    beside_s = p99(server, 12)
    thread.join()
    for _, connection in opened:
        connection.close()

    assert left == []
    assert max(lasted.values()) <= CUT_S, lasted
    assert requests.get(f"{server.url}/v1/regions?limit=1", headers=HEADERS, timeout=10).status_code == 200
    print(f"p99 alone {alone_s * 1000:.1f} ms, beside {beside_s * 1000:.1f} ms; cut after {lasted}")
    assert beside_s <= max(2 * alone_s, 0.1)  # the one who drips is in this process, too
