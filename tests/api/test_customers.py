"""End customers: each belongs to the partner that serves it, or to the vendor, and partners keep theirs apart."""
import pytest

from support import builders, channel
from support.builders import a_customer, etag_of, make_customer, unique

SHARES_SERVER = True


@pytest.fixture(scope="module")
def child(api, acme):
    return builders.make_partner(api, parent_code=acme["code"])


def import_rows(api, *lines):
    answer = channel.import_file(api, "customers", ("\n".join(lines) + "\n").encode())
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_code_is_taken_once_within_a_partner(api, acme, zenith):
    code = unique("SHARED")
    own = make_customer(api, code=code, partner_code=acme["code"])
    vendors = make_customer(api, code=code)

    answers = [api.post("/v1/customers", json=a_customer(code=code, **owner)) for owner in ({"partner_code": acme["code"]}, {})]
    other = make_customer(api, code=code, partner_code=zenith["code"])
    moved = api.patch(f"/v1/customers/{other['id']}", json={"partner_code": None}, if_match="*")

    for answer, existing in zip([*answers, moved], (own, vendors, vendors)):
        assert (answer.status_code, answer.json()["code"], answer.json()["existing_id"]) == (409, "customer_code_taken", existing["id"])
    assert len(api.walk("/v1/customers", code=code)) == 3


def test_customers_are_searched_and_filtered(api, acme):
    region, below = builders.make_region(api), None
    below = builders.make_region(api, parent_code=region["code"])
    name = unique("华为技术有限公司")
    made = make_customer(api, name=name, industry=unique("Telecom"), tax_id=unique("TAX"), region_code=below["code"], partner_code=acme["code"])

    for filters in ({"q": name[:4]}, {"industry": made["industry"]}, {"tax_id": made["tax_id"]}, {"region_code": region["code"]},
                    {"partner_code": acme["code"], "q": name}):
        assert [row["id"] for row in api.walk("/v1/customers", **filters)] == [made["id"]], filters


def test_a_partner_sees_and_writes_the_customers_of_itself_and_below(api, acme, zenith, child):
    partner = api.as_partner(acme)
    foreign, vendors = make_customer(api, partner_code=zenith["code"]), make_customer(api)

    own = make_customer(partner)
    lower = make_customer(partner, partner_code=child["code"])

    assert own["partner_code"] == acme["code"]
    assert {row["partner_code"] for row in partner.walk("/v1/customers")} == {acme["code"], child["code"]}
    assert partner.patch(f"/v1/customers/{lower['id']}", json={"name": "Other"}, if_match=etag_of(lower)).status_code == 200
    for hidden in (foreign, vendors):
        path = f"/v1/customers/{hidden['id']}"
        assert [partner.get(path).status_code, partner.patch(path, json={"name": "X"}, if_match="*").status_code,
                partner.delete(path, if_match="*").status_code] == [404] * 3
    assert partner.post("/v1/customers", json=a_customer(partner_code=zenith["code"])).json()["code"] == "partner_unknown"
    assert partner.patch(f"/v1/customers/{own['id']}", json={"partner_code": None}, if_match="*").status_code == 403
    assert partner.delete(f"/v1/customers/{own['id']}", if_match="*").status_code == 204
    assert api.as_partner(child).get(f"/v1/customers/{lower['id']}").status_code == 200


def test_a_partner_does_not_learn_of_the_codes_of_another(api, acme, zenith):
    theirs = make_customer(api, partner_code=zenith["code"])

    assert make_customer(api.as_partner(acme), code=theirs["code"])["partner_code"] == acme["code"]


def test_a_manager_writes_the_customers_of_its_own_partners(api):
    member = builders.make_member(api)
    own, foreign = builders.make_partner(api, manager_code=member["code"]), builders.make_partner(api)
    manager, theirs = api.as_manager(member), make_customer(api, partner_code=foreign["code"])

    made = make_customer(manager, partner_code=own["code"])

    assert manager.get(f"/v1/customers/{theirs['id']}").status_code == 200
    assert manager.patch(f"/v1/customers/{theirs['id']}", json={"name": "X"}, if_match="*").status_code == 403
    assert manager.patch(f"/v1/customers/{made['id']}", json={"partner_code": foreign["code"]}, if_match="*").status_code == 403
    assert manager.delete(f"/v1/customers/{theirs['id']}", if_match="*").status_code == 403
    for owner in ({"partner_code": foreign["code"]}, {}):
        assert manager.post("/v1/customers", json=a_customer(**owner)).status_code == 403


def test_a_file_adds_and_changes_customers_by_code_and_partner(api, acme, zenith):
    code = unique("FILE")
    rows = [f"{code},One,{acme['code']},Seattle", f"{code},Two,{zenith['code']},Paris", f"{code},Three,,", f"{code},Four,,", f"X,Five,NONE,"]

    first = import_rows(api, "code,name,partner_code,city", *rows)
    second = import_rows(api, "code,name,partner_code", f"{code},Uno,{acme['code']}", f"{code},Two,{zenith['code']}")

    assert (first["created"], first["rejected"]) == (3, 2)
    assert {(error["line"], error["code"]) for error in first["errors"]} == {(5, "duplicate_in_file"), (6, "partner_unknown")}
    assert (second["updated"], second["unchanged"]) == (1, 1)
    assert {(row["name"], row["city"], row["partner_code"]) for row in api.walk("/v1/customers", code=code)} == {
        ("Uno", "Seattle", acme["code"]), ("Two", "Paris", zenith["code"]), ("Three", None, None),
    }


def test_a_partner_imports_its_own_customers(api, acme, zenith, child):
    code = unique("OWN")

    report = import_rows(api.as_partner(acme), "code,name,partner_code", f"{code},A,", f"{code},B,{child['code']}", f"{code},C,{zenith['code']}")

    assert (report["created"], report["rejected"], report["errors"][0]["code"]) == (2, 1, "partner_unknown")
    assert {row["partner_code"] for row in api.walk("/v1/customers", code=code)} == {acme["code"], child["code"]}


def test_a_manager_imports_for_its_own_partners_only(api):
    member = builders.make_member(api)
    own, foreign = builders.make_partner(api, manager_code=member["code"]), builders.make_partner(api)

    report = import_rows(api.as_manager(member), "code,name,partner_code", f"A,A,{own['code']}", f"B,B,{foreign['code']}", "C,C,")

    assert (report["created"], report["rejected"]) == (1, 2)
    assert {error["code"] for error in report["errors"]} == {"forbidden"}


def test_a_partner_with_customers_stays(api):
    partner = builders.make_partner(api)
    make_customer(api, partner_code=partner["code"])

    answer = api.delete(f"/v1/partners/{partner['id']}", if_match=etag_of(partner))

    assert (answer.status_code, answer.json()["code"]) == (409, "partner_in_use")


def test_a_customer_for_anothers_code_is_refused_whatever_one_has_oneself(api, acme, zenith):
    code = unique("OWN")
    make_customer(api, code=code, partner_code=acme["code"])
    caller = api.as_partner(acme)

    for owner in (zenith["code"], "NOBODY"):
        answer = caller.post("/v1/customers", json=a_customer(code=code, partner_code=owner))

        assert (answer.status_code, answer.json()["code"]) == (422, "partner_unknown")
        assert "existing_id" not in answer.json()


def test_who_may_not_write_learns_nothing_of_what_is_there(api, acme):
    code = unique("TAKEN")
    make_customer(api, code=code, partner_code=acme["code"])
    manager = api.as_manager(builders.make_member(api))

    answer = manager.post("/v1/customers", json=a_customer(code=code, partner_code=acme["code"], region_code="NOWHERE"))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "existing_id" not in answer.json()
    assert [fault["code"] for fault in answer.json().get("errors", [])] in ([], ["forbidden"])
