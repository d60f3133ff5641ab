"""From the score to a part of the KRA pool: a sum of its own, paid or owed by the overall score alone.

Belongs here: the arithmetic, each line a step. Not here: scores (`score`), rounding and stopping a line (`lines`).
"""

from __future__ import annotations

from fractions import Fraction

from settlement.curves import Curve
from settlement.exact import exact
from settlement.gate_record import GateRecord
from settlement.pool import take_borne_part, take_on_line
from settlement.score import Score
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.terms_kra_pool import KraPool

PATH = "terms:finance.kra_pool"


def share_curve(agreed: KraPool) -> Curve:
    """Overall score → share of the pool (a ratio; below 0 the alliance owes)."""
    return Curve.through((exact(knot.score), exact(knot.share_pct) / 100) for knot in agreed.pool_share)


def pool_of(agreed: KraPool, period_id: str) -> Fraction:
    """The pool of a period in pounds. The rules of the terms see to one for every period."""
    return {pool.period: exact(pool.pool_gbp) for pool in agreed.pools}[period_id]


def _take_weight_at_risk(statement: Statement, terms: Terms, gate: GateRecord) -> Step:
    """The share of the weight that is not neutral: a figure that is withheld may not make what is owed smaller."""
    weights = {kpi.id: exact(kpi.weight or 0) for kpi in terms.paid_kpis}
    kept = sum((weight for kpi, weight in weights.items() if gate.decide(kpi).action != "neutral"), Fraction(0))
    return statement.step(
        "weight_at_risk",
        "Share of the agreed weight that is at risk: a withheld figure keeps its weight",
        "kept / agreed",
        {
            "kept": Given(kept, "ratio", "terms:framework.kpis"),
            "agreed": Given(sum(weights.values(), Fraction(0)), "ratio", "terms:framework.kpis"),
        },
        "ratio",
        PATH,
    )


def take_kra_pool(statement: Statement, terms: Terms, agreed: KraPool, gate: GateRecord, score: Score) -> Step:
    """Pool × live share of the weight × share by score, in pounds; negative where the alliance owes.

    What a neutral KPI would have earned goes to nobody, and what it would have owed is owed by nobody.
    """
    path = f"{PATH}.pools.{gate.period_id}.pool_gbp"
    pool = statement.step(
        "agreed_kra_pool",
        "KRA pool of the period",
        "agreed_pool",
        {"agreed_pool": Given(pool_of(agreed, gate.period_id), "GBP", path)},
        "GBP",
        path,
    )
    share = take_on_line(
        statement,
        "kra_pool_share",
        "Share of the KRA pool by the overall score (below 0, the alliance owes)",
        share_curve(agreed),
        score.overall,
        ("overall_score", "score", "share"),
        f"{PATH}.pool_share",
    )
    weight = score.live_weight
    if share.exact < 0:
        weight = _take_weight_at_risk(statement, terms, gate)
    amount = statement.step(
        "kra_pool",
        "The alliance's part of the KRA pool; the part of a KPI that does not count goes to nobody",
        "agreed_kra_pool * weight * kra_pool_share",
        {"agreed_kra_pool": pool, "weight": weight, "kra_pool_share": share},
        "GBP",
        f"{PATH}.pool_share",
    )
    return take_borne_part(statement, terms, amount, "kra_pool") if amount.exact < 0 else amount
