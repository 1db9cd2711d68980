"""An import adds, changes, leaves and refuses, whatever the resource, and what it adds is what a create would have made."""
import pytest

from support.comparison import told, without
from support.files import FILES, ndjson_of
from support.client import CSV, NDJSON
from support.maker import INSTEAD, is_nullable

SHARES_SERVER = True

# What is an object's own, whoever made it, and what follows from its key.
OWN = ("id", "created_at", "updated_at", "import_id", "year_name")

# A sale that is there already stands as it is: it is corrected, not imported anew.
ONLY_ADDED = {"SalesRecord"}


def send(api, resource, rows, content_type=NDJSON, **params):
    answer = api.post(resource.imports.template, data=FILES[content_type](rows), content_type=content_type, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counts(report):
    return {name: report[name] for name in ("created", "updated", "unchanged", "rejected") if report[name]}


def everything(api, resource):
    return api.walk(resource.lists.template, limit=200)


def found(api, resource, body):
    """The one object that is what the body says."""
    (made,) = [item for item in everything(api, resource) if not told(body, item)]
    return made


def own_members(resource):
    return (*OWN, *resource.keys(), *resource.references(), *INSTEAD.get(resource.schema, dict)())


@pytest.mark.parametrize("content_type", FILES)
@pytest.mark.of("imports", "creates")
def test_what_an_import_adds_is_what_a_create_would_have_made(api, maker, resource, content_type):
    created = maker.make(resource.schema)
    row = maker.body(resource.schema)

    report = send(api, resource, [row], content_type)

    assert counts(report) == {"created": 1}
    assert without(found(api, resource, row), *own_members(resource)) == without(created, *own_members(resource))


@pytest.mark.of("imports", "creates")
def test_rows_that_say_nothing_new_change_nothing(api, maker, resource):
    rows = [maker.body(resource.schema) for _ in range(2)]
    send(api, resource, rows)
    before = everything(api, resource)

    report = send(api, resource, rows)

    assert counts(report) == {"unchanged": 2}
    assert everything(api, resource) == before


@pytest.mark.parametrize("content_type", FILES)
@pytest.mark.of("imports", "creates", "lists")
def test_an_export_that_is_imported_again_changes_nothing(api, maker, resource, content_type):
    for _ in range(2):
        maker.make(resource.schema)
    before = everything(api, resource)
    exported = api.get(resource.lists.template, accept=content_type)
    assert exported.status_code == 200

    answer = api.post(resource.imports.template, data=exported.content, content_type=content_type)

    assert answer.status_code == 200, answer.text
    assert answer.json()["errors"] == []
    assert counts(answer.json()) == {"unchanged": len(before)}
    assert everything(api, resource) == before


@pytest.mark.of("imports", "creates", "updates", where=lambda resource: resource.schema not in ONLY_ADDED)
def test_rows_of_what_is_there_change_it(api, maker, resource):
    rows = [maker.body(resource.schema) for _ in range(2)]
    send(api, resource, rows)
    change = {name: value for name, value in maker.change(resource.schema).items() if value is not None}

    report = send(api, resource, [{**rows[0], **change}, rows[1]])

    assert counts(report) == {"updated": 1, "unchanged": 1}
    found(api, resource, {**rows[0], **change})


def spare(resource):
    """The members that a row need not have and that tell no object from another."""
    kept = {*resource.keys(), *resource.references(), *resource.contract.document["components"]["schemas"][resource.schema].get("x-key", ())}
    required = resource.body_schema().get("required", ())
    return [name for name in resource.example() if name not in {*kept, *required}]


@pytest.mark.parametrize("content_type", FILES)
@pytest.mark.of("imports", "creates", where=lambda resource: resource.schema not in ONLY_ADDED and spare(resource))
def test_what_a_row_does_not_name_stays_whatever_others_name(api, maker, resource, content_type):
    known = maker.body(resource.schema)
    send(api, resource, [known])
    before = found(api, resource, known)
    short = {name: value for name, value in known.items() if name not in spare(resource)}

    report = send(api, resource, [short, maker.body(resource.schema)], content_type)

    assert counts(report) == {"created": 1, "unchanged": 1}
    assert [item for item in everything(api, resource) if item["id"] == before["id"]] == [before]


def takes_away(resource):
    """The members of the example that may be null."""
    members = resource.body_schema()["properties"]
    return [name for name in spare(resource) if is_nullable(resource.contract, members[name])]


@pytest.mark.parametrize("content_type", FILES)
@pytest.mark.of("imports", "creates", where=lambda resource: resource.schema not in ONLY_ADDED and takes_away(resource))
def test_what_a_row_says_is_nothing_is_taken_away(api, maker, resource, content_type):
    known = maker.body(resource.schema)
    send(api, resource, [known])
    before = found(api, resource, known)
    empty = {**known, **dict.fromkeys(takes_away(resource))}

    kept = send(api, resource, [empty], CSV)
    report = send(api, resource, [empty], content_type, **({"blank": "erase"} if content_type == CSV else {}))

    (after,) = [item for item in everything(api, resource) if item["id"] == before["id"]]
    assert (counts(kept), counts(report)) == ({"unchanged": 1}, {"updated": 1})
    assert {name: after[name] for name in takes_away(resource)} == dict.fromkeys(takes_away(resource))


@pytest.mark.of("imports", "creates")
def test_a_row_that_is_refused_stops_no_other(api, maker, resource):
    good, bad = maker.body(resource.schema), maker.body(resource.schema)
    required = resource.body_schema()["required"][-1]
    del bad[required]

    report = send(api, resource, [bad, good])

    assert counts(report) == {"created": 1, "rejected": 1}
    assert {(fault["line"], fault["pointer"]) for fault in report["errors"]} == {(1, f"/{required}")}
    found(api, resource, good)


@pytest.mark.of("imports", "creates", where=lambda resource: resource.references().keys() & resource.example().keys())
def test_a_row_that_names_nobody_is_refused_with_the_member_that_did(api, maker, resource):
    named = [name for name in resource.references() if name in resource.example()]

    report = send(api, resource, [{**maker.body(resource.schema), name: "NOBODY"} for name in named])

    assert counts(report) == {"rejected": len(named)}
    assert [fault["pointer"] for fault in report["errors"]] == [f"/{name}" for name in named]


@pytest.mark.of("imports", "creates")
def test_an_atomic_import_takes_all_rows_or_none(api, maker, resource):
    good, bad = maker.body(resource.schema), maker.body(resource.schema)
    del bad[resource.body_schema()["required"][-1]]

    report = send(api, resource, [good, bad], atomic="true")

    assert counts(report) == {"rejected": 1}
    assert [item for item in everything(api, resource) if not told(good, item)] == []


@pytest.mark.of("imports", "creates")
def test_a_dry_run_tells_what_the_run_does_and_does_nothing(api, maker, resource):
    there, new, bad = (maker.body(resource.schema) for _ in range(3))
    send(api, resource, [there])
    del bad[resource.body_schema()["required"][-1]]
    before = everything(api, resource)

    trial = send(api, resource, [there, new, bad], dry_run="true")

    assert everything(api, resource) == before
    report = send(api, resource, [there, new, bad])
    assert without(trial, "id", "dry_run") == without(report, "id", "dry_run")
    assert counts(report) == {"created": 1, "unchanged": 1, "rejected": 1}


@pytest.mark.of("imports", "creates")
def test_an_import_is_replayed_by_its_key(api, maker, resource):
    body, key = ndjson_of([maker.body(resource.schema)]), f"an import of {resource.schema}"
    first, second = (api.post(resource.imports.template, data=body, content_type=NDJSON, idempotency_key=key) for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
