"""Connections: how many there are at most, and that the door opens again."""
import contextlib
import resource
import socket

import pytest
import requests

from support.server import Server

pytestmark = pytest.mark.waits

SERVER_SETTINGS = {"QUDAO_WORKERS": "1", "QUDAO_CONNECTIONS": "50", "QUDAO_HEAD_MS": "500"}
WAIT_S = 30


@contextlib.contextmanager
def silent_ones(server, count):
    """Connections that say nothing, all at once."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), WAIT_S)) for _ in range(count)]


def is_cut(connection):
    """Waits until the server has ended the connection; false when it keeps it."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def is_there(server):
    return requests.get(f"{server.url}/healthz", timeout=WAIT_S).status_code == 200


@pytest.mark.parametrize("count", [51, 130], ids=["as many as there may be", "more than there may be"])
def test_the_door_opens_again_after_the_limit(server, count):
    with silent_ones(server, count) as connections:
        assert all(is_cut(connection) for connection in connections)
        assert is_there(server)


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_door_stays_open_when_thousands_are_cut_at_once(database, many_files):
    server = Server(database.url, {"QUDAO_HEAD_MS": "2000"})
    with silent_ones(server, 4000) as connections:
        assert all(is_cut(connection) for connection in connections)
        assert is_there(server)
    server.stop()
