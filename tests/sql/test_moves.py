"""The moves that statuses can make are those of the contract, and every object of the contract that moves keeps its moves."""
import re
from pathlib import Path

import pytest
import yaml

DOCUMENT = yaml.load((Path(__file__).parents[2] / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
ROLES = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", DOCUMENT["info"]["description"], re.MULTILINE)


def many(value):
    return value if isinstance(value, list) else [value]


def roles_of(operation):
    """Who may ask for it unless the contract says something else: who has the right to."""
    resource = operation["security"][0]["key"][0].partition(":")[0]
    return {role for role, writes in ROLES if writes == "everything" or f"`{resource}`" in writes}


def moves_of(operation):
    """The rows that x-moves stands for."""
    declared = dict(operation["x-moves"])
    schema, target = next(iter(declared.items()))
    common = {name: declared[name] for name in ("from", "roles", "told_as") if name in declared}
    edges = target if isinstance(target, list) and isinstance(target[0], dict) else [{"to": target}]
    for edge in ({**common, **edge} for edge in edges):
        for start in many(edge["from"]):
            for end in many(edge["to"]):
                yield (re.sub(r"(?<!^)(?=[A-Z])", "_", schema).lower(), operation["operationId"], start, end,
                    frozenset(edge.get("roles", roles_of(operation))), edge.get("approvals", 1), edge.get("told_as", end))


CONTRACT = {
    row
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
    if isinstance(operation, dict) and "x-moves" in operation
    for row in moves_of(operation)
}


def test_the_moves_are_those_of_the_contract(sql):
    rows = sql("select object_type, operation, from_status, to_status, roles, approvals, told_as from status_move")

    assert {(*row[:4], frozenset(row.roles), *row[5:]) for row in rows} == CONTRACT


def test_the_table_of_the_contract_says_the_same_for_people():
    (partners,) = [tag["description"] for tag in DOCUMENT["tags"] if tag["name"] == "partners"]
    lines = re.findall(r"^\| `(\w+)` \| (.*) \|$", partners, re.MULTILINE)
    said = {(start, end) for start, ends in lines for end in re.findall(r"`(\w+)`", ends)}

    assert said and said <= {row[2:4] for row in CONTRACT if row[0] == "partner"}
    assert {row[2:4] for row in CONTRACT if row[0] == "partner"} - said == {
        (status, "blacklisted") for status in {status for move in said for status in move} - {"blacklisted"}}


def test_what_is_moved_is_a_table_with_a_version(sql):
    columns = set(sql("select table_name::text, column_name::text from information_schema.columns where table_schema = 'public'"))

    assert {(row[0], "version") for row in CONTRACT} <= {tuple(column) for column in columns}
    assert {tuple(row) for row in sql("select object_type, column_name from told_column")} <= {tuple(column) for column in columns}


@pytest.fixture
def as_caller(database):
    """Asks a question as a caller of this role (none: the server itself), in the midst of an operation."""

    def ask(role, operation, question, actor_id=""):
        cursor = database.connect("qudao_staff", operation=operation, actor_id=actor_id).cursor()
        cursor.execute("select set_config('app.role', %s, false)", (role,))
        cursor.execute(question)
        return [tuple(row) for row in cursor.fetchall()]

    return ask


@pytest.mark.parametrize("role, operation, present, wanted, faults", [
    ("admin", "confirmSalesRecord", "reported", "confirmed", []),
    ("admin", "confirmSalesRecord", "void", "confirmed", [("status_move_refused", "void can move to nothing else")]),
    ("admin", "confirmSalesRecord", "confirmed", "confirmed", [("status_move_refused", "confirmed can move to disputed, void")]),
    ("partner", "disputeSalesRecord", "disputed", "disputed", [("status_move_refused", "disputed can move to nothing else")]),
    ("partner", "disputeSalesRecord", "reported", "disputed", []),
    ("partner", "confirmSalesRecord", "reported", "confirmed", [("forbidden", None)]),
    ("partner", "voidSalesRecord", "confirmed", "void", [("forbidden", None)]),
    ("partner", "confirmSalesRecord", "void", "confirmed", [("forbidden", None), ("status_move_refused", "void can move to nothing else")]),
    ("analyst", "disputeSalesRecord", "reported", "disputed", [("forbidden", None)]),
    ("", "confirmSalesRecord", "reported", "confirmed", []),
    ("", "nonsense", "reported", "confirmed", [("forbidden", None), ("status_move_refused", "reported can move to confirmed, disputed, void")]),
])
def test_a_move_is_judged_by_operation_status_and_role(as_caller, role, operation, present, wanted, faults):
    question = f"select problem, detail from move_faults('sales_record', null, 3, '{{3}}', '{present}', '{wanted}')"

    assert as_caller(role, operation, question) == faults
    assert ("precondition_failed", None) in as_caller(role, operation, question.replace("{3}", "{2}"))


def test_who_proposed_does_not_approve(as_caller):
    one, other = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"

    def asked(wanted, present="blacklisted", by=one):
        proposer = f"'{by}'" if by else "null"
        question = f"select move_is_final('partner', '{present}', '{wanted}', {proposer}::uuid),"
        question += f" array(select problem from approver_faults('partner', '{present}', '{wanted}', null, {proposer}))"
        return as_caller("admin", "changePartnerStatus", question, actor_id=one)[0]

    assert asked("prospect", by=None) == (False, [])
    assert asked("prospect", by=one) == (True, ["second_approver_needed"])
    assert asked("prospect", by=other) == (True, [])
    assert asked("onboarding", present="prospect", by=None) == (True, [])
