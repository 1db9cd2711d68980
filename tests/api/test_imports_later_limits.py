"""How large a file may be that is imported later, and how many may wait for one caller."""
import pytest

from support.builders import make_partner
from support.later import accepted, kept, members, put_off, slow, wait_until
from support.contract import woven

pytestmark = pytest.mark.waits

BYTES, WAITING = 4096, 3
SERVER_SETTINGS = {"QUDAO_IMPORT_BYTES": str(BYTES), "QUDAO_CALLER_IMPORTS": str(WAITING)}
PATHS = [operation.template for operation in woven().operations if "x-imports" in operation.document]


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_is_put_off_may_not_be_too_large(api, database, path):
    file = b"code\n" + b"x\n" * BYTES

    answer = put_off(api, path.split("/")[2], file)

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert str(BYTES) in answer.json()["detail"]
    assert database("select count(*) from import")[0][0] == kept(database) == 0


def test_one_that_is_just_small_enough_is_taken_and_one_that_is_not_put_off_may_be_larger(api):
    file = members("FITS", 300)

    assert put_off(api, "members", file[:BYTES], params={"dry_run": "true"}).status_code == 202
    assert len(file) > BYTES and api.post("/v1/members/import", data=file, content_type="text/csv").json()["created"] == 300


def test_a_caller_has_so_many_imports_waiting(api, database):
    caller = api.caller(api.new_key("admin")["key"])
    slow(database, True)
    waiting = [accepted(put_off(caller, "members", members(f"CROWD-{number}", 1))) for number in range(WAITING)]

    refused = put_off(caller, "members", members("CROWD-TOO", 1))
    other = put_off(api, "members", members("OTHER", 1))

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_imports")
    assert other.status_code == 202
    slow(database, False)
    for import_ in [*waiting, accepted(other)]:
        assert wait_until(api, import_)["status"] == "succeeded"
    assert put_off(caller, "members", members("CROWD-TOO", 1)).status_code == 202


def test_who_asks_again_with_a_key_is_not_refused_for_what_the_key_began(api, database):
    caller = api.caller(api.new_key("admin")["key"])
    keyed = {"headers": {"Idempotency-Key": "once"}}
    slow(database, True)
    waiting = [accepted(put_off(caller, "members", members(f"AGAIN-{number}", 1), **keyed if number == 0 else {})) for number in range(WAITING)]

    again = put_off(caller, "members", members("AGAIN-0", 1), **keyed)

    slow(database, False)
    assert (again.status_code, again.headers["Idempotency-Replayed"], again.json()["id"]) == (202, "true", waiting[0]["id"])
    for import_ in waiting:
        assert wait_until(api, import_)["status"] == "succeeded"


def customer(partner, code):
    return f"code,name,partner_code\n{code},Customer,{partner['code']}\n".encode()


def test_the_keys_of_a_partner_share_its_place(api, database):
    partner = make_partner(api)
    callers = [api.caller(api.new_key("partner", partner_id=partner["id"])["key"]) for _ in range(2)]
    slow(database, True, 8)
    ahead = accepted(put_off(api, "members", members("AHEAD", 1)))
    waiting = [accepted(put_off(callers[0], "customers", customer(partner, f"SHARE-{number}"))) for number in range(WAITING)]

    refused = put_off(callers[1], "customers", customer(partner, "SHARE-TOO"))

    slow(database, False)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_imports")
    for import_ in [ahead, *waiting]:
        assert wait_until(api, import_)["status"] == "succeeded"
