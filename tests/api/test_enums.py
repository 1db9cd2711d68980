"""The values of the contract, with what people call them."""
import pytest

SHARES_SERVER = True

PATH = "/v1/enums"


def enums(api, language):
    body = api.get(PATH, accept_language=language).json()
    return {enum["name"]: {value["value"]: value["label"] for value in enum["values"]} for enum in body["enums"]}


def named_enums(node):
    """Every schema of the contract with an x-enum, as (name, values)."""
    if isinstance(node, list):
        for child in node:
            yield from named_enums(child)
    if isinstance(node, dict):
        if isinstance(node.get("x-enum"), str):
            yield node["x-enum"], [value for value in node["enum"] if value is not None]
        for child in node.values():
            yield from named_enums(child)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_enum_of_the_contract_has_all_its_values(api, contract, language):
    listed = enums(api, language)

    declared = {}
    for name, values in named_enums(contract.document):
        declared.setdefault(name, set()).update(values)
    assert {name: set(values) for name, values in listed.items()} == declared
    assert list(listed) == sorted(listed) and len(listed) > 15


def test_labels_are_in_the_language_that_is_asked_for(api):
    assert enums(api, "en")["sales_kind"]["sell_through"] == "Sell-through"
    assert enums(api, "zh-CN")["sales_kind"]["sell_through"] == "出货"
    assert enums(api, "de")["role"]["partner"] == "Partner"
    assert enums(api, "zh-TW, en;q=0.5")["partner_type"]["dealer"] == "经销商"


def test_values_stand_in_the_order_of_the_contract(api):
    assert list(enums(api, "zh")["partner_status"])[:4] == ["prospect", "onboarding", "active", "suspended"]


def test_everybody_may_read_them(api):
    answer = api.anonymous().get(PATH, accept_language="zh")

    assert (answer.status_code, answer.headers["Content-Language"], answer.json()["language"]) == (200, "zh-CN", "zh-CN")
    assert "Accept-Language" in answer.headers["Vary"]


def test_who_has_them_in_a_language_is_not_sent_them_again(api):
    english, chinese = (api.get(PATH, accept_language=language).headers["ETag"] for language in ("en", "zh"))

    assert english != chinese
    for language, etag, status in (("en", english, 304), ("zh", chinese, 304), ("zh", english, 200), ("en", f"W/{english}", 304)):
        answer = api.get(PATH, accept_language=language, if_none_match=etag)
        assert (answer.status_code, answer.content == b"") == (status, status == 304)
