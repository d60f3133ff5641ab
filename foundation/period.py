"""Months, quarters and years of the English public financial year (1 April to 31 March).

Labels sort as text within a kind and stand in figure ids: month `2025-04`, quarter `2025-26-q1`
(April to June), year `2024-25`, rolling year `2025-03-r12` (the twelve months that end with March 2025).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from foundation.errors import WrongUsage

KINDS = ("month", "quarter", "year", "rolling_year")


@dataclass(frozen=True, order=True)
class Period:
    """Dates `start` to `end`, both included, with their label."""

    start: date
    end: date
    kind: str
    label: str

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def contains(self, other: Period) -> bool:
        return self.start <= other.start and other.end <= self.end


def _month_end(first: date) -> date:
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return following - timedelta(days=1)


def month(year: int, number: int) -> Period:
    first = date(year, number, 1)
    return Period(first, _month_end(first), "month", f"{year:04d}-{number:02d}")


def month_of(day: date) -> Period:
    return month(day.year, day.month)


def financial_year_of(day: date) -> Period:
    start_year = day.year if day.month >= 4 else day.year - 1
    label = f"{start_year:04d}-{(start_year + 1) % 100:02d}"
    return Period(date(start_year, 4, 1), date(start_year + 1, 3, 31), "year", label)


def quarter_of(day: date) -> Period:
    year = financial_year_of(day)
    number = (day.month - 4) % 12 // 3 + 1
    first_month = (4 + 3 * (number - 1) - 1) % 12 + 1
    first = date(year.start.year + (1 if first_month < 4 else 0), first_month, 1)
    last_month = first_month + 2
    return Period(first, _month_end(date(first.year, last_month, 1)), "quarter", f"{year.label}-q{number}")


def rolling_year_of(day: date) -> Period:
    """The twelve whole months that end with the month of `day`."""
    last = month_of(day)
    first = month(last.start.year if last.start.month == 12 else last.start.year - 1, last.start.month % 12 + 1)
    return Period(first.start, last.end, "rolling_year", f"{last.label}-r12")


def months_between(first: Period, last: Period) -> list[Period]:
    """Every month from `first` to `last`, both included."""
    found, current = [], first
    while current.start <= last.start:
        found.append(current)
        current = month_of(current.end + timedelta(days=1))
    return found


_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(\d{4})-(\d{2})-q([1-4])")
_YEAR = re.compile(r"(\d{4})-(\d{2})")
_ROLLING_YEAR = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-r12")


def parse_period(label: str) -> Period:
    """The period a label names. `2024-12` is a month; `2024-25` is a year (25 is no month).

    A label such as `2011-12` could be both and is read as the month; years are then asked for
    through `financial_year_of`.
    """
    if matched := _MONTH.fullmatch(label):
        return month(int(matched[1]), int(matched[2]))
    if matched := _ROLLING_YEAR.fullmatch(label):
        return rolling_year_of(date(int(matched[1]), int(matched[2]), 1))
    if matched := _QUARTER.fullmatch(label):
        first_month = 4 + 3 * (int(matched[3]) - 1)
        year = int(matched[1]) + (first_month - 1) // 12
        found = quarter_of(date(year, (first_month - 1) % 12 + 1, 1))
        if found.label == label:
            return found
    if matched := _YEAR.fullmatch(label):
        found = financial_year_of(date(int(matched[1]), 4, 1))
        if found.label == label:
            return found
    raise WrongUsage(
        f"'{label}' is not a period.",
        "write a month as 2025-04, a quarter as 2025-26-q1, a financial year as 2024-25, "
        "twelve months that end with March 2025 as 2025-03-r12.",
    )
