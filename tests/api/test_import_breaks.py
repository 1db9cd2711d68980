"""An import that breaks on the way leaves nothing half done, and the server goes on."""
import os
import pathlib
import socket
import threading
import time

import pytest

from support import builders, channel
from support.client import CSV, NDJSON

# The address sanitizer would keep 256 MB of freed memory, and look like a leak.
SERVER_SETTINGS = {"QUDAO_IMPORTS": "8", "ASAN_OPTIONS": "quarantine_size_mb=4"}
WAIT_S = 15


def wait_until(holds, seconds=WAIT_S):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def rows_of(prefix, count):
    return "".join(f"{prefix}-{number},Member {number}\n" for number in range(count))


class Upload:
    """An import of members whose body is sent piece by piece."""

    def __init__(self, api, length=None, path="/v1/members/import", key=None):
        self.socket = socket.create_connection(("localhost", int(api.url.rpartition(":")[2])), timeout=30)
        framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        keyed = f"Idempotency-Key: {key}\r\n" if key else ""
        self.socket.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.key}\r\nContent-Type: text/csv\r\n{keyed}{framing}\r\n\r\n".encode()
        )
        self.is_chunked = length is None

    def send(self, text):
        body = text.encode()
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(body), body) if self.is_chunked else body)

    def finish(self):
        """Ends the body and returns the status and the body of the answer."""
        if self.is_chunked:
            self.socket.sendall(b"0\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.rstrip().endswith(b"}"):
            piece = self.socket.recv(65536)
            if not piece:
                break
            answer += piece
        return int(answer.split(b" ")[1]), answer.partition(b"\r\n\r\n")[2]

    def close(self):
        self.socket.close()

    def reset(self):
        """Goes away without a farewell."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()


def copying(database):
    """Sessions of imports that are under way."""
    return [
        row.pid
        for row in database(
            "select pid from pg_stat_activity where datname = current_database() and query like 'copy staging%%'"
        )
    ]


def written(database, prefix):
    return database("select count(*) from member where code like %s", prefix + "-%")[0][0]


def assert_nothing_is_left(api, database, prefix):
    wait_until(lambda: not copying(database))
    assert written(database, prefix) == 0
    assert (
        database("select count(*) from import where is_posted")[0][0]
        == database("select count(*) from event where type = 'import.finished'")[0][0]
    )
    code = builders.unique("AFTERWARDS")
    assert channel.import_file(api, "members", f"code,name\n{code},Li\n".encode()).json()["created"] == 1


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("length", [10**6, None], ids=["announced", "chunked"])
def test_an_upload_that_breaks_off_posts_nothing(api, database, leave, length):
    upload = Upload(api, length)
    upload.send("code,name\n" + rows_of("BROKEN", 5000))
    wait_until(lambda: copying(database))

    getattr(upload, leave)()

    assert_nothing_is_left(api, database, "BROKEN")


def test_a_client_that_does_not_wait_for_its_answer_does_no_harm(api, database):
    body = "code,name\n" + rows_of("IMPATIENT", 5000)
    before = database("select count(*) from import")[0][0]

    upload = Upload(api, len(body))
    upload.send(body)
    upload.reset()

    wait_until(lambda: not copying(database))
    done = database("select count(*) from import")[0][0] - before
    assert written(database, "IMPATIENT") == 5000 * done
    assert channel.import_file(api, "members", body.encode()).json()["rejected"] == 0
    assert written(database, "IMPATIENT") == 5000


@pytest.mark.parametrize("key", [None, "killed-import-1"])
def test_a_killed_session_posts_nothing_and_says_so(api, database, key):
    prefix = f"KILLED{key}"
    body = "code,name\n" + rows_of(prefix, 20000)
    upload = Upload(api, len(body), key=key)
    upload.send(body[: len(body) // 2])
    wait_until(lambda: copying(database))

    database("select pg_terminate_backend(%s)", copying(database)[0])
    time.sleep(0.2)
    upload.send(body[len(body) // 2 :])
    status, answer = upload.finish()
    upload.close()

    assert status == 503, answer
    assert b'"unavailable"' in answer or b'"outcome_unknown"' in answer
    assert_nothing_is_left(api, database, prefix)
    again = channel.import_file(api, "members", body.encode(), idempotency_key=key)
    assert again.json()["created"] == 20000


def test_two_imports_of_one_file_at_once_create_it_once(api, database):
    body = ("code,name\n" + rows_of("TWICE", 3000)).encode()
    answers = []

    threads = [
        threading.Thread(target=lambda: answers.append(channel.import_file(api.twin(), "members", body)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} <= {200, 409, 503}
    assert sum(answer.json()["created"] for answer in answers if answer.status_code == 200) == 3000
    assert written(database, "TWICE") == 3000


def test_two_imports_with_one_key_at_once_are_one(api, database):
    body = ("code,name\n" + rows_of("KEYED", 3000)).encode()
    answers = []

    def send():
        answers.append(channel.import_file(api.twin(), "members", body, idempotency_key="one-import"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    done = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}
    assert len({answer.content for answer in done}) == 1 and done[0].json()["created"] == 3000
    assert written(database, "KEYED") == 3000


def test_too_many_imports_at_once_are_told_to_come_back(api, database):
    uploads = [Upload(api) for _ in range(17)]  # eight a worker, two workers
    for number, upload in enumerate(uploads):
        upload.send(f"code,name\nCROWD-{number},Li\n")

    statuses = sorted(upload.finish()[0] for upload in uploads)
    for upload in uploads:
        upload.close()

    assert set(statuses) <= {200, 503} and statuses[0] == 200
    assert written(database, "CROWD") == statuses.count(200)
    assert channel.import_file(api, "members", b"code,name\nCALM,Li\n").status_code == 200


def test_a_slow_upload_holds_nobody_up(api):
    uploads = [Upload(api) for _ in range(4)]
    for upload in uploads:
        upload.send("code,name\nSLOW,Li\n")

    try:
        for _ in range(20):
            begin = time.monotonic()
            assert api.get("/v1/regions").status_code == 200
            assert time.monotonic() - begin < 10  # it would be for as long as they take
    finally:
        for upload in uploads:
            upload.close()


def resident_bytes(process):
    return int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_large_file_takes_no_memory(api, server):
    note = "x" * 900
    line = '{"code": "LARGE-%d", "name": "Li", "custom": {"note": "' + note + '", "more": "' + note + '"}}\n'
    channel.import_file(
        api,
        "members",
        "".join(line % number for number in range(500)).encode(),
        content_type=NDJSON,
        params={"dry_run": "true"},
    )
    peaks = []
    is_over = threading.Event()
    watcher = threading.Thread(
        target=lambda: [peaks.append(resident_bytes(server.process)) for _ in iter(lambda: is_over.wait(0.02), True)]
    )
    before = resident_bytes(server.process)

    watcher.start()
    body = ((line % number).encode() for number in range(11000))
    answer = api.post("/v1/members/import", data=body, content_type=NDJSON, params={"dry_run": "true"})
    is_over.set()
    watcher.join()

    assert answer.json()["created"] == 11000
    assert max(peaks) - before < 16 << 20
