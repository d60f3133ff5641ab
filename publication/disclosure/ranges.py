"""What a reader can conclude about one hidden count from a sum and the other counts of it.

Belongs here: ranges of counts, and the test that a hidden one keeps its whole range. Not here: which table is tried.

A sum of counts is known within a range; each count is known within a range. Then a single count lies between the
lowest sum less the others' highest, and the highest sum less the others' lowest. That is all a reader can conclude
from one sum of whole numbers, so the test is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from publication.disclosure.rules import Rules

UNBOUNDED = math.inf


@dataclass(frozen=True)
class Range:
    """Lowest and highest value a count may have; `high` may be unbounded."""

    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)


def total(ranges: Sequence[Range]) -> Range:
    """Range of a sum whose parts are known within ranges."""
    return Range(sum(item.low for item in ranges), sum(item.high for item in ranges))


def of_shown(shown: int, rules: Rules) -> Range:
    """The counts that are shown as this one: 0 is 0, 10 is 8 to 12."""
    if shown == 0:
        return Range(0, 0)
    least, most = shown - rules.nearest // 2, shown + (rules.nearest - 1) // 2
    return Range(max(rules.largest_hidden + 1, least), most)


def of_hidden(exact: int, rules: Rules) -> Range:
    """What the most knowing reader could know of a hidden count: whether it was hidden for being small."""
    if exact <= rules.largest_hidden:
        return Range(0, rules.largest_hidden)
    return Range(rules.largest_hidden + 1, UNBOUNDED)


def of_rest(numerator: int, denominator: int, rules: Rules) -> Range:
    """Range of those who were not counted, from numerator and denominator as shown."""
    if numerator == denominator:
        return Range(0, 0)  # 1 to 7 would have been hidden, and rounding hides no more than 4
    reach = 2 * (rules.nearest // 2)
    return Range(max(rules.largest_hidden + 1, denominator - numerator - reach), denominator - numerator + reach)


def keeps_its_range(index: int, ranges: Sequence[Range], whole: Range, rules: Rules) -> bool:
    """Whether the count at `index`, known to be one part of `whole`, could still be anything from 1 to 7."""
    others = total([item for place, item in enumerate(ranges) if place != index])
    return whole.low - others.high <= 1 and whole.high - others.low >= rules.largest_hidden
