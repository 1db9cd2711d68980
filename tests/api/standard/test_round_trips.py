"""What is written is what is read, whatever the resource: members, defaults, versions, and nothing left of what is deleted."""
import pytest

from support.comparison import told, without

SHARES_SERVER = True


def settled(contract, resource):
    """The members of a new body that the contract gives a default."""
    members = resource.body_schema()["properties"]
    return {name: member["default"] for name, member in members.items() if "default" in member}


@pytest.mark.of("creates", "reads")
def test_what_is_created_is_read_as_it_was_said(api, maker, resource):
    body = maker.body(resource.schema)

    answer = api.post(maker.where(resource.schema), json=body)

    assert answer.status_code in (201, 202), answer.text
    assert told(body, answer.json()) == {}
    address = answer.headers.get("Location", maker.address(resource.schema, answer.json()))
    read = api.get(address)
    assert told(body, read.json()) == {}
    assert read.headers.get("ETag") == answer.headers.get("ETag")


@pytest.mark.of("creates", "reads")
def test_what_is_not_said_has_its_default(api, contract, maker, resource):
    defaults = settled(contract, resource)
    body = {name: value for name, value in maker.body(resource.schema).items() if name not in defaults}

    made = maker.sent("POST", maker.where(resource.schema), json=body)

    assert told(defaults, made) == {}


@pytest.mark.of("creates", "lists", where=lambda resource: "version" in resource.properties)
def test_an_object_is_listed_as_it_is_read(api, maker, resource):
    made = maker.make(resource.schema)
    read = maker.read(resource.schema, made)

    listed = api.walk(resource.lists.template.replace("{id}", made.get("partner_id") or ""), limit=200)

    assert [item for item in listed if item["id"] == made["id"]] == [read]


@pytest.mark.of("reads", "updates")
def test_a_change_changes_what_it_names_and_nothing_else(api, maker, resource):
    made = maker.read(resource.schema, maker.make(resource.schema))
    change = maker.change(resource.schema)

    answer = api.patch(maker.address(resource.schema, made), json=change, if_match=f'"{made["version"]}"')

    assert answer.status_code == 200, answer.text
    assert told(change, answer.json()) == {}
    kept = (*change, "version", "updated_at")
    assert without(answer.json(), *kept) == without(made, *kept)
    assert answer.json()["version"] == made["version"] + 1
    assert answer.json()["updated_at"] > made["updated_at"]
    assert maker.read(resource.schema, made) == answer.json()


@pytest.mark.of("creates", "updates")
def test_null_brings_the_default_back(api, contract, maker, resource):
    members = resource.body_schema("updates")["properties"]
    defaults = {name: value for name, value in settled(contract, resource).items() if name in members}
    made = maker.make(resource.schema)

    answer = api.patch(maker.address(resource.schema, made), json={name: None for name in defaults}, if_match="*")

    assert answer.status_code == 200, answer.text
    assert told(defaults, answer.json()) == {}


@pytest.mark.of("creates", "deletes")
def test_what_is_deleted_is_gone_or_says_that_it_ended(api, maker, resource):
    made = maker.make(resource.schema)
    address = maker.address(resource.schema, made)

    assert api.delete(address, if_match="*").status_code == 204

    after = api.get(address)
    assert after.status_code == 404 or after.json()["version"] > made["version"]
