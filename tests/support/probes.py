"""Requests that could be read in two ways: what is written in API.md, and the catalogue of request smuggling.

Each is a name, raw bytes, and what may come back: OURS is a problem of the gate, REFUSED is a 400 of libmicrohttpd or of
the gate, CLOSED is any one answer, after which the connection ends. Behind each probe stands a second request, and none
of them may be answered.
"""
import re
import socket
import time

OURS, REFUSED, CLOSED = "ours", "refused", "closed"
SECOND = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
EXECUTED = b'{"status":"ok"}'
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


def get(*lines, first=b"GET /problems/not_found HTTP/1.1", host=b"Host: x"):
    return b"\r\n".join([first, *([host] if host else []), *lines]) + b"\r\n\r\n"


def post(*lines, body=b"", first=b"POST /v1/regions HTTP/1.1"):
    return get(*lines, first=first) + body


def chunked(body):
    return post(b"Transfer-Encoding: chunked", body=body)


LENGTH_OF_SECOND = b"Content-Length: %d" % len(SECOND)

PROBES = [
    # two lengths
    ("length and chunked", post(LENGTH_OF_SECOND, b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), OURS),
    ("chunked and length", post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=CHUNKS), OURS),
    ("two lengths", post(b"Content-Length: 0", LENGTH_OF_SECOND), OURS),
    ("two equal lengths", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), OURS),
    ("a list of lengths", post(b"Content-Length: 5, 5", body=b"hello"), REFUSED),
    ("a length with a plus", post(b"Content-Length: +5", body=b"hello"), REFUSED),
    ("a negative length", post(b"Content-Length: -5", body=b"hello"), REFUSED),
    ("a hexadecimal length", post(b"Content-Length: 0x5", body=b"hello"), REFUSED),
    ("an octal length", post(b"Content-Length: 010", body=b"helloabc"), OURS),
    ("a length with a fraction", post(b"Content-Length: 5.0", body=b"hello"), REFUSED),
    ("a length with an exponent", post(b"Content-Length: 5e0", body=b"hello"), REFUSED),
    ("an empty length", post(b"Content-Length: "), REFUSED),
    ("a length with a blank in it", post(b"Content-Length: 5 0", body=b"hello"), REFUSED),
    ("a length beyond 64 bits", post(b"Content-Length: 18446744073709551621", body=b"hello"), REFUSED),
    ("a length with a tab behind it", post(b"Content-Length: 5\t", body=b"hello"), REFUSED),
    # encodings
    ("gzip", post(b"Transfer-Encoding: gzip", body=CHUNKS), OURS),
    ("identity", post(b"Transfer-Encoding: identity", body=CHUNKS), OURS),
    ("two encodings", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=CHUNKS), OURS),
    ("chunked twice", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=CHUNKS), OURS),
    ("identity, chunked", post(b"Transfer-Encoding: identity, chunked", body=CHUNKS), OURS),
    ("gzip, chunked", post(b"Transfer-Encoding: gzip, chunked", body=CHUNKS), OURS),
    ("chunked, identity", post(b"Transfer-Encoding: chunked, identity", body=CHUNKS), OURS),
    ("chunked with a comma", post(b"Transfer-Encoding: chunked,", body=CHUNKS), OURS),
    ("a quoted encoding", post(b'Transfer-Encoding: "chunked"', body=CHUNKS), OURS),
    ("xchunked", post(b"Transfer-Encoding: xchunked", body=CHUNKS), OURS),
    ("chunked with a parameter", post(b"Transfer-Encoding: chunked;q=1", body=CHUNKS), OURS),
    ("a vertical tab before chunked", post(b"Transfer-Encoding: \x0bchunked", body=CHUNKS), OURS),
    ("a form feed behind chunked", post(b"Transfer-Encoding: chunked\x0c", body=CHUNKS), OURS),
    ("an empty encoding", post(b"Transfer-Encoding:", body=CHUNKS), OURS),
    ("chunked in HTTP/1.0", post(b"Transfer-Encoding: chunked", first=b"POST /v1/regions HTTP/1.0", body=CHUNKS), OURS),
    ("chunked in capitals", post(b"TRANSFER-ENCODING: CHUNKED", body=CHUNKS), CLOSED),
    # names
    ("a blank before the colon", post(b"Content-Length : 5", body=b"hello"), OURS),
    ("a tab before the colon", post(b"Transfer-Encoding\t: chunked", body=CHUNKS), OURS),
    ("a blank before the first name", get(host=b" Host: x"), OURS),
    ("no name", get(b": x"), OURS),
    ("no colon", get(b"Content-Length"), REFUSED),
    ("a name with brackets", get(b"X[y]: z"), OURS),
    ("a name beyond ASCII", get("Längè: 5".encode()), OURS),
    ("a NUL in a name", get(b"X\0: y"), REFUSED),
    ("a vertical tab in a name", post(b"Transfer-Encoding\x0b: chunked", body=CHUNKS), OURS),
    # values and line ends
    ("a folded value", get(b"X: y\r\n z"), OURS),
    ("a folded encoding", post(b"Transfer-Encoding:\r\n chunked", body=CHUNKS), OURS),
    ("a folded length", post(b"Content-Length:\r\n 5", body=b"hello"), REFUSED),
    ("a value folded with a tab", get(b"X: y\r\n\tContent-Length: 5"), OURS),
    ("a NUL in a value", get(b"X: y\0z"), OURS),
    ("NULs that look like a line end", get(b"X: y\0\0Content-Length: 5"), OURS),
    ("NULs that look like a header", get(b"X: y\0\0Z\0z"), OURS),
    ("NULs that look like the end", get(b"X: y\0\0"), OURS),
    ("a control byte in a value", get(b"X: y\x01z"), OURS),
    ("DEL in a value", get(b"X: y\x7fz"), OURS),
    ("CR in a value", get(b"X: y\rContent-Length: 5"), OURS),
    ("two CR at a line's end", get(b"X: y\r"), OURS),
    ("LF for a line end", get(b"X: y\nContent-Length: 0"), OURS),
    ("LF for every line end", get(b"X: y").replace(b"\r\n", b"\n"), OURS),
    ("LF behind the first line", b"GET /problems/not_found HTTP/1.1\nHost: x\r\n\r\n", OURS),
    ("LF for the blank line", b"GET /problems/not_found HTTP/1.1\r\nHost: x\r\n\n", OURS),
    ("LF before the blank line", b"GET /problems/not_found HTTP/1.1\r\nHost: x\n\r\n", OURS),
    # hosts and callers
    ("no host", get(host=None), OURS),
    ("no host in HTTP/1.0", get(host=None, first=b"GET /problems/not_found HTTP/1.0"), OURS),
    ("two hosts", get(b"Host: y"), OURS),
    ("an empty host", get(host=b"Host:"), OURS),
    ("a host with a path", get(host=b"Host: x/y"), OURS),
    ("a host with a user", get(host=b"Host: x@y"), OURS),
    ("two callers", get(b"Authorization: Bearer a", b"Authorization: Bearer b"), OURS),
    ("two keys of idempotency", post(b"Idempotency-Key: a", b"Idempotency-Key: b"), OURS),
    # the first line
    ("a target that is a URL", get(first=b"GET http://y/problems/not_found HTTP/1.1"), OURS),
    ("a target without a slash", get(first=b"GET problems/not_found HTTP/1.1"), OURS),
    ("a star that asks nothing", get(first=b"GET * HTTP/1.1"), OURS),
    ("a blank in the target", get(first=b"GET /problems/not_found x HTTP/1.1"), OURS),
    ("two blanks", get(first=b"GET  /problems/not_found  HTTP/1.1"), OURS),
    ("tabs", get(first=b"GET\t/problems/not_found\tHTTP/1.1"), REFUSED),
    ("a NUL in the target", get(first=b"GET /problems\0/x HTTP/1.1"), OURS),
    ("a control byte in the target", get(first=b"GET /problems/\x01x HTTP/1.1"), OURS),
    ("a fragment", get(first=b"GET /problems/not_found#x HTTP/1.1"), OURS),
    ("%00", get(first=b"GET /problems/not_found%00 HTTP/1.1"), OURS),
    ("%2f", get(first=b"GET /v1%2fregions HTTP/1.1"), OURS),
    ("%5C", get(first=b"GET /v1%5Cregions HTTP/1.1"), OURS),
    ("a broken escape", get(first=b"GET /v1/regions/%4 HTTP/1.1"), OURS),
    ("an escape that is no UTF-8", get(first=b"GET /v1/regions/%c0%af HTTP/1.1"), OURS),
    ("a backslash", get(first=b"GET /v1\\regions HTTP/1.1"), OURS),
    ("no version", get(first=b"GET /problems/not_found"), REFUSED),
    ("HTTP/1.2", get(first=b"GET /problems/not_found HTTP/1.2"), OURS),
    ("HTTP/0.9", get(first=b"GET /problems/not_found HTTP/0.9"), REFUSED),
    ("HTTP/2.0", get(first=b"GET /problems/not_found HTTP/2.0"), REFUSED),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED),
    ("a version in small letters", get(first=b"GET /problems/not_found http/1.1"), REFUSED),
    ("a version with a tail", get(first=b"GET /problems/not_found HTTP/1.1x"), REFUSED),
    ("a method with a colon", get(first=b"GE:T /problems/not_found HTTP/1.1"), OURS),
    ("CONNECT", get(first=b"CONNECT x:80 HTTP/1.1"), OURS),
    ("CONNECT to a path", get(first=b"CONNECT /v1/regions HTTP/1.1"), OURS),
    # bodies where nobody expects them
    ("GET with a body", get(LENGTH_OF_SECOND), OURS),
    ("HEAD with a body", get(LENGTH_OF_SECOND, first=b"HEAD /problems/not_found HTTP/1.1"), OURS),
    ("GET with chunks", get(b"Transfer-Encoding: chunked") + b"0\r\n\r\n", OURS),
    ("an upgrade", get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"), CLOSED),
    # chunks
    ("chunks", chunked(CHUNKS), CLOSED),
    ("a chunk with an extension", chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("an extension with LF", chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("an extension with CR", chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("chunks with LF", chunked(CHUNKS.replace(b"\r\n", b"\n")), CLOSED),
    ("a blank behind the size", chunked(b"5 \r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("0x5", chunked(b"0x5\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("+5", chunked(b"+5\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("-5", chunked(b"-5\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("5_0", chunked(b"5_0\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("a size beyond 64 bits", chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("many zeros before the size", chunked(b"0" * 30 + b"5\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("a chunk that is too long", chunked(b"5\r\nhelloXX0\r\n\r\n"), CLOSED),
    ("no size", chunked(b"\r\nhello\r\n0\r\n\r\n"), CLOSED),
    ("a trailer", chunked(b"0\r\nContent-Length: 5\r\nHost: y\r\n\r\n"), CLOSED),
    ("a trailer without a colon", chunked(b"0\r\nX\r\n\r\n"), CLOSED),
    ("an end with LF", chunked(b"5\r\nhello\r\n0\r\n\n"), CLOSED),
    ("an end with CR CR", chunked(b"5\r\nhello\r\n0\r\n\r\r"), CLOSED),
    ("an end of many zeros", chunked(b"5\r\nhello\r\n00000\r\n\r\n"), CLOSED),
]
IDS = [name for name, _, _ in PROBES]


def exchange(port, sent, timeout=10, piece_size=None, source="127.0.0.1"):
    """Sends raw bytes, at once or in pieces; returns what comes back, and whether the server has closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0)) as connection:
        answer = b""
        try:
            for begin in range(0, len(sent), piece_size or len(sent)):
                connection.sendall(sent[begin : begin + (piece_size or len(sent))])
                time.sleep(0.001 if piece_size else 0)
            while piece := connection.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        except socket.timeout:
            return answer, False
    return answer, True


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]
