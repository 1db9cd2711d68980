"""Jobs: what the server does by itself is listed with how it went, can be asked for, fails visibly and recovers."""
import time

import pytest

from support.polling import poll

pytestmark = pytest.mark.waits

EXPECTS_ERRORS = True  # an alarm
WAIT_S = 15
NAMES = ["check-rollups", "expire-idempotency-keys", "fold-rollups"]


def wait_for_job(api, name, holds):
    return poll(api, f"/v1/jobs/{name}", holds, WAIT_S)


def test_every_job_is_listed_with_how_it_went(api):
    for name in NAMES:
        wait_for_job(api, name, lambda job: job["last_outcome"] == "succeeded")

    jobs = api.walk("/v1/jobs", limit=2)

    assert [job["name"] for job in jobs] == sorted(job["name"] for job in jobs)
    assert set(NAMES) <= {job["name"] for job in jobs}
    for job in jobs:
        if job["name"] in NAMES:
            assert job["last_started_at"] <= job["last_succeeded_at"] < job["next_run_at"]
            assert (job["failures"], job["last_error"]) == (0, None)
            assert job["last_duration_ms"] >= 0 and job["last_instance"]


def test_a_job_is_run_when_an_administrator_asks(api):
    before = wait_for_job(api, "expire-idempotency-keys", lambda job: job["last_outcome"] is not None)

    answer = api.post("/v1/jobs/expire-idempotency-keys/run")

    assert answer.status_code == 202
    assert answer.json()["run_requested_at"] is not None
    after = wait_for_job(api, "expire-idempotency-keys", lambda job: job["run_requested_at"] is None)
    assert after["last_started_at"] > before["last_started_at"]
    assert after["last_count"] == 0


def test_old_answers_are_forgotten_until_none_is_left(api, database):
    database(
        "insert into idempotency_key (caller_id, key, request_hash, status, headers, body, created_at)"
        " select gen_random_uuid(), 'k' || n, '', 200, '{}', '', now() - interval '73 hours' from generate_series(1, 2500) n"
    )

    api.post("/v1/jobs/expire-idempotency-keys/run")

    deadline = time.monotonic() + WAIT_S
    while database("select count(*) from idempotency_key where key like 'k%%'")[0][0] > 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_job_that_fails_is_shown_and_recovers(api, database):
    wait_for_job(api, "fold-rollups", lambda job: job["last_outcome"] == "succeeded")

    database("alter function rollup_fold(integer) rename to rollup_fold_away")
    failed = wait_for_job(api, "fold-rollups", lambda job: job["failures"] >= 2)
    database("alter function rollup_fold_away(integer) rename to rollup_fold")
    recovered = wait_for_job(api, "fold-rollups", lambda job: job["last_outcome"] == "succeeded")

    assert "rollup_fold" in failed["last_error"]
    assert failed["last_outcome"] == "failed" and failed["last_count"] is None
    assert failed["last_succeeded_at"] < failed["last_started_at"]
    assert (recovered["failures"], recovered["last_error"]) == (0, None)


def test_an_alarm_stays_to_be_seen(api, database):
    api.post("/v1/jobs/check-rollups/run")
    wait_for_job(api, "check-rollups", lambda job: job["run_requested_at"] is None)
    database(
        "create or replace function rollup_check_some(moment timestamptz, at_most integer default 10000) returns text"
        " language sql security invoker as $$ select 'something differs' $$"
    )
    api.post("/v1/jobs/check-rollups/run")

    job = wait_for_job(api, "check-rollups", lambda job: job["alarm"] is not None)

    assert (job["alarm"], job["last_outcome"], job["failures"]) == ("something differs", "succeeded", 0)
    assert job["alarmed_at"] is not None


def test_a_run_that_finds_nothing_to_do_writes_nothing_down(api, database):
    wait_for_job(api, "fold-rollups", lambda job: job["last_outcome"] == "succeeded")
    time.sleep(1.5)
    before = database("select xmin::text from job where name = 'fold-rollups'")

    time.sleep(3)

    assert database("select xmin::text from job where name = 'fold-rollups'") == before


def test_who_may_see_and_run_jobs(api, acme):
    analyst, partner = api.as_role("analyst"), api.as_partner(acme)

    assert analyst.get("/v1/jobs").status_code == 200
    assert analyst.post("/v1/jobs/fold-rollups/run").status_code == 403
    for answer in (partner.get("/v1/jobs"), partner.get("/v1/jobs/fold-rollups"), partner.post("/v1/jobs/fold-rollups/run")):
        assert answer.status_code == 403


def test_there_is_no_such_job(api):
    assert api.get("/v1/jobs/dance").status_code == 404
    assert api.post("/v1/jobs/dance/run").status_code == 404
    assert api.get("/v1/jobs/DANCE!").status_code == 400
