"""A receiver of webhooks on loopback: what it answers is told by path, what it got is kept. Signatures are verified by npm's standardwebhooks."""
import http.server
import json
import pathlib
import ssl
import subprocess
import threading
import time

VERIFY = pathlib.Path(__file__).with_name("verify_webhooks.js")


def a_certificate(directory):
    """A certificate for localhost that is its own authority, in one file with its key."""
    path = f"{directory}/localhost.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", path,
         "-out", f"{path}.crt", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )
    with open(path, "a", encoding="ascii") as file, open(f"{path}.crt", encoding="ascii") as certificate:
        file.write(certificate.read())
    return path


class Message:
    """What was posted, and when it came."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.id = headers["webhook-id"]
        self.at = time.monotonic()

    def event(self):
        return json.loads(self.body)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, delay_s, more = receiver.take(Message(self.path, headers, body))
        receiver.is_over.wait(delay_s)
        if status is None:
            self.close_connection = True
            return
        answer = more.pop("body", b"")
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        self.server.receiver.followed.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def handle(self):
        try:
            super().handle()
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            pass  # the sender gave up, was killed, or does not trust us

    def log_message(self, *arguments):
        pass


class Receiver:
    """`answers[path]` is a list of (status, delay, headers), the last of which stays; a status of None hangs up without an answer."""

    def __init__(self, port=0, certificate=None):
        self.lock = threading.Condition()
        self.answers, self.messages, self.followed = {}, [], []
        self.is_over = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.receiver = self
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/"):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}{path}"

    def take(self, message):
        with self.lock:
            self.messages.append(message)
            self.lock.notify_all()
            answers = self.answers.get(message.path, [(204, 0, {})])
            status, delay_s, more = answers.pop(0) if len(answers) > 1 else answers[0]
            return status, delay_s, dict(more)

    def at(self, path):
        with self.lock:
            return [message for message in self.messages if message.path == path]

    def wait(self, path, count=1, timeout_s=20):
        """Waits until so many messages came to a path, and returns them."""
        deadline = time.monotonic() + timeout_s
        with self.lock:
            while True:
                found = [message for message in self.messages if message.path == path]
                if len(found) >= count:
                    return found
                assert self.lock.wait(deadline - time.monotonic()), f"{len(found)} of {count} messages came to {path}"

    def stop(self):
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()


def verify(messages, secret):
    """What standardwebhooks says of each message: null, or why it refuses it."""
    cases = [{"secret": secret, "headers": message.headers, "body": message.body.decode()} for message in messages]
    verified = subprocess.run(["node", VERIFY], input=json.dumps(cases), capture_output=True, text=True, check=True)
    return json.loads(verified.stdout)


def are_signed(messages, secret):
    assert messages and verify(messages, secret) == [None] * len(messages)
    return True
