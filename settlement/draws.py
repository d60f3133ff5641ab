"""What chance alone would have drawn: counts and deviates that come out the same on every machine.

Belongs here: named streams of whole numbers, binomial and Poisson counts, a normal deviate. Not here: which figure
scatters how (`noise`), or what is made of it (`stress`).

Whole numbers alone: no binary fraction, whose last digit depends on the machine's mathematics library. A draw is found
by its names (seed, draw, figure), so another KPI in the terms does not change what the others draw, and two drafts of
terms are tried on the same luck.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

_BITS = 1024
# A deviate is the count of ones among these bits, spread evenly over each whole number: variance bits / 4 + 1 / 12.
_DEVIATION = Fraction(16_002_604, 1_000_000)
# Weight of the likeliest count. What is 2^-192 times less likely than it is never drawn.
_LIKELIEST = 1 << 192


def uniform(*names: object) -> Fraction:
    """A number at least 0 and below 1, found by its names."""
    return Fraction(int.from_bytes(_bytes(names, 32)), 1 << 256)


def deviate(*names: object) -> Fraction:
    """A draw from a normal distribution with mean 0 and standard deviation 1, within 1 % of it up to 4 deviations."""
    raw = _bytes(names, _BITS // 8 + 8)
    ones = int.from_bytes(raw[8:]).bit_count()
    # in parts of 2^-64: how many more ones than half the bits, and where within half a one of that
    parts = ((ones - _BITS // 2) << 64) + int.from_bytes(raw[:8]) - (1 << 63)
    return Fraction(parts * _DEVIATION.denominator, _DEVIATION.numerator << 64)


def _bytes(names: tuple[object, ...], length: int) -> bytes:
    return hashlib.shake_256("\0".join(str(name) for name in names).encode()).digest(length)


@dataclass(frozen=True)
class Counts:
    """A distribution of whole numbers from `first` on, as running sums of whole weights."""

    first: int
    sums: tuple[int, ...]

    def at(self, place: Fraction) -> int:
        """The count at a place from 0 to below 1 in the order of counts."""
        return self.first + bisect_right(self.sums, int(place * self.sums[-1]))


def binomial(cases: int, share: Fraction) -> Counts:
    """How many of so many cases have the outcome when each has it with the chance `share`."""
    if cases < 1 or not 0 <= share <= 1:
        raise ValueError(f"no binomial of {cases} cases and the share {share}")
    if share in (0, 1):
        return Counts(cases * int(share), (1,))
    odds = share / (1 - share)
    return _around(min(cases, int((cases + 1) * share)), cases, lambda k: Fraction(cases - k, k + 1) * odds)


def poisson(mean: Fraction) -> Counts:
    """How many events there are when `mean` are expected."""
    if mean <= 0:
        raise ValueError("a mean of events is more than 0")
    return _around(int(mean), None, lambda k: mean / (k + 1))


def _around(mode: int, most: int | None, ratio: Callable[[int], Fraction]) -> Counts:
    """Weights from the likeliest count outwards. ratio(k): of the weight of k + 1 to that of k."""
    above, below = [_LIKELIEST], []
    count, weight = mode, _LIKELIEST
    while weight and (most is None or count < most):
        weight = int(weight * ratio(count))
        above.append(weight)
        count += 1
    count, weight = mode, _LIKELIEST
    while weight and count > 0:
        count -= 1
        weight = int(weight / ratio(count))
        below.append(weight)
    return Counts(mode - len(below), tuple(accumulate([*reversed(below), *above])))
