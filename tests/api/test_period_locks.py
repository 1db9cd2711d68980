"""A locked period takes no sale, however it comes, until it is reopened."""
import threading

import pytest

from support import builders, channel
from support.builders import a_period_lock, a_sale, etag_of, make_period_lock, make_sale

HEADER = "external_ref,sold_on,partner_code,sku,quantity,unit_price,currency"
SERVER_SETTINGS = {"QUDAO_DATES_YEARS_AHEAD": "50"}


@pytest.fixture
def march(api, acme, product):
    """March 2027, locked, with a sale from before; reopened afterwards."""
    sale = make_sale(api, acme, product, sold_on="2027-03-31")
    lock = make_period_lock(api, period="2027-03", reason="The books are closed.")
    yield sale
    lock = api.get(f"/v1/period-locks/{lock['id']}").json()
    if lock["status"] == "locked":
        reopen(api, lock)


def reopen(api, lock, reason="Something was forgotten."):
    return api.post(f"/v1/period-locks/{lock['id']}/reopen", json={"reason": reason}, if_match=etag_of(lock))


def code_of(answer):
    return answer.status_code, answer.json()["code"]


def test_a_lock_says_who_locked_which_days_and_why(api):
    made = make_period_lock(api, period="2031-W01", reason="Closed.")

    assert (made["starts_on"], made["ends_on"], made["status"], made["reason"]) == ("2030-12-30", "2031-01-05", "locked", "Closed.")
    assert made["created_by"] == api.walk("/v1/audit-log", object_id=made["id"])[0]["actor_id"]
    assert [made[name] for name in ("reopened_at", "reopened_by", "reopened_reason", "legal_entity_code", "calendar_code")] == [None] * 5


def test_a_sale_in_a_locked_period_is_refused(api, acme, product, march):
    refused = api.post("/v1/sales-records", json=a_sale(acme, product, sold_on="2027-03-01"))

    assert code_of(refused) == (422, "period_locked")
    assert refused.json()["errors"][0]["pointer"] == "/sold_on"
    for day in ("2027-02-28", "2027-04-01"):
        make_sale(api, acme, product, sold_on=day)


def test_what_is_in_a_locked_period_is_neither_voided_nor_corrected(api, march):
    path = f"/v1/sales-records/{march['id']}"

    voided = api.post(f"{path}/void", json={"reason": "Wrong."}, if_match=etag_of(march))
    corrected = api.post(f"{path}/correct", json={"reason": "Wrong.", "quantity": "1"}, if_match=etag_of(march))

    assert code_of(voided) == code_of(corrected) == (422, "period_locked")
    assert api.get(path).json() == march


def test_a_correction_does_not_move_a_sale_into_a_locked_period(api, acme, product, march):
    sale = make_sale(api, acme, product, sold_on="2027-04-01")

    answer = api.post(f"/v1/sales-records/{sale['id']}/correct", json={"reason": "Wrong.", "sold_on": "2027-03-31"}, if_match=etag_of(sale))

    assert code_of(answer) == (422, "period_locked")


def test_rows_in_a_locked_period_are_refused_alone_and_known_ones_stay(api, acme, product, march):
    rows = [f"L-1,2027-03-15,{acme['code']},{product['sku']},1,1.00,USD", f"L-2,2027-04-15,{acme['code']},{product['sku']},1,1.00,USD",
            f"{march['external_ref']},2027-03-31,{acme['code']},{product['sku']},3,10.00,USD"]

    report = channel.import_file(api, "sales-records", "\n".join((HEADER, *rows)).encode()).json()

    assert (report["created"], report["unchanged"], report["rejected"]) == (1, 1, 1)
    assert [(error["line"], error["pointer"], error["code"]) for error in report["errors"]] == [(2, "/sold_on", "period_locked")]


def test_a_partner_meets_the_lock_too(api, acme, product, march):
    answer = api.as_partner(acme).post("/v1/sales-records", json=a_sale(acme, product, kind="sell_through", sold_on="2027-03-31"))

    assert code_of(answer) == (422, "period_locked")


def test_a_reopened_period_takes_sales_again_and_stays_on_record(api, acme, product, march):
    (lock,) = api.walk("/v1/period-locks", period="2027-03", status="locked")

    opened = reopen(api, lock, "The auditor found an invoice.").json()

    assert (opened["status"], opened["reopened_reason"], opened["version"]) == ("reopened", "The auditor found an invoice.", 2)
    assert opened["reopened_by"] == opened["created_by"] and opened["reopened_at"] >= opened["created_at"]
    make_sale(api, acme, product, sold_on="2027-03-31")
    assert code_of(reopen(api, opened)) == (409, "period_lock_reopened")
    assert api.post(f"/v1/period-locks/{lock['id']}/reopen", json={}, if_match='"2"').status_code == 400


def test_a_period_has_one_lock_that_holds(api):
    lock = make_period_lock(api)

    again = api.post("/v1/period-locks", json={"period": lock["period"]})
    reopen(api, lock)

    assert (*code_of(again), again.json()["existing_id"]) == (409, "period_locked_already", lock["id"])
    assert api.post("/v1/period-locks", json={"period": lock["period"]}).status_code == 201


def test_a_day_is_locked_while_any_lock_covers_it(api, acme, product):
    year, month = make_period_lock(api, period="2033"), make_period_lock(api, period="2033-05")

    reopen(api, month)

    assert code_of(api.post("/v1/sales-records", json=a_sale(acme, product, sold_on="2033-05-05"))) == (422, "period_locked")
    reopen(api, year)
    make_sale(api, acme, product, sold_on="2033-05-05")


def test_a_lock_keeps_its_days_when_the_calendar_changes(api):
    calendar = builders.make_calendar(api, pattern="custom")
    period = builders.make_calendar_period(api, calendar, name="FY2034", starts_on="2034-01-01", ends_on="2034-12-31")
    lock = make_period_lock(api, period="FY2034", calendar_code=calendar["code"])

    api.delete(f"/v1/calendar-periods/{period['id']}", if_match=etag_of(period))

    kept = api.get(f"/v1/period-locks/{lock['id']}").json()
    assert (kept["starts_on"], kept["ends_on"], kept["calendar_code"]) == ("2034-01-01", "2034-12-31", calendar["code"])
    assert api.delete(f"/v1/calendars/{calendar['id']}", if_match="*").json()["code"] == "calendar_in_use"


@pytest.mark.parametrize("members, code", [
    ({"period": "2025-W53"}, "period_unknown"), ({"period": "FY2026"}, "period_unknown"), ({"calendar_code": "NONE"}, "calendar_unknown"),
    ({"legal_entity_code": "NONE"}, "legal_entity_unknown"),
])
def test_a_lock_is_for_what_there_is(api, members, code):
    answer = api.post("/v1/period-locks", json=a_period_lock(**members))

    assert answer.status_code == 422
    assert code in {fault["code"] for fault in answer.json()["errors"]}


def test_a_calendar_belongs_to_a_fiscal_period_only(api):
    answer = api.post("/v1/period-locks", json=a_period_lock(calendar_code=builders.make_calendar(api)["code"]))

    assert code_of(answer) == (422, "period_has_no_calendar")


def test_a_lock_for_one_entity_is_none_for_all(api, acme, product):
    entity = builders.make_legal_entity(api)

    lock = make_period_lock(api, period="2035-01", legal_entity_code=entity["code"])

    make_sale(api, acme, product, sold_on="2035-01-31")
    assert [row["id"] for row in api.walk("/v1/period-locks", legal_entity_code=entity["code"], day="2035-01-31")] == [lock["id"]]
    assert api.delete(f"/v1/legal-entities/{entity['id']}", if_match="*").json()["code"] == "legal_entity_in_use"


def test_no_sale_gets_in_while_a_period_is_locked(api, acme, product):
    """Sales and the lock race: whatever was accepted was there before the lock, and nothing comes after its answer."""
    stop, late = threading.Event(), []

    def sell(twin):
        while not stop.is_set():
            late.append(twin.post("/v1/sales-records", json=a_sale(acme, product, sold_on="2036-06-15")).status_code)

    threads = [threading.Thread(target=sell, args=(api.twin(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    make_period_lock(api, period="2036-06")
    counted = len(api.walk("/v1/sales-records", sold_from="2036-06-15", sold_to="2036-06-15", limit=200))
    stop.set()
    for thread in threads:
        thread.join()

    assert set(late) <= {201, 422}
    assert len(api.walk("/v1/sales-records", sold_from="2036-06-15", sold_to="2036-06-15", limit=200)) == counted == late.count(201)


def test_a_lock_of_one_legal_entity_holds_for_its_sales_only(api, acme, product):
    locked, other = builders.make_legal_entity(api), builders.make_legal_entity(api)
    sale = make_sale(api, acme, product, sold_on="2028-03-31", legal_entity_code=locked["code"])
    free = make_sale(api, acme, product, sold_on="2028-03-31", legal_entity_code=other["code"])
    make_period_lock(api, period="2028-03", legal_entity_code=locked["code"])
    path = f"/v1/sales-records/{sale['id']}"
    file = "\n".join([HEADER + ",legal_entity_code"] + [
        f"{builders.unique('REF')},2028-03-02,{acme['code']},{product['sku']},1,10,USD,{code}" for code in (locked["code"], other["code"], "")])

    refused = api.post("/v1/sales-records", json=a_sale(acme, product, sold_on="2028-03-01", legal_entity_id=locked["id"]))
    voided = api.post(f"{path}/void", json={"reason": "Wrong."}, if_match=etag_of(sale))
    moved = api.post(f"/v1/sales-records/{free['id']}/correct", json={"reason": "Wrong.", "legal_entity_code": locked["code"]}, if_match=etag_of(free))
    report = api.post("/v1/sales-records/import", data=file.encode(), headers={"Content-Type": "text/csv"}).json()

    assert code_of(refused) == code_of(voided) == code_of(moved) == (422, "period_locked")
    assert (report["created"], [(e["line"], e["code"]) for e in report["errors"]]) == (2, [(2, "period_locked")])
    make_sale(api, acme, product, sold_on="2028-03-01", legal_entity_code=other["code"])
    make_sale(api, acme, product, sold_on="2028-03-01")
