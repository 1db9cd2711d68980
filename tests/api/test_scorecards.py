"""Scorecards and evaluations: the formula, vetoes, several evaluators and the ranks, against Python's fractions."""
import itertools
import statistics
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from support import builders

WORKED = [
    {"key": "coverage", "name": "市场覆盖", "weight": "30", "lo": "0", "hi": "10", "direction": "benefit"},
    {"key": "customers", "name": "客户资源", "weight": "25", "lo": "1", "hi": "5", "direction": "benefit"},
    {"key": "cost", "name": "服务成本", "weight": "20", "lo": "100", "hi": "500", "direction": "cost"},
    {"key": "reputation", "name": "信誉", "weight": "25", "lo": "0", "hi": "100", "direction": "benefit"},
]
ANSWERS = {"coverage": "7.5", "customers": "6", "cost": "180", "reputation": "64"}


def a_card(**members):
    return {"code": builders.unique("CARD"), "name": "Choice", "approve_at": "75", "reject_below": "50", "criteria": WORKED, **members}


def published(api, **members):
    made = api.post("/v1/scorecards", json=a_card(**members))
    assert made.status_code == 201, made.text
    answer = api.post(f"/v1/scorecards/{made.json()['id']}/publish", json={}, if_match="*")
    assert answer.status_code == 200, answer.text
    return answer.json()


def scores(answers):
    return [{"key": key, "value": value} for key, value in answers.items()]


def evaluate(api, card, partner, answers, **members):
    return api.post("/v1/evaluations", json={"scorecard_code": card["code"], "partner_code": partner["code"], "scores": scores(answers), **members})


def done(answer):
    assert answer.status_code == 201, answer.text
    return answer.json()


def part(criterion, value):
    lo, hi = Fraction(criterion["lo"]), Fraction(criterion["hi"])
    x = min(max((Fraction(value) - lo) / (hi - lo), Fraction(0)), Fraction(1))
    return 1 - x if criterion["direction"] == "cost" else x


def score_of(parts, weights):
    """100 * sum(w x) / sum(w) over what was answered, exactly."""
    answered = {key for key, value in parts.items() if value is not None}
    return 100 * sum(Fraction(weights[key]) * parts[key] for key in answered) / sum(Fraction(weights[key]) for key in answered)


def rounded(value, digits=2):
    scaled = value * 10**digits
    return (Decimal(scaled.numerator) / Decimal(scaled.denominator)).quantize(Decimal(1), ROUND_HALF_UP).scaleb(-digits)


def codes(answer):
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


def test_the_worked_example_comes_to_79_50(api):
    made = done(evaluate(api, published(api), builders.make_partner(api), ANSWERS))

    assert (Decimal(made["score"]), Decimal(made["completeness_pct"]), made["decision"]) == (Decimal("79.50"), 100, "approve")


@pytest.mark.parametrize("answers", [
    {"coverage": "3.3333", "customers": "2.7", "cost": "333.33", "reputation": "1"}, {"coverage": "10.5", "cost": "50"}, {"customers": "-3", "reputation": "100"},
    {"coverage": "0.0001"}, {"cost": "500"},
])
def test_a_score_is_computed_over_what_was_answered(api, answers):
    made = done(evaluate(api, published(api), builders.make_partner(api), answers))

    weights = {c["key"]: c["weight"] for c in WORKED}
    parts = {c["key"]: part(c, answers[c["key"]]) if c["key"] in answers else None for c in WORKED}
    assert Decimal(made["score"]) == rounded(score_of(parts, weights))
    assert Decimal(made["completeness_pct"]) == sum(Decimal(weights[key]) for key in answers)


@pytest.mark.parametrize("answers, decision", [
    ({"coverage": "10", "customers": "5", "cost": "100", "reputation": "100"}, "approve"),
    ({"coverage": "10", "customers": "5", "reputation": "100"}, "approve"),  # 80 % is enough
    ({"coverage": "10", "customers": "5", "cost": "100"}, "review"),  # 75 % is not, and the veto is open
    ({"coverage": "10", "customers": "5", "cost": "100", "reputation": "19.9999"}, "reject"),  # a veto, whatever the score
    ({"coverage": "5", "customers": "3", "cost": "300", "reputation": "50"}, "review"),  # 50: not below
    ({"coverage": "5", "customers": "3", "cost": "300", "reputation": "49"}, "reject"),
    ({}, "review"),
])
def test_what_follows_from_a_score(api, answers, decision):
    criteria = [*WORKED[:3], {**WORKED[3], "veto_below": "20"}]

    made = done(evaluate(api, published(api, criteria=criteria), builders.make_partner(api), answers))

    assert made["decision"] == decision
    assert made["vetoes"] == (["reputation"] if answers.get("reputation") == "19.9999" else [])
    assert (made["score"] is None) == (not answers)


def test_thirds_that_make_a_whole_are_judged_as_one(api):
    """Weights 3 and 1, a third and a whole: exactly 50, which is not below 50."""
    criteria = [{"key": key, "name": key, "weight": weight, "lo": "0", "hi": hi, "direction": "benefit"} for key, weight, hi in (("a", "3", "3"), ("b", "1", "1"))]

    made = done(evaluate(api, published(api, criteria=criteria), builders.make_partner(api), {"a": "1", "b": "1"}))

    assert (Decimal(made["score"]), made["decision"]) == (50, "review")


def test_a_veto_that_nobody_answered_does_not_approve(api):
    criteria = [{**WORKED[0], "weight": "90"}, {**WORKED[3], "weight": "10", "veto_below": "20"}]

    made = done(evaluate(api, published(api, criteria=criteria), builders.make_partner(api), {"coverage": "10"}))

    assert (Decimal(made["completeness_pct"]), made["decision"]) == (90, "review")


@pytest.mark.parametrize("members, fault", [
    ({"criteria": [{**WORKED[0], "weight": "0"}]}, ("/criteria", "scorecard_weights_zero")),
    ({"criteria": [WORKED[0], {**WORKED[1], "lo": "5"}]}, ("/criteria/1/hi", "criterion_range_empty")),
    ({"criteria": [WORKED[0], WORKED[0]]}, ("/criteria/1/key", "criterion_twice")),
    ({"reject_below": "80"}, ("/reject_below", "scorecard_limits_cross")),
])
def test_a_scorecard_that_cannot_be_computed_is_refused(api, members, fault):
    answer = api.post("/v1/scorecards", json=a_card(**members))

    assert (answer.status_code, codes(answer)) == (422, [fault])


def test_publishing_freezes_and_a_change_begins_the_next_text(api):
    card, partner = published(api), builders.make_partner(api)
    path = f"/v1/scorecards/{card['id']}"
    first = done(evaluate(api, card, partner, ANSWERS, evaluator="A"))

    changed = api.patch(path, json={"criteria": [WORKED[0]]}, if_match="*").json()
    by_the_old = done(evaluate(api, card, partner, ANSWERS, evaluator="B"))
    again = api.post(f"{path}/publish", json={}, if_match="*").json()
    by_the_new = done(evaluate(api, card, partner, {"coverage": "5"}, evaluator="C"))
    kept = api.patch(f"/v1/evaluations/{first['id']}", json={"note": "Asked again."}, if_match="*").json()

    assert (card["revision"], card["published_revision"]) == (1, 1)
    assert (changed["status"], changed["revision"], changed["published_revision"]) == ("draft", 2, 1)
    assert (again["status"], again["published_revision"]) == ("published", 2)
    assert [e["scorecard_revision"] for e in (by_the_old, by_the_new, kept)] == [1, 2, 1]
    assert (Decimal(by_the_new["score"]), Decimal(kept["score"])) == (50, Decimal("79.50"))


def test_an_evaluation_needs_a_published_text_and_answers_what_is_asked(api):
    draft, partner = api.post("/v1/scorecards", json=a_card()).json(), builders.make_partner(api)
    card = published(api)

    unpublished = evaluate(api, draft, partner, ANSWERS)
    unknown = api.post("/v1/evaluations", json={"scorecard_code": card["code"], "partner_code": partner["code"], "scores": scores({"price": "1"}) + scores(ANSWERS) * 2})

    assert codes(unpublished) == [("/scorecard_code", "scorecard_not_published")]
    assert codes(unknown) == [("/scores/0/key", "criterion_unknown"), *((f"/scores/{n}/key", "criterion_twice") for n in range(5, 9))]


def test_an_evaluator_has_one_word_a_day(api):
    card, partner = published(api), builders.make_partner(api)
    done(evaluate(api, card, partner, ANSWERS, evaluator="李娜", evaluated_on="2026-03-01"))

    again = evaluate(api, card, partner, ANSWERS, evaluator="李娜", evaluated_on="2026-03-01")

    assert (again.status_code, again.json()["code"]) == (409, "evaluation_taken")
    assert evaluate(api, card, partner, ANSWERS, evaluator="王伟", evaluated_on="2026-03-01").status_code == 201


def test_the_article_s_five_criteria_are_there_from_the_start(api):
    (card,) = api.get("/v1/scorecards?code=DEFAULT").json()["data"]

    assert card["status"] == "published"
    assert [c["name"].split(" ")[0] for c in card["criteria"]] == ["市场覆盖", "客户资源", "技术能力", "合作意愿", "市场信誉"]


def test_several_evaluators_are_averaged_and_their_spread_is_shown(api):
    card, partner = published(api), builders.make_partner(api)
    words = [{**ANSWERS, "coverage": coverage, "reputation": reputation} for coverage, reputation in (("7", "60"), ("8", "70"), ("3", "65"))]
    made = [done(evaluate(api, card, partner, word, evaluator=f"E{n}", evaluated_on="2026-03-01")) for n, word in enumerate(words)]
    done(evaluate(api, card, partner, {"coverage": "0"}, evaluator="E0", evaluated_on="2026-02-01"))  # an earlier word of the first

    rows = {row["key"]: row for row in api.get(f"/v1/partners/{partner['id']}/evaluation-summary?scorecard_code={card['code']}").json()["data"]}
    (ranked,) = api.get(f"/v1/partner-rankings?scorecard_code={card['code']}").json()["data"]

    values = [7.0, 8.0, 3.0]
    assert Decimal(rows["coverage"]["mean"]) == 6
    assert float(rows["coverage"]["deviation"]) == pytest.approx(statistics.stdev(values), abs=5e-5)
    found = [float(one["score"]) for one in made]
    assert float(rows["score"]["deviation"]) == pytest.approx(statistics.stdev(found), abs=5e-5)
    assert float(ranked["spread"]) == pytest.approx(statistics.stdev(found), abs=5e-3)
    assert ranked["evaluators"] == rows["score"]["evaluators"] == 3
    parts = {c["key"]: sum(part(c, word[c["key"]]) for word in words) / 3 for c in WORKED}
    assert Decimal(ranked["score"]) == rounded(score_of(parts, {c["key"]: c["weight"] for c in WORKED}))


def ranks(scored):
    """Rank by score, the best first; equal ones share."""
    return {name: 1 + sum(other > score for other in scored.values()) for name, score in scored.items()}


def varied(weights):
    """The weights with any one of them a tenth up or down, the others sharing the rest in proportion."""
    total = sum(weights.values())
    for key, factor in itertools.product(weights, (Fraction(9, 10), Fraction(11, 10))):
        moved = weights[key] * factor
        yield {k: moved if k == key else w * (total - moved) / (total - weights[key]) for k, w in weights.items()}


def test_ranks_and_how_they_move_with_the_weights(api):
    card = published(api)
    answers = {}
    for n in range(9):
        partner = builders.make_partner(api)
        words = {"coverage": str(n % 5 + 3), "customers": str(5 - n % 4), "cost": str(120 + 37 * n % 300), "reputation": str(40 + 29 * n % 60)}
        if n == 4:
            del words["cost"]
        answers[partner["code"]] = words
        done(evaluate(api, card, partner, words))

    rows = {row["partner_code"]: row for row in api.walk("/v1/partner-rankings", scorecard_code=card["code"])}

    weights = {c["key"]: Fraction(c["weight"]) for c in WORKED}
    parts = {code: {c["key"]: part(c, words[c["key"]]) if c["key"] in words else None for c in WORKED} for code, words in answers.items()}
    base = ranks({code: score_of(one, weights) for code, one in parts.items()})
    others = [ranks({code: score_of(one, moved) for code, one in parts.items()}) for moved in varied(weights)]
    assert {code: row["rank"] for code, row in rows.items()} == base
    assert {code: row["rank_low"] for code, row in rows.items()} == {code: min(base[code], *(o[code] for o in others)) for code in base}
    assert {code: row["rank_high"] for code, row in rows.items()} == {code: max(base[code], *(o[code] for o in others)) for code in base}


def test_a_scorecard_by_which_somebody_was_evaluated_is_kept(api):
    used, other = published(api), published(api)
    done(evaluate(api, used, builders.make_partner(api), ANSWERS))

    answer = api.delete(f"/v1/scorecards/{used['id']}", if_match="*")

    assert (answer.status_code, answer.json()["code"]) == (409, "scorecard_in_use")
    assert api.delete(f"/v1/scorecards/{other['id']}", if_match="*").status_code == 204


def test_evaluations_are_found_by_what_they_say(api):
    card, partner = published(api), builders.make_partner(api)
    made = {done(evaluate(api, card, partner, {"coverage": value, "reputation": value, "customers": value, "cost": "100"}, evaluator=value))["decision"]: value for value in ("0", "100")}

    assert {e["decision"] for e in api.walk("/v1/evaluations", scorecard_code=card["code"])} == set(made) == {"reject", "approve"}
    (found,) = api.walk("/v1/evaluations", scorecard_code=card["code"], decision="reject")
    assert found["evaluator"] == made["reject"]


def test_partners_see_no_evaluations(api):
    partner = builders.make_partner(api)
    caller = api.as_partner(partner)

    for path in ("/v1/evaluations", "/v1/scorecards", "/v1/partner-rankings?scorecard_code=DEFAULT", f"/v1/partners/{partner['id']}/evaluation-summary?scorecard_code=DEFAULT"):
        assert caller.get(path).status_code == 403
