"""A sales record is reported, confirmed or disputed, and void in the end; every move is kept."""
import pytest

from support import builders
from support.builders import a_sale, etag_of, make_partner, make_period_lock, make_sale

SHARES_SERVER = True


@pytest.fixture
def sale(api, acme, product):
    return make_sale(api, acme, product)


def move(api, sale, operation, status=200, **body):
    body = {"outcome": "confirmed", "reason": "Because.", **body} if operation == "resolve" else {"reason": "Because.", **body}
    answer = api.post(f"/v1/sales-records/{sale['id']}/{operation}", json=body, if_match="*")
    assert answer.status_code == status, answer.text
    return answer.json()


def brought_to(api, sale, status):
    steps = {"reported": [], "confirmed": ["confirm"], "disputed": ["dispute"], "void": ["void"]}
    for operation in steps[status]:
        move(api, sale, operation)
    return sale


def reversals(api, sale):
    return [row for row in api.walk("/v1/sales-records", partner_id=sale["partner_id"], limit=200) if row["reverses_id"] == sale["id"]]


MOVES = {
    "reported": {"confirm": "confirmed", "dispute": "disputed", "void": "void"},
    "confirmed": {"dispute": "disputed", "void": "void"},
    "disputed": {"resolve": "confirmed", "void": "void"},
    "void": {},
}


@pytest.mark.parametrize("status", MOVES)
@pytest.mark.parametrize("operation", ["confirm", "dispute", "resolve", "void"])
def test_a_status_moves_as_the_contract_says(api, sale, status, operation):
    brought_to(api, sale, status)
    wanted = MOVES[status].get(operation)

    answer = move(api, sale, operation, 200 if wanted else 409)

    if wanted:
        assert answer["status"] == wanted
    else:
        assert answer["code"] == ("sales_record_void" if operation == "void" else "status_move_refused")
        assert api.get(f"/v1/sales-records/{sale['id']}").json()["status"] == status


def test_a_refused_move_says_which_are_open(api, sale):
    answer = move(api, sale, "resolve", 409)

    assert "reported can move to confirmed, disputed, void" in answer["detail"]


def test_every_move_is_kept_with_who_when_and_why(api, sale):
    move(api, sale, "dispute", reason="Two, not three.")
    move(api, sale, "resolve", reason="Three, by the delivery note.")
    move(api, sale, "void", reason="Returned as a whole.")

    moves = api.walk(f"/v1/sales-records/{sale['id']}/status-changes", sort="changed_at", limit=1)

    assert [(row["from_status"], row["to_status"], row["reason"]) for row in moves] == [
        ("reported", "disputed", "Two, not three."),
        ("disputed", "confirmed", "Three, by the delivery note."),
        ("confirmed", "void", "Returned as a whole."),
    ]
    assert {row["sales_record_id"] for row in moves} == {sale["id"]} and None not in {row["actor_id"] for row in moves}


def test_a_correction_is_a_move_too(api, sale):
    move(api, sale, "correct", 201, quantity="2")

    assert [row["to_status"] for row in api.walk(f"/v1/sales-records/{sale['id']}/status-changes")] == ["void"]


def test_a_dispute_that_is_right_takes_the_record_back(api, sale):
    move(api, sale, "dispute")

    resolved = move(api, sale, "resolve", outcome="void", reason="Two, not three.")

    (reversal,) = reversals(api, sale)
    assert (resolved["status"], resolved["voided_reason"]) == ("void", "Two, not three.")
    assert (reversal["amount"], reversal["quantity"], reversal["sold_on"]) == ("-30.00", "-3", sale["sold_on"])
    assert move(api, reversal, "confirm", 409)["code"] == move(api, reversal, "dispute", 409)["code"] == "sales_record_is_reversal"
    assert move(api, reversal, "resolve", 409)["code"] == "sales_record_is_reversal"


def test_a_dispute_that_is_wrong_changes_nothing_else(api, sale):
    move(api, sale, "dispute")

    resolved = move(api, sale, "resolve")

    changing = ("status", "version", "updated_at")
    assert {name: value for name, value in resolved.items() if name not in changing} == {name: value for name, value in sale.items() if name not in changing}
    assert (resolved["status"], resolved["voided_reason"], reversals(api, sale)) == ("confirmed", None, [])


def test_a_locked_period_takes_no_reversal_and_can_be_confirmed(api, acme, product):
    sale = make_sale(api, acme, product, sold_on="2041-03-01")
    make_period_lock(api, period="2041-03")
    move(api, sale, "dispute")

    assert move(api, sale, "resolve", 422, outcome="void")["code"] == "period_locked"
    assert move(api, sale, "resolve")["status"] == "confirmed"


@pytest.mark.parametrize("operation, body", [
    ("confirm", {"nonsense": 1}), ("dispute", {"reason": None}), ("resolve", {"outcome": "reported"}), ("resolve", {"reason": None}),
])
def test_what_breaks_the_contract_is_refused(api, sale, operation, body):
    assert move(api, sale, operation, 400, **body)["code"] == "invalid_request"


def test_a_partner_disputes_what_was_recorded_for_it_and_neither_confirms_nor_resolves(api, acme, zenith, product):
    child = make_partner(api, parent_code=acme["code"])
    partner = api.as_partner(acme)
    foreign = make_sale(api, zenith, product)

    for owner in (acme, child):
        sale = make_sale(api, owner, product)
        move(partner, sale, "confirm", 403)
        assert move(partner, sale, "dispute")["status"] == "disputed"
        move(partner, sale, "resolve", 403)
        assert len(partner.walk(f"/v1/sales-records/{sale['id']}/status-changes")) == 1
    move(partner, foreign, "dispute", 404)
    assert partner.get(f"/v1/sales-records/{foreign['id']}/status-changes").status_code == 404


@pytest.mark.parametrize("status", ["confirmed", "disputed"])
def test_a_partner_takes_nothing_back_that_was_confirmed_or_is_disputed(api, acme, product, status):
    partner = api.as_partner(acme)
    sale = brought_to(api, make_sale(partner, acme, product, kind="sell_through"), status)

    move(partner, sale, "void", 403)
    move(partner, sale, "correct", 403, quantity="1")


def test_a_partner_does_not_take_back_what_the_vendor_sold(api, acme, product):
    sale = make_sale(api, acme, product)

    move(api.as_partner(acme), sale, "void", 403)
    move(api.as_partner(acme), sale, "correct", 403, quantity="1")


def test_a_manager_confirms_for_its_own_partners(api, product):
    member = builders.make_member(api)
    own, foreign = make_partner(api, manager_code=member["code"]), make_partner(api)

    assert move(api.as_manager(member), make_sale(api, own, product), "confirm")["status"] == "confirmed"
    for operation in ("confirm", "dispute", "resolve"):
        move(api.as_manager(member), make_sale(api, foreign, product), operation, 403)


def test_records_are_found_by_status(api, product):
    partner = make_partner(api)
    for status in ("confirmed", "disputed", "reported"):
        brought_to(api, make_sale(api, partner, product), status)

    for status in ("confirmed", "disputed", "reported"):
        assert [row["status"] for row in api.walk("/v1/sales-records", partner_id=partner["id"], status=status)] == [status]


def test_only_the_current_version_is_moved(api, sale):
    answer = api.post(f"/v1/sales-records/{sale['id']}/confirm", json={}, if_match=etag_of(sale))
    stale = api.post(f"/v1/sales-records/{sale['id']}/dispute", json={"reason": "r"}, if_match=etag_of(sale))

    assert (answer.json()["status"], answer.headers["ETag"], stale.status_code) == ("confirmed", '"2"', 412)


def test_the_same_file_again_leaves_a_confirmed_record_alone(api, acme, product):
    body = a_sale(acme, product)
    sale = builders.made(api.post("/v1/sales-records", json=body))
    move(api, sale, "confirm")
    header, row = ",".join(body), ",".join(body.values())

    report = api.post("/v1/sales-records/import", data=f"{header}\n{row}\n".encode(), content_type="text/csv").json()

    assert (report["unchanged"], report["rejected"]) == (1, 0)
    assert api.get(f"/v1/sales-records/{sale['id']}").json()["status"] == "confirmed"
