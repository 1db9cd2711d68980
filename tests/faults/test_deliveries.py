"""Servers that are killed while webhooks are on their way: nothing is lost, and what comes twice has the same id."""
import collections
import random
import time

import pytest

from support import builders
from support.receiver import Receiver, are_signed

SETTINGS = {"workers": 1, "webhook_ms": 1000}


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


def end_leases(database):
    """Time passes: what a killed server had claimed is due again."""
    database("update webhook_delivery set next_attempt_at = now() where status = 'pending'")


def wait_for_all(database, count, timeout_s=60):
    """Until so many deliveries have been made, and none is left to be sent."""
    deadline = time.monotonic() + timeout_s
    while database("select count(*) filter (where status = 'delivered') as delivered from webhook_delivery")[0].delivered < count:
        assert time.monotonic() < deadline, database("select status, last_reason, count(*) from webhook_delivery group by 1, 2")
        time.sleep(0.1)


def test_a_killed_server_loses_no_delivery(serve, api_of, database, receiver, times):
    receiver.answers["/"] = [(204, 0.05, {})]
    made, webhook = set(), None
    for _ in range(times(6, 100)):
        server = serve(**SETTINGS)
        api = api_of(server)
        webhook = webhook or builders.make_webhook(api, url=receiver.url(), event_types=["region.*"])
        made |= {builders.make_region(api)["id"] for _ in range(random.randrange(5, 25))}
        time.sleep(random.random() / 2)
        server.process.kill()
        server.process.wait()
        end_leases(database)
    serve(**SETTINGS)
    wait_for_all(database, len(made))

    seen = collections.defaultdict(set)
    for message in receiver.messages:
        seen[message.event()["subject"].rpartition("/")[2]].add(message.id)
    assert set(seen) == made
    assert all(len(ids) == 1 for ids in seen.values())
    assert database("select count(*) from webhook_delivery where status = 'delivered'")[0][0] == len(made)
    assert are_signed(receiver.messages, webhook["secret"])


def test_a_claim_of_a_killed_server_runs_out(serve, api_of, database, receiver):
    receiver.answers["/"] = [(204, 30, {}), (204, 0, {})]
    server = serve(workers=1, webhook_ms=60000)
    api = api_of(server)
    webhook = builders.make_webhook(api, url=receiver.url(), event_types=["webhook.test"])
    delivery = builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))
    receiver.wait("/")
    server.process.kill()
    server.process.wait()

    (row,) = database("select status, next_attempt_at - now() as lease from webhook_delivery where id = %s", delivery["id"])
    assert row.status == "pending" and 60 < row.lease.total_seconds() <= 90
    serve(**SETTINGS)
    time.sleep(2)
    assert len(receiver.messages) == 1
    end_leases(database)

    assert {m.id for m in receiver.wait("/", 2)} == {delivery["id"]}
    wait_for_all(database, 1)


def test_two_servers_share_the_work_and_send_nothing_twice(serve, api_of, database, receiver):
    receiver.answers["/"] = [(204, 0.02, {})]
    servers = [serve(**SETTINGS) for _ in range(2)]
    apis = [api_of(server) for server in servers]
    for _ in range(3):
        builders.make_webhook(apis[0], url=receiver.url(), event_types=["region.created"])
    made = {builders.make_region(apis[number % 2])["id"] for number in range(60)}

    receiver.wait("/", 180, timeout_s=60)
    wait_for_all(database, 180)

    assert len(made) == 60
    assert len(receiver.messages) == len({m.id for m in receiver.messages}) == 180


def test_deliveries_outlive_their_database(serve, api_of, cluster, database, receiver):
    server = serve(**SETTINGS)
    api = api_of(server)
    webhook = builders.make_webhook(api, url=receiver.url(), event_types=["webhook.test"])
    cluster.leave_for_a_second(database)
    deadline = time.monotonic() + 20
    answer = api.post(f"/v1/webhooks/{webhook['id']}/test")
    while answer.status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
        answer = api.post(f"/v1/webhooks/{webhook['id']}/test")

    delivery = builders.made(answer)

    assert delivery["id"] in {m.id for m in receiver.wait("/")}


def test_an_end_waits_for_what_is_under_way(serve, api_of, database, receiver):
    receiver.answers["/"] = [(204, 0.8, {})]
    server = serve(workers=1, webhook_ms=5000)
    api = api_of(server)
    webhook = builders.make_webhook(api, url=receiver.url(), event_types=["webhook.test"])
    builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))
    receiver.wait("/")

    server.stop()

    assert database("select status from webhook_delivery")[0].status == "delivered"


def test_an_end_does_not_wait_for_a_receiver_that_hangs(serve, api_of, receiver):
    receiver.answers["/"] = [(204, 30, {})]
    server = serve(workers=1, webhook_ms=60000)
    api = api_of(server)
    webhook = builders.make_webhook(api, url=receiver.url(), event_types=["webhook.test"])
    builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))
    receiver.wait("/")

    began = time.monotonic()
    server.stop()

    assert time.monotonic() - began < 8
