"""Measures streams of events, on a server and PostgreSQL of their own: tests/bench/streams.py [--listeners N] after script/bench's build."""
import argparse
import json
import os
import resource
import selectors
import socket
import statistics
import tempfile
import time

from load import cpu_s, postmaster, wrk
from subjects import KEY, PORT, Server


class Sizes:
    """How many listen, and how long what they cost is looked at."""

    def __init__(self, listeners, quiet_s=20, rounds=10, reads_s=5):
        self.listeners, self.quiet_s, self.rounds, self.reads_s = listeners, quiet_s, rounds, reads_s


class Listeners:
    """Many streams, read by one thread."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.sockets = []

    def open(self, key):
        stream = socket.create_connection(("127.0.0.1", PORT))
        stream.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        received = b""
        while b"\nid: " not in received:
            came = stream.recv(65536)
            assert came and (received + came).startswith(b"HTTP/1.1 200"), received + came
            received += came
        stream.setblocking(False)
        self.selector.register(stream, selectors.EVENT_READ)
        self.sockets.append(stream)

    def delays_ms(self, wanted, since):
        """When each listener had one of these, which have come since: in order, in milliseconds."""
        waiting, kept, delays = set(self.sockets), {}, []
        while waiting:
            for ready, _ in self.selector.select(30):
                came = ready.fileobj.recv(1 << 20)
                assert came, "a stream has ended"
                received = kept.get(ready.fileobj, b"") + came
                if ready.fileobj in waiting and any(word in received for word in wanted):
                    waiting.remove(ready.fileobj)
                    delays.append((time.monotonic() - since) * 1e3)
                kept[ready.fileobj] = received[-2000:]
        return delays

    def drain(self):
        for ready, _ in self.selector.select(0):
            ready.fileobj.recv(1 << 20)

    def close(self):
        self.selector.close()
        for stream in self.sockets:
            stream.close()


def make(server, path, **members):
    return json.load(server.ask("POST", f"/v1/{path}", json.dumps(members).encode(), Content_Type="application/json"))


def quiet_cpu(server, listeners, seconds):
    """Processor time a second of the server and of PostgreSQL while nothing happens, in parts of one processor."""
    pids = {"server": [server.process.pid], "postgres": [postmaster(server)]}
    before = {name: cpu_s(of) for name, of in pids.items()}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.5)
        listeners.drain()
    return {f"{name}_cpu": sum(now - before[name].get(pid, 0) for pid, now in cpu_s(of).items()) / seconds for name, of in pids.items()}


def delay(listeners, rounds, write):
    """Milliseconds from an answered write until half of the listeners and until all of them have it, medians."""
    halves, alls = [], []
    for number in range(rounds):
        time.sleep(0.6 + number * 0.05)
        listeners.drain()
        words = write(number)
        delays = listeners.delays_ms(words, time.monotonic())
        halves.append(statistics.median(delays))
        alls.append(delays[-1])
    return {"half_ms": statistics.median(halves), "all_ms": statistics.median(alls), "worst_ms": max(alls)}


def staff(server, sizes):
    """All listen with one key of the staff."""
    listeners = Listeners()
    before = server.memory_mb()
    for _ in range(sizes.listeners):
        listeners.open(KEY)
    time.sleep(1)
    figures = {"kb_each": (server.memory_mb() - before) * 1024 / sizes.listeners, **quiet_cpu(server, listeners, sizes.quiet_s)}
    figures.update(delay(listeners, sizes.rounds, lambda number: [make(server, "regions", code=f"STREAM-R{number}", name="R")["id"].encode()]))
    figures["after_kb_each"] = (server.memory_mb() - before) * 1024 / sizes.listeners
    figures["reads_rps"] = wrk(server, "get_partner", PORT, 64, sizes.reads_s)["rps"]
    listeners.close()
    return figures


def of_partners(server, sizes, partners):
    """As many partners, whose keys listen, each to its own."""
    keys = [make(server, "api-keys", name="B", role="partner", partner_id=partner)["key"] for partner in partners]
    listeners = Listeners()
    before = server.memory_mb()
    for number in range(sizes.listeners):
        listeners.open(keys[number % len(keys)])
    figures = {"partners": len(partners), "kb_each": (server.memory_mb() - before) * 1024 / sizes.listeners, **quiet_cpu(server, listeners, sizes.quiet_s)}

    def write(number):
        return [make(server, f"partners/{partner}/contacts", name=f"C{number}")["id"].encode() for partner in partners]

    figures.update(delay(listeners, sizes.rounds, write))
    listeners.close()
    return figures


def streams(directory, sizes):
    with Server(directory, event_streams=100_000, event_caller_streams=100_000) as server:
        partners = [make(server, "partners", code=f"STREAM-B{number}", name="B", type="reseller")["id"] for number in range(100)]
        with open(f"{directory}/ids", "w") as file:
            file.write("\n".join(partners) + "\n")
        alone = wrk(server, "get_partner", PORT, 64, sizes.reads_s)["rps"]
        report = {"listeners": sizes.listeners, "staff": staff(server, sizes), "partners": of_partners(server, sizes, partners)}
        report["reads_vs_alone"] = report["staff"]["reads_rps"] / alone
        return report


def remark(report):
    staff, partners = report["staff"], report["partners"]
    return (
        f"{report['listeners']:,} streams of events: {staff['kb_each']:.1f} KB each, {staff['server_cpu']:.1%} of a processor while quiet"
        f" (PostgreSQL {staff['postgres_cpu']:.1%}); from commit to half of them {staff['half_ms']:.0f} ms, to all {staff['all_ms']:.0f} ms;"
        f" with keys of {partners['partners']} partners, all of which have news, {partners['half_ms']:.0f} and {partners['all_ms']:.0f} ms."
        f" Reads beside them: {report['reads_vs_alone']:.2f} of the rate without."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=2000)
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="qudao-bench-") as directory:
        os.chmod(directory, 0o711)
        report = streams(directory, Sizes(asked.listeners))
    print(json.dumps(report, indent=1), remark(report), sep="\n")


if __name__ == "__main__":
    main()
