"""What currencies are worth: kept exactly, once for each pair, day and type, and brought by files in two shapes."""
from decimal import Decimal

import pytest

from support import builders, channel
from support.builders import an_exchange_rate, etag_of, make_exchange_rate
from support.client import NDJSON

SHARES_SERVER = True


def import_rows(api, text, **options):
    answer = channel.import_file(api, "exchange-rates", text.encode(), **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def faults(report):
    return [(error["line"], error["pointer"], error["code"]) for error in report["errors"]]


@pytest.mark.parametrize("rate, shown", [
    ("1.0835", "1.0835"), ("0.000000000000000001", "0.000000000000000001"), ("123456789012.123456789012345678", "123456789012.123456789012345678"),
    ("7.10", "7.1"), ("100", "100"),
])
def test_a_rate_is_kept_exactly(api, rate, shown):
    made = make_exchange_rate(api, rate=rate)

    assert made["rate"] == shown
    assert made["type"] == "spot"


@pytest.mark.parametrize("rate", ["0", "0.000", "-1", "1.0000000000000000001", "1e3", 1.5, ""])
def test_a_rate_is_a_positive_decimal_of_18_digits(api, rate):
    answer = api.post("/v1/exchange-rates", json=an_exchange_rate(rate=rate))

    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/rate"]


def test_there_is_one_rate_for_a_pair_a_day_and_a_type(api):
    made = make_exchange_rate(api)
    same = {name: made[name] for name in ("from_currency", "to_currency", "date")}

    again = api.post("/v1/exchange-rates", json={**same, "rate": "2"})
    other = api.post("/v1/exchange-rates", json={**same, "type": "budget", "rate": "2"})

    assert (again.status_code, again.json()["code"], again.json()["existing_id"]) == (409, "exchange_rate_taken", made["id"])
    assert other.status_code == 201


def test_a_currency_is_worth_one_of_itself(api):
    refused = api.post("/v1/exchange-rates", json=an_exchange_rate(from_currency="USD", rate="1.1"))

    assert (refused.status_code, refused.json()["code"]) == (422, "exchange_rate_of_itself")
    assert make_exchange_rate(api, from_currency="USD", rate="1.000")["rate"] == "1"


def test_a_rate_is_changed_and_removed(api):
    made, taken = make_exchange_rate(api), make_exchange_rate(api)
    path = f"/v1/exchange-rates/{made['id']}"

    clash = api.patch(path, json={"date": taken["date"]}, if_match=etag_of(made))
    worthless = api.patch(path, json={"from_currency": "USD"}, if_match=etag_of(made))
    changed = api.patch(path, json={"rate": "1.1", "type": "average"}, if_match=etag_of(made))
    removed = api.delete(path, if_match='"2"')

    assert (clash.status_code, clash.json()["existing_id"]) == (409, taken["id"])
    assert worthless.json()["code"] == "exchange_rate_of_itself"
    assert (changed.json()["rate"], changed.json()["type"], changed.json()["version"]) == ("1.1", "average", 2)
    assert removed.status_code == 204
    assert api.get(path).status_code == 404


def test_the_rates_of_the_channel_are_worth_what_the_file_says(api):
    given = channel.rows("exchange-rates")

    first, second = channel.import_one(api, "exchange-rates").json(), channel.import_one(api, "exchange-rates").json()

    assert (first["created"], first["rejected"]) == (len(given), 0)
    assert (second["created"], second["updated"], second["unchanged"]) == (0, 0, len(given))
    kept = api.walk("/v1/exchange-rates", from_currency="AUD", to_currency="USD", limit=200)
    assert {row["date"]: Decimal(row["rate"]) for row in kept} == {
        row["date"]: Decimal(row["usd_per_unit"]) for row in given if row["currency"] == "AUD"
    }


def test_a_file_changes_the_rates_that_differ(api):
    lines = "from_currency,to_currency,date,type,rate\nCHF,EUR,2031-02-01,{},1.05\nCHF,EUR,2031-02-02,,{}\n"
    import_rows(api, lines.format("budget", "1.06"))

    report = import_rows(api, lines.format("budget", "1.07"))

    assert (report["updated"], report["unchanged"]) == (1, 1)
    assert [(row["rate"], row["type"], row["version"]) for row in api.walk("/v1/exchange-rates", from_currency="CHF", sort="date")] == [
        ("1.05", "budget", 1), ("1.07", "spot", 2),
    ]


def test_rows_without_a_pair_or_a_rate_are_refused_alone(api):
    rows = [
        '{"date": "2031-03-01", "currency": "DKK", "usd_per_unit": "0.15"}',
        '{"date": "2031-03-01", "currency": "DKK", "usd_per_unit": "0.16"}',
        '{"date": "2031-03-01", "rate": "1"}',
        '{"date": "2031-03-01", "currency": "DKK", "from_currency": "SEK", "usd_per_unit": "0.15", "rate": "0.16"}',
        '{"date": "2031-03-01", "currency": "DKK", "to_currency": "EUR", "usd_per_unit": "0.15"}',
        '{"date": "2031-03-01", "currency": "DKK"}',
        '{"date": "2031-03-01", "currency": "USD", "usd_per_unit": "2"}',
    ]

    report = import_rows(api, "\n".join(rows), content_type=NDJSON)

    assert (report["created"], report["rejected"]) == (1, 6)
    assert sorted(faults(report)) == [
        (2, "/date", "duplicate_in_file"), (3, "/from_currency", "required"), (3, "/to_currency", "required"),
        (4, "/currency", "reference_differs"), (4, "/usd_per_unit", "reference_differs"), (5, "/to_currency", "reference_differs"),
        (6, "/rate", "required"), (7, "/usd_per_unit", "exchange_rate_of_itself"),
    ]


def test_a_partner_reads_every_rate_but_the_budget(api, acme):
    made = make_exchange_rate(api, from_currency="PLN")
    budget = make_exchange_rate(api, from_currency="PLN", type="budget")
    partner = api.as_partner(acme)

    assert [row["id"] for row in partner.walk("/v1/exchange-rates", from_currency="PLN")] == [made["id"]]
    assert partner.get(f"/v1/exchange-rates/{budget['id']}").status_code == 404
    assert partner.post("/v1/exchange-rates", json=builders.an_exchange_rate()).status_code == 403
