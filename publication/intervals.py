"""95 % intervals of public figures, from the counts as they are shown.

Belongs here: how wide the interval of a shown figure is. Nothing here knows an exact count, so nothing made from it can
give one away; that is also why these intervals are never printed, only compared. Not here: intervals of exact figures
(the warehouse), funnels (funnel). Source: Office for Health Improvement and Disparities, technical guide on confidence
intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from publication.disclosure import multiplier_of
from publication.disclosure.rules import PROPORTIONS, RATES

Z = 1.959963984540054
LEAST_EVENTS = 10  # below, Byar's formula does not hold; shown counts are 0 or at least this


def interval_of(row: Mapping[str, Any], unit: str, statistic: str) -> tuple[float, float, float] | None:
    """Value, lower and upper limit of a shown figure on the scale of its unit; None where its counts give none.

    Proportions: Wilson. Rates: Byar. A standardised rate gets the relative width of a crude rate with its events, which
    is an approximation. Limits that are shown themselves are taken as they are.
    """
    if row["value"] is None:
        return None
    if row.get("lower") is not None and row.get("upper") is not None:
        return float(row["value"]), float(row["lower"]), float(row["upper"])
    if row["numerator"] is None or not row["denominator"]:
        return None
    top, bottom = float(row["numerator"]), float(row["denominator"])
    if statistic in PROPORTIONS and top <= bottom:
        centre, reach = 2 * top + Z * Z, Z * math.sqrt(Z * Z + 4 * top * (1 - top / bottom))
        lower, upper = ((centre + side * reach) / (2 * (bottom + Z * Z)) for side in (-1, 1))
        return 100 * top / bottom, 100 * lower, 100 * upper
    if statistic not in (*RATES, "dsr") or top < LEAST_EVENTS:
        return None
    scale = multiplier_of(unit, RATES[0])
    if statistic == "dsr":
        value = float(row["value"])
    elif scale is None:
        return None
    else:
        value = scale * top / bottom
    return value, value * _byar(top, -Z) / top, value * _byar(top + 1, Z) / top


def _byar(count: float, z: float) -> float:
    return count * float((1 - 1 / (9 * count) + z / (3 * math.sqrt(count))) ** 3)
