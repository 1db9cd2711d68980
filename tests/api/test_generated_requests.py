"""Requests made from the contract, right ones and nearly right ones: none is a fault of ours, no answer is outside the contract."""
import json
import urllib.parse

import hypothesis
import pytest
from hypothesis import strategies as st

from support import builders
from support.changes import changed_files, operations_of, rooms
from support.client import CSV, NDJSON
from support.contract import woven
from support.generate import Generator


OPERATIONS = woven().operations
CHANGED = operations_of(rooms(changed_files()))
# So many requests are made in all, however many operations there are: most of them of those that have changed.
BUDGET, OF_CHANGED, EXAMPLES_MAX, EXAMPLES_MIN = 1000, 700, 60, 2


def examples_of(operation):
    """How many requests an operation is worth."""
    share = min(EXAMPLES_MAX, OF_CHANGED // len(CHANGED)) if operation.id in CHANGED else 0
    rest = BUDGET - (OF_CHANGED if CHANGED else 0)
    return max(EXAMPLES_MIN, share, rest // len(OPERATIONS))


@pytest.fixture(scope="module")
def generator(api, contract):
    """It knows some things that exist, by the names that bodies and parameters have for them."""
    region, product = builders.make_region(api), builders.make_product(api)
    partner, member = builders.make_partner(api, region_code=region["code"]), builders.make_member(api)
    sale = builders.make_sale(api, partner, product)
    customer, webhook = builders.make_customer(api), builders.make_webhook(api, event_types=["webhook.test"])
    made = [region, product, partner, member, sale, customer, webhook, api.new_key("analyst")]
    made += [builders.make_contact(api, partner), builders.make_quota(api, member), builders.make_legal_entity(api)]
    known = {
        "id": [one["id"] for one in made],
        "partner_code": [partner["code"]],
        "partner_id": [partner["id"]],
        "region_code": [region["code"]],
        "parent_code": [region["code"], partner["code"]],
        "sku": [product["sku"]],
        "manager_code": [member["code"]],
        "customer_code": [customer["code"]],
        "currency": ["USD", "CNY", "JPY"],
        "sold_on": ["2026-03-01", "2024-02-29"],
        "period": ["2026-Q1", "2026-03", "2026"],
        "url": ["https://example.com/hook"],
        "list": ["/v1/regions", "/v1/sales-records?currency=USD"],
    }
    return Generator(contract, known)


def body_of(draw, generator, operation):
    """A media type and bytes of it; the bytes of a file are lines of anything."""
    content = operation.document["requestBody"]["content"]
    media_type = draw(st.sampled_from(sorted(content)))
    if media_type in (CSV, NDJSON):
        return media_type, draw(st.text(max_size=200) | st.binary(max_size=200).map(lambda some: some.decode("latin-1"))).encode(errors="replace")
    body = draw(generator.body(content[media_type]["schema"]))
    return media_type, json.dumps(body).encode()


def request_of(draw, generator, operation):
    """The path with its query, and the options of a call."""
    path, query, headers, options = operation.template, [], {}, {}
    for parameter in operation.parameters().values():
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", urllib.parse.quote(draw(generator.parameter(parameter)), safe=""))
        elif parameter["in"] == "query" and draw(st.booleans() if not parameter.get("required") else st.just(True)):
            query.append((parameter["name"], draw(generator.parameter(parameter))))
    if "If-Match" in operation.parameters():
        headers["If-Match"] = draw(st.sampled_from(['"1"', '"2"', "*", "W/\"1\"", "1"]))
    if "requestBody" in operation.document:
        headers["Content-Type"], options["data"] = body_of(draw, generator, operation)
    return path + ("?" + urllib.parse.urlencode(query) if query else ""), {**options, "headers": headers}


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.id for operation in OPERATIONS])
def test_no_request_is_a_fault_of_ours(api, contract, generator, operation):
    operation = contract.by_id[operation.id]  # with its parameters as they are served

    @hypothesis.settings(max_examples=examples_of(operation), deadline=None, derandomize=True, database=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(st.data())
    def send(data):
        path, options = request_of(data.draw, generator, operation)

        answer = api.request(operation.method, path, **options)

        assert answer.status_code < 500, (path, options, answer.text)

    send()


def test_bodies_that_fit_are_mostly_taken(api, contract, generator):
    """Otherwise the requests above would all end at the same check."""
    taken = []

    @hypothesis.settings(max_examples=50, deadline=None, derandomize=True, database=None)
    @hypothesis.given(generator.value({"$ref": "#/components/schemas/NewRegion"}))
    def send(body):
        body.pop("parent_code", None)
        body.pop("parent_id", None)
        taken.append(api.post("/v1/regions", json=body).status_code in (201, 409))

    send()
    assert sum(taken) > len(taken) / 2
