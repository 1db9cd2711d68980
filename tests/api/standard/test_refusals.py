"""What holds for every operation, whatever its resource: the refusals, generated from the contract."""
import uuid

import pytest

from support.client import CSV, PROBLEM
from support.contract import ACCEPTED_BY, woven

SHARES_SERVER = True

BODY_LIMIT = 1 << 20


@pytest.fixture(scope="module")
def ids(contract, maker):
    """The id of an object of each kind, by the path below which it is found."""
    read = [resource for resource in contract.resources.values() if resource.reads]
    return {resource.path.rpartition("/")[2]: maker.make(resource.schema)["id"] for resource in read}


@pytest.fixture
def operation(request, contract):
    return contract.by_id[request.param]


def examples(operation):
    content = operation.document.get("requestBody", {}).get("content", {})
    return {media_type: part["example"] for media_type, part in content.items()}


def each(is_meant):
    """Runs a test once for each operation for which it holds."""
    return pytest.mark.parametrize("operation", [o.id for o in woven().operations if is_meant(o)], indirect=True)


def every(operation):
    return True


def needs_a_key(operation):
    return bool(operation.security)


def needs_a_scope(operation):
    return bool(operation.security and operation.security[0]["key"])


def has_a_body(operation):
    return "requestBody" in operation.document


def is_of_one_object(operation):
    return "{" in operation.template


def takes(name):
    return lambda operation: name in operation.parameters()


def queries(operation):
    return [name for name, parameter in operation.parameters().items() if parameter["in"] == "query"]


def sent_by(*methods):
    return lambda operation: operation.method in methods


def path_of(operation, ids, missing=False):
    path = operation.template.replace("{file}", "swagger-ui.css").replace("{code}", "not_found")
    path = path.replace("{name}", "nothing" if missing else "fold-rollups")
    resource = path.split("/")[2] if path.startswith("/v1/") else None
    return path.replace("{id}", str(uuid.uuid4()) if missing else ids.get(resource, "")).replace("{number}", "1")


def call(caller, operation, path, **options):
    """A request that would be accepted but for what the options say."""
    for media_type, example in list(examples(operation).items())[:1]:
        is_text = isinstance(example, str)
        options.setdefault("content_type", media_type)
        if "data" not in options:
            options |= {"data": example.encode()} if is_text else {"json": example}
    if "If-Match" in operation.parameters():
        options.setdefault("if_match", '"1"')
    return caller.request(operation.method, path, **options)


def is_problem(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    return True


@each(needs_a_key)
def test_without_a_key_there_is_no_access(api, operation, ids):
    answer = call(api.anonymous(), operation, path_of(operation, ids))

    assert is_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@each(needs_a_key)
def test_an_unknown_key_gives_no_access(api, operation, ids):
    answer = call(api.caller("qd_nobody_knows_this_key_at_all_0000"), operation, path_of(operation, ids))

    assert is_problem(answer, 401, "unauthorized")


def test_a_token_does_wherever_a_key_is_asked_for(contract):
    schemes = contract.document["components"]["securitySchemes"]
    asking = [operation for operation in contract.operations if operation.security]

    assert {name: (scheme["scheme"], scheme.get("bearerFormat")) for name, scheme in schemes.items()} == {
        "key": ("bearer", None), "token": ("bearer", "JWT"),
    }
    assert len(asking) > 50
    for operation in asking:
        scopes = operation.security[0]["key"]
        assert operation.security == [{"key": scopes}, {"token": scopes}], operation.id


@each(needs_a_scope)
def test_a_key_needs_the_scope(api, operation, ids):
    (scope,) = operation.security[0]["key"]
    other = "regions:read" if scope != "regions:read" else "products:read"

    answer = call(api.as_role("admin", scopes=[other]), operation, path_of(operation, ids))

    assert is_problem(answer, 403, "forbidden")


@each(every)
def test_an_unknown_parameter_is_refused(api, operation, ids):
    answer = call(api, operation, path_of(operation, ids), params={"nonsense": "1"})

    assert is_problem(answer, 400, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "?nonsense"


@each(queries)
def test_an_empty_parameter_is_refused(api, operation, ids):
    names = queries(operation)
    answer = api.raw(
        operation.method,
        path_of(operation, ids) + "?" + "&".join(f"{name}=" for name in names),
        [("Authorization", f"Bearer {api.key}"), ("Content-Type", next(iter(examples(operation)), "text/csv"))],
        b"" if operation.method == "GET" else b"code,name\n",
    )

    assert is_problem(answer, 400, "invalid_request")
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {f"?{name}" for name in names}


@each(lambda operation: "{id}" in operation.template)
def test_an_id_that_is_none_is_refused(api, operation):
    answer = call(api, operation, operation.template.replace("{id}", "not-an-id").replace("{number}", "1"))

    assert is_problem(answer, 400, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/id"


@each(is_of_one_object)
def test_what_does_not_exist_is_not_found(api, operation, ids):
    path = path_of(operation, ids, missing=True).replace("swagger-ui.css", "nothing.css").replace("/not_found", "/nothing")

    answer = call(api, operation, path)

    assert is_problem(answer, 404, "not_found")


@each(lambda operation: operation.method == "GET" and "{id}/" in operation.template)
def test_a_missing_object_is_not_found_in_any_format(api, operation, ids):
    for accept in ("text/csv", "application/x-ndjson"):
        answer = call(api, operation, path_of(operation, ids, missing=True), accept=accept)

        assert is_problem(answer, 404, "not_found")


@each(lambda operation: has_a_body(operation) and CSV not in examples(operation))
def test_a_body_may_not_be_too_large(api, operation, ids):
    answer = call(api, operation, path_of(operation, ids), data=b" " * (BODY_LIMIT + 1))

    assert is_problem(answer, 413, "payload_too_large")


@each(has_a_body)
def test_a_media_type_that_is_not_declared_is_refused(api, operation, ids):
    answer = call(api, operation, path_of(operation, ids), content_type="application/xml")

    assert is_problem(answer, 415, "unsupported_media_type")
    accepted = answer.headers[ACCEPTED_BY[operation.method]]
    assert {part.strip() for part in accepted.split(",")} == set(examples(operation))


@each(sent_by("GET", "DELETE"))
def test_a_body_where_none_is_expected_is_refused(api, operation, ids):
    answer = call(api, operation, path_of(operation, ids), json={})

    assert answer.status_code in (400, 415)


@each(takes("If-Match"))
def test_a_change_needs_if_match(api, operation, ids):
    answer = call(api, operation, path_of(operation, ids), if_match=None)

    assert is_problem(answer, 428, "precondition_required")


@each(takes("If-Match"))
def test_a_change_of_another_version_is_refused_with_the_current_etag(api, operation, ids):
    for stale in ('"7"', 'W/"1"', '"1', "1", '""', '"-1"', '"99999999999999999999"'):
        answer = call(api, operation, path_of(operation, ids), if_match=stale)

        assert is_problem(answer, 412, "precondition_failed")
        assert answer.headers["ETag"] == '"1"'


@each(lambda operation: {"If-None-Match", "fields"} <= operation.parameters().keys())
def test_what_the_caller_has_is_not_sent_again(api, operation, ids):
    path = path_of(operation, ids)
    etag = api.get(path).headers["ETag"]

    for header in (etag, f"W/{etag}", f'"0", {etag}', "*"):
        answer = api.get(path, if_none_match=header)

        assert (answer.status_code, answer.headers["ETag"]) == (304, etag)
    assert api.get(path, if_none_match='"99"').status_code == 200
    assert api.get(path, if_none_match=etag, params={"fields": "id"}).status_code == 200


@each(sent_by("GET"))
def test_head_is_get_without_a_body(api, operation, ids):
    path = path_of(operation, ids)

    got, head = api.get(path), api.head(path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    varying = {"Request-Id", "Date"} | ({"Content-Length"} if operation.id in ("getMetrics", "getClock") else set())
    varying |= {"Connection"} if operation.id == "getExportFile" else set()  # a stream without chunks ends its connection
    assert {n: v for n, v in head.headers.items() if n not in varying} == {n: v for n, v in got.headers.items() if n not in varying}


@each(every)
def test_options_names_the_methods(api, contract, operation, ids):
    methods = {o.method for o in contract.operations if o.template == operation.template}

    answer = api.options(path_of(operation, ids))

    assert (answer.status_code, answer.content) == (204, b"")
    allowed = {method.strip() for method in answer.headers["Allow"].split(",")}
    assert allowed == methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


@each(every)
def test_another_method_is_refused_with_those_that_are_allowed(api, contract, operation, ids):
    methods = {o.method for o in contract.operations if o.template == operation.template}

    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"} - methods:
        answer = api.request(method, path_of(operation, ids))

        assert is_problem(answer, 405, "method_not_allowed")
        assert methods <= {allowed.strip() for allowed in answer.headers["Allow"].split(",")}


@pytest.fixture(scope="module")
def caller_id(database):
    (row,) = database("select id from api_key order by created_at limit 1")
    return row.id


@each(sent_by("POST"))
def test_a_key_of_another_request_is_refused(api, operation, ids, database, caller_id):
    key = f"reused by {operation.id}"
    database(
        "insert into idempotency_key (caller_id, key, request_hash, status, headers, body) values (%s, %s, 'other', 200, '', '')",
        caller_id, key,
    )

    answer = call(api, operation, path_of(operation, ids), idempotency_key=key)

    assert is_problem(answer, 422, "idempotency_key_reused")


@each(sent_by("POST"))
def test_a_key_of_a_request_under_way_is_refused_for_now(api, operation, ids, database, caller_id):
    key = f"under way for {operation.id}"
    lock = f"hashtextextended('{caller_id} {key}', 0)"
    database(f"select pg_advisory_lock({lock})")

    answer = call(api, operation, path_of(operation, ids), idempotency_key=key)

    database(f"select pg_advisory_unlock({lock})")
    assert is_problem(answer, 409, "idempotency_in_progress")
    assert int(answer.headers["Retry-After"]) > 0


@each(sent_by("POST"))
def test_an_idempotency_key_is_1_to_255_printable_characters(api, operation, ids):
    for bad in ("x" * 256, '""', '" "x"'):
        answer = call(api, operation, path_of(operation, ids), idempotency_key=bad)

        assert is_problem(answer, 400, "invalid_request")


@each(every)
def test_a_problem_comes_as_a_problem_whatever_is_accepted(api, operation, ids):
    answer = call(api, operation, path_of(operation, ids), params={"nonsense": "1"}, accept="text/csv")

    assert answer.headers["Content-Type"] == PROBLEM


def test_every_operation_says_that_it_may_be_refused_for_asking_too_often(contract):
    assert [operation.id for operation in contract.operations if "429" not in operation.document["responses"]] == []


GROWING = {"custom": "custom_too_many", "external_refs": "external_refs_too_many"}


@pytest.mark.of("creates", "updates", where=lambda resource: GROWING.keys() & resource.body_schema("updates")["properties"].keys())
def test_what_grows_by_changes_has_an_end(api, maker, resource):
    """A merge patch adds to such a member, so no single body says how large it gets."""
    address = maker.address(resource.schema, maker.make(resource.schema))
    for name in GROWING.keys() & resource.body_schema("updates")["properties"].keys():
        half, other = ({name: {f"{part}{i}": "x" for i in range(60)}} for part in "ab")
        assert api.patch(address, json=half, if_match="*").status_code == 200

        refused = api.patch(address, json=other, if_match="*")

        assert (refused.status_code, refused.json()["code"]) == (422, GROWING[name])
