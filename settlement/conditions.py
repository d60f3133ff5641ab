"""Must-pass conditions that no indicator measures: met where the decision log says so, and not met until it does.

Belongs here: the step of each condition, and the score that knows of it. Not here: proving the record (`recorded`),
what a condition bars (`lines`).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from settlement.recorded import PeriodRecords
from settlement.score import Score
from settlement.statement import Given, Statement
from settlement.terms import Terms


def take_conditions(statement: Statement, terms: Terms, score: Score, recorded: PeriodRecords) -> Score:
    """The score with the conditions that are not met among the failed ones; a step a condition."""
    judged = {one.condition: one for one in recorded.conditions}
    failed = list(score.failed_conditions)
    for condition in sorted(terms.conditions or (), key=lambda one: one.id):
        found, path = judged.get(condition.id), f"terms:conditions.{condition.id}"
        label = f"Must-pass condition {condition.id} ({condition.meaning}) 1 met, 0 not"
        if found is None:
            statement.step(f"must_pass.{condition.id}", f"{label}: nobody has recorded it", "0", {}, "ratio", path)
        else:
            met = Given(Fraction(int(found.is_met)), "ratio", f"decision:{found.record_hash}")
            label = f"{label}: recorded on {found.evidence}"
            statement.step(f"must_pass.{condition.id}", label, "recorded", {"recorded": met}, "ratio", path)
        if found is None or not found.is_met:
            failed.append(condition.id)
    return replace(score, conditions_met=not failed, failed_conditions=tuple(failed))
