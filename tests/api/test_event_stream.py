"""Events are followed by Server-Sent Events: each once, in order, to whoever may know of it, for as long as they may."""
import http.client
import random
import signal
import socket
import threading
import time

import pytest
import requests

from support import builders
from support.client import Api
from support.event_stream import EVENT_STREAM, EventStream
from support.server import ADMIN_KEY, ORIGIN, Server
from test_events import PATH, now

pytestmark = pytest.mark.waits

SERVER_SETTINGS = {"QUDAO_EVENT_POLL_MS": "100", "QUDAO_EVENT_HEARTBEAT_MS": "300", "QUDAO_SLOW_MS": "2000"}


@pytest.fixture
def follow(api):
    """Opens streams; closes them after the test."""
    streams = []

    def open_stream(caller=api, last_event_id=None, **params):
        streams.append(EventStream(caller, last_event_id, **params))
        return streams[-1].until_greeted()

    yield open_stream
    for stream in streams:
        stream.close()


def figure(api, name):
    return next(float(line.split()[1]) for line in requests.get(f"{api.url}/metrics", timeout=30).text.splitlines() if line.startswith(f"{name} "))


def wait_until(holds, limit_s=30):
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def problem_of(api, caller=None, headers=(), **params):
    answer = (caller or api).get(PATH, params=params, accept=EVENT_STREAM, headers=dict(headers))
    return answer.status_code, answer.json()["code"]


def test_events_come_as_they_stand_in_the_list(api, follow):
    stream = follow(object_type="region")
    region = builders.make_region(api)
    api.patch(f"/v1/regions/{region['id']}", json={"name": "天"}, if_match="*")

    came = [stream.next(), stream.next()]

    assert [message.data for message in came] == api.get(PATH, params={"object_id": region["id"]}).json()["data"]
    assert [message.type for message in came] == ["region.created", "region.updated"]
    assert stream.lines[0] == "retry: 3000"


def test_the_answer_says_what_it_is(api, follow):
    answer = follow().answer

    assert answer.getheader("Content-Type") == EVENT_STREAM
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("X-Accel-Buffering") == "no"
    assert answer.getheader("Connection") == "close"
    assert answer.getheader("Content-Encoding") is None
    assert answer.getheader("Request-Id")


def test_without_a_cursor_it_begins_at_the_present_end(api, follow):
    before = builders.make_region(api)
    now(api)

    stream = follow()
    after = builders.make_region(api)

    stream.until(lambda stream: after["id"] in stream.objects())
    assert before["id"] not in stream.objects()


@pytest.mark.parametrize("where", ["cursor", "header", "header before cursor"])
def test_it_goes_on_behind_a_place(api, follow, where):
    start = now(api)
    made = [builders.make_region(api)["id"] for _ in range(3)]
    middle = now(api)
    made.append(builders.make_region(api)["id"])

    stream = {
        "cursor": lambda: follow(cursor=start),
        "header": lambda: follow(last_event_id=start),
        "header before cursor": lambda: follow(last_event_id=middle, cursor=start),
    }[where]()

    expected = made[3:] if where == "header before cursor" else made
    stream.until(lambda stream: made[3] in stream.objects())
    assert [object_id for object_id in stream.objects() if object_id in made] == expected


def test_old_and_new_events_follow_each_other_over_many_pages(api, follow):
    start = now(api)
    for _ in range(3):
        rows = b"name,code\n" + b"".join(f"Name,{builders.unique('MANY')}\n".encode() for _ in range(10))
        assert api.post("/v1/regions/import", data=rows, content_type="text/csv").status_code == 200
    made = [builders.make_region(api)["id"] for _ in range(450)]

    stream = follow(cursor=start)
    made.append(builders.make_region(api)["id"])

    stream.until(lambda stream: made[-1] in stream.objects())
    assert [message.type for message in stream.messages[:3]] == ["import.finished"] * 3
    assert stream.objects()[3:] == made


def test_each_id_is_a_cursor_of_the_list_and_of_the_stream(api, follow):
    stream = follow(object_type="region")
    made = [builders.make_region(api)["id"] for _ in range(4)]
    came = [stream.next() for _ in made]

    for number, message in enumerate(came):
        read = api.get(PATH, params={"cursor": message.id, "object_type": "region"}).json()["data"]
        assert [event["data"]["object_id"] for event in read] == made[number + 1 :]
    assert follow(last_event_id=came[1].id).until(lambda stream: len(stream.messages) == 2).objects() == made[2:]


def test_resuming_loses_nothing_and_doubles_nothing_while_writes_run(api, follow):
    """Eight writers; four listeners that break off again and again, at any moment, and one that stays."""
    start = now(api)
    stop, is_written, made, lock = threading.Event(), threading.Event(), [], threading.Lock()

    def write(caller):
        while not stop.is_set():
            region = builders.make_region(caller)["id"]
            with lock:
                made.append(region)

    def listen(seen):
        last = start
        while not is_written.is_set() or not set(made) <= {message.data["data"]["object_id"] for message in seen}:
            stream = EventStream(api, last)
            stream.is_over.wait(random.uniform(0, 0.7))
            stream.close()
            seen.extend(stream.messages)
            last = stream.id

    seen = [[] for _ in range(4)]
    writers = [threading.Thread(target=write, args=[api.twin()]) for _ in range(8)]
    listeners = [threading.Thread(target=listen, args=[one]) for one in seen]
    staying = follow(cursor=start)
    for thread in writers + listeners:
        thread.start()
    time.sleep(6)
    stop.set()
    for thread in writers:
        thread.join(120)
    is_written.set()
    for thread in listeners:
        thread.join(120)
    assert not any(thread.is_alive() for thread in writers + listeners)
    staying.until(lambda stream: set(made) <= set(stream.objects()))
    listed = api.walk_log(start)

    assert len(made) > 50
    for messages in (*seen, staying.messages):
        assert [message.data["id"] for message in messages] == [event["id"] for event in listed]


def test_filters_are_those_of_the_list(api, acme, zenith, follow):
    product, region = builders.make_product(api), builders.make_region(api)
    now(api)
    streams = {
        "type": follow(type="contact.created"),
        "object_type": follow(object_type="region"),
        "object_id": follow(object_id=product["id"].upper()),
        "partner_id": follow(partner_id=acme["id"]),
        "both": follow(partner_id=acme["id"], object_type="contact"),
    }

    api.patch(f"/v1/products/{product['id']}", json={"name": "Changed"}, if_match="*")
    contact = builders.make_contact(api, acme)
    api.patch(f"/v1/contacts/{contact['id']}", json={"name": "Changed"}, if_match="*")
    other = builders.make_contact(api, zenith)
    api.delete(f"/v1/regions/{region['id']}", if_match="*")
    every = follow(cursor=streams["type"].places[0])
    every.until(lambda stream: region["id"] in stream.objects())

    expected = {
        "type": [contact["id"], other["id"]],
        "object_type": [region["id"]],
        "object_id": [product["id"]],
        "partner_id": [contact["id"]] * 2,
        "both": [contact["id"]] * 2,
    }
    for name, stream in streams.items():
        stream.until(lambda stream: len(stream.messages) >= len(expected[name]))
        assert stream.objects() == expected[name], name


def test_a_partner_hears_of_itself_and_of_those_below_and_of_nothing_else(api, acme, zenith, follow):
    child = builders.make_partner(api, parent_code=acme["code"])
    callers = {"acme": api.as_partner(acme), "zenith": api.as_partner(zenith), "child": api.as_partner(child)}
    now(api)
    streams = {name: follow(caller) for name, caller in callers.items()}
    staff = follow()

    for partner in (acme, zenith, child, acme):
        builders.make_contact(api, partner)
    builders.make_region(api)
    api.new_key("partner", partner_id=acme["id"])
    mark = {name: builders.make_contact(api, partner)["id"] for name, partner in (("zenith", zenith), ("child", child))}
    for name in streams:
        streams[name].until(lambda stream: mark["zenith" if name == "zenith" else "child"] in stream.objects())
    staff.until(lambda stream: mark["child"] in stream.objects())

    for name, stream in streams.items():
        assert [message.data for message in stream.messages] == [
            event for event in callers[name].walk_log(stream.places[0])
        ]
        assert {message.data["data"]["object_type"] for message in stream.messages} == {"contact"}
    assert {message.data["data"]["partner_id"] for message in streams["acme"].messages} == {acme["id"], child["id"]}
    assert {message.data["data"]["partner_id"] for message in streams["child"].messages} == {child["id"]}
    assert {message.data["data"]["partner_id"] for message in streams["zenith"].messages} == {zenith["id"]}
    assert {"region", "api_key"} <= {message.data["data"]["object_type"] for message in staff.messages}


@pytest.mark.parametrize("from_start", [True, False], ids=["catching up", "live"])
def test_a_stream_tells_of_what_its_caller_may_read(api, follow, from_start):
    """Managers and analysts read no webhooks, and a key nothing that its scopes do not name."""
    start, analyst = now(api), api.as_role("analyst")
    blind = api.as_role("admin", scopes=["events:read", "products:read"])
    place = {"cursor": start} if from_start else {}
    streams = [] if from_start else [follow(caller) for caller in (api, analyst, blind)]
    webhook = api.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/", "event_types": ["webhook.test"]}).json()["id"]
    region, product = builders.make_region(api)["id"], builders.make_product(api)["id"]

    streams = streams or [follow(caller, **place) for caller in (api, analyst, blind)]
    heard = [stream.until(lambda stream: product in stream.objects()).objects() for stream in streams]

    made = [webhook, region, product]
    assert [[one for one in objects if one in made] for objects in heard] == [made, [region, product], [product]]


def test_what_is_below_changes_while_a_partner_listens(api, acme, zenith, follow):
    moving = builders.make_partner(api, parent_code=acme["code"])
    callers = [api.as_partner(acme), api.as_partner(zenith)]
    now(api)
    streams = [follow(caller) for caller in callers]

    before = builders.make_contact(api, moving)["id"]
    streams[0].until(lambda stream: before in stream.objects())
    api.patch(f"/v1/partners/{moving['id']}", json={"parent_code": zenith["code"]}, if_match="*")
    after = builders.make_contact(api, moving)["id"]
    streams[1].until(lambda stream: after in stream.objects())
    mark = builders.make_contact(api, acme)["id"]
    streams[0].until(lambda stream: mark in stream.objects())

    assert after not in streams[0].objects()
    returned = follow(callers[0], last_event_id=streams[0].places[0])
    returned.until(lambda stream: mark in stream.objects())
    assert before not in returned.objects()


def test_a_stream_without_news_says_that_it_lives_and_where_it_is(api, follow):
    stream = follow(type="no.such.thing")
    region = builders.make_region(api)
    now(api)

    stream.until(lambda stream: stream.comments > 8)

    assert stream.messages == []
    read = api.get(PATH, params={"cursor": stream.id, "object_id": region["id"]}).json()["data"]
    assert read == [], "who comes back with the latest id reads nothing again"


def test_a_key_that_is_revoked_hears_no_more(api, acme, follow):
    keys = [api.new_key("partner", partner_id=acme["id"]) for _ in range(2)]
    streams = [follow(api.caller(key["key"])) for key in keys]
    stays = follow()

    assert api.delete(f"/v1/api-keys/{keys[0]['id']}").status_code == 204
    streams[0].wait_for_end()
    contact = builders.make_contact(api, acme)["id"]

    for stream in (streams[1], stays):
        stream.until(lambda stream: contact in stream.objects())
    assert contact not in streams[0].objects()
    assert problem_of(api, api.caller(keys[0]["key"])) == (401, "unauthorized")


def test_a_key_that_expires_hears_no_more(api, follow):
    instant = api.get("/v1/clock").json()["now"]
    key = api.new_key("analyst", expires_at=f"{int(instant[:4]) + 1}{instant[4:10]}T00:00:00Z")
    stream = follow(api.caller(key["key"]))
    try:
        assert api.put("/v1/clock", json={"now": f"{int(instant[:4]) + 2}-01-01T00:00:00Z"}).status_code == 200
        stream.wait_for_end()
    finally:
        assert api.put("/v1/clock", json={"now": None}).status_code == 200


def test_a_cursor_behind_what_was_deleted_is_gone(api, database, follow):
    first = api.get(PATH, params={"limit": 1}).json()["next_cursor"]
    end = now(api)
    database("update event set occurred_at = occurred_at - interval '91 days'")
    assert api.post("/v1/jobs/trim-events/run").status_code < 300
    wait_until(lambda: api.get(PATH, params={"cursor": first}).status_code == 410)

    assert problem_of(api, cursor=first) == (410, "cursor_expired")
    assert problem_of(api, headers={"Last-Event-ID": first}) == (410, "cursor_expired")
    region = builders.make_region(api)["id"]
    follow(cursor=end).until(lambda stream: region in stream.objects())


@pytest.mark.parametrize(
    "params, headers, code",
    [
        ({"cursor": "x"}, {}, "invalid_cursor"),
        ({}, {"Last-Event-ID": "x"}, "invalid_cursor"),
        ({"limit": 1}, {}, "invalid_request"),
        ({"fields": "type"}, {}, "invalid_request"),
        ({"nonsense": 1}, {}, "invalid_request"),
        ({"object_id": "x"}, {}, "invalid_request"),
    ],
)
def test_what_breaks_the_contract_is_refused(api, params, headers, code):
    assert problem_of(api, headers=headers, **params) == (400, code)


def test_a_key_without_the_permission_is_refused(api):
    assert problem_of(api, api.anonymous()) == (401, "unauthorized")
    assert problem_of(api, api.as_role("analyst", scopes=["regions:read"])) == (403, "forbidden")


def test_only_the_log_can_be_followed(api):
    answer = api.get("/v1/regions", accept=EVENT_STREAM)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


def test_head_answers_as_get_does_and_ends(api):
    answer = api.head(PATH, accept=EVENT_STREAM)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == EVENT_STREAM
    assert api.head(PATH, accept=EVENT_STREAM, headers={"Last-Event-ID": "x"}).status_code == 400
    wait_until(lambda: figure(api, "qudao_event_streams") == 0)


def test_a_page_of_another_origin_may_follow(api):
    allowed = api.options(PATH, origin=ORIGIN, headers={"Access-Control-Request-Method": "GET"})
    answer = api.head(PATH, accept=EVENT_STREAM, origin=ORIGIN)

    assert "Last-Event-ID" in allowed.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in answer.headers["Vary"]


def test_http_1_0_gets_a_stream_without_chunks(server, api):
    connection = socket.create_connection(("localhost", server.port), timeout=30)
    connection.sendall(f"GET {PATH} HTTP/1.0\r\nHost: x\r\nAccept: {EVENT_STREAM}\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode())
    received = b""
    while b"\nid: " not in received:
        received += connection.recv(65536)
    region = builders.make_region(api)["id"].encode()
    while region not in received:
        received += connection.recv(65536)
    connection.close()

    assert b"chunked" not in received and b"\r\n\r\nretry: 3000\nid: " in received


def test_streams_are_counted_and_written_down(server, api, follow):
    wait_until(lambda: figure(api, "qudao_event_streams") == 0)
    sent = figure(api, "qudao_events_sent_total")
    streams = [follow() for _ in range(3)]
    wait_until(lambda: figure(api, "qudao_event_streams") == 3)
    region = builders.make_region(api)["id"]
    for stream in streams:
        stream.until(lambda stream: region in stream.objects())
    assert figure(api, "qudao_events_sent_total") >= sent + 3

    for stream in streams:
        stream.close()

    wait_until(lambda: figure(api, "qudao_event_streams") == 0)
    ids = {stream.answer.getheader("Request-Id") for stream in streams}
    wait_until(lambda: {line.get("request_id") for line in server.log() if line["message"] == "followed"} >= ids)
    for line in server.log():
        if line["message"] == "followed" and line["request_id"] in ids:
            assert line["why"] == "client" and line["events"] >= 1 and line["operation"] == "listEvents"


def slow_connection(server, cursor, buffer=2048):
    """One that has much to read, and does not."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(30)
    connection.connect(("localhost", server.port))
    connection.sendall(
        f"GET {PATH}?cursor={cursor} HTTP/1.1\r\nHost: x\r\nAccept: {EVENT_STREAM}\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode()
    )
    return connection


@pytest.fixture(scope="module")
def many(api, database):
    """A place in the log, and how many events stand behind it: more than the buffers of the kernel hold."""
    start = now(api)
    database(
        "insert into event (id, type, object_type, object_id, is_for_partner, occurred_at)"
        " select uuid_v7(), 'region.updated', 'region', uuid_v7(), false, now() from generate_series(1, 20000)"
    )
    return start, 20000


def test_a_listener_that_does_not_read_is_cut_off_and_comes_back(server, api, follow, many):
    start, count = many
    connection = slow_connection(server, start)
    wait_until(lambda: figure(api, "qudao_event_streams") == 1)
    wait_until(lambda: figure(api, "qudao_event_streams") == 0)
    connection.close()

    stream = follow(cursor=start).until(lambda stream: len(stream.messages) >= count)

    assert len({message.data["id"] for message in stream.messages}) == len(stream.messages) == count


def test_a_listener_that_reads_slowly_gets_everything(server, api, many):
    start, count = many
    connection = slow_connection(server, start, 65536)
    answer = http.client.HTTPResponse(connection)
    answer.begin()

    ids, begin = [], time.monotonic()
    while len(ids) < count:
        line = answer.readline()
        assert line, "it was cut off"
        if line.startswith(b"data: "):
            ids.append(line[13:49])
        if time.monotonic() < begin + 4:
            time.sleep(0.001)
    connection.close()

    assert len(set(ids)) == count


def test_a_stream_is_no_request_under_way(database, contract_of):
    server = Server(database.url, {**SERVER_SETTINGS, "QUDAO_WORKERS": "1", "QUDAO_CALLER_REQUESTS": "2"})
    api = Api(server.url, contract_of(server), ADMIN_KEY)
    streams = [EventStream(api).until_greeted() for _ in range(5)]

    region = builders.make_region(api)["id"]
    for stream in streams:
        stream.until(lambda stream: region in stream.objects())
        stream.close()
    server.stop()


def test_there_is_a_limit_to_streams_and_to_those_of_one_caller(database, contract_of, acme):
    settings = {"QUDAO_WORKERS": "1", "QUDAO_EVENT_STREAMS": "4", "QUDAO_EVENT_CALLER_STREAMS": "3"}
    server = Server(database.url, {**SERVER_SETTINGS, **settings})
    api = Api(server.url, contract_of(server), ADMIN_KEY)
    streams = [EventStream(api).until_greeted() for _ in range(3)]
    refused = requests.get(api.url + PATH, headers={"Accept": EVENT_STREAM, "Authorization": f"Bearer {ADMIN_KEY}"}, timeout=30)
    other = api.as_role("analyst")
    streams.append(EventStream(other).until_greeted())
    full = other.get(PATH, accept=EVENT_STREAM)
    pages = api.get(PATH)
    for stream in streams:
        stream.close()
    wait_until(lambda: figure(api, "qudao_event_streams") == 0)
    EventStream(api).until_greeted().close()
    server.stop()

    assert (refused.status_code, refused.json()["code"], int(refused.headers["Retry-After"]) > 0) == (429, "too_many_at_once", True)
    assert (full.status_code, full.json()["code"], full.headers["Retry-After"]) == (503, "overloaded", "1")
    assert pages.status_code == 200


def test_sigterm_ends_streams_at_once_and_in_order(database, contract_of, many):
    start, _ = many
    server = Server(database.url, SERVER_SETTINGS)
    api = Api(server.url, contract_of(server), ADMIN_KEY)
    streams = [EventStream(api).until_greeted() for _ in range(20)]
    catching_up = EventStream(api, start).until_greeted()
    slow = slow_connection(server, start)
    begin = time.monotonic()

    server.process.send_signal(signal.SIGTERM)
    for stream in streams:
        stream.wait_for_end()
    server.stop()
    took_s = time.monotonic() - begin
    slow.close()

    catching_up.wait_for_end()
    assert took_s < 10
    assert {line["why"] for line in server.log() if line["message"] == "followed"} == {"stop"}
