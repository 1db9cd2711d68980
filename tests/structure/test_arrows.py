"""The arrows of ARCHITECTURE.md: who may include whom, and who may call which library."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("lib", "server", "tools") for path in (ROOT / folder).rglob("*.[ch]"))


def includes(path):
    return re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[-2] == "lib"], ids=name)
def test_the_library_knows_no_http_no_postgresql_and_no_server(path):
    forbidden = {"microhttpd.h", "libpq-fe.h", "postgres_ext.h"}
    server_headers = {str(header.relative_to(ROOT / "server")) for header in (ROOT / "server").rglob("*.h")}

    assert not (forbidden | server_headers) & set(includes(path))


def users_of(pattern):
    return {name(path) for path in SOURCES if re.search(pattern, path.read_text())}


def test_only_http_knows_libmicrohttpd():
    assert users_of(r"#include <microhttpd.h>") == {"server/http/http.c"}


def test_only_the_courier_knows_libcurl():
    assert users_of(r"#include <curl/curl.h>") == {"server/courier.c"}


def test_only_the_key_set_knows_rhonabwy():
    assert users_of(r"#include <rhonabwy.h>") == {"lib/key_set.c"}


def test_only_the_lane_pipelines():
    assert users_of(r"\bPQ(enterPipelineMode|pipelineSync|sendFlushRequest)\(") == {"server/postgres/lane.c"}


def test_only_the_stream_copies_and_listens():
    assert users_of(r"\bPQ(putCopyData|putCopyEnd|notifies)\(") == {"server/postgres/stream.c"}


def test_only_what_runs_before_the_workers_waits_for_postgresql():
    waiting = users_of(r"\bPQ(connectdb|connectdbParams|exec|execParams|prepare|describePrepared)\(")

    assert waiting <= {f"server/{file}.c" for file in ("setup", "check", "postgres/migrate", "postgres/postgres")}


TOP = {f"{file}.h" for file in ("worker", "setup", "check", "postgres/migrate", "postgres/postgres", "postgres/parts", "config")}


@pytest.mark.parametrize("path", [p for p in SOURCES if "resources" in p.parts], ids=name)
def test_a_room_knows_the_request_and_what_a_request_knows(path):
    assert not set(includes(path)) & TOP


@pytest.mark.parametrize("path", [p for p in SOURCES if "resources" not in p.parts], ids=name)
def test_nothing_knows_a_room(path):
    assert [header for header in includes(path) if header.startswith("resources/")] == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".h"], ids=name)
def test_a_header_is_included_once_and_says_what_it_is_for(path):
    text = path.read_text()

    assert text.startswith("/* ")
    assert "#pragma once" in text


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_function_that_cannot_be_bounded(path):
    forbidden = r"\b(strcpy|strcat|sprintf|strtok|atoi|gets|alloca|vsprintf)\s*\("

    assert re.findall(forbidden, path.read_text()) == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_lock(path):
    assert "pthread_mutex" not in path.read_text()
