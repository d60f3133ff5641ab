"""Simulated limits of the slope and the relative index of inequality.

Belongs here: the limits that no formula gives, simulated on the aggregates of one area: the same seed for every set of
quantiles, so that a figure never depends on what else was computed. Not here: the indices themselves, which the macro
`slope_index_of_inequality` computes in the warehouse, and any row of a person.

Source: METHODS; Office for Health Improvement and Disparities, technical guide: each quantile's transformed value is
drawn from a normal distribution with the width of its interval, the line is fitted again, and the limits are
percentiles of the indices that come of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foundation.errors import Refused

Transform = Literal["none", "log", "logit"]
DRAWS = 100_000
SEED = 20_130_401  # any number does; another one is another figure
_Z = 1.959963984540054
_BLOCK = 10_000


@dataclass(frozen=True)
class Quantile:
    """One quantile of deprivation: its people, and its value with limits at 95 % on the value's natural scale."""

    population: int
    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class InequalityLimits:
    """Limits at 95 %: the SII's on the scale of the multiplier."""

    sii_lower: float
    sii_upper: float
    rii_lower: float
    rii_upper: float


def simulated_limits(
    quantiles: Sequence[Quantile],
    transform: Transform = "none",
    multiplier: float = 1,
    draws: int = DRAWS,
    seed: int = SEED,
) -> InequalityLimits:
    """Limits of both indices for one set of quantiles, given in order.

    Refused with fewer than two quantiles, where one has nobody, a limit is blank or in the wrong order, or a value or
    a limit is out of what the transform takes (log: above 0; logit: between 0 and 1): there is then no interval.
    """
    _check(quantiles, transform)
    people = np.array([quantile.population for quantile in quantiles], dtype=np.float64)
    centre = _transformed(np.array([quantile.value for quantile in quantiles]), transform)
    lower = _transformed(np.array([quantile.lower for quantile in quantiles]), transform)
    upper = _transformed(np.array([quantile.upper for quantile in quantiles]), transform)
    spread = (upper - lower) / (2 * _Z)
    share = people / people.sum()
    # the place of a quantile less the mean place, which is always a half
    place = np.cumsum(share) - share / 2 - 0.5
    towards = share * place / (share * place * place).sum()
    generator = np.random.default_rng(seed)
    sii, rii = np.empty(draws), np.empty(draws)
    for start in range(0, draws, _BLOCK):  # in blocks, so that memory does not grow with the draws
        count = min(_BLOCK, draws - start)
        drawn = centre + spread * generator.standard_normal((count, len(quantiles)))
        mean, slope = drawn @ share, drawn @ towards
        at_start, at_end = _natural(mean - slope / 2, transform), _natural(mean + slope / 2, transform)
        sii[start : start + count] = (at_end - at_start) * multiplier
        rii[start : start + count] = at_end / at_start
    tails = (2.5, 97.5)
    sii_lower, sii_upper = (float(limit) for limit in np.percentile(sii, tails))
    rii_lower, rii_upper = (float(limit) for limit in np.percentile(rii, tails))
    return InequalityLimits(sii_lower, sii_upper, rii_lower, rii_upper)


def _check(quantiles: Sequence[Quantile], transform: Transform) -> None:
    least, most = {"none": (-np.inf, np.inf), "log": (0.0, np.inf), "logit": (0.0, 1.0)}[transform]
    if len(quantiles) < 2:
        raise Refused("An index of inequality needs two quantiles or more.", "give every quantile of the area.")
    for number, item in enumerate(quantiles, start=1):
        if item.population <= 0:
            raise Refused(f"Quantile {number} has no people.", "use fewer quantiles, or a larger area.")
        if not least < item.lower <= item.value <= item.upper < most:
            raise Refused(
                f"Quantile {number} has the value {item.value} with limits {item.lower} and {item.upper}, which the "
                f"transform {transform} does not take.",
                "give value and limits of every quantile in order, or pool quantiles without events.",
            )


def _transformed(values: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    if transform == "log":
        return np.log(values)
    return np.log(values / (1 - values)) if transform == "logit" else values


def _natural(values: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    if transform == "log":
        return np.exp(values)
    return 1 / (1 + np.exp(-values)) if transform == "logit" else values
