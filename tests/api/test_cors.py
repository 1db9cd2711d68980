"""CORS: pages of the configured origins may call, and may read errors, too."""
import pytest

from support.builders import a_region, make_region
from support.server import ORIGIN

EXPOSED = {"ETag", "Link", "Location", "Request-Id", "Retry-After", "Idempotency-Replayed", "WWW-Authenticate"}


def words(answer, name):
    return {word.strip() for word in answer.headers.get(name, "").split(",") if word.strip()}


def is_allowed(answer):
    assert answer.headers.get("Access-Control-Allow-Origin") == ORIGIN
    assert EXPOSED <= words(answer, "Access-Control-Expose-Headers")
    assert "Origin" in words(answer, "Vary")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    return True


def test_an_answer_may_be_read_by_a_configured_origin(api):
    assert is_allowed(api.get("/v1/regions", origin=ORIGIN))


def test_every_configured_origin_may_read(api):
    answer = api.get("/v1/regions", origin="https://admin.example.com")

    assert answer.headers["Access-Control-Allow-Origin"] == "https://admin.example.com"


def test_an_error_may_be_read_too(api):
    region = make_region(api)
    answers = [
        api.anonymous().get("/v1/regions", origin=ORIGIN),
        api.as_role("analyst").post("/v1/regions", json=a_region(), origin=ORIGIN),
        api.get("/v1/regions?nonsense=1", origin=ORIGIN),
        api.get("/v1/nothing", origin=ORIGIN),
        api.request("PUT", "/v1/regions", origin=ORIGIN),
        api.post("/v1/regions", json=a_region(code=region["code"]), origin=ORIGIN),
        api.patch(f"/v1/regions/{region['id']}", json={}, origin=ORIGIN),
        api.patch(f"/v1/regions/{region['id']}", json={}, origin=ORIGIN, if_match='"9"'),
        api.post("/v1/regions", data=b"x" * (1 << 20 | 1), content_type="application/json", origin=ORIGIN),
        api.post("/v1/regions", data=b"x", content_type="text/plain", origin=ORIGIN),
        api.post("/v1/regions", json=a_region(parent_code="NO"), origin=ORIGIN),
        api.raw("GET", "/v1/%2f", [("Origin", ORIGIN)]),
    ]

    assert [answer.status_code for answer in answers] == [401, 403, 400, 404, 405, 409, 428, 412, 413, 415, 422, 400]
    assert all(is_allowed(answer) for answer in answers)


def test_every_kind_of_success_may_be_read(api):
    created = api.post("/v1/regions", json=a_region(), idempotency_key="cors", origin=ORIGIN)
    path = created.headers["Location"]
    answers = [
        created,
        api.get(path, origin=ORIGIN, if_none_match='"1"'),
        api.get("/v1/regions", origin=ORIGIN, accept="text/csv"),
        api.head(path, origin=ORIGIN),
        api.delete(path, origin=ORIGIN, if_match="*"),
        api.get("/healthz", origin=ORIGIN),
    ]

    assert [answer.status_code for answer in answers] == [201, 304, 200, 200, 204, 200]
    assert all(is_allowed(answer) for answer in answers)


def test_a_replay_may_be_read(api):
    body = a_region()
    api.post("/v1/regions", json=body, idempotency_key="cors replay")

    assert is_allowed(api.post("/v1/regions", json=body, idempotency_key="cors replay", origin=ORIGIN))


@pytest.mark.parametrize("origin", [
    "https://evil.example.com", "https://portal.example.com.evil.com", "http://portal.example.com", "https://portal.example.com:8443",
    "https://PORTAL.example.com.", "https://portal.example.co", "null", "*", "https://xportal.example.com", "https://portal.example.com/",
])
def test_another_origin_may_not_read(api, origin):
    answer = api.get("/v1/regions", origin=origin)

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]
    assert "Origin" in words(answer, "Vary")


def test_without_an_origin_the_answer_varies_all_the_same(api):
    answer = api.get("/v1/regions")

    assert "Origin" in words(answer, "Vary")
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path, method", [("/v1/regions", "POST"), ("/v1/regions/x", "PATCH"), ("/v1/sales-records", "GET")])
def test_a_preflight_names_what_is_allowed(api, path, method):
    headers = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization, content-type, if-match"}

    answer = api.anonymous().options(path, origin=ORIGIN, headers=headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in words(answer, "Access-Control-Allow-Methods")
    assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Request-Id"} <= words(
        answer, "Access-Control-Allow-Headers")
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


def test_a_preflight_of_another_origin_names_nothing(api):
    headers = {"Access-Control-Request-Method": "POST"}

    answer = api.anonymous().options("/v1/regions", origin="https://evil.example.com", headers=headers)

    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]
