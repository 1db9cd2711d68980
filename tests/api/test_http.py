"""HTTP as such: methods, paths, headers that come twice, and what every answer carries."""
import re
import time
import uuid

import pytest

from support.builders import a_region, make_region

SHARES_SERVER = True


def auth(api):
    return ("Authorization", f"Bearer {api.key}")


def refused(answer, status=400, code="bad_request"):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return True


@pytest.mark.parametrize("path", [
    "/v1/regions%2f", "/v1%2Fregions", "/v1/regions/%00", "/v1/regions%5cx", "/v1/regions%5Cx", "/v1/regions/%", "/v1/regions/%4",
    "/v1/regions/%zz", "/v1/regions/%ff", "/v1/regions\\x", "/v1/regions/%c0%af", "/%2e%2e%2fetc", "/docs/..%2f..%2fetc%2fpasswd",
])
def test_an_escape_that_hides_something_is_refused(api, path):
    assert refused(api.raw("GET", path, [auth(api)]))


@pytest.mark.parametrize("path", [
    "/v1", "/v1/", "/v1/regions/", "/v1//regions", "/V1/regions", "/v1/Regions", "/v1/regions/x/y", "/v2/regions", "/v1/regions;a=b",
    "/v1/./regions", "/v1/x/../regions", "/docs/../etc/passwd", "/docs/", "/.git/config", "/v1/partners/status", "/" + "x" * 3000,
])
def test_a_path_that_is_not_there_is_not_found(api, path):
    answer = api.raw("GET", path, [auth(api)])

    assert answer.status_code in ((404, 400) if path == "/v1/partners/status" else (404,))


def test_an_escaped_path_is_never_another_path(api):
    """What means the same may be found or not, but nothing may be reached that the plain path would not reach."""
    for path in ("/v1/%72egions", "/v1/regions%20", "/v1/regions%3Flimit=1"):
        assert api.raw("GET", path, [auth(api)]).status_code in (200, 404)


def test_a_fragment_of_nothing_is_not_found_without_a_key_too(api):
    assert refused(api.anonymous().get("/v1/nothing"), 404, "not_found")


@pytest.mark.parametrize("name, value", [("Authorization", "Bearer other"), ("Idempotency-Key", "other")])
def test_a_header_that_may_stand_once_is_refused_twice(api, name, value):
    headers = [auth(api), ("Content-Type", "application/json"), ("Idempotency-Key", "one"), (name, value)]

    assert refused(api.raw("POST", "/v1/regions", headers, b'{"code": "TWICE", "name": "N"}'))
    assert api.get("/v1/regions", params={"code": "TWICE"}).json()["data"] == []


@pytest.mark.parametrize("name", ["If-Match", "Content-Type"])
def test_a_header_that_decides_is_refused_twice(api, name):
    path = f"/v1/regions/{make_region(api)['id']}"
    headers = [auth(api), ("If-Match", '"1"'), ("Content-Type", "application/merge-patch+json"), (name, '"2"' if name == "If-Match" else "text/csv")]

    answer = api.raw("PATCH", path, headers, b'{"name": "N"}')

    assert answer.status_code == 400


def test_a_header_is_read_in_any_case(api):
    answer = api.raw("GET", "/v1/regions", [("aUTHORIZATION", f"bEARER {api.key}")])

    assert answer.status_code == 200


def test_a_connection_goes_on_after_a_refusal(api):
    statuses = [api.get(path).status_code for path in ("/v1/regions", "/v1/nothing", "/v1/regions?limit=0", "/v1/regions")]

    assert statuses == [200, 404, 400, 200]


def test_a_connection_goes_on_after_a_refused_body(api):
    one = api.twin()

    for _ in range(3):
        assert one.post("/v1/regions", data=b"x" * 200_000, content_type="application/xml").status_code == 415
        assert one.post("/v1/regions", json=a_region()).status_code == 201


def test_head_of_what_is_missing_is_404_without_a_body(api):
    answer = api.head(f"/v1/regions/{uuid.uuid4()}")

    assert (answer.status_code, answer.content) == (404, b"")


def test_a_get_never_changes_anything(api, contract):
    before = len(api.walk("/v1/audit-log", limit=200))

    for operation in contract.operations:
        if operation.method == "GET" and "{" not in operation.template:
            api.get(operation.template)

    assert len(api.walk("/v1/audit-log", limit=200)) == before


def test_the_contract_is_served_as_it_is_enforced(api, contract):
    answer = api.anonymous().get("/openapi.json")

    assert answer.json() == contract.document
    assert answer.json()["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    "sent, trace_id, parent_id",
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None, None),
        ("nonsense", None, None),
    ],
)
def test_a_trace_goes_on_in_the_log_and_an_invalid_one_begins_anew(api, server, sent, trace_id, parent_id):
    answer = api.get("/v1/regions", headers={"traceparent": sent})

    (line,) = logged(server, answer.headers["Request-Id"])
    assert line.get("parent_id") == parent_id
    assert line["trace_id"] == (trace_id or answer.headers["Request-Id"].replace("-", ""))
    assert re.fullmatch("[0-9a-f]{16}", line["span_id"])


def test_the_spans_of_two_requests_differ(api, server):
    answers = [api.get("/v1/regions", headers={"Request-Id": str(uuid.UUID(int=7))}) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {200}
    lines = logged(server, str(uuid.UUID(int=7)), count=2)
    assert len({line["span_id"] for line in lines}) == len({line["trace_id"] for line in lines}) == 2


def logged(server, request_id, count=1):
    """The lines of the log about a request; they are written behind the answer."""
    deadline = time.monotonic() + 10
    while len(lines := [line for line in server.log() if line.get("request_id") == request_id]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return lines


def test_health_and_readiness_need_no_key(api):
    assert api.anonymous().get("/healthz").json() == {"status": "ok"}
    assert api.anonymous().get("/readyz").json() == {"status": "ready"}


def test_metrics_count_what_was_answered(api):
    answered = r'qudao_requests_total\{operation="listMembers"[^}]*\}'
    before = api.metric(answered)

    for _ in range(5):
        api.get("/v1/members")

    assert api.metric(answered) == before + 5


def test_metrics_tell_of_the_database(api):
    before = api.metric("qudao_segments_total")

    for _ in range(5):
        api.get("/v1/members")

    deadline = time.monotonic() + 5  # each worker adds its counters up now and then
    while time.monotonic() < deadline and api.metric("qudao_segments_total") < before + 5:
        time.sleep(0.1)
    assert api.metric("qudao_segments_total") >= before + 5
    assert api.metric("qudao_lanes") > 0


def test_metrics_are_in_the_format_of_prometheus(api):
    types = {}
    for line in api.get("/metrics").text.splitlines():
        if line.startswith("# TYPE"):
            types[line.split()[2]] = line.split()[3]
        elif not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert float(value) >= 0
            base = name.split("{")[0]
            assert any(base == known or base.removesuffix(suffix) == known for known in types for suffix in ("_bucket", "_sum", "_count"))

    assert set(types.values()) <= {"counter", "gauge", "histogram"}


def test_the_documentation_is_a_page_that_loads_its_files_from_here(api):
    page = api.anonymous().get("/docs").text
    files = [file for file in re.findall(r'(?:src|href)="([^"#]+)"', page) if not file.startswith("data:")]

    assert files and not any(file.startswith(("http:", "https:", "//")) for file in files)
    for file in files:
        path = file if file.startswith("/") else f"/{file.removeprefix('./')}"
        assert api.anonymous().get(path).status_code == 200, path


@pytest.mark.parametrize("language, tag, said", [("en", "en", "Documentation"), ("zh", "zh-CN", "接口契约")])
def test_the_front_page_leads_to_documentation_contract_and_health(api, language, tag, said):
    answer = api.anonymous().get("/", accept_language=language)

    assert (answer.status_code, answer.headers["Content-Type"], answer.headers["Content-Language"]) == (200, "text/html; charset=utf-8", tag)
    assert answer.headers["Content-Security-Policy"] == api.get("/docs").headers["Content-Security-Policy"]
    assert f'<html lang="{tag}">' in answer.text and said in answer.text and "<script" not in answer.text
    links = re.findall(r'<a href="([^"]+)"', answer.text)
    assert links == ["/docs", "/openapi.json", "/healthz"]
    assert {api.anonymous().get(link).status_code for link in links} == {200}


def test_every_problem_has_a_page(api):
    for code in ("not_found", "invalid_request", "region_code_taken", "idempotency_key_reused", "internal_error", "outcome_unknown"):
        assert api.anonymous().get(f"/problems/{code}").json()["code"] == code


def test_an_instant_ends_in_z_whatever_the_time_zone_of_the_database(api, database):
    assert database("show timezone")[0].TimeZone != "UTC"
    region = make_region(api)

    (row,) = database("select created_at at time zone 'UTC' as utc from region where id = %s", region["id"])

    assert region["created_at"].rstrip("Z")[:19] == row.utc.isoformat()[:19]
