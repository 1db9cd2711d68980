"""A page is not larger than the server can bear, however much its objects hold."""
import pytest

from support import builders

SERVER_SETTINGS = {"QUDAO_ANSWER_BYTES": "65536"}


@pytest.fixture(scope="module")
def partner(api):
    """With ten sales to a customer of 16 KB."""
    partner, product = builders.make_partner(api), builders.make_product(api)
    customer = builders.make_customer(api, partner_code=partner["code"], custom={f"note_{number}": "x" * 4000 for number in range(4)})
    for _ in range(10):
        builders.make_sale(api, partner, product, kind="sell_through", customer_code=customer["code"])
    return partner


def sales(api, partner, query):
    return api.get(f"/v1/sales-records?partner_id={partner['id']}&{query}")


def test_a_page_that_would_be_too_large_is_refused(api, partner):
    answer = sales(api, partner, "limit=10&expand=customer")

    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("?limit", "too_large")]


@pytest.mark.parametrize("query", ["limit=10", "limit=3&expand=customer"])
def test_fewer_at_once_are_answered(api, partner, query):
    answer = sales(api, partner, query)

    assert answer.status_code == 200
    assert len(answer.json()["data"]) == int(query.partition("&")[0][6:])
