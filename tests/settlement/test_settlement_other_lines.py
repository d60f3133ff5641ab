"""KRA pool, rate card and activity: worked by hand, every branch, and the laws they keep. THM-01."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_lines_world import (
    PAYMENT,
    agreed,
    amounts,
    count_row,
    counted_kpi,
    parts,
    problems,
    settle_lines,
)
from settlement_world import PERIOD
from test_settlement_properties import CASES, WANTED
from top_up_world import DERBYSHIRE, greenwich

from foundation.errors import Refused
from settlement.at_stake import Points, agreed_sums, points_of
from settlement.extremes import Extreme, party_extremes
from settlement.terms import Terms
from settlement.terms_lint import find_problems

FEW = settings(CASES, max_examples=max(WANTED // 2, 1))
FORFEIT, NEUTRAL = ("forfeit", "party_did_not_report", None), ("neutral", "definition_withdrawn", None)
WITHHOLD = ("withhold", "", None)
ALL = ("kra_pool", "rate_card", "activity")
COUNTS = {"R1": 131, "R2": 96, "E1": 1_100_000}


def three_kpis(changes: Mapping[str, Any] | None = None) -> Terms:
    """A KRA pool on three KPIs of weight 60, 30 and 10, all with the levels of D1."""
    pattern = next(kpi for kpi in DERBYSHIRE["framework"]["kpis"] if kpi["id"] == "D1")
    weights = {"K1": 60, "K2": 30, "K3": 10}
    kpis = [{**pattern, "id": kpi, "weight": Decimal(weight), "value_decimals": 2} for kpi, weight in weights.items()]
    return agreed(["kra_pool"], {"framework.kpis": kpis, **(changes or {})}, cost=False)


# --- KRA pool ----------------------------------------------------------------------------------------------------


def test_a_kra_pool_by_hand() -> None:
    """The example of docs/reference/terms.md: (60 x 50 + 30 x 20) / 90 = 40; 500,000 x 0.9 x 0.4."""
    values = {"K1": "430", "K2": "459.16", "K3": "500"}
    made = settle_lines(three_kpis(), values=values, actions={"K3": NEUTRAL})
    assert made.score == 40
    assert made.step("live_weight").exact == Fraction(9, 10)
    assert amounts(made) == {"kra_pool": 18_000_000}
    assert made.reason == "The score earns a part of the KRA pool."
    assert made.step("kra_pool_posted").label == "KRA pool of the alliance, rounded once to a whole penny"
    (posting,) = made.postings
    assert (posting.payer, posting.contract_reference) == (
        "integrated-care-board",
        DERBYSHIRE["finance"]["payment"]["contract_reference"],
    )
    assert sum(parts(made, "kra_pool").values()) == 18_000_000


def test_a_kra_pool_below_0_is_owed_and_a_withheld_figure_keeps_its_weight() -> None:
    """All three at -50: 500,000 x -0.25 = -125,000. One withheld scores -100 and stays at risk, so more is owed."""
    values = dict.fromkeys(("K1", "K2", "K3"), "505")
    made = settle_lines(three_kpis(), values=values)
    assert amounts(made) == {"kra_pool": -12_500_000}
    assert made.reason == "The alliance owes a part of the KRA pool by its score."
    # Q = -(0.9 x 50 + 0.1 x 100) = -55; share -0.275; weight at risk 1 although 0.9 is live
    held = settle_lines(three_kpis(), values=values, actions={"K3": WITHHOLD})
    assert amounts(held) == {"kra_pool": -13_750_000}
    assert held.step("weight_at_risk").exact == 1
    neutral = settle_lines(three_kpis(), values=values, actions={"K3": NEUTRAL})
    assert amounts(neutral) == {"kra_pool": -11_250_000}


def test_a_kra_pool_at_the_baseline_posts_nothing() -> None:
    made = settle_lines(agreed(["kra_pool"], cost=False), values={"D1": "478.6"})
    assert amounts(made) == {"kra_pool": 0}
    assert made.reason == "Nothing is posted on the KRA pool."


def test_fifty_fifty_with_a_separate_kra_pool() -> None:
    """A saving of 3,100,000 is shared 50:50 by cost alone; D1 at 430 (score 50) earns half of the pool beside it."""
    plain = {"finance.gain.score_factor": None, "finance.gain.least_score": None}
    terms = agreed(["kra_pool"], plain)
    made = settle_lines(terms, values={"D1": "430"}, pence=14_000_000_000)
    assert amounts(made) == {"gain": 155_000_000, "kra_pool": 25_000_000}
    assert [posting.line for posting in made.postings] == ["gain", "kra_pool"]
    worse = settle_lines(terms, values={"D1": "505"}, pence=14_000_000_000)
    assert amounts(worse) == {"gain": 155_000_000, "kra_pool": -12_500_000}


@pytest.mark.parametrize(
    ("scope", "action", "value", "pence", "reason"),
    [
        ("settlement", WITHHOLD, "430", 0, "Withheld: too little of the agreed weight"),
        ("settlement", NEUTRAL, "430", 0, "nothing is paid and nothing is owed"),
        ("settlement", FORFEIT, "430", 0, "Nothing is paid on the KRA pool: the settlement's gain is forfeit"),
        ("settlement", FORFEIT, "505", -12_500_000, "owes a part"),
        ("D1", WITHHOLD, "430", 0, "Withheld"),
        ("D1", FORFEIT, "430", -25_000_000, "owes a part"),
    ],
)
def test_what_stops_or_bars_a_kra_pool(scope: str, action: Any, value: str, pence: int, reason: str) -> None:
    """What bars a gain bars what the pool would pay, and leaves what the alliance owes."""
    made = settle_lines(agreed(["kra_pool"], cost=False), values={"D1": value}, actions={scope: action})
    assert amounts(made) == {"kra_pool": pence}
    assert reason in made.reason


def test_a_must_pass_kpi_bars_what_is_paid_and_not_what_is_owed_nor_work_done() -> None:
    gate = {**counted_kpi("D7"), "role": "gate", "must_reach": Decimal(70), "polarity": "high"}
    terms = agreed(ALL, cost=False)
    data = terms.model_dump(mode="python", exclude_none=True)
    data["framework"]["kpis"] = [*data["framework"]["kpis"], gate]
    terms = Terms.model_validate(data)
    values = {"D1": "430", "D7": "60"}
    made = settle_lines(terms, COUNTS, values)
    assert amounts(made) == {"kra_pool": 0, "rate_card": 0, "activity": 4_500_000}
    assert "Nothing is paid on the rate card: a must-pass condition is not met (D7)." in made.reason
    passed = settle_lines(terms, COUNTS, {**values, "D7": "70"})
    assert amounts(passed) == {"kra_pool": 25_000_000, "rate_card": 55_850_000, "activity": 4_500_000}


@CASES
@given(st.integers(3000, 5800), st.integers(3000, 5800), st.sets(st.sampled_from(["K1", "K2"])))
def test_a_better_score_never_earns_less_nor_owes_more_and_a_neutral_kpi_pays_nobody(
    value: int, other: int, neutral: set[str]
) -> None:
    """Properties 3 and 10: what KPIs that do not count would have earned or owed goes to nobody."""
    terms, actions = three_kpis(), dict.fromkeys(neutral, NEUTRAL)
    weights = {"K1": 60, "K2": 30, "K3": 10}
    worse, better = (str(Decimal(max(value, other)) / 10), str(Decimal(min(value, other)) / 10))
    found = [settle_lines(terms, values=dict.fromkeys(weights, tenths), actions=actions) for tenths in (worse, better)]
    low, high = (amounts(made)["kra_pool"] for made in found)
    assert low <= high or found[0].postings[0].status == "withheld"
    live = sum(weight for kpi, weight in weights.items() if kpi not in neutral)
    if live >= 60:
        curve = {-100: Fraction(-1, 2), 0: Fraction(0), 100: Fraction(1)}
        score = found[1].step("overall_score").exact
        share = score / 100 * (curve[100] if score > 0 else -curve[-100])
        assert found[1].step("kra_pool").exact == 500_000 * Fraction(live, 100) * share


@FEW
@given(st.lists(st.sampled_from([WITHHOLD, FORFEIT, NEUTRAL, ("pay", "", None)]), min_size=3, max_size=3))
def test_a_figure_that_is_not_reported_never_helps(actions: list[Any]) -> None:
    """Property 15: withheld or forfeited, a KPI never leaves the alliance better off than its own value did."""
    terms, values = three_kpis(), {"K1": "430", "K2": "505", "K3": "520"}
    by_kpi = dict(zip(("K1", "K2", "K3"), actions, strict=True))
    neutral = {kpi: action for kpi, action in by_kpi.items() if action == NEUTRAL}
    with_values = settle_lines(terms, values=values, actions=neutral)
    made = settle_lines(terms, values=values, actions=by_kpi)
    if "withheld" not in (made.status, with_values.status):
        assert amounts(made)["kra_pool"] <= amounts(with_values)["kra_pool"]


# --- rate card ---------------------------------------------------------------------------------------------------


def test_a_rate_card_by_hand() -> None:
    """131 x 3,500 = 458,500; 96 x 1,250 = 120,000, capped at 100,000. No KPI is scored, and none need be."""
    terms = agreed(["rate_card"], cost=False)
    made = settle_lines(terms, COUNTS)
    assert amounts(made) == {"rate_card": 55_850_000}
    assert made.step("rate.settled-home").exact == 458_500
    assert made.step("rate.in-work").arithmetic == "min(96 * £1,250.00, £100,000.00)"
    assert f"kpi:{terms.id}:R1:{PERIOD}:numerator" in made.step("rate.settled-home").inputs
    assert made.reason == "Outcomes are paid by the rate card."
    assert (made.postings[0].contract_reference, made.postings[0].funding_source) == ("OUT-2024", "outcomes fund")
    assert made.step("live_weight").exact == 1
    assert [period.label for period in terms.settlement_periods()] == [PERIOD]


def test_a_figure_that_does_not_count_pays_nothing_and_its_release_posts_the_difference() -> None:
    terms = agreed(["rate_card"], cost=False)
    for action in (WITHHOLD, FORFEIT, NEUTRAL):
        made = settle_lines(terms, COUNTS, actions={"R1": action})
        assert amounts(made) == {"rate_card": 10_000_000}
    held = settle_lines(terms, COUNTS, actions={"R1": WITHHOLD})
    assert "withheld until its cause is recorded" in held.step("rate.settled-home").label
    released = settle_lines(terms, COUNTS, prior=held.posting_rows())
    assert amounts(released) == {"rate_card": 45_850_000}
    assert released.step("difference.rate_card").label.startswith("Difference to post on rate card")
    assert settle_lines(terms, {}).reason == "Nothing is posted on the rate card."


@pytest.mark.parametrize(
    ("number", "people", "told"),
    [
        ("131.5", 1000, "no whole number"),
        ("1001", 1000, "more persons than R1 has people"),
        ("-1", 1000, "its numerator is -1"),
        (None, 1000, "it has no value"),
    ],
)
def test_a_number_that_cannot_be_counted_is_refused(number: str | None, people: int, told: str) -> None:
    terms = agreed(["rate_card"], cost=False)
    with pytest.raises(Refused, match=told):
        settle_lines(terms, COUNTS, rows=[count_row(terms, "R1", number, people)])


def test_claims_may_be_more_than_people_and_people_may_be_unknown() -> None:
    terms = agreed(["rate_card"], cost=False)
    rows = [count_row(terms, "R1", 131, None), count_row(terms, "R2", 5, 3)]
    assert amounts(settle_lines(terms, rows=rows)) == {"rate_card": 458_500_00 + 5 * 1_250_00}
    claims = agreed(["rate_card"], {"finance.rate_card.rows.0.counting_unit": "claim"}, cost=False)
    assert amounts(settle_lines(claims, rows=[count_row(claims, "R1", 4, 3)])) == {"rate_card": 14_000_00}


def test_the_rule_for_small_numbers_leaves_a_count_alone() -> None:
    rule = {"least_denominator": 100, "least_count": 10, "action": "neutral"}
    terms = agreed(["rate_card"], {"gate.small_numbers": rule}, cost=False)
    assert amounts(settle_lines(terms, rows=[count_row(terms, "R1", 2, 9)])) == {"rate_card": 7_000_00}
    rows = {row["kpi_id"]: row["least_denominator"] for row in terms.kpi_rows()}
    assert rows == {"R1": None, "R2": None, "D2": None, "D3": None}
    from settlement_world import gate_rows

    from settlement.engine import settle
    from settlement.gate_record import read_gate_rows

    gate = gate_rows(terms, {"R1": NEUTRAL})
    for row in gate:
        if row["scope"] == "R1":
            row["status"], row["cause"] = "passed", ""
    with pytest.raises(Refused, match="what is counted is never too small"):
        settle(
            terms,
            PERIOD,
            [count_row(terms, kpi, 2, 9) for kpi in ("R1", "R2")],
            [],
            read_gate_rows(gate, terms, PERIOD),
        )


@CASES
@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 200))
def test_a_rate_card_never_falls_in_a_number_and_never_exceeds_its_caps(number: int, more: int, claims: int) -> None:
    terms = agreed(["rate_card"], cost=False)
    found = [
        amounts(settle_lines(terms, {"R1": count, "R2": claims}))["rate_card"]
        for count in (min(number, more), max(number, more))
    ]
    assert 0 <= found[0] <= found[1] <= 80_000_000
    assert found[0] == min(min(number, more) * 350_000, 70_000_000) + min(claims * 125_000, 10_000_000)


# --- activity ----------------------------------------------------------------------------------------------------


def test_activity_by_hand() -> None:
    """1,100,000 delivered, 1,040,000 is the threshold: 60,000 at 75 %."""
    made = settle_lines(agreed(["activity"], cost=False), COUNTS)
    assert amounts(made) == {"activity": 4_500_000}
    assert made.step("agreed_value").exact == 10_000_000
    assert made.step("threshold.elective").exact == 1_040_000
    assert made.reason == "Activity above its threshold is paid."


def test_activity_below_its_threshold_is_taken_back_at_its_own_rate() -> None:
    """900,000 delivered of 1,040,000 at 100 % below: 140,000 taken back. Without a threshold the plan is it."""
    terms = agreed(["activity"], {"finance.activity.elements.0.below_pct": Decimal(100)}, cost=False)
    made = settle_lines(terms, {"E1": 900_000})
    assert amounts(made) == {"activity": -14_000_000}
    assert made.reason == "Activity below its threshold is taken back."
    assert parts(made, "activity")["acute-trust"] == -5_320_000
    exact = agreed(["activity"], {"finance.activity.elements.0.threshold_pct": None}, cost=False)
    assert amounts(settle_lines(exact, {"E1": 1_000_000})) == {"activity": 0}


def test_a_low_agreed_value_is_a_block() -> None:
    """9,000,000 fixed and 1,000,000 planned: a block below more than 10,000,000, and not below exactly that."""
    for least, posted in ((10_000_000, 4_500_000), (Decimal("10000000.01"), 0)):
        terms = agreed(["activity"], {"finance.activity.block_below_gbp": Decimal(least)}, cost=False)
        made = settle_lines(terms, COUNTS)
        assert amounts(made) == {"activity": posted}
        assert any(step.step_id == "is_block" for step in made.steps) == (posted == 0)
        held = settle_lines(terms, COUNTS, actions={"E1": WITHHOLD})
        assert any(step.step_id == "waiting.activity" for step in held.steps) == (posted != 0)


def test_withheld_activity_waits_and_what_was_posted_stands() -> None:
    terms = agreed(["activity"], cost=False)
    held = settle_lines(terms, COUNTS, actions={"E1": WITHHOLD})
    assert amounts(held) == {"activity": 0}
    assert "E1 is withheld until its cause is recorded" in held.step("waiting.activity").label
    first = settle_lines(terms, {"E1": 900_000})
    again = settle_lines(terms, COUNTS, actions={"E1": WITHHOLD}, prior=first.posting_rows())
    assert again.postings == ()
    assert again.step("waiting.activity").exact == -10_500_000
    # With a cause for the whole settlement nothing waits.
    made = settle_lines(terms, COUNTS, actions={"E1": WITHHOLD, "settlement": NEUTRAL}, prior=first.posting_rows())
    assert amounts(made) == {"activity": 10_500_000}


def test_a_withheld_element_holds_up_no_other() -> None:
    """Property 15. E2 is 400 of 1,000 units of £100.00: £60,000.00 are taken back, whatever becomes of E1 (£45,000.00)."""
    data = agreed(["activity"], cost=False).model_dump(exclude_none=True)
    (first,) = data["finance"]["activity"]["elements"]
    second = {**first, "id": "outpatient", "kpi": "E2", "price_gbp": Decimal(100), "threshold_pct": Decimal(100),
              "below_pct": Decimal(100), "planned": [{"period": PERIOD, "units": Decimal(1_000)}]}  # fmt: skip
    data["finance"]["activity"]["elements"] = [first, second]
    kpi = next(one for one in data["framework"]["kpis"] if one["id"] == "E1")
    data["framework"]["kpis"] = [*data["framework"]["kpis"], {**kpi, "id": "E2"}]
    terms = Terms.model_validate(data)
    assert find_problems(terms) == []
    counts = {**COUNTS, "E2": 400}
    assert amounts(settle_lines(terms, counts)) == {"activity": 4_500_000 - 6_000_000}
    held = settle_lines(terms, counts, actions={"E1": WITHHOLD})
    assert amounts(held) == {"activity": -6_000_000}
    assert held.step("waiting.activity").label.endswith("what else the line comes to is posted")
    # the cause is recorded: what was posted and the difference are what reporting, or failing to, comes to
    after: tuple[tuple[dict[str, Any], int], ...] = (({}, -1_500_000), ({"E1": FORFEIT}, -84_000_000))
    for actions, whole in after:
        later = settle_lines(terms, counts, actions=actions, prior=held.posting_rows())
        assert amounts(held)["activity"] + amounts(later)["activity"] == whole


def test_activity_that_is_forfeited_counts_as_none_and_a_neutral_one_as_planned() -> None:
    """0 delivered of 1,040,000 at 75 %: 780,000 is taken back, so not reporting never pays."""
    terms = agreed(["activity"], cost=False)
    assert amounts(settle_lines(terms, COUNTS, actions={"E1": FORFEIT})) == {"activity": -78_000_000}
    assert amounts(settle_lines(terms, COUNTS, actions={"E1": NEUTRAL})) == {"activity": 0}
    barred = settle_lines(terms, COUNTS, actions={"settlement": FORFEIT})
    assert amounts(barred) == {"activity": 0}
    assert barred.reason == "Nothing is paid on the activity variance: it is forfeit by the recorded cause."


@CASES
@given(
    st.integers(0, 3_000_000), st.integers(0, 3_000_000), st.integers(0, 100), st.integers(0, 100), st.integers(0, 150)
)
def test_activity_never_pays_less_for_more(number: int, other: int, above: int, below: int, threshold: int) -> None:
    """The variance is 0 at the threshold, never falls in activity, and within its bounds."""
    path = "finance.activity.elements.0"
    terms = agreed(
        ["activity"],
        {
            f"{path}.above_pct": Decimal(above),
            f"{path}.below_pct": Decimal(below),
            f"{path}.threshold_pct": Decimal(threshold),
        },
        cost=False,
    )
    less, more = min(number, other), max(number, other)
    low, high = (amounts(settle_lines(terms, {"E1": count}))["activity"] for count in (less, more))
    assert low <= high
    limit = threshold * 10_000
    assert high == (more - limit) * (above if more >= limit else below)
    assert low >= -limit * below


# --- all of them -------------------------------------------------------------------------------------------------


def test_lines_stand_in_order_and_restating_the_same_posts_nothing() -> None:
    terms = agreed(ALL)
    made = settle_lines(terms, COUNTS, {"D1": "430"}, pence=14_000_000_000)
    assert list(amounts(made)) == ["gain", "kra_pool", "rate_card", "activity"]
    for line, pence in amounts(made).items():
        assert sum(parts(made, line).values()) == pence
    again = settle_lines(terms, COUNTS, {"D1": "430"}, pence=14_000_000_000, prior=made.posting_rows())
    assert again.postings == ()
    moved = settle_lines(terms, {**COUNTS, "R1": 130}, {"D1": "430"}, pence=14_000_000_000, prior=made.posting_rows())
    assert amounts(moved) == {"rate_card": -350_000}
    assert moved.step("difference.rate_card").exact == -350_000


def test_activity_changes_nothing_of_what_outcomes_are_paid() -> None:
    terms = agreed(ALL)
    found = [amounts(settle_lines(terms, {**COUNTS, "E1": units}, {"D1": "430"})) for units in (0, 5_000_000)]
    assert found[0].pop("activity") < found[1].pop("activity")
    assert found[0] == found[1]


def test_advances_are_recouped_from_the_first_line_where_neither_cost_nor_top_up_is_agreed() -> None:
    terms = agreed(["rate_card"], {"finance.advances_recouped": True}, cost=False)
    made = settle_lines(terms, COUNTS, advances={"city-council": 1_000_000})
    assert amounts(made) == {"rate_card": 55_850_000, "recoup": -1_000_000}
    assert made.postings[1].contract_reference == "OUT-2024"
    notes = {line.note for line in made.member_lines if line.line == "recoup" and line.member_id == "city-council"}
    assert notes == {"advance taken back out of this member's rate card"}


def test_extremes_and_sums_at_stake() -> None:
    """Members' shares 38, 30, 18, 8, 6: most 500,000 + 800,000, least 250,000 of the pool; activity has no most."""
    terms = agreed(["kra_pool", "rate_card"], cost=False)
    found = party_extremes(terms, PERIOD)
    assert found["acute-trust"] == Extreme(49_400_000, 9_500_000)
    assert {stake.what: stake.pence for stake in agreed_sums(terms, PERIOD)} == {
        "KRA pool": 50_000_000,
        "Settled-home, at most": 70_000_000,
        "In-work, at most": 10_000_000,
    }
    assert agreed_sums(terms, "2030-31") == ()
    activity = party_extremes(agreed(["activity"], cost=False), PERIOD)
    assert activity["acute-trust"] == Extreme(None, 29_640_000)
    path = "finance.activity.elements.0.above_pct"
    assert party_extremes(agreed(["activity"], {path: Decimal(0)}, cost=False), PERIOD)["acute-trust"] == Extreme(
        0, 29_640_000
    )
    block = agreed(["activity"], {"finance.activity.block_below_gbp": Decimal(20_000_000)}, cost=False)
    assert party_extremes(block, PERIOD)["acute-trust"] == Extreme(0, 0)


def test_sums_at_stake_of_cost_and_top_up() -> None:
    """2 % and 1 % of a target of 143,100,000; 5 % and 1 % of a base of 9,600,000. What is not agreed is not at stake."""
    for terms, stakes in (
        (agreed([]), {"gain, at most": 286_200_000, "loss, at most": 143_100_000}),
        (agreed([], {"finance.loss.cap_pct_of_target": None}), {"gain, at most": 286_200_000}),
        (greenwich(), {"top-up pool": 48_000_000, "bonus, at most": 9_600_000}),
        (greenwich({"finance.top_up.bonus": None}), {"top-up pool": 48_000_000}),
    ):
        assert {stake.what: stake.pence for stake in agreed_sums(terms, PERIOD)} == stakes


def test_what_a_kpi_can_give_to_the_score() -> None:
    """A weight of 18.75 of 100, at the worst -100 points and at the best 100; what is not scored gives nothing."""
    terms = greenwich()
    points = {kpi.id: points_of(terms, kpi) for kpi in terms.framework.kpis}
    assert points["G1"] == Points(Decimal("18.75"), Decimal("-18.75"), Decimal("18.75"))
    assert sum(found.most for found in points.values() if found is not None) == 100
    derbyshire = agreed([])
    assert [kpi.id for kpi in derbyshire.framework.kpis if points_of(derbyshire, kpi) is not None] == ["D1"]


# --- what the terms may not say ----------------------------------------------------------------------------------

ROW, ELEMENT = "finance.rate_card.rows.0", "finance.activity.elements.0"
FALLING = [{"score": Decimal(0), "share_pct": Decimal(1)}, {"score": Decimal(1), "share_pct": Decimal(0)}]
TWICE = [{"score": Decimal(0), "share_pct": Decimal(1)}, {"score": Decimal("0.0"), "share_pct": Decimal(1)}]
ELSEWHERE = {**PAYMENT, "payer": "acute-trust"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"finance.kra_pool.pool_share": FALLING}, "falls as the score rises"),
        ({"finance.kra_pool.pool_share": TWICE}, "named twice"),
        ({"finance.kra_pool.pools.0.period": "2030-31"}, "`kra_pool.pools` says nothing for 2024-25"),
        ({"finance.kra_pool.pools.0.period": "2023-24"}, "outside the agreement's dates"),
        ({"finance.kra_pool.payment": ELSEWHERE}, "is no commissioner here"),
        ({f"{ROW}.kpi": "D1"}, "`D1` is no counted KPI here"),
        ({f"{ROW}.id": "in-work"}, "the row `in-work` is named twice"),
        ({f"{ROW}.kpi": "R2"}, "R2 is counted, and 2 entries"),
        ({f"{ROW}.kpi": "nowhere"}, "R1 is counted, and 0 entries"),
        ({f"{ROW}.caps.0.period": "2025-26"}, "`target_cost` says nothing for 2025-26"),
        ({"framework.kpis.3.kind": "process"}, "R1 is paid for and is no outcome"),
        ({"framework.kpis.3.weight": Decimal(5)}, "never scored and has no `weight`"),
        ({f"{ELEMENT}.kpi": "D2"}, "`D2` is no counted KPI here"),
        ({f"{ELEMENT}.planned.0.period": "2025-26"}, "`activity.elements.elective.planned` says nothing for 2024-25"),
        ({"finance.activity.fixed.0.period": "2024-25-q1"}, "is no year"),
        (
            {"finance.activity.block_below_gbp": Decimal(1), "agreement.settle_by": "quarter"},
            "this agreement is not settled by the year",
        ),
    ],
)
def test_what_the_terms_may_not_say(changes: Mapping[str, Any], told: str) -> None:
    found = problems(ALL, changes)
    assert any(told in problem.what for problem in found), [problem.what for problem in found]


def test_an_element_named_twice_and_terms_that_agree_nothing() -> None:
    elements = [
        copy.deepcopy(element)
        for element in agreed(["activity"], cost=False).model_dump()["finance"]["activity"]["elements"]
    ] * 2
    assert any(
        "`elective` is named twice" in one.what
        for one in problems(["activity"], {"finance.activity.elements": elements})
    )
    (nothing, *_) = problems([], {}, cost=False)
    assert "nothing could be settled" in nothing.what
    assert "`rate_card`" in nothing.mend
    waived = {"framework.kpis.3.kind": "process", "framework.kpis.3.process_waiver": "Agreed for a year."}
    assert problems(ALL, waived) == []
    assert any(
        "sum to 0" in one.what
        for one in problems(
            ["kra_pool"],
            {
                "framework.kpis.0.role": "monitored",
                **dict.fromkeys(("framework.kpis.0.weight", "framework.kpis.0.levels")),
            },
            cost=False,
        )
    )
