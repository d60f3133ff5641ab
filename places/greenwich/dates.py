"""The months the place lives through, and the periods its figures are told for.

Belongs here: days as whole numbers, months as positions, the list of periods. Not here: anything about a person.

A day is the number of days since 1970-01-01 and `NEVER` stands for a day that did not come. A month is its position
from April 2023, the first of `MONTHS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.period import (
    Period,
    financial_year_of,
    month_of,
    months_between,
    parse_period,
    quarter_of,
    rolling_year_of,
)

Days = NDArray[np.int32]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

_EPOCH = date(1970, 1, 1)
NEVER = 1_000_000

FIRST_MONTH, LAST_MONTH = "2023-04", "2025-06"
MONTHS: tuple[Period, ...] = tuple(months_between(parse_period(FIRST_MONTH), parse_period(LAST_MONTH)))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def as_date(number: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=int(number))


FIRST_DAY, LAST_DAY = day_number(MONTHS[0].start), day_number(MONTHS[-1].end)
# First day of every month, and the day after the last month.
MONTH_STARTS: Days = np.array([*(day_number(item.start) for item in MONTHS), LAST_DAY + 1], dtype=np.int32)


def month_positions(days: NDArray[Any]) -> Positions:
    """Position of each day's month in `MONTHS`; -1 for a day outside them."""
    found = np.searchsorted(MONTH_STARTS, days, side="right") - 1
    return np.where((days < FIRST_DAY) | (days > LAST_DAY), -1, found).astype(np.int64)


def month_counts(days: NDArray[Any]) -> Positions:
    """Months since January 1970 of each day: what a birth month is compared by."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


@dataclass(frozen=True)
class Span:
    """A period and the months of it that lie inside the data: positions `first` up to, not including, `stop`.

    `last` is the position of the period's last month, -1 when the data end before it.
    """

    period: Period
    first: int
    stop: int
    last: int


@cache
def spans(kind: str) -> tuple[Span, ...]:
    """Periods of a kind: all that overlap the data, but rolling years only where the data hold all twelve months."""
    naming = {
        "month": month_of,
        "quarter": quarter_of,
        "year": financial_year_of,
        "rolling_year": rolling_year_of,
    }[kind]
    periods = sorted({naming(item.start) for item in MONTHS})
    found = []
    for period in periods:
        inside = [position for position, item in enumerate(MONTHS) if period.contains(item)]
        whole = inside[-1] if MONTHS[inside[-1]].end == period.end else -1
        if kind == "rolling_year" and len(inside) < 12:
            continue
        found.append(Span(period, inside[0], inside[-1] + 1, whole))
    return tuple(found)


def financial_year_starts() -> Days:
    """First day, inside the data, of the financial year each month lies in."""
    starts = [max(day_number(financial_year_of(item.start).start), FIRST_DAY) for item in MONTHS]
    return np.array(starts, dtype=np.int32)
