"""Lists: pages, limits, cursors, Link, and fields."""
import re
import urllib.parse

import pytest

from support.builders import make_partner, make_product, make_region, make_sale

SAME = 1000


@pytest.fixture(scope="module")
def same(api, database):
    """A thousand regions with one name, made behind the server."""
    database(
        "insert into region (id, code, name, created_at, updated_at) select gen_random_uuid(), 'SAME-' || i, 'Same', now(), now() "
        "from generate_series(1, %s) i", SAME,
    )


def next_of(answer):
    return re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers["Link"])[1]


def test_a_page_holds_50_unless_said_otherwise(api, same):
    page = api.get("/v1/regions").json()

    assert (len(page["data"]), page["has_more"]) == (50, True)


@pytest.mark.parametrize("limit", [1, 2, 199, 200])
def test_a_page_holds_as_many_as_asked(api, same, limit):
    assert len(api.get("/v1/regions", params={"limit": limit}).json()["data"]) == limit


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1.0", "1e1", "+5", " 5", "five", "99999999999999999999", "0x10", ""])
def test_a_limit_is_1_to_200(api, limit):
    answer = api.get("/v1/regions", params={"limit": limit}) if limit else api.get("/v1/regions?limit=")

    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["?limit"]
    assert answer.status_code == 400


def test_a_parameter_may_stand_only_once(api):
    answer = api.get("/v1/regions?limit=1&limit=2")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?limit")


@pytest.mark.parametrize("query", ["code=%ff", "code=%", "code=%4", "code=%zz", "code=%C0%80"])
def test_a_broken_escape_in_the_query_is_refused(api, query):
    answer = api.raw("GET", f"/v1/regions?{query}", [("Authorization", f"Bearer {api.key}")])

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?code")


def test_u0000_in_the_query_is_refused(api):
    answer = api.raw("GET", "/v1/regions?q=a%00b", [("Authorization", f"Bearer {api.key}")])

    assert answer.status_code == 400


@pytest.mark.parametrize("sort", ["name", "-name", "code", "-code"])
@pytest.mark.parametrize("limit", [37, 200])
def test_a_thousand_equal_keys_are_walked_exactly_once(api, same, sort, limit):
    regions = api.walk("/v1/regions", sort=sort, limit=limit)

    ids = [region["id"] for region in regions if region["name"] == "Same"]
    assert len(ids) == len(set(ids)) == SAME


def test_a_walk_meets_what_stays_exactly_once_while_rows_come_and_go(api, same):
    staying = {region["id"] for region in api.walk("/v1/regions", sort="name", limit=200)}
    met, params, turn = [], {"sort": "name", "limit": 90}, 0

    while True:
        page = api.get("/v1/regions", params=params).json()
        met += [region["id"] for region in page["data"]]
        turn += 1
        new = make_region(api, name="Same")
        if turn % 2:
            api.delete(f"/v1/regions/{new['id']}", if_match="*")
        gone = page["data"][-1]["id"]
        api.delete(f"/v1/regions/{gone}", if_match="*")
        if not page["has_more"]:
            break
        params["cursor"] = page["next_cursor"]

    assert len(met) == len(set(met))
    assert staying <= set(met)


def test_the_last_page_says_so(api):
    answer = api.get("/v1/members")

    assert answer.json() == {"data": [], "next_cursor": None, "has_more": False}
    assert "Link" not in answer.headers


def test_a_full_last_page_says_so(api):
    partner, product = make_partner(api), make_product(api, name="Last")
    for _ in range(4):
        make_sale(api, partner, product)

    first = api.get("/v1/sales-records", params={"partner_code": partner["code"], "limit": 2})
    second = api.get(next_of(first).removeprefix(api.url))

    assert (first.json()["has_more"], second.json()["has_more"]) == (True, False)
    assert "Link" not in second.headers


def test_the_link_is_the_full_address_of_the_next_page(api, same):
    answer = api.get("/v1/regions", params={"sort": "-name", "limit": 3, "q": "SAME-1", "fields": "code,name"})

    address = urllib.parse.urlsplit(next_of(answer))
    query = urllib.parse.parse_qs(address.query)
    assert (address.scheme, address.netloc, address.path) == ("http", urllib.parse.urlsplit(api.url).netloc, "/v1/regions")
    assert query == {"sort": ["-name"], "limit": ["3"], "q": ["SAME-1"], "fields": ["code,name"], "cursor": [answer.json()["next_cursor"]]}


def test_the_link_can_be_followed_to_the_end(api, same):
    ids, answer = [], api.get("/v1/regions", params={"q": "华 %&+=\"<>;"})
    assert answer.json()["data"] == []
    for i in range(5):
        make_region(api, code=f"LINK {i} %&+=", name="华")

    answer = api.get("/v1/regions", params={"q": "%&+=", "limit": 2})
    ids += [region["id"] for region in answer.json()["data"]]
    while "Link" in answer.headers:
        answer = api.get(next_of(answer).removeprefix(api.url))
        ids += [region["id"] for region in answer.json()["data"]]

    assert len(ids) == len(set(ids)) == 5


def refused(answer):
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), answer.text
    return True


@pytest.fixture(scope="module")
def cursor(api, same):
    return api.get("/v1/regions", params={"limit": 5, "sort": "name"}).json()["next_cursor"]


def test_a_cursor_may_go_on_with_another_limit_and_other_fields(api, cursor):
    answer = api.get("/v1/regions", params={"limit": 9, "sort": "name", "cursor": cursor, "fields": "code"})

    assert len(answer.json()["data"]) == 9


@pytest.mark.parametrize("params", [
    {}, {"sort": "-name"}, {"sort": "code"}, {"sort": "name", "code": "SAME-1"}, {"sort": "name", "q": "SAME"},
])
def test_a_cursor_belongs_to_its_filters_and_sort(api, cursor, params):
    assert refused(api.get("/v1/regions", params={**params, "cursor": cursor}))


@pytest.mark.parametrize("path", ["members", "partners"])
def test_a_cursor_belongs_to_its_list(api, cursor, path):
    assert refused(api.get(f"/v1/{path}", params={"sort": "name", "cursor": cursor}))


def test_a_cursor_of_one_partner_is_none_for_another(api, acme, zenith):
    for i in range(3):
        api.post(f"/v1/partners/{acme['id']}/contacts", json={"name": f"Name {i}"})
    cursor = api.get(f"/v1/partners/{acme['id']}/contacts", params={"limit": 1}).json()["next_cursor"]

    assert refused(api.get(f"/v1/partners/{zenith['id']}/contacts", params={"limit": 1, "cursor": cursor}))


def test_a_forged_cursor_is_refused(api, cursor):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for position in range(0, len(cursor) - 1, max(1, len(cursor) // 40)):
        other = letters[(letters.index(cursor[position]) + 1) % 64]
        forged = cursor[:position] + other + cursor[position + 1:]

        assert refused(api.get("/v1/regions", params={"sort": "name", "cursor": forged}))


@pytest.mark.parametrize("bad", ["x", "=", "a b", "../..", "0" * 2000, "华为", "' or 1=1", "eyJpZCI6MX0="])
def test_what_is_no_cursor_is_refused(api, bad):
    assert refused(api.get("/v1/regions", params={"cursor": bad}))


def test_a_cursor_with_a_tail_is_refused(api, cursor):
    for bad in (cursor[:-1], cursor + "A", cursor + cursor):
        assert refused(api.get("/v1/regions", params={"sort": "name", "cursor": bad}))


def test_fields_reduce_an_object_to_those_named(api, same):
    region = make_region(api)

    answer = api.get(f"/v1/regions/{region['id']}", params={"fields": "code,name"})

    assert answer.json() == {name: region[name] for name in ("id", "code", "name", "version")}


def test_fields_reduce_every_object_of_a_list(api, same):
    page = api.get("/v1/regions", params={"fields": "name"}).json()

    assert {tuple(sorted(region)) for region in page["data"]} == {("id", "name", "version")}


@pytest.mark.parametrize("fields", ["colour", "code,colour", "CODE", "code,", ",code", "code,,name", "code name", "custom.x"])
def test_a_field_that_is_no_member_is_refused(api, fields):
    answer = api.get("/v1/regions", params={"fields": fields})

    assert answer.status_code == 400
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"?fields"}


def test_every_member_can_be_a_field(api, acme):
    partner = api.get(f"/v1/partners/{acme['id']}").json()

    for name in partner:
        answer = api.get(f"/v1/partners/{acme['id']}", params={"fields": name}).json()

        assert answer == {key: partner[key] for key in partner if key in (name, "id", "version")}


def test_money_needs_no_currency_beside_it(api, acme):
    sale = make_sale(api, acme, make_product(api), amount="5", currency="KWD")

    answer = api.get(f"/v1/sales-records/{sale['id']}", params={"fields": "amount"})

    assert answer.json() == {"id": sale["id"], "version": 1, "amount": "5.000"}


def test_fields_may_be_named_twice(api, acme):
    assert api.get(f"/v1/partners/{acme['id']}", params={"fields": "code,code,id"}).json().keys() == {"id", "code", "version"}


def test_an_order_of_pages_is_total_for_sales_of_one_day(api):
    partner, product = make_partner(api), make_product(api)
    made = [make_sale(api, partner, product, sold_on="2026-05-05")["id"] for _ in range(9)]

    for sort in ("sold_on", "-sold_on", "created_at", "-created_at"):
        walked = [s["id"] for s in api.walk("/v1/sales-records", partner_code=partner["code"], sort=sort, limit=2)]

        assert sorted(walked) == sorted(made)
        assert walked == sorted(made, reverse=sort.startswith("-"))
