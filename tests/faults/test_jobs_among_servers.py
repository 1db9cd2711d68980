"""Jobs among several servers: each runs once, whoever dies; none where they are turned off."""
import time

WATCH_S, TAKE_OVER_S = 6, 10

# In place of the fold, whose runs come each second: writes down who ran when.
DIARY = """
    create table diary (at timestamptz not null default clock_timestamp(), pid integer not null default pg_backend_pid());
    grant insert, select on diary to qudao_staff;
    create or replace function rollup_fold(at_most integer default 10000) returns bigint
        language sql security invoker set search_path = pg_catalog, public as $$ insert into diary default values; select 1::bigint $$;
"""


def runs(database):
    return database("select pid, at from diary order by at")


def leader_of(api):
    return int(api.get("/v1/jobs/fold-rollups").json()["last_instance"].split()[-1])


def test_any_number_of_servers_run_each_job_once(serve, database, api_of):
    servers = [serve(), serve(), serve("work")]
    database(DIARY)
    time.sleep(1)
    begin = len(runs(database))

    time.sleep(WATCH_S)

    seen = runs(database)[begin:]
    assert len({run.pid for run in seen}) == 1
    assert WATCH_S - 2 <= len(seen) <= WATCH_S + 1
    assert leader_of(api_of(servers[0])) in {server.process.pid for server in servers}


def test_when_the_one_that_runs_them_dies_another_does(serve, database, api_of):
    servers = [serve(work=0), serve("work"), serve("work")]
    api = api_of(servers[0])
    database(DIARY)
    time.sleep(2)
    first = leader_of(api)

    next(server for server in servers if server.process.pid == first).process.kill()
    killed_at = time.monotonic()
    while leader_of(api) == first:
        assert time.monotonic() < killed_at + TAKE_OVER_S
        time.sleep(0.1)

    assert leader_of(api) in {server.process.pid for server in servers[1:]} - {first}
    pauses = [(b.at - a.at).total_seconds() for a, b in zip(runs(database), runs(database)[1:])]
    assert max(pauses) < TAKE_OVER_S


def test_a_server_that_leaves_them_to_others_runs_none(serve, database, api_of):
    database(DIARY)
    api = api_of(serve(work=0))

    time.sleep(3)

    assert runs(database) == []
    assert {job["last_outcome"] for job in api.get("/v1/jobs").json()["data"]} == {None}


def test_a_run_that_is_asked_for_is_done_by_whoever_leads(serve, database, api_of):
    api = api_of(serve(work=0))
    asked = api.post("/v1/jobs/expire-idempotency-keys/run").json()
    assert asked["last_started_at"] is None

    worker = serve("work")

    deadline = time.monotonic() + TAKE_OVER_S
    while (job := api.get("/v1/jobs/expire-idempotency-keys").json())["run_requested_at"] is not None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert job["last_outcome"] == "succeeded"
    worker.stop()
