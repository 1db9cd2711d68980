"""Who asks: what every caller may read about itself."""
import time

import pytest

from support.builders import make_member

SHARES_SERVER = True


def me(caller):
    answer = caller.get("/v1/me")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_key_reads_what_it_is(api, acme):
    made = api.new_key("partner", partner_id=acme["id"], scopes=["sales-records:read", "contacts:write"], expires_at="2099-01-02T03:04:05.678901Z")

    mine = me(api.caller(made["key"]))

    assert mine.pop("last_used_at") is None
    assert mine == {
        "kind": "api_key", "id": made["id"], "name": made["name"], "role": "partner",
        "partner_id": acme["id"], "partner_code": acme["code"], "partner_name": acme["name"], "manager_id": None, "manager_code": None,
        "scopes": ["sales-records:read", "contacts:write"], "permissions": ["contacts:write", "sales-records:read"],
        "expires_at": "2099-01-02T03:04:05.678901Z",
    }


def test_a_manager_reads_whose_partners_it_writes(api):
    member = make_member(api)

    mine = me(api.as_manager(member))

    assert (mine["role"], mine["manager_id"], mine["manager_code"]) == ("manager", member["id"], member["code"])
    assert (mine["partner_id"], mine["partner_code"], mine["partner_name"], mine["expires_at"]) == (None, None, None, None)


@pytest.mark.parametrize("role", ["admin", "manager", "analyst", "partner"])
@pytest.mark.parametrize("scopes", [[], ["regions:write"], ["webhooks:read", "webhooks:write"]])
def test_every_caller_reads_it_whatever_it_may(api, acme, role, scopes):
    members = {"partner_id": acme["id"]} if role == "partner" else {}

    mine = me(api.as_role(role, scopes=scopes, **members))

    assert (mine["role"], mine["scopes"]) == (role, scopes)


@pytest.mark.parametrize("role", ["admin", "manager", "analyst", "partner"])
@pytest.mark.parametrize("scopes", [[], ["regions:read", "products:write", "analytics:read"]])
def test_permissions_are_those_that_operations_grant(api, contract, acme, role, scopes):
    caller = api.as_role(role, scopes=scopes, **({"partner_id": acme["id"]} if role == "partner" else {}))

    permissions = me(caller)["permissions"]

    assert permissions == sorted(set(permissions))
    for operation in contract.operations:
        if operation.method == "GET" and "{" not in operation.template and operation.security and operation.security[0]["key"]:
            (scope,) = operation.security[0]["key"]
            status = caller.get(operation.template).status_code
            assert (scope in permissions) == (status != 403), scope
    known = {scope for operation in contract.operations for entry in operation.security or [] for scopes in entry.values() for scope in scopes}
    if role == "admin" and not scopes:
        assert set(permissions) == known


def test_who_is_nobody_is_refused(api):
    assert api.anonymous().get("/v1/me").status_code == 401
    assert api.caller("qd_nobody_knows_this_key_at_all_0000").get("/v1/me").status_code == 401


def test_when_it_was_last_used_is_known_soon(api, acme):
    caller = api.caller(api.new_key("partner", partner_id=acme["id"])["key"])
    deadline = time.monotonic() + 30

    while me(caller)["last_used_at"] is None and time.monotonic() < deadline:
        time.sleep(0.25)

    assert me(caller)["last_used_at"] is not None


def test_a_partner_reads_the_use_of_its_own_keys_only(api, database, acme, zenith):
    own, other = (api.new_key("partner", partner_id=partner["id"]) for partner in (acme, zenith))
    for key in (own, other):
        database("insert into api_key_use (api_key_id, last_used_at) values (%s, '2026-01-01')", key["id"])

    seen = database(
        "set local role qudao_partner; select set_config('app.partner_id', %s, true); select api_key_id::text as id from api_key_use", acme["id"],
    )

    assert own["id"] in {row.id for row in seen} and other["id"] not in {row.id for row in seen}


@pytest.mark.parametrize("name", ["渠" * 200, "x" + "渠" * 199, "🚲" * 200])
def test_a_key_may_have_a_long_name_in_any_script(api, name):
    assert me(api.as_role("analyst", name=name))["name"] == name
