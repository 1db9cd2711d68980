"""Framing: what could be read as one request or as two is refused, and the connection ends."""
import json

import pytest

from support.contract import strict_json
from support.probes import CLOSED, EXECUTED, IDS, OURS, PROBES, SECOND, exchange, get, post, statuses


@pytest.mark.parametrize("sent, expected", [(sent, expected) for _, sent, expected in PROBES], ids=IDS)
def test_no_request_hides_another(server, sent, expected):
    answer, is_closed = exchange(server.port, sent + SECOND)

    assert is_closed
    assert EXECUTED not in answer
    if expected == OURS:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert statuses(answer) == [400]
        assert b"\r\nConnection: close" in head
        assert b"HEAD" in sent[:4] or strict_json(body.decode())["code"] == "bad_request"
    elif expected == CLOSED:
        assert len(statuses(answer)) <= 1
    else:
        # libmicrohttpd's own: it writes the head of some of its refusals twice before it closes
        assert set(statuses(answer)) <= {400, 413, 505}


@pytest.mark.parametrize("piece_size", [None, 7], ids=["at once", "in pieces"])
@pytest.mark.parametrize(
    "sent",
    [
        get(),
        b"\r\n" + get(),
        get(b"X:y"),
        get(b"X:  \t y \t "),
        get(b"X:"),
        get("X: 渠道".encode()),
        get(b"A_b-c!#$%&'*+.^`|~: x"),
        get(host=b"Host: [::1]:8080"),
        get(b"Content-Length: 0"),
        get(b"Accept: a", b"Accept: b"),
        get(first=b"OPTIONS * HTTP/1.1"),
        get(first=b"GET /v1/regions?q=%2F%00&x=a%5c HTTP/1.1"),
        get(first="GET /v1/regions?q=渠道 HTTP/1.1".encode()),
        get(first="GET /v1/regions?a=b&c&=d&&e=f=g HTTP/1.1".encode()),
        get(b"Cookie: a=b; c=d; e"),
        post(b"Content-Length: 5", body=b"hello"),
        post(b"Content-Length: 0"),
        post(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello"),
        get(*[b"X-%d: %s" % (i, b"y" * i) for i in range(60)]),
    ],
    ids=range(19),
)
def test_what_can_be_read_in_one_way_only_keeps_the_connection(server, sent, piece_size):
    last = SECOND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    answer, _ = exchange(server.port, sent + sent + last, piece_size=piece_size)

    answered = [status for status in statuses(answer) if status != 100]
    assert len(answered) == 3 and answered[2] == 200 and 400 not in answered
    assert answer.endswith(EXECUTED)


def test_a_head_of_an_export_ends_the_connection(server, api):
    """The library writes an end of chunks behind it, which would stand before the next answer."""
    credentials = f"Authorization: Bearer {api.key}".encode()

    answer, is_closed = exchange(
        server.port, get(b"Accept: text/csv", credentials, first=b"HEAD /v1/regions HTTP/1.1") + SECOND
    )

    assert is_closed and statuses(answer) == [200] and b"Connection: close" in answer


def test_a_write_behind_a_probe_is_not_done(server, api, database):
    """The worst that smuggling can do, for each probe at once."""
    body = json.dumps({"code": "SMUGGLED", "name": "N"}).encode()
    write = post(
        f"Authorization: Bearer {api.key}".encode(),
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
        b"Connection: close",
        body=body,
    )

    for _, sent, _ in PROBES:
        exchange(server.port, sent + write)

    assert database("select count(*) from region")[0][0] == 0
    exchange(server.port, write)
    assert database("select count(*) from region")[0][0] == 1
