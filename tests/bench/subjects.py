"""What is measured: the server on an embedded PostgreSQL of its own, and a peer on the same database."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/bench"
KEY = "qd_bench_admin_key_of_the_benchmark_0001"
PORT, PEER_PORT = 8190, 8191


class Server:
    """The release build on an embedded PostgreSQL of its own."""

    def __init__(self, directory, **settings):
        self.directory = directory
        # One caller on one address brings all the load: its rates are counted, and high enough.
        environment = {
            **os.environ, "QUDAO_DATA": f"{directory}/data", "QUDAO_PORT": str(PORT), "QUDAO_DEMO": "0", "QUDAO_ADMIN_KEY": KEY,
            "QUDAO_CALLER_RATE": "10000000", "QUDAO_CALLER_BURST": "10000000", "QUDAO_ADDRESS_RATE": "10000000", "QUDAO_ADDRESS_BURST": "10000000",
            "QUDAO_CALLER_REQUESTS": "1000000", **{f"QUDAO_{name.upper()}": str(value) for name, value in settings.items()},
        }
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", PORT)):
            raise SystemExit(f"port {PORT} is taken: another server would be measured")
        started = time.monotonic()
        self.log = open(f"{directory}/log", "wb")
        self.process = subprocess.Popen([ROOT / "build/release/qudao", "serve"], env=environment, stdout=self.log, stderr=self.log)
        while not self.is_ready():
            assert self.process.poll() is None, "the server did not start"
            time.sleep(0.005)
        self.start_s = time.monotonic() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def ids(self):
        """The partners that are asked for."""
        return pathlib.Path(f"{self.directory}/ids").read_text().split()

    def is_ready(self):
        try:
            return self.ask("GET", "/readyz").status == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, method=method)
        for name, value in {"Authorization": f"Bearer {KEY}", **headers}.items():
            request.add_header(name.replace("_", "-"), value)
        return urllib.request.urlopen(request, timeout=1800)

    def get(self, path):
        return json.load(self.ask("GET", path))

    def post_file(self, resource_name, path, media_type):
        started = time.monotonic()
        with open(path, "rb") as file:
            answer = self.ask("POST", f"/v1/{resource_name}/import", file, Content_Type=media_type, Content_Length=str(os.path.getsize(path)))
        report = json.load(answer)
        assert report["rejected"] == 0, report["errors"][:3]
        return report, time.monotonic() - started

    def database_url(self):
        return f"postgresql://qudao@/qudao?host={self.directory}/data/socket"

    def memory_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()


@contextlib.contextmanager
def peer(server, statements, processes, settings):
    """Node, in one process a core when `processes` says so, as the server has workers."""
    file = pathlib.Path(server.directory) / "statements.json"
    file.write_text(json.dumps(statements))
    command = ["node", "peer.js", f"{server.directory}/data/socket", str(PEER_PORT), str(file), str(processes), settings]
    process = subprocess.Popen(command, cwd=HERE / "peer", start_new_session=True)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{PEER_PORT}/v1/partners/{server.ids[0]}")
                break
            time.sleep(0.05)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def psql(server, *commands):
    arguments = [word for command in commands for word in ("-c", command)]
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", server.database_url(), *arguments], check=True, capture_output=True, text=True)
    return done.stdout
