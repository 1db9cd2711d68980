"""Framing: what could be read as one request or as two is refused, and the connection ends."""
import socket

import pytest

SECOND = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def exchange(api, head, body=b""):
    """Sends raw bytes and returns all that comes back until the server closes."""
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.replace(b"\n", b"\r\n") + b"\r\n" + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: %d\nTransfer-Encoding: chunked\n" % (len(SECOND) + 5),
        b"Content-Length: 0\nContent-Length: %d\n" % len(SECOND),
        b"Content-Length : %d\n" % len(SECOND),
        b"Transfer-Encoding: gzip\n",
        b"Transfer-Encoding: chunked\nTransfer-Encoding: identity\n",
        b"Host: y\n",
        b"Authorization: Bearer a\nAuthorization: Bearer b\n",
    ],
    ids=["length and chunked", "two lengths", "blank before the colon", "gzip", "two encodings", "two hosts", "two callers"],
)
def test_a_request_in_doubt_costs_the_connection(api, headers):
    head = b"POST /v1/regions HTTP/1.1\nHost: x\n" + headers

    answer = exchange(api, head, b"0\r\n\r\n" + SECOND)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer


def test_chunked_is_for_http_1_1_only(api):
    answer = exchange(api, b"POST /v1/regions HTTP/1.0\nHost: x\nTransfer-Encoding: chunked\n", b"0\r\n\r\n" + SECOND)

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert answer.count(b" Bad Request\r\n") == 1
