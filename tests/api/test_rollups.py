"""Rollups: while sales are imported, recorded, corrected, disputed and voided, and folded all the time, every sum is that of the records."""
import concurrent.futures
import decimal
import threading
import time

import psycopg2

from support import builders

PATH = "/v1/analytics/sales"
FOLD_S = 10


def wait_for_fold(database):
    deadline = time.monotonic() + FOLD_S
    while database("select count(*) from sales_delta")[0][0] > 0:
        assert time.monotonic() < deadline, "nobody folds"
        time.sleep(0.1)


def numbers(row):
    return tuple(decimal.Decimal(value) for value in row)


def recorded(database):
    """What the records come to: amount, units, lines."""
    return numbers(
        database(
            "select sum(amount) as amount, sum(quantity) as units, sum(case when reverses_id is null then 1 else -1 end) as lines"
            " from sales_record where kind in ('sell_in', 'return_to_vendor')"
        )[0]
    )


def reported(api):
    (row,) = api.get(PATH).json()["data"]
    return numbers((row["amount"], row["units"], row["lines"]))


def a_file(partner, product, number, rows):
    lines = ["external_ref,sold_on,partner_code,sku,quantity,amount,currency,cost"]
    for i in range(rows):
        lines.append(f"F{number}-{i},2026-0{i % 9 + 1}-1{i % 3},{partner['code']},{product['sku']},{i % 7 + 1},{i}.{i % 100:02},USD,{i if i % 3 else ''}")
    return ("\n".join(lines) + "\n").encode()


def change(api, action, record):
    """Does something to a record; somebody else may have been faster."""
    etag = builders.etag_of(record)
    if action == "void":
        answer = api.post(f"/v1/sales-records/{record['id']}/void", json={"reason": "r"}, if_match=etag)
    elif action == "correct":
        answer = api.post(f"/v1/sales-records/{record['id']}/correct", json={"reason": "r", "quantity": "-2" if record["quantity"].startswith("-") else "2", "cost": "1.5"}, if_match=etag)
    else:
        answer = api.post(f"/v1/sales-records/{record['id']}/dispute", json={"reason": "r"}, if_match=etag)
    assert answer.status_code in (200, 201, 409, 412), answer.text


def import_patiently(api, file):
    """A worker takes two imports at a time and refuses the third."""
    while (answer := api.post("/v1/sales-records/import", data=file, content_type="text/csv")).status_code == 503:
        time.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return answer.json()


def work(api, worker, partner, product):
    """One writer: files, single records, and something done to every second one of them."""
    for number in range(4):
        file = a_file(partner, product, f"{worker}-{number}", 300)
        assert import_patiently(api, file)["created"] == 300
        for i in range(15):
            record = builders.make_sale(api, partner, product, quantity=str(-i - 1 if i % 5 == 4 else i + 1), kind="return_to_vendor" if i % 5 == 4 else "sell_in")
            if i % 2:
                change(api, ("void", "correct", "dispute")[i // 2 % 3], record)


def fold_on(database, is_over):
    """Folds without pause, in small bites, beside the server's own job."""
    connection = psycopg2.connect(database.url)
    connection.autocommit = True
    folded = 0
    with connection.cursor() as cursor:
        while not is_over.is_set():
            cursor.execute("select rollup_fold(37)")
            folded += cursor.fetchone()[0]
    connection.close()
    return folded


def test_sums_are_those_of_the_records_whoever_writes_and_folds(api, database, acme, zenith, product):
    is_over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        folders = [pool.submit(fold_on, database, is_over) for _ in range(2)]
        writers = [pool.submit(work, api.twin(), n, partner, product) for n, partner in enumerate((acme, acme, zenith, zenith))]
        try:
            while not all(writer.done() for writer in writers):
                assert database("select * from rollup_check()") == []
            for writer in writers:
                writer.result()
        finally:
            is_over.set()
        assert sum(folder.result() for folder in folders) > 0

    assert database("select * from rollup_check()") == []
    assert reported(api) == recorded(database)
    wait_for_fold(database)
    assert database("select * from rollup_check()") == []
    assert reported(api) == recorded(database)


def test_the_server_folds_by_itself(api, database, acme, product):
    builders.make_sale(api, acme, product)

    wait_for_fold(database)

    assert database("select * from rollup_check()") == []


def test_what_is_recorded_counts_at_once(api, database, product):
    partner = builders.make_partner(api)

    amounts = []
    for _ in range(3):
        builders.make_sale(api, partner, product)
        amounts.append(api.get(PATH, params={"partner_code": partner["code"]}).json()["data"][0]["amount"])

    assert amounts == ["30.00", "60.00", "90.00"]


def test_what_is_voided_counts_nowhere(api, database, product):
    partner = builders.make_partner(api)
    record = builders.make_sale(api, partner, product)

    change(api, "void", record)

    assert api.get(PATH, params={"partner_code": partner["code"]}).json()["data"] == []
    assert database("select * from rollup_check()") == []


def test_what_is_corrected_counts_as_it_was_corrected(api, database, product):
    partner = builders.make_partner(api)
    record = builders.make_sale(api, partner, product)

    change(api, "correct", record)

    (row,) = api.get(PATH, params={"partner_code": partner["code"]}).json()["data"]
    assert (row["amount"], row["units"], row["lines"], row["cost"], row["margin"]) == ("20.00", "2", 1, "1.50", "18.50")


def test_a_check_finds_what_does_not_agree(database, api, acme, product):
    builders.make_sale(api, acme, product)
    wait_for_fold(database)

    database("update sales_rollup set amount = amount + 1 where partner_id = %s", acme["id"])

    assert {row.rollup for row in database("select * from rollup_check()")} == {
        "sales_rollup", "sales_rollup_day", "sales_rollup_partner", "sales_rollup_product_month"}
    database("update sales_rollup set amount = amount - 1 where partner_id = %s", acme["id"])
    assert database("select * from rollup_check()") == []


OF_ITS_MONTH = "update sales_rollup_product_month m"
WHOSE_DAY = """from sales_rollup r
    where r.partner_id = %s and r.day = '2026-03-03' and m.month = '2026-03-01'
        and (m.product_id, m.kind, m.state, m.currency, m.cost_currency, m.legal_entity_id)
            = (r.product_id, r.kind, r.state, r.currency, r.cost_currency, r.legal_entity_id)"""


def test_all_days_are_checked_in_turn_and_a_difference_is_reported(database, api, acme, product):
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        builders.make_sale(api, acme, product, sold_on=day)
    wait_for_fold(database)
    database("update sales_rollup set amount = amount + 1 where partner_id = %s and day = '2026-03-03'", acme["id"])
    # The month, which is held against its days with each of them, goes along.
    database(OF_ITS_MONTH + " set amount = m.amount + 1 " + WHOSE_DAY, acme["id"])
    database("update rollup_check_progress set next_day = '2026-03-01', checked_at = null, alarm = null")

    found = [database("select rollup_check_some('2100-01-01'::timestamptz + make_interval(mins => %s), 1) as alarm", i)[0].alarm for i in range(4)]
    within_a_minute = database("select rollup_check_some('2100-01-01 00:03:30Z') as alarm")[0].alarm
    progress = database("select * from rollup_check_progress")[0]
    database("update sales_rollup set amount = amount - 1 where partner_id = %s and day = '2026-03-03'", acme["id"])
    database(OF_ITS_MONTH + " set amount = m.amount - 1 " + WHOSE_DAY, acme["id"])

    assert sum(text is not None for text in found) == 1
    assert "sales_rollup" in progress.alarm and acme["id"] in progress.alarm
    assert within_a_minute is None


def test_ten_thousand_rows_of_one_day_are_one_row_of_the_sums(api, database):
    partner, product = builders.make_partner(api), builders.make_product(api)
    file = ["sold_on,partner_code,sku,quantity,amount,currency"] + [f"2026-05-05,{partner['code']},{product['sku']},1,0.01,USD"] * 10000

    assert api.post("/v1/sales-records/import", data="\n".join(file).encode(), content_type="text/csv").json()["created"] == 10000

    assert database("select count(*) from (select partner_id from sales_delta union all select partner_id from sales_rollup) x where partner_id = %s",
        partner["id"])[0][0] == 1
    (row,) = api.get(PATH, params={"partner_code": partner["code"]}).json()["data"]
    assert (row["amount"], row["lines"]) == ("100.00", 10000)
