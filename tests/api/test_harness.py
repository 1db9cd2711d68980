"""The tests' own judge: an answer outside the contract does not pass, whatever the test itself looks at."""
import copy
import json
import types

import pytest
from requests.structures import CaseInsensitiveDict

from support.builders import make_region
from support.contract import Contract

SHARES_SERVER = True

PROBLEM = {
    "type": "/problems/not_found", "title": "T", "status": 404, "detail": "D", "instance": "/v1/regions/x", "request_id": "0198c0de-aaaa-7000-8000-00000000002a", "code": "not_found",
}


@pytest.fixture
def judge(contract):
    return Contract(copy.deepcopy(contract.document))


@pytest.fixture
def region(api):
    return make_region(api)


def answer_of(body, status=200, content_type="application/json", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Request-Id": "0198c0de-aaaa-7000-8000-00000000002a", "Content-Type": content_type, "ETag": '"1"', **headers}
    return types.SimpleNamespace(status_code=status, text=text, content=text.encode(), headers=CaseInsensitiveDict(headers))


def judged(judge, answer, target="/v1/regions/x", method="GET"):
    judge.check(answer, method, target)


def test_a_good_answer_passes_and_is_counted(judge, region):
    judged(judge, answer_of(region))

    assert judge.seen == {("getRegion", 200)}


@pytest.mark.parametrize("change", [
    {"id": "x"}, {"version": 1.0}, {"version": "1"}, {"created_at": "2026-01-01T00:00:00"}, {"created_at": "2026-01-01T00:00:00+00:00"},
    {"created_at": "2026-02-30T00:00:00Z"}, {"secret": 1}, {"name": None}, {"parent_id": "x"}, {"code": ""},
])
def test_a_member_that_breaks_the_schema_fails(judge, region, change):
    with pytest.raises(AssertionError):
        judged(judge, answer_of({**region, **change}))


def test_a_missing_member_fails_unless_fields_were_asked_for(judge, region):
    partial = {name: region[name] for name in ("id", "version", "code")}

    judged(judge, answer_of(partial), "/v1/regions/x?fields=code")
    with pytest.raises(AssertionError):
        judged(judge, answer_of(partial))
    with pytest.raises(AssertionError):
        judged(judge, answer_of({"code": "x"}), "/v1/regions/x?fields=code")


@pytest.mark.parametrize("text", ['{"version": 1.5}', '{"version": NaN}', '{"version": 1, "version": 1}', '{"version": 1e3}', "{", ""])
def test_json_that_is_not_strict_fails(judge, text):
    with pytest.raises((AssertionError, ValueError)):
        judged(judge, answer_of(text), "/v1/regions/x?fields=version")


@pytest.mark.parametrize("status", [202, 302, 418, 500, 501])
def test_a_status_that_is_not_declared_fails(judge, region, status):
    with pytest.raises(AssertionError):
        judged(judge, answer_of({**PROBLEM, "status": status} if status > 399 else region, status, "application/problem+json"))


def test_a_media_type_that_is_not_declared_fails(judge, region):
    with pytest.raises(AssertionError):
        judged(judge, answer_of(region, content_type="text/html"))


@pytest.mark.parametrize("name", ["Request-Id", "ETag"])
def test_a_missing_header_fails(judge, region, name):
    answer = answer_of(region)
    del answer.headers[name]

    with pytest.raises(AssertionError):
        judged(judge, answer)


@pytest.mark.parametrize("change", [
    {}, {"status": 400}, {"request_id": "other"}, {"instance": "/v1/regions/x?q=1"}, {"type": "/problems/other"}, {"detail": None}, {"sql": "select"},
])
def test_a_problem_says_what_the_answer_says(judge, change):
    answer = answer_of({**PROBLEM, **change}, 404, "application/problem+json")

    if not change:
        judged(judge, answer)
    else:
        with pytest.raises(AssertionError):
            judged(judge, answer)


def test_every_line_of_ndjson_is_judged(judge, region):
    good = json.dumps(region)

    judged(judge, answer_of(f"{good}\n{good}\n", content_type="application/x-ndjson"), "/v1/regions")
    with pytest.raises(AssertionError):
        judged(judge, answer_of(f"{good}\n{{}}\n", content_type="application/x-ndjson"), "/v1/regions")
