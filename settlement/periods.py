"""Settlement periods: the month, quarter or year an agreement settles by.

Belongs here: reading a label as a period of one kind, and the window a KPI looks at for a period.
Not here: the calendar itself (`foundation.period`).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from foundation.errors import WrongUsage
from foundation.period import Period, financial_year_of, month_of, months_between, parse_period, quarter_of

_KINDS = {"month": month_of, "quarter": quarter_of, "year": financial_year_of}
_YEAR = re.compile(r"(\d{4})-(\d{2})")


def settlement_period_of(day: date, kind: str) -> Period:
    """The month, quarter or financial year that holds a day."""
    return _KINDS[kind](day)


def following(period: Period) -> Period:
    """The next period of the same kind."""
    return settlement_period_of(period.end + timedelta(days=1), period.kind)


def _month_before(month: Period, count: int) -> Period:
    for _ in range(count):
        month = month_of(month.start - timedelta(days=1))
    return month


def measurement_window(period: Period, lag_months: int) -> tuple[date, date]:
    """First and last day a KPI looks at: as many months as the period has, the last so many months before its end."""
    last = _month_before(month_of(period.end), lag_months)
    months = len(months_between(month_of(period.start), month_of(period.end)))
    return _month_before(last, months - 1).start, last.end


def period_of_kind(label: str, kind: str) -> Period:
    """The period of this kind with this label; WrongUsage otherwise.

    `2011-12` is a month and a year: the kind decides, which `parse_period` alone cannot.
    """
    if kind == "year" and (matched := _YEAR.fullmatch(label)) and 0 < int(matched[1]) < 9999:
        found = financial_year_of(date(int(matched[1]), 4, 1))
    else:
        try:
            found = parse_period(label)
        except ValueError:  # a year such as 0000
            raise WrongUsage(f"'{label}' is not a period.", f"write a {kind}.") from None
    if found.kind != kind or found.label != label:
        raise WrongUsage(
            f"'{label}' is not a {kind}.",
            "write a month as 2025-04, a quarter as 2025-26-q1, a financial year as 2024-25.",
        )
    return found
