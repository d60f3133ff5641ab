"""A series whose definition changed is cut there, with a line that says so."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from foundation.period import month_of, months_between
from publication.charts import Point, month_chart
from publication.pages.indicator import breaks_at

MONTHS = [
    {"period_start": month.start, "period_end": month.end}
    for month in months_between(month_of(date(2025, 1, 1)), month_of(date(2025, 6, 1)))
]


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        (None, {}),
        ("2025-03-01", {2: "Version 2"}),
        # inside a month: before that month, whose figure is already another
        ("2025-03-15", {2: "Version 2"}),
        ("2025-02-01 2025-06-30", {1: "Version 2", 5: "Version 3"}),
        # before the first and after the last month there is nothing to cut
        ("2024-04-01 2025-01-01 2025-07-01", {}),
    ],
)
def test_a_break_stands_before_the_first_period_of_the_new_version(breaks: str | None, found: dict[int, str]) -> None:
    assert breaks_at({"breaks": breaks}, MONTHS) == found


def test_every_line_of_a_chart_is_cut_at_a_break() -> None:
    """GRW-31: nobody reads a change of definition as a change of what is measured."""
    flat = {"centre": Decimal(11), "lower": Decimal(5), "upper": Decimal(17)}
    months = [Point(f"M{n}", Decimal(10 + n), **flat, breaks="Version 2" if n == 3 else None) for n in range(6)]
    whole = [Point(point.label, point.value, **flat) for point in months]
    cut, uncut = (month_chart(points, "percent", "Months", "key")[0] for points in (months, whole))
    words = re.compile(r">Version 2</text>")
    assert (len(words.findall(cut)), len(words.findall(uncut))) == (2, 0)
    # the series, its centre and both limits are two lines each instead of one
    lines = re.compile(r'<path[^>]* fill="none"|<path[^>]*d="M[^"]*L[^"]*"[^>]*stroke=')
    assert len(lines.findall(cut)) == len(lines.findall(uncut)) + 4
