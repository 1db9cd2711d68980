"""Imports that were put off survive: whoever takes or carries out one may be killed, ended or lose the database; what was accepted is
imported, once."""
import os
import random
import signal
import time

import pytest

from support.later import accepted, is_running, kept, members, put_off, slow, wait_until, wait_until_writing
from support.polling import wait_until_ready

ROWS = 20_000

pytestmark = pytest.mark.waits


@pytest.fixture
def started(serve, database, api_of):
    """A server that does not work, an import that nobody has begun, and a database that takes its time with it."""
    api = api_of(serve(work=0))
    slow(database, True)
    return api, accepted(put_off(api, "members", members("LATER", ROWS)))


def is_done_once(database, import_, attempts, rows=ROWS):
    """It was posted once, whoever began it how often, and nothing is left over."""
    assert (import_["status"], import_["attempts"], import_["created"]) == ("succeeded", attempts, rows)
    assert database("select count(*) from member where import_id = %s", import_["id"])[0][0] == rows
    for table in ("event", "audit_log"):
        assert database(f"select count(*) from {table} where object_id = %s", import_["id"])[0][0] == 1
    assert kept(database) == 0
    return True


def test_what_was_accepted_outlives_the_server_that_accepted_it(serve, database, api_of):
    first = serve(work=0)
    import_ = accepted(put_off(api_of(first), "members", members("LATER", ROWS)))

    first.process.kill()
    first.process.wait()

    assert is_done_once(database, wait_until(api_of(serve()), import_), attempts=1)


def test_one_whose_server_is_killed_is_carried_out_by_another(serve, database, started):
    api, import_ = started
    first = serve("work")
    wait_until(api, import_, is_running)

    first.process.kill()
    serve("work")

    assert is_done_once(database, wait_until(api, import_), attempts=2)


def test_one_whose_server_ends_is_given_to_another_at_once(serve, database, started):
    api, import_ = started
    slow(database, True, seconds=30)
    first = serve("work")
    wait_until(api, import_, is_running)

    first.stop()
    slow(database, False)
    serve("work")

    assert is_done_once(database, wait_until(api, import_), attempts=2)


def test_one_that_was_begun_by_another_is_left_to_it(serve, database, started):
    api, import_ = started
    serve("work")
    wait_until(api, import_, is_running)

    database("update import set attempts = attempts + 1, lease_until = now() - interval '1 second'")

    assert is_done_once(database, wait_until(api, import_), attempts=3)


def test_what_an_earlier_attempt_still_writes_is_refused(serve, database, started):
    """A server that stood still until another has done its work, from the moment at which it was about to write."""
    api, import_ = started
    first = serve("work")
    wait_until_writing(database)

    os.kill(first.process.pid, signal.SIGSTOP)
    serve("work")
    done = wait_until(api, import_)
    os.kill(first.process.pid, signal.SIGCONT)
    following = accepted(put_off(api, "members", members("FOLLOWING", 1)))

    assert wait_until(api, following)["created"] == 1
    assert is_done_once(database, done, attempts=2)
    assert api.get(f"/v1/imports/{import_['id']}").json() == done


def test_one_whose_server_stands_still_before_it_commits_is_carried_out_by_another(serve, database, api_of):
    """What it has locked until then, PostgreSQL lets go of."""
    api = api_of(serve(work=0))
    database(
        "create function be_slow() returns trigger language plpgsql as"
        " $$ begin if new.status = 'succeeded' then perform pg_sleep(3); end if; return new; end $$;"
        " create trigger be_slow before update on import for each row execute function be_slow()"
    )
    import_ = accepted(put_off(api, "members", members("LATER", ROWS)))
    first = serve("work")
    wait_until_writing(database)

    os.kill(first.process.pid, signal.SIGSTOP)
    serve("work")
    done = wait_until(api, import_)
    os.kill(first.process.pid, signal.SIGCONT)

    assert is_done_once(database, done, attempts=2)


def test_one_whose_database_goes_is_carried_out_when_it_is_back(serve, database, cluster, started):
    api, import_ = started
    serve("work")
    wait_until(api, import_, is_running)

    cluster.leave_for_a_second(database)
    wait_until_ready(api, 90)
    done = wait_until(api, import_)
    assert is_done_once(database, done, attempts=done["attempts"])


def test_several_servers_carry_out_several_imports_once_each(serve, database, api_of):
    api = api_of(serve(work=0))
    imports = [accepted(put_off(api, "members", members(f"LATER-{number}", 2000))) for number in range(8)]

    for _ in range(3):
        serve("work")

    done = [wait_until(api, import_) for import_ in imports]
    assert all(is_done_once(database, import_, attempts=1, rows=2000) for import_ in done)


def test_a_kill_at_any_moment_neither_loses_nor_doubles(serve, database, api_of, times):
    api = api_of(serve(work=0))
    for round in range(times(6, 60)):
        import_ = accepted(put_off(api, "members", members(f"ROUND-{round}", 2000)))
        first = serve("work")
        time.sleep(random.uniform(0, 0.6))

        first.process.kill()
        first.process.wait()
        database("update import set lease_until = null where status = 'running'")
        second = serve("work")
        done = wait_until(api, import_)
        second.stop()

        assert is_done_once(database, done, attempts=done["attempts"], rows=2000), round


def test_a_file_that_breaks_off_is_not_kept(serve, database, api_of):
    """A server is killed while the file comes: it was not accepted, and nothing of it is there."""
    server = serve(work=0)
    api = api_of(server)

    def file():
        for number in range(40):
            if number == 30:
                server.process.kill()
            yield members(f"BROKEN-{number}", 5000)
            time.sleep(0.02)

    with pytest.raises(Exception):
        put_off(api, "members", file())

    api = api_of(serve())
    assert api.get("/v1/imports").json()["data"] == []
    assert kept(database) == 0
