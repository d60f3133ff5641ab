"""Write poisson_limits.csv: exact limits of a Poisson count of 0 to 10,000 at five levels of confidence.

Belongs here: the generator of a constant table, so that its origin can be checked. Not here: when a rate uses it (the
macro poisson_limit). The lower limit of x events at confidence c is the mean at which x or more events have the
probability (1-c)/2, the upper limit the mean at which x or fewer have it: quantiles of the gamma distribution with
shape x and x+1 (Garwood 1936). The distribution function is the power series or the continued fraction of the
incomplete gamma function (Abramowitz and Stegun 6.5.29 and 6.5.31); the quantile is found by Halley's steps between
brackets. Twelve significant digits are printed and right.

Run:  python dbt_project/seeds/generate_poisson_limits.py
"""

from __future__ import annotations

import math
from pathlib import Path

LAST = 10_000
CONFIDENCES = ("90", "95", "98", "99", "99.8")
_TAILS = {"90": 0.05, "95": 0.025, "98": 0.01, "99": 0.005, "99.8": 0.001}
_NORMAL = {
    "90": 1.6448536269514722, "95": 1.959963984540054, "98": 2.3263478740408408, "99": 2.5758293035489004,
    "99.8": 3.090232306167813,
}  # fmt: skip
_TINY = 1e-300


def _log_density(shape: int, mean: float) -> float:
    """Logarithm of the gamma density with whole shape at a mean; Stirling's series keeps large shapes exact."""
    if shape < 30:
        return (shape - 1) * math.log(mean) - mean - math.log(math.factorial(shape - 1))
    # log(shape - 1)! = n log n - n + log(2 pi n) / 2 + 1/(12 n) - 1/(360 n^3) + 1/(1260 n^5)
    n = shape - 1
    series = 1 / (12 * n) - 1 / (360 * n**3) + 1 / (1260 * n**5)
    excess = (mean - n) / n
    # n log(mean / n) - (mean - n), without cancellation near the middle
    return n * (math.log1p(excess) - excess) - math.log(2 * math.pi * n) / 2 - series


def below(shape: int, mean: float) -> float:
    """Probability that a gamma variable lies below `mean`, which is that a count of that mean is `shape` or more."""
    density = math.exp(_log_density(shape, mean))
    if mean < shape + 1:
        term = total = mean / shape
        step = shape
        while term > total * 1e-17:
            step += 1
            term *= mean / step
            total += term
        return density * total
    b = mean + 1 - shape
    c, d = 1 / _TINY, 1 / b
    fraction = d
    for index in range(1, 100_000):
        a = -index * (index - shape)
        b += 2
        d = 1 / (a * d + b or _TINY)
        c = b + a / c or _TINY
        fraction *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return 1 - density * mean * fraction


def quantile(shape: int, tail: float, normal: float, upper: bool) -> float:
    """The mean at which `below` is `tail` (or, for the upper limit, 1 - tail)."""
    wanted = 1 - tail if upper else tail
    # Wilson and Hilferty's start
    start = shape * (1 - 1 / (9 * shape) + (normal if upper else -normal) / (3 * math.sqrt(shape))) ** 3
    low, high = 0.0, 4.0 * shape + 20
    mean = start if start > 0 else shape * 0.01
    for _ in range(200):
        found = below(shape, mean)
        if found < wanted:
            low = mean
        else:
            high = mean
        density = math.exp(_log_density(shape, mean))
        step = (found - wanted) / density
        # Halley's correction: the density's own slope
        step /= 1 - step * ((shape - 1) / mean - 1) / 2
        moved = mean - step
        if not low <= moved <= high:
            moved = (low + high) / 2
        if abs(moved - mean) < 1e-15 * mean:
            return moved
        mean = moved
    return mean


def limits(events: int, confidence: str) -> tuple[str, str]:
    """Lower and upper limit of a count, as printed."""
    tail, normal = _TAILS[confidence], _NORMAL[confidence]
    lower = "0" if events == 0 else f"{quantile(events, tail, normal, upper=False):.12g}"
    return lower, f"{quantile(events + 1, tail, normal, upper=True):.12g}"


def main() -> None:
    """Write the seed beside this file."""
    names = [f"{side}_{name.replace('.', '_')}" for name in CONFIDENCES for side in ("lower", "upper")]
    lines = ["events," + ",".join(names)]
    lines += [
        ",".join([str(events), *(limit for confidence in CONFIDENCES for limit in limits(events, confidence))])
        for events in range(LAST + 1)
    ]
    Path(__file__).with_name("poisson_limits.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
