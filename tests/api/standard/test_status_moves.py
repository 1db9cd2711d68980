"""Every move from every status by every role: open to whom the contract says, and refused to all others without a trace."""
import collections

import pytest

from support.family import ByKey, Family, rights

SHARES_SERVER = True

Edge = collections.namedtuple("Edge", "operation start end roles approvals")
# What a partner could not write at all.
INSTEAD = {"SalesRecord": {"kind": "sell_through"}}

# What is to be done first, with other members, so that the move gets there.
BEFORE = {"signAgreement": ({"party": "vendor"},)}


def many(value):
    return value if isinstance(value, list) else [value]


def writers(operation):
    name, action = operation.security[0]["key"][0].split(":")
    return {role for role, granted in rights().items() if name in granted[action]}


def edges_of(resource):
    """The moves, one for each start and end."""
    for operation in resource.moves:
        declared = dict(operation.document["x-moves"])
        target = declared.pop(resource.schema)
        for edge in target if isinstance(target[0], dict) else [{"to": target}]:
            edge = {**declared, **edge}
            roles = set(edge.get("roles", writers(operation))) & writers(operation)
            for start in many(edge["from"]):
                for end in many(edge["to"]):
                    yield Edge(operation, start, end, roles, edge.get("approvals", 1))


class Machine:
    """The moves of a resource, and objects in each of its statuses, which are the own partner's."""

    def __init__(self, maker, family, resource):
        self.maker, self.family, self.resource = maker, family, resource
        self.second = maker.api.caller(maker.sent("POST", "/v1/api-keys", json={"name": "second", "role": "admin"})["key"])
        self.edges = list(edges_of(resource))
        self.ends = {operation.id: {edge.end for edge in self.edges if edge.operation is operation} for operation in resource.moves}
        self.routes = self.all_routes(self.make()["status"])

    def make(self):
        schema = self.resource.schema
        own = {"manager_code": self.family.manager["code"]} if schema == "Partner" else {}
        members = self.resource.body_schema()["properties"] if self.resource.creates else self.resource.properties
        own |= {"partner_code": self.family.partners["own"]["code"]} if "partner_code" in members else {}
        return self.maker.make(schema, **own, **INSTEAD.get(schema, {}))

    def all_routes(self, first):
        """How each status is reached from the first, as the edges on the way."""
        routes, waiting = {first: []}, [first]
        for status in waiting:
            for edge in self.edges:
                if edge.start == status and edge.end not in routes and edge.approvals == 1:
                    routes[edge.end] = [*routes[status], edge]
                    waiting.append(edge.end)
        return routes

    def in_status(self, status):
        made = self.make()
        for number, edge in enumerate(self.routes[status]):
            # Who submits does not approve, so two take turns.
            caller = (self.second, self.maker.api)[number % 2]
            for before in BEFORE.get(edge.operation.id, ()):
                assert self.move(caller, made, edge.operation, edge.end, **before).status_code < 300
            answer = self.move(caller, made, edge.operation, edge.end)
            assert answer.status_code < 300, answer.text
        return made

    def body(self, operation, end):
        """The example of the operation, with the end where a member names it."""
        (content,) = operation.document["requestBody"]["content"].values()
        schema, body = self.maker.contract.resolve(content["schema"]), dict(content["example"])
        for name, member in schema["properties"].items():
            if end in self.maker.contract.resolve(member).get("enum", ()):
                body[name] = end
        return body

    def move(self, caller, made, operation, end, **members):
        options = {"if_match": "*"} if "If-Match" in operation.parameters() else {}
        return caller.request(operation.method, operation.template.replace("{id}", made["id"]), json={**self.body(operation, end), **members}, **options)

    def status_of(self, made):
        return self.maker.read(self.resource.schema, made)["status"]


@pytest.fixture(scope="module")
def machine_of(api, maker):
    family = Family(api, ByKey(api, None))
    return lambda resource: Machine(maker, family, resource)


@pytest.mark.parametrize("role", sorted(rights().keys() - {"partner_admin"}))
@pytest.mark.of(where=lambda resource: resource.moves)
def test_a_move_is_open_to_whom_the_contract_says(machine_of, resource, role):
    machine = machine_of(resource)
    caller = machine.family.callers[role]

    for status in machine.routes:
        made = machine.in_status(status)
        for operation, end in [(operation, end) for operation in resource.moves for end in sorted(machine.ends[operation.id])]:
            edge = next((e for e in machine.edges if (e.operation, e.start, e.end) == (operation, status, end)), None)
            for before in BEFORE.get(operation.id, ()):
                machine.move(machine.maker.api, made, operation, end, **before)
            answer = machine.move(caller, made, operation, end)
            told = f"{operation.id} from {status} to {end}: {answer.text}"
            if edge and role in edge.roles:
                assert answer.status_code in (200, 201), told
                assert machine.status_of(made) == (end if edge.approvals == 1 else status), told
                made = machine.in_status(status)
            else:
                # What a partner does not see yet is not there for it.
                assert answer.status_code in ((403,) if edge else (403, 409)) + ((404,) if role == "partner" else ()), told
                assert machine.status_of(made) == status, told
