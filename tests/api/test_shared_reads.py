"""Reads that wait together for one caller go to PostgreSQL as one statement, and each gets its own answer."""
import contextlib
import re
import threading
import time
import uuid

import psycopg2
import pytest

from support import builders

SERVER_SETTINGS = {"QUDAO_WORKERS": "1"}


@pytest.fixture(scope="module")
def partners(api):
    return [builders.make_partner(api, name=f"Shared {i}") for i in range(8)]


@contextlib.contextmanager
def held_back(database, table):
    """Nobody reads the table meanwhile."""
    connection = psycopg2.connect(database.url)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(f"lock table {table} in access exclusive mode")
        yield
        connection.rollback()


def segments(api):
    return int(re.search(r"^qudao_segments_total.* (\d+)$", api.get("/metrics").text, re.M)[1])


def all_at_once(database, calls):
    """Makes the calls while the first of them is held back, so that the others wait together; returns the answers in order."""
    answers = [None] * len(calls)

    def run(i):
        answers[i] = calls[i]()

    threads = [threading.Thread(target=run, args=[i]) for i in range(len(calls))]
    with held_back(database, "partner"):
        for thread in threads:
            thread.start()
            time.sleep(0.02)
    for thread in threads:
        thread.join()
    return answers


def test_reads_that_wait_together_get_their_own_answers_from_few_statements(api, database, partners):
    missing = str(uuid.uuid4())
    wanted = [partners[i % len(partners)]["id"] for i in range(30)] + [missing, partners[0]["id"].upper()]
    callers = [api.twin() for _ in wanted]
    before = segments(api)

    answers = all_at_once(database, [lambda c=c, id=id: c.get(f"/v1/partners/{id}") for c, id in zip(callers, wanted)])

    assert [a.status_code for a in answers] == [200] * 30 + [404, 200]
    assert [a.json()["id"] for a in answers[:30]] == wanted[:30]
    assert answers[31].json() == answers[0].json()
    assert segments(api) - before < 10


def test_each_read_has_its_own_fields_and_etag(api, database, partners):
    partner = partners[1]
    etag = api.get(f"/v1/partners/{partner['id']}").headers["ETag"]
    path = f"/v1/partners/{partner['id']}"
    asked = [{}, {"if_none_match": etag}, {"params": {"fields": "name"}}, {"if_none_match": '"999"'}] * 3
    callers = [api.twin() for _ in asked]

    answers = all_at_once(database, [lambda c=c, a=a: c.get(path, **a) for c, a in zip(callers, asked)])

    assert [a.status_code for a in answers] == [200, 304, 200, 200] * 3
    assert set(answers[2].json()) == {"id", "version", "name"}


def test_callers_do_not_share_what_only_one_of_them_may_see(api, database, partners):
    mine, other = partners[2], partners[3]
    callers = [api, api.as_partner(mine), api.as_partner(other)] * 4
    twins = [caller.twin() for caller in callers]
    for caller in callers[:3]:
        caller.get(f"/v1/partners/{mine['id']}")

    answers = all_at_once(database, [lambda c=c: c.get(f"/v1/partners/{mine['id']}") for c in twins])

    assert [a.status_code for a in answers] == [200, 200, 404] * 4


def test_a_read_that_fails_fails_for_all_who_share_it(api, database, partners):
    callers = [api.twin() for _ in range(6)]
    connection = psycopg2.connect(database.url)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")

        def end_backends():
            cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                           " and wait_event_type = 'Lock'")
            return None

        calls = [lambda c=c: c.get(f"/v1/partners/{partners[0]['id']}") for c in callers]
        answers = all_at_once(database, [*calls, end_backends])[:-1]

    assert [a.status_code for a in answers] == [200] * 6  # replayed on a new connection
