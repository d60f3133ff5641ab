"""Who contributes what to an indicator: the truth before it is added up, for looking at one person at a time.

Belongs here: the shape, and finding one person in it. Not here: adding up (`places.greenwich.tally`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import as_date
from places.greenwich.tally import counted
from places.greenwich.world import World


@dataclass(frozen=True)
class Contribution:
    """Events or people of one indicator. `when`: event days, or the one period's label for all of them."""

    indicator_id: str
    when: NDArray[Any] | str
    person: NDArray[Any]
    numerator: NDArray[Any]


Contributions = Sequence[Contribution]


def proportion(indicator_id: str, day: NDArray[Any], person: NDArray[Any], numerator: NDArray[Any]) -> Contribution:
    """Each event is one in the denominator."""
    return Contribution(indicator_id, day, person, numerator)


def events(indicator_id: str, day: NDArray[Any], person: NDArray[Any]) -> Contribution:
    """Each event is one in the numerator of a rate."""
    return Contribution(indicator_id, day, person, np.ones(len(day), dtype=np.int64))


def of_periods(
    indicator_id: str, rows: Mapping[tuple[str, str], tuple[NDArray[Any], NDArray[Any]]]
) -> list[Contribution]:
    """People counted once a period."""
    return [Contribution(indicator_id, label, person, numerator) for (_, label), (person, numerator) in rows.items()]


def of_person(world: World, all_of_them: Contributions, person: int) -> dict[tuple[str, str], tuple[int, int]]:
    """What one person contributes: (indicator, event date or period) to numerator and denominator."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for item in all_of_them:
        rows = item.person == person
        if not rows.any():
            continue
        if isinstance(item.when, str):
            labels = [item.when] * int(rows.sum())
        else:
            rows &= counted(world, item.indicator_id, item.when, item.person)[0]
            labels = [as_date(day).isoformat() for day in item.when[rows]]
        for label, numerator in zip(labels, item.numerator[rows].tolist(), strict=True):
            above, below = found.get((item.indicator_id, label), (0, 0))
            found[item.indicator_id, label] = (above + int(numerator), below + 1)
    return found
