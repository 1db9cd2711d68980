"""Natural keys and keys of requests, whatever the resource: an object has its key alone, and what is asked twice is done once."""
import pytest

from support.comparison import told

SHARES_SERVER = True


def references_by_key(resource):
    """The members of the example that name another object by its natural key."""
    return [name for name, reference in resource.references().items() if reference.key != "id" and name in resource.example()]


def is_refused(answer, resource, kind, existing):
    assert (answer.status_code, answer.json()["code"]) == (409, resource.taken(kind)), answer.text
    assert answer.json()["existing_id"] == existing["id"]


@pytest.mark.of("creates", "reads", where=lambda resource: resource.taken())
def test_a_natural_key_that_is_taken_names_the_object_that_has_it(api, maker, resource):
    path, body = maker.where(resource.schema), maker.body(resource.schema)
    made = maker.sent("POST", path, json=body)

    is_refused(api.post(path, json=body), resource, "creates", made)
    assert maker.read(resource.schema, made) == made


@pytest.mark.of("creates", "updates", where=lambda resource: resource.taken("updates"))
def test_a_change_to_a_natural_key_that_is_taken_is_refused(api, maker, resource):
    members = resource.body_schema("updates")["properties"]
    body = {name: value for name, value in maker.body(resource.schema).items() if name in members}
    first, second = maker.make(resource.schema, **body), maker.make(resource.schema)

    is_refused(api.patch(maker.address(resource.schema, second), json=body, if_match="*"), resource, "updates", first)
    assert maker.read(resource.schema, second) == second


@pytest.mark.of("creates", "updates")
def test_an_object_may_keep_its_natural_key(api, maker, resource):
    members = resource.body_schema("updates")["properties"]
    body = {name: value for name, value in maker.body(resource.schema).items() if name in members}
    made = maker.make(resource.schema, **body)

    answer = api.patch(maker.address(resource.schema, made), json=body, if_match="*")

    assert answer.status_code == 200, answer.text
    assert told(body, answer.json()) == {}


@pytest.mark.of("creates", "reads")
def test_a_create_is_replayed_by_its_key_and_done_once(api, maker, resource):
    path, body, key = maker.where(resource.schema), maker.body(resource.schema), f"a create of {resource.schema}"

    first, second = (api.post(path, json=body, idempotency_key=key) for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert (second.status_code, second.json()["id"]) == (first.status_code, first.json()["id"])


@pytest.mark.of("creates", where=references_by_key)
def test_an_unknown_reference_points_at_what_was_given(api, maker, resource):
    named = {name: "NOBODY" for name in references_by_key(resource)}

    answer = api.post(maker.where(resource.schema), json={**maker.body(resource.schema), **named})

    assert answer.status_code == 422, answer.text
    faults = {(fault["pointer"], fault["code"].endswith("_unknown")) for fault in answer.json()["errors"]}
    assert faults == {(f"/{name}", True) for name in named}
