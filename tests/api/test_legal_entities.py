"""The vendor's companies."""
import pytest

from support.builders import a_legal_entity, make_legal_entity

SHARES_SERVER = True


@pytest.mark.parametrize("members", [{"currency": "usd"}, {"country_code": "CHN"}, {"is_active": "yes"}, {"name": ""}, {"nonsense": 1}])
def test_what_breaks_the_contract_is_refused(api, members):
    assert api.post("/v1/legal-entities", json=a_legal_entity(**members)).status_code == 400


def test_custom_members_are_at_most_100(api):
    made = make_legal_entity(api, custom={f"m{i}": i for i in range(60)})

    answer = api.patch(f"/v1/legal-entities/{made['id']}", json={"custom": {f"n{i}": i for i in range(60)}}, if_match="*")

    assert (answer.status_code, answer.json()["code"]) == (422, "custom_too_many")
