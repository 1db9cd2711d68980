"""The life of an agreement: its way to signature, its versions, its scope, and what happens to it by the clock."""
import concurrent.futures
import hashlib
import json

import pytest

from support import builders
from support.polling import wait_until

WAIT_S = 20


@pytest.fixture(scope="module", autouse=True)
def clock(api):
    """Sets the clock of the business."""

    def put(now):
        assert api.put("/v1/clock", json={"now": now}).status_code == 200

    put("2026-01-10T08:00:00Z")
    return put


@pytest.fixture(scope="module")
def second(api):
    """Another administrator, who approves what the first one submits."""
    return api.caller(api.post("/v1/api-keys", json={"name": "second", "role": "admin"}).json()["key"])


def key_of(api, partner):
    return api.caller(api.post("/v1/api-keys", json={"name": "portal", "role": "partner", "partner_code": partner["code"]}).json()["key"])


def an_agreement(partner, **members):
    return {
        "number": builders.unique("AG"), "partner_code": partner["code"], "type": "reseller", "starts_on": "2026-01-01", "ends_on": "2026-12-31",
        "currency": "USD", **members,
    }


def draft(api, **members):
    members.setdefault("region_codes", [builders.make_region(api)["code"]])
    answer = api.post("/v1/agreements", json=an_agreement(members.pop("partner", None) or builders.make_partner(api), **members))
    assert answer.status_code == 201, answer.text
    return answer.json()


def move(caller, agreement, verb, **body):
    return caller.post(f"/v1/agreements/{agreement['id']}/{verb}", json=body, if_match="*")


def done(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def sign(caller, agreement, party, **members):
    return move(caller, agreement, "sign", party=party, name="Li Na 李娜", **members)


def approve(api, second, agreement):
    done(move(api, agreement, "submit"))
    return done(move(second, agreement, "approve"))


def send(api, second, agreement):
    approve(api, second, agreement)
    return done(move(api, agreement, "send"))


def signed(api, second, agreement):
    send(api, second, agreement)
    done(sign(api, agreement, "vendor"))
    return done(sign(api, agreement, "partner"))


def in_force(api, second, **members):
    agreement = draft(api, **members)
    signed(api, second, agreement)
    return done(move(api, agreement, "activate"))


def codes(answer):
    return [(fault.get("pointer"), fault["code"]) for fault in answer.json().get("errors", [])] or answer.json()["code"]


def test_an_agreement_is_signed_by_both_sides_and_then_in_force(api, second):
    partner = builders.make_partner(api)
    portal, agreement = key_of(api, partner), draft(api, partner=partner)
    path = f"/v1/agreements/{agreement['id']}"

    assert portal.get(path).status_code == 404
    assert send(api, second, agreement)["status"] == "sent"
    assert portal.get(path).json()["status"] == "sent"
    assert done(sign(portal, agreement, "partner"))["status"] == "sent"
    assert sign(portal, agreement, "partner").json()["code"] == "agreement_signed_already"
    assert done(sign(api, agreement, "vendor"))["status"] == "signed"
    assert done(move(api, agreement, "activate"))["status"] == "active"


def test_a_partner_hears_of_an_agreement_once_it_was_sent(api, second):
    partner = builders.make_partner(api)
    portal, agreement = key_of(api, partner), draft(api, partner=partner)
    heard = lambda: [event["type"] for event in portal.walk_log(None) if event["type"].startswith("agreement")]

    approve(api, second, agreement)
    assert heard() == []
    done(move(api, agreement, "send"))
    wait_until(heard, WAIT_S)
    assert set(heard()) == {"agreement.sent", "agreement_version.status_changed"}


def test_what_is_signed_is_the_hash_of_the_canonical_text(api, second):
    agreement = draft(api, rights=[{"party": "partner", "area": "sales", "description": "销售 \"Bikes\"\n\t\u00e9 \U0001f6b2"}], notice_days=45)
    signed(api, second, agreement)

    (version,) = api.get(f"/v1/agreements/{agreement['id']}/versions").json()["data"]

    canonical = json.dumps(version["terms"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert version["sha256"] == hashlib.sha256(canonical).hexdigest()
    assert [(s["party"], s["sha256"]) for s in version["signatures"]] == [("vendor", version["sha256"]), ("partner", version["sha256"])]
    assert version["terms"]["partner_code"] == agreement["partner_code"]


def test_who_submits_does_not_approve(api, second):
    agreement = draft(api)
    done(move(api, agreement, "submit"))

    assert (move(api, agreement, "approve").status_code, move(api, agreement, "approve").json()["code"]) == (409, "second_approver_needed")
    assert done(move(second, agreement, "approve"))["status"] == "approved"


def test_a_refused_move_says_which_are_open(api):
    agreement = draft(api)

    refused = move(api, agreement, "activate")

    assert (refused.status_code, refused.json()["code"]) == (409, "status_move_refused")
    assert "draft can move to in_review" in refused.text


def test_a_partner_signs_and_declines_for_itself_only(api, second):
    parent = builders.make_partner(api)
    child = builders.make_partner(api, parent_code=parent["code"])
    agreement = draft(api, partner=child)
    send(api, second, agreement)
    above, own = key_of(api, parent), key_of(api, child)

    assert sign(above, agreement, "partner").status_code == 403
    assert move(above, agreement, "decline", reason="no").status_code == 403
    assert sign(own, agreement, "vendor").status_code == 403
    assert own.post("/v1/agreements", json=an_agreement(child)).status_code == 403
    assert done(move(own, agreement, "decline", reason="The targets are too high."))["status"] == "declined"


def test_only_the_newest_text_is_signed(api, second):
    agreement = draft(api)
    send(api, second, agreement)

    assert sign(api, agreement, "vendor", version_number=2).json()["code"] == "agreement_version_not_newest"
    assert sign(api, agreement, "vendor", sha256="0" * 64).json()["code"] == "agreement_version_not_newest"
    assert sign(api, agreement, "vendor", version_number=1).status_code == 200


def test_what_was_submitted_changes_by_an_amendment_only(api, second):
    agreement = draft(api)
    done(move(api, agreement, "submit"))
    path = f"/v1/agreements/{agreement['id']}"

    refused = api.patch(path, json={"notice_days": 60}, if_match="*")
    done(move(api, agreement, "return", reason="Notice is too short."))
    changed = api.patch(path, json={"notice_days": 60}, if_match="*")

    assert (refused.status_code, codes(refused)) == (409, [(None, "agreement_not_draft")]) or refused.json()["code"] == "agreement_not_draft"
    assert changed.json()["notice_days"] == 60


def test_an_amendment_goes_its_own_way_while_the_agreement_stays_active(api, second, clock):
    agreement = in_force(api, second, notice_days=30)
    path = f"/v1/agreements/{agreement['id']}"

    amended = done(move(api, agreement, "amend", effective_on="2026-02-01", notice_days=90, reason="More time."))
    assert (amended["status"], amended["amendment_status"], amended["notice_days"]) == ("active", "draft", 30)
    again = done(move(api, agreement, "amend", effective_on="2026-02-01", payment_days=45))
    assert again["amendment_status"] == "draft"
    assert signed(api, second, agreement)["amendment_status"] is None
    assert api.get(path).json()["notice_days"] == 30

    clock("2026-02-01T00:00:05Z")
    wait_until(lambda: api.get(path).json()["terms_version"] == 2, WAIT_S)
    now = api.get(path).json()
    clock("2026-01-10T08:00:00Z")
    compared = api.get(f"{path}/versions/2?against=1").json()

    assert (now["status"], now["notice_days"], now["payment_days"]) == ("active", 90, 45)
    assert compared["changes"] == [{"pointer": "/notice_days", "before": "30", "after": "90"}, {"pointer": "/payment_days", "before": None, "after": "45"}]
    assert [v["number"] for v in api.get(f"{path}/versions").json()["data"]] == [1, 2]
    assert api.get(f"{path}/versions/3").json()["code"] == "agreement_version_unknown"


def test_an_amendment_outlives_a_suspension_and_not_the_end(api, second):
    partner = builders.make_partner(api)
    agreement = in_force(api, second, partner=partner)
    done(move(api, agreement, "amend", effective_on="2026-03-01", notice_days=7))
    send(api, second, agreement)

    suspended, resumed = (done(move(api, agreement, verb)) for verb in ("suspend", "resume"))
    assert (suspended["amendment_status"], resumed["amendment_status"], resumed["status"]) == ("sent", "sent", "active")
    done(move(api, agreement, "terminate"))
    assert sign(api, agreement, "vendor").json()["code"] == "status_move_refused"


def test_a_partner_reads_no_reasons_from_before_it_was_sent(api, second):
    partner = builders.make_partner(api)
    portal, agreement = key_of(api, partner), draft(api, partner=partner)
    done(move(api, agreement, "submit"))
    done(move(api, agreement, "return", reason="Too generous."))
    send(api, second, agreement)

    assert [m["to_status"] for m in portal.get(f"/v1/agreements/{agreement['id']}/status-changes").json()["data"]] == ["sent"]


def test_what_was_met_is_not_owed_again_by_an_amendment(api, second):
    owed = [{"party": "partner", "area": "reporting", "description": "Reports.", "due_on": "2026-03-31"}]
    agreement = in_force(api, second, obligations=owed)
    (row,) = api.walk("/v1/agreement-obligations", agreement_number=agreement["number"])
    done(api.post(f"/v1/agreement-obligations/{row['id']}/meet", json={"evidence": "On file."}, if_match="*"))
    done(move(api, agreement, "amend", effective_on="2026-01-05", notice_days=7))
    signed(api, second, agreement)

    assert [o["status"] for o in api.walk("/v1/agreement-obligations", agreement_number=agreement["number"])] == ["met"]


def test_an_amendment_that_is_declined_leaves_all_as_it_was(api, second):
    agreement = in_force(api, second)
    done(move(api, agreement, "amend", effective_on="2026-03-01", notice_days=7))
    send(api, second, agreement)

    assert done(move(api, agreement, "decline", reason="No."))["amendment_status"] is None
    assert done(move(api, agreement, "amend", effective_on="2026-04-01", payment_days=10))["amendment_status"] == "draft"
    third = api.get(f"/v1/agreements/{agreement['id']}/versions/3?against=1").json()
    assert [change["pointer"] for change in third["changes"]] == ["/payment_days"]


@pytest.mark.parametrize(
    "members, fault",
    [
        ({"ends_on": "2025-12-31"}, ("/ends_on", "agreement_ends_before")),
        ({"auto_renew": True}, ("/renew_months", "agreement_renewal_without_months")),
        ({"region_codes": ["NOWHERE"]}, ("/region_codes/0", "region_unknown")),
        ({"goals": [{"metric": "units", "period": "year", "target": "1", "region_code": "NOWHERE"}]}, ("/goals/0/region_code", "region_unknown")),
        ({"goals": [{"metric": "units", "period": "year", "target": "1", "calendar_code": "NONE"}]}, ("/goals/0/calendar_code", "calendar_unknown")),
        ({"goals": [{"metric": "units", "period": "quarter", "target": "1", "phasing": ["20", "30", "49"]}]}, ("/goals/0/phasing", "phasing_not_whole")),
        ({"goals": [{"metric": "units", "period": "quarter", "target": "1", "phasing": ["50", "50"]}]}, ("/goals/0/phasing", "phasing_not_by_month")),
        ({"goals": [{"metric": "units", "period": "year", "target": n} for n in "12"]}, ("/goals/1", "agreement_goal_twice")),
        ({"goals": [{"metric": "sales_amount", "period": "year", "target": "1", "currency": "ISK"}]}, ("/goals/0/currency", "agreement_goal_currency")),
    ],
)
def test_a_text_that_cannot_be_is_refused_with_its_place(api, members, fault):
    answer = api.post("/v1/agreements", json=an_agreement(builders.make_partner(api), **members))

    assert (answer.status_code, codes(answer)) == (422, [fault])


def test_of_exclusive_claims_that_race_exactly_one_wins(api, second):
    region = builders.make_region(api)
    below = builders.make_region(api, parent_code=region["code"])
    drafts = [draft(api, exclusive=True, region_codes=[[region, below][n % 2]["code"]]) for n in range(8)]
    for one in drafts:
        done(move(api, one, "submit"))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: move(second, one, "approve"), drafts))

    # Those of the region below leave each other out as well, so one of all wins.
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {(a.status_code, a.json()["code"]) for a in answers if a is not won[0]} == {(409, "exclusive_scope_taken")}


def test_an_exclusive_scope_is_free_again_when_it_was_declined_or_terminated(api, second):
    region = builders.make_region(api)
    first, other = (draft(api, exclusive=exclusive, region_codes=[region["code"]]) for exclusive in (True, False))
    send(api, second, first)
    done(move(api, other, "submit"))

    refused = move(second, other, "approve")
    done(move(api, first, "decline", reason="No."))

    assert (refused.status_code, refused.json()["code"]) == (409, "exclusive_scope_taken")
    assert first["number"] in refused.text
    assert done(move(second, other, "approve"))["status"] == "approved"


def test_partners_below_are_let_in_where_that_is_carved_out(api, second):
    region, parent = builders.make_region(api), builders.make_partner(api)
    child = builders.make_partner(api, parent_code=parent["code"])
    first = draft(api, partner=parent, exclusive=True, carve_outs=["own_descendants"], region_codes=[region["code"]])
    approve(api, second, first)

    assert approve(api, second, draft(api, partner=child, region_codes=[region["code"]]))["status"] == "approved"
    stranger = draft(api, region_codes=[region["code"]])
    done(move(api, stranger, "submit"))
    assert move(second, stranger, "approve").json()["code"] == "exclusive_scope_taken"


def test_other_categories_types_and_days_are_other_scopes(api, second):
    region = builders.make_region(api)["code"]
    first = draft(api, exclusive=True, region_codes=[region], product_categories=["Bikes"], customer_types=["smb"], ends_on="2026-06-30")
    approve(api, second, first)

    for members in ({"product_categories": ["Helmets"]}, {"customer_types": ["government"]}, {"starts_on": "2026-07-01"}):
        approve(api, second, draft(api, exclusive=True, region_codes=[region], **{"product_categories": ["Bikes"], "customer_types": ["smb"], **members}))


def test_a_partner_has_one_agreement_of_a_type_for_a_scope(api, second):
    partner, region = builders.make_partner(api), builders.make_region(api)["code"]
    approve(api, second, draft(api, partner=partner, region_codes=[region]))
    again, other = (draft(api, partner=partner, region_codes=[region], type=kind) for kind in ("reseller", "service"))
    for one in (again, other):
        done(move(api, one, "submit"))

    assert move(second, again, "approve").json()["code"] == "agreement_scope_taken"
    assert move(second, other, "approve").status_code == 200


def test_a_scope_follows_its_region_through_the_tree(api, second):
    top, moved = builders.make_region(api), builders.make_region(api)
    approve(api, second, draft(api, exclusive=True, region_codes=[top["code"]]))
    api.patch(f"/v1/regions/{moved['id']}", json={"parent_code": top["code"]}, if_match="*")
    late = draft(api, exclusive=True, region_codes=[moved["code"]])
    done(move(api, late, "submit"))

    assert move(second, late, "approve").json()["code"] == "exclusive_scope_taken"


def test_a_renewal_is_a_draft_of_the_same_text_for_the_time_after(api, second):
    agreement = in_force(api, second, starts_on="2026-01-01", ends_on="2026-06-30", payment_days=30)

    renewed = done(move(api, agreement, "renew", months=12, reason="All goals were met."))
    successor = api.get(f"/v1/agreements/{renewed['renewed_by_id']}").json()

    assert renewed["status"] == "renewed"
    assert (successor["number"], successor["status"], successor["renews_id"]) == (f"{agreement['number']}-R1", "draft", agreement["id"])
    assert (successor["starts_on"], successor["ends_on"], successor["payment_days"]) == ("2026-07-01", "2027-06-30", 30)


def test_by_the_clock_an_agreement_expires_goes_on_or_is_held_over(api, second, clock):
    members = {"ends_on": "2026-02-28", "notice_days": 14}
    expires, goes_on = (in_force(api, second, **members, **more) for more in ({}, {"auto_renew": True, "renew_months": 6}))
    status = lambda agreement: api.get(f"/v1/agreements/{agreement['id']}").json()["status"]

    clock("2026-02-14T00:00:05Z")
    wait_until(lambda: status(expires) == status(goes_on) == "expiring", WAIT_S)
    clock("2026-03-01T00:00:05Z")
    wait_until(lambda: (status(expires), status(goes_on)) == ("expired", "renewed"), WAIT_S)
    next_one = api.get(f"/v1/agreements/{api.get('/v1/agreements/' + goes_on['id']).json()['renewed_by_id']}").json()
    clock("2026-01-10T08:00:00Z")

    assert (next_one["status"], next_one["starts_on"], next_one["ends_on"]) == ("active", "2026-03-01", "2026-08-31")
    moves = api.get(f"/v1/agreements/{expires['id']}/status-changes?sort=changed_at").json()["data"]
    assert [m["to_status"] for m in moves] == ["in_review", "approved", "sent", "signed", "active", "expiring", "expired"]


def test_what_is_held_over_expires_after_the_days_of_the_settings(api, second, clock):
    api.patch("/v1/settings", json={"agreement_holdover_days": 10}, if_match="*")
    agreement = in_force(api, second, ends_on="2026-02-28")
    status = lambda: api.get(f"/v1/agreements/{agreement['id']}").json()["status"]

    clock("2026-03-01T00:00:05Z")
    wait_until(lambda: status() == "holdover", WAIT_S)
    clock("2026-03-11T00:00:05Z")
    wait_until(lambda: status() == "expired", WAIT_S)

    clock("2026-01-10T08:00:00Z")
    api.patch("/v1/settings", json={"agreement_holdover_days": 0}, if_match="*")


def test_obligations_of_both_sides_are_due_on_their_days_and_breached_after_them(api, second, clock):
    agreement = in_force(
        api, second, ends_on="2026-06-30",
        obligations=[
            {"party": "partner", "area": "reporting", "description": "Reports its stock.", "recurrence": "month", "due_on": "2026-01-31"},
            {"party": "vendor", "area": "technical_support", "description": "Trains two.", "due_on": "2026-02-15"},
        ],
    )
    listed = lambda **more: [
        (o["due_on"], o["party"], o["status"])
        for o in api.get("/v1/agreement-obligations", params={"agreement_number": agreement["number"], **more}).json()["data"]
    ]

    assert [day for day, party, _ in listed(party="partner")] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]
    (first, *_) = api.get("/v1/agreement-obligations", params={"agreement_number": agreement["number"]}).json()["data"]
    met = api.post(f"/v1/agreement-obligations/{first['id']}/meet", json={"evidence": "It came on the 30th."}, if_match="*").json()
    clock("2026-02-16T00:00:05Z")
    wait_until(lambda: ("2026-02-15", "vendor", "breached") in listed(), WAIT_S)
    (late,) = api.get("/v1/agreement-obligations", params={"agreement_number": agreement["number"], "party": "vendor"}).json()["data"]
    cured = api.post(f"/v1/agreement-obligations/{late['id']}/cure", json={"evidence": "Done on the 16th."}, if_match="*").json()
    clock("2026-01-10T08:00:00Z")

    assert (met["status"], met["evidence"]) == ("met", "It came on the 30th.")
    assert cured["status"] == "cured"


@pytest.mark.parametrize("recurrence, days", [
    ("quarter", ["2026-02-28", "2026-05-31", "2026-08-31", "2026-11-30"]), ("year", ["2026-11-30"]), (None, ["2026-12-15"]),
])
def test_what_recurs_is_due_at_the_end_of_each_period(api, second, recurrence, days):
    obligation = {"party": "vendor", "area": "supply", "description": "Delivers.", "recurrence": recurrence}
    agreement = in_force(api, second, starts_on="2025-12-01", ends_on="2026-12-15", obligations=[obligation])

    listed = api.walk("/v1/agreement-obligations", agreement_number=agreement["number"])

    assert [o["due_on"] for o in listed] == days


def test_what_was_sent_is_not_deleted(api, second):
    agreement, other = draft(api), draft(api)
    send(api, second, agreement)

    assert api.delete(f"/v1/agreements/{agreement['id']}", if_match="*").json()["code"] == "agreement_in_use"
    assert api.delete(f"/v1/agreements/{other['id']}", if_match="*").status_code == 204
