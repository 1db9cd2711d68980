"""Writers that keep a ledger on disk: what they asked for, and what they were told. Afterwards it is held against the database.

Every request is a sales record whose `order_ref` is its Idempotency-Key. Some name a product that does not exist and must be refused; some
name an external reference that another one has taken. An outcome is `ok`, `refused`, or `unknown`, which is asked again with the same key.
"""
import collections
import http.client
import json
import os
import random
import threading
import time

REPLAYED = 200
RESOLVE_S = 120
TIMEOUT_S = 20


class Entry:
    def __init__(self, key, body, is_good):
        self.key, self.body, self.is_good = key, body, is_good
        self.outcome, self.status, self.answer = "unknown", None, None


class Ledger:
    """`port` may change while the server is away; the writers go on at the new one."""

    def __init__(self, path, port, api_key, partner, product):
        self.file = open(path, "a", encoding="utf-8")
        self.lock = threading.Lock()
        self.port, self.api_key, self.partner, self.product = port, api_key, partner, product
        self.entries = {}
        self.statuses = collections.Counter()
        self.codes = collections.Counter()
        self.without_retry_after = 0
        self.is_over = threading.Event()
        self.threads = []

    def note(self, entry):
        """Nothing is sent, and nothing is believed, before it is on disk."""
        with self.lock:
            self.entries[entry.key] = entry
            self.file.write(json.dumps([entry.key, entry.outcome, entry.status, entry.body]) + "\n")
            self.file.flush()
            os.fdatasync(self.file.fileno())

    def new_entry(self, writer, number):
        key = f"{writer}-{number}"
        is_good = number % 10 != 7
        body = {
            "sold_on": "2026-03-01",
            "partner_code": self.partner["code"],
            "sku": self.product["sku"] if is_good else "NO-SUCH-PRODUCT",
            "quantity": str(number % 9 + 1),
            "unit_price": "1.25",
            "currency": "USD",
            "order_ref": key,
        }
        if number % 2 == 0:
            # Two writers share a reference: one of them gets it.
            body["external_ref"] = f"{writer // 2}-{number}"
        return Entry(key, body, is_good)

    def send(self, connection, entry):
        """Sends a request and takes down what came of it; an error of the connection leaves it unknown."""
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": entry.key,
        }
        connection.request("POST", "/v1/sales-records", json.dumps(entry.body), headers)
        answer = connection.getresponse()
        content = answer.read()
        with self.lock:
            self.statuses[answer.status] += 1
            if answer.status >= 400:
                self.codes[json.loads(content)["code"]] += 1
            if answer.status == 503 and not answer.headers["Retry-After"]:
                self.without_retry_after += 1
        if answer.status == 201:
            entry.outcome = "ok"
        elif answer.status in (409, 422) and json.loads(content)["code"] != "idempotency_in_progress":
            entry.outcome = "refused"
        entry.status, entry.answer = answer.status, content
        return answer

    def write(self, writer):
        connection, number = None, 0
        while not self.is_over.is_set():
            entry = self.new_entry(writer, number)
            number += 1
            self.note(entry)
            try:
                connection = connection or http.client.HTTPConnection("localhost", self.port, timeout=TIMEOUT_S)
                self.send(connection, entry)
            except (OSError, http.client.HTTPException):
                connection = None
                time.sleep(0.1)  # each try is one more whose outcome has to be asked for
            self.note(entry)
            if entry.status == 503:
                time.sleep(0.02)

    def start(self, writers):
        self.threads = [threading.Thread(target=self.write, args=(writer,), daemon=True) for writer in range(writers)]
        for thread in self.threads:
            thread.start()

    def count(self, outcome):
        with self.lock:
            return sum(entry.outcome == outcome for entry in self.entries.values())

    def wait_for_progress(self, seconds=10):
        """Until a request succeeds that was not yet answered now."""
        before, deadline = self.count("ok"), time.monotonic() + seconds
        while self.count("ok") == before:
            assert time.monotonic() < deadline, "no write came through"
            time.sleep(0.005)

    def finish(self):
        """Lets the writers end, and asks again for what is unknown."""
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        deadline = time.monotonic() + RESOLVE_S
        connection = http.client.HTTPConnection("localhost", self.port, timeout=TIMEOUT_S)
        for entry in list(self.entries.values()):
            while entry.outcome == "unknown" and time.monotonic() < deadline:
                try:
                    self.send(connection, entry)
                except (OSError, http.client.HTTPException):
                    connection = http.client.HTTPConnection("localhost", self.port, timeout=TIMEOUT_S)
                if entry.outcome == "unknown":
                    time.sleep(0.02)
            self.note(entry)

    def diverged(self):
        """How many answers are not given again as they were."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=TIMEOUT_S)
        settled = [entry for entry in self.entries.values() if entry.outcome == "ok"]
        different = 0
        for entry in random.sample(settled, min(REPLAYED, len(settled))):
            first = entry.status, entry.answer
            answer = self.send(connection, entry)
            different += (entry.status, entry.answer) != first or answer.headers["Idempotency-Replayed"] != "true"
        return different

    def counters(self, query):
        """The counters that must be zero; `query` runs a statement on the database."""
        rows = query(
            "select id::text, order_ref, external_ref from sales_record where partner_id = %s", self.partner["id"]
        )
        by_key = collections.Counter(row[1] for row in rows)
        by_reference = collections.Counter(row[2] for row in rows if row[2])
        ids = {row[0] for row in rows}
        entries = self.entries.values()
        logged = {
            table: collections.Counter(
                row[0]
                for row in query(
                    f"select object_id::text from {table} where object_type = 'sales_record' and partner_id = %s",
                    self.partner["id"],
                )
            )
            for table in ("event", "audit_log")
        }
        return {
            "LOST": sum(entry.outcome == "ok" and json.loads(entry.answer)["id"] not in ids for entry in entries),
            "DUP": sum(count > 1 for count in by_key.values()) + sum(count > 1 for count in by_reference.values()),
            "GHOST": sum(entry.outcome == "refused" and by_key[entry.key] > 0 for entry in entries)
            + len(set(by_key) - set(self.entries)),
            "UNRESOLVED": sum(entry.outcome == "unknown" for entry in entries),
            "DIVERGED": self.diverged(),
            "EVENTS": sum(
                any(count != 1 for count in counts.values()) or set(counts) != ids for counts in logged.values()
            ),
        }


ZEROS = {"LOST": 0, "DUP": 0, "GHOST": 0, "UNRESOLVED": 0, "DIVERGED": 0, "EVENTS": 0}
