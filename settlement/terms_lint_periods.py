"""The rule that every entry agreed by period names settlement periods of the agreement, each once.

Belongs here: that one rule, which every regime shares. Not here: what is agreed for a period.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from foundation.errors import WrongUsage
from settlement.periods import period_of_kind
from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms


def period_problems(terms: Terms, labels: Sequence[str], path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Each label is one settlement period within the agreement's dates."""
    identity = terms.agreement
    yield from named_twice(labels, path, "period", "period")
    for index, label in enumerate(labels):
        where = (*path, index, "period")
        try:
            period = period_of_kind(label, identity.settle_by)
        except WrongUsage:
            yield Problem(where, f"`{label}` is no {identity.settle_by}.", f"write a {identity.settle_by}.")
            continue
        late = identity.effective_to is not None and period.end > identity.effective_to
        if period.start < identity.effective_from or late:
            yield Problem(where, f"{label} lies outside the agreement's dates.", "remove it, or mend the dates.")
