"""Who may do what to which object, where the rule is a resource's own; standard/test_roles.py has what holds for all."""
import pytest

from support import builders
from support.comparison import without
from support.family import ByKey, Family

SHARES_SERVER = True


@pytest.fixture(scope="module")
def world(api):
    """A family of partners; the manager under test looks after `own` and nobody else."""
    family = Family(api, ByKey(api, None))
    return {
        "family": family.partners, "callers": family.callers, "manager": family.manager, "other": family.other, "product": builders.make_product(api),
    }


@pytest.mark.parametrize("role, status", [("admin", 204), ("manager", 403), ("analyst", 403), ("partner", 403), ("partner_admin", 404)])
def test_only_an_admin_revokes_a_key_of_the_vendor(api, world, role, status):
    key = api.new_key("analyst")

    assert world["callers"][role].delete(f"/v1/api-keys/{key['id']}").status_code == status
    assert (api.get(f"/v1/api-keys/{key['id']}").json()["revoked_at"] is not None) == (status == 204)


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
    own = ("request_id", "instance")
    assert without(foreign.json(), *own) == without(unknown.json(), *own)
