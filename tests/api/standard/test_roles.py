"""Every operation by every role on its own, a child's, a sibling's and the parent's object, as the table of roles says."""
import types
import uuid

import pytest

from support.client import CSV, NDJSON
from support.contract import woven
from support.family import KINSHIPS, PARTNERS, ByKey, ByToken, Family, rights
from support.maker import an_obligation, sent_agreement

SHARES_SERVER = True

# What a caller has asked for is its own; another's of its partner is told of, but not for it to end.
BY_CALLER = {"Import", "Export"}
# Where the example would not be taken from a partner, would end what the tests go on with, or is a matter of the time.
INSTEAD = {
    "createSalesRecord": {"kind": "sell_through"},
    "createApiKey": {"scopes": ["regions:read"], "role": "partner"},
    "createWebhook": {"is_enabled": False},
    "changePartnerStatus": {"status": "terminated"},
    "replayWebhook": {"from": "2030-01-01T00:00:00Z", "to": "2031-01-01T00:00:00Z"},
    "setClock": {"advance": "PT0S"},
}
# Only the vendor's side may, whoever has the right to write.
NOT_BY_PARTNERS = {"confirmSalesRecord", "resolveSalesRecord"}
# What partners can see only after others have done something with it.
MADE_BY = {"Agreement": sent_agreement, "AgreementObligation": an_obligation}
# A partner does for itself, and for nobody below it.
FOR_ITSELF = {"signAgreement", "declineAgreement"}
DONE = {200, 201, 202, 204, 304, 409, 412, 422}
KEYED = [operation for operation in woven().operations if operation.security]
OF = {operation.id: resource for resource in woven().resources.values() for operation in resource.operations()}


def belongs(schema):
    """Whether objects of the schema are a partner's."""
    resource = woven().resources[schema]
    above = [reference.target.schema for reference in resource.references().values() if reference.target.schema != schema]
    return schema in BY_CALLER | {"Partner"} or "Partner" in above or any(belongs(one) for one in above if one == "Webhook")


def resource_of(operation):
    """The resource whose object the path names, or None."""
    path = operation.template.partition("/{")
    return next((r for r in woven().resources.values() if path[1] and r.reads and r.path == path[0]), None)


def creates(resource, operation):
    return bool(resource and resource.creates and resource.creates.id == operation.id)


def creates_for_a_partner(operation):
    resource = OF.get(operation.id)
    return creates(resource, operation) and "partner_code" in resource.example()


def kinships(operation):
    """Of whose objects the answer may differ."""
    resource = resource_of(operation)
    return KINSHIPS if (resource and belongs(resource.schema)) or creates_for_a_partner(operation) else KINSHIPS[:1]


@pytest.fixture(scope="module", params=[ByKey, ByToken])
def world(request, api, issuer, maker):
    """The family, and of each partner an object of each kind; what belongs to nobody is the same for all."""
    family = Family(api, request.param(api, issuer))
    of_all = {r.schema: maker.make(r.schema)["id"] for r in api.contract.resources.values() if r.reads and not belongs(r.schema)}
    ids = {}
    for kinship, partner in family.partners.items():
        ids[kinship] = {**of_all, "Partner": partner["id"]}
        for resource in api.contract.resources.values():
            if resource.reads and resource.schema not in ids[kinship]:
                ids[kinship][resource.schema] = object_of(maker, family, resource, partner)["id"]
    return types.SimpleNamespace(family=family, ids=ids, maker=maker)


def object_of(maker, family, resource, partner):
    """An object that belongs to the partner."""
    if resource.schema == "Export":
        return maker.as_caller(family.by.partner(partner)).make("Export")
    if resource.schema == "Import":
        rows = NDJSON, [maker.body("SalesRecord", partner_code=partner["code"], kind="sell_through")]
        return maker.as_caller(family.by.partner(partner)).imported("SalesRecord", *rows)
    if resource.schema == "WebhookDelivery":
        return maker.sent("POST", f"/v1/webhooks/{maker.make('Webhook', partner_code=partner['code'])['id']}/test")
    if resource.schema in MADE_BY:
        return MADE_BY[resource.schema](maker, partner_code=partner["code"])
    if resource.parent():
        return maker.make(resource.schema, parent=partner)
    given = {"partner_id": partner["id"]} if "partner_id" in resource.body_schema()["properties"] else {}
    return maker.make(resource.schema, **given, **({"kind": "sell_through"} if resource.schema == "SalesRecord" else {}))


def body_of(operation, world, partner):
    """A body that is valid for this partner, new each time."""
    resource, instead = OF.get(operation.id), INSTEAD.get(operation.id, {})
    if creates(resource, operation):
        members = resource.body_schema()["properties"]
        given = {"partner_code": partner["code"]} if "partner_code" in members else {}
        given |= {"manager_code": world.family.manager["code"]} if resource.schema == "Partner" else {}
        return world.maker.body(resource.schema, **{**given, **instead})
    (content,) = operation.document["requestBody"]["content"].values()
    return instead if operation.id == "setClock" else {**content["example"], **instead}


def call(caller, operation, world, kinship):
    """The request with a version that is never current, so that nothing is changed: 412 says that it would be allowed."""
    resource, options = resource_of(operation), {}
    path = operation.template.replace("{id}", world.ids[kinship][resource.schema] if resource else "").replace("{name}", "check-rollups").replace("{number}", "1")
    if "x-imports" in operation.document:
        header = operation.document["requestBody"]["content"][CSV]["example"].splitlines()[0]
        options = {"data": header.encode() + b"\n", "content_type": CSV, "params": {"dry_run": "true"}}
    elif "requestBody" in operation.document:
        options = {"json": body_of(operation, world, world.family.partners[kinship])}
    if "If-Match" in operation.parameters():
        options["if_match"] = '"999"'
    return caller.request(operation.method, path, **options)


def expected(role, kinship, operation):
    """The statuses that the rules allow."""
    scopes = operation.security[0]["key"]
    if not scopes:
        return {200}
    name, action = scopes[0].split(":")
    if name not in rights()[role][action]:
        return {403}
    resource = resource_of(operation)
    is_object = bool(resource and belongs(resource.schema))
    # An export belongs to the key that asked for it, and to administrators.
    if is_object and resource.schema == "Export" and role != "admin" and (role != "partner" or kinship != "own"):
        return {404}
    if is_object and role in PARTNERS and kinship in ("sibling", "parent"):
        return {404}
    # What others have put off is theirs to cancel, and the administrators'.
    if operation.id == "cancelImport" and (role == "manager" or (role in PARTNERS and kinship == "child")):
        return {403}
    if role in PARTNERS and (operation.id in NOT_BY_PARTNERS or operation.id in FOR_ITSELF and kinship != "own"):
        return {403}
    if role == "manager" and action == "write" and kinship != "own" and (is_object or creates_for_a_partner(operation)):
        return {403}
    return DONE


@pytest.mark.parametrize("role", rights())
@pytest.mark.parametrize("name", [operation.id for operation in KEYED if operation.id != "revokeApiKey"])
def test_a_role_may_what_the_contract_says(contract, world, name, role):
    operation = contract.by_id[name]

    for kinship in kinships(operation):
        answer = call(world.family.callers[role], operation, world, kinship)

        assert answer.status_code in expected(role, kinship, operation), (kinship, answer.text)


def test_only_who_asks_itself_needs_no_permission(contract):
    assert [o.id for o in contract.operations if o.security and not o.security[0]["key"]] == ["getMe"]


def without_identity(answer):
    problem = answer.json()
    return {name: value for name, value in problem.items() if name not in ("request_id", "instance")}, sorted(answer.headers)


@pytest.mark.parametrize("role", PARTNERS)
@pytest.mark.parametrize("name", [operation.id for operation in KEYED if kinships(operation) == KINSHIPS])
def test_anothers_object_is_the_same_404_as_a_missing_one(contract, world, name, role):
    operation = contract.by_id[name]
    if expected(role, "sibling", operation) != {404}:
        return
    nobody = {schema: str(uuid.uuid4()) for schema in world.ids["own"]}
    missing = types.SimpleNamespace(family=world.family, ids={"own": nobody}, maker=world.maker)

    foreign = call(world.family.callers[role], operation, world, "sibling")
    nothing = call(world.family.callers[role], operation, missing, "own")

    assert without_identity(foreign) == without_identity(nothing)
    assert foreign.headers["Content-Length"] == nothing.headers["Content-Length"]


@pytest.mark.of("reads", where=lambda resource: belongs(resource.schema) and expected("partner_admin", "sibling", resource.reads) == {404})
def test_anothers_object_is_missing_in_every_condition(world, resource):
    caller, path = world.family.callers["partner_admin"], f"{resource.path}/{world.ids['sibling'][resource.schema]}"

    for options in ({"if_none_match": "*"}, {"if_none_match": '"1"'}, {"params": {"fields": "id"}}):
        if "params" in options or "If-None-Match" in resource.reads.parameters():
            assert caller.get(path, **options).status_code == 404
