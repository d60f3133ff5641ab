"""From the score to an outcome top-up: base, pool, share of the pool, bonus, award, advances.

Belongs here: the arithmetic of the regime, each line a step. The base is a step and never a posting of gain: nothing
in this module can lower it.
Not here: the innovation pot (`innovation_pot`), scores (`score`), shared cost (`pool`), rounding and stopping a line
(`lines`), members' parts (`postings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from foundation.period import month_of, months_between
from settlement.curves import Curve
from settlement.exact import exact
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.terms_top_up import Adjuster, Bonus, PoolPoints, TopUpAdvances

if TYPE_CHECKING:
    from settlement.recorded import Award

PATH = "finance.top_up"


def _pounds(value: Decimal | Fraction, path: str) -> Given:
    return Given(exact(value), "GBP", f"terms:{PATH}.{path}")


def _ratio(percent: Decimal, path: str) -> Given:
    return Given(exact(percent) / 100, "ratio", f"terms:{PATH}.{path}")


def _line_between(
    statement: Statement, step_id: str, label: str, curve: Curve, score: Step, names: str, path: str
) -> Step:
    """A ratio on a straight line between two scores, clamped: the step shows the two ends it lies between."""
    reference = f"terms:{PATH}.{path}"
    part = curve.segment(score.exact)
    if part.is_flat:
        reached = f"{names}_reached"
        return statement.step(
            step_id, label, reached, {reached: Given(part.y0, "ratio", reference)}, "ratio", reference
        )
    uses: Mapping[str, Given | Step] = {
        f"lower_{names}": Given(part.y0, "ratio", reference),
        f"upper_{names}": Given(part.y1, "ratio", reference),
        "lower_score": Given(part.x0, "points", reference),
        "upper_score": Given(part.x1, "points", reference),
        "overall_score": score,
    }
    formula = (
        f"lower_{names} + (overall_score - lower_score) / (upper_score - lower_score) * (upper_{names} - lower_{names})"
    )
    return statement.step(step_id, label, formula, uses, "ratio", reference)


def pool_curve(terms: Terms) -> Curve:
    """Overall score → share of the pool (a ratio)."""
    return Curve.through((exact(knot.score), exact(knot.share_pct) / 100) for knot in terms.top_up.pool_share)


def bonus_curve(bonus: Bonus) -> Curve:
    """Overall score → share of the bonus (a ratio)."""
    return Curve.through(((exact(bonus.from_score), Fraction(0)), (exact(bonus.full_score), Fraction(1))))


def take_base(statement: Statement, terms: Terms, period_id: str) -> Step:
    """The base of the period and its monthly instalment, whatever the score."""
    period = terms.period(period_id)
    months = len(months_between(month_of(period.start), month_of(period.end)))
    path = f"base.{period_id}"
    base = statement.step(
        "base",
        "Base of the period, paid whatever the score: no part of any gain",
        "agreed_base",
        {"agreed_base": _pounds(terms.base_pounds(period_id), path)},
        "GBP",
        f"terms:{PATH}.{path}",
    )
    statement.step(
        "base_instalment",
        "Base paid each month, whatever the score",
        "base / months",
        {"base": base, "months": Given(Fraction(months), "ratio", "terms:agreement.settle_by")},
        "GBP",
        f"terms:{PATH}.{path}",
    )
    return base


def _adjusted(adjusters: tuple[Adjuster, ...] | None, path: str) -> tuple[dict[str, Given], str]:
    """Own over average of each adjuster, by id: what a formula uses, and its end."""
    uses, end = {}, ""
    for number, adjuster in enumerate(sorted(adjusters or (), key=lambda one: one.id), start=1):
        where = f"terms:{PATH}.{path}.{adjuster.id}"
        uses[f"own_{number}"] = Given(exact(adjuster.own), "ratio", f"{where}.own")
        uses[f"average_{number}"] = Given(exact(adjuster.average), "ratio", f"{where}.average")
        end += f" * own_{number} / average_{number}"
    return uses, end


def _take_pool_of_points(statement: Statement, agreed: PoolPoints) -> Step:
    """Points × the value of one × adjusters. The value is rounded to a penny before it is multiplied, as agreed."""
    path = f"pool_points.{agreed.period}"
    value: Given | Step = _pounds(agreed.value_gbp, f"{path}.value_gbp")
    if agreed.value_adjusters:
        by_value, end = _adjusted(agreed.value_adjusters, f"{path}.value_adjusters")
        value = statement.step(
            "point_value",
            "Value of a point, adjusted and rounded to a penny",
            f"round_half_up(value{end} * 100) / 100",
            {"value": value, **by_value},
            "GBP",
            f"terms:{PATH}.{path}.value_adjusters",
        )
    by_pool, end = _adjusted(agreed.adjusters, f"{path}.adjusters")
    points = Given(exact(agreed.points), "points", f"terms:{PATH}.{path}.points")
    adjusted = ", adjusted" if by_pool else ""
    return statement.step(
        "top_up_pool",
        f"Top-up pool of the period: all points at the value of one{adjusted}",
        f"points * point_value{end}",
        {"points": points, "point_value": value, **by_pool},
        "GBP",
        f"terms:{PATH}.{path}",
    )


def pool_pounds(terms: Terms, period_id: str) -> Fraction:
    """The top-up pool of a period, in pounds: what `take_top_up` shares."""
    if terms.top_up.pool_pct_of_base is not None:
        return exact(terms.top_up.pool_pct_of_base) / 100 * terms.base_pounds(period_id)
    return _take_pool_of_points(Statement(terms.id, period_id), terms.pool_points(period_id)).exact


def take_top_up(statement: Statement, terms: Terms, base: Step, score: Step, live_weight: Step) -> Step:
    """Pool × live share of the weight × share of the pool the score earns. A neutral KPI's part goes to nobody."""
    if terms.top_up.pool_pct_of_base is None:
        pool = _take_pool_of_points(statement, terms.pool_points(statement.period_id))
    else:
        pool = statement.step(
            "top_up_pool",
            "Top-up pool of the period",
            "pool_rate * base",
            {"pool_rate": _ratio(terms.top_up.pool_pct_of_base, "pool_pct_of_base"), "base": base},
            "GBP",
            f"terms:{PATH}.pool_pct_of_base",
        )
    share = _line_between(
        statement,
        "top_up_share",
        "Share of the pool that the overall score earns",
        pool_curve(terms),
        score,
        "share",
        "pool_share",
    )
    return statement.step(
        "top_up",
        "Top-up of the alliance; what a KPI that does not count would have earned goes to nobody",
        "top_up_pool * live_weight * top_up_share",
        {"top_up_pool": pool, "live_weight": live_weight, "top_up_share": share},
        "GBP",
        f"terms:{PATH}.pool_share",
    )


def take_bonus(statement: Statement, bonus: Bonus, base: Step, score: Step, live_weight: Step) -> Step:
    """Bonus above the pool, on a straight line between two scores; the live share of the weight counts here too."""
    share = _line_between(
        statement,
        "bonus_share",
        "Share of the bonus that the overall score earns",
        bonus_curve(bonus),
        score,
        "share",
        "bonus",
    )
    return statement.step(
        "bonus",
        "Bonus of the alliance for exceptional performance",
        "bonus_rate * base * live_weight * bonus_share",
        {
            "bonus_rate": _ratio(bonus.pct_of_base, "bonus.pct_of_base"),
            "base": base,
            "live_weight": live_weight,
            "bonus_share": share,
        },
        "GBP",
        f"terms:{PATH}.bonus",
    )


def take_award(statement: Statement, awards: tuple[Award, ...]) -> Step:
    """What every party voted to award for outcomes nobody planned."""
    uses: dict[str, Given | Step] = {
        f"award_{number}": Given(Fraction(award.amount_pence), "pence", f"decision:{award.record_hash}")
        for number, award in enumerate(awards, start=1)
    }
    return statement.step(
        "award",
        "Award for unplanned outcomes, by the votes of all parties",
        f"({' + '.join(uses)}) / 100",
        uses,
        "GBP",
        f"terms:{PATH}.unplanned_award",
    )


def small_members(terms: Terms, advances: TopUpAdvances) -> tuple[str, ...]:
    """Members whose turnover lies below the agreed limit, by id: they may draw an advance."""
    limit = advances.turnover_below_gbp
    return tuple(sorted(member.id for member in terms.parties.members if member.turnover_gbp < limit))


def advance_periods(terms: Terms, advances: TopUpAdvances) -> tuple[str, ...]:
    """The settlement periods in whose first month an advance is paid: those agreed, or the first of these terms."""
    return (terms.first_period_id,) if advances.periods is None else advances.periods


def take_advances(statement: Statement, terms: Terms) -> None:
    """What each small member may draw in the first month: a part of the top-up it may expect. Once for each agreed."""
    advances = terms.top_up.advances
    if advances is None or statement.period_id not in advance_periods(terms, advances):
        return
    path = "advances"
    expected = Given(pool_curve(terms).at(exact(advances.expected_score)), "ratio", f"terms:{PATH}.pool_share")
    for member in small_members(terms, advances):
        statement.step(
            f"advance.{member}",
            f"Advance that {member} may draw in the first month, taken back out of later top-up only",
            "advance_rate * member_share * expected_share * top_up_pool",
            {
                "advance_rate": _ratio(advances.pct_of_expected, f"{path}.pct_of_expected"),
                "member_share": Given(terms.shares[member] / 100, "ratio", f"terms:parties.members.{member}.share_pct"),
                "expected_share": expected,
                "top_up_pool": statement["top_up_pool"],
            },
            "GBP",
            f"terms:{PATH}.{path}",
        )
