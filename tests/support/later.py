"""Imports that are put off: sent with `Prefer: respond-async`, polled until they have ended."""
import time

from support.client import CSV
from support.polling import poll

WAIT_S = 90
# What a synchronous import answers.
REPORT = ("rows", "created", "updated", "unchanged", "rejected", "errors", "dry_run")


def put_off(api, resource, body, **options):
    """Sends a file to be imported later and returns the answer."""
    options.setdefault("content_type", CSV)
    options["headers"] = {"Prefer": "respond-async", **options.get("headers", {})}
    return api.post(f"/v1/{resource}/import", data=body, **options)


def accepted(answer):
    assert answer.status_code == 202, answer.text
    return answer.json()


def is_over(import_):
    return import_["status"] not in ("queued", "running")


def wait_until(api, import_, holds=is_over):
    return poll(api, f"/v1/imports/{import_['id']}", holds, WAIT_S)


def is_running(import_):
    return import_["status"] == "running"


def report_of(import_):
    return {name: import_[name] for name in REPORT}


def kept(database):
    """How many imports have pieces of their file stored."""
    return database("select count(distinct import_id) from import_chunk")[0][0]


def members(prefix, count):
    return ("code,name\n" + "".join(f"{prefix}-{number},Member {number}\n" for number in range(count))).encode()


def slow(database, is_slow, seconds=3):
    """Makes imports of members wait before they write, or no more."""
    database(
        "create or replace function be_slow() returns trigger language plpgsql as $$ begin"
        f" if current_setting('app.import_id', true) <> '' then perform pg_sleep({seconds}); end if; return null; end $$;"
        " drop trigger if exists be_slow on member"
    )
    if is_slow:
        database("create trigger be_slow before insert on member for each statement execute function be_slow()")


def wait_until_writing(database):
    """An import that was made slow has judged its rows and is about to write them."""
    deadline = time.monotonic() + WAIT_S
    while not database("select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
