"""What is no acceptable JSON is refused as such, and never stored, half read or crashed on."""
import gzip

import pytest

from support.builders import a_region, make_region

SHARES_SERVER = True

MIB = 1 << 20


def refused(answer, status=400, code="invalid_json"):
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    return answer.json()


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"}", b'{"code": "A"', b'{"code" "A"}', b'{"code": "A",}', b"{'code': 'A'}", b'{code: "A"}', b"[1,]",
    b'{"code": "A" /* no */}', b'{"code": tru}', b'{"code": 01}', b'{"code": +1}', b'{"code": .5}', b'{"code": "\t"}', b'{"code": "\\x"}',
])
def test_what_is_no_json_is_refused(api, body):
    refused(api.raw_json(body))


def test_a_member_may_come_only_once(api):
    refused(api.raw_json(b'{"code": "A", "name": "N", "code": "B"}'))


def test_a_member_may_come_only_once_in_a_nested_object(api):
    refused(api.raw_json(b'{"code": "A", "name": "N", "custom": {"x": 1, "x": 1}}'))


def test_a_member_may_come_only_once_however_it_is_written(api):
    refused(api.raw_json(b'{"code": "A", "name": "N", "\\u0063ode": "B"}'))


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-"])
def test_a_number_is_finite(api, number):
    refused(api.raw_json(b'{"code": "A", "name": "N", "custom": {"x": ' + number + b"}}"))


def test_an_integer_too_large_is_refused(api):
    answer = api.raw_json(b'{"code": "A", "name": "N", "custom": {"x": 99999999999999999999999}}')

    assert answer.status_code == 400


def test_the_largest_integers_come_back_exactly(api):
    region = make_region(api, custom={"most": 2**63 - 1, "least": -(2**63), "beyond": 2**53 + 1})

    assert region["custom"] == {"most": 2**63 - 1, "least": -(2**63), "beyond": 2**53 + 1}


def test_32_levels_are_read(api):
    answer = api.raw_json(b'{"custom": ' + b"[" * 31 + b"]" * 31 + b"}")

    assert refused(answer, 400, "invalid_request")["errors"]


@pytest.mark.parametrize("depth", [33, 1000, 500000])
def test_33_levels_are_refused(api, depth):
    refused(api.raw_json(b"[" * depth + b"]" * depth))


def test_brackets_within_strings_are_no_levels(api):
    region = make_region(api, custom={"x": "[" * 100 + '\\"{'})

    assert region["custom"]["x"] == "[" * 100 + '\\"{'


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe5\x8d"])
def test_invalid_utf8_is_refused(api, bad):
    refused(api.raw_json(b'{"code": "A", "name": "x' + bad + b'y"}'))


@pytest.mark.parametrize("bad", [b"\\ud800", b"\\udc00", b"\\udc00\\ud800", b"\\ud800\\ud800", b"\\ud800x"])
def test_a_lone_surrogate_is_refused(api, bad):
    refused(api.raw_json(b'{"code": "A", "name": "x' + bad + b'y"}'))


def test_a_pair_of_surrogates_is_one_character(api):
    answer = api.raw_json(b'{"code": "PAIR", "name": "\\ud83d\\ude00"}')

    assert answer.json()["name"] == "😀"


@pytest.mark.parametrize("bad", [b"\x00", b"\\u0000"])
def test_u0000_is_refused_in_a_string(api, bad):
    refused(api.raw_json(b'{"code": "A", "name": "x' + bad + b'y"}'))


def test_u0000_is_refused_in_a_name(api):
    refused(api.raw_json(b'{"code": "A", "name": "N", "custom": {"x\\u0000y": 1}}'))


@pytest.mark.parametrize("tail", [b"x", b"{}", b" 1", b"\x00", b"\xef\xbb\xbf", b"]"])
def test_nothing_follows_the_value(api, tail):
    refused(api.raw_json(b'{"code": "A", "name": "N"}' + tail))


def test_a_byte_order_mark_is_refused(api):
    refused(api.raw_json(b'\xef\xbb\xbf{"code": "A", "name": "N"}'))


def test_white_space_around_the_value_is_fine(api):
    answer = api.raw_json(b' \r\n\t{"code": "SPACE", "name": "N"} \r\n')

    assert answer.status_code == 201


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_the_body_is_an_object(api, body):
    refused(api.raw_json(body), 400, "invalid_request")


def test_a_body_of_1_mib_is_read(api):
    start, end = b'{"code": "A", "name": "', b'"}'
    answer = api.raw_json(start + b"x" * (MIB - len(start) - len(end)) + end)

    assert refused(answer, 400, "invalid_request")["errors"][0]["pointer"] == "/name"


def test_a_body_over_1_mib_is_refused(api):
    refused(api.raw_json(b'{"code": "A", "name": "' + b"x" * MIB + b'"}'), 413, "payload_too_large")


def test_a_body_far_too_large_is_answered_each_time(api):
    """The refusal comes while the client still sends; it must not be lost in a reset."""
    for _ in range(20):
        refused(api.raw_json(b"x" * (8 * MIB)), 413, "payload_too_large")


def test_a_chunked_body_over_1_mib_is_refused(api):
    answer = api.post("/v1/regions", data=(b"x" * 65536 for _ in range(20)), content_type="application/json")

    refused(answer, 413, "payload_too_large")


def test_a_chunked_body_is_read(api):
    parts = (part.encode() for part in ('{"code": "CHUNKED",', ' "name": "', "华", '为"}'))

    answer = api.post("/v1/regions", data=parts, content_type="application/json")

    assert (answer.status_code, answer.json()["name"]) == (201, "华为")


def test_a_character_of_every_length_comes_back(api):
    name = "a é 华 😀 ‮ ￿"

    region = make_region(api, name=name)

    assert api.get(f"/v1/regions/{region['id']}").json()["name"] == name


@pytest.mark.parametrize("charset", ["charset=utf-8", 'charset="UTF-8"', "Charset=utf8", "version=1; charset=utf-8"])
def test_utf_8_as_the_charset_of_the_media_type_is_fine(api, charset):
    answer = api.post("/v1/regions", json=a_region(), content_type=f"application/json; {charset}")

    assert answer.status_code == 201


@pytest.mark.parametrize("charset", ["charset=gb18030", 'charset="iso-8859-1"', "version=1;CHARSET=utf-16", "charset=", "charset=utf-8; charset=gbk"])
@pytest.mark.parametrize("media_type, path", [
    ("application/json", "regions"), ("text/csv", "regions/import"), ("application/x-ndjson", "regions/import"),
])
def test_a_body_in_another_charset_is_refused_and_not_read_as_utf_8(api, media_type, path, charset):
    answer = api.post(f"/v1/{path}", data=b'{"code":"A","name":"A"}', content_type=f"{media_type}; {charset}")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.json()["detail"] == "Send the body in UTF-8."


def test_the_media_type_is_read_in_any_case(api):
    answer = api.post("/v1/regions", json=a_region(), content_type="Application/JSON")

    assert answer.status_code == 201


def test_a_body_needs_its_media_type(api):
    answer = api.raw("POST", "/v1/regions", [("Authorization", f"Bearer {api.key}")], b'{"code": "A", "name": "N"}')

    refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("path, content_type", [("/v1/regions", "application/json"), ("/v1/regions/import", "text/csv")])
def test_an_encoded_body_is_refused_and_told_what_is_taken(api, path, content_type):
    answer = api.post(path, data=gzip.compress(b"code,name\nA,B\n"), content_type=content_type, headers={"Content-Encoding": "gzip"})

    refused(answer, 415, "unsupported_media_type")
    assert answer.headers["Accept-Encoding"] == "identity"


def test_identity_is_no_encoding(api):
    assert api.post("/v1/regions", json=a_region(), headers={"Content-Encoding": "Identity"}).status_code == 201


def test_a_patch_needs_its_own_media_type(api):
    region = make_region(api)

    answer = api.patch(f"/v1/regions/{region['id']}", json={"name": "N"}, content_type="application/json", if_match="*")

    refused(answer, 415, "unsupported_media_type")
    assert answer.headers["Accept-Patch"] == "application/merge-patch+json"
