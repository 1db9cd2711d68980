"""The clock that business goes by: a test sets it, and a year of the channel passes."""
import datetime
import subprocess

import pytest

from support import builders
from support.client import Api
from support.cluster import ROOT
from support.server import ADMIN_KEY, Server

pytestmark = pytest.mark.waits

PATH = "/v1/clock"


def parse(instant):
    return datetime.datetime.fromisoformat(instant.replace("Z", "+00:00"))


def seconds_apart(one, other):
    return abs((parse(one) - parse(other)).total_seconds())


def put(api, status=200, **change):
    answer = api.put(PATH, json=change)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture(autouse=True)
def clock(api):
    """Goes by the machine's time again after each test."""
    yield
    put(api, now=None)
    api.patch("/v1/settings", json={"time_zone": None}, if_match="*")


@pytest.fixture
def zone(api):
    return lambda name: api.patch("/v1/settings", json={"time_zone": name}, if_match="*").raise_for_status()


def test_business_goes_by_the_machines_time_until_a_test_sets_it(api):
    clock = api.get(PATH).json()

    assert seconds_apart(clock["now"], clock["machine_now"]) < 1
    assert (clock["today"], clock["time_zone"]) == (clock["now"][:10], "UTC")


def test_a_time_that_is_set_runs_on_from_there(api):
    first, second = put(api, now="2031-05-06T07:08:09Z"), api.get(PATH).json()

    assert 0 <= (parse(first["now"]) - parse("2031-05-06T07:08:09Z")).total_seconds() < 1
    assert 0 < (parse(second["now"]) - parse(first["now"])).total_seconds() < 10
    assert seconds_apart(second["machine_now"], datetime.datetime.now(datetime.timezone.utc).isoformat()) < 10


def test_a_time_may_be_set_back(api):
    put(api, now="2031-01-01T00:00:00Z")

    assert put(api, now="1999-12-31T23:00:00+08:00")["now"].startswith("1999-12-31T15:00:0")
    assert builders.make_region(api)["created_at"].startswith("1999-12-31T15:00:0")


def test_null_goes_back_to_the_machines_time(api):
    put(api, advance="P9Y")

    clock = put(api, now=None)

    assert seconds_apart(clock["now"], clock["machine_now"]) < 1


@pytest.mark.parametrize("zone_name, start, advance, reached", [
    ("UTC", "2027-01-31T12:00:00Z", "P1M", "2027-02-28T12:00:0"),
    ("UTC", "2028-01-31T12:00:00Z", "P1M", "2028-02-29T12:00:0"),  # a leap year
    ("UTC", "2028-02-29T12:00:00Z", "P1Y", "2029-02-28T12:00:0"),
    ("UTC", "2028-02-28T12:00:00Z", "P1D", "2028-02-29T12:00:0"),
    ("UTC", "2027-02-28T12:00:00Z", "P1D", "2027-03-01T12:00:0"),
    ("UTC", "2027-01-01T00:00:00Z", "P1Y2M3W4DT5H6M7S", "2028-03-26T05:06:0"),
    ("UTC", "2027-01-01T00:00:00Z", "PT90000S", "2027-01-02T01:00:0"),
    ("America/New_York", "2027-03-13T17:00:00Z", "P1D", "2027-03-14T16:00:0"),  # noon to noon, in 23 hours
    ("America/New_York", "2027-03-13T17:00:00Z", "PT24H", "2027-03-14T17:00:0"),
    ("America/New_York", "2027-11-06T16:00:00Z", "P1D", "2027-11-07T17:00:0"),  # in 25
    ("Asia/Shanghai", "2027-01-30T16:30:00Z", "P1M", "2027-02-27T16:30:0"),  # January 31 there
])
def test_days_and_months_pass_in_the_time_zone_of_the_settings(api, zone, zone_name, start, advance, reached):
    zone(zone_name)
    put(api, now=start)

    assert put(api, advance=advance)["now"].startswith(reached)


@pytest.mark.parametrize("change", [
    {}, {"now": "2027-01-01T00:00:00Z", "advance": "P1D"}, {"now": "tomorrow"}, {"now": "2027-01-01"}, {"now": 5}, {"advance": None},
    {"advance": ""}, {"advance": "P"}, {"advance": "PT"}, {"advance": "P1DT"}, {"advance": "1 day"}, {"advance": "-P1D"}, {"advance": "P1.5D"},
    {"advance": 3600}, {"advance": "P12345Y"}, {"today": "2027-01-01"},
])
def test_what_breaks_the_contract_is_refused(api, change):
    before = api.get(PATH).json()

    assert put(api, 400, **change)["code"] == "invalid_request"
    assert seconds_apart(api.get(PATH).json()["now"], before["now"]) < 10


@pytest.mark.parametrize("change, pointer", [
    ({"advance": "P9999Y99999M99999W999999D"}, "/advance"), ({"now": "1969-12-31T23:59:59Z"}, "/now"), ({"now": "9999-12-31T12:00:00Z"}, "/now"),
])
def test_the_clock_does_not_go_beyond_the_calendar(api, change, pointer):
    problem = put(api, 422, **change)

    assert problem["code"] == "clock_out_of_range"
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    clock = api.get(PATH).json()
    assert seconds_apart(clock["now"], clock["machine_now"]) < 1


def test_staff_reads_the_clock_and_administrators_set_it(api, acme):
    for caller in (api.as_role("analyst"), api.as_manager(builders.make_member(api))):
        assert caller.get(PATH).status_code == 200
        assert caller.put(PATH, json={"advance": "P1D"}).status_code == 403
    for method in ("get", "put"):
        assert getattr(api.as_partner(acme), method)(PATH, **({"json": {"now": None}} if method == "put" else {})).status_code == 403


def test_every_worker_has_the_time_with_the_answer(api):
    callers = [api.twin() for _ in range(16)]  # more than the workers
    for caller in callers:
        caller.get(PATH)

    for year in range(2030, 2050):
        put(callers[year % 16], now=f"{year}-07-01T00:00:00Z")
        made = {builders.make_region(caller)["created_at"][:4] for caller in callers}
        assert made == {str(year)}


def test_another_server_of_the_database_has_the_time_soon(api, database, contract):
    other = Server(database.url)
    try:
        there = Api(other.url, contract, ADMIN_KEY)
        put(api, now="2033-03-03T00:00:00Z")
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=5)
        while datetime.datetime.now() < deadline and not builders.make_region(there)["created_at"].startswith("2033-03-03"):
            pass
        assert builders.make_region(there)["created_at"].startswith("2033-03-03")
    finally:
        other.stop()


def test_a_server_that_is_started_for_tests_goes_by_what_was_set(api, database, contract):
    put(api, now="2034-04-04T00:00:00Z")
    made = api.new_key("analyst", expires_at="2034-04-05T00:00:00Z")
    put(api, advance="P2D")

    other = Server(database.url)
    try:
        assert Api(other.url, contract, made["key"]).get("/v1/regions").status_code == 401
    finally:
        other.stop()


def test_without_the_setting_there_is_no_clock_and_the_time_is_right(api, cluster, contract):
    database = cluster.create("without_clock")
    database("update business_clock set ahead_us = 1000000000000000")
    server = Server(database.url, {"QUDAO_TEST_CLOCK": "0"})
    try:
        there = Api(server.url, contract, ADMIN_KEY)
        for answer in (there.get(PATH), there.put(PATH, json={"advance": "P1D"})):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert seconds_apart(builders.make_region(there)["created_at"], api.get(PATH).json()["machine_now"]) < 10
        assert database("select abs(extract(epoch from app_now() - clock_timestamp())) < 1 as is_right")[0].is_right
    finally:
        server.stop()
        database.close()
        cluster.drop("without_clock")


def test_the_log_of_writes_goes_by_the_machines_time(api):
    put(api, now="2045-01-01T00:00:00Z")

    region = builders.make_region(api)

    entry = api.get("/v1/audit-log", params={"object_type": "region", "limit": 1}).json()["data"][0]
    assert (entry["object_id"], entry["after"]["created_at"][:4]) == (region["id"], "2045")
    assert seconds_apart(entry["at"], api.get(PATH).json()["machine_now"]) < 10
    assert api.get("/v1/audit-log", params={"object_type": "business_clock"}).json()["data"] != []


def test_a_year_of_the_channel_passes(api, zone, product):
    zone("Asia/Shanghai")
    put(api, now="2026-12-31T15:59:00Z")
    manager = builders.make_member(api)
    partner = builders.make_partner(api, manager_code=manager["code"], status="active")
    for quarter in ("2027-Q1", "2027-Q4"):
        builders.make_quota(api, manager, period=quarter, amount="100.00")
    builders.make_sale(api, partner, product, sold_on="2027-02-01", quantity="1", unit_price="60.00")
    key = api.caller(api.new_key("analyst", expires_at="2027-06-30T16:00:00Z")["key"])

    def under_way():
        rows = api.get("/v1/analytics/quotas", params={"manager_code": manager["code"]}).json()["data"]
        return [(row["period"], row["as_of"]) for row in rows]

    assert (api.get(PATH).json()["today"], under_way()) == ("2026-12-31", [])

    assert put(api, advance="PT1M")["today"] == "2027-01-01"
    assert under_way() == [("2027-Q1", "2027-01-01")]

    assert put(api, advance="P2M30D")["today"] == "2027-03-31"
    assert under_way() == [("2027-Q1", "2027-03-31")]

    put(api, advance="P1D")
    assert under_way() == []
    assert key.get("/v1/regions").status_code == 200

    put(api, now="2027-06-30T16:00:00Z")
    assert key.get("/v1/regions").status_code == 401

    put(api, now="2027-12-31T15:00:00Z")
    assert under_way() == [("2027-Q4", "2027-12-31")]
    assert put(api, advance="PT1H")["today"] == "2028-01-01"
    assert under_way() == []


def test_what_knows_time_asks_the_clock_for_it():
    """Statements of requests say :now, and what has no request app_now(); here is who needs the machine's time."""
    by_the_machine = {
        "server/resources/clock/clock.sql", "server/webhooks/deliveries.sql", "server/events/events.sql", "server/exports/exports.sql",
        "server/request/idempotency.sql", "server/imports/imports.sql", "server/tasks/jobs.sql", "server/watch/usage.sql",
        "server/resources/analytics/analytics.sql", "server/resources/jobs/jobs.sql", "server/resources/webhooks/webhooks.sql", "server/resources/webhook_deliveries/webhook_deliveries.sql",
        "migrations/routines/app_now.sql", "migrations/routines/audit.sql", "migrations/routines/demo_load.sql", "migrations/routines/events.sql",
        "migrations/routines/idempotency.sql", "migrations/routines/import_common.sql", "migrations/routines/uuid_v7.sql",
    }

    found = subprocess.run(
        ["grep", "-lErw", r"now\(\)|clock_timestamp\(\)|statement_timestamp\(\)|current_(date|time|timestamp)|localtime(stamp)?",
         "server", "migrations/routines", "--include=*.sql"],
        cwd=ROOT, capture_output=True, text=True,
    ).stdout.split()

    assert set(found) == by_the_machine
