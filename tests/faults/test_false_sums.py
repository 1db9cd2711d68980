"""Sums that are not what the sales come to: the server finds them by itself."""
import time

from support import builders


def faults_of(server):
    return [line for line in server.log() if line["message"] == "job found a fault"]


def until(condition):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not condition():
        time.sleep(0.05)
    return condition()


def test_a_false_sum_is_found_and_reported(serve, database, api_of):
    first = serve()
    api = api_of(first)
    sale = builders.make_sale(api, builders.make_partner(api), builders.make_product(api))
    assert until(lambda: database("select count(*) from sales_rollup")[0][0] == 1)
    first.stop()
    assert faults_of(first) == []

    database("update sales_rollup set amount = amount + 1")
    database("update rollup_check_progress set checked_at = null")
    second = serve()
    api_of(second).post("/v1/jobs/check-rollups/run")
    found = until(lambda: faults_of(second))
    second.stop(expects_errors=True)

    assert len(found) == 1
    assert "sums of sales differ" in found[0]["why"] and sale["partner_id"] in found[0]["why"]
