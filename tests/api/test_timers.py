"""What happens by the clock of the business: once, when it is due, whoever else fails, whatever server is there."""
import contextlib
import time

import psycopg2
import pytest

from support.polling import wait_until
from support.server import Server

EXPECTS_ERRORS = True  # what fails is an alarm
WAIT_S = 20
# A resource of tomorrow: its status moves by a rule alone.
LOANS = """
    create table loan (id uuid primary key, partner_id uuid, status text not null default 'open', due_on date, version integer not null default 1,
        updated_at timestamptz);
    grant select, update on loan to qudao_staff;
    create trigger timer_insert after insert on loan referencing new table as new_rows for each statement execute function timer_set();
    create trigger timer_update after update on loan referencing old table as old_rows new table as new_rows for each statement execute function timer_set();
    create trigger audit_update after update on loan referencing old table as old_rows new table as new_rows for each statement execute function audit_write('{}');
    insert into timer_rule values ('expireLoan', 'loan', 'due_on', 't.partner_id is null', null, 'expireLoan', 'expired', null);
    insert into status_move values ('loan', 'expireLoan', 'open', 'expired', '{admin}', 1, 'expired');
"""


@pytest.fixture(scope="module", autouse=True)
def loans(database):
    database(LOANS)


@pytest.fixture(autouse=True)
def clock(api):
    """Sets the clock; afterwards it goes by the machine's time again."""

    def put(now):
        assert api.put("/v1/clock", json={"now": now}).status_code == 200

    yield put
    put(None)
    api.patch("/v1/settings", json={"time_zone": None}, if_match="*")


def lend(database, due_on, count=1):
    rows = database("insert into loan (id, due_on) select uuid_v7(), %s from generate_series(1, %s) returning id::text", due_on, count)
    return [row.id for row in rows]


def is_expired(database, loan):
    return database("select status from loan where id = %s", loan)[0].status == "expired"


def wait_for_run(api):
    """Until timers have been looked at from now on."""
    asked_at = api.post("/v1/jobs/run-timers/run").json()["run_requested_at"]
    wait_until(lambda: (job := api.get("/v1/jobs/run-timers").json())["run_requested_at"] is None and job["last_started_at"] >= asked_at, WAIT_S)


def events(database, object_id):
    return [row.type for row in database("select type from event where object_id = %s order by sequence", object_id)]


def test_a_move_happens_when_its_day_begins_even_on_29_february(api, database, clock):
    api.patch("/v1/settings", json={"time_zone": "Asia/Shanghai"}, if_match="*")
    (loan,) = lend(database, "2032-02-29")
    clock("2032-02-28T15:58:00Z")
    time.sleep(0.5)
    wait_for_run(api)
    before = is_expired(database, loan)

    clock("2032-02-28T16:00:00Z")

    wait_until(lambda: is_expired(database, loan), WAIT_S)
    assert not before
    (change,) = database("select from_status, to_status, actor_id, reason, changed_at::text from status_change where object_id = %s", loan)
    (entry,) = database("select action, actor_id, actor_name, operation, request_id from audit_log where object_id = %s", loan)
    assert tuple(change[:4]) == ("open", "expired", None, None) and "2032-02-2" in change.changed_at
    assert (entry.action, entry.actor_id, entry.operation, entry.request_id) == ("update", None, "expireLoan", None)
    assert events(database, loan) == ["loan.expired"]


def test_it_happens_once_however_the_clock_goes(api, database, clock):
    (loan,) = lend(database, "2031-05-01")
    clock("2031-05-02T00:00:00Z")
    wait_until(lambda: is_expired(database, loan), WAIT_S)
    database("update loan set status = 'open' where id = %s", loan)

    for now in ("2031-04-01T00:00:00Z", "2031-05-03T00:00:00Z"):
        clock(now)
        wait_for_run(api)

    assert not is_expired(database, loan)
    assert database("select from timer where object_id = %s", loan) == []


def test_what_is_prolonged_is_due_later_and_what_is_taken_away_never(api, database, clock):
    prolonged, kept = lend(database, "2031-06-01", 2)
    database("update loan set due_on = '2031-07-01' where id = %s", prolonged)
    database("update loan set due_on = null where id = %s", kept)

    clock("2031-06-02T00:00:00Z")
    wait_for_run(api)
    assert not is_expired(database, prolonged)
    clock("2031-07-02T00:00:00Z")

    wait_until(lambda: is_expired(database, prolonged), WAIT_S)
    assert not is_expired(database, kept)


def test_nothing_happens_where_the_condition_does_not_hold(api, database, clock, acme):
    (loan,) = lend(database, "2031-08-01")
    database("update loan set partner_id = %s where id = %s", acme["id"], loan)

    clock("2031-08-02T00:00:00Z")

    wait_until(lambda: database("select from timer where object_id = %s", loan) == [], WAIT_S)
    assert not is_expired(database, loan)


def test_one_that_fails_holds_back_no_other_and_is_tried_again(api, database, clock):
    broken, sound = lend(database, "2031-09-01", 2)
    database(f"alter table loan add constraint broken check (id <> '{broken}' or status = 'open')")

    clock("2031-09-02T00:00:00Z")
    wait_until(lambda: is_expired(database, sound), WAIT_S)
    wait_until(lambda: database("select failures from timer where object_id = %s", broken)[0].failures >= 2, WAIT_S)
    (timer,) = database("select error from timer where object_id = %s", broken)
    database("alter table loan drop constraint broken")

    wait_until(lambda: is_expired(database, broken), WAIT_S)
    assert "broken" in timer.error
    assert "expireLoan" in api.get("/v1/jobs/run-timers").json()["alarm"]
    assert events(database, broken) == events(database, sound) == ["loan.expired"]


def test_who_is_writing_an_object_holds_back_no_other(api, database, clock):
    written, free = lend(database, "2031-10-01", 2)

    with contextlib.closing(psycopg2.connect(database.url)) as connection:
        connection.cursor().execute("update loan set due_on = '2033-01-01' where id = %s", (written,))
        clock("2031-10-02T00:00:00Z")
        wait_until(lambda: is_expired(database, free), WAIT_S)
        connection.commit()

    wait_for_run(api)
    assert not is_expired(database, written)
    assert database("select failures from timer where object_id = %s", written)[0].failures == 0


def test_two_servers_do_each_once(api, database, clock):
    loans = lend(database, "2031-11-01", 250)
    other = Server(database.url)

    clock("2031-11-02T00:00:00Z")
    wait_until(lambda: database("select count(*) from loan where due_on = '2031-11-01' and status = 'open'")[0][0] == 0, WAIT_S)
    other.stop(expects_errors=True)

    told = database("select count(*) as told, count(distinct object_id) as objects from event where type = 'loan.expired' and object_id = any (%s::uuid[])", loans)
    assert tuple(told[0]) == (250, 250)


def test_what_fell_due_while_no_server_was_there_happens_when_one_is(cluster, api):
    lone = cluster.create("lone")
    server = Server(lone.url)
    lone(LOANS)
    (loan,) = lend(lone, "2001-01-01")
    server.stop(expects_errors=True)
    (later,) = lend(lone, "2002-01-01")

    server = Server(lone.url)
    wait_until(lambda: is_expired(lone, loan) and is_expired(lone, later), WAIT_S)
    server.stop(expects_errors=True)

    assert events(lone, loan) == events(lone, later) == ["loan.expired"]
    lone.close()
    cluster.drop("lone")


def test_a_key_that_expires_is_told_and_one_that_was_revoked_is_not(api, database, clock):
    expiring, revoked = (api.new_key("analyst", expires_at="2031-12-01T00:00:00Z") for _ in range(2))
    assert api.delete(f"/v1/api-keys/{revoked['id']}", if_match="*").status_code == 204

    clock("2031-12-01T00:00:01Z")

    wait_until(lambda: "api_key.expired" in events(database, expiring["id"]), WAIT_S)
    wait_for_run(api)
    assert events(database, expiring["id"]) == ["api_key.created", "api_key.expired"]
    assert events(database, revoked["id"]) == ["api_key.created", "api_key.revoked"]
