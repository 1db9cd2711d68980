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


def storeys():
    """The storeys of ARCHITECTURE's picture, the highest first: each a set of folders of server/, or of files at its top."""
    picture = re.search(r"^## Arrows\n```\n(.*?)^```", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    return [set(re.split(r" {2,}|\n", line)[0].split()) for line in picture.splitlines()]


STOREYS = storeys()


def storey(path):
    """How high a file stands: its folder, or its own name at the top; the higher, the smaller."""
    place = "lib" if path.parts[len(ROOT.parts)] == "lib" else path.relative_to(ROOT / "server").parts[0].split(".")[0]
    found = [height for height, places in enumerate(STOREYS) if place in places]
    assert len(found) == 1, f"ARCHITECTURE's picture has {place} {len(found)} times"
    return found[0], place


def header(included, path):
    """The file that an #include of ours means, or None."""
    found = [folder / included for folder in (ROOT / "server", ROOT / "lib") if (folder / included).exists()]
    return found[0] if found and path.parts[len(ROOT.parts)] != "lib" else next((h for h in found if h.parent == ROOT / "lib"), None)


SERVER = [path for path in SOURCES if path.parts[len(ROOT.parts)] != "tools"]


@pytest.mark.parametrize("path", SERVER, ids=name)
def test_no_arrow_leads_up(path):
    height, place = storey(path)
    included = [storey(h) for h in (header(text, path) for text in includes(path)) if h is not None]

    assert [other for other_height, other in included if other != place and other_height <= height] == []


def test_the_picture_names_nothing_that_is_gone():
    there = {storey(path)[1] for path in SERVER}

    assert set().union(*STOREYS) == there


def noun(path):
    """What a file is about. A header and its source are one: whoever includes the one needs the other. So are the parts of a thing (schema, schema_check)."""
    words = path.stem.split("_")
    wholes = (path.with_name("_".join(words[:count])) for count in range(1, len(words)))
    return next((whole for whole in wholes if whole.with_suffix(".h").exists()), path.with_suffix(""))


def test_there_is_no_circle_among_the_files():
    arrows = {}
    for path in SERVER:
        known = {noun(h) for h in (header(text, path) for text in includes(path)) if h is not None}
        arrows.setdefault(noun(path), set()).update(known - {noun(path)})

    while free := {one for one, known in arrows.items() if not known & arrows.keys()}:
        arrows = {one: known for one, known in arrows.items() if one not in free}

    assert sorted(map(name, arrows)) == []


PARTS = (ROOT / "server/request/parts.h").read_text()


def members():
    """Of the parts of a request: the member that it is, what its comment says, and the places that it names."""
    request = (ROOT / "server/request/request.h").read_text()
    for use, places, part in re.findall(r"^ \* (For|Written by): (.+) \*/\nstruct (\w+) \{", PARTS, re.MULTILINE):
        member = re.search(rf"\tstruct {part} (\w+);", request)[1]
        yield member, use, places.split(", ")


@pytest.mark.parametrize("member, use, places", list(members()))
def test_a_part_of_a_request_is_touched_by_whom_it_is_for(member, use, places):
    touches = rf"(->|\br\.){member}\." if use == "For" else (
        rf"->{member}\.\w+(\.\w+)?(\[[^]]*\])*\s+\|?=[^=]|&\w+->{member}\.|\b(memcpy|snprintf|strftime)\(\w+->{member}\.")
    touching = {str(path.relative_to(ROOT / "server")) for path in SERVER
                if path.suffix == ".c" and re.search(touches, path.read_text())}

    assert {file for file in touching if not any(file == place or place[-1] == "/" and file.startswith(place) for place in places)} == set()
    assert {place for place in places if not any(file.startswith(place) for file in touching)} == set()


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[-2] == "lib"], ids=name)
def test_the_library_knows_no_http_no_postgresql_and_no_server(path):
    forbidden = {"microhttpd.h", "libpq-fe.h", "postgres_ext.h"}

    assert not forbidden & set(includes(path))
    assert [text for text in includes(path) if (ROOT / "server" / text).exists()] == []


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
