"""A server as it is for strangers: webhooks go by https to public addresses only, whatever name stands for another."""
import socket
import threading
import time

import pytest

from support import builders

pytestmark = pytest.mark.waits

SERVER_SETTINGS = {"QUDAO_WEBHOOK_PRIVATE_ADDRESSES": "0"}


class Listener:
    """Keeps who connects to this machine, over IPv4 and IPv6."""

    def __init__(self):
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self.socket.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.connections.append(self.socket.accept())
            except OSError:
                return


@pytest.fixture(scope="module")
def listener():
    listener = Listener()
    yield listener
    listener.socket.close()


def outcome(api, url):
    webhook = builders.make_webhook(api, url=url, event_types=["webhook.test"])
    delivery = builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        delivery = api.get(f"/v1/webhook-deliveries/{delivery['id']}").json()
        if delivery["last_attempt_at"] is not None:
            break
        time.sleep(0.05)
    api.delete(f"/v1/webhooks/{webhook['id']}", if_match="*")
    return delivery["status"], delivery["last_status"], delivery["last_reason"]


@pytest.mark.parametrize("host, kind", [
    ("127.0.0.1", "loopback"), ("localhost", "loopback"), ("[::1]", "loopback"), ("[::ffff:127.0.0.1]", "loopback"), ("2130706433", "loopback"),
    ("0x7f.1", "loopback"), ("0177.0.0.1", "loopback"), ("127.1", "loopback"), ("0.0.0.0", "unspecified"), ("[::]", "unspecified"),
    ("10.1.2.3", "private"), ("172.16.0.1", "private"), ("192.168.1.1", "private"), ("[fd00::1]", "private"), ("100.64.0.1", "shared"),
    ("169.254.169.254", "metadata"), ("169.254.1.1", "link_local"), ("[fe80::1]", "link_local"), ("224.0.0.1", "multicast"),
    ("[64:ff9b::7f00:1]", "loopback"), ("[2002:7f00:1::]", "loopback"),
])
def test_an_address_that_is_not_public_is_not_connected_to(api, listener, host, kind):
    url = f"https://{host}:{listener.port}/"

    assert outcome(api, url) == ("pending", None, f"address_{kind}")
    assert listener.connections == []


def test_a_url_without_tls_is_refused(api):
    for url in ("http://example.com/", "http://127.0.0.1/"):
        answer = api.post("/v1/webhooks", json=builders.a_webhook(url=url))

        assert (answer.status_code, answer.json()["errors"][0]["pointer"], answer.json()["code"]) == (422, "/url", "webhook_url_refused")


def test_a_webhook_cannot_be_changed_to_one_without_tls(api):
    webhook = builders.make_webhook(api, url="https://example.com/", is_enabled=False)

    answer = api.patch(f"/v1/webhooks/{webhook['id']}", json={"url": "http://example.com/"}, if_match="*")

    assert (answer.status_code, answer.json()["code"]) == (422, "webhook_url_refused")


def test_what_was_made_when_it_was_allowed_is_not_sent(api, database, listener):
    webhook = builders.make_webhook(api, url="https://example.com/", event_types=["webhook.test"])
    database("update webhook set url = %s where id = %s", f"http://127.0.0.1:{listener.port}/", webhook["id"])
    delivery = builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and delivery["last_attempt_at"] is None:
        delivery = api.get(f"/v1/webhook-deliveries/{delivery['id']}").json()

    assert delivery["last_reason"] == "protocol_refused" and listener.connections == []
