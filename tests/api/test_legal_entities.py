"""The vendor's companies."""
import pytest

from support import channel
from support.builders import a_legal_entity, etag_of, make_legal_entity, unique


def test_an_entity_has_what_was_given_and_defaults(api):
    made = make_legal_entity(api, country_code="CN", currency="CNY", tax_id="91310000MA1K35XX0X", custom={"seal": "A"})
    bare = make_legal_entity(api)

    assert (made["country_code"], made["currency"], made["tax_id"], made["custom"]) == ("CN", "CNY", "91310000MA1K35XX0X", {"seal": "A"})
    assert (bare["country_code"], bare["currency"], bare["tax_id"], bare["is_active"], bare["custom"]) == (None, None, None, True, {})


def test_a_code_is_taken_once(api):
    first, second = make_legal_entity(api), make_legal_entity(api)

    again = api.post("/v1/legal-entities", json=a_legal_entity(code=first["code"]))
    renamed = api.patch(f"/v1/legal-entities/{second['id']}", json={"code": first["code"]}, if_match=etag_of(second))

    for answer in (again, renamed):
        assert (answer.status_code, answer.json()["code"], answer.json()["existing_id"]) == (409, "legal_entity_code_taken", first["id"])


@pytest.mark.parametrize("members", [{"currency": "usd"}, {"country_code": "CHN"}, {"is_active": "yes"}, {"name": ""}, {"nonsense": 1}])
def test_what_breaks_the_contract_is_refused(api, members):
    assert api.post("/v1/legal-entities", json=a_legal_entity(**members)).status_code == 400


def test_an_entity_is_changed_found_and_removed(api):
    made = make_legal_entity(api, name=unique("Qudao 上海"), currency="CNY", custom={"a": "1", "b": "2"})
    path = f"/v1/legal-entities/{made['id']}"

    changed = api.patch(path, json={"currency": None, "is_active": False, "custom": {"a": None}}, if_match=etag_of(made)).json()

    assert (changed["currency"], changed["is_active"], changed["custom"], changed["version"]) == (None, False, {"b": "2"}, 2)
    assert [row["id"] for row in api.walk("/v1/legal-entities", q=made["name"].lower())] == [made["id"]]
    assert made["id"] in {row["id"] for row in api.walk("/v1/legal-entities", is_active="false", sort="-name")}
    assert api.delete(path, if_match='"2"').status_code == 204
    assert api.get(path).status_code == 404


def test_a_file_adds_and_changes_entities(api):
    code = unique("FILE")

    first = channel.import_file(api, "legal-entities", f"code,name,currency\n{code},上海,CNY\n{code},again,\n".encode()).json()
    second = channel.import_file(api, "legal-entities", f"code,name\n{code},北京\n".encode()).json()
    third = channel.import_file(api, "legal-entities", f"code,name\n{code},北京\n".encode()).json()

    assert (first["created"], first["rejected"], first["errors"][0]["code"]) == (1, 1, "duplicate_in_file")
    assert (second["updated"], third["unchanged"]) == (1, 1)
    (kept,) = api.walk("/v1/legal-entities", code=code)
    assert (kept["name"], kept["currency"], kept["version"]) == ("北京", "CNY", 2)


def test_partners_read_entities_and_write_none(api, acme):
    made, partner = make_legal_entity(api), api.as_partner(acme)

    assert partner.get(f"/v1/legal-entities/{made['id']}").json()["code"] == made["code"]
    assert partner.post("/v1/legal-entities", json=a_legal_entity()).status_code == 403
    assert partner.delete(f"/v1/legal-entities/{made['id']}", if_match='"1"').status_code == 403


def test_custom_members_are_at_most_100(api):
    made = make_legal_entity(api, custom={f"m{i}": i for i in range(60)})

    answer = api.patch(f"/v1/legal-entities/{made['id']}", json={"custom": {f"n{i}": i for i in range(60)}}, if_match="*")

    assert (answer.status_code, answer.json()["code"]) == (422, "custom_too_many")
