"""What is kept of the rows that an import refuses has an end: so many an import, and so many days."""
import time

import pytest

from support import channel
from support.polling import poll

SHOWN, KEPT = 1000, 1500
SERVER_SETTINGS = {"QUDAO_IMPORT_ERRORS": str(KEPT)}


def refused(count):
    """A file whose rows have two faults each: no name, and no such parent."""
    return ("code,name,parent_code\n" + ",,\n" * count).encode()


def kept(database, report):
    return database("select count(*), min(line), max(line) from import_error where import_id = %s", report["id"])[0]


def send(api, count, **params):
    answer = channel.import_file(api, "regions", refused(count), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("params", [{}, {"atomic": "true"}])
def test_so_many_faults_are_kept_of_an_import(api, database, params):
    report = send(api, 4000, **params)

    assert (report["rejected"], len(report["errors"])) == (4000, SHOWN)
    assert kept(database, report) == (KEPT, 2, KEPT // 2 + 1)
    assert len(api.walk(f"/v1/imports/{report['id']}/errors", limit=200)) == KEPT


def test_a_dry_run_leaves_no_more_than_it_answers(api, database):
    report = send(api, 4000, dry_run="true")

    assert kept(database, report) == (SHOWN, 2, SHOWN // 2 + 1)
    assert api.get(f"/v1/imports/{report['id']}").json()["errors"] == report["errors"]


def test_faults_go_when_the_settings_keep_them_no_longer(api, database):
    api.patch("/v1/settings", json={"import_error_retention_days": 30}, if_match="*")
    old, young = send(api, 700), send(api, 3)
    for report, days in ((old, 31), (young, 29)):
        database(
            "update import_error set id = overlay(id::text placing left(uuid_v7_from(clock_timestamp() - make_interval(days => %s))::text, 13) from 1 for 13)::uuid"
            " where import_id = %s", days, report["id"],
        )

    api.post("/v1/jobs/trim-import-errors/run")

    poll(api, f"/v1/imports/{old['id']}", lambda import_: import_["errors"] == [], 60)
    assert api.get(f"/v1/imports/{old['id']}").json()["rejected"] == 700
    assert kept(database, young) == (6, 2, 4)
    api.patch("/v1/settings", json={"import_error_retention_days": None}, if_match="*")


def test_the_least_id_of_an_instant_is_above_all_that_were_made_before(database):
    before = database("select uuid_v7()")[0][0]
    time.sleep(0.002)

    least, after = database("select uuid_v7_from(date_trunc('milliseconds', clock_timestamp())), uuid_v7()")[0]

    assert str(before) < str(least) < str(after)
    assert str(least)[14:] == "7000-8000-000000000000"
