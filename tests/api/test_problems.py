"""Problems (RFC 9457): all faults of a request at once, 400 for the contract, 422 and 409 for data and rules."""
import uuid

import pytest

from support.builders import a_partner, a_region, a_sale, make_member, make_partner, make_region

SHARES_SERVER = True


def faults(answer, status=400):
    assert answer.status_code == status, answer.text
    return {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}


def pointers(answer, status=400):
    return sorted(pointer for pointer, _ in faults(answer, status))


def test_all_faults_of_a_body_come_at_once(api):
    body = {"name": 1, "employees": -1, "country_code": "usa", "colour": "red", "tags": ["a", "a"], "website": "ftp://x"}

    answer = api.post("/v1/partners", json=body)

    assert answer.json()["code"] == "invalid_request"
    assert pointers(answer) == ["/code", "/colour", "/country_code", "/employees", "/name", "/tags/1", "/website"]


def test_faults_of_body_and_query_come_at_once_or_the_body_first(api):
    answer = api.post("/v1/regions", json={}, params={"nonsense": "1"})

    assert {"/code", "/name"} <= set(pointers(answer))


def test_all_faults_of_a_query_come_at_once(api):
    answer = api.get("/v1/partners", params={"limit": "0", "sort": "colour", "status": "asleep", "country_code": "", "nonsense": "1"})

    assert pointers(answer) == ["?country_code", "?limit", "?nonsense", "?sort", "?status"]


def test_all_faults_of_data_come_at_once(api):
    taken = make_partner(api)

    answer = api.post("/v1/partners", json=a_partner(code=taken["code"], parent_code="NO-1", manager_code="NO-2", region_code="NO-3"))

    assert faults(answer, answer.status_code) == {
        ("/code", "partner_code_taken"), ("/parent_code", "partner_unknown"),
        ("/manager_code", "manager_unknown"), ("/region_code", "region_unknown"),
    }


def test_an_unknown_member_is_refused(api):
    answer = api.post("/v1/regions", json=a_region(colour="red"))

    assert faults(answer) == {("/colour", "unknown_member")}


def test_a_fault_points_into_nested_members(api):
    body = a_partner(custom={"a": 1, "b": {"c": 1}}, tags=["x", ""], external_refs={"zoho": 1})

    answer = api.post("/v1/partners", json=body)

    assert pointers(answer) == ["/custom/b", "/external_refs/zoho", "/tags/1"]


def test_a_pointer_escapes_what_needs_it(api):
    answer = api.post("/v1/regions", json=a_region(**{"a/b~c": 1}))

    assert pointers(answer) == ["/a~1b~0c"]


def test_a_hundred_faults_are_named_at_most(api):
    answer = api.post("/v1/regions", json=a_region(**{f"member_{i}": 1 for i in range(500)}))

    assert len(answer.json()["errors"]) == 100


@pytest.mark.parametrize("member", ["id", "version", "created_at", "updated_at", "status_changes", "pending_status"])
def test_a_member_that_the_server_sets_is_refused(api, member):
    values = {"id": str(uuid.uuid4()), "version": 1, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}

    answer = api.post("/v1/partners", json=a_partner(**{member: values.get(member, "active")}))

    assert pointers(answer) == [f"/{member}"]


@pytest.mark.parametrize("member, value", [
    ("status", "void"), ("reverses_id", None), ("replaced_by_id", None), ("import_id", None), ("voided_reason", "x"), ("id", None),
])
def test_a_sale_cannot_bring_what_the_server_sets(api, acme, product, member, value):
    answer = api.post("/v1/sales-records", json=a_sale(acme, product, **{member: value}))

    assert pointers(answer) == [f"/{member}"]


def test_a_patch_cannot_change_what_the_server_sets(api):
    region = make_region(api)

    answer = api.patch(f"/v1/regions/{region['id']}", json={"id": region["id"], "version": 9}, if_match="*")

    assert pointers(answer) == ["/id", "/version"]


def test_an_unknown_reference_points_at_what_was_given(api, acme, product):
    by_id = a_sale(acme, product, partner_id=str(uuid.uuid4()), product_id=str(uuid.uuid4()), region_id=str(uuid.uuid4()),
                   manager_id=str(uuid.uuid4()))
    del by_id["partner_code"], by_id["sku"]
    by_code = a_sale(acme, product, partner_code="NO", sku="NO", region_code="NO", manager_code="NO")

    assert faults(api.post("/v1/sales-records", json=by_id), 422) == {
        ("/partner_id", "partner_unknown"), ("/product_id", "product_unknown"),
        ("/region_id", "region_unknown"), ("/manager_id", "manager_unknown")}
    assert faults(api.post("/v1/sales-records", json=by_code), 422) == {
        ("/partner_code", "partner_unknown"), ("/sku", "product_unknown"),
        ("/region_code", "region_unknown"), ("/manager_code", "manager_unknown")}


def test_a_patch_to_an_unknown_reference_is_refused(api):
    for path, make, names in (("regions", make_region, {"parent_code": "region"}), ("members", make_member, {"region_code": "region"}),
                              ("partners", make_partner, {"parent_code": "partner", "manager_code": "manager", "region_code": "region"})):
        made = make(api)

        answer = api.patch(f"/v1/{path}/{made['id']}", json={name: "NO" for name in names}, if_match="*")

        assert faults(answer, 422) == {(f"/{name}", f"{thing}_unknown") for name, thing in names.items()}
        assert api.get(f"/v1/{path}/{made['id']}").json() == made


def test_id_and_code_of_a_reference_must_agree(api, acme, zenith, product):
    answer = api.post("/v1/sales-records", json=a_sale(acme, product, partner_id=zenith["id"]))

    assert faults(answer, 422) == {("/partner_code", "reference_differs")}


def test_id_and_code_of_a_reference_may_agree(api):
    above = make_region(api)

    region = make_region(api, parent_id=above["id"], parent_code=above["code"])

    assert (region["parent_id"], region["parent_code"]) == (above["id"], above["code"])


def test_an_object_in_use_cannot_be_deleted(api, acme, product):
    region, member = make_region(api), make_member(api)
    make_partner(api, region_code=region["code"], manager_code=member["code"], parent_code=acme["code"])
    api.post("/v1/sales-records", json=a_sale(acme, product))

    for path, used, code in (("regions", region, "region_in_use"), ("members", member, "member_in_use"),
                             ("partners", acme, "partner_in_use"), ("products", product, "product_in_use")):
        answer = api.delete(f"/v1/{path}/{used['id']}", if_match="*")

        assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_a_region_with_regions_below_it_cannot_be_deleted(api):
    above = make_region(api)
    make_region(api, parent_code=above["code"])

    answer = api.delete(f"/v1/regions/{above['id']}", if_match="*")

    assert (answer.status_code, answer.json()["code"]) == (409, "region_in_use")


def test_the_request_id_of_the_caller_is_kept(api):
    given = str(uuid.uuid4())

    answer = api.get("/v1/nothing", headers={"Request-Id": given})

    assert (answer.headers["Request-Id"], answer.json()["request_id"]) == (given, given)


def test_every_request_has_an_id_of_its_own(api):
    ids = {api.get("/v1/regions").headers["Request-Id"] for _ in range(20)}

    assert len(ids) == 20


def test_the_type_of_a_problem_is_a_page_about_it(api):
    problem = api.get("/v1/nothing").json()

    page = api.get(problem["type"]).json()

    assert page == {"code": "not_found", "status": 404, "title": problem["title"]}


def test_a_refusal_tells_nothing_of_the_inside(api):
    texts = [
        api.get(f"/v1/partners/{uuid.uuid4()}").text,
        api.post("/v1/partners", json=a_partner(code="x" * 65)).text,
        api.get("/v1/partners", params={"q": "' or 1=1 --", "nonsense": "1"}).text,
        api.post("/v1/partners", json=a_partner(name="'; drop table partner; --", parent_code="'")).text,
    ]

    for word in ("select", "postgres", "constraint", "/work", ".c:", "libpq", "relation", "SQLSTATE"):
        assert not any(word in text for text in texts), word
