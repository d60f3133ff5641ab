"""What an earlier settlement of the period posted and a later one leaves standing.

Belongs here: a line that waits for a recorded cause. Not here: differences that are posted (`restate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from foundation.figures import figure_id
from settlement.postings import line_words
from settlement.restate import Prior
from settlement.statement import Given, Statement, Step


def posted_before(statement: Statement, line: str, prior: Prior) -> Given:
    """The pence that earlier settlements of the period posted on a line."""
    reference = figure_id("posting", agreement=statement.agreement_id, period=statement.period_id, line=line)
    return Given(Fraction(prior.totals[line]), "pence", reference)


def take_waiting(
    statement: Statement, posted: Mapping[str, Step], waiting: Mapping[str, str], prior: Prior | None
) -> dict[str, Step]:
    """The rounding step of each line, and in place of it what stands where a line waits: 0, or what was posted."""
    found = dict(posted)
    for line, why in waiting.items():
        uses = {} if prior is None else {"posted_before": posted_before(statement, line, prior)}
        found[line] = statement.step(
            f"waiting.{line}",
            f"The {line_words(line)} waits: {why}; what was posted before stands",
            "".join(uses) or "0",
            uses,
            "pence",
            "terms:gate.causes",
        )
    return found
