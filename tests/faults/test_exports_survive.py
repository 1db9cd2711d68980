"""Exports survive: whoever writes one may be killed, ended or lose the database; there is one file in the end, and it is whole."""
import pytest

from support import channel
from support.client import CSV
from support.polling import poll, wait_until_ready

LIST = "/v1/sales-records?sort=sold_on"
WAIT_S = 90

# Pieces that are written in this way leave time to kill who writes, until the table says that they no longer do.
SLOW = """
    create table slowness as select 0.2 as seconds;
    grant select on slowness to public;
    create function be_slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(seconds) from public.slowness where seconds > 0; return new; end $$;
    create trigger be_slow before insert on export_chunk for each row execute function be_slow();
"""

pytestmark = pytest.mark.waits


@pytest.fixture
def hurry(database):
    return lambda: database("update slowness set seconds = 0")


@pytest.fixture
def started(serve, database, api_of):
    """A server that does not work, with sales, and an export that nobody has begun."""
    api = api_of(serve(work=0))
    channel.import_all(api)
    database(SLOW)
    return api, api.post("/v1/exports", json={"list": LIST, "format": "csv"}).json()


def wait_until(api, export, holds):
    return poll(api, f"/v1/exports/{export['id']}", holds, WAIT_S)


def is_under_way(export):
    return export["status"] == "running" and export["bytes"] > 1_000_000


def is_over(export):
    return export["status"] not in ("queued", "running")


def is_whole(api, database, export):
    file = api.get(f"/v1/exports/{export['id']}/file")
    assert file.content == api.get(LIST, accept=CSV).content
    assert export["rows"] == database("select count(*) from sales_record")[0][0]
    assert database("select count(*), sum(length(bytes)) as bytes from export_chunk")[0].bytes == export["bytes"] == len(file.content)
    return True


def test_one_whose_server_is_killed_is_written_by_another(serve, database, started, hurry):
    api, export = started
    first = serve("work")
    wait_until(api, export, is_under_way)

    first.process.kill()
    serve("work")
    again = wait_until(api, export, lambda now: now["attempts"] == 2)
    hurry()

    assert again["status"] == "running"
    done = wait_until(api, export, is_over)
    assert (done["status"], done["attempts"]) == ("succeeded", 2)
    assert is_whole(api, database, done)


def test_one_whose_server_ends_is_given_to_another_at_once(serve, database, started, hurry):
    api, export = started
    first = serve("work")
    wait_until(api, export, is_under_way)

    first.stop()
    hurry()

    assert database("select lease_until <= now() from export")[0][0]
    serve("work")
    done = wait_until(api, export, is_over)
    assert (done["status"], done["attempts"]) == ("succeeded", 2)
    assert is_whole(api, database, done)


def test_one_that_was_begun_by_another_is_left_to_it(serve, database, started, hurry):
    api, export = started
    serve("work")
    wait_until(api, export, is_under_way)

    database("update export set attempts = attempts + 1, lease_until = now() - interval '1 second'")
    hurry()

    done = wait_until(api, export, is_over)
    assert (done["status"], done["attempts"]) == ("succeeded", 3)
    assert is_whole(api, database, done)


def test_one_whose_database_goes_is_written_when_it_is_back(serve, database, cluster, started, hurry):
    api, export = started
    serve("work")
    wait_until(api, export, is_under_way)

    cluster.leave_for_a_second(database)
    wait_until_ready(api, WAIT_S)
    hurry()
    done = wait_until(api, export, is_over)
    assert done["status"] == "succeeded" and is_whole(api, database, done)


def test_several_servers_write_several_exports_once_each(serve, database, started, hurry):
    api, export = started
    exports = [export] + [api.post("/v1/exports", json={"list": LIST, "format": "csv"}).json() for _ in range(5)]

    for _ in range(3):
        serve("work")
    wait_until(api, export, is_under_way)
    hurry()

    content = api.get(LIST, accept=CSV).content
    for export in exports:
        done = wait_until(api, export, is_over)
        assert (done["status"], done["attempts"]) == ("succeeded", 1)
        assert api.get(f"/v1/exports/{export['id']}/file").content == content
