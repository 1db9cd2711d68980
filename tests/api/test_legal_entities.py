"""The vendor's companies."""
import pytest

from support.builders import a_legal_entity

SHARES_SERVER = True


@pytest.mark.parametrize("members", [{"currency": "usd"}, {"country_code": "CHN"}, {"is_active": "yes"}, {"name": ""}, {"nonsense": 1}])
def test_what_breaks_the_contract_is_refused(api, members):
    assert api.post("/v1/legal-entities", json=a_legal_entity(**members)).status_code == 400
