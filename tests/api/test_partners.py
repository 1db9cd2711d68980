"""Partners: the hierarchy, the states they move through, their contacts, and the regions they stand in."""
import concurrent.futures
import contextlib

import psycopg2
import pytest

from support.builders import a_contact, a_partner, make_contact, make_member, make_partner, make_region, numbers
from support.polling import wait_until

SHARES_SERVER = True

STATUSES = ["prospect", "onboarding", "active", "suspended", "dormant", "terminating", "terminated", "rejected", "blacklisted"]
# The table in the contract; every status but blacklisted itself may be blacklisted.
MOVES = {
    "prospect": {"onboarding", "rejected"}, "onboarding": {"active", "rejected"}, "active": {"suspended", "dormant", "terminating"},
    "suspended": {"active", "terminating"}, "dormant": {"active", "terminating"}, "terminating": {"terminated", "active"},
    "terminated": set(), "rejected": set(), "blacklisted": {"prospect", "terminated"},
}
WAYS = {
    "prospect": [], "onboarding": ["onboarding"], "active": ["onboarding", "active"], "suspended": ["onboarding", "active", "suspended"],
    "dormant": ["onboarding", "active", "dormant"], "terminating": ["onboarding", "active", "terminating"],
    "terminated": ["onboarding", "active", "terminating", "terminated"], "rejected": ["rejected"], "blacklisted": ["blacklisted"],
}


def move(api, partner, status, **members):
    return api.post(f"/v1/partners/{partner['id']}/status", json={"status": status, **members})


def a_partner_that_is(api, status):
    partner = make_partner(api)
    for step in WAYS[status]:
        partner = move(api, partner, step).json()
    assert partner["status"] == status
    return partner


def test_a_partner_is_a_prospect_unless_said_otherwise(api):
    partner = make_partner(api)

    assert (partner["status"], partner["type"], partner["tier"], partner["pending_status"]) == ("prospect", "reseller", "registered", None)


@pytest.mark.parametrize("status", ["prospect", "onboarding", "active"])
def test_a_partner_may_be_further_when_it_is_registered(api, status):
    assert make_partner(api, status=status)["status"] == status


@pytest.mark.parametrize("status", ["suspended", "terminated", "blacklisted", "asleep", None])
def test_a_partner_cannot_begin_anywhere(api, status):
    answer = api.post("/v1/partners", json=a_partner(status=status))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/status")


@pytest.mark.parametrize("start", STATUSES)
def test_every_move_is_open_or_refused_as_the_table_says(api, start):
    for wanted in STATUSES:
        partner = a_partner_that_is(api, start)
        open_moves = MOVES[start] | ({"blacklisted"} - {start})

        answer = move(api, partner, wanted)

        if wanted in open_moves:
            assert answer.status_code == 200, (start, wanted, answer.text)
            assert answer.json()["status"] == (start if start == "blacklisted" else wanted)
        else:
            assert (answer.status_code, answer.json()["code"]) == (409, "status_move_refused"), (start, wanted)
            assert answer.json()["errors"][0]["pointer"] == "/status"
            assert all(name in answer.json()["detail"] for name in open_moves)
            assert api.get(f"/v1/partners/{partner['id']}").json() == partner


def test_a_blacklisted_partner_is_freed_by_two_approvers_only(api):
    partner, second = a_partner_that_is(api, "blacklisted"), api.caller(api.new_key("admin")["key"])

    asked = move(api, partner, "prospect", reason="Cleared").json()
    again = move(api, partner, "prospect")
    freed = move(second, partner, "prospect").json()

    assert (asked["status"], asked["pending_status"]) == ("blacklisted", "prospect")
    assert (again.status_code, again.json()["code"]) == (409, "second_approver_needed")
    assert (freed["status"], freed["pending_status"]) == ("prospect", None)


def test_two_approvers_must_want_the_same(api):
    partner, second = a_partner_that_is(api, "blacklisted"), api.caller(api.new_key("admin")["key"])
    move(api, partner, "prospect")

    other = move(second, partner, "terminated").json()

    assert (other["status"], other["pending_status"]) == ("blacklisted", "terminated")
    assert move(second, partner, "terminated").status_code == 409
    assert move(api, partner, "terminated").json()["status"] == "terminated"


def test_a_manager_can_be_the_second_approver_for_its_own_partner(api):
    member = make_member(api)
    partner = make_partner(api, manager_code=member["code"])
    move(api, partner, "blacklisted")
    move(api, partner, "terminated")

    assert move(api.as_manager(member), partner, "terminated").json()["status"] == "terminated"


def test_every_move_is_kept_with_who_when_and_why(api):
    partner = make_partner(api)
    for status, reason in (("onboarding", "Signed"), ("active", None), ("dormant", "No sales\nfor a year")):
        move(api, partner, status, reason=reason)

    changes = api.walk(f"/v1/partners/{partner['id']}/status-changes", sort="changed_at", limit=1)

    assert [(c["from_status"], c["to_status"], c["reason"]) for c in changes] == [
        ("prospect", "onboarding", "Signed"), ("onboarding", "active", None), ("active", "dormant", "No sales\nfor a year")]
    assert {c["partner_id"] for c in changes} == {partner["id"]}
    assert all(c["actor_id"] for c in changes)
    assert [c["changed_at"] for c in changes] == sorted(c["changed_at"] for c in changes)


def test_a_refused_or_half_approved_move_is_not_kept(api):
    partner = a_partner_that_is(api, "blacklisted")
    before = len(api.walk(f"/v1/partners/{partner['id']}/status-changes"))

    move(api, partner, "active")
    move(api, partner, "prospect")

    assert len(api.walk(f"/v1/partners/{partner['id']}/status-changes")) == before


def test_a_partner_cannot_stand_below_itself(api):
    top = make_partner(api)
    middle = make_partner(api, parent_code=top["code"])
    bottom = make_partner(api, parent_code=middle["code"])

    for below in (top, middle, bottom):
        answer = api.patch(f"/v1/partners/{top['id']}", json={"parent_code": below["code"]}, if_match="*")

        assert (answer.status_code, answer.json()["code"]) == (422, "partner_cycle")
        assert answer.json()["errors"][0]["pointer"] == "/parent_code"
    assert api.get(f"/v1/partners/{top['id']}").json() == top


def test_a_region_cannot_stand_below_itself(api):
    top = make_region(api)
    below = make_region(api, parent_code=top["code"])

    for parent in (top, below):
        answer = api.patch(f"/v1/regions/{top['id']}", json={"parent_id": parent["id"]}, if_match="*")

        assert (answer.status_code, answer.json()["code"]) == (422, "region_cycle")
        assert answer.json()["errors"][0]["pointer"] == "/parent_id"


def test_a_partner_moves_with_everything_below_it(api):
    first, second = make_partner(api), make_partner(api)
    middle = make_partner(api, parent_code=first["code"])
    bottom = make_partner(api, parent_code=middle["code"])

    api.patch(f"/v1/partners/{middle['id']}", json={"parent_code": second["code"]}, if_match="*")

    assert api.as_partner(first).get(f"/v1/partners/{bottom['id']}").status_code == 404
    assert api.as_partner(second).get(f"/v1/partners/{bottom['id']}").status_code == 200


def test_a_region_moves_with_everything_below_it(api):
    first, second = make_region(api), make_region(api)
    middle = make_region(api, parent_code=first["code"])
    bottom = make_region(api, parent_code=middle["code"])
    partner = make_partner(api, region_code=bottom["code"])

    api.patch(f"/v1/regions/{middle['id']}", json={"parent_code": second["code"]}, if_match="*")

    found = {region["code"]: [p["id"] for p in api.walk("/v1/partners", region_code=region["code"])] for region in (first, second)}
    assert found == {first["code"]: [], second["code"]: [partner["id"]]}


def test_a_hierarchy_may_be_deep(api):
    above = make_partner(api)
    top = above
    for _ in range(30):
        above = make_partner(api, parent_code=above["code"])

    assert len(api.as_partner(top).walk("/v1/partners")) == 31


def test_parallel_moves_make_no_cycle(api):
    for _ in range(5):
        a, b = make_partner(api), make_partner(api)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(
                lambda pair: pair[2].patch(f"/v1/partners/{pair[0]['id']}", json={"parent_id": pair[1]["id"]}, if_match="*"),
                ((a, b, api.twin()), (b, a, api.twin()))))

        assert sorted(answer.status_code for answer in answers) == [200, 422]
        parents = [api.get(f"/v1/partners/{partner['id']}").json()["parent_id"] for partner in (a, b)]
        assert parents.count(None) == 1


def test_deleting_a_partner_removes_its_contacts(api):
    partner = make_partner(api)
    contact = make_contact(api, partner)

    assert api.delete(f"/v1/partners/{partner['id']}", if_match="*").status_code == 204
    assert api.get(f"/v1/contacts/{contact['id']}").status_code == 404
    assert api.get(f"/v1/partners/{partner['id']}/contacts").status_code == 404


def test_contacts_belong_to_one_partner(api, acme, zenith):
    mine = make_contact(api, acme, is_primary=True, language="zh-CN", notes="Two\nlines")

    assert mine["partner_id"] == acme["id"]
    assert mine["id"] in {c["id"] for c in api.walk(f"/v1/partners/{acme['id']}/contacts")}
    assert mine["id"] not in {c["id"] for c in api.walk(f"/v1/partners/{zenith['id']}/contacts")}


@pytest.mark.parametrize("members, pointer", [
    ({"email": "no address"}, "/email"), ({"email": "a@b"}, "/email"), ({"language": "chinese!"}, "/language"), ({"name": ""}, "/name"),
    ({"name": " x"}, "/name"), ({"name": "x\n"}, "/name"), ({"name": "x" * 201}, "/name"), ({"notes": "x" * 4001}, "/notes"),
    ({"is_primary": "yes"}, "/is_primary"), ({"phone": ""}, "/phone"), ({"notes": "\u0007"}, "/notes"),
])
def test_a_contact_that_breaks_the_contract_is_refused(api, acme, members, pointer):
    answer = api.post(f"/v1/partners/{acme['id']}/contacts", json=a_contact(**members))

    assert (answer.status_code, [f["pointer"] for f in answer.json()["errors"]]) == (400, [pointer])


@pytest.mark.parametrize("code", ["华为-01", "A B", "a/b", "ä%_", "x" * 64, "华" * 64, "'", '"', "-", "null", "0", "😀"])
def test_a_code_may_be_any_line_of_text(api, code):
    partner = make_partner(api, code=code)

    assert [p["id"] for p in api.walk("/v1/partners", code=code)] == [partner["id"]]


@pytest.mark.parametrize("code", ["", " ", " a", "a ", "a\tb", "a\nb", "x" * 65, "\ufeff", "\u00a0a", "\u3000a", "a\x7f", 1, None])
def test_a_code_has_no_control_characters_and_no_blanks_at_its_ends(api, code):
    answer = api.post("/v1/partners", json=a_partner(code=code))

    assert (answer.status_code, [f["pointer"] for f in answer.json()["errors"]]) == (400, ["/code"])


def test_codes_differ_in_case(api):
    make_partner(api, code="case")

    assert make_partner(api, code="CASE")["code"] == "CASE"


def test_a_partner_has_one_primary_contact_and_another_takes_its_place(api, acme):
    first, second = (make_contact(api, acme, is_primary=primary) for primary in (True, True))
    third = make_contact(api, acme)
    primary = lambda: [c["id"] for c in api.walk(f"/v1/partners/{acme['id']}/contacts") if c["is_primary"]]

    assert primary() == [second["id"]]
    assert api.get(f"/v1/contacts/{first['id']}").json()["version"] == 2
    assert api.patch(f"/v1/contacts/{third['id']}", json={"is_primary": True}, if_match="*").status_code == 200
    assert primary() == [third["id"]]


def test_the_tree_below_a_partner_and_those_above_it(api):
    top = make_partner(api)
    middle = make_partner(api, parent_code=top["code"])
    leaves = [make_partner(api, parent_code=middle["code"]) for _ in range(3)]
    listed = lambda caller, partner, what, **params: [(p["code"], p["depth"]) for p in caller.walk(f"/v1/partners/{partner['id']}/{what}", **params)]

    assert sorted(listed(api, top, "tree", limit=2)) == sorted([(top["code"], 0), (middle["code"], 1), *((leaf["code"], 2) for leaf in leaves)])
    assert listed(api, leaves[0], "ancestors") == [(middle["code"], 1), (top["code"], 2)]
    assert listed(api.as_partner(middle), middle, "ancestors") == []
    assert api.as_partner(middle).get(f"/v1/partners/{top['id']}/tree").status_code == 404


def test_of_two_primary_contacts_named_at_once_the_second_is_refused(api, database):
    partner = make_partner(api)
    first, second = (make_contact(api, partner) for _ in range(2))
    path = f"/v1/contacts/{second['id']}"
    blocked = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ~ 'contact'"
    with contextlib.closing(psycopg2.connect(database.url)) as other, concurrent.futures.ThreadPoolExecutor(1) as pool:
        other.cursor().execute("update contact set is_primary = true where id = %s", (first["id"],))
        answer = pool.submit(api.twin().patch, path, json={"is_primary": True}, if_match="*")
        wait_until(lambda: database(blocked), 20)
        other.commit()

    assert (answer.result().status_code, answer.result().json()["code"]) == (409, "contact_primary_changed")
    assert api.get(path).json()["is_primary"] is False


@pytest.mark.parametrize("one, other, score, reasons", [
    ({"name": "华新科技（上海）有限公司", "city": "上海", "phone": "+86 21 5555-0173"}, {"name": "上海华新科技股份有限公司", "city": "上海", "phone": "02155550173"}, 70, ["name", "phone"]),
    ({"name": "ACME Trading Co., Ltd."}, {"name": "Ａｃｍｅ　Trading GmbH"}, 40, ["name"]),
    ({"name": "Alpha", "tax_id": "91-123 X"}, {"name": "Beta", "tax_id": "91123x"}, 60, ["tax_id"]),
    ({"name": "Gamma", "website": "https://www.twins.example/en"}, {"name": "Delta", "website": "http://twins.example:8080"}, 50, ["website"]),
])
def test_partners_that_are_likely_the_same_are_listed_with_the_reasons(api, one, other, score, reasons):
    mark = str(next(numbers))
    pair = [make_partner(api, **{name: value if name in ("city", "phone") else value.replace("91", f"91{mark}").replace("twins", f"twins{mark}") for name, value in one_of.items()}) for one_of in (one, other)]

    (found,) = [d for d in api.walk("/v1/partner-duplicates") if {d["partner_code"], d["other_code"]} == {p["code"] for p in pair}]

    assert (found["score"], found["reasons"]) == (score, reasons)


def test_partners_that_share_little_are_no_pair(api):
    pair = {make_partner(api, name=name, phone="0215550199")["code"] for name in ("Northwind Traders", "Contoso")}

    assert [d for d in api.walk("/v1/partner-duplicates") if {d["partner_code"], d["other_code"]} == pair] == []
