"""KRA pool, rate card and activity at their edges, worked by hand: half pounds, the last person, exactly the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from other_lines_world import ACTIVITY, agreed, amounts, changed, count_row, counted_kpi, settle_lines
from settlement_world import PERIOD, quick_terms

from foundation.errors import Refused
from settlement.activity import fixed_pounds, is_block, planned_units, variance_bounds
from settlement.engine import Settlement
from settlement.extremes import Extreme, party_extremes
from settlement.rate_card import row_cap
from settlement.terms import Terms
from settlement.terms_counted import Activity

QUARTER = {"finance.risk_by_period": [{"period": PERIOD, "loss_part_pct": Decimal(25)}]}


def kra_terms(changes: Mapping[str, Any] | None = None, pounds: int = 2) -> Terms:
    """A pool of so many pounds: minus half of it at −100 points, nothing at 0, all at 100."""
    return agreed(
        ["kra_pool"], {"finance.kra_pool.pools": [{"period": PERIOD, "pool_gbp": Decimal(pounds)}], **(changes or {})}
    )


@pytest.mark.parametrize(
    ("value", "pounds", "borne"),
    [
        ("530", "-1", "-0.25"),
        ("505", "-0.5", "-0.125"),
        ("478.6", "0", None),
        ("430", "1", None),
        ("454.3", "0.5", None),
    ],
)
def test_only_what_is_owed_of_a_kra_pool_is_borne_in_part(value: str, pounds: str, borne: str | None) -> None:
    made = settle_lines(kra_terms(QUARTER), values={"D1": value})
    steps = {step.step_id: step.value for step in made.steps}
    assert steps["kra_pool"] == Decimal(pounds)
    assert steps.get("borne_part.kra_pool") == (None if borne is None else Decimal(borne))
    assert ("weight_at_risk" in steps) is (Decimal(pounds) < 0)
    # rounded once, half away from nought
    paid = Decimal(borne or pounds) * 100
    assert amounts(made)["kra_pool"] == {Decimal("-12.5"): -13}.get(paid, paid)


def test_a_withheld_kpi_makes_what_is_owed_no_smaller_and_what_is_paid_no_larger() -> None:
    """Weights 70 and 30, the 30 withheld at −100: 70 live. Score 5: 5 % of the pool, 70 % of it. Score −65: all of it."""
    second = dict(quick_terms({}).model_dump(mode="python", exclude_none=True)["framework"]["kpis"][0])
    second |= {"id": "D1b", "weight": Decimal(30), "indicator_id": "other"}
    terms = kra_terms({"framework.kpis.0.weight": Decimal(70), "framework.kpis.1": second}, 1000)

    def run(value: str, action: str, cause: str) -> Settlement:
        actions = {"D1b": (action, cause, None)}
        return settle_lines(terms, values={"D1": value, "D1b": "478.6"}, actions=actions)

    paid = run("430", "withhold", "")
    assert paid.step("overall_score").exact == 5  # (70 × 50 − 30 × 100) / 100
    assert paid.step("kra_pool").exact == 35
    assert "weight_at_risk" not in {step.step_id for step in paid.steps}
    owed = run("505", "withhold", "")
    assert owed.step("overall_score").exact == -65  # (−70 × 50 − 30 × 100) / 100
    assert (owed.step("weight_at_risk").exact, owed.step("kra_pool").exact) == (1, -325)
    left_out = run("505", "neutral", "definition_withdrawn")
    assert (left_out.step("weight_at_risk").exact, left_out.step("kra_pool").exact) == (Fraction(7, 10), -175)


def test_as_many_persons_as_there_are_people() -> None:
    terms = agreed(["rate_card"], cost=False)
    rows = [count_row(terms, "R1", 20, 20), count_row(terms, "R2", 9)]
    # 20 × 3,500 and 9 × 1,250
    assert settle_lines(terms, rows=rows).step("rate_card").exact == 70_000 + 11_250
    with pytest.raises(Refused, match="more persons than R1 has people"):
        settle_lines(terms, rows=[count_row(terms, "R1", 21, 20)])
    # claims may be more than people, and people may be unknown
    rows = [count_row(terms, "R1", 21, None), count_row(terms, "R2", 21, 20)]
    assert settle_lines(terms, rows=rows).step("rate_card").exact == 73_500 + 26_250
    with pytest.raises(Refused, match="no whole number"):
        settle_lines(terms, rows=[count_row(terms, "R1", "1.5")])
    assert row_cap(terms.finance.rate_card.rows[1], PERIOD) == 100_000  # type: ignore[union-attr]


def elements(**changes: Any) -> Activity:
    """£9,000,000 fixed, and 500 units of £2,000 planned: 75 % above and 60 % below 104 % of it."""
    own = {"unit": "spells", "price_gbp": Decimal(2_000), "planned": [{"period": PERIOD, "units": Decimal(500)}]}
    data = {**ACTIVITY, "elements": [{**ACTIVITY["elements"][0], **own, "below_pct": Decimal(60), **changes}]}
    return Activity.model_validate(data)


def with_activity(agreement: Activity, block: int | None = None) -> Terms:
    data = agreement.model_dump(exclude_none=True)
    if block is not None:
        data["block_below_gbp"] = Decimal(block)
    return agreed(["activity"], {"finance.activity": data}, cost=False)


@pytest.mark.parametrize(
    ("units", "pounds", "part", "words"),
    [
        (520, 0, "above_pct", "more than the threshold is paid"),  # exactly 104 % of 500
        (521, 1_500, "above_pct", "more than the threshold is paid"),
        (519, -1_200, "below_pct", "less than the threshold is taken back"),
        (0, -624_000, "below_pct", "less than the threshold is taken back"),
    ],
)
def test_activity_at_its_threshold(units: int, pounds: int, part: str, words: str) -> None:
    made = settle_lines(with_activity(elements()), {"E1": units})
    step = made.step("variance.elective")
    assert (step.exact, step.label) == (pounds, f"Elective activity at tariff: {words}")
    assert step.inputs[-1] == f"terms:finance.activity.elements.elective.{part}"
    assert made.step("threshold.elective").exact == 520
    assert (made.step("fixed_element").exact, made.step("agreed_value").exact) == (9_000_000, 10_000_000)


@pytest.mark.parametrize(
    ("action", "pounds", "words"),
    [
        ("forfeit", -624_000, "forfeited, so none count, and less than the threshold is taken back"),
        ("withhold", 0, "no variance, its figure is withheld until its cause is recorded"),
        ("neutral", 0, "no variance, its figure does not count in this period"),
    ],
)
def test_activity_that_may_not_count(action: str, pounds: int, words: str) -> None:
    cause = {"forfeit": "party_did_not_report", "withhold": "", "neutral": "definition_withdrawn"}[action]
    made = settle_lines(with_activity(elements()), {"E1": 600}, actions={"E1": (action, cause, None)})
    step = made.step("variance.elective")
    assert (step.exact, step.label) == (pounds, f"Elective activity at tariff: {words}")


def test_what_a_variance_can_come_to() -> None:
    """Below: 60 % of 520 (or, without a threshold, 500) units of £2,000. Above: no bound, unless nothing is paid."""
    assert variance_bounds(elements(), PERIOD) == (None, -624_000)
    assert variance_bounds(elements(threshold_pct=None), PERIOD) == (None, -600_000)
    assert variance_bounds(elements(above_pct=Decimal(0)), PERIOD) == (0, -624_000)
    assert variance_bounds(elements(price_gbp=Decimal(0)), PERIOD) == (0, 0)
    assert (planned_units(elements().elements[0], PERIOD), fixed_pounds(elements(), PERIOD)) == (500, 9_000_000)
    two = elements().elements[0]
    both = elements().model_copy(update={"elements": (two, two.model_copy(update={"above_pct": Decimal(0)}))})
    assert (
        variance_bounds(both, PERIOD)
        == variance_bounds(both.model_copy(update={"elements": both.elements[::-1]}), PERIOD)
        == (None, -1_248_000)
    )


@pytest.mark.parametrize(
    ("least", "block"), [(None, False), (9_999_999, False), (10_000_000, False), (10_000_001, True)]
)
def test_below_an_agreed_value_there_is_no_variance(least: int | None, block: bool) -> None:
    """9,000,000 and 500 × 2,000 are 10,000,000."""
    terms = with_activity(elements(), least)
    agreement = terms.finance.activity
    assert agreement is not None
    assert is_block(agreement, PERIOD) is block
    made = settle_lines(terms, {"E1": 521})
    assert amounts(made)["activity"] == (0 if block else 150_000)
    if block:
        assert made.step("is_block").exact == 1
        assert made.step("is_block").formula == "1 if agreed_value < block_below else 0"
        assert variance_bounds(agreement, PERIOD) == (0, 0)
        assert party_extremes(terms, PERIOD)["acute-trust"] == Extreme(0, 0)


def test_elements_of_activity_add_up() -> None:
    """21 units of £2,000 above 520 at 75 % are £31,500; of E2, 1 unit of £3 below 10 at 50 % is £1.50 taken back."""
    data = elements().model_dump(exclude_none=True)
    planned = [{"period": PERIOD, "units": Decimal(10)}]
    other = {"id": "urgent", "kpi": "E2", "price_gbp": Decimal(3), "planned": planned, "below_pct": Decimal(50)}
    data["elements"] = [{**data["elements"][0], **other, "threshold_pct": Decimal(100)}, *data["elements"]]
    whole = changed(["activity"], {"finance.activity": data}, cost=False).model_dump(exclude_none=True)
    whole["framework"]["kpis"] = [*whole["framework"]["kpis"], counted_kpi("E2")]
    made = settle_lines(Terms.model_validate(whole), {"E1": 541, "E2": 9})
    assert made.step("variance.elective").exact == 31_500
    assert made.step("variance.urgent").exact == Fraction(-3, 2)
    assert amounts(made)["activity"] == 3_149_850
    assert made.step("agreed_value").exact == 9_000_000 + 500 * 2_000 + 30
