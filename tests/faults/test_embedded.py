"""The server dies; its embedded PostgreSQL lives on, and no answer that was given is lost."""
import contextlib
import os
import pathlib
import random
import signal
import statistics
import threading
import time

import pytest
import requests

from support.ledger import ZEROS
from support.server import Server

RECOVERY_S = 12  # longer than a start tries to connect
READY_S = 3.0  # with sanitizers; the figure is of script/bench


def start(directory, port=0):
    begin = time.monotonic()
    server = Server("", {"QUDAO_DATA": directory, "QUDAO_PORT": str(port)})
    while requests.get(f"{server.url}/readyz", timeout=5).status_code != 200:
        assert time.monotonic() - begin < 30
        time.sleep(0.01)
    server.ready_s = time.monotonic() - begin
    return server


def kill(server):
    server.process.kill()
    server.process.wait()


def postmaster_of(directory):
    return int(pathlib.Path(f"{directory}/postgres/postmaster.pid").read_text().splitlines()[0])


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()


@pytest.fixture
def directory(data_directory):
    """A data directory whose PostgreSQL, if any is left, ends with the test."""
    yield data_directory
    try:
        os.kill(postmaster_of(data_directory), signal.SIGQUIT)
    except (FileNotFoundError, ProcessLookupError):
        return
    pid, deadline = postmaster_of(data_directory), time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_killed_server_loses_nothing_that_it_answered(directory, ledger_of, database_in, times):
    random.seed(20261123)
    server = start(directory)
    ledger = ledger_of(server)
    postmaster = postmaster_of(directory)
    starts_s = []

    ledger.start(times(16, 64))
    for _ in range(times(12, 1000)):
        ledger.wait_for_progress()
        time.sleep(random.uniform(0, 0.4))
        kill(server)
        server = start(directory, ledger.port)
        starts_s.append(server.ready_s)
    ledger.wait_for_progress()
    ledger.finish()

    assert ledger.counters(database_in(directory)) == ZEROS
    assert set(ledger.statuses) <= {201, 409, 422, 503}
    assert ledger.count("ok") > 100 and ledger.count("refused") > 10
    assert postmaster_of(directory) == postmaster
    # The other tests that run at the same time must not decide.
    assert statistics.median(starts_s) <= READY_S
    server.stop()


def test_an_embedded_postgresql_outlives_its_server_and_is_adopted(directory):
    server = start(directory)
    postmaster = postmaster_of(directory)

    kill(server)
    assert is_alive(postmaster)
    second = start(directory)

    assert postmaster_of(directory) == postmaster
    second.stop()
    assert not is_alive(postmaster)


def recovery_of(postmaster):
    """The process in which a PostgreSQL recovers, as soon as there is one."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                is_child = f"\nPPid:\t{postmaster}\n" in pathlib.Path(f"/proc/{pid}/status").read_text()
                if is_child and b"postgres: startup" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
    raise AssertionError("PostgreSQL does not recover")


def test_an_adopted_postgresql_may_be_recovering_for_long(directory, database_in):
    server = start(directory)
    postmaster = postmaster_of(directory)
    session = database_in(directory)("select pg_backend_pid() as pid")[0].pid

    os.kill(session, signal.SIGKILL)
    recovery = recovery_of(postmaster)
    os.kill(recovery, signal.SIGSTOP)
    threading.Timer(RECOVERY_S, os.kill, (recovery, signal.SIGCONT)).start()
    kill(server)
    second = start(directory)

    assert postmaster_of(directory) == postmaster
    second.stop()


def test_a_second_start_changes_nothing_and_is_quick(directory, database_in):
    state = (
        "select md5(string_agg(c.relname || c.xmin::text, ',' order by c.relname)) as tables,"
        " (select md5(string_agg(p.proname || p.xmin::text, ',' order by p.proname, p.oid)) from pg_proc p where p.pronamespace = 'public'::regnamespace) as functions,"
        " (select md5(string_agg(k.id::text || k.xmin::text, ',' order by k.id)) from api_key k) as keys"
        " from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'"
    )
    first = start(directory)
    query = database_in(directory)
    before = query(state)
    query.close()
    first.stop()

    second = start(directory)

    assert database_in(directory)(state) == before
    assert second.ready_s <= READY_S
    second.stop()


def test_two_servers_do_not_share_a_data_directory(directory):
    first = start(directory)

    with pytest.raises(AssertionError, match="another server uses"):
        Server("", {"QUDAO_DATA": directory})

    assert requests.get(f"{first.url}/readyz", timeout=5).status_code == 200
    first.stop()


def test_a_killed_postgresql_comes_back_with_the_next_start(directory, ledger_of, database_in):
    server = start(directory)
    ledger = ledger_of(server)
    ledger.start(8)
    ledger.wait_for_progress()

    os.kill(postmaster_of(directory), signal.SIGKILL)
    kill(server)
    server = start(directory, ledger.port)
    ledger.wait_for_progress()
    ledger.finish()

    assert ledger.counters(database_in(directory)) == ZEROS
    server.stop()
