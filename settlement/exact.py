"""Exact numbers: fractions inside the engine, plain digits on paper, whole pence when posted.

Belongs here: turning what terms and tables hold into exact fractions, and fractions into digits and pence.
Not here: what a number means.

Inside the engine nothing is rounded: every step keeps a `Fraction`. Only a posting is rounded, once.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

# Digits a step shows when its value has no finite decimal form.
SHOWN_DIGITS = 28
# For display only. Wide enough for any sum of money; half even, so that showing a figure never drifts one way.
_SHOW = Context(prec=SHOWN_DIGITS, rounding=ROUND_HALF_EVEN)
_WIDE = Context(prec=50, rounding=ROUND_HALF_EVEN)


def exact(value: object) -> Fraction:
    """The exact fraction of an int or Decimal. TypeError for a float: its digits depend on who wrote it."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise TypeError(f"{type(value).__name__} is not an exact number: use int or Decimal")
    if isinstance(value, Decimal) and not value.is_finite():
        raise TypeError("a figure must be a finite number")
    return Fraction(value)


def _places(denominator: int) -> int | None:
    """Decimal places of a fraction in lowest terms with this denominator; None if it never ends."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def render(value: Fraction, least_places: int = 0) -> Decimal:
    """Decimal digits of a fraction: all of them if there are at most 28, else the first 28, half even."""
    places = _places(value.denominator)
    if places is not None:
        scaled = abs(value.numerator) * 10**places // value.denominator
        if len(str(scaled)) <= SHOWN_DIGITS:
            shown = max(places, least_places)
            digits = tuple(int(digit) for digit in str(scaled * 10 ** (shown - places)))
            return Decimal((1 if value < 0 else 0, digits, -shown))
    # Conversion of the whole numbers is exact; the one rounding is the division.
    return _SHOW.divide(Decimal(value.numerator), Decimal(value.denominator))


def trim(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without exponent (`38.00` → `38`, `1E+2` → `100`)."""
    return render(exact(value))


def round_half_up(value: Fraction) -> int:
    """The nearest whole number, a half away from zero, so that a gain and a loss of x round alike."""
    twice = 2 * abs(value.numerator) + value.denominator
    magnitude = twice // (2 * value.denominator)
    return -magnitude if value < 0 else magnitude


def has_places(value: Decimal, places: int) -> bool:
    """Whether the number can be written with at most so many decimal places."""
    found = _places(exact(value).denominator)
    return found is not None and found <= places


def add(values: list[Decimal]) -> Decimal:
    """Sum of terms' decimals (percentages, weights) in the wide context."""
    total = Decimal(0)
    for value in values:
        total = _WIDE.add(total, value)
    return total
