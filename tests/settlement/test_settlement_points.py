"""A top-up pool of points at a value each: by hand, its rules, and what always holds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settlement_world import PERIOD
from test_settlement_rates import FEW
from top_up_world import AT_26, AT_72, by_line, by_member, greenwich, problems_with, settle_top_up

from foundation.errors import WrongUsage
from settlement.at_stake import agreed_sums
from settlement.extremes import party_extremes
from settlement.terms import Terms

PREVALENCE = {"id": "prevalence", "own": Decimal("0.3"), "average": Decimal("0.5")}
LIST_SIZE = {"id": "list-size", "own": 9103, "average": 4550}


def points(**changes: Any) -> list[dict[str, Any]]:
    agreed = {"points": 635, "value_gbp": Decimal("227.02")} | changes
    return [{"period": label, **agreed} for label in (PERIOD, "2025-26")]


def with_points(**changes: Any) -> Terms:
    return greenwich({"finance.top_up.pool_pct_of_base": None, "finance.top_up.pool_points": points(**changes)})


def test_the_value_of_a_point_is_rounded_before_it_is_multiplied() -> None:
    """227.02 x 0.3 / 0.5 = 136.212, so 136.21; 26 points are 3,541.46. Unrounded they would be 3,541.51."""
    made = settle_top_up(with_points(points=26, value_adjusters=[PREVALENCE]), AT_72)
    assert made.step("point_value").exact == Fraction("136.21")
    assert made.step("top_up_pool").exact == Fraction("3541.46")
    assert "rounded to a penny" in made.step("point_value").label


@pytest.mark.parametrize(
    ("points_of_it", "own", "value", "pool"),
    [
        (26, "0.3", "136.21", "3541.46"),  # 227.02 x 0.3 / 0.5 = 136.212; unrounded 3,541.51
        (20, "0.7", "317.83", "6356.60"),  # 227.02 x 0.7 / 0.5 = 317.828; unrounded 6,356.56
        (74, "0.5", "227.02", "16799.48"),  # the average itself changes nothing
        (10, "0", "0", "0"),
    ],
)
def test_published_payments_by_prevalence_are_worked_from_the_value_before_it_was_adjusted(
    points_of_it: int, own: str, value: str, pool: str
) -> None:
    """The first two are the published examples behind the vectors qof-dem-low and qof-dem-high, which state the value of
    a point only after it was adjusted and rounded: here the terms adjust it."""
    adjuster = {**PREVALENCE, "own": Decimal(own)}
    made = settle_top_up(with_points(points=points_of_it, value_adjusters=[adjuster]), AT_72)
    assert made.step("point_value").exact == Fraction(value)
    assert made.step("top_up_pool").exact == Fraction(pool)


def test_an_adjuster_of_the_pool_is_not_rounded() -> None:
    """Q = 26 earns 41.6 % of the pool; the one rounding is that of the line."""
    terms = with_points(adjusters=[LIST_SIZE, PREVALENCE])
    made = settle_top_up(terms, AT_26)
    pool = 635 * Fraction("227.02") * Fraction(9103, 4550) * Fraction(3, 5)
    assert made.step("top_up_pool").exact == pool
    assert by_line(made)["top_up"] == round(pool * Fraction("41.6"))
    assert sum(by_member(made, "top_up").values()) == by_line(made)["top_up"]
    assert "point_value" not in {step.step_id for step in made.steps}
    assert f"terms:finance.top_up.pool_points.{PERIOD}.adjusters.list-size.own" in made.step("top_up_pool").inputs
    turned = with_points(adjusters=[PREVALENCE, LIST_SIZE])
    assert turned.terms_hash == terms.terms_hash
    assert settle_top_up(turned, AT_26).settlement_id == made.settlement_id


def test_what_is_at_stake_and_what_each_can_gain_follow_the_points() -> None:
    terms = with_points()
    (pool,) = [item for item in agreed_sums(terms, PERIOD) if item.what == "top-up pool"]
    assert (pool.pence, pool.reference) == (635 * 22_702, "finance.top_up.pool_points")
    by_base = party_extremes(greenwich(), PERIOD)["youth-charity"].greatest_gain_pence
    # 5 % of the pool, in place of 5 % of 480,000
    assert party_extremes(terms, PERIOD)["youth-charity"].greatest_gain_pence == (
        (by_base or 0) - 2_400_000 + round(Fraction(635 * 22_702 * 5, 100))
    )
    with pytest.raises(WrongUsage, match="agree no points for 2026-27"):
        terms.pool_points("2026-27")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"finance.top_up.pool_pct_of_base": None}, "pool_pct_of_base` is missing"),
        ({"finance.top_up.pool_points": points()}, "the pool is agreed twice"),
        (
            {"finance.top_up.pool_pct_of_base": None, "finance.top_up.pool_points": points()[:1]},
            "points or a base, and not both",
        ),
        (
            {"finance.top_up.pool_pct_of_base": None, "finance.top_up.pool_points": points()[:1] * 2},
            "named twice",
        ),
        (
            {
                "finance.top_up.pool_pct_of_base": None,
                "finance.top_up.pool_points": points(adjusters=[PREVALENCE, PREVALENCE]),
            },
            "the adjuster `prevalence` is named twice",
        ),
    ],
)
def test_a_broken_rule_is_named(changes: dict[str, Any], words: str) -> None:
    problems = problems_with(changes)
    assert any(words in problem.what for problem in problems), problems
    assert all(problem.mend for problem in problems)


def test_an_average_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="average"):
        problems_with({"finance.top_up.pool_points": points(adjusters=[{**PREVALENCE, "average": 0}])})


MEASURE = st.integers(1, 10**6).map(Decimal)


@FEW
@given(
    st.integers(0, 10**4),
    st.integers(0, 10**6).map(lambda pence: Decimal(pence).scaleb(-2)),
    st.lists(st.tuples(MEASURE, MEASURE), max_size=2),
    st.lists(st.tuples(MEASURE, MEASURE), max_size=2),
)
def test_1_3_more_points_and_a_better_score_never_pay_less(
    number: int, value: Decimal, by_value: list[tuple[Decimal, Decimal]], by_pool: list[tuple[Decimal, Decimal]]
) -> None:
    """CNI-06, and members' lines add up to the penny; the base is the same whatever the points."""

    def adjusters(found: list[tuple[Decimal, Decimal]]) -> list[dict[str, Any]]:
        return [{"id": f"a{place}", "own": own, "average": average} for place, (own, average) in enumerate(found)]

    agreed = {"value_gbp": value, "value_adjusters": adjusters(by_value), "adjusters": adjusters(by_pool)}
    terms, more = with_points(points=number, **agreed), with_points(points=number + 1, **agreed)
    worse, better, larger = settle_top_up(terms, AT_26), settle_top_up(terms, AT_72), settle_top_up(more, AT_26)
    assert 0 <= by_line(worse)["top_up"] <= min(by_line(better)["top_up"], by_line(larger)["top_up"])
    assert sum(by_member(worse, "top_up").values()) == by_line(worse)["top_up"]
    assert worse.step("base").exact == larger.step("base").exact
