"""What holds for the whole organisation: one object, read by everyone, written by administrators."""
import pytest

from support import builders

PATH = "/v1/settings"


def patch(api, status=200, **members):
    answer = api.patch(PATH, json=members, if_match="*")
    assert answer.status_code == status, answer.text
    return answer.json()


def test_settings_are_there_from_the_beginning(api):
    settings = api.get(PATH).json()

    assert {name: value for name, value in settings.items() if not name.endswith("_at")} == {
        "id": "00000000-0000-7000-8000-000000000001",
        "time_zone": "UTC", "reporting_currency": "USD", "rounding": "half_away_from_zero", "rate_staleness_days": 7, "event_retention_days": 90,
        "usage_retention_days": 400, "import_error_retention_days": 90, "agreement_holdover_days": 0, "period_close_days": None,
        "default_calendar_id": None, "default_calendar_code": None, "version": 1,
    }


def test_settings_are_changed_one_version_after_the_other(api):
    calendar = builders.make_calendar(api)
    before = api.get(PATH)

    changed = api.patch(
        PATH, json={"time_zone": "Asia/Shanghai", "reporting_currency": "CNY", "rate_staleness_days": 3, "default_calendar_code": calendar["code"]},
        if_match=before.headers["ETag"],
    )
    stale = api.patch(PATH, json={"time_zone": "UTC"}, if_match=before.headers["ETag"])

    assert changed.headers["ETag"] == f'"{before.json()["version"] + 1}"'
    assert (changed.json()["time_zone"], changed.json()["default_calendar_id"]) == ("Asia/Shanghai", calendar["id"])
    assert stale.status_code == 412
    assert api.get(PATH).json() == changed.json()
    assert api.delete(f"/v1/calendars/{calendar['id']}", if_match="*").json()["code"] == "calendar_in_use"


def test_null_brings_the_defaults_back(api):
    patch(api, time_zone="Europe/Berlin", reporting_currency="EUR", rate_staleness_days=0, event_retention_days=1, usage_retention_days=1, import_error_retention_days=1, period_close_days=10, default_calendar_code=builders.make_calendar(api)["code"])

    settings = patch(api, time_zone=None, reporting_currency=None, rate_staleness_days=None, event_retention_days=None, usage_retention_days=None, import_error_retention_days=None, period_close_days=None, rounding=None, default_calendar_code=None)

    assert [settings[name] for name in ("time_zone", "reporting_currency", "rate_staleness_days", "event_retention_days", "usage_retention_days", "import_error_retention_days", "period_close_days", "rounding", "default_calendar_code")] == [
        "UTC", "USD", 7, 90, 400, 90, None, "half_away_from_zero", None,
    ]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT+8", "UTC"])
def test_a_time_zone_has_an_iana_name(api, zone):
    assert patch(api, time_zone=zone)["time_zone"] == zone


@pytest.mark.parametrize("zone", ["Mars/Olympus", "asia/shanghai", "CST8", "posix/UTC", "Asia/Shanghai/"])
def test_another_time_zone_is_refused(api, zone):
    assert patch(api, 422, time_zone=zone)["code"] == "time_zone_unknown"


@pytest.mark.parametrize("members", [{"rate_staleness_days": -1}, {"event_retention_days": 0}, {"usage_retention_days": 0}, {"import_error_retention_days": 0}, {"period_close_days": 367}, {"rounding": "half_even"}, {"reporting_currency": "yuan"}, {"version": 7}, {"time_zone": ""}])
def test_what_breaks_the_contract_is_refused(api, members):
    assert patch(api, 400, **members)["code"] == "invalid_request"


def test_an_unknown_calendar_is_refused(api):
    assert patch(api, 422, default_calendar_code="NONE")["code"] == "calendar_unknown"


def test_everyone_reads_and_administrators_write(api, acme):
    for caller in (api.as_partner(acme), api.as_role("analyst"), api.as_manager(builders.make_member(api))):
        assert caller.get(PATH).status_code == 200
        assert caller.patch(PATH, json={"time_zone": "UTC"}, if_match="*").status_code == 403


def test_a_change_of_the_settings_is_in_the_audit_log(api):
    patch(api, reporting_currency="JPY")

    entry = api.get("/v1/audit-log", params={"object_type": "setting", "limit": 1}).json()["data"][0]

    assert (entry["action"], entry["after"]["reporting_currency"]) == ("update", "JPY")
