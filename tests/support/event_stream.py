"""A listener: reads a stream of Server-Sent Events line by line, on a thread of its own."""
import collections
import http.client
import json
import queue
import socket
import threading
import time
import urllib.parse

EVENT_STREAM = "text/event-stream"
WAIT_S = 30

Message = collections.namedtuple("Message", "id type data")


class EventStream:
    """What came so far: `messages` with data, `places` (ids without data), comments; `id` is the last of all ids."""

    def __init__(self, api, last_event_id=None, **params):
        headers = {"Accept": EVENT_STREAM, "Authorization": f"Bearer {api.key}"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(api.url).netloc, timeout=WAIT_S)
        self.connection.request("GET", f"/v1/events?{urllib.parse.urlencode(params)}", headers=headers)
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.lines, self.messages, self.places, self.comments = [], [], [], 0
        self.id, self.failure, self.is_over = last_event_id, None, threading.Event()
        self.came = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        fields = {}
        try:
            while line := self.answer.readline():
                self.take_line(line.decode().removesuffix("\n"), fields)
        except (OSError, ValueError, http.client.HTTPException) as failure:
            self.failure = failure
        self.is_over.set()

    def take_line(self, line, fields):
        self.lines.append(line)
        if line == "":
            self.take_block(fields)
            fields.clear()
        elif line.startswith(":"):
            self.comments += 1
        else:
            name, _, value = line.partition(": ")
            fields[name] = value

    def take_block(self, fields):
        self.id = fields["id"]
        if "data" not in fields:
            self.places.append(self.id)
            return
        message = Message(self.id, fields["event"], json.loads(fields["data"]))
        self.messages.append(message)
        self.came.put(message)

    def next(self):
        """The next event."""
        return self.came.get(timeout=WAIT_S)

    def until(self, is_enough):
        deadline = time.monotonic() + WAIT_S
        while not is_enough(self):
            assert time.monotonic() < deadline, (self.lines[-5:], self.failure)
            time.sleep(0.02)
        return self

    def until_greeted(self):
        return self.until(lambda stream: stream.places)

    def objects(self):
        return [message.data["data"]["object_id"] for message in self.messages]

    def wait_for_end(self):
        """Waits until the server has ended it as streams end: in order, not in the middle of a chunk."""
        assert self.is_over.wait(WAIT_S), "the stream goes on"
        assert self.failure is None, self.failure

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was first
        self.is_over.wait(WAIT_S)
        self.connection.close()
