"""Values that PostgreSQL sends in binary come out exactly as it would write them itself: random ones, and those at the ends."""
import random
import re

import pytest

from support import builders
from support.client import CSV, NDJSON
from support.channel import rows_of

COUNT = 3000
DIGITS = {"USD": 2, "JPY": 0, "KWD": 3, "CLF": 4, "XXX": 2}
# Instants and days on both sides of the epochs, of leap days and of the ends of what RFC 3339 can say.
EDGES = [
    "0001-01-01 00:00:00",
    "0099-12-31 23:59:59.999999",
    "1582-10-15 00:00:00",
    "1899-12-31 23:59:59.000001",
    "1900-03-01 00:00:00",
    "1969-12-31 23:59:59.999999",
    "1970-01-01 00:00:00",
    "1999-12-31 23:59:59.5",
    "2000-01-01 00:00:00",
    "2000-02-29 12:00:00",
    "2000-03-01 00:00:00.1",
    "2038-01-19 03:14:08",
    "2100-02-28 23:59:59",
    "2400-02-29 00:00:00.000010",
    "9999-12-31 23:59:59.999999",
]
NUMBERS = [
    "0",
    "-0.0001",
    "0.0001",
    "0.1",
    "1",
    "9999",
    "10000",
    "10000.0001",
    "-99999999999999.9999",
    "99999999999999.9999",
    "90071992547409.93",
    "100000000",
    "0.01",
]


def random_number(chance, scale):
    """A number of up to 18 digits, `scale` of them after the point; every magnitude as often as every other."""
    if scale == 4 and chance.random() < 0.1:
        return chance.choice(NUMBERS)
    value = chance.randrange(10 ** chance.randrange(1, 19)) * 10 ** chance.choice([0, 0, 1, 2, 3, 4]) % 10**18
    return f"{'-' if chance.random() < 0.5 else ''}{value // 10**scale}.{value % 10**scale:0{scale}d}"


def random_instant(chance):
    if chance.random() < 0.05:
        return chance.choice(EDGES)
    second = chance.choice([f".{chance.randrange(10**6):06d}", "", f".{chance.randrange(1000):03d}"])
    return (
        f"{chance.randrange(1, 10000):04d}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d} "
        f"{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}{second}"
    )


@pytest.fixture(scope="module")
def stored(api, database):
    """Rows behind the server's back, as PostgreSQL itself writes them."""
    partner, product = builders.make_partner(api), builders.make_product(api)
    chance = random.Random(20261123)
    for start in range(0, COUNT, 500):
        values = ",".join(
            f"(uuid_v7(), '{partner['id']}', '{product['id']}', '{random_instant(chance)}Z', '{random_instant(chance)}Z', '{random_instant(chance)[:10]}',"
            f" {random_number(chance, 4)}, {random_number(chance, 6)}, {random_number(chance, 4)}, '{chance.choice(list(DIGITS))}',"
            f" {chance.choice(['null', random_number(chance, 4)])}, '{chance.choice(list(DIGITS))}', '{number}')"
            for number in range(start, start + 500)
        )
        database(
            "insert into sales_record (id, partner_id, product_id, created_at, updated_at, sold_on, quantity, unit_price, amount, currency, cost, cost_currency, external_ref)"
            f" values {values}"
        )
    return database(
        "select id::text, sold_on::text, quantity::text, unit_price::text, amount::text, currency, cost::text, cost_currency,"
        " to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') as created_at,"
        " to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') as updated_at from sales_record"
    )


def shown(text, digits=0):
    """What `::text` says, with as many digits after the point as matter, and at least those of the currency."""
    if text is None:
        return None
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


def expected(row):
    return {
        "id": row.id,
        "sold_on": row.sold_on,
        "quantity": shown(row.quantity),
        "unit_price": shown(row.unit_price, DIGITS[row.currency]),
        "amount": shown(row.amount, DIGITS[row.currency]),
        "cost": shown(row.cost, DIGITS[row.cost_currency]),
        "created_at": re.sub(r"\.000000$", "", row.created_at) + "Z",
        "updated_at": re.sub(r"\.000000$", "", row.updated_at) + "Z",
    }


@pytest.mark.parametrize("accept", [CSV, NDJSON])
def test_values_equal_those_that_postgresql_writes(api, stored, accept):
    exported = rows_of(api.get("/v1/sales-records", accept=accept))

    assert len(exported) == len(stored) == COUNT
    found = {row["id"]: row for row in exported}
    for row in stored:
        wanted = expected(row)
        if accept == CSV:
            wanted = {name: value or "" for name, value in wanted.items()}
        assert {name: found[row.id][name] for name in wanted} == wanted


def test_values_are_the_same_by_themselves_and_in_a_page(api, stored):
    for row in stored[:50]:
        one = api.get(f"/v1/sales-records/{row.id}").json()
        wanted = expected(row)
        assert {name: one[name] for name in wanted} == wanted


def test_every_row_is_on_one_page_whatever_its_instant(api, stored):
    for sort in ("created_at", "-created_at", "sold_on", "-sold_on"):
        walked = [row["id"] for row in api.walk("/v1/sales-records", sort=sort, limit=200)]
        assert len(walked) == len(set(walked)) == COUNT
