"""Webhooks: who is told of what, signed by Standard Webhooks, tried again by the schedule, and nobody delayed by another."""
import datetime
import itertools
import socket
import tempfile
import time
import uuid

import pytest

from support import builders
from support.builders import make_partner, make_region, make_webhook
from support.receiver import Receiver, a_certificate, are_signed, verify

pytestmark = pytest.mark.waits

# A proxy that does not exist: whoever asked it would reach nobody.
SERVER_SETTINGS = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}
DIRECTORY = tempfile.TemporaryDirectory(prefix="qudao-ca-")
CERTIFICATE = a_certificate(DIRECTORY.name)
SERVER_SETTINGS["QUDAO_WEBHOOK_CA_FILE"] = CERTIFICATE

TYPES = ["region.*", "product.*", "contact.*"]

paths = (f"/{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def trusted():
    receiver = Receiver(certificate=CERTIFICATE)
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def impostor(tmp_path_factory):
    receiver = Receiver(certificate=a_certificate(tmp_path_factory.mktemp("impostor")))
    yield receiver
    receiver.stop()


@pytest.fixture
def path():
    """A path of its own, so that nobody else's messages are there."""
    return next(paths)


@pytest.fixture
def hook(api, receiver, path):
    """Makes a webhook for `path`, gone after the test; what happens to webhooks themselves is not sent unless it is asked for."""
    made = []

    def make(caller=api, **members):
        made.append(make_webhook(caller, **{"url": receiver.url(path), "event_types": TYPES, **members}))
        return made[-1]

    yield make
    for webhook in made:
        api.delete(f"/v1/webhooks/{webhook['id']}", if_match="*")


def get(api, webhook):
    return api.get(f"/v1/webhooks/{webhook['id']}").json()


def deliveries(api, webhook, **params):
    return api.walk("/v1/webhook-deliveries", webhook_id=webhook["id"], sort="created_at", **params)


def wait_for(condition, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def settled(api, delivery_id):
    """The delivery, once it has been tried."""
    return wait_for(lambda: (d := api.get(f"/v1/webhook-deliveries/{delivery_id}").json())["last_attempt_at"] and d)


def send_test(api, webhook):
    return builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))


def hurry(database, delivery_id):
    """What is to be tried again some time is due now."""
    database("update webhook_delivery set next_attempt_at = now() where id = %s", delivery_id)


def test_what_happens_is_sent_and_signed(api, receiver, hook, path):
    webhook = hook()
    region = make_region(api)

    (message,) = receiver.wait(path)

    assert are_signed([message], webhook["secret"])
    assert message.headers["content-type"] == "application/cloudevents+json"
    event = message.event()
    assert (event["specversion"], event["type"]) == ("1.0", "region.created")
    assert region["id"] in event["subject"]
    assert not {"authorization", "cookie", "expect"} & set(message.headers)


def test_a_changed_message_is_not_verified(api, receiver, hook, path):
    webhook = hook()
    send_test(api, webhook)
    (message,) = receiver.wait(path)
    body = message.body

    message.body = body.replace(b"webhook.test", b"webhook.tesu")
    assert verify([message], webhook["secret"]) != [None]
    message.body = body
    message.headers["webhook-id"] = str(uuid.uuid4())
    assert verify([message], webhook["secret"]) != [None]


def test_a_delivery_is_on_record(api, receiver, hook, path):
    webhook = hook()
    make_region(api)
    (message,) = receiver.wait(path)

    delivery = wait_for(lambda: [d for d in deliveries(api, webhook) if d["status"] == "delivered"])[0]

    assert delivery["id"] == message.id
    assert (delivery["event_type"], delivery["attempts"], delivery["last_status"], delivery["last_reason"]) == ("region.created", 1, 204, None)
    assert delivery["delivered_at"] is not None and delivery["next_attempt_at"] is None
    assert delivery["event_id"] == message.event()["id"]
    assert get(api, webhook)["last_success_at"] is not None


def test_the_secret_is_shown_once(api, hook):
    webhook = hook()

    assert webhook["secret"].startswith("whsec_") and len(webhook["secret"]) == 50
    assert get(api, webhook) == {name: value for name, value in webhook.items() if name != "secret"}
    for accept in ("application/json", "text/csv", "application/x-ndjson"):
        assert webhook["secret"] not in api.get("/v1/webhooks", accept=accept, params={"limit": 200}).text


def test_the_secret_is_not_in_the_database(api, database, hook):
    webhook = hook()

    for table in ("webhook", "webhook_delivery", "audit_log", "event", "idempotency_key", "server_secret"):
        assert not database(f"select from {table} t where strpos(t::text, %s) > 0", webhook["secret"][6:40]), table


def test_a_replay_of_the_answer_has_no_secret(api, receiver, path):
    body = builders.a_webhook(url=receiver.url(path))
    first = api.post("/v1/webhooks", json=body, idempotency_key="hook-1")
    again = api.post("/v1/webhooks", json=body, idempotency_key="hook-1")
    rotated = api.post(f"/v1/webhooks/{first.json()['id']}/rotate-secret", json={}, idempotency_key="hook-2")
    rotated_again = api.post(f"/v1/webhooks/{first.json()['id']}/rotate-secret", json={}, idempotency_key="hook-2")

    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == {**first.json(), "secret": None}
    assert rotated_again.json() == {**rotated.json(), "secret": None}
    api.delete(f"/v1/webhooks/{first.json()['id']}", if_match="*")


def test_two_secrets_are_never_alike(api, hook):
    assert len({hook()["secret"] for _ in range(5)}) == 5


def test_both_secrets_sign_while_one_is_rotated(api, receiver, hook, path):
    webhook = hook()

    rotated = api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", json={"overlap_seconds": 3600}).json()
    send_test(api, webhook)
    (message,) = receiver.wait(path)

    assert rotated["secret"] != webhook["secret"] and rotated["previous_secret_until"] is not None
    assert rotated["version"] == webhook["version"] + 1
    assert message.headers["webhook-signature"].count("v1,") == 2
    assert are_signed([message], webhook["secret"]) and are_signed([message], rotated["secret"])


def test_the_secret_before_ends_with_its_time(api, database, receiver, hook, path):
    webhook = hook()
    rotated = api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", json={}).json()
    database("update webhook set previous_secret_until = now() - interval '1 second' where id = %s", webhook["id"])

    send_test(api, webhook)
    (message,) = receiver.wait(path)

    assert are_signed([message], rotated["secret"])
    assert verify([message], webhook["secret"]) != [None]
    assert get(api, webhook)["previous_secret_until"] is None


def test_a_rotation_without_an_overlap_ends_the_secret_at_once(api, receiver, hook, path):
    webhook = hook()
    rotated = api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", json={"overlap_seconds": 0}).json()

    send_test(api, webhook)
    (message,) = receiver.wait(path)

    assert rotated["previous_secret_until"] is None
    assert are_signed([message], rotated["secret"]) and verify([message], webhook["secret"]) != [None]


def test_a_second_rotation_leaves_the_latest_two(api, receiver, hook, path):
    secrets = [hook()["secret"]]
    webhook = api.get("/v1/webhooks").json()["data"][0]
    for _ in range(2):
        secrets.append(api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", json={}).json()["secret"])

    send_test(api, webhook)
    messages = receiver.wait(path)

    assert are_signed(messages, secrets[1]) and are_signed(messages, secrets[2])
    assert verify(messages, secrets[0]) != [None]


@pytest.mark.parametrize("patterns, wanted", [
    (["*"], {"region.created", "region.updated", "product.created", "webhook.created"}), (["region.*"], {"region.created", "region.updated"}),
    (["region.updated", "product.created"], {"region.updated", "product.created"}), (["reg.*"], set()), (["region.create"], set()),
])
def test_only_what_is_asked_for_is_sent(api, receiver, hook, path, patterns, wanted):
    webhook = hook(event_types=patterns)
    witness = hook(url=receiver.url(f"{path}/witness"))
    region = make_region(api)
    api.patch(f"/v1/regions/{region['id']}", json={"name": "South"}, if_match="*")
    builders.make_product(api)

    receiver.wait(f"{path}/witness", 3)
    wait_for(lambda: {d["status"] for d in deliveries(api, witness)} == {"delivered"})

    assert {d["event_type"] for d in deliveries(api, webhook)} == wanted


def test_each_event_is_sent_once_to_each_webhook(api, database, receiver, hook, path):
    first, second = hook(url=receiver.url(f"{path}/1")), hook(url=receiver.url(f"{path}/2"))
    regions = [make_region(api)["id"] for _ in range(40)]

    for number in (1, 2):
        messages = receiver.wait(f"{path}/{number}", 40)
        assert len({m.event()["subject"] for m in messages}) == 40
    time.sleep(0.5)
    assert len([m for m in receiver.messages if m.path.startswith(f"{path}/")]) == 80
    assert len({m.id for m in receiver.messages if m.path.startswith(f"{path}/")}) == 80
    assert len(regions) == len(deliveries(api, first)) == len(deliveries(api, second)) == 40


def test_what_happened_before_is_not_sent(api, receiver, hook, path):
    make_region(api)
    webhook = hook()
    make_region(api)
    receiver.wait(path)

    assert [d["event_type"] for d in deliveries(api, webhook)] == ["region.created"]


def test_a_partner_is_told_of_itself_and_of_those_below(api, receiver, hook, path):
    own = make_partner(api)
    child, other = make_partner(api, parent_code=own["code"]), make_partner(api)
    hook(api.as_partner(own))
    make_region(api)
    contacts = [builders.make_contact(api, partner) for partner in (other, child, own)]

    messages = receiver.wait(path, 2)
    make_region(api)
    time.sleep(1)

    subjects = " ".join(m.event()["subject"] for m in receiver.at(path))
    assert len(receiver.at(path)) == len(messages) == 2
    assert contacts[1]["id"] in subjects and contacts[2]["id"] in subjects and contacts[0]["id"] not in subjects


def test_a_partner_is_not_told_of_what_it_may_not_read(api, receiver, hook, path):
    own = make_partner(api)
    webhook = hook(api.as_partner(own), event_types=["api_key.*", "quota.*", "contact.*"])
    api.new_key("partner", partner_id=own["id"])
    builders.make_contact(api, own)

    receiver.wait(path)

    assert {d["event_type"] for d in deliveries(api, webhook)} == {"contact.created"}


def test_a_webhook_of_a_partner_is_its_own(api, receiver, hook):
    own = make_partner(api)
    child, other = make_partner(api, parent_code=own["code"]), make_partner(api)
    me = api.as_partner(own)

    assert hook(me)["partner_id"] == own["id"]
    assert hook(me, partner_code=child["code"])["partner_id"] == child["id"]
    refused = me.post("/v1/webhooks", json=builders.a_webhook(partner_id=other["id"]))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "partner_unknown")
    assert api.as_partner(other).get("/v1/webhooks").json()["data"] == []
    assert len(me.get("/v1/webhooks").json()["data"]) == 2


def test_a_partner_sees_nothing_of_another_ones_webhooks(api, receiver, hook, path):
    own, other = make_partner(api), make_partner(api)
    me, stranger = api.as_partner(own), api.as_partner(other)
    for_staff, mine = hook(), hook(me)
    foreign = [for_staff, mine]
    made = [send_test(api, webhook) for webhook in foreign]

    for webhook, delivery in zip(foreign, made):
        target, sent = f"/v1/webhooks/{webhook['id']}", f"/v1/webhook-deliveries/{delivery['id']}"
        assert [
            stranger.get(target).status_code, stranger.patch(target, json={"is_enabled": False}, if_match="*").status_code,
            stranger.delete(target, if_match="*").status_code, stranger.post(f"{target}/rotate-secret", json={}).status_code,
            stranger.post(f"{target}/test").status_code, stranger.post(f"{target}/replay", json={"from": "2026-01-01T00:00:00Z"}).status_code,
            stranger.get(sent).status_code, stranger.post(f"{sent}/replay").status_code,
        ] == [404] * 8
    assert stranger.walk("/v1/webhook-deliveries") == []
    assert {d["id"] for d in me.walk("/v1/webhook-deliveries")} == {made[1]["id"]}
    assert {d["id"] for d in me.walk("/v1/webhook-deliveries", limit=1, status="delivered")} <= {made[1]["id"]}


def test_a_test_is_sent_whatever_is_asked_for(api, receiver, hook, path):
    webhook = hook(event_types=["quota.deleted"])

    delivery = send_test(api, webhook)
    (message,) = receiver.wait(path)

    assert message.id == delivery["id"] and are_signed([message], webhook["secret"])
    event = message.event()
    assert (event["type"], event["subject"], event["source"]) == ("webhook.test", f"webhook/{webhook['id']}", "/v1")
    assert event["time"].endswith("Z") and event["data"]["object_id"] == webhook["id"]
    assert settled(api, delivery["id"])["status"] == "delivered"


def test_a_retry_has_the_same_id_and_a_time_of_its_own(api, database, receiver, hook, path):
    receiver.answers[path] = [(500, 0, {}), (503, 0, {}), (200, 0, {})]
    webhook = hook()
    delivery = send_test(api, webhook)

    failed = settled(api, delivery["id"])
    assert (failed["status"], failed["attempts"], failed["last_status"], failed["last_reason"]) == ("pending", 1, 500, "status_refused")
    assert get(api, webhook)["failing_since"] is not None
    time.sleep(1.1)
    for count in (2, 3):
        hurry(database, delivery["id"])
        messages = receiver.wait(path, count)
        wait_for(lambda: api.get(f"/v1/webhook-deliveries/{delivery['id']}").json()["attempts"] == count)

    assert {m.id for m in messages} == {delivery["id"]}
    assert int(messages[1].headers["webhook-timestamp"]) > int(messages[0].headers["webhook-timestamp"])
    assert are_signed(messages, webhook["secret"])
    assert api.get(f"/v1/webhook-deliveries/{delivery['id']}").json()["status"] == "delivered"
    assert get(api, webhook)["failing_since"] is None and get(api, webhook)["last_failure_reason"] == "status_refused"


SCHEDULE_S = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


def test_retries_follow_the_schedule_and_end(api, database, receiver, hook, path):
    receiver.answers[path] = [(500, 0, {})]
    webhook = hook()
    delivery = send_test(api, webhook)
    waits = []
    for attempt in range(1, 11):
        wait_for(lambda: api.get(f"/v1/webhook-deliveries/{delivery['id']}").json()["attempts"] == attempt)
        (row,) = database("select status, extract(epoch from next_attempt_at - last_attempt_at) as wait from webhook_delivery where id = %s", delivery["id"])
        waits.append(row.wait)
        hurry(database, delivery["id"])

    assert all(s * 0.9 <= wait <= s * 1.1 for s, wait in zip(SCHEDULE_S, waits)), waits
    assert waits[9] is None and row.status == "failed"
    assert len(receiver.at(path)) == 10 and {m.id for m in receiver.at(path)} == {delivery["id"]}
    assert get(api, webhook)["is_enabled"] is True and get(api, webhook)["failing_since"] is not None


def test_the_first_retry_comes_by_itself(api, receiver, hook, path):
    receiver.answers[path] = [(500, 0, {}), (200, 0, {})]
    send_test(api, hook())

    first, second = receiver.wait(path, 2)

    assert 4.4 <= second.at - first.at <= 7


def test_retries_are_spread(database):
    (row,) = database("select count(distinct webhook_retry_delay(3)) as count from generate_series(1, 100)")

    assert row.count > 90


@pytest.mark.parametrize("answer, status, reason", [
    ((404, 0, {}), 404, "status_refused"), ((301, 0, {"Location": "/elsewhere"}), 301, "redirect_refused"),
    ((307, 0, {"Location": "/elsewhere"}), 307, "redirect_refused"), ((304, 0, {}), 304, "redirect_refused"),
    ((None, 0, {}), None, "connection_lost"), ((200, 5, {}), None, "timeout"),
])
def test_only_2xx_is_success(api, receiver, hook, path, answer, status, reason):
    receiver.answers[path] = [answer]

    failed = settled(api, send_test(api, hook())["id"])

    assert (failed["status"], failed["last_status"], failed["last_reason"]) == ("pending", status, reason)
    assert receiver.followed == []


@pytest.mark.parametrize("answer", [(200, 0, {"body": b"x" * 300000}), (299, 0, {"body": b"ok"}), (202, 0.5, {})])
def test_every_2xx_is_success_whatever_the_body_says(api, receiver, hook, path, answer):
    receiver.answers[path] = [answer]

    assert settled(api, send_test(api, hook())["id"])["status"] == "delivered"


def test_gone_disables_the_webhook_at_once(api, receiver, hook, path):
    receiver.answers[path] = [(410, 0, {}), (204, 0, {})]
    webhook = hook()
    delivery = send_test(api, webhook)

    gone = settled(api, delivery["id"])
    disabled = get(api, webhook)
    assert (gone["status"], gone["last_reason"], gone["next_attempt_at"]) == ("failed", "gone", None)
    assert (disabled["is_enabled"], disabled["disabled_reason"], disabled["version"]) == (False, "gone", webhook["version"] + 1)
    for answer in (
        api.post(f"/v1/webhooks/{webhook['id']}/test"), api.post(f"/v1/webhook-deliveries/{delivery['id']}/replay"),
        api.post(f"/v1/webhooks/{webhook['id']}/replay", json={"from": "2026-01-01T00:00:00Z"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_disabled")

    enabled = api.patch(f"/v1/webhooks/{webhook['id']}", json={"is_enabled": True}, if_match="*").json()
    assert (enabled["is_enabled"], enabled["disabled_reason"]) == (True, None)
    api.post(f"/v1/webhook-deliveries/{delivery['id']}/replay")
    assert {m.id for m in receiver.wait(path, 2)} == {delivery["id"]}


def test_what_happens_while_it_is_disabled_is_not_kept_and_what_waits_goes_on(api, receiver, hook, path):
    receiver.answers[path] = [(500, 0, {}), (200, 0, {})]
    webhook = hook()
    delivery = send_test(api, webhook)
    settled(api, delivery["id"])
    api.patch(f"/v1/webhooks/{webhook['id']}", json={"is_enabled": False}, if_match="*")
    make_region(api)
    time.sleep(6)
    assert len(receiver.at(path)) == 1

    api.patch(f"/v1/webhooks/{webhook['id']}", json={"is_enabled": True}, if_match="*")

    assert receiver.wait(path, 2)[1].id == delivery["id"]
    assert [d["event_type"] for d in deliveries(api, webhook)] == ["webhook.test"]


def test_a_delivery_can_be_replayed(api, receiver, hook, path):
    webhook = hook()
    delivery = settled(api, send_test(api, webhook)["id"])

    replayed = api.post(f"/v1/webhook-deliveries/{delivery['id']}/replay").json()
    messages = receiver.wait(path, 2)

    assert (replayed["id"], replayed["attempts"], replayed["delivered_at"]) == (delivery["id"], 0, None)
    assert {m.id for m in messages} == {delivery["id"]} and are_signed(messages, webhook["secret"])


def instant(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_span_can_be_replayed(api, database, receiver, hook, path):
    webhook = hook()
    made = [send_test(api, webhook)["id"] for _ in range(3)]
    for delivery_id in made:
        settled(api, delivery_id)
    noon = datetime.datetime.now(datetime.timezone.utc).replace(hour=12, minute=0, second=0, microsecond=0)
    first, second, third = (noon - datetime.timedelta(days=days) for days in (9, 8, 7))  # what is older than thirty days is forgotten
    for status, at, delivery_id in zip(["failed", "failed", "delivered"], [first, second, third], made):
        database("update webhook_delivery set status = %s, created_at = %s where id = %s", status, at, delivery_id)
    replay, later = f"/v1/webhooks/{webhook['id']}/replay", datetime.timedelta(seconds=1)

    assert api.post(replay, json={"from": instant(second + later), "to": instant(noon)}).json() == {"count": 0}
    assert api.post(replay, json={"from": instant(first + later)}).json() == {"count": 1}
    assert receiver.wait(path, 4)[3].id == made[1]
    assert api.post(replay, json={"from": instant(second + later), "statuses": ["delivered"]}).json() == {"count": 1}
    assert receiver.wait(path, 5)[4].id == made[2]


def test_a_slow_and_a_dead_receiver_delay_nobody(api, receiver, hook, path):
    dead = socket.create_server(("127.0.0.1", 0), backlog=1)  # accepts, and never says a word
    receiver.answers[f"{path}/slow"] = [(200, 1.2, {})]
    for number in range(10):
        hook(url=f"http://127.0.0.1:{dead.getsockname()[1]}/{number}")
        hook(url=receiver.url(f"{path}/slow"))
    hook(url=receiver.url(f"{path}/quick"))
    delays = []
    for number in range(30):
        began = time.monotonic()
        make_region(api)
        delays.append(receiver.wait(f"{path}/quick", number + 1)[number].at - began)
    dead.close()

    # One after the other they would take 1.2 s and 1.5 s each.
    assert sorted(delays)[15] < 0.6 and max(delays) < 4, delays


def test_a_backlog_of_one_delays_nobody(api, database, receiver, hook, path):
    receiver.answers[f"{path}/slow"] = [(200, 0.2, {})]
    slow = hook(url=receiver.url(f"{path}/slow"))
    quick = hook(url=receiver.url(f"{path}/quick"))
    database("insert into webhook_delivery (id, webhook_id, event_type) select gen_random_uuid(), %s, 'webhook.test' from generate_series(1, 5000)", slow["id"])
    receiver.wait(f"{path}/slow", 4)

    began = time.monotonic()
    send_test(api, quick)
    (message,) = receiver.wait(f"{path}/quick")

    assert message.at - began < 3  # the backlog takes 250 s
    assert api.get("/v1/webhook-deliveries", params={"webhook_id": slow["id"], "status": "pending"}).json()["has_more"]


def test_one_receiver_gets_at_most_four_at_once(api, receiver, hook, path):
    receiver.answers[path] = [(200, 4, {})]
    webhook = hook()
    for _ in range(6):
        send_test(api, webhook)

    receiver.wait(path, 4)
    time.sleep(0.3)
    assert len(receiver.at(path)) == 4
    receiver.wait(path, 6)


def test_a_host_that_nobody_knows_is_a_reason(api, hook):
    failed = settled(api, send_test(api, hook(url="http://nobody.invalid/"))["id"])

    assert (failed["last_status"], failed["last_reason"]) == (None, "host_unknown")


def test_a_partner_is_told_no_more_of_a_host_than_that_it_gave_no_answer(api, hook):
    partner = api.as_partner(make_partner(api))
    webhook = hook(partner, url="http://127.0.0.1:9/")

    failed = settled(api, send_test(partner, webhook)["id"])

    assert failed["last_reason"] == "connection_refused"
    (told,) = partner.get("/v1/webhook-deliveries").json()["data"]
    assert (told["id"], told["last_reason"]) == (failed["id"], "unreachable")
    assert partner.get(f"/v1/webhook-deliveries/{failed['id']}").json()["last_reason"] == "unreachable"
    assert partner.get(f"/v1/webhooks/{webhook['id']}").json()["last_failure_reason"] == "unreachable"


def test_a_port_that_nobody_listens_at_is_a_reason(api, hook):
    failed = settled(api, send_test(api, hook(url="http://127.0.0.1:9/"))["id"])

    assert (failed["last_status"], failed["last_reason"]) == (None, "connection_refused")


def test_what_speaks_no_tls_is_a_reason(api, receiver, hook):
    failed = settled(api, send_test(api, hook(url=receiver.url().replace("http:", "https:")))["id"])

    assert (failed["last_status"], failed["last_reason"]) == (None, "tls_failed")


def test_a_certificate_that_nobody_signed_is_a_reason(api, impostor, hook):
    failed = settled(api, send_test(api, hook(url=impostor.url()))["id"])

    assert (failed["last_status"], failed["last_reason"]) == (None, "certificate_refused")
    assert impostor.messages == []


def test_a_certificate_of_a_trusted_authority_is_taken_for_its_own_name_only(api, trusted, hook):
    webhook = hook(url=trusted.url().replace("127.0.0.1", "localhost"))
    delivered = settled(api, send_test(api, webhook)["id"])
    misnamed = settled(api, send_test(api, hook(url=trusted.url()))["id"])

    assert delivered["status"] == "delivered" and are_signed(trusted.messages, webhook["secret"])
    assert (misnamed["last_status"], misnamed["last_reason"]) == (None, "certificate_refused")


def test_a_proxy_of_the_environment_has_no_say(api, hook):
    """The server of these tests runs with one that does not exist."""
    assert settled(api, send_test(api, hook())["id"])["status"] == "delivered"


@pytest.mark.parametrize("members, pointer", [
    ({"url": "ftp://example.com/"}, "/url"), ({"url": "https://user:secret@example.com/"}, "/url"), ({"url": "https://example.com/#part"}, "/url"),
    ({"url": "https://example.com/ x"}, "/url"), ({"url": "https:///x"}, "/url"), ({"url": "example.com"}, "/url"), ({"url": None}, "/url"),
    ({"event_types": []}, "/event_types"), ({"event_types": ["partner"]}, "/event_types/0"), ({"event_types": ["*.created"]}, "/event_types/0"),
    ({"event_types": ["partner.*", "partner.*"]}, "/event_types/1"), ({"secret": "whsec_x"}, "/secret"), ({"is_enabled": "yes"}, "/is_enabled"),
])
def test_a_webhook_that_breaks_the_contract_is_refused(api, members, pointer):
    answer = api.post("/v1/webhooks", json=builders.a_webhook(**members))

    assert answer.status_code == 400
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]


def test_a_webhook_keeps_its_partner(api, hook):
    webhook = hook()

    answer = api.patch(f"/v1/webhooks/{webhook['id']}", json={"partner_id": str(uuid.uuid4())}, if_match="*")

    assert answer.status_code == 400


def test_a_change_of_a_webhook(api, hook):
    webhook = hook(event_types=["partner.*"], description="ERP")
    path = f"/v1/webhooks/{webhook['id']}"

    changed = api.patch(path, json={"url": "https://example.com/new", "event_types": None, "description": None}, if_match='"1"')

    assert (changed.json()["url"], changed.json()["event_types"], changed.json()["description"]) == ("https://example.com/new", ["*"], None)
    assert api.patch(path, json={"description": "x"}, if_match='"1"').status_code == 412
    assert api.delete(path, if_match='"1"').status_code == 412
    assert api.delete(path, if_match='"2"').status_code == 204
    assert api.get(path).status_code == 404


def test_a_partner_has_fifty_webhooks_at_most(api):
    partner = make_partner(api)
    me = api.as_partner(partner)
    made = [make_webhook(me, is_enabled=False) for _ in range(50)]

    answer = me.post("/v1/webhooks", json=builders.a_webhook())

    assert (answer.status_code, answer.json()["code"]) == (422, "webhooks_too_many")
    assert len(me.walk("/v1/webhooks", partner_code=partner["code"])) == len(made)


def test_the_deliveries_of_a_webhook_go_with_it(api, database, hook):
    webhook = hook()
    delivery = send_test(api, webhook)

    assert api.delete(f"/v1/webhooks/{webhook['id']}", if_match="*").status_code == 204

    assert api.get(f"/v1/webhook-deliveries/{delivery['id']}").status_code == 404
    assert not database("select from webhook_state where webhook_id = %s", webhook["id"])


def test_only_admins_and_partners_have_to_do_with_webhooks(api):
    for caller in (api.as_role("analyst"), api.as_manager(builders.make_member(api))):
        assert caller.get("/v1/webhooks").status_code == 403
        assert caller.post("/v1/webhooks", json=builders.a_webhook()).status_code == 403
        assert caller.get("/v1/webhook-deliveries").status_code == 403


def test_attempts_are_counted(api, hook):
    settled(api, send_test(api, hook())["id"])

    text = api.get("/metrics").text

    counted = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith("qudao_deliveries")}
    assert counted['qudao_deliveries_total{outcome="delivered"}'] > 0
    assert set(counted) == {f'qudao_deliveries_total{{outcome="{outcome}"}}' for outcome in ("delivered", "retried", "failed")} | {"qudao_deliveries_waiting"}
