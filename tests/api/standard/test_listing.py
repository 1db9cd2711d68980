"""Every list: in each order, by each filter, in each format."""
import csv
import io
import json
import re

import pytest

from support.client import CSV, NDJSON

SHARES_SERVER = True

PAGES = 6
# What a list may be asked for besides its filters.
OTHERS = {"sort", "limit", "cursor", "fields", "count", "expand"}
NAMES = ("Zenith", "acme", "华为", "Acme", "𠀀", "Ωmega")
# Filters by what only more than one step leads to: test_sort_and_filter.py, and the tests of the resource.
BY_HAND = {
    "Evaluation": ("decision",),
    "SalesRecord": {"status", "returns_id", "import_id"},
    "WebhookDelivery": {"status"},
    "ApiKey": {"subject_id"},
    "PeriodLock": {"status"},
    "CalendarPeriod": {"kind"},
}


def filters(resource):
    return [name for name, parameter in resource.lists.parameters().items() if parameter["in"] == "query" and name not in OTHERS]


def by_rule(resource):
    return [name for name in filters(resource) if name not in BY_HAND.get(resource.schema, ())]


def sorts(resource):
    return resource.lists.parameters()["sort"]["schema"]["enum"]


@pytest.fixture(scope="module")
def path_of(maker):
    """Where a resource is listed: below an object, if it belongs to one."""
    paths = {}

    def path(resource):
        if resource.schema not in paths:
            paths[resource.schema] = maker.where(resource.schema) if resource.creates else resource.lists.template
        return paths[resource.schema]

    return path


@pytest.fixture(scope="module")
def fill(api, maker, path_of):
    """Makes objects that differ in whatever a list is sorted or filtered by; once for each resource."""
    filled = set()

    def make(resource):
        if resource.schema in filled:
            return
        filled.add(resource.schema)
        if not resource.creates:
            for _ in range(3):
                maker.make(resource.schema)
            return
        told = resource.body_schema()["properties"].keys() - {resource.key()}
        sorted_by = {name for name in sorts(resource) if name in told}
        bodies = [maker.body(resource.schema) for _ in range(3)]
        bodies += [maker.body(resource.schema, name=name) for name in NAMES if "name" in sorted_by]
        for name in (*by_rule(resource), *sorted_by - {"name"}):
            name = name if name in told else f"{name}s"
            bodies += [maker.body(resource.schema, **{name: maker.other(resource.schema, name)})] if name in told else []
        for body in bodies:
            maker.sent("POST", path_of(resource), json=body)

    return make


def instants(value):
    """A fraction of zero seconds is not shown, which would sort wrongly as text."""
    return re.sub(r":(\d\d)Z$", r":\1.000000Z", value) if isinstance(value, str) else value


@pytest.mark.of("lists", "reads")
def test_a_list_keeps_each_of_its_orders_over_all_pages(api, fill, path_of, resource):
    fill(resource)
    usual = api.walk(path_of(resource), limit=200)

    assert len(usual) > 2
    assert [item["id"] for item in usual] == [item["id"] for item in api.walk(path_of(resource), limit=200, sort=sorts(resource)[0])]
    for sort in sorts(resource):
        walked = api.walk(path_of(resource), sort=sort, limit=min(200, len(usual) // PAGES + 1))

        keys = [(instants(item[sort.lstrip("-")]), item["id"]) for item in walked]
        assert keys == sorted(keys, reverse=sort.startswith("-")), sort
        assert sorted(item["id"] for item in walked) == sorted(item["id"] for item in usual)


def term_of(resource):
    """The members that say for which days an object holds."""
    return ("valid_from", "valid_to") if "valid_from" in resource.properties else ("starts_on", "ends_on")


def fits(resource, name, value):
    """Of an object, whether the filter lets it through; by the name of the filter."""
    in_order_of = sorts(resource)[0].lstrip("-")
    if name == "q":
        own = resource.properties.keys() - resource.references().keys()
        return lambda item: any(value.casefold() in str(item.get(name, "")).casefold() for name in own)
    if name == "day":
        return lambda item: item["starts_on"] <= value <= item["ends_on"]
    if name == "as_of":
        first, last = term_of(resource)
        return lambda item: item[first] <= value <= (item[last] or value)
    if name == "from" or name.endswith("_from"):
        return lambda item: item[in_order_of] >= value
    if name == "to" or name.endswith("_to"):
        return lambda item: item[in_order_of] <= value
    if f"{name}s" in resource.properties:
        return lambda item: value in item[f"{name}s"]
    return lambda item: item[name] == value


def value_of(resource, name, item):
    """A value of the filter that lets this object through; None if it has none."""
    if name == "q":
        return item[resource.key()] if re.fullmatch(r"[A-Za-z0-9-]{4,}", item[resource.key()]) else None
    if name == "day":
        return item["starts_on"]
    if name == "as_of":
        return item[term_of(resource)[0]]
    if re.search("(^|_)(from|to)$", name) and name not in resource.properties:
        return item[sorts(resource)[0].lstrip("-")]
    if f"{name}s" in resource.properties:
        return next(iter(item[f"{name}s"]), None)
    return item[name]


def text(value):
    return json.dumps(value) if isinstance(value, bool) else value


@pytest.mark.of("lists", "reads", where=filters)
def test_a_filter_gives_what_it_names_and_nothing_else(api, fill, path_of, resource):
    fill(resource)
    everything = api.walk(path_of(resource), limit=200)

    for name in by_rule(resource):
        values = [value_of(resource, name, item) for item in everything]
        sets = ((value, {i["id"] for i in everything if fits(resource, name, value)(i)}) for value in dict.fromkeys(values) if value is not None)
        value, wanted = next((one for one in sets if len(one[1]) < len(everything)), (None, None))
        assert wanted, f"no value of {name} gives some but not all: let the objects differ, or test it by hand"
        given = {item["id"] for item in api.walk(path_of(resource), limit=200, **{name: text(value)})}
        assert given == wanted, (name, value)


@pytest.mark.of("lists", "reads", where=filters)
def test_a_filter_that_fits_nothing_gives_nothing(api, path_of, resource):
    for name in filters(resource):
        schema = api.contract.resolve(resource.lists.parameters()[name]["schema"])
        if "pattern" in schema and re.fullmatch(schema["pattern"], "Nobody"):
            assert api.get(path_of(resource), params={name: "Nobody"}).json()["data"] == [], name


def cells(value):
    """What stands in a cell of CSV for a member."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def unwritten(cell, value):
    """Without what keeps a table from taking it for a formula; arrays and objects may be spaced otherwise."""
    return cells(json.loads(cell)) if isinstance(value, (list, dict)) else re.sub("^'(?='*[=+@\t\r-])", "", cell)


@pytest.mark.of("lists", "reads")
def test_a_list_is_the_same_in_every_format(api, fill, path_of, resource):
    fill(resource)
    page, lines, after = None, None, []
    while page != after:  # some objects change by themselves
        page = api.get(path_of(resource), params={"limit": 200}).json()["data"]
        lines, table = (api.get(path_of(resource), params={"limit": 200}, accept=accept).text for accept in (NDJSON, CSV))
        after = api.get(path_of(resource), params={"limit": 200}).json()["data"]

    assert [json.loads(line) for line in lines.splitlines()] == page
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [list(row) for row in rows] == [list(item) for item in page]
    for row, item in zip(rows, page, strict=True):
        assert {name: unwritten(cell, item[name]) for name, cell in row.items()} == {name: cells(value) for name, value in item.items()}
