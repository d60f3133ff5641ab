"""Commissioning for quality and innovation (CQUIN) as terms: a part of the contract's value, a weight an indicator,
straight lines between two thresholds. Nothing in the engine knows its name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_lines_world import agreed, amounts, settle_lines
from settlement_world import PERIOD
from test_settlement_properties import CASES
from top_up_world import DERBYSHIRE

from settlement.terms import Terms
from settlement.terms_parts import LEVELS

POINTS = dict(zip(LEVELS, map(Decimal, (0, 25, 50, 75, 100)), strict=True))
# weight, lower and upper threshold in percent
INDICATORS: dict[str, tuple[int, int, int]] = {"Q1": (60, 70, 90), "Q2": (40, 25, 50)}
CONTRACT = Decimal(1_000_000)


def _kpi(kpi_id: str) -> dict[str, Any]:
    """An indicator whose five levels stand evenly between its thresholds, so that points run straight."""
    pattern = next(kpi for kpi in DERBYSHIRE["framework"]["kpis"] if kpi["id"] == "D1")
    weight, low, high = INDICATORS[kpi_id]
    levels = {level: low + (high - low) * POINTS[level] / 100 for level in LEVELS}
    own = {"id": kpi_id, "weight": Decimal(weight), "levels": levels, "polarity": "high", "value_decimals": 2}
    return {**pattern, **own, "unit": "percent", "baseline": {**pattern["baseline"], "value": Decimal(low)}}


def cquin(regime: str) -> Terms:
    """`paid`: 1.25 % of the contract is paid beside it. `withdrawn`: it is in the fixed payment, and taken back."""
    changes: dict[str, Any] = {
        "framework.kpis": [_kpi(kpi) for kpi in INDICATORS],
        "scoring.level_points": POINTS,
        "scoring.minimum_live_weight_pct": Decimal(1),
    }
    if regime == "paid":
        changes["finance.top_up"] = {
            "base": [{"period": PERIOD, "base_gbp": CONTRACT}],
            "pool_pct_of_base": Decimal("1.25"),
            "pool_share": [{"score": Decimal(score), "share_pct": Decimal(score)} for score in (0, 100)],
        }
    else:
        changes["finance.kra_pool"] = {
            "pools": [{"period": PERIOD, "pool_gbp": CONTRACT * Decimal("0.0125")}],
            "pool_share": [{"score": Decimal(score), "share_pct": Decimal(score - 100)} for score in (0, 100)],
        }
    return agreed([], changes, cost=False)


@pytest.mark.parametrize(
    ("regime", "line", "pence"), [("paid", "top_up", 875_000), ("withdrawn", "kra_pool", -375_000)]
)
def test_cquin_by_hand(regime: str, line: str, pence: int) -> None:
    """12,500 x (0.6 x (80 - 70) / 20 + 0.4 x 1) = 8,750 earned, 3,750 withdrawn; 51 % lies above the upper threshold."""
    made = settle_lines(cquin(regime), values={"Q1": "80", "Q2": "51"})
    assert made.score == 70
    assert amounts(made) == {line: pence}


@CASES
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_what_is_earned_and_what_is_withdrawn_are_the_pool(first: int, second: int) -> None:
    """Each indicator is paid by itself: a weighted sum of straight lines between thresholds, exact before rounding."""
    values = {"Q1": Decimal(first) / 100, "Q2": Decimal(second) / 100}
    texts = {kpi: str(value) for kpi, value in values.items()}
    earned = settle_lines(cquin("paid"), values=texts).step("top_up").exact
    withdrawn = settle_lines(cquin("withdrawn"), values=texts).step("kra_pool").exact
    by_hand = sum(
        Decimal(125) * weight * (min(max(values[kpi], Decimal(low)), Decimal(high)) - low) / (high - low)
        for kpi, (weight, low, high) in INDICATORS.items()
    )
    assert earned == by_hand
    assert earned - withdrawn == 12_500
