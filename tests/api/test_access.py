"""Every operation × role × {own, a child's, a sibling's, the parent's object}, generated from the contract."""
import uuid

import pytest

from support import builders
from support.server import Server
from support.woven import OPERATIONS

# The table of roles in the contract's description.
RESOURCES = {
    "regions",
    "products",
    "members",
    "partners",
    "contacts",
    "sales-records",
    "customers",
    "exchange-rates",
    "legal-entities",
    "calendars",
    "settings",
    "clock",
    "quotas",
    "period-locks",
    "analytics",
    "api-keys",
    "token-subjects",
    "usage",
    "audit-log",
    "events",
    "imports",
    "webhooks",
    "jobs",
    "exports",
}
READS = {
    "admin": RESOURCES,
    "manager": RESOURCES - {"api-keys", "token-subjects", "usage", "webhooks"},
    "analyst": RESOURCES - {"api-keys", "token-subjects", "usage", "webhooks"},
    "partner": RESOURCES - {"clock", "members", "quotas", "period-locks", "api-keys", "token-subjects", "audit-log", "jobs"},
    "partner_admin": RESOURCES - {"clock", "members", "quotas", "period-locks", "token-subjects", "audit-log", "jobs"},
}
WRITES = {
    "admin": RESOURCES,
    "manager": {"partners", "contacts", "sales-records", "customers", "exports", "imports"},
    "analyst": {"exports"},
    "partner": {"contacts", "sales-records", "customers", "exports", "imports", "webhooks"},
    "partner_admin": {"contacts", "sales-records", "customers", "exports", "imports", "webhooks", "api-keys"},
}
PARTNERS = ("partner", "partner_admin")
SCOPES_OF_PARTNER_ADMIN = [f"{resource}:read" for resource in sorted(READS["partner_admin"])] + [f"{resource}:write" for resource in sorted(WRITES["partner_admin"])]
OWNED = {"partners", "contacts", "sales-records", "customers", "imports", "exports", "webhooks", "webhook-deliveries", "api-keys"}
UNVERSIONED = {"imports", "exports", "webhook-deliveries"}
KINSHIPS = ["own", "child", "sibling", "parent"]
NAMES = [operation.id for operation in OPERATIONS if operation.node["security"]]
ALLOWED = {200, 201, 202, 204, 304, 409, 412, 422}


@pytest.fixture(scope="module")
def server(database, issuer):
    server = Server(database.url, issuer.settings())
    yield server
    server.stop()


class ByKey:
    """Callers who say who they are by a key."""

    def __init__(self, api, issuer):
        self.api = api

    def admin(self):
        return self.api

    def manager(self, member):
        return self.api.as_manager(member)

    def analyst(self):
        return self.api.as_role("analyst")

    def partner(self, partner, scopes=()):
        return self.api.as_role("partner", partner_id=partner["id"], scopes=list(scopes))


class ByToken:
    """The same, by a token of the issuer."""

    def __init__(self, api, issuer):
        self.caller = lambda *arguments, **claims: api.caller(issuer.token(*arguments, exp=4000000000, **claims))

    def admin(self):
        return self.caller("admin")

    def manager(self, member):
        return self.caller("manager", manager_code=member["code"], sub=member["code"])

    def analyst(self):
        return self.caller("analyst")

    def partner(self, partner, scopes=None):
        return self.caller("partner", partner_code=partner["code"], sub=f"{partner['code']} {len(scopes or [])}", scope=scopes)


@pytest.fixture(scope="module", params=[ByKey, ByToken])
def world(request, api, issuer):
    """A family of partners; the manager under test looks after `own` and nobody else."""
    by = request.param(api, issuer)
    mine, other = builders.make_member(api), builders.make_member(api)
    parent = builders.make_partner(api, manager_code=other["code"])
    own = builders.make_partner(api, manager_code=mine["code"], parent_code=parent["code"])
    family = {
        "parent": parent,
        "own": own,
        "sibling": builders.make_partner(api, manager_code=other["code"], parent_code=parent["code"]),
        "child": builders.make_partner(api, manager_code=other["code"], parent_code=own["code"]),
    }
    product = builders.make_product(api)
    shared = {
        "regions": builders.make_region(api)["id"],
        "products": product["id"],
        "members": mine["id"],
        "token-subjects": ByToken(api, issuer).analyst().get("/v1/me").json()["id"],
        "exchange-rates": builders.make_exchange_rate(api)["id"],
        "legal-entities": builders.make_legal_entity(api)["id"],
        "calendars": builders.make_calendar(api)["id"],
        "calendar-periods": builders.make_calendar_period(api, builders.make_calendar(api))["id"],
        "quotas": builders.make_quota(api, mine)["id"],
        "period-locks": builders.make_period_lock(api)["id"],
    }
    ids = {}
    for kinship, partner in family.items():
        file = f"sold_on,partner_code,sku,quantity,amount,currency,kind\n2026-01-01,{partner['code']},{product['sku']},1,1,USD,sell_through\n"
        report = by.partner(partner).post("/v1/sales-records/import", data=file.encode(), content_type="text/csv").json()
        assert report["created"] == 1, report
        webhook = builders.make_webhook(api, partner_code=partner["code"], event_types=["webhook.test"])
        export = by.partner(partner).post("/v1/exports", json={"list": "/v1/regions", "format": "csv"}).json()
        ids[kinship] = {
            **shared,
            "exports": export["id"],
            "partners": partner["id"],
            "contacts": builders.make_contact(api, partner)["id"],
            "sales-records": builders.make_sale(api, partner, product, kind="sell_through")["id"],
            "customers": builders.make_customer(api, partner_code=partner["code"])["id"],
            "imports": report["id"],
            "webhooks": webhook["id"],
            "api-keys": api.new_key("partner", partner_id=partner["id"], scopes=["regions:read"])["id"],
            "webhook-deliveries": builders.made(api.post(f"/v1/webhooks/{webhook['id']}/test"))["id"],
        }
    callers = {"admin": by.admin(), "manager": by.manager(mine), "analyst": by.analyst(), "partner": by.partner(own)}
    callers["partner_admin"] = by.partner(own, SCOPES_OF_PARTNER_ADMIN)
    return {"family": family, "product": product, "ids": ids, "callers": callers, "manager": mine, "other": other}


def body_of(operation, world, partner):
    """A body that is valid for this partner's object, new each time."""
    bodies = {
        "createRegion": builders.a_region, "setClock": lambda: {"advance": "PT0S"}, "createProduct": builders.a_product, "createMember": builders.a_member,
        "createContact": builders.a_contact, "createPartner": lambda: builders.a_partner(manager_code=world["manager"]["code"]),
        "createSalesRecord": lambda: builders.a_sale(partner, world["product"], kind="sell_through"),
        "createCustomer": lambda: builders.a_customer(partner_code=partner["code"]), "createExchangeRate": builders.an_exchange_rate,
        "createLegalEntity": builders.a_legal_entity, "createCalendar": builders.a_calendar,
        "createCalendarPeriod": lambda: builders.a_calendar_period({"code": "NONE"}),
        "generateCalendarPeriods": lambda: {"from_year": 2026, "to_year": 2026}, "createPeriodLock": builders.a_period_lock,
        "createQuota": lambda: builders.a_quota(world["manager"], period=builders.a_period_lock()["period"]), "reopenPeriodLock": lambda: {"reason": "r"},
        "createApiKey": lambda: {"name": "N", "role": "partner", "partner_id": partner["id"], "scopes": ["regions:read"]}, "rotateApiKey": lambda: {"overlap_seconds": 3600}, "changePartnerStatus": lambda: {"status": "terminated"},
        "disputeSalesRecord": lambda: {"reason": "r"}, "resolveSalesRecord": lambda: {"outcome": "confirmed", "reason": "r"},
        "createExport": lambda: {"list": "/v1/regions", "format": "csv"},
        "createWebhook": lambda: builders.a_webhook(partner_code=partner["code"], is_enabled=False),
        "replayWebhook": lambda: {"from": "2030-01-01T00:00:00Z"},
        "voidSalesRecord": lambda: {"reason": "r"}, "correctSalesRecord": lambda: {"reason": "r", "quantity": "1"},
    }
    return bodies.get(operation.id, dict)()


def call(caller, operation, world, kinship):
    """The request with a version that is never current, so that nothing is changed: 412 says that it would be allowed."""
    resource = operation.template.split("/")[2]
    path = operation.template.replace("{id}", world["ids"][kinship].get(resource, "")).replace("{name}", "check-rollups")
    options = {}
    if operation.id.startswith("import"):
        header = operation.document["requestBody"]["content"]["text/csv"]["example"].splitlines()[0]
        options = {"data": header.encode() + b"\n", "content_type": "text/csv", "params": {"dry_run": "true"}}
    elif "requestBody" in operation.document:
        options = {"json": body_of(operation, world, world["family"][kinship])}
    if "If-Match" in operation.parameters():
        options["if_match"] = '"999"'
    return caller.request(operation.method, path, **options)


def expected(role, kinship, operation):
    scopes = operation.security[0]["key"]
    if not scopes:
        return {200}
    resource, action = scopes[0].split(":")
    if resource not in (READS if action == "read" else WRITES)[role]:
        return {403}
    is_object = "{id}" in operation.template and operation.template.split("/")[2] in OWNED
    # An export belongs to the key that asked for it, and to administrators.
    if is_object and resource == "exports" and (role != "admin" and (role != "partner" or kinship != "own")):
        return {404}
    if is_object and role in PARTNERS and kinship in ("sibling", "parent"):
        return {404}
    # What others have put off is theirs to cancel, and the administrators'.
    if operation.id == "cancelImport" and (role == "manager" or (role in PARTNERS and kinship == "child")):
        return {403}
    if role in PARTNERS and operation.id in ("confirmSalesRecord", "resolveSalesRecord"):
        return {403}
    if role == "manager" and action == "write" and kinship != "own" and (is_object or operation.id in ("createSalesRecord", "createCustomer")):
        return {403}
    return ALLOWED


@pytest.mark.parametrize("role", READS)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "revokeApiKey"])
def test_a_role_may_what_the_contract_says(contract, world, name, role):
    operation = contract.by_id[name]

    for kinship in KINSHIPS:
        answer = call(world["callers"][role], operation, world, kinship)

        assert answer.status_code in expected(role, kinship, operation), (kinship, answer.text)


def test_only_who_asks_itself_needs_no_permission(contract):
    open_to_all = [o.id for o in contract.operations if o.security and not o.security[0]["key"]]

    assert open_to_all == ["getMe"]


@pytest.mark.parametrize("role, status", [("admin", 204), ("manager", 403), ("analyst", 403), ("partner", 403), ("partner_admin", 404)])
def test_only_an_admin_revokes_a_key_of_the_vendor(api, world, role, status):
    key = api.new_key("analyst")

    assert world["callers"][role].delete(f"/v1/api-keys/{key['id']}").status_code == status
    assert (api.get(f"/v1/api-keys/{key['id']}").json()["revoked_at"] is not None) == (status == 204)


def without_identity(answer):
    problem = answer.json()
    return {name: value for name, value in problem.items() if name not in ("request_id", "instance")}, sorted(answer.headers)


@pytest.mark.parametrize("role", PARTNERS)
@pytest.mark.parametrize("name", NAMES)
def test_anothers_object_is_the_same_404_as_a_missing_one(contract, world, name, role):
    operation = contract.by_id[name]
    if expected(role, "sibling", operation) != {404}:
        return
    missing = {**world, "ids": {"own": {resource: str(uuid.uuid4()) for resource in RESOURCES | OWNED}}}

    foreign = call(world["callers"][role], operation, world, "sibling")
    nothing = call(world["callers"][role], operation, missing, "own")

    assert without_identity(foreign) == without_identity(nothing)
    assert foreign.headers["Content-Length"] == nothing.headers["Content-Length"]


def test_anothers_object_is_missing_in_every_condition(world):
    caller, ids = world["callers"]["partner_admin"], world["ids"]["sibling"]

    for resource in OWNED:
        path = f"/v1/{resource}/{ids[resource]}"
        for options in ({"if_none_match": "*"}, {"if_none_match": '"1"'}, {"params": {"fields": "id"}}):
            if resource not in UNVERSIONED or "params" in options:
                assert caller.get(path, **options).status_code == 404


def test_a_manager_creates_partners_of_its_own_only(world):
    caller = world["callers"]["manager"]

    assert caller.post("/v1/partners", json=builders.a_partner(manager_id=world["manager"]["id"])).status_code == 201
    assert caller.post("/v1/partners", json=builders.a_partner(manager_code=world["other"]["code"])).status_code == 403
    assert caller.post("/v1/partners", json=builders.a_partner()).status_code == 403


def test_a_manager_cannot_take_a_partner(api, world):
    caller, sibling = world["callers"]["manager"], world["family"]["sibling"]

    answer = caller.patch(f"/v1/partners/{sibling['id']}", json={"manager_code": world["manager"]["code"]}, if_match="*")

    assert answer.status_code == 403
    assert api.get(f"/v1/partners/{sibling['id']}").json()["manager_code"] == world["other"]["code"]


def test_a_manager_may_give_a_partner_away(api, world):
    partner = builders.make_partner(api, manager_code=world["manager"]["code"])
    caller, path = world["callers"]["manager"], f"/v1/partners/{partner['id']}"

    assert caller.patch(path, json={"manager_code": world["other"]["code"]}, if_match="*").status_code == 200
    assert caller.patch(path, json={"city": "X"}, if_match="*").status_code == 403


def test_a_manager_really_writes_for_its_own(api, world):
    caller, own = world["callers"]["manager"], world["family"]["own"]
    contact = builders.make_contact(caller, own)
    sale = builders.make_sale(caller, own, world["product"])

    assert caller.patch(f"/v1/partners/{own['id']}", json={"city": "X"}, if_match="*").status_code == 200
    assert caller.patch(f"/v1/contacts/{contact['id']}", json={"title": "T"}, if_match="*").status_code == 200
    assert caller.delete(f"/v1/contacts/{contact['id']}", if_match="*").status_code == 204
    assert caller.post(f"/v1/sales-records/{sale['id']}/void", json={"reason": "r"}, if_match="*").status_code == 200


@pytest.mark.parametrize("kind", ["sell_in", "agency", "return_to_vendor"])
def test_a_partner_records_only_what_it_sold_itself(world, kind):
    caller, own = world["callers"]["partner"], world["family"]["own"]

    assert caller.post("/v1/sales-records", json=builders.a_sale(own, world["product"], kind=kind)).status_code == 403


@pytest.mark.parametrize("kind, sign", [("sell_through", ""), ("return_from_customer", "-")])
@pytest.mark.parametrize("kinship", ["own", "child"])
def test_a_partner_records_for_itself_and_those_below(world, kinship, kind, sign):
    body = builders.a_sale(world["family"][kinship], world["product"], kind=kind, quantity=f"{sign}2")

    assert world["callers"]["partner"].post("/v1/sales-records", json=body).status_code == 201


def test_a_partner_takes_back_only_what_it_may_record(api, world):
    own, caller = world["family"]["own"], world["callers"]["partner"]
    sold_in = builders.make_sale(api, own, world["product"], kind="sell_in")
    sold_through = builders.make_sale(api, own, world["product"], kind="sell_through")

    for sale, status in ((sold_in, 403), (sold_through, 200)):
        answer = caller.post(f"/v1/sales-records/{sale['id']}/void", json={"reason": "r"}, if_match="*")

        assert answer.status_code == status


@pytest.mark.parametrize("kinship", ["sibling", "parent"])
def test_a_sale_for_another_partner_is_refused_as_for_an_unknown_one(world, kinship):
    caller, product = world["callers"]["partner"], world["product"]

    foreign = caller.post("/v1/sales-records", json=builders.a_sale(world["family"][kinship], product, kind="sell_through"))
    unknown = caller.post("/v1/sales-records", json=builders.a_sale({"code": "NOBODY"}, product, kind="sell_through"))

    assert foreign.status_code == 422
    assert without_identity(foreign) == without_identity(unknown)
