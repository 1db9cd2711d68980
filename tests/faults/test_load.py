"""More than the server can carry, requests that race each other in one batch, and an end in the middle of it all."""
import collections
import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

from support import builders
from support.cluster import BINARY
from support.server import ADMIN_KEY

AUTHORIZATION = {"Authorization": f"Bearer {ADMIN_KEY}"}
JSON = {**AUTHORIZATION, "Content-Type": "application/json"}
REFUSED_S = 0.5  # a tenth of a second is to be reached without sanitizers


def at_once(calls):
    """Runs each call in a thread of its own, all from the same moment, and returns what they return."""
    barrier = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(place, call):
        barrier.wait()
        results[place] = call()

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def post(server, path, body):
    begin = time.monotonic()
    answer = requests.post(server.url + path, headers=JSON, data=json.dumps(body), timeout=60)
    answer.took_s = time.monotonic() - begin
    return answer


def waiting_for_locks(database):
    return database(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )[0][0]


def wait_until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def test_a_full_queue_is_503_at_once_and_drains(serve, database):
    server = serve(workers=1, queue=1, batch=1)
    database("begin")
    database("lock table region in share row exclusive mode")
    answers = []
    blocked = [
        threading.Thread(
            target=lambda code=code: answers.append(post(server, "/v1/regions", {"code": code, "name": "Blocked"}))
        )
        for code in ("IN-FLIGHT", "QUEUED")
    ]
    blocked[0].start()
    wait_until(lambda: waiting_for_locks(database) == 1)
    blocked[1].start()
    time.sleep(0.3)

    refused = at_once(
        [
            lambda number=number: post(server, "/v1/regions", {"code": f"OVER-{number}", "name": "Over"})
            for number in range(8)
        ]
    )
    reads = requests.get(f"{server.url}/v1/products", headers=AUTHORIZATION, timeout=10)
    database("commit")
    for thread in blocked:
        thread.join()

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(503, "overloaded")] * 8
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert max(answer.took_s for answer in refused) <= REFUSED_S
    assert reads.status_code == 200
    assert [answer.status_code for answer in answers] == [201, 201]
    assert post(server, "/v1/regions", {"code": "AFTER", "name": "After"}).status_code == 201
    assert database("select count(*) from region")[0][0] == 3


def test_what_waits_too_long_is_503_and_not_done_later(serve, database):
    server = serve(workers=1, batch=1, queue_ms=300, statement_ms=5000)
    database("begin")
    database("lock table region in share row exclusive mode")
    first = threading.Thread(target=post, args=(server, "/v1/regions", {"code": "FIRST", "name": "First"}))
    first.start()
    wait_until(lambda: waiting_for_locks(database) == 1)

    late = post(server, "/v1/regions", {"code": "LATE", "name": "Late"})
    database("commit")
    first.join()

    assert (late.status_code, late.headers["Retry-After"].isdigit()) == (503, True)
    assert late.took_s < 2
    assert [row.code for row in database("select code from region")] == ["FIRST"]


def test_those_who_wait_together_too_long_are_all_503_and_not_done_later(serve, database, api_of):
    server = serve(workers=1, batch=1, queue_ms=300, statement_ms=5000)
    partner, product = builders.make_partner(api_of(server)), builders.make_product(api_of(server))
    database("begin")
    database("lock table region in share row exclusive mode")
    first = threading.Thread(target=post, args=(server, "/v1/regions", {"code": "FIRST", "name": "First"}))
    first.start()
    wait_until(lambda: waiting_for_locks(database) == 1)

    late = at_once([lambda: post(server, "/v1/sales-records", builders.a_sale(partner, product))] * 6)
    database("commit")
    first.join()

    assert [answer.status_code for answer in late] == [503] * 6
    assert database("select count(*) from sales_record")[0][0] == 0


@pytest.mark.parametrize("settings", [{"workers": 1}, {"workers": 2, "write_lanes": 2}], ids=["one lane", "four lanes"])
def test_a_race_for_a_key_costs_only_who_loses_it(serve, database, settings):
    server = serve(**settings)
    for round in range(4):
        bodies = [{"code": f"RACE-{round}-{number % 10}", "name": "Same"} for number in range(30)]
        bodies += [{"code": f"OTHER-{round}-{number}", "name": "Own"} for number in range(30)]
        random.Random(round).shuffle(bodies)

        answers = at_once([lambda body=body: post(server, "/v1/partners", body) for body in bodies])

        won = collections.Counter(body["code"] for body, answer in zip(bodies, answers) if answer.status_code == 201)
        lost = [answer.json() for answer in answers if answer.status_code != 201]
        assert won == collections.Counter({body["code"] for body in bodies})
        assert {(problem["status"], problem["code"]) for problem in lost} == {(409, "partner_code_taken")}
        for body, answer in zip(bodies, answers):
            if answer.status_code == 201:
                assert answer.json()["code"] == body["code"]
                assert answer.headers["Location"] == f"/v1/partners/{answer.json()['id']}"
    assert (
        database("select count(*) from partner")[0][0]
        == database("select count(*) from event where type = 'partner.created'")[0][0]
        == 4 * 40
    )


def test_faults_of_all_kinds_in_a_batch_are_each_answered_rightly(serve, database, api_of):
    server = serve(workers=1)
    api = api_of(server)
    partner, product = builders.make_partner(api), builders.make_product(api)
    kinds = {
        "good": ({}, 201, None),
        "product": ({"sku": "NONE"}, 422, "product_unknown"),
        "partner": ({"partner_code": "NONE"}, 422, "partner_unknown"),
        "contract": ({"quantity": 3}, 400, "invalid_request"),
        "overflow": ({"quantity": "99999999999999", "unit_price": "999999999999"}, 422, None),
        "race": ({"external_ref": "ONE"}, None, None),
    }
    chosen = [kind for kind in kinds for _ in range(10)]
    random.Random(7).shuffle(chosen)

    answers = at_once(
        [
            lambda kind=kind: post(server, "/v1/sales-records", builders.a_sale(partner, product, **kinds[kind][0]))
            for kind in chosen
        ]
    )

    for kind, answer in zip(chosen, answers):
        _, status, code = kinds[kind]
        assert status in (None, answer.status_code), answer.text
        assert code is None or answer.json()["code"] == code
    raced = sorted(answer.status_code for kind, answer in zip(chosen, answers) if kind == "race")
    assert raced == [201] + [409] * 9
    assert database("select count(*) from sales_record")[0][0] == 11


def test_one_key_from_many_at_once_is_one_effect(serve, database, api_of):
    server = serve()
    api = api_of(server)
    sale = builders.a_sale(builders.make_partner(api), builders.make_product(api))
    del sale["external_ref"]

    def send():
        return requests.post(
            f"{server.url}/v1/sales-records",
            headers={**JSON, "Idempotency-Key": "one"},
            data=json.dumps(sale),
            timeout=60,
        )

    answers = at_once([send] * 40)

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}
    assert database("select count(*) from sales_record")[0][0] == 1


class Client(threading.Thread):
    """Sends one request after another on a kept connection until the server goes, and takes down when it sent what was not answered."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.answered, self.statuses = 0, collections.Counter()
        self.sent_s, self.unanswered_s = None, None

    def run(self):
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=30)
        while True:
            body = json.dumps({"code": f"TERM-{self.number}-{self.answered}", "name": "x"})
            try:
                connection.request("POST", "/v1/regions", body, JSON)
                self.sent_s = time.monotonic()
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.unanswered_s = self.sent_s
                return
            self.answered += 1
            self.statuses[answer.status] += 1
            if answer.status != 201 or answer.headers.get("Connection") == "close":
                return


def test_sigterm_under_load_answers_all_that_was_accepted(serve, database, times):
    random.seed(20261123)
    for _ in range(times(5, 200)):
        before = database("select count(*) from region")[0][0]
        server = serve()
        clients = [Client(server, f"{before}-{number}") for number in range(24)]
        for client in clients:
            client.start()
        wait_until(lambda: all(client.answered > 0 for client in clients))
        time.sleep(random.uniform(0, 0.3))

        terminated_s = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(30)
        for client in clients:
            client.join()

        assert code == 0 and server.read(server.errors) == ""
        # What was sent before the signal was accepted; a kept connection may be closed before a request that comes later.
        assert [
            client.unanswered_s for client in clients if client.unanswered_s and client.unanswered_s < terminated_s
        ] == []
        statuses = sum((client.statuses for client in clients), collections.Counter())
        assert set(statuses) <= {201, 503}
        assert database("select count(*) from region")[0][0] - before == statuses[201]


def test_sigterm_refuses_tokens_that_come_while_the_server_takes_itself_apart(serve, issuer):
    """On kept connections, in quick succession: some come after the last turn of the loop, a fifth of a second later."""
    server = serve(environment=issuer.settings(), workers=1)
    late = [
        f"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {issuer.token(header={'kid': f'new-{number}'})}\r\n\r\n"
        for number in range(800)
    ]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("localhost", server.port), 10)) for _ in late]
        for connection in connections:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")

        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.15)
        for connection, request in zip(connections, late):
            with contextlib.suppress(OSError):
                connection.sendall(request.encode())
            time.sleep(0.0001)

        assert server.process.wait(30) == 0 and server.read(server.errors) == ""


def test_sigterm_lets_an_export_and_an_import_end(serve, database, api_of):
    server = serve()
    api = api_of(server)
    rows = "".join(f"END-{number},Member\n" for number in range(30000))
    assert (
        requests.post(
            f"{server.url}/v1/members/import",
            headers={**AUTHORIZATION, "Content-Type": "text/csv"},
            data="code,name\n" + rows,
            timeout=60,
        ).status_code
        == 200
    )
    export = requests.get(
        f"{server.url}/v1/members", headers={**AUTHORIZATION, "Accept": "text/csv"}, stream=True, timeout=60
    )
    exported = export.iter_content(65536)
    first = next(exported)
    answers = []

    def slowly():
        yield b"code,name\n"
        for part in range(10):
            time.sleep(0.05)
            yield "".join(f"LATE-{part}-{number},Member\n" for number in range(500)).encode()

    importer = threading.Thread(
        target=lambda: answers.append(
            requests.post(
                f"{server.url}/v1/members/import",
                headers={**AUTHORIZATION, "Content-Type": "text/csv"},
                data=slowly(),
                timeout=60,
            )
        )
    )
    importer.start()
    time.sleep(0.15)

    server.process.send_signal(signal.SIGTERM)
    rest = b"".join(exported)
    importer.join()

    assert server.process.wait(30) == 0
    assert len((first + rest).splitlines()) == 30001
    assert (answers[0].status_code, answers[0].json()["created"]) == (200, 5000)


def test_a_log_that_nobody_reads_stops_nobody(database, tmp_path):
    environment = {**os.environ, "QUDAO_DATABASE_URL": database.url, "QUDAO_PORT": "0", "QUDAO_ADMIN_KEY": ADMIN_KEY}
    process = subprocess.Popen([BINARY, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
    port = re.search(r"localhost:(\d+)", process.stdout.readline())[1]

    for _ in range(2000):
        assert requests.get(f"http://localhost:{port}/healthz", timeout=5).status_code == 200
    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
