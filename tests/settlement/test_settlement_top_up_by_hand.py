"""Top-up, avoided demand and months at their edges, worked by hand; every figure can be checked in the head."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from other_lines_world import agreed
from settlement_world import PERIOD, quick_terms
from test_settlement_extremes_by_hand import CAP, terms_of
from top_up_world import AT_26, AT_72, greenwich, settle_top_up

from settlement.at_stake import Points, agreed_sums, points_of
from settlement.by_month import PartyMonth, advances_of, party_months
from settlement.recorded import Award
from settlement.statement import Given, Statement
from settlement.terms_top_up import Adjuster, PoolPoints
from settlement.top_up import (
    _take_pool_of_points,
    advance_periods,
    bonus_curve,
    pool_curve,
    pool_pounds,
    small_members,
    take_advances,
    take_award,
    take_base,
    take_bonus,
    take_top_up,
)

TERMS = greenwich()
BASE = 9_600_000


def scored(points: int) -> tuple[Statement, Any, Any, Any]:
    """A statement with the base taken, a score of so many points, and three quarters of the weight live."""
    statement = Statement(TERMS.id, PERIOD)
    base = take_base(statement, TERMS, PERIOD)
    given = {"points": Given(Fraction(points), "points", "terms:scoring")}
    score = statement.step("overall_score", "x", "points", given, "points", "terms:scoring")
    live = statement.step("live_weight", "x", "3 / 4", {}, "ratio", "terms:scoring")
    return statement, base, score, live


def test_the_base_by_month() -> None:
    statement, base, _, _ = scored(0)
    assert base.exact == BASE
    assert statement["base_instalment"].exact == 800_000


@pytest.mark.parametrize("points", [-100, 0, 10, 26, 50, 72, 99, 100])
def test_a_top_up_is_pool_by_live_weight_by_share(points: int) -> None:
    statement, base, score, live = scored(points)
    made = take_top_up(statement, TERMS, base, score, live)
    share = pool_curve(TERMS).at(Fraction(points))
    rate = Fraction(TERMS.top_up.pool_pct_of_base or 0) / 100
    assert statement["top_up_pool"].exact == pool_pounds(TERMS, PERIOD) == rate * BASE
    assert statement["top_up_share"].exact == share
    assert made.exact == rate * BASE * Fraction(3, 4) * share


def test_a_share_between_two_scores() -> None:
    """The knots on either side of 10 points, and how far 10 lies between them."""
    knots = sorted((Fraction(knot.score), Fraction(knot.share_pct) / 100) for knot in TERMS.top_up.pool_share)
    (x0, y0), (x1, y1) = next(pair for pair in pairwise(knots) if pair[0][1] < pair[1][1])
    middle = (x0 + x1) / 2
    statement, base, _, live = scored(0)
    given = {"points": Given(middle, "points", "terms:scoring")}
    score = statement.step("middle", "x", "points", given, "points", "terms:scoring")
    take_top_up(statement, TERMS, base, score, live)
    assert statement["top_up_share"].exact == (y0 + y1) / 2
    assert statement["top_up_share"].formula.startswith("lower_share + (overall_score - lower_score)")


def test_a_bonus_begins_and_ends_at_its_scores() -> None:
    bonus = TERMS.top_up.bonus
    assert bonus is not None
    start, full = Fraction(bonus.from_score), Fraction(bonus.full_score)
    curve = bonus_curve(bonus)
    assert [curve.at(x) for x in (start - 1, start, (start + full) / 2, full, full + 1)] == [0, 0, Fraction(1, 2), 1, 1]
    statement, base, _, live = scored(0)
    given = {"points": Given((start + full) / 2, "points", "terms:scoring")}
    score = statement.step("middle", "x", "points", given, "points", "terms:scoring")
    made = take_bonus(statement, bonus, base, score, live)
    assert made.exact == Fraction(bonus.pct_of_base) / 100 * BASE * Fraction(3, 4) / 2


def test_awards_add_up() -> None:
    """£12.34 and £0.66 are £13."""
    statement = Statement(TERMS.id, PERIOD)
    awards = tuple(Award("x", pence, str(number)) for number, pence in enumerate((1_234, 66)))
    assert take_award(statement, awards).exact == 13
    assert statement["award"].formula == "(award_1 + award_2) / 100"


def points_of_pool(**changes: Any) -> PoolPoints:
    plain = {"period": PERIOD, "points": Decimal(100), "value_gbp": Decimal("2.00")}
    return PoolPoints.model_validate({**plain, **changes})


def test_a_pool_of_points() -> None:
    """100 points at £2.00; by 3 over 4 and 5 over 2 a point is worth £3.75; by a third 0.666… rounded to £0.67."""
    assert _take_pool_of_points(Statement("a", PERIOD), points_of_pool()).exact == 200
    by = [
        Adjuster(id="b", own=Decimal(5), average=Decimal(2)),
        Adjuster(id="a", own=Decimal(3), average=Decimal(4)),
    ]
    statement = Statement("a", PERIOD)
    assert _take_pool_of_points(statement, points_of_pool(value_adjusters=by)).exact == 375
    assert statement["point_value"].formula == (
        "round_half_up(value * own_1 / average_1 * own_2 / average_2 * 100) / 100"
    )
    assert statement["point_value"].inputs[1].endswith("value_adjusters.a.own")
    third = [Adjuster(id="c", own=Decimal(1), average=Decimal(3))]
    assert _take_pool_of_points(Statement("a", PERIOD), points_of_pool(value_adjusters=third)).exact == 67
    # an adjuster of the pool is not rounded
    made = _take_pool_of_points(Statement("a", PERIOD), points_of_pool(adjusters=third))
    assert (made.exact, made.formula) == (Fraction(200, 3), "points * point_value * own_1 / average_1")
    assert made.label.endswith(", adjusted")
    assert not _take_pool_of_points(Statement("a", PERIOD), points_of_pool()).label.endswith(", adjusted")


def test_who_may_draw_an_advance_and_when() -> None:
    """Members below the limit of turnover: exactly at it is not below."""
    advances = TERMS.top_up.advances
    assert advances is not None
    turnovers = sorted(member.turnover_gbp for member in TERMS.parties.members)
    for limit in turnovers:
        below = [member.id for member in TERMS.parties.members if member.turnover_gbp < limit]
        assert small_members(TERMS, advances.model_copy(update={"turnover_below_gbp": limit})) == tuple(sorted(below))
    assert advance_periods(TERMS, advances) == (PERIOD,)
    assert advance_periods(TERMS, advances.model_copy(update={"periods": ("2030-31",)})) == ("2030-31",)
    statement, base, score, live = scored(100)
    take_top_up(statement, TERMS, base, score, live)
    take_advances(statement, TERMS)
    drawn = {step.step_id: step.exact for step in statement.steps if step.step_id.startswith("advance.")}
    # half of what each may expect at 80 % of a pool of £480,000
    expected = {"advance.community-link-charity": 13_440, "advance.youth-charity": 9_600}
    assert drawn == expected
    assert advances_of(TERMS, PERIOD) == {name.partition(".")[2]: pounds * 100 for name, pounds in expected.items()}
    elsewhere = TERMS.top_up.model_copy(update={"advances": advances.model_copy(update={"periods": ("2030-31",)})})
    later = TERMS.model_copy(update={"finance": TERMS.finance.model_copy(update={"top_up": elsewhere})})
    assert advances_of(later, PERIOD) == {}
    nothing, *_ = scored(100)
    take_advances(nothing, later)
    assert not any(step.step_id.startswith("advance.") for step in nothing.steps)


def test_what_is_scored_is_what_is_paid() -> None:
    for values in (AT_26, AT_72):
        made = settle_top_up(TERMS, values)
        score = made.step("overall_score").exact
        assert made.step("top_up").exact == pool_pounds(TERMS, PERIOD) * pool_curve(TERMS).at(score)


def test_a_loss_accrues_by_month() -> None:
    """38 % of £300,000 is £114,000 a year: £9,500 a month. A gain without bound has no months."""
    mine = [one for one in party_months(terms_of(CAP), PERIOD) if one.party == "acute-trust"]
    assert mine[0] == PartyMonth("acute-trust", "2024-04", 190_000_000 // 12, -950_000, 0)
    assert mine[6].worst_pence == -6_650_000
    assert mine[11] == PartyMonth("acute-trust", "2025-03", 190_000_000, -11_400_000, 0)
    endless = [one for one in party_months(agreed(["activity"]), PERIOD) if one.party == "acute-trust"]
    assert {one.best_pence for one in endless} == {None}
    assert len(endless) == 12
    nothing = party_months(quick_terms({"finance.loss": None}), PERIOD)
    assert {one.worst_pence for one in nothing} == {0}


# --- what is at stake --------------------------------------------------------------------------------------------


def test_the_sums_that_terms_state() -> None:
    """5 % of £9,600,000 is £480,000 of top-up, 1 % of it £96,000 of bonus; caps of 2 and 3 % of £10,000,000."""
    both = {"finance.gain.cap_pct_of_target": Decimal(2), **CAP}
    for changes, stakes in (
        ({}, []),
        (both, [("gain, at most", 20_000_000), ("loss, at most", 30_000_000)]),
        (CAP, [("loss, at most", 30_000_000)]),
        ({"finance.loss": None, "finance.gain.cap_pct_of_target": Decimal(2)}, [("gain, at most", 20_000_000)]),
    ):
        found = agreed_sums(terms_of(changes), PERIOD)
        assert [(stake.what, stake.pence) for stake in found] == stakes
        assert [stake.reference for stake in found] == [
            f"finance.{what.partition(',')[0]}.cap_pct_of_target" for what, _ in stakes
        ]
    found = agreed_sums(TERMS, PERIOD)
    assert [(stake.what, stake.pence) for stake in found] == [
        ("top-up pool", 48_000_000),
        ("bonus, at most", 9_600_000),
    ]
    double = agreed_sums(greenwich({"finance.top_up.bonus.pct_of_base": Decimal(2)}), PERIOD)
    assert double[1].pence == 19_200_000
    assert agreed_sums(TERMS, "2031-32") == ()
    plain = agreed_sums(greenwich({"finance.top_up.bonus": None}), PERIOD)
    assert [stake.what for stake in plain] == ["top-up pool"]
    others = agreed_sums(agreed(["kra_pool", "rate_card"], cost=False), PERIOD)
    assert [(stake.what, stake.pence) for stake in others] == [
        ("KRA pool", 50_000_000),
        ("Settled-home, at most", 70_000_000),
        ("In-work, at most", 10_000_000),
    ]
    assert agreed_sums(agreed(["kra_pool", "rate_card"], cost=False), "2031-32") == ()


def test_the_points_of_a_kpi() -> None:
    """The only paid KPI gives −100 to 100; of eight parts one or two in Greenwich; what is not paid gives none."""
    terms = quick_terms({})
    (paid,) = terms.paid_kpis
    assert points_of(terms, paid) == Points(Decimal(100), Decimal(-100), Decimal(100))
    assert [points_of(terms, kpi) for kpi in terms.framework.kpis if kpi.role != "paid"] == [None] * (
        len(terms.framework.kpis) - 1
    )
    assert points_of(terms, paid.model_copy(update={"role": "gate"})) is None
    assert points_of(terms, paid.model_copy(update={"weight": None})) is None
    shares = {kpi.id: points_of(TERMS, kpi) for kpi in TERMS.paid_kpis}
    assert shares["G5"] is not None
    assert sum(points.weight_pct for points in shares.values() if points is not None) == 100
    assert shares["G5"].weight_pct == Decimal("12.5")
    assert (shares["G5"].least, shares["G5"].most) == (Decimal("-12.5"), Decimal("12.5"))
