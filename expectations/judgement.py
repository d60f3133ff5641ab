"""What a check of the gate found, and how that becomes a verdict.

Belongs here: the judgement, its binding to a cut, how problems are listed. Not here: any check.

A check that raises gets the status `error`: a fault of the system, reported as one and never as bad data.
Nothing observed holds a value of a person; counts, ids of submissions and figures only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from expectations.verdicts import Context, Verdict
from foundation.errors import OutturnError

DATA_ENGINEER = "data engineer"
_SHOWN = 20


@dataclass(frozen=True)
class Judgement:
    """What a check found, before it is bound to a cut. `observed` holds counts, ids and texts."""

    passed: bool
    reason: str
    mend: str = ""
    observed: Mapping[str, Any] = field(default_factory=dict)
    responsible: str = ""


def run_check(
    context: Context,
    check_id: str,
    kind: Literal["integrity", "fitness"],
    scope: str,
    check: Callable[[], Judgement],
    responsible: str = DATA_ENGINEER,
) -> Verdict:
    """Verdict of a check. What it raises becomes the status `error` with the kind of error, never its text:
    the text of a foreign error may quote data."""
    try:
        found = check()
        status: Literal["passed", "failed", "error"] = "passed" if found.passed else "failed"
    except Exception as error:
        told = error.message if isinstance(error, OutturnError) else f"It raised {type(error).__name__}."
        found = Judgement(
            False,
            f"The check itself failed and says nothing about the data. {told}",
            "mend the cause (see the run's log) and run the checks again.",
            {"error": type(error).__name__},
            DATA_ENGINEER,
        )
        status = "error"
    return Verdict(
        check_id=check_id,
        kind=kind,
        scope=scope,
        status=status,
        data_cut_id=context.data_cut_id,
        definitions_hash=context.definitions_hash,
        code_version=context.code_version,
        required_hash=context.required_hash,
        observed=found.observed,
        reason=found.reason,
        mend=found.mend,
        responsible=found.responsible or responsible,
    )


def listed(problems: Sequence[str]) -> list[str]:
    """The first problems, and how many more."""
    more = len(problems) - _SHOWN
    return [*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def verdict_on(
    problems: Sequence[str], good: str, bad: str, mend: str, observed: Mapping[str, Any], responsible: str = ""
) -> Judgement:
    if problems:
        return Judgement(False, bad, mend, {**observed, "problems": listed(problems)}, responsible)
    return Judgement(True, good, "", {**observed, "problems": []}, responsible)
