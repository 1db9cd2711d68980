"""A file that is sent twice adds its rows once, whether they have a key or not, unless somebody says that it is meant."""
import concurrent.futures
import decimal

import pytest

from support import builders, channel
from support.client import CSV, NDJSON
from support.files import FILES
from support.later import accepted, put_off, wait_until

SHARES_SERVER = True


def sale(partner, product, **members):
    return {"sold_on": "2026-02-03", "partner_code": partner["code"], "sku": product["sku"], "quantity": "1", "amount": "10.00", "currency": "USD", **members}


def sold(api, partner):
    records = api.walk("/v1/sales-records", limit=200, partner_code=partner["code"])
    return sum((decimal.Decimal(record["amount"]) for record in records), decimal.Decimal(0))


def send(api, file, content_type=CSV, **params):
    return channel.import_file(api, "sales-records", file, content_type=content_type, params=params)


@pytest.fixture
def buyer(api):
    return builders.make_partner(api)


@pytest.fixture
def file(buyer, product):
    """Two rows, one of them without a reference."""
    return FILES[CSV]([sale(buyer, product), sale(buyer, product, external_ref="R1")])


@pytest.mark.parametrize("content_type", FILES)
def test_a_file_with_a_row_without_key_is_refused_the_second_time(api, buyer, product, content_type):
    file = FILES[content_type]([sale(buyer, product), sale(buyer, product, external_ref="R1")])
    first = send(api, file, content_type).json()

    for params in ({}, {"atomic": "true"}, {"dry_run": "true"}):
        answer = send(api, file, content_type, **params)

        assert (answer.status_code, answer.json()["code"], answer.json()["existing_id"]) == (409, "file_imported_before", first["id"])
        assert answer.json()["detail"] == f"The import {first['id']} had this file."
    assert sold(api, buyer) == decimal.Decimal("20.00")


def test_who_says_again_adds_it_again(api, buyer, file):
    send(api, file)

    answer = send(api, file, again="true")

    assert (answer.json()["created"], answer.json()["unchanged"]) == (1, 1)
    assert sold(api, buyer) == decimal.Decimal("30.00")


def test_a_file_whose_rows_all_have_a_key_may_come_as_often_as_it_likes(api, buyer, product):
    file = FILES[CSV]([sale(buyer, product, external_ref=f"R{number}") for number in range(3)])
    send(api, file)

    assert send(api, file).json()["unchanged"] == 3
    assert sold(api, buyer) == decimal.Decimal("30.00")


def test_a_file_that_added_nothing_may_come_again(api, buyer, product, file):
    assert send(api, file, dry_run="true").json()["created"] == 2
    refused = FILES[CSV]([sale(buyer, product), sale(buyer, product, currency="usd")])
    assert send(api, refused, atomic="true").json()["created"] == 0

    assert send(api, file).json()["created"] == 2
    assert send(api, refused).json()["created"] == 1


def test_a_file_that_is_put_off_ends_refused(api, buyer, file):
    first = send(api, file).json()

    done = wait_until(api, accepted(put_off(api, "sales-records", file)))

    assert (done["status"], done["failure_code"], done["attempts"]) == ("failed", "file_imported_before", 1)
    assert first["id"] in done["failure_detail"]
    assert wait_until(api, accepted(put_off(api, "sales-records", file, params={"again": "true"})))["created"] == 1


def test_of_two_that_come_at_once_one_is_refused(api, buyer, file):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: send(api, file).status_code, range(2)))

    assert sorted(answers) == [200, 409]
    assert sold(api, buyer) == decimal.Decimal("20.00")


def test_a_request_that_is_retried_with_its_key_is_answered_as_before(api, file):
    first, second = (channel.import_file(api, "sales-records", file, idempotency_key="the same file") for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()


def test_a_partner_is_not_told_of_a_file_of_others(api, acme, zenith, product):
    file = FILES[NDJSON]([sale(acme, product)])
    assert send(api, file, NDJSON).json()["created"] == 1

    other = send(api.as_partner(zenith), file, NDJSON)

    assert (other.status_code, other.json()["rejected"]) == (200, 1)
