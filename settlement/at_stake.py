"""What a settlement is about, as far as the terms alone say: sums that are agreed, and each KPI's part of the score.

Belongs here: reading it off the terms. Not here: what anybody earned (`pool`, `top_up`). What depends on figures that
are not known yet, such as a saving, is not estimated: where the terms state no sum there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from settlement.exact import exact, render, round_half_up
from settlement.kra_pool import pool_of
from settlement.rate_card import row_cap
from settlement.terms import Terms
from settlement.terms_parts import Kpi
from settlement.top_up import pool_pounds


@dataclass(frozen=True)
class Stake:
    """A sum the terms state for a settlement period. `reference` is its place in the terms."""

    what: str
    pence: int
    reference: str


@dataclass(frozen=True)
class Points:
    """A paid KPI's share of the agreed weight, in percent, and the least and most it can give to the overall score."""

    weight_pct: Decimal
    least: Decimal
    most: Decimal


def _stake(what: str, pounds: Fraction, reference: str) -> Stake:
    return Stake(what, round_half_up(pounds * 100), reference)


def agreed_sums(terms: Terms, period_id: str) -> tuple[Stake, ...]:
    """The sums the terms state for a period: pool and bonus of a top-up, caps of gain and loss on an agreed target,
    the KRA pool, and the most each row of a rate card pays. Activity has no bound."""
    found = []
    top_up, shared = terms.finance.top_up, terms.finance.shared_cost
    if top_up is not None and any(base.period == period_id for base in top_up.base):
        base = terms.base_pounds(period_id)
        name = "pool_points" if top_up.pool_pct_of_base is None else "pool_pct_of_base"
        found.append(_stake("top-up pool", pool_pounds(terms, period_id), f"finance.top_up.{name}"))
        if top_up.bonus is not None:
            bonus = base * exact(top_up.bonus.pct_of_base) / 100
            found.append(_stake("bonus, at most", bonus, "finance.top_up.bonus.pct_of_base"))
    if shared is not None and any(target.period == period_id for target in shared.target_cost):
        cost = terms.target_pounds(terms.target(period_id))
        for side, part in (("gain", shared.gain), ("loss", shared.loss)):
            if part is not None and part.cap_pct_of_target is not None:
                limit = cost * exact(part.cap_pct_of_target) / 100
                found.append(_stake(f"{side}, at most", limit, f"finance.{side}.cap_pct_of_target"))
    own = terms.finance
    if own.kra_pool is not None and period_id in own.periods_by_entry["kra_pool.pools"]:
        found.append(_stake("KRA pool", pool_of(own.kra_pool, period_id), "finance.kra_pool.pools"))
    for row in () if own.rate_card is None else own.rate_card.rows:
        if any(cap.period == period_id for cap in row.caps):
            reference = f"finance.rate_card.rows.{row.id}.caps"
            found.append(_stake(f"{row.name}, at most", row_cap(row, period_id), reference))
    return tuple(found)


def points_of(terms: Terms, kpi: Kpi) -> Points | None:
    """What a KPI can give to the overall score while every paid KPI counts; None for one that is not scored."""
    if kpi.role != "paid" or kpi.weight is None:
        return None
    agreed = sum((exact(item.weight) for item in terms.paid_kpis if item.weight is not None), Fraction(0))
    share = exact(kpi.weight) / agreed
    points = [exact(value) for value in terms.scoring.level_points.values()]
    return Points(render(share * 100), render(share * min(points)), render(share * max(points)))
