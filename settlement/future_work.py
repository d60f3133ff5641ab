"""The share of future work that a score earns, reported beside the lines.

Belongs here: its step. Not here: giving work to anybody.
"""

from __future__ import annotations

from settlement.curves import Curve
from settlement.exact import exact
from settlement.pool import take_on_line
from settlement.score import Score
from settlement.statement import Statement
from settlement.terms_cost_parts import FutureWork


def take_future_work(statement: Statement, agreed: FutureWork, score: Score) -> None:
    """A ratio on straight lines between knots, clamped. No money depends on it."""
    take_on_line(
        statement,
        "future_work_share",
        f"Share of future work by the overall score (reported; nothing follows from it by itself): {agreed.meaning}",
        Curve.through((exact(knot.score), exact(knot.share_pct) / 100) for knot in agreed.share),
        score.overall,
        ("overall_score", "score", "share"),
        "terms:finance.future_work",
    )
