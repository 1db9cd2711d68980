"""Whoever follows the events outlives the database: streams stay, nothing is lost, nothing comes twice."""
import random
import threading
import time

import requests

from support import builders
from support.event_stream import EventStream
from support.polling import wait_until_ready
from support.server import ADMIN_KEY

HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}"}
TERMINATE = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
)
FAST = {"event_poll_ms": 100, "event_heartbeat_ms": 300}


def test_streams_outlive_a_database_that_was_away(serve, database, cluster, api_of):
    server = serve(**FAST)
    api = api_of(server)
    partner = builders.make_partner(api)
    callers = [api, api.as_partner(partner), api, api.as_partner(partner)]
    streams = [EventStream(caller, object_type="contact").until_greeted() for caller in callers]
    made = [builders.make_contact(api, partner)["id"] for _ in range(3)]
    database.close()
    database.connection = None

    cluster.halt()
    for stream in streams:
        comments = stream.comments
        stream.until(lambda stream: stream.comments > comments + 3)
    cluster.start()
    wait_until_ready(api, 30)
    made += [builders.make_contact(api, partner)["id"] for _ in range(3)]

    for stream in streams:
        stream.until(lambda stream: made[-1] in stream.objects())
        assert stream.objects() == made
        assert not stream.is_over.is_set()
        stream.close()


def test_a_key_that_is_revoked_while_nobody_could_hear_it_ends(serve, database, api_of):
    """The server hears of keys by LISTEN; what changes while that connection is away counts all the same."""
    server = serve(**FAST)
    api = api_of(server)
    key = api.new_key("analyst")
    stream = EventStream(api.caller(key["key"])).until_greeted()

    database(TERMINATE)
    database("update api_key set revoked_at = now() where id = %s", key["id"])

    stream.wait_for_end()


def test_a_subject_that_is_blocked_while_nobody_could_hear_it_ends(serve, database, api_of, issuer):
    """All are doubted then, more than are looked up at once; those that nothing happened to go on."""
    server = serve(environment=issuer.settings(), **FAST, workers=1)
    api = api_of(server)
    tokens = [issuer.token("analyst", sub=f"listener-{number}") for number in range(80)]
    streams = [EventStream(api.caller(token)).until_greeted() for token in tokens]

    database(TERMINATE)
    database("update token_subject set is_blocked = true where subject = 'listener-79'")
    streams.pop().wait_for_end()

    wait_until_ready(api, 30)
    region = builders.make_region(api)["id"]
    for stream in streams:
        stream.until(lambda stream: region in stream.objects())
        stream.close()


def test_streams_lose_nothing_and_double_nothing_while_sessions_are_terminated(serve, database, api_of, times):
    server = serve(**FAST)
    api = api_of(server)
    random.seed(20261128)
    streams = [EventStream(api).until_greeted() for _ in range(8)]
    start, stop, statuses = streams[0].places[0], threading.Event(), []

    def write(caller):
        while not stop.is_set():
            region = {"code": builders.unique("AWAY"), "name": "Away"}
            statuses.append(requests.post(f"{caller.url}/v1/regions", json=region, headers=HEADERS, timeout=30).status_code)

    writers = [threading.Thread(target=write, args=[api.twin()]) for _ in range(4)]
    for writer in writers:
        writer.start()
    for _ in range(times(10, 200)):
        time.sleep(random.uniform(0, 0.5))
        database(TERMINATE)
    deadline = time.monotonic() + 60
    while statuses.count(201) < 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    for writer in writers:
        writer.join(60)
    wait_until_ready(api, 30)
    last = builders.make_region(api)["id"]

    for stream in streams:
        stream.until(lambda stream: last in stream.objects())
    events = api.walk_log(start)
    assert len(events) > 20 and set(statuses) <= {201, 503}
    for stream in streams:
        assert [message.data["id"] for message in stream.messages] == [event["id"] for event in events]
        stream.close()
