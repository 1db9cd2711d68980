"""Access tokens of an issuer: which are accepted, and what they allow."""
import json
import time

import jwt
import pytest

from support import builders
from support.client import Api
from support.issuer import AUDIENCE, Issuer, Key, base64url
from support.later import accepted, is_running, members, put_off, slow, wait_until
from support.server import ADMIN_KEY, Server

pytestmark = pytest.mark.waits

NO_TOKEN = "The token is not in the compact form of a signed JWT."
NOT_ACCEPTED = "The header of the token has members that are not accepted."


@pytest.fixture(scope="module")
def issuer():
    issuer = Issuer(*(Key(algorithm) for algorithm in ("ES256", "RS256", "PS256", "EdDSA")))
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def server(database, issuer):
    server = Server(database.url, issuer.settings())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def by_token(api, issuer):
    """A caller with a token of that role and with those claims."""
    return lambda role="admin", **claims: api.caller(issuer.token(role, **claims))


def refusal(api, token):
    answer = api.caller(token).get("/v1/regions")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), answer.text
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="qudao", error="invalid_token"'
    return answer.json()["detail"]


@pytest.mark.parametrize("number", range(4))
def test_a_token_is_a_credential_whatever_the_algorithm_of_the_key(api, issuer, number):
    token = issuer.token(key=issuer.keys[number])

    assert api.caller(token).get("/v1/regions").status_code == 200


def test_a_token_of_another_library_is_a_credential(api, issuer):
    key = issuer.keys[1]
    token = jwt.encode(issuer.claims(), key.private, "RS256", {"kid": key.kid, "typ": "application/at+jwt"})

    assert api.caller(token).get("/v1/regions").status_code == 200


def test_the_audience_may_be_one_of_several(by_token):
    assert by_token(aud=["https://other.example", AUDIENCE]).get("/v1/regions").status_code == 200


CLAIMS = {
    "no issuer": ({"iss": None}, "The token is of another issuer."),
    "another issuer": ({"iss": "https://other.example"}, "The token is of another issuer."),
    "no audience": ({"aud": None}, "The token is for another audience."),
    "another audience": ({"aud": "other"}, "The token is for another audience."),
    "other audiences": ({"aud": ["other", "another"]}, "The token is for another audience."),
    "no subject": ({"sub": None}, "The token names no subject."),
    "an empty subject": ({"sub": ""}, "The token names no subject."),
    "no end": ({"exp": None}, "The token does not say when it ends."),
    "an end in words": ({"exp": "tomorrow"}, "The token does not say when it ends."),
    "the past": ({"exp": 1700000000}, "The token has expired."),
    "the future": ({"nbf": 4000000000}, "The token is of the future."),
    "made in the future": ({"iat": 4000000000}, "The token is of the future."),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_that_do_not_hold_are_refused(api, issuer, name):
    claims, detail = CLAIMS[name]

    assert refusal(api, issuer.token(**claims)) == detail


@pytest.mark.parametrize("header", [
    {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1:1/"}, {"jwk": {}}, {"x5c": ["AA"]}, {"crit": ["exp"]}, {"b64": True},
    {"zip": "DEF"}, {"cty": "JWT"}, {"enc": "A128GCM"},
], ids=lambda header: next(iter(header)))
def test_a_header_that_asks_for_more_is_refused(api, issuer, header):
    assert refusal(api, issuer.token(header=header)) == NOT_ACCEPTED


def test_a_key_in_the_token_is_not_taken(api, issuer):
    stranger = Key(kid=issuer.keys[0].kid)

    assert refusal(api, issuer.token(key=stranger, header={"jwk": stranger.jwk()})) == NOT_ACCEPTED
    assert refusal(api, issuer.token(key=stranger)) == "The signature of the token is wrong."


def test_nothing_is_fetched_that_a_token_names(api, issuer):
    before = len(issuer.fetches)

    for member in ("jku", "x5u"):
        refusal(api, issuer.token(header={member: f"{issuer.name}evil"}))

    assert [path for path, at in issuer.fetches[before:] if path != "/keys"] == []


@pytest.mark.parametrize("kind", ["JWT", "id+jwt", "", None, 7])
def test_only_the_type_of_access_tokens_is_taken(api, issuer, kind):
    assert refusal(api, issuer.token(header={"typ": kind})) == "The token is not of the type at+jwt."


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "ES256K", ""])
def test_no_algorithm_but_those_of_keys_is_taken(api, issuer, algorithm):
    token = issuer.token(header={"alg": algorithm})

    assert refusal(api, token) == "The algorithm of the token is not accepted."
    assert refusal(api, token[: token.rindex(".") + 1]) == NO_TOKEN


def test_a_public_key_is_no_secret_to_sign_with(api, issuer):
    """HS256 with the text of an RSA key."""
    key = issuer.keys[1]
    for secret in (json.dumps(key.jwk()).encode(), key.jwk()["n"].encode()):
        token = jwt.encode(issuer.claims(), secret, "HS256", {"kid": key.kid, "typ": "at+jwt"})

        assert refusal(api, token) == "The algorithm of the token is not accepted."


def test_the_algorithm_is_that_of_the_key(api, issuer):
    for number, algorithm in ((1, "PS256"), (2, "RS256")):
        key = issuer.keys[number]
        token = key.sign({"alg": algorithm, "typ": "at+jwt", "kid": key.kid}, issuer.claims(), algorithm)

        assert refusal(api, token) == "The algorithm of the token is not that of its key."


def test_the_key_is_named_when_there_are_several(api, issuer):
    key = issuer.keys[0]
    token = key.sign({"alg": key.algorithm, "typ": "at+jwt"}, issuer.claims())

    assert refusal(api, token) == "The token does not say which key it is signed with."


def test_a_token_that_was_changed_is_refused(api, issuer):
    header, claims, signature = issuer.token("analyst").split(".")
    richer = base64url(json.dumps(issuer.claims("admin")).encode())

    assert refusal(api, f"{header}.{richer}.{signature}") == "The signature of the token is wrong."
    assert refusal(api, f"{header}.{claims}.{signature[:-2]}") == "The signature of the token is wrong."


def test_a_member_that_comes_twice_is_refused(api, issuer):
    key, claims = issuer.keys[0], issuer.claims()
    header = {"alg": key.algorithm, "typ": "at+jwt", "kid": key.kid}
    twice = json.dumps(claims)[:-1].encode() + b', "role": "admin"}'

    assert refusal(api, key.sign(header, twice)) == NO_TOKEN
    assert refusal(api, key.sign(json.dumps(header)[:-1].encode() + b', "alg": "ES256"}', claims)) == NO_TOKEN


def test_a_token_has_one_form(api, issuer):
    """Padding, and bits that do not count: 64 bytes leave two of them over in 86 characters."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = issuer.token()

    assert refusal(api, token[:-1] + alphabet[alphabet.index(token[-1]) | 1]) == NO_TOKEN
    assert refusal(api, token + "==") == NO_TOKEN
    assert refusal(api, token + ".AA.AA") == NO_TOKEN
    assert refusal(api, ".".join(token.split(".")[:2])) == NO_TOKEN


def test_a_token_that_is_too_long_is_refused(api, issuer):
    assert refusal(api, issuer.token(padding="x" * 8192)) == "The token is too long."
    assert api.caller(issuer.token(padding="x" * 4000)).get("/v1/regions").status_code == 200


def test_what_is_said_is_said_in_the_language_of_the_caller(api, issuer):
    answer = api.caller(issuer.token(exp=1)).get("/v1/regions", accept_language="zh-CN")

    assert (answer.json()["title"], answer.json()["detail"]) == ("访问令牌不被接受", "令牌已过期。")


def test_a_token_that_was_good_is_refused_once_it_ends(issuer, by_token):
    caller = by_token(exp=int(time.time()) + 3)
    assert caller.get("/v1/regions").status_code == 200

    deadline = time.monotonic() + 30
    while caller.get("/v1/regions").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert refusal(caller, caller.key) == "The token has expired."


def test_the_clock_of_the_business_does_not_prolong_a_token(api, by_token):
    caller = by_token(exp=int(time.time()) + 300)
    assert caller.get("/v1/regions").status_code == 200

    api.put("/v1/clock", json={"advance": "P1D"})

    assert caller.get("/v1/regions").status_code == 200
    assert api.put("/v1/clock", json={"now": None}).status_code == 200


FORBIDDEN = {
    "no role": ({"role": None}, "The token names no role of this API."),
    "an unknown role": ({"role": "root"}, "The token names no role of this API."),
    "a role that is a number": ({"role": 1}, "The token names no role of this API."),
    "two roles": ({"role": ["admin", "analyst"]}, "The token names more than one role of this API."),
    "no scope of ours": ({"scope": "openid profile"}, "The token names no scope of this API."),
    "no scopes": ({"scope": []}, "The token names no scope of this API."),
    "too many scopes": ({"scope": [f"things-{number}:read" for number in range(200)]}, "The token names too many scopes."),
    "no partner": ({"role": "partner"}, "The token names no partner that is known and goes on."),
    "an unknown partner": ({"role": "partner", "partner_code": "NOBODY"}, "The token names no partner that is known and goes on."),
    "an unknown member": ({"role": "manager", "manager_code": "NOBODY"}, "The token names no member that is known."),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_claims_that_allow_nothing_are_forbidden(api, issuer, name):
    claims, detail = FORBIDDEN[name]
    key = issuer.keys[0]
    token = key.sign({"alg": key.algorithm, "typ": "at+jwt", "kid": key.kid}, issuer.claims(**claims))

    answer = api.caller(token).get("/v1/regions")

    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (403, "forbidden", detail)


def test_a_role_may_be_one_of_several_that_are_not_ours(by_token):
    assert by_token(role=["offline_access", "analyst", "analyst"]).get("/v1/me").json()["role"] == "analyst"


@pytest.mark.parametrize("scope", ["openid regions:read exports:write", ["regions:read", "profile", "exports:write"]])
def test_scopes_narrow_what_the_role_may(by_token, scope):
    mine = by_token("analyst", scope=scope).get("/v1/me").json()

    assert (mine["scopes"], mine["permissions"]) == (["regions:read", "exports:write"], ["exports:write", "regions:read"])


@pytest.mark.parametrize("role", ["admin", "manager", "analyst", "partner"])
@pytest.mark.parametrize("scopes", [[], ["regions:read", "products:write", "analytics:read", "exports:write"]])
def test_a_token_allows_what_a_key_with_the_same_role_and_scopes_allows(api, by_token, acme, role, scopes):
    of_partner = role == "partner"
    key = api.as_role(role, scopes=scopes, **({"partner_id": acme["id"]} if of_partner else {}))
    token = by_token(role, scope=scopes or None, partner_code=acme["code"] if of_partner else None)

    by_key_me, by_token_me = key.get("/v1/me").json(), token.get("/v1/me").json()

    for member in ("role", "scopes", "permissions", "partner_id", "partner_code", "manager_id"):
        assert by_key_me[member] == by_token_me[member], member
    assert (by_key_me["kind"], by_token_me["kind"]) == ("api_key", "access_token")


def test_a_caller_reads_who_its_token_says_it_is(api, by_token, acme):
    caller = by_token("partner", sub="portal|7", name="Ann of Acme", partner_code=acme["code"], exp=int(time.time()) + 600)

    mine = caller.get("/v1/me").json()

    assert (mine["kind"], mine["name"], mine["partner_id"]) == ("access_token", "Ann of Acme", acme["id"])
    assert mine["expires_at"] is not None
    (subject,) = api.get("/v1/token-subjects", params={"subject": "portal|7"}).json()["data"]
    assert subject["id"] == mine["id"]


def test_a_subject_has_one_id_whatever_its_token(by_token):
    first, second = by_token(sub="one"), by_token("analyst", sub="one", exp=int(time.time()) + 60)

    assert first.get("/v1/me").json()["id"] == second.get("/v1/me").json()["id"]
    assert first.get("/v1/me").json()["id"] != by_token(sub="two").get("/v1/me").json()["id"]


def test_a_subject_is_called_what_its_latest_token_says(api, by_token):
    by_token(sub="wed", name="Miss Smith").get("/v1/me")
    by_token(sub="wed", name="Mrs Jones").get("/v1/me")
    by_token(sub="wed", name="two\nlines").get("/v1/me")

    (subject,) = api.get("/v1/token-subjects", params={"subject": "wed"}).json()["data"]

    # One without a name that can be shown renames nobody: two tokens of one subject would do so in turn.
    assert (subject["name"], subject["version"]) == ("Mrs Jones", 2)


def test_the_audit_log_names_the_subject(api, by_token):
    caller = by_token(sub="auditor", name="Ann Auditor")

    region = builders.make_region(caller)

    (entry,) = api.get("/v1/audit-log", params={"object_id": region["id"]}).json()["data"]
    assert (entry["actor_id"], entry["actor_name"]) == (caller.get("/v1/me").json()["id"], "Ann Auditor")


def test_an_idempotency_key_belongs_to_the_subject(by_token):
    body = builders.a_region()
    first = by_token(sub="twice").post("/v1/regions", json=body, idempotency_key="tokens-1")

    again = by_token(sub="twice", jti="another").post("/v1/regions", json=body, idempotency_key="tokens-1")
    other = by_token(sub="other").post("/v1/regions", json=builders.a_region(), idempotency_key="tokens-1")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in other.headers


def test_an_idempotency_key_stands_for_one_partner(by_token, acme, zenith):
    """A subject that speaks for another partner by now does not hear what the first was told."""
    body = builders.a_customer()
    first = by_token("partner", sub="mover", partner_code=acme["code"]).post("/v1/customers", json=body, idempotency_key="tokens-2")

    again = by_token("partner", sub="mover", partner_code=zenith["code"]).post("/v1/customers", json=body, idempotency_key="tokens-2")

    assert (first.status_code, again.status_code, again.json()["code"]) == (201, 422, "idempotency_key_reused")


def test_a_partner_sees_with_a_token_what_it_sees_with_a_key(api, by_token, acme, zenith, product):
    mine, theirs = builders.make_sale(api, acme, product), builders.make_sale(api, zenith, product)
    caller = by_token("partner", partner_code=acme["code"])

    assert caller.get(f"/v1/sales-records/{mine['id']}").status_code == 200
    assert caller.get(f"/v1/sales-records/{theirs['id']}").status_code == 404
    assert {sale["partner_id"] for sale in caller.walk("/v1/sales-records")} == {acme["id"]}


def test_a_manager_writes_with_a_token_for_its_own_partners_only(api, by_token):
    member = builders.make_member(api)
    own, other = builders.make_partner(api, manager_code=member["code"]), builders.make_partner(api)
    caller = by_token("manager", manager_code=member["code"])

    assert caller.patch(f"/v1/partners/{own['id']}", json={"city": "X"}, if_match="*").status_code == 200
    assert caller.patch(f"/v1/partners/{other['id']}", json={"city": "X"}, if_match="*").status_code == 403
    assert by_token("manager").patch(f"/v1/partners/{own['id']}", json={"city": "X"}, if_match="*").status_code == 403


def eventually(status, call):
    deadline = time.monotonic() + 30
    while (answer := call()).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    return answer


def test_a_partner_that_is_renamed_is_another_one_to_a_token(api, by_token):
    partner = builders.make_partner(api)
    caller = by_token("partner", partner_code=partner["code"])
    assert caller.get("/v1/partners").status_code == 200

    assert api.patch(f"/v1/partners/{partner['id']}", json={"code": f"{partner['code']}-2"}, if_match="*").status_code == 200

    eventually(403, lambda: caller.get("/v1/partners"))


def test_a_partner_that_has_ended_is_not_let_in(api, database, by_token):
    partner = builders.make_partner(api)
    caller = by_token("partner", partner_code=partner["code"])
    assert caller.get("/v1/partners").status_code == 200

    database("update partner set status = 'terminated' where id = %s", partner["id"])

    eventually(403, lambda: caller.get("/v1/partners"))


def test_a_subject_that_is_blocked_is_refused_and_let_in_again(api, issuer, by_token):
    caller = by_token(sub="mallory")
    subject = f"/v1/token-subjects/{caller.get('/v1/me').json()['id']}"

    assert api.patch(subject, json={"is_blocked": True}, if_match="*").json()["is_blocked"]
    eventually(401, lambda: caller.get("/v1/regions"))
    assert refusal(api, issuer.token(sub="mallory", jti="new")) == "The subject of the token is locked out."
    assert api.patch(subject, json={"is_blocked": None}, if_match="*").json()["is_blocked"] is False

    eventually(200, lambda: caller.get("/v1/regions"))
    entries = api.get("/v1/audit-log", params={"object_id": subject.rpartition("/")[2]}).json()["data"]
    assert [entry["operation"] for entry in entries].count("updateTokenSubject") == 2


def test_a_subject_is_changed_by_nobody_else(api, by_token):
    caller = by_token("analyst", sub="reader")
    subject = f"/v1/token-subjects/{caller.get('/v1/me').json()['id']}"

    assert caller.patch(subject, json={"is_blocked": False}, if_match="*").status_code == 403
    assert caller.get(subject).status_code == 403
    assert api.patch(subject, json={"is_blocked": True}, if_match='"7"').status_code == 412
    assert api.patch(subject, json={"name": "X"}, if_match="*").status_code == 400
    assert api.get(subject).json()["is_blocked"] is False


def test_it_is_noted_when_a_subject_came_last(api, by_token):
    caller = by_token(sub="late")
    subject = f"/v1/token-subjects/{caller.get('/v1/me').json()['id']}"

    deadline = time.monotonic() + 30
    while api.get(subject).json()["last_used_at"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert api.get(subject).json()["version"] == 1
    assert caller.get("/v1/me").json()["last_used_at"] is not None


def test_what_a_subject_asks_for_is_counted(api, by_token, acme):
    caller = by_token("partner", sub="busy", name="Busy Bee", partner_code=acme["code"])
    mine = caller.get("/v1/me").json()["id"]

    deadline = time.monotonic() + 30
    while not (rows := api.get("/v1/usage", params={"caller_id": mine}).json()["data"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert (rows[0]["caller_kind"], rows[0]["caller_name"], rows[0]["partner_id"]) == ("access_token", "Busy Bee", acme["id"])
    assert [row["caller_name"] for row in caller.get("/v1/usage", params={"caller_id": mine}).json()["data"]] == ["Busy Bee"]


def test_what_a_subject_asks_for_is_counted_for_the_partner_that_it_speaks_for(api, by_token, acme, zenith):
    """One that speaks for two partners, and for us, on one day: each partner sees what was asked in its name."""
    callers = [by_token("partner", sub="agent", partner_code=partner["code"]) for partner in (acme, zenith)] + [by_token("analyst", sub="agent")]
    mine = callers[0].get("/v1/me").json()["id"]
    for caller, requests in zip(callers, (2, 5, 7)):
        for _ in range(requests):
            caller.get("/v1/regions")

    def counted(caller):
        sums = {}
        for row in caller.walk("/v1/usage", caller_id=mine):
            sums[row["partner_code"]] = sums.get(row["partner_code"], 0) + row["requests"]
        return sums

    deadline = time.monotonic() + 60
    while sum(counted(api).values()) < 15:
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert counted(api) == {acme["code"]: 3, zenith["code"]: 5, None: 7}
    assert counted(api.as_partner(acme)) == {acme["code"]: 3}
    assert counted(api.as_partner(zenith)) == {zenith["code"]: 5}


def ended(caller, export):
    deadline = time.monotonic() + 60
    while (answer := caller.get(f"/v1/exports/{export['id']}").json())["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
    return answer


def test_an_export_is_read_by_what_the_token_allowed(api, by_token, acme, zenith, product):
    builders.make_sale(api, acme, product), builders.make_sale(api, zenith, product)
    claims = {"partner_code": acme["code"], "sub": "exporter", "exp": int(time.time()) + 600}
    caller = by_token("partner", **claims)

    export = caller.post("/v1/exports", json={"list": "/v1/sales-records?fields=partner_code", "format": "ndjson"}).json()

    assert ended(caller, export)["status"] == "succeeded"
    rows = [json.loads(line) for line in caller.get(f"/v1/exports/{export['id']}/file").text.splitlines()]
    assert {row["partner_code"] for row in rows} == {acme["code"]}
    assert by_token("partner", partner_code=acme["code"], sub="another").get(f"/v1/exports/{export['id']}").status_code == 404


def test_an_export_is_not_for_who_speaks_for_another_partner_by_now(by_token, acme, zenith):
    before = {role: by_token(role, sub="changer", **claims) for role, claims in (("partner", {"partner_code": acme["code"]}), ("analyst", {}))}
    exports = [caller.post("/v1/exports", json={"list": "/v1/regions", "format": "csv"}).json() for caller in before.values()]

    now = by_token("partner", sub="changer", partner_code=zenith["code"])

    assert {now.get(f"/v1/exports/{export['id']}").status_code for export in exports} == {404}
    assert now.get("/v1/exports").json()["data"] == []
    assert before["partner"].get(f"/v1/exports/{exports[0]['id']}").status_code == 200


def test_an_export_outlives_its_token(database, by_token):
    """One that waits: nobody works on it until the token has ended."""
    caller = by_token("analyst", sub="short", exp=int(time.time()) + 4)
    export = caller.post("/v1/exports", json={"list": "/v1/regions", "format": "csv"}).json()
    database("update export set status = 'queued', attempts = 0, lease_until = now() + interval '6 seconds' where id = %s", export["id"])
    eventually(401, lambda: caller.get("/v1/regions"))

    assert ended(by_token("analyst", sub="short"), export)["status"] == "succeeded"


def test_the_exports_of_a_blocked_subject_end(database, api, by_token):
    caller = by_token("analyst", sub="greedy")
    export = caller.post("/v1/exports", json={"list": "/v1/regions", "format": "csv"}).json()
    database("update export set status = 'queued', attempts = 0, lease_until = now() + interval '3 seconds' where id = %s", export["id"])

    api.patch(f"/v1/token-subjects/{caller.get('/v1/me').json()['id']}", json={"is_blocked": True}, if_match="*")

    outcome = ended(api, export)
    assert (outcome["status"], outcome["failure_code"]) == ("cancelled", "unauthorized")


def put_off_sales(caller, product, *partners):
    rows = [f"{number},2026-01-01,{partner['code']},{product['sku']},1,1,USD,sell_through\n" for number, partner in enumerate(partners)]
    file = "external_ref,sold_on,partner_code,sku,quantity,amount,currency,kind\n" + "".join(rows)
    return accepted(put_off(caller, "sales-records", file.encode()))


def test_an_import_is_carried_out_by_what_the_token_allowed(api, by_token, acme, zenith, product):
    caller = by_token("partner", partner_code=acme["code"], sub="importer of acme", exp=int(time.time()) + 600)

    done = wait_until(caller, put_off_sales(caller, product, acme, zenith))

    assert (done["status"], done["created"], done["rejected"]) == ("succeeded", 1, 1)
    assert done["errors"][0]["code"] == "partner_unknown"
    (entry,) = api.walk("/v1/audit-log", object_id=done["id"])
    assert (entry["actor_id"], entry["partner_id"]) == (caller.get("/v1/me").json()["id"], acme["id"])


def test_the_imports_of_a_blocked_subject_end(database, api, by_token, acme, product):
    slow(database, True)
    wait_until(api, accepted(put_off(api, "members", members("IN-FRONT", 1))), is_running)
    caller = by_token("admin", sub="bulky")
    import_ = put_off_sales(caller, product, acme)

    api.patch(f"/v1/token-subjects/{caller.get('/v1/me').json()['id']}", json={"is_blocked": True}, if_match="*")

    outcome = wait_until(api, import_)
    slow(database, False)
    assert (outcome["status"], outcome["failure_code"]) == ("cancelled", "unauthorized")
    assert api.walk("/v1/sales-records", import_id=import_["id"]) == []


def test_many_who_come_at_once_for_the_first_time_are_one_subject(api, issuer):
    import concurrent.futures

    tokens = [issuer.token("analyst", sub="crowd", jti=str(number)) for number in range(16)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda token: api.caller(token).get("/v1/me"), tokens))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_keys_work_beside_tokens(api, server, contract):
    assert Api(server.url, contract, ADMIN_KEY).get("/v1/me").json()["kind"] == "api_key"
    answer = api.caller("eyNo.token.atall").get("/v1/regions")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert api.caller("qd_no.key").get("/v1/regions").json()["code"] == "unauthorized"


def test_an_import_is_let_in_by_a_token(by_token, acme, product):
    file = f"sold_on,partner_code,sku,quantity,amount,currency,kind\n2026-01-01,{acme['code']},{product['sku']},1,1,USD,sell_through\n"

    report = by_token("admin", sub="importer").post("/v1/sales-records/import", data=file.encode(), content_type="text/csv")

    assert (report.status_code, report.json()["created"]) == (200, 1)


def test_a_token_that_was_good_is_no_guess(api, issuer):
    """Those whose tokens run out behind one address do not shut it out."""
    for number in range(150):
        assert refusal(api, issuer.token(sub=f"late-{number}", exp=1700000000)) == "The token has expired."

    assert api.caller(issuer.token(sub="in-time")).get("/v1/regions").status_code == 200
