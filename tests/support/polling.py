"""Waiting until what the server does by itself has come so far."""
import time


def poll(api, path, holds, limit_s):
    """Reads an object until it is as it should be, and returns it."""
    deadline = time.monotonic() + limit_s
    while not holds(now := api.get(path).json()):
        assert time.monotonic() < deadline, now
        time.sleep(0.05)
    return now


def wait_until(holds, limit_s):
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_ready(api, limit_s):
    deadline = time.monotonic() + limit_s
    while api.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
