"""Decimals are strings, exact from end to end; the currency decides how many digits are shown."""
import decimal

import pytest

from support.builders import a_product, a_sale, make_partner, make_product, make_sale

SHARES_SERVER = True

BOUNDARIES = ["0.1", "0.2", "0.3", "9007199254740993", "99999999999999.9999", "-99999999999999.9999", "0.0001", "-0.0001"]


def faults(answer, status=400):
    assert answer.status_code == status, answer.text
    return {fault["pointer"] for fault in answer.json()["errors"]}


def signed(number):
    """What else a sale says, if this is its quantity or amount: only returns are negative."""
    return {"kind": "return_to_vendor"} if decimal.Decimal(number) < 0 else {}


@pytest.mark.parametrize("amount", BOUNDARIES)
def test_an_amount_comes_back_exactly(api, acme, product, amount):
    if len(amount.split(".")[0].lstrip("-")) > 14:
        amount = amount[:14]

    sale = make_sale(api, acme, product, amount=amount, **signed(amount))

    assert decimal.Decimal(sale["amount"]) == decimal.Decimal(amount)
    assert api.get(f"/v1/sales-records/{sale['id']}").json()["amount"] == sale["amount"]


def test_a_tenth_and_two_tenths_are_three_tenths(api, acme, product):
    sale = make_sale(api, acme, product, quantity="3", unit_price="0.1")

    assert sale["amount"] == "0.30"


def test_two_to_the_53_plus_one_is_not_rounded(api, acme, product):
    sale = make_sale(api, acme, product, quantity="90071992547409.9300", unit_price="1", amount="90071992547409.93")

    assert (sale["quantity"], sale["amount"]) == ("90071992547409.93", "90071992547409.93")


@pytest.mark.parametrize("number", ["12", "12.5", "1e3", "0.1", "-1"])
def test_a_number_is_refused_where_a_decimal_is_due(api, number):
    body = ('{"sku": "NUMBER", "name": "N", "standard_cost": ' + number + "}").encode()

    assert faults(api.raw_json(body, "/v1/products")) == {"/standard_cost"}


@pytest.mark.parametrize("text", [
    "1e3", "1E3", "+1", " 1", "1 ", "", ".5", "5.", "1,5", "1_000", "0x10", "NaN", "Infinity", "--1", "１", "1.12345", "123456789012345",
])
def test_what_is_no_decimal_is_refused(api, acme, product, text):
    answer = api.post("/v1/sales-records", json=a_sale(acme, product, amount=text))

    assert faults(answer) == {"/amount"}


def test_a_unit_price_has_six_digits_after_the_point(api):
    product = make_product(api, standard_cost="0.123456")

    assert product["standard_cost"] == "0.123456"
    assert faults(api.post("/v1/products", json=a_product(standard_cost="0.1234567"))) == {"/standard_cost"}


@pytest.mark.parametrize("currency, given, shown", [
    ("USD", "5", "5.00"), ("USD", "5.1", "5.10"), ("USD", "5.1234", "5.1234"), ("USD", "5.1200", "5.12"), ("USD", "-0.5", "-0.50"),
    ("JPY", "5", "5"), ("JPY", "5.00", "5"), ("JPY", "5.5", "5.5"), ("KRW", "7.0", "7"), ("CNY", "8", "8.00"),
    ("KWD", "5", "5.000"), ("KWD", "5.1", "5.100"), ("KWD", "5.1234", "5.1234"), ("BHD", "1", "1.000"),
    ("USD", "0", "0.00"), ("USD", "-0", "0.00"), ("JPY", "-0.0", "0"), ("USD", "007", "7.00"),
])
def test_the_currency_decides_how_many_digits_are_shown(api, acme, product, currency, given, shown):
    sale = make_sale(api, acme, product, amount=given, unit_price=None, currency=currency, **signed(given))

    assert sale["amount"] == shown


def test_a_cost_is_shown_in_its_own_currency(api, acme, product):
    sale = make_sale(api, acme, product, currency="USD", cost="5", cost_currency="JPY")

    assert (sale["amount"], sale["cost"]) == ("30.00", "5")


def test_a_quantity_shows_the_digits_that_matter(api, acme, product):
    for given, shown in (("3", "3"), ("3.0", "3"), ("3.50", "3.5"), ("0.0001", "0.0001"), ("-2.10", "-2.1")):
        assert make_sale(api, acme, product, quantity=given, unit_price="0", **signed(given))["quantity"] == shown


@pytest.mark.parametrize("quantity, price, currency, amount", [
    ("1", "0.005", "USD", "0.01"), ("1", "0.004999", "USD", "0.00"), ("-1", "0.005", "USD", "-0.01"),
    ("3", "0.333333", "USD", "1.00"), ("1", "0.5", "JPY", "1"), ("-1", "0.5", "JPY", "-1"), ("1", "1.4", "JPY", "1"),
    ("1", "0.0005", "KWD", "0.001"), ("1", "0.0004", "KWD", "0.000"), ("2.5", "2024.99", "USD", "5062.48"),
    ("7", "1.115", "USD", "7.81"), ("1", "2.675", "USD", "2.68"), ("0.0001", "1", "USD", "0.00"),
])
def test_quantity_times_price_is_rounded_half_away_from_zero(api, acme, product, quantity, price, currency, amount):
    sale = make_sale(api, acme, product, quantity=quantity, unit_price=price, currency=currency, **signed(quantity))

    assert sale["amount"] == amount


def test_an_amount_that_is_given_is_not_computed(api, acme, product):
    sale = make_sale(api, acme, product, quantity="3", unit_price="10", amount="29.99")

    assert sale["amount"] == "29.99"


def test_an_amount_or_a_unit_price_is_required(api, acme, product):
    answer = api.post("/v1/sales-records", json=a_sale(acme, product, unit_price=None))

    assert faults(answer, 422) == {"/amount"}


def test_a_product_too_large_for_an_amount_is_refused(api, acme, product):
    answer = api.post("/v1/sales-records", json=a_sale(acme, product, quantity="99999999999999", unit_price="999999999999"))

    assert (answer.status_code, answer.json()["code"]) == (422, "value_refused")


def test_the_sum_of_a_list_is_exact(api, product):
    partner = make_partner(api)
    for _ in range(30):
        make_sale(api, partner, product, amount="0.1")

    sales = api.walk("/v1/sales-records", partner_code=partner["code"])

    assert sum(decimal.Decimal(sale["amount"]) for sale in sales) == 3


def test_a_decimal_comes_back_exactly_as_csv_and_ndjson(api, product):
    partner = make_partner(api)
    make_sale(api, partner, product, amount="99999999999999.9999")

    for accept in ("text/csv", "application/x-ndjson"):
        text = api.get("/v1/sales-records", params={"partner_code": partner["code"]}, accept=accept).text

        assert "99999999999999.9999" in text
