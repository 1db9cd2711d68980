"""Compressed answers: who gets one, that it says the same, and what its ETag is good for."""
import zlib

import pytest
import requests

from support.builders import make_partner, make_region
from support.client import CSV, NDJSON

SERVER_SETTINGS = {"QUDAO_COMPRESS_BYTES": "400"}
REGIONS = 450  # more than two pages of an export


@pytest.fixture(scope="module")
def path(api):
    """An object of more than the 400 bytes from which this server compresses."""
    path = f"/v1/partners/{make_partner(api)['id']}"
    assert len(api.get(path).content) > 400
    return path


@pytest.fixture(scope="module", autouse=True)
def regions(api):
    for _ in range(REGIONS):
        make_region(api)


def is_compressed(answer):
    return answer.headers.get("Content-Encoding") == "gzip"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.1", "*", "identity;q=0, gzip"])
def test_who_accepts_gzip_gets_the_same_answer_compressed(api, path, accepted):
    plain, packed = api.get(path), api.get(path, accept_encoding=accepted)

    assert is_compressed(packed) and packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < len(plain.content)
    assert packed.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "*;q=0", "br", "gzip;q=0.1, identity"])
def test_who_does_not_accept_it_gets_the_plain_answer(api, path, accepted):
    answer = api.get(path, accept_encoding=accepted)

    assert not is_compressed(answer) and answer.headers["ETag"] == '"1"'


def test_who_says_nothing_gets_the_plain_answer(api, path):
    answer = api.raw("GET", path, [("Authorization", f"Bearer {api.key}")])

    assert not is_compressed(answer) and answer.json() == api.get(path).json()


def test_both_answers_say_that_they_depend_on_it(api, path):
    for accepted in ("gzip", "identity"):
        answer = api.get(path, accept_encoding=accepted)
        same = api.get(path, accept_encoding=accepted, if_none_match=answer.headers["ETag"])

        for one in (answer, same):
            assert "Accept-Encoding" in one.headers["Vary"].split(", ")


def test_a_small_answer_stays_as_it_is(api):
    answer = api.get(f"/v1/regions/{make_region(api)['id']}", accept_encoding="gzip", params={"fields": "code"})

    assert len(answer.content) < 400 and not is_compressed(answer)


def test_the_etag_of_a_compressed_answer_is_good_for_reading_and_writing(api, path):
    etag = api.get(path, accept_encoding="gzip").headers["ETag"]

    for header in (etag, f"W/{etag}", f'"0", {etag}'):
        answer = api.get(path, if_none_match=header, accept_encoding="gzip")

        assert (answer.status_code, answer.headers["ETag"], answer.content) == (304, etag, b"")
    partner = f"/v1/partners/{make_partner(api)['id']}"
    changed = api.patch(partner, json={"name": "Changed"}, if_match=api.get(partner, accept_encoding="gzip").headers["ETag"])
    assert changed.status_code == 200


def test_head_says_what_a_compressed_get_says(api, path):
    got, head = (api.request(method, path, accept_encoding="gzip") for method in ("GET", "HEAD"))

    varying = {"Request-Id", "Date"}
    assert is_compressed(head) and head.content == b""
    assert {n: v for n, v in head.headers.items() if n not in varying} == {n: v for n, v in got.headers.items() if n not in varying}


@pytest.mark.parametrize("accept", [CSV, NDJSON])
def test_an_export_is_compressed_while_it_is_sent(api, accept):
    plain = api.get("/v1/regions", accept=accept)
    packed = api.get("/v1/regions", accept=accept, accept_encoding="gzip")
    # Without `api`, which reads the body.
    headers = {"Authorization": f"Bearer {api.key}", "Accept": accept, "Accept-Encoding": "gzip"}
    raw = requests.get(f"{api.url}/v1/regions", headers=headers, stream=True).raw.read(decode_content=False)

    whole = zlib.decompressobj(wbits=31)
    assert is_compressed(packed) and "Content-Length" not in packed.headers
    assert whole.decompress(raw) == plain.content == packed.content and whole.eof
    assert len(raw) < len(plain.content) / 3


def test_a_replayed_answer_is_compressed_for_who_accepts_it_now(api):
    body = {"code": "PACKED", "name": "N" * 200}
    made = api.post("/v1/regions", json=body, idempotency_key="packed")

    again = api.post("/v1/regions", json=body, idempotency_key="packed", accept_encoding="gzip")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == made.json()
    assert is_compressed(again) and not is_compressed(made)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/swagger-ui-bundle.js", "/v1/enums"])
def test_what_never_changes_is_compressed_too(api, path):
    plain, packed, again = api.get(path), api.get(path, accept_encoding="gzip"), api.get(path, accept_encoding="gzip")

    assert is_compressed(packed) and is_compressed(again)
    assert packed.content == again.content == plain.content
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))


def test_compressed_enums_are_not_sent_again_while_they_are_the_same(api):
    etag = api.get("/v1/enums", accept_encoding="gzip").headers["ETag"]

    assert etag.endswith('-gzip"')
    assert api.get("/v1/enums", accept_encoding="gzip", if_none_match=etag).status_code == 304
