"""A connection string with several hosts, some of which hang: each is asked for a moment only, and the next one after it."""
import os
import shutil
import socket
import tempfile
import time

import pytest
from support.builders import make_partner
from support.cluster import Database
from support.polling import wait_until, wait_until_ready

HUNG_S = 10


@pytest.fixture
def hung():
    """The directory of a host that takes connections and never says a word, like a PostgreSQL that is stopped by SIGSTOP."""
    directory = tempfile.mkdtemp(prefix="qudao-hung-")
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(f"{directory}/.s.PGSQL.5432")
    silent.listen(1000)
    os.chmod(directory, 0o755)
    yield directory
    silent.close()
    shutil.rmtree(directory)


def url_of(database, *directories):
    return database.url.partition("?")[0] + f"?host={','.join(directories)}&target_session_attrs=read-write"


def test_a_server_starts_beside_hosts_that_hang(serve, cluster, hung, database, api_of):
    server = serve(database_url=url_of(database, hung, cluster.directory, hung))

    wait_until_ready(api_of(server), HUNG_S)

    assert make_partner(api_of(server))


def test_jobs_streams_and_imports_find_the_host_that_answers(serve, cluster, hung, database, api_of):
    server = serve(database_url=url_of(database, hung, hung, cluster.directory))
    wait_until_ready(api_of(server), HUNG_S)
    api = api_of(server)

    answer = api.post("/v1/regions/import", data="code,name\nHOST,Host\n", headers={"Content-Type": "text/csv"})

    assert answer.status_code == 200, answer.text
    wait_until(lambda: any(job["last_succeeded_at"] for job in api.get("/v1/jobs").json()["data"]), HUNG_S)


def test_a_limit_in_the_connection_string_counts(serve, cluster, hung, database, api_of):
    begin = time.monotonic()
    server = serve(database_url=url_of(database, hung, cluster.directory) + "&connect_timeout=1")
    wait_until_ready(api_of(server), HUNG_S)

    assert time.monotonic() - begin >= 1


def test_one_host_alone_is_asked_again_and_again(serve, cluster, database, api_of):
    api = api_of(serve(database_url=url_of(database, cluster.directory)))
    make_partner(api)

    cluster.leave_for_a_second(database)

    wait_until(lambda: api.get("/v1/regions").status_code == 200, HUNG_S)
