"""What chance alone does to a figure: how often an unchanged place would print at or beyond a value.

Belongs here: exact tails of counts, the normal for figures that only have an interval. Not here: which figure and which
levels are asked about (`measurability`).

Everything is Decimal with fifty digits and ends in the same digits on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal

DIGITS = 50
# Terms below this share of the largest are no longer added: far below anything that is printed.
_NEGLIGIBLE = Decimal("1e-30")
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")

Side = Literal["at_least", "at_most"]


def binomial_tail(number: int, share: Fraction, bound: Fraction, side: Side) -> Decimal:
    """Chance that of `number` cases, each with the chance `share`, at least (or at most) `bound` have the outcome."""
    if not 0 <= share <= 1 or number < 1:
        raise ValueError(f"no binomial of {number} cases and the share {share}")
    if share in (0, 1):
        only = number if share else 0
        return Decimal(int(only >= bound if side == "at_least" else only <= bound))
    odds = share / (1 - share)
    mode = min(number, int((number + 1) * share))
    return _tail(mode, number, lambda k: Fraction(number - k, k + 1) * odds, bound, side)


def poisson_tail(mean: Fraction, bound: Fraction, side: Side) -> Decimal:
    """Chance that a count whose mean is `mean` is at least (or at most) `bound`."""
    if mean < 0:
        raise ValueError("a mean of events is not negative")
    if mean == 0:
        return Decimal(int(bound <= 0 if side == "at_least" else bound >= 0))
    return _tail(int(mean), None, lambda k: mean / (k + 1), bound, side)


def _tail(mode: int, most: int | None, ratio: Callable[[int], Fraction], bound: Fraction, side: Side) -> Decimal:
    """Weights run out from the mode, where they are largest: ratio(k) is that of k + 1 to k."""
    total = found = Decimal(0)
    with localcontext() as context:
        context.prec = DIGITS
        for step in (1, -1):
            k, weight = mode, Decimal(1)
            while weight > _NEGLIGIBLE:
                if step == 1 or k != mode:
                    total += weight
                    found += weight if (k >= bound if side == "at_least" else k <= bound) else 0
                if k + step < 0 or (most is not None and k + step > most):
                    break
                share = ratio(k if step == 1 else k - 1)
                change = Decimal(share.numerator) / share.denominator
                weight = weight * change if step == 1 else weight / change
                k += step
        return found / total


def normal_tail(mean: Fraction, deviation: Fraction, bound: Fraction, side: Side) -> Decimal:
    """The same for a figure that scatters normally around `mean`."""
    if deviation <= 0:
        return Decimal(int(mean >= bound if side == "at_least" else mean <= bound))
    distance = (bound - mean) / deviation
    below = _normal(distance)
    return 1 - below if side == "at_least" else below


def _normal(distance: Fraction) -> Decimal:
    """Standard normal distribution function, by its power series. Source: Abramowitz and Stegun 26.2.10."""
    if abs(distance) > 10:
        return Decimal(int(distance > 0))
    with localcontext() as context:
        context.prec = DIGITS + 30
        z = Decimal(distance.numerator) / distance.denominator
        term, total, n = z, Decimal(0), 0
        while abs(term) > Decimal("1e-60"):
            total += term / (2 * n + 1)
            n += 1
            term = -term * z * z / (2 * n)
        return Decimal("0.5") + total / (2 * _PI).sqrt()
