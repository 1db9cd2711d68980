"""What people read comes in Chinese or English, as they ask for."""
import re
import uuid

import pytest

from support import builders
from support.client import PROBLEM

SHARES_SERVER = True

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("asked, language", [
    (None, "en"), ("", "en"), ("en", "en"), ("en-GB", "en"), ("de", "en"), ("*", "en"), ("zh-CN", "zh-CN"), ("zh", "zh-CN"), ("ZH-cn", "zh-CN"),
    ("zh-Hans", "zh-CN"), ("zh-Hans-CN", "zh-CN"), ("zh-TW", "zh-CN"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"), ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
    ("en;q=0.5, zh;q=0.7", "zh-CN"), ("zh;q=0.5,en;q=0.5", "zh-CN"), ("en;q=0.5,zh;q=0.5", "en"), ("de, zh;q=0.1", "zh-CN"), ("zh;q=0", "en"),
    ("zh;q=0, en;q=0", "en"), ("de;q=1, *;q=0.5", "en"), ("zhuang", "en"), ("z", "en"), ("zh;q=nan", "en"), ("zh;q=1e99", "en"), (",,;q=1,-,zh", "zh-CN"),
])
def test_the_language_is_the_one_that_is_wanted_most(api, asked, language):
    answer = api.get("/v1/nothing", accept_language=asked)

    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    assert answer.json()["title"] == {"en": "There is no such thing", "zh-CN": "没有这个对象"}[language]


@pytest.fixture(scope="module")
def refusals(api, acme):
    """A request for each kind of refusal."""
    region = builders.make_region(api)
    path = f"/v1/regions/{region['id']}"
    return {
        "invalid_request": ("POST", "/v1/regions", {"json": {"nam": "x", "code": ""}}),
        "invalid_json": ("POST", "/v1/regions", {"data": b"{", "content_type": "application/json"}),
        "invalid_cursor": ("GET", "/v1/regions", {"params": {"cursor": "x"}}),
        "unauthorized": ("GET", "/v1/regions", {"headers": {"Authorization": None}}),
        "not_found": ("GET", f"/v1/regions/{uuid.uuid4()}", {}),
        "method_not_allowed": ("PUT", "/v1/regions", {}),
        "region_code_taken": ("POST", "/v1/regions", {"json": {"code": region["code"], "name": "x"}}),
        "region_unknown": ("POST", "/v1/regions", {"json": builders.a_region(parent_code="NONE")}),
        "precondition_failed": ("PATCH", path, {"json": {"name": "x"}, "if_match": '"9"'}),
        "precondition_required": ("PATCH", path, {"json": {"name": "x"}}),
        "unsupported_media_type": ("POST", "/v1/regions", {"data": b"{}", "content_type": "text/plain"}),
        "payload_too_large": ("POST", "/v1/regions", {"data": b" " * (1 << 20) + b" ", "content_type": "application/json"}),
        "unknown_columns": ("POST", "/v1/regions/import", {"data": b"code,nmae\nA,B\n", "content_type": "text/csv"}),
        "invalid_file": ("POST", "/v1/regions/import", {"data": b'code,name\nA,"B\n', "content_type": "text/csv"}),
    }


def test_every_refusal_is_told_in_both_languages(api, refusals):
    for code, (method, path, options) in refusals.items():
        english, chinese = (api.request(method, path, accept_language=language, **dict(options)) for language in ("en", "zh-CN"))

        assert (english.json()["code"], chinese.json()["code"]) == (code, code)
        assert english.status_code == chinese.status_code
        assert (english.headers["Content-Language"], chinese.headers["Content-Language"]) == ("en", "zh-CN")
        told = [english.json(), chinese.json()]
        texts = [[p["title"], p["detail"], *(fault["detail"] for fault in p.get("errors", []))] for p in told]
        assert not [text for text in texts[0] if CHINESE.search(text)]
        assert not [text for text in texts[1] if not CHINESE.search(text)], code
        places = [[(fault["pointer"], fault["code"]) for fault in p.get("errors", [])] for p in told]
        assert places[0] == places[1]


def test_faults_name_their_values(api):
    body = {"nam": "x", "code": "", "parent_id": 5, "custom": {"a": [1]}}

    faults = {fault["pointer"]: fault["detail"] for fault in api.post("/v1/regions", json=body, accept_language="zh").json()["errors"]}

    assert faults["/nam"] == "nam 不是此处的字段；是否想写 name？"
    assert faults["/code"] == "code 不能为空"
    assert faults["/name"] == "name 必填"
    assert faults["/parent_id"] == "parent_id 必须是字符串或null，而不是整数"


def test_values_of_parameters_and_members_are_told_in_chinese(api, acme, product):
    answer = api.get("/v1/partners", params={"status": "gone", "limit": "0", "nonsense": "1"}, accept_language="zh")

    faults = {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}
    assert faults["?status"].startswith("status 必须是以下之一：prospect、onboarding、active")
    assert faults["?limit"] == "limit 必须不小于 1"
    assert faults["?nonsense"] == "nonsense 不是 listPartners 的参数"


def test_the_rows_of_a_file_are_judged_in_chinese(api):
    file = b"code,name\n,North\nB\n"

    errors = api.post("/v1/regions/import", data=file, content_type="text/csv", accept_language="zh").json()["errors"]

    assert [(fault["line"], fault["detail"]) for fault in errors] == [(2, "code 必填"), (3, "该行有 1 个单元格，表头有 2 个。")]


def test_a_replay_is_the_answer_as_it_was(api):
    region = builders.make_region(api)
    body, key = {"code": region["code"], "name": "x"}, str(uuid.uuid4())
    first = api.post("/v1/regions", json=body, idempotency_key=key, accept_language="zh")

    again = api.post("/v1/regions", json=body, idempotency_key=key, accept_language="en")

    assert (again.status_code, again.headers["Idempotency-Replayed"], again.headers["Content-Language"]) == (409, "true", "zh-CN")
    assert again.content == first.content
    assert again.json()["title"] == "已有使用此编码的区域"


def test_the_page_of_a_problem_speaks_both_languages(api):
    pages = [api.anonymous().get("/problems/region_in_use", accept_language=language) for language in ("en", "zh")]

    assert [page.json()["title"] for page in pages] == ["The region is in use", "区域正在使用"]
    assert [page.headers["Content-Language"] for page in pages] == ["en", "zh-CN"]


def test_what_is_refused_before_it_is_understood_is_told_in_chinese(api):
    answer = api.raw("GET", "/v1/%00", [("Accept-Language", "zh-CN")])

    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["detail"]) == (400, PROBLEM, "路径含有不允许的转义。")


def test_objects_have_no_language(api):
    answer = api.get("/v1/regions", accept_language="zh-CN")

    assert "Content-Language" not in answer.headers
    assert "Accept-Language" not in answer.headers.get("Vary", "")
