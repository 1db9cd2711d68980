"""Keys that look after the keys of their partner: what they may, and every way to get at more."""
import datetime
import itertools
import time
import uuid

import pytest

from support.builders import a_region, a_webhook, make_member, make_partner

SHARES_SERVER = True

MANAGING = ["api-keys:read", "api-keys:write"]
SCOPES = [*MANAGING, "regions:read", "sales-records:read", "webhooks:write", "exports:read", "exports:write"]
numbers = itertools.count(1)


def instant(**delta):
    return (datetime.datetime.utcnow() + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def family(api):
    """Four partners, the key under test belongs to `own`; a key of each, and some of the vendor's."""
    parent = make_partner(api)
    own = make_partner(api, parent_code=parent["code"])
    partners = {"parent": parent, "own": own, "child": make_partner(api, parent_code=own["code"]), "sibling": make_partner(api, parent_code=parent["code"])}
    keys = {kinship: api.new_key("partner", partner_id=partner["id"], scopes=["regions:read"]) for kinship, partner in partners.items()}
    keys |= {role: api.new_key(role) for role in ("admin", "manager", "analyst")}
    return {"partners": partners, "keys": keys}


@pytest.fixture
def key(api, family):
    return api.new_key("partner", partner_id=family["partners"]["own"]["id"], scopes=SCOPES)


@pytest.fixture
def admin(api, key):
    """Who looks after the keys of `own`."""
    return api.caller(key["key"])


def create(caller, **members):
    return caller.post("/v1/api-keys", json={"name": f"Key {next(numbers)}", "role": "partner", "scopes": ["regions:read"], **members})


def is_beyond(answer, *pointers):
    assert (answer.status_code, answer.json()["code"]) == (403, "beyond_own_rights"), answer.text
    assert {fault["pointer"] for fault in answer.json().get("errors", [])} == set(pointers)
    return True


def state_of(database):
    return database("select md5(string_agg(k::text, ',' order by k.id)) as all from api_key k")[0].all


def test_a_partner_makes_a_key_for_itself_unless_it_says_otherwise(api, admin, family):
    own, child = family["partners"]["own"], family["partners"]["child"]

    for members, partner in (({}, own), ({"partner_code": own["code"]}, own), ({"partner_id": child["id"]}, child)):
        answer = create(admin, **members)

        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["role"], made["partner_id"], made["partner_code"], made["scopes"]) == ("partner", partner["id"], partner["code"], ["regions:read"])
        mine = api.caller(made["key"]).get("/v1/me").json()
        assert (mine["partner_id"], mine["permissions"]) == (partner["id"], ["regions:read"])
        assert api.get(f"/v1/api-keys/{made['id']}").json()["partner_id"] == partner["id"]


def test_a_partner_sees_the_keys_of_itself_and_of_those_below(admin, key, family):
    ids = {listed["id"] for listed in admin.walk("/v1/api-keys", limit=2)}

    assert {family["keys"]["own"]["id"], family["keys"]["child"]["id"], key["id"]} <= ids
    assert not {family["keys"][name]["id"] for name in ("parent", "sibling", "admin", "manager", "analyst")} & ids


def test_a_partner_rotates_and_revokes_the_keys_of_itself_and_of_those_below(api, admin, family):
    for kinship in ("own", "child"):
        made = api.new_key("partner", partner_id=family["partners"][kinship]["id"], scopes=["regions:read"])

        new = admin.post(f"/v1/api-keys/{made['id']}/rotate", json={})
        gone = admin.delete(f"/v1/api-keys/{made['id']}")

        assert (new.status_code, gone.status_code) == (201, 204)
        assert new.json()["partner_id"] == family["partners"][kinship]["id"]
        assert api.caller(new.json()["key"]).get("/v1/regions").status_code == 200
        assert api.get(f"/v1/api-keys/{made['id']}").json()["revoked_at"] is not None


def test_what_a_partner_does_with_keys_is_logged_under_its_name(database, admin, key):
    made = create(admin).json()
    admin.post(f"/v1/api-keys/{made['id']}/rotate", json={})

    rows = database("select actor_id::text as actor, operation, (after ? 'secret_hash') as tells from audit_log where object_id = %s order by at", made["id"])

    assert [tuple(row) for row in rows] == [(key["id"], "createApiKey", False), (key["id"], "rotateApiKey", False)]


def test_without_the_scope_in_its_name_a_partners_key_has_nothing_to_do_with_keys(api, family):
    own = family["partners"]["own"]
    for scopes in ([], ["regions:read"], ["api-keys:read"]):
        caller = api.as_role("partner", partner_id=own["id"], scopes=scopes)
        target = f"/v1/api-keys/{family['keys']['own']['id']}"

        reads = 200 if "api-keys:read" in scopes else 403
        assert [caller.get("/v1/api-keys").status_code, caller.get(target).status_code] == [reads] * 2
        assert [create(caller).status_code, caller.post(f"{target}/rotate", json={}).status_code, caller.delete(target).status_code] == [403] * 3
        assert ("api-keys:read" in caller.get("/v1/me").json()["permissions"]) == (reads == 200)


@pytest.mark.parametrize("scope", MANAGING)
@pytest.mark.parametrize("role", ["manager", "analyst"])
def test_other_roles_have_nothing_to_do_with_keys_whatever_their_scopes(api, family, role, scope):
    caller = api.as_role(role, scopes=[scope])

    assert caller.get("/v1/api-keys").status_code == create(caller).status_code == 403
    assert caller.delete(f"/v1/api-keys/{family['keys']['own']['id']}").status_code == 403


@pytest.mark.parametrize("whose", ["parent", "sibling", "admin", "manager", "analyst"])
def test_anothers_key_is_the_same_as_a_missing_one(admin, database, family, whose):
    before = state_of(database)
    for id in (family["keys"][whose]["id"], str(uuid.uuid4())):
        path = f"/v1/api-keys/{id}"

        answers = [admin.get(path), admin.get(path, params={"fields": "id"}), admin.get(path, if_none_match="*"), admin.delete(path),
                   admin.post(f"{path}/rotate", json={}), admin.post(f"{path}/rotate", json={"overlap_seconds": 0, "expires_at": None})]

        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}
        assert {str(sorted(answer.json())) for answer in answers} == {str(sorted(answers[0].json()))}
    assert state_of(database) == before


@pytest.mark.parametrize("whose", ["parent", "sibling", None])
def test_a_key_for_another_partner_is_refused_as_for_an_unknown_one(admin, database, family, whose):
    partner = family["partners"].get(whose, {"id": str(uuid.uuid4()), "code": "NOBODY"})
    own, before = family["partners"]["own"], state_of(database)

    for members, pointer, code in (
        ({"partner_id": partner["id"]}, "/partner_id", "partner_unknown"), ({"partner_code": partner["code"]}, "/partner_code", "partner_unknown"),
        ({"partner_id": own["id"], "partner_code": partner["code"]}, "/partner_code", "partner_unknown"),
    ):
        answer = create(admin, **members)

        assert answer.status_code == 422 and "existing_id" not in answer.json()
        assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]
    assert state_of(database) == before


@pytest.mark.parametrize("members, pointers", [
    ({"role": "admin"}, ["/role"]), ({"role": "manager"}, ["/role"]), ({"role": "analyst"}, ["/role"]),
    ({"scopes": []}, ["/scopes"]), ({"scopes": ["regions:write"]}, ["/scopes"]), ({"scopes": ["regions:read", "contacts:read"]}, ["/scopes"]),
    ({"scopes": [*SCOPES, "audit-log:read"]}, ["/scopes"]), ({"role": "admin", "scopes": ["settings:write"]}, ["/role", "/scopes"]),
    ({"manager_code": "MINE"}, ["/manager_code"]),
])
def test_a_key_with_more_rights_than_its_maker_is_refused(api, admin, database, members, pointers):
    if "manager_code" in members:
        members = {"manager_code": make_member(api)["code"]}
    before = state_of(database)

    assert is_beyond(create(admin, **members), *pointers)

    assert state_of(database) == before


def test_a_key_without_a_word_on_its_scopes_would_have_more_rights_than_its_maker(admin):
    assert is_beyond(admin.post("/v1/api-keys", json={"name": "N", "role": "partner"}), "/scopes")


def test_a_key_may_give_all_that_it_has_and_so_on(api, admin, family):
    second = create(admin, scopes=SCOPES, partner_id=family["partners"]["child"]["id"]).json()
    third = create(api.caller(second["key"]), scopes=MANAGING).json()

    assert third["partner_id"] == family["partners"]["child"]["id"]
    assert is_beyond(create(api.caller(third["key"])), "/scopes")
    seen = {key["id"] for key in api.caller(third["key"]).walk("/v1/api-keys")}
    assert {second["id"], third["id"]} <= seen and family["keys"]["own"]["id"] not in seen
    assert api.caller(third["key"]).post(f"/v1/api-keys/{second['id']}/rotate", json={}).status_code == 403


@pytest.mark.parametrize("scopes", [[], [*SCOPES, "contacts:write"], ["webhooks:read"]])
def test_a_key_with_more_rights_is_not_rotated_but_may_be_revoked(api, admin, family, scopes):
    stronger = api.new_key("partner", partner_id=family["partners"]["own"]["id"], scopes=scopes)
    path = f"/v1/api-keys/{stronger['id']}"

    assert is_beyond(admin.post(f"{path}/rotate", json={}))

    assert api.get(path).json()["replaced_by_id"] is None
    assert admin.delete(path).status_code == 204


def test_a_key_that_ends_gives_nothing_that_lasts_longer(api, family):
    own = family["partners"]["own"]
    for role, members in (("partner", {"partner_id": own["id"], "scopes": SCOPES}), ("admin", {})):
        end = instant(hours=2)
        made = api.new_key(role, expires_at=end, **members)
        caller = api.caller(made["key"])
        target = api.new_key("partner", partner_id=own["id"], scopes=["regions:read"])
        wanted = {"partner_id": own["id"]}

        assert create(caller, **wanted, expires_at=end).status_code == 201
        assert create(caller, **wanted, expires_at=instant(hours=1)).status_code == 201
        for too_late in ({"expires_at": instant(hours=3)}, {"expires_at": None}, {}):
            assert is_beyond(create(caller, **wanted, **too_late), "/expires_at")
        for too_late in ({"expires_at": instant(hours=3)}, {"expires_at": None}):
            assert is_beyond(caller.post(f"/v1/api-keys/{target['id']}/rotate", json=too_late), "/expires_at")
        assert caller.post(f"/v1/api-keys/{target['id']}/rotate", json={}).json()["expires_at"] == end


def test_a_key_does_not_prolong_itself(api, family):
    end = instant(hours=2)
    made = api.new_key("partner", partner_id=family["partners"]["own"]["id"], scopes=SCOPES, expires_at=end)

    new = api.caller(made["key"]).post(f"/v1/api-keys/{made['id']}/rotate", json={}).json()

    assert new["expires_at"] == end


def test_a_narrowed_admin_gives_only_what_it_has(api, acme):
    narrowed = api.as_role("admin", scopes=["api-keys:write", "partners:read"])

    assert create(narrowed, role="admin", scopes=["partners:read"]).status_code == 201
    assert create(narrowed, partner_id=acme["id"], scopes=["partners:read"]).status_code == 201
    assert is_beyond(create(narrowed, role="admin", scopes=[]), "/scopes")
    assert is_beyond(create(narrowed, role="analyst", scopes=["regions:read"]), "/scopes")
    assert is_beyond(narrowed.post(f"/v1/api-keys/{api.new_key('admin')['id']}/rotate", json={}))


def test_lists_in_every_form_show_no_other_keys(api, admin, family):
    foreign = [family["keys"][name] for name in ("parent", "sibling", "admin", "manager", "analyst")]
    texts = [admin.get("/v1/api-keys", accept=accept, params={"limit": 200, **sort}).text
             for accept in ("application/json", "text/csv", "application/x-ndjson") for sort in ({}, {"sort": "created_at"})]
    export = admin.post("/v1/exports", json={"list": "/v1/api-keys", "format": "csv"}).json()
    while admin.get(f"/v1/exports/{export['id']}").json()["status"] in ("queued", "running"):
        time.sleep(0.1)
    texts.append(admin.get(f"/v1/exports/{export['id']}/file").text)

    for text in texts:
        assert family["keys"]["own"]["id"] in text and family["keys"]["child"]["id"] in text
        assert not [key["name"] for key in foreign if key["id"] in text or key["prefix"] in text]


def test_a_cursor_of_the_vendors_list_opens_nothing(api, admin, family):
    cursor = api.get("/v1/api-keys", params={"limit": 1}).json()["next_cursor"]

    listed = admin.get("/v1/api-keys", params={"limit": 200, "cursor": cursor})

    assert listed.status_code == 200
    assert {key["partner_id"] for key in listed.json()["data"]} <= {family["partners"][kinship]["id"] for kinship in ("own", "child")}


def test_a_replay_belongs_to_its_caller(api, admin, family):
    other = api.as_role("partner", partner_id=family["partners"]["sibling"]["id"], scopes=SCOPES)
    body = {"name": "Mine", "role": "partner", "scopes": ["regions:read"]}

    first, second = (caller.post("/v1/api-keys", json=body, idempotency_key="same") for caller in (admin, other))

    assert first.json()["partner_id"] == family["partners"]["own"]["id"]
    assert second.json()["partner_id"] == family["partners"]["sibling"]["id"]
    assert "Idempotency-Replayed" not in second.headers


def test_a_partner_that_moves_takes_its_keys_along(api):
    old, new, moving = (make_partner(api) for _ in range(3))
    managers = [api.as_role("partner", partner_id=partner["id"], scopes=MANAGING) for partner in (old, new)]
    made = api.new_key("partner", partner_id=moving["id"], scopes=["regions:read"])
    path = f"/v1/api-keys/{made['id']}"

    api.patch(f"/v1/partners/{moving['id']}", json={"parent_code": old["code"]}, if_match="*")
    assert [manager.get(path).status_code for manager in managers] == [200, 404]
    api.patch(f"/v1/partners/{moving['id']}", json={"parent_code": new["code"]}, if_match="*")
    assert [manager.get(path).status_code for manager in managers] == [404, 200]


def test_row_security_stands_behind_the_statements(database, family):
    """Whatever a statement forgot: the role of partners writes no key of another's, and none of another role."""
    own, sibling, vendors = family["partners"]["own"]["id"], family["keys"]["sibling"]["id"], family["keys"]["admin"]["id"]
    begin = f"set local role qudao_partner; select set_config('app.partner_id', '{own}', true);"
    insert = "insert into api_key (id, name, role, prefix, secret_hash, partner_id) values (gen_random_uuid(), 'N', %s, 'qd_', sha256(random()::text::bytea), %s)"

    for role, partner in (("partner", family["partners"]["sibling"]["id"]), ("admin", None)):
        with pytest.raises(Exception, match="row-level security"):
            database(begin + insert, role, partner)
    for column in ("secret_hash = ''", "role = 'admin'", "scopes = '{}'", "partner_id = null"):
        with pytest.raises(Exception, match="permission denied"):
            database(f"{begin} update api_key set {column}")
    with pytest.raises(Exception, match="permission denied"):
        database(f"{begin} select secret_hash from api_key")
    for id in (sibling, vendors):
        assert database(f"{begin} update api_key set revoked_at = now() where id = '{id}' returning id") == []
        assert database(f"{begin} select id from api_key where id = '{id}'") == []


def test_webhooks_are_looked_after_by_whoever_may_write_them(api, family):
    own, sibling = family["partners"]["own"], family["partners"]["sibling"]
    caller = api.as_role("partner", partner_id=own["id"], scopes=["webhooks:read", "webhooks:write"])
    made = caller.post("/v1/webhooks", json=a_webhook(is_enabled=False))

    assert made.json()["partner_id"] == own["id"]
    assert caller.post("/v1/webhooks", json=a_webhook(partner_id=sibling["id"])).status_code == 422
    assert api.as_role("partner", partner_id=own["id"], scopes=["regions:read"]).get("/v1/webhooks").status_code == 403
    assert caller.post("/v1/regions", json=a_region()).status_code == 403


def test_a_partner_has_fifty_keys_at_most(api):
    partner = make_partner(api)
    me = api.caller(api.new_key("partner", partner_id=partner["id"], scopes=SCOPES)["key"])
    made = [create(me).json() for _ in range(49)]

    refused = create(me)

    assert (refused.status_code, refused.json()["code"]) == (422, "api_keys_too_many")
    assert me.delete(f"/v1/api-keys/{made[0]['id']}", if_match="*").status_code in (200, 204)
    assert create(me).status_code == 201
