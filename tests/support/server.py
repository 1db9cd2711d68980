"""The server as a process: started on a free port, stopped by SIGTERM, held to a clean end."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time

from support.cluster import BINARY

ADMIN_KEY = "qd_test_admin_key_of_the_api_tests_0001"
ORIGIN = "https://portal.example.com"
DEFAULTS = {
    "QUDAO_PORT": "0",
    "QUDAO_DEMO": "0",
    "QUDAO_WORKERS": "2",
    "QUDAO_TEST_CLOCK": "1",
    "QUDAO_ADMIN_KEY": ADMIN_KEY,
    "QUDAO_CORS_ORIGINS": f"{ORIGIN}, https://admin.example.com",
    # Tests of other things ask from one address as often as they like; test_limits.py sets limits of its own.
    "QUDAO_CALLER_RATE": "0",
    "QUDAO_ADDRESS_RATE": "0",
    "QUDAO_GUESS_RATE": "0",
    "QUDAO_WEBHOOK_PRIVATE_ADDRESSES": "1",
    "QUDAO_WEBHOOK_MS": "1500",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
START_S, STOP_S = 60, 30
GREETINGS = {"serve": r"listens on http://localhost:(\d+)", "work": "does the jobs of the database()"}


class Server:
    """A running server; its log and what it says on stderr go to files, so that it never waits for us."""

    def __init__(self, database_url, settings=None, command="serve"):
        self.output = tempfile.NamedTemporaryFile("r", prefix="qudao-log-", encoding="utf-8")
        self.errors = tempfile.NamedTemporaryFile("r", prefix="qudao-err-", encoding="utf-8")
        environment = {**os.environ, **DEFAULTS, "QUDAO_DATABASE_URL": database_url, **(settings or {})}
        with open(self.output.name, "w") as output, open(self.errors.name, "w") as errors:
            self.process = subprocess.Popen([BINARY, command], env=environment, stdout=output, stderr=errors)
        self.port = self.wait_for_greeting(GREETINGS[command])
        self.url = f"http://localhost:{self.port}"

    def read(self, file):
        file.seek(0)
        return file.read()

    def wait_for_greeting(self, pattern):
        """Waits until it says that it is there; returns the port, 0 of one that only works."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            greeting = re.search(pattern, self.read(self.output))
            if greeting:
                return int(greeting[1] or 0)
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(f"the server did not start: {self.read(self.errors)}")

    def log(self):
        """The log lines so far, as objects."""
        whole, _, _ = self.read(self.output).rpartition("\n")  # the last line may still be on its way
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def stop(self, expects_errors=False):
        """Ends the server; a crash, a report of a sanitizer and an error in the log are failures."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the server did not end after SIGTERM")
        said = self.read(self.errors)
        assert (code, said) == (0, ""), f"exit code {code}\n{said}"
        errors = [line for line in self.log() if line["level"] == "error"]
        assert expects_errors or not errors, errors
