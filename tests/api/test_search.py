"""q finds a part of a code or a name, in any script."""
import pytest

from support.builders import make_member, make_partner, make_product, make_region


@pytest.fixture(scope="module")
def world(api):
    make_partner(api, code="HW-01", name="华为技术有限公司")
    make_partner(api, code="ZTE-02", name="中兴通讯", legal_name="中兴通讯股份有限公司")
    make_partner(api, code="MIX-03", name="Straße 100% Café_Ñandú")
    make_partner(api, code="WIDE-04", name="ＡＢＣ Corp")
    make_partner(api, code="KANA-05", name="ﾄﾖﾀ 自動車")
    make_partner(api, code="PLAIN-06", name="Plain back\\slash 'quote' \"double\"")
    for i in range(30):
        make_partner(api, code=f"MANY-{i:02}", name=f"Many {i}")


def found(api, q, path="partners"):
    return sorted(item["code"] for item in api.walk(f"/v1/{path}", q=q))


@pytest.mark.parametrize("q, code", [
    ("华为", "HW-01"), ("技术", "HW-01"), ("有限", "HW-01"), ("公司", "HW-01"), ("为", "HW-01"), ("华为技术有限公司", "HW-01"),
    ("中兴", "ZTE-02"), ("hw-01", "HW-01"), ("HW", "HW-01"), ("w-0", "HW-01"),
    ("straße", "MIX-03"), ("CAFÉ", "MIX-03"), ("ñandú", "MIX-03"), ("100%", "MIX-03"), ("é_ñ", "MIX-03"),
    ("ABC", "WIDE-04"), ("ａｂｃ", "WIDE-04"), ("トヨタ", "KANA-05"), ("自動", "KANA-05"),
    ("\\", "PLAIN-06"), ("'quote'", "PLAIN-06"), ('"double"', "PLAIN-06"),
])
def test_a_part_is_found_in_any_case_width_and_script(api, world, q, code):
    assert code in found(api, q)


@pytest.mark.parametrize("q", ["为华", "华为公司", "百度", "100_", "1%0", "HW_01", "Caf%", "%%", "__", "' or 1=1 --"])
def test_what_is_no_part_is_not_found(api, world, q):
    assert found(api, q) == []


def test_percent_and_underscore_stand_for_themselves(api, world):
    assert found(api, "%") == ["MIX-03"]
    assert found(api, "_") == ["MIX-03"]


def test_one_character_is_enough(api, world):
    assert found(api, "华") == ["HW-01"]


def test_a_search_is_walked_over_its_pages(api, world):
    codes = [partner["code"] for partner in api.walk("/v1/partners", q="many", limit=7, sort="-code")]

    assert codes == [f"MANY-{i:02}" for i in reversed(range(30))]


def test_a_search_and_a_filter_add_up(api, world):
    assert api.walk("/v1/partners", q="many", status="active") == []


def test_a_changed_name_is_found_by_its_new_parts_only(api, world):
    partner = make_partner(api, code="CHANGES", name="比亚迪")

    api.patch(f"/v1/partners/{partner['id']}", json={"name": "小米"}, if_match="*")

    assert (found(api, "小米"), found(api, "亚迪")) == (["CHANGES"], [])


def test_regions_members_and_products_are_searched_too(api):
    region, member = make_region(api, name="浙江省"), make_member(api, name="王小明")
    product = make_product(api, name="公路自行车")

    assert found(api, "浙江", "regions") == [region["code"]]
    assert found(api, "小明", "members") == [member["code"]]
    assert [p["sku"] for p in api.walk("/v1/products", q="自行")] == [product["sku"]]
    assert [p["sku"] for p in api.walk("/v1/products", q=product["sku"].lower())] == [product["sku"]]


def test_a_search_holds_200_characters_at_most(api):
    assert api.get("/v1/partners", params={"q": "华" * 200}).status_code == 200
    assert api.get("/v1/partners", params={"q": "华" * 201}).status_code == 400
