"""What an earlier settlement of the period posted and a later one leaves standing.

Belongs here: a line that waits for a recorded cause, an overpayment too small to reclaim.
Not here: differences that are posted (`restate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from foundation.figures import figure_id
from settlement.exact import exact
from settlement.postings import ALLIANCE_LINES, COST_LINES, line_words, lines_of
from settlement.restate import Prior
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms


def posted_before(statement: Statement, line: str, prior: Prior) -> Given:
    """The pence that earlier settlements of the period posted on a line."""
    reference = figure_id("posting", agreement=statement.agreement_id, period=statement.period_id, line=line)
    return Given(Fraction(prior.totals[line]), "pence", reference)


def take_waiting(
    statement: Statement, posted: Mapping[str, Step], waiting: Mapping[str, str], prior: Prior | None
) -> dict[str, Step]:
    """The rounding step of each line, and in place of it what stands where a line waits: what was posted before, or,
    where nothing ever was, the line without what waits (so that no figure holds up what another one comes to)."""
    found = dict(posted)
    for line, why in waiting.items():
        uses: dict[str, Given | Step]
        if prior is None or not prior.moved:
            words = "what else the line comes to is posted"
            uses = {"without_it": posted[line]}
        else:
            words = "what was posted before stands"
            uses = {"posted_before": posted_before(statement, line, prior)}
        found[line] = statement.step(
            f"waiting.{line}",
            f"The {line_words(line)} waits: {why}; {words}",
            "".join(uses),
            uses,
            "pence",
            "terms:gate.causes",
        )
    return found


# Lines that may be overpaid: gain and loss together, each other one by itself.
OTHERS = tuple((line,) for line in ALLIANCE_LINES if line not in COST_LINES)


def take_small_overpayments(
    statement: Statement,
    terms: Terms,
    posted: Mapping[str, Step],
    prior: Prior | None,
    groups: Sequence[tuple[str, ...]] = OTHERS,
) -> dict[str, Step]:
    """The rounding step of each line, and in place of it what was posted where less than the minimum was overpaid.

    Gain and loss are one line here: what turns from the one into the other is overpaid by both.
    """
    found = dict(posted)
    least = terms.finance.reclaim_from_gbp
    if least is None or prior is None or not prior.moved:
        return found  # where nothing ever moved, nothing was overpaid: a loss that waited is owed in full
    agreed = lines_of(terms)
    for group in groups:
        lines = [line for line in group if line in agreed]
        new = {line: posted[line] for line in lines if line in posted}
        before = {f"{line}_before": posted_before(statement, line, prior) for line in lines}
        overpaid = sum(one.exact for one in before.values()) - sum(step.exact for step in new.values())
        if not 0 < overpaid < exact(least) * 100:
            continue
        uses: dict[str, Given | Step] = {**before, **new}
        statement.step(
            f"overpaid.{group[0]}",
            f"Overpaid before, and less than the agreed minimum: {' and '.join(map(line_words, lines))}",
            " + ".join(before) + "".join(f" - {line}" for line in new),
            uses,
            "pence",
            "terms:finance.reclaim_from_gbp",
        )
        for line in lines:
            found[line] = statement.step(
                f"kept.{line}",
                f"Not reclaimed: the {line_words(line)} stands as it was posted",
                "posted_before",
                {"posted_before": before[f"{line}_before"]},
                "pence",
                "terms:finance.reclaim_from_gbp",
            )
    return found
