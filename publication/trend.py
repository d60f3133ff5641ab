"""Whether the latest five figures of an area rise or fall, from what is shown of them.

Belongs here: the five-point trend of public figures. The warehouse has it of the exact ones, for analysts; here only
shown figures count, so that a trend never speaks of a hidden one. Not here: control charts, words (pages).
Source: METHODS, trend; Office for Health Improvement and Disparities, Fingertips trend markers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publication.disclosure.rules import PROPORTIONS, RATES, span_of
from publication.inputs import series_part
from publication.intervals import interval_of

POINTS = 5
CRITICAL = 9.5495  # chi-squared with one degree of freedom at p = 0.002
TYPES = (*PROPORTIONS, *RATES, "dsr")
# the longest kind of period comes first: years do not follow the seasons
KINDS = ("year", "quarter")
_WIDTH = 3.92  # of a 95 % interval in standard errors


@dataclass(frozen=True)
class Trend:
    """direction: 1 rising, -1 falling, 0 no clear change; over the figures from `first` to `last`."""

    direction: int
    first: Mapping[str, Any]
    last: Mapping[str, Any]


def trend_of(rows: Sequence[Mapping[str, Any]], unit: str, statistic: str, breaks: str | None = None) -> Trend | None:
    """The trend of an area's figures: of years where there are five, else of quarters; None where of neither.

    rows: public figures of one indicator and area. Provisional, withheld, hidden and missing ones are no points, and no
    trend goes back beyond a change of the definition. breaks: the days it changed on, as in the catalogue.
    """
    if statistic not in TYPES:
        return None
    for kind in KINDS:
        settled = [row for row in rows if row["period_kind"] == kind and row["value"] is not None and not row["marker"]]
        latest = sorted(settled, key=lambda row: span_of(row)[0])[-POINTS:]
        if len(latest) == POINTS and under_one_definition(latest, breaks):
            return Trend(_direction(latest, unit, statistic), latest[0], latest[-1])
    return None


def under_one_definition(rows: Sequence[Mapping[str, Any]], breaks: str | None) -> bool:
    """Whether one version of the definition held from the first day of all these periods to their last."""
    days = [day for row in rows for day in span_of(row)]
    return series_part(breaks, min(days)) == series_part(breaks, max(days))


def _direction(points: Sequence[Mapping[str, Any]], unit: str, statistic: str) -> int:
    known = []
    for row in points:
        span = interval_of(row, unit, statistic)
        if span is None or span[2] <= span[1]:
            return 0  # a point that cannot be weighed
        start = span_of(row)[0]
        known.append((float(start.year * 12 + start.month), span[0], (_WIDTH / (span[2] - span[1])) ** 2))
    rise, strength = _slope(known)
    if strength <= CRITICAL:
        return 0
    signs = {_slope(known[:left] + known[left + 1 :])[0] > 0 for left in range(POINTS)}
    return 0 if signs != {rise > 0} else 1 if rise > 0 else -1


def _slope(points: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Sign-giving top of the weighted slope, and its square over its variance. points: moment, value, weight."""
    moment, value, _ = points[-1]
    moved = [(x - moment, y - value, weight) for x, y, weight in points]
    w = sum(weight for *_, weight in moved)
    wx, wy = sum(weight * x for x, _, weight in moved), sum(weight * y for _, y, weight in moved)
    wxx, wxy = sum(weight * x * x for x, _, weight in moved), sum(weight * x * y for x, y, weight in moved)
    top, bottom = w * wxy - wx * wy, w * (w * wxx - wx * wx)
    return top, top * top / bottom
