"""What waits together for one caller goes to PostgreSQL as one statement, and each request gets its own answer: reads of objects, and new sales."""
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
        for _ in range(10):  # a machine that takes more than a second to connect anew answers 503
            answers = all_at_once(database, [*calls, end_backends])[:-1]
            if any(a.status_code == 200 for a in answers):
                break

    assert [a.status_code for a in answers] == [200] * 6  # replayed on a new connection


@pytest.fixture(scope="module")
def product(api):
    return builders.make_product(api)


def post_together(api, database, bodies, **options):
    """Posts each sale on a connection of its own; the first is held back, so that the others wait together."""
    callers = [api.twin() for _ in bodies]
    return all_at_once(database, [lambda c=c, b=b: c.post("/v1/sales-records", json=b, **options) for c, b in zip(callers, bodies)])


def test_sales_that_wait_together_get_their_own_answers_from_few_statements(api, database, partners, product):
    bodies = [builders.a_sale(partners[i % len(partners)], product, quantity=str(i + 1)) for i in range(30)]
    before = segments(api)

    answers = post_together(api, database, bodies)

    assert segments(api) - before < 10
    for body, answer in zip(bodies, answers):
        sale = builders.made(answer)
        assert {name: sale[name] for name in ("external_ref", "partner_code")} == {name: body[name] for name in ("external_ref", "partner_code")}
        assert sale["amount"] == f"{int(body['quantity']) * 10}.00"
        assert answer.headers["Location"] == f"/v1/sales-records/{sale['id']}"
        assert api.get(answer.headers["Location"]).json() == sale


def test_each_sale_of_several_has_its_own_request_in_the_log_and_its_own_event(api, database, partners, product):
    answers = post_together(api, database, [builders.a_sale(partners[0], product) for _ in range(12)])

    for answer in answers:
        id = builders.made(answer)["id"]
        logged = api.get("/v1/audit-log", params={"object_id": id}).json()["data"]
        assert [(a["request_id"], a["operation"]) for a in logged] == [(answer.headers["Request-Id"], "createSalesRecord")]
        assert [e.type for e in database("select type from event where object_id = %s", id)] == ["sales_record.created"]


def test_the_faults_of_one_sale_are_only_its_own(api, database, partners, product):
    taken = builders.make_sale(api, partners[0], product)
    faults = {
        "none": {},
        "unknown": {"sku": "NONE", "partner_code": "NOBODY"},
        "taken": {"external_ref": taken["external_ref"]},
        "named": {"region_code": "NOWHERE", "seller_code": partners[1]["code"]},
    }
    kinds = list(faults) * 4

    answers = post_together(api, database, [builders.a_sale(partners[0], product, **faults[kind]) for kind in kinds])

    found = {kind: answer for kind, answer in zip(kinds[1:], answers[1:])}
    assert [a.status_code for a in answers] == [{"none": 201, "taken": 409}.get(kind, 422) for kind in kinds]
    assert [e["pointer"] for e in found["unknown"].json()["errors"]] == ["/partner_code", "/sku"]
    assert found["taken"].json()["existing_id"] == taken["id"]
    assert [e["pointer"] for e in found["named"].json()["errors"]] == ["/region_code"]


def test_what_postgresql_refuses_is_refused_to_one(api, database, partners, product):
    bodies = [builders.a_sale(partners[0], product) for _ in range(10)]
    bodies[4].update(quantity="99999999999999", unit_price="999999999999")
    bodies[8]["external_ref"] = bodies[7]["external_ref"]

    answers = post_together(api, database, bodies)

    assert [a.status_code for a in answers[:7]] == [201] * 4 + [422] + [201] * 2
    assert sorted(a.status_code for a in answers[7:9]) == [201, 409]
    assert answers[9].status_code == 201


def test_what_is_returned_together_is_no_more_than_was_sold(api, database, partners, product):
    sold = builders.make_sale(api, partners[0], product, kind="sell_through", quantity="3")
    back = {"kind": "return_from_customer", "returns_id": sold["id"], "quantity": "-2"}

    answers = post_together(api, database, [builders.a_sale(partners[0], product, **back) for _ in range(4)])

    assert sorted(a.status_code for a in answers) == [201, 422, 422, 422]


def test_keyed_sales_among_others_are_kept_for_their_retries(api, database, partners, product):
    bodies = [builders.a_sale(partners[0], product) for _ in range(8)]
    callers = [api.twin() for _ in bodies]
    keys = [{"idempotency_key": f"shared {i}"} if i % 2 else {} for i in range(len(bodies))]
    calls = [lambda c=c, b=b, k=k: c.post("/v1/sales-records", json=b, **k) for c, b, k in zip(callers, bodies, keys)]

    answers = all_at_once(database, calls)
    again = [call() for call in calls]

    assert [a.status_code for a in answers] == [201] * 8
    assert [a.status_code for a in again] == [409, 201] * 4
    assert [a.content for a in again[1::2]] == [a.content for a in answers[1::2]]


def test_callers_do_not_share_what_they_write(api, database, partners, product):
    mine = api.as_partner(partners[0])
    callers = [api, mine] * 5
    mine.get("/v1/sales-records")
    twins = [caller.twin() for caller in callers]
    body = {"kind": "sell_through"}

    answers = all_at_once(database, [
        lambda c=c: c.post("/v1/sales-records", json=builders.a_sale(partners[1], product, **body)) for c in twins])

    assert [a.status_code for a in answers] == [201, 422] * 5
