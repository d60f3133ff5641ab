"""Write student_t_975.csv and student_t_999.csv: quantiles of Student's t for 1 to 1,000 degrees of freedom.

Belongs here: the generator of a constant table, so that its origin can be checked. Not here: any other quantile.
The 97.5 % quantile makes an interval of 95 %, the 99.9 % quantile one of 99.8 %.
The distribution function for whole degrees of freedom is a finite sum (Abramowitz and Stegun 26.7.3 and 26.7.4); the
quantile is bracketed and bisected with 24-digit decimals, so every printed digit is right.

Run:  python dbt_project/seeds/generate_student_t.py
"""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext
from pathlib import Path

LAST = 1000
DIGITS = Decimal("1e-12")
# seed -> probability between -t and t
PROBABILITIES = {"student_t_975": Decimal("0.95"), "student_t_999": Decimal("0.998")}
PROBABILITY = PROBABILITIES["student_t_975"]


def _arctangent(value: Decimal) -> Decimal:
    """Arctangent of a positive number: halve the angle three times, then the power series."""
    halvings = 0
    while value > Decimal("0.1"):
        value = value / (1 + (1 + value * value).sqrt())
        halvings += 1
    square, term, total, odd = value * value, value, value, 1
    while abs(term) > Decimal(10) ** -(getcontext().prec + 2):
        odd += 2
        term = -term * square
        total += term / odd
    return total * Decimal(2**halvings)


def _between(value: Decimal, degrees: int, pi: Decimal) -> Decimal:
    """Probability that a t variable with whole degrees of freedom lies between -value and value."""
    cosine_squared = 1 / (1 + value * value / degrees)
    cosine = cosine_squared.sqrt()
    sine = value / Decimal(degrees).sqrt() * cosine
    if degrees % 2 == 0:
        term = total = Decimal(1)
        for index in range(2, degrees - 1, 2):
            term = term * cosine_squared * (index - 1) / index
            total += term
        return sine * total
    angle = _arctangent(value / Decimal(degrees).sqrt())
    if degrees == 1:
        return 2 * angle / pi
    term = total = cosine
    for index in range(3, degrees - 1, 2):
        term = term * cosine_squared * (index - 1) / index
        total += term
    return 2 * (angle + sine * total) / pi


def quantile(degrees: int, probability: Decimal = PROBABILITY) -> Decimal:
    """The value t for which a variable lies between -t and t with that probability, to twelve decimals."""
    with localcontext() as context:
        context.prec = 24
        pi = 4 * _arctangent(Decimal(1))
        low, high = Decimal("1.9"), Decimal(320)
        while high - low > Decimal("1e-15"):
            middle = (low + high) / 2
            if _between(middle, degrees, pi) < probability:
                low = middle
            else:
                high = middle
        return ((low + high) / 2).quantize(DIGITS)


def table(probability: Decimal = PROBABILITY) -> str:
    """A seed as CSV text."""
    rows = [f"{degrees},{quantile(degrees, probability)}" for degrees in range(1, LAST + 1)]
    return "\n".join(["degrees_of_freedom,quantile", *rows]) + "\n"


if __name__ == "__main__":
    for name, between in PROBABILITIES.items():
        Path(__file__).with_name(f"{name}.csv").write_text(table(between), encoding="utf-8")
