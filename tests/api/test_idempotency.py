"""Idempotency-Key: the same request twice is done once and answered twice, word for word."""
import concurrent.futures
import time
import uuid

import pytest

from support.builders import a_contact, a_partner, a_product, a_region, a_sale, make_partner, make_product, make_region, make_sale, unique

SHARES_SERVER = True


@pytest.fixture
def key():
    return str(uuid.uuid4())


def count(api, path, **params):
    return len(api.walk(path, **params))


def assert_replayed(first, second):
    """The same status, body, Location and ETag; only the header tells."""
    assert second.headers.get("Idempotency-Replayed") == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert (second.status_code, second.content) == (first.status_code, first.content)
    for name in ("Location", "ETag", "Content-Type"):
        assert second.headers.get(name) == first.headers.get(name), name


def test_the_same_key_and_request_are_answered_the_same(api, key):
    body = a_region()

    first = api.post("/v1/regions", json=body, idempotency_key=key)
    second = api.post("/v1/regions", json=body, idempotency_key=key)

    assert first.status_code == 201
    assert_replayed(first, second)
    assert count(api, "/v1/regions", code=body["code"]) == 1


def test_every_kind_of_post_is_replayed(api, acme, product):
    sale, other = make_sale(api, acme, product), make_sale(api, acme, product)
    requests = [
        ("/v1/products", {"json": a_product()}),
        ("/v1/members", {"json": {"code": unique("MEMBER"), "name": "N"}}),
        ("/v1/partners", {"json": a_partner()}),
        (f"/v1/partners/{acme['id']}/contacts", {"json": a_contact()}),
        (f"/v1/partners/{acme['id']}/status", {"json": {"status": "onboarding"}}),
        ("/v1/sales-records", {"json": a_sale(acme, product)}),
        (f"/v1/sales-records/{sale['id']}/void", {"json": {"reason": "r"}, "if_match": '"1"'}),
        (f"/v1/sales-records/{other['id']}/correct", {"json": {"reason": "r", "quantity": "2"}, "if_match": '"1"'}),
        ("/v1/regions/import", {"data": b"code,name\nIMPORTED,N\n", "content_type": "text/csv"}),
    ]

    for path, options in requests:
        first = api.post(path, idempotency_key=f"key of {path}", **options)
        second = api.post(path, idempotency_key=f"key of {path}", **options)

        assert first.status_code in (200, 201), first.text
        assert_replayed(first, second)
    assert count(api, "/v1/sales-records", partner_code=acme["code"]) == 6


def test_a_new_api_key_is_shown_once_even_to_a_retry(api, key):
    body = {"name": "Retried", "role": "analyst"}

    first = api.post("/v1/api-keys", json=body, idempotency_key=key)
    second = api.post("/v1/api-keys", json=body, idempotency_key=key)

    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == {**first.json(), "key": None}
    assert api.caller(first.json()["key"]).get("/v1/regions").status_code == 200


def test_a_replay_is_the_answer_of_then(api, key):
    body = a_region()
    first = api.post("/v1/regions", json=body, idempotency_key=key)
    api.patch(first.headers["Location"], json={"name": "Changed"}, if_match='"1"')

    second = api.post("/v1/regions", json=body, idempotency_key=key)

    assert_replayed(first, second)
    api.delete(first.headers["Location"], if_match="*")
    assert_replayed(first, api.post("/v1/regions", json=body, idempotency_key=key))


def refused(answer):
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    return True


def test_the_same_key_with_another_body_is_refused(api, key):
    api.post("/v1/regions", json=a_region(), idempotency_key=key)

    assert refused(api.post("/v1/regions", json=a_region(), idempotency_key=key))


def test_the_same_key_with_a_body_that_differs_in_white_space_is_refused(api, key):
    headers = [("Idempotency-Key", key)]
    api.raw_json(b'{"code": "WHITE", "name": "N"}', headers=headers)

    assert refused(api.raw_json(b'{"code":"WHITE", "name": "N"}', headers=headers))


def test_the_same_key_on_another_path_is_refused(api, key):
    body = {"code": unique("PATH"), "name": "N"}
    api.post("/v1/regions", json=body, idempotency_key=key)

    assert refused(api.post("/v1/members", json=body, idempotency_key=key))


def test_the_same_key_with_another_query_is_refused(api, key):
    file = {"data": b"code,name\nQUERY,N\n", "content_type": "text/csv", "idempotency_key": key}
    api.post("/v1/regions/import", **file)

    assert refused(api.post("/v1/regions/import", params={"dry_run": "true"}, **file))


def test_the_key_of_another_caller_is_another_key(api, acme, zenith, product, key):
    body = a_sale(acme, product, kind="sell_through")
    first = api.as_partner(acme).post("/v1/sales-records", json=body, idempotency_key=key)

    second = api.as_partner(zenith).post("/v1/sales-records", json=body, idempotency_key=key)

    assert first.status_code == 201
    assert second.status_code in (403, 422)
    assert "Idempotency-Replayed" not in second.headers


def test_a_conflict_is_replayed(api, key):
    region = make_region(api)
    body = a_region(code=region["code"])
    first = api.post("/v1/regions", json=body, idempotency_key=key)
    api.delete(f"/v1/regions/{region['id']}", if_match="*")

    second = api.post("/v1/regions", json=body, idempotency_key=key)

    assert first.status_code == 409
    assert_replayed(first, second)


def test_a_refusal_by_data_is_replayed(api, key):
    body = a_region(parent_code="LATER")
    first = api.post("/v1/regions", json=body, idempotency_key=key)
    make_region(api, code="LATER")

    second = api.post("/v1/regions", json=body, idempotency_key=key)

    assert first.status_code == 422
    assert_replayed(first, second)


def test_a_refusal_by_a_state_is_replayed(api, key):
    path = f"/v1/partners/{make_partner(api)['id']}/status"

    first = api.post(path, json={"status": "active"}, idempotency_key=key)
    second = api.post(path, json={"status": "active"}, idempotency_key=key)

    assert first.status_code == 409
    assert_replayed(first, second)


def test_a_breach_of_the_contract_is_not_stored(api, key):
    assert api.post("/v1/regions", json={"code": "MENDED"}, idempotency_key=key).status_code == 400

    answer = api.post("/v1/regions", json={"code": "MENDED", "name": "N"}, idempotency_key=key)

    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (201, False)


def test_a_stale_version_is_not_stored(api, acme, product, key):
    path = f"/v1/sales-records/{make_sale(api, acme, product)['id']}/void"
    assert api.post(path, json={"reason": "r"}, if_match='"9"', idempotency_key=key).status_code == 412

    answer = api.post(path, json={"reason": "r"}, if_match='"1"', idempotency_key=key)

    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (200, False)


def test_a_forbidden_request_is_not_stored(api, key):
    body = a_region()
    assert api.as_role("analyst").post("/v1/regions", json=body, idempotency_key=key).status_code == 403

    assert api.post("/v1/regions", json=body, idempotency_key=key).status_code == 201


def test_a_missing_object_is_not_stored(api, key, database):
    path = f"/v1/partners/{uuid.uuid4()}/contacts"
    assert api.post(path, json=a_contact(), idempotency_key=key).status_code == 404

    assert not database("select from idempotency_key where key = %s", key)


def test_a_key_in_quotes_is_the_key_without(api, key):
    body = a_region()
    first = api.post("/v1/regions", json=body, idempotency_key=key)

    assert_replayed(first, api.post("/v1/regions", json=body, idempotency_key=f'"{key}"'))


@pytest.mark.parametrize("key", ["x", "x" * 255, "a key, with: all; sorts = of {signs}", "~!@#$%^&*()"])
def test_a_key_may_be_any_printable_text(api, key):
    body = a_region()
    first = api.post("/v1/regions", json=body, idempotency_key=key)

    assert_replayed(first, api.post("/v1/regions", json=body, idempotency_key=key))


def test_keys_differ_in_case(api, key):
    api.post("/v1/regions", json=a_region(), idempotency_key=key.lower())

    assert api.post("/v1/regions", json=a_region(), idempotency_key=key.upper()).status_code == 201


def test_after_72_hours_a_key_is_new(api, key, database):
    api.post("/v1/regions", json=a_region(), idempotency_key=key)
    database("update idempotency_key set created_at = now() - interval '72 hours 1 second' where key = %s", key)

    answer = api.post("/v1/regions", json=a_region(), idempotency_key=key)

    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (201, False)


def test_before_72_hours_a_key_is_kept(api, key, database):
    body = a_region()
    first = api.post("/v1/regions", json=body, idempotency_key=key)
    database("update idempotency_key set created_at = now() - interval '71 hours 59 minutes' where key = %s", key)

    assert_replayed(first, api.post("/v1/regions", json=body, idempotency_key=key))


def at_once(api, number, call):
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda i: call(api.twin()), range(number)))


def test_parallel_posts_with_one_key_create_one(api, acme, product):
    for turn in range(5):
        body = a_sale(acme, product, external_ref=None, order_ref=f"TURN-{turn}")
        answers = at_once(api, 12, lambda one: one.post("/v1/sales-records", json=body, idempotency_key=f"turn {turn}"))

        codes = [answer.status_code for answer in answers]
        assert set(codes) <= {201, 409} and 201 in codes
        assert all(a.json()["code"] == "idempotency_in_progress" for a in answers if a.status_code == 409)
        assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
        assert count(api, "/v1/sales-records", order_ref=f"TURN-{turn}") == 1


def test_without_a_key_everything_is_done_each_time(api, acme, product):
    body = a_sale(acme, product, external_ref=None, order_ref="TWICE")

    ids = {api.post("/v1/sales-records", json=body).json()["id"] for _ in range(3)}

    assert len(ids) == count(api, "/v1/sales-records", order_ref="TWICE") == 3


def test_the_key_is_written_with_the_work_or_not_at_all(api, key, database):
    """What is refused in the end leaves no row; what is done leaves both."""
    body = a_region()
    api.post("/v1/regions", json=body, idempotency_key=key)

    stored = database("select xmin::text as by from idempotency_key where key = %s", key)
    region = database("select xmin::text as by from region where code = %s", body["code"])
    audited = database("select a.xmin::text as by from audit_log a join region r on r.id = a.object_id where r.code = %s", body["code"])

    assert {row.by for row in stored} == {row.by for row in region} == {row.by for row in audited}


def batches_retried(api):
    figures = dict(line.rsplit(" ", 1) for line in api.get("/metrics").text.splitlines() if not line.startswith("#"))
    return int(figures["qudao_batches_retried_total"])


def a_partners_sale(partner, product, **members):
    return a_sale(partner, product, kind="sell_through", **members)


def test_a_partner_gets_its_answer_again(api, key):
    partner, product = make_partner(api), make_product(api)
    caller = api.as_partner(partner)
    body = a_partners_sale(partner, product)

    first = caller.post("/v1/sales-records", json=body, idempotency_key=key)
    second = caller.post("/v1/sales-records", json=body, idempotency_key=key)

    assert first.status_code == 201
    assert_replayed(first, second)


def test_partners_with_keys_do_not_hold_each_other_up(api):
    product = make_product(api)
    partners = [make_partner(api) for _ in range(8)]
    callers = [api.as_partner(partner) for partner in partners]

    def report(number):
        partner, caller = partners[number % 8], callers[number % 8].twin()
        return caller.post("/v1/sales-records", json=a_partners_sale(partner, product), idempotency_key=str(uuid.uuid4()))

    before = batches_retried(api)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(report, range(160)))
    time.sleep(0.2)  # the figures are published every 50 ms

    assert {answer.status_code for answer in answers} == {201}
    assert batches_retried(api) - before < 8
