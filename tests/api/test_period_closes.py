"""Months that are locked by themselves: when, which, and what stays open."""
import time

import pytest

from support import builders
from support.builders import make_partner

SERVER_SETTINGS = {"QUDAO_TEST_CLOCK": "1"}
WAIT_S = 30


def close(api):
    """Has the job run and returns the periods that are locked."""
    asked_at = api.post("/v1/jobs/close-periods/run").json()["run_requested_at"]
    deadline = time.monotonic() + WAIT_S
    while (job := api.get("/v1/jobs/close-periods").json())["run_requested_at"] is not None or job["last_started_at"] < asked_at:
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
    assert job["last_outcome"] == "succeeded", job
    return sorted(lock["period"] for lock in api.walk("/v1/period-locks", status="locked"))


def put_clock(api, now):
    assert api.put("/v1/clock", json={"now": now}).status_code == 200
    time.sleep(0.5)  # who runs jobs looks at it ten times a second


@pytest.fixture(autouse=True)
def days(api, database):
    """Months close ten days after their end, in the business's time zone."""
    database("delete from period_lock")

    def change(**members):
        assert api.patch("/v1/settings", json=members, if_match="*").status_code == 200

    change(period_close_days=10, time_zone="Asia/Shanghai")
    yield change
    change(period_close_days=None, time_zone="UTC")


def test_a_month_is_locked_so_many_days_after_its_end(api):
    put_clock(api, "2031-03-10T15:59:00Z")  # 23:59 in Shanghai
    before = close(api)
    put_clock(api, "2031-03-10T16:01:00Z")
    after = close(api)

    assert before[-1] == "2031-01"
    assert after == sorted([*before, "2031-02"])
    assert len(after) == 12
    assert close(api) == after


def test_nothing_is_booked_in_it_any_more(api, product):
    partner = make_partner(api)
    put_clock(api, "2031-03-11T12:00:00Z")
    close(api)

    refused = api.post("/v1/sales-records", json=builders.a_sale(partner, product, sold_on="2031-02-28"))
    taken = api.post("/v1/sales-records", json=builders.a_sale(partner, product, sold_on="2031-03-01"))

    assert (refused.status_code, refused.json()["code"], taken.status_code) == (422, "period_locked", 201)


def test_what_somebody_reopened_stays_open(api):
    put_clock(api, "2031-03-11T12:00:00Z")
    close(api)
    (lock,) = api.get("/v1/period-locks", params={"period": "2031-02"}).json()["data"]

    assert api.post(f"/v1/period-locks/{lock['id']}/reopen", json={"reason": "A late invoice"}, if_match="*").status_code == 200

    assert "2031-02" not in close(api)


def test_nothing_is_locked_unless_the_settings_say_so(api, days):
    days(period_close_days=None)
    put_clock(api, "2031-03-11T12:00:00Z")

    assert close(api) == []


def test_the_lock_is_in_the_audit_log_as_nobodys(api):
    put_clock(api, "2031-03-11T12:00:00Z")
    close(api)
    (lock,) = api.get("/v1/period-locks", params={"period": "2031-02"}).json()["data"]

    entries = api.get("/v1/audit-log", params={"object_id": lock["id"]}).json()["data"]

    assert [(entry["action"], entry["actor_id"], entry["request_id"]) for entry in entries] == [("insert", None, None)]
    assert lock["reason"] == "Closed 10 days after its end."


def test_a_run_that_closes_nothing_waits_for_nobody(api, database, days):
    days(period_close_days=None)
    database("begin")
    database("select pg_advisory_xact_lock_shared(hashtext('period_lock'))")

    assert close(api) == []

    database("commit")
