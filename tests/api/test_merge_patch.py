"""PATCH is a JSON Merge Patch (RFC 7396): absent keeps, null removes, arrays are replaced, the result is validated as a whole."""
import pytest

from support.builders import make_partner, make_region

SHARES_SERVER = True


def patch(api, partner, status=200, **members):
    answer = api.patch(f"/v1/partners/{partner['id']}", json=members, if_match="*")
    assert answer.status_code == status, answer.text
    return answer.json()


def without(members, *names):
    return {name: value for name, value in members.items() if name not in (*names, "version", "updated_at")}


def test_what_is_absent_stays(api):
    partner = make_partner(api, city="Seattle", tags=["a"], custom={"x": 1}, employees=3)

    changed = patch(api, partner, name="Other")

    assert changed["name"] == "Other"
    assert without(changed, "name") == without(partner, "name")


def test_null_empties_a_member(api):
    partner = make_partner(api, city="Seattle", employees=3, website="https://x.example.com", currency="USD")

    changed = patch(api, partner, city=None, employees=None, website=None, currency=None)

    assert [changed[name] for name in ("city", "employees", "website", "currency")] == [None] * 4


def test_null_brings_a_default_back(api):
    partner = make_partner(api, type="agent", tier="gold", tags=["a"], industries=["b"], custom={"x": 1}, external_refs={"z": "1"})

    changed = patch(api, partner, type=None, tier=None, tags=None, industries=None, custom=None, external_refs=None)

    names = ("type", "tier", "tags", "industries", "custom", "external_refs")
    assert [changed[name] for name in names] == ["reseller", "registered", [], [], {}, {}]


@pytest.mark.parametrize("name", ["code", "name"])
def test_null_cannot_remove_what_is_required(api, name):
    answer = patch(api, make_partner(api), status=400, **{name: None})

    assert [fault["pointer"] for fault in answer["errors"]] == [f"/{name}"]


def test_an_array_is_replaced(api):
    partner = make_partner(api, tags=["a", "b"], industries=["sports", "retail"])

    changed = patch(api, partner, tags=["c"])

    assert (changed["tags"], changed["industries"]) == (["c"], ["sports", "retail"])


def test_an_object_is_merged(api):
    partner = make_partner(api, custom={"a": 1, "b": "two", "c": True}, external_refs={"zoho": "1", "crm": "2"})

    changed = patch(api, partner, custom={"b": "three", "d": 4}, external_refs={"crm": "3"})

    assert changed["custom"] == {"a": 1, "b": "three", "c": True, "d": 4}
    assert changed["external_refs"] == {"zoho": "1", "crm": "3"}


def test_null_removes_a_nested_member(api):
    partner = make_partner(api, custom={"a": 1, "b": "two"}, external_refs={"zoho": "1", "crm": "2"})

    changed = patch(api, partner, custom={"a": None, "nothing": None}, external_refs={"zoho": None})

    assert (changed["custom"], changed["external_refs"]) == ({"b": "two"}, {"crm": "2"})


def test_the_result_is_validated_as_a_whole(api):
    partner = make_partner(api, custom={f"member_{i}": i for i in range(99)})

    assert len(patch(api, partner, custom={"one": 1})["custom"]) == 100
    answer = api.patch(f"/v1/partners/{partner['id']}", json={"custom": {"one_too_many": 1}}, if_match="*")
    assert answer.status_code in (400, 422)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/custom"]


def test_a_patch_is_checked_by_the_contract(api):
    answer = patch(api, make_partner(api), status=400, employees="3", colour="red", country_code="x")

    assert sorted(fault["pointer"] for fault in answer["errors"]) == ["/colour", "/country_code", "/employees"]


def test_the_status_is_not_changed_by_a_patch(api):
    path = f"/v1/partners/{make_partner(api)['id']}"

    answer = api.patch(path, json={"status": "active", "pending_status": None}, if_match="*")

    assert sorted(fault["pointer"] for fault in answer.json()["errors"]) == ["/pending_status", "/status"]


def test_an_empty_patch_is_accepted(api):
    partner = make_partner(api, city="Seattle")

    assert without(patch(api, partner)) == without(partner)


@pytest.mark.parametrize("body", [[], "x", None, 1])
def test_a_patch_is_an_object(api, body):
    partner = make_partner(api)

    answer = api.patch(f"/v1/partners/{partner['id']}", json=body, if_match="*")

    assert answer.status_code == 400


def test_a_reference_is_changed_by_either_name(api):
    first, second = make_region(api), make_region(api)
    partner = make_partner(api, region_code=first["code"])

    by_id = patch(api, partner, region_id=second["id"])
    assert (by_id["region_id"], by_id["region_code"]) == (second["id"], second["code"])
    by_code = patch(api, partner, region_code=first["code"])
    assert (by_code["region_id"], by_code["region_code"]) == (first["id"], first["code"])


@pytest.mark.parametrize("names", [["region_id"], ["region_code"], ["region_id", "region_code"]])
def test_null_ends_a_reference_by_either_name(api, names):
    partner = make_partner(api, region_code=make_region(api)["code"])

    changed = patch(api, partner, **{name: None for name in names})

    assert (changed["region_id"], changed["region_code"]) == (None, None)


def test_a_member_of_every_kind_can_be_changed(api):
    partner = make_partner(api)
    members = {
        "code": "CHANGED", "name": "改名", "legal_name": "L", "tax_id": "91-1", "type": "isv", "group_name": "G", "tier": "gold",
        "industries": ["x"], "employees": 0, "founded_year": 1994, "address": "1 Street\n2nd floor", "city": "C", "state_province": "S",
        "postal_code": "98104", "country_code": "US", "phone": "+1 2", "website": "https://x.example.com/a?b=c", "currency": "JPY",
        "tags": ["t"], "external_refs": {"zoho": "1"}, "custom": {"s": "x", "i": 1, "b": False},
    }

    changed = patch(api, partner, **members)

    assert {name: changed[name] for name in members} == members
    assert api.get(f"/v1/partners/{partner['id']}").json() == changed
