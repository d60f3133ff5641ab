"""Simulated limits of the slope and the relative index of inequality.

Belongs here: the limits that no formula gives, simulated on the aggregates of one area: the same seed for every set of
quantiles, so that a figure never depends on what else was computed; and the indices of figures that have left the
warehouse. Not here: the indices of the warehouse's own figures, which the macro `slope_index_of_inequality` computes,
and any row of a person.

Source: METHODS; Office for Health Improvement and Disparities, technical guide: each quantile's transformed value is
drawn from a normal distribution with the width of its interval, the line is fitted again, and the limits are
percentiles of the indices that come of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from foundation.errors import Refused

Transform = Literal["none", "log", "logit"]
DRAWS = 100_000
SEED = 20_130_401  # any number does; another one is another figure
_Z = 1.959963984540054
# The scale on which a statistic is fitted; one that is not here has no index.
TRANSFORMS: Mapping[str, Transform] = {
    "proportion": "logit", "maintained_proportion": "logit", "crude_rate": "log", "dsr": "log", "mean": "none",
}  # fmt: skip
RATIO_DECIMALS = 2
LIMITS = ("slope_lower", "slope_upper", "relative_lower", "relative_upper")
_SIMULATED, _NOT_SIMULATED = "; limits simulated", "; no limits: a fifth has none that this scale takes"


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
    share, towards = _weights(quantiles)
    centre = _transformed(np.array([quantile.value for quantile in quantiles]), transform)
    lower = _transformed(np.array([quantile.lower for quantile in quantiles]), transform)
    upper = _transformed(np.array([quantile.upper for quantile in quantiles]), transform)
    spread = (upper - lower) / (2 * _Z)
    drawn = _drawn(len(quantiles), draws, seed)
    mean, slope = np.full(draws, _sum(share * centre)), np.full(draws, _sum(towards * centre))
    for number in range(len(quantiles)):  # one after the other: a product of matrices adds up in an order of its own
        mean += share[number] * spread[number] * drawn[number]
        slope += towards[number] * spread[number] * drawn[number]
    sii, rii = _indices(mean, slope, transform)
    tails = (2.5, 97.5)
    sii_lower, sii_upper = (float(limit) for limit in np.percentile(sii * multiplier, tails))
    rii_lower, rii_upper = (float(limit) for limit in np.percentile(rii, tails))
    return InequalityLimits(sii_lower, sii_upper, rii_lower, rii_upper)


def indices(
    people: Sequence[int], values: Sequence[float], transform: Transform = "none", multiplier: float = 1
) -> tuple[float, float] | None:
    """Slope and relative index of one set of quantiles in order, as the macro gives them; None where it refuses.

    values: on their natural scale, a proportion as 0 to 1. For figures that have left the warehouse.
    """
    least, most = _RANGE[transform]
    if len(people) < 2 or min(people) <= 0 or not all(least < value < most for value in values):
        return None
    share, towards = _weights([Quantile(count, 0, 0, 0) for count in people])
    there = _transformed(np.array(values, dtype=np.float64), transform)
    sii, rii = _indices(np.array([_sum(share * there)]), np.array([_sum(towards * there)]), transform)
    return float(sii[0]) * multiplier, float(rii[0])


def with_limits(inequality: pa.Table, fifths: pa.Table, decimals_of: Mapping[str, int]) -> pa.Table:
    """The warehouse's table `inequality` with the simulated limits of its indices.

    fifths: its table `int_deprivation_fifths`. decimals_of: indicator -> published precision, to which limits of the
    slope are rounded. A row whose index has no limits says so in `index_method`.
    """
    quantiles: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in fifths.to_pylist():
        quantiles[row["indicator_id"], row["area_code"], row["period_id"]].append(row)
    rows = inequality.to_pylist()
    for row in rows:
        row.update(dict.fromkeys(LIMITS))
        if row["slope_index"] is None:
            continue
        own = quantiles[row["indicator_id"], row["area_code"], row["period_id"]]
        found = _limits_of(sorted(own, key=lambda one: int(one["quantile"])))
        if found is None:
            row["index_method"] = row["index_method"].replace(_SIMULATED, _NOT_SIMULATED)
            continue
        decimals = decimals_of[row["indicator_id"]]
        ends = (found.sii_lower, found.sii_upper, found.rii_lower, found.rii_upper)
        for name, value, places in zip(LIMITS, ends, (decimals, decimals, RATIO_DECIMALS, RATIO_DECIMALS), strict=True):
            row[name] = rounded(value, places)
    fields = [*inequality.schema, *(pa.field(name, pa.decimal128(20, 9)) for name in LIMITS)]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def rounded(value: float, decimals: int) -> Decimal:
    """A simulated or fitted number at a precision, half away from zero."""
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + Decimal(0)


def _limits_of(fifths: Sequence[Mapping[str, Any]]) -> InequalityLimits | None:
    """Limits of one figure's fifths; None where one has no interval, or none that its scale takes."""
    if any(row[name] is None for row in fifths for name in ("value", "lower_limit", "upper_limit")):
        return None
    transform = TRANSFORMS[fifths[0]["statistic"]]
    whole = float(fifths[0]["multiplier"]) if transform == "logit" else 1.0
    given = [
        Quantile(
            int(row["population"]), *(float(row[name]) / whole for name in ("value", "lower_limit", "upper_limit"))
        )
        for row in fifths
    ]
    try:
        return simulated_limits(given, transform, whole)
    except Refused:
        return None


# what a transform takes: above the one and below the other
_RANGE: Mapping[Transform, tuple[float, float]] = {
    "none": (-np.inf, np.inf), "log": (0.0, np.inf), "logit": (0.0, 1.0),
}  # fmt: skip


@lru_cache(4)
def _drawn(quantiles: int, draws: int, seed: int) -> NDArray[np.float64]:
    """Standard normal numbers, a row a quantile: the same for every figure, so drawn once."""
    drawn = np.ascontiguousarray(np.random.default_rng(seed).standard_normal((draws, quantiles)).T)
    drawn.flags.writeable = False
    return drawn


def _weights(quantiles: Sequence[Quantile]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By what the transformed values are weighed for the mean of the line, and for its slope."""
    people = np.array([quantile.population for quantile in quantiles], dtype=np.float64)
    share = people / people.sum()
    # the place of a quantile less the mean place, which is always a half
    place = np.cumsum(share) - share / 2 - 0.5
    return share, share * place / _sum(share * place * place)


def _sum(values: NDArray[np.float64]) -> float:
    return float(sum(values.tolist()))


def _indices(
    mean: NDArray[np.float64], slope: NDArray[np.float64], transform: Transform
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at_start, at_end = _natural(mean - slope / 2, transform), _natural(mean + slope / 2, transform)
    return at_end - at_start, at_end / at_start


def _check(quantiles: Sequence[Quantile], transform: Transform) -> None:
    least, most = _RANGE[transform]
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
