"""Counts of a place's own indicators, as the area returns them month by month.

Belongs here: the invented counts and their files, and the truth about them. Not here: what an indicator
means (its definition stands beside the agreement), a level, a score.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from foundation.period import financial_year_of, months_between, parse_period, quarter_of
from places.base import Submission
from places.greenwich.borough import Borough, Return
from places.greenwich.tally import TruthRow, rounded

FEED = "aggregate_kpi_return"
FIRST_MONTH, LAST_MONTH = "2024-04", "2025-06"
_MONTHS_A_YEAR = 12
_HEADER = "organisation,kpi,period_start,period_end,numerator,denominator,value,unit"


def truth_rows(borough: Borough) -> list[TruthRow]:
    """The true figures of each returned indicator: of the quarters and the financial year that are whole."""
    found = []
    months = months_between(parse_period(FIRST_MONTH), parse_period(LAST_MONTH))
    for item in borough.returns:
        for name in (quarter_of, financial_year_of):
            for period in sorted({name(month.start) for month in months}):
                inside = [place for place, month in enumerate(months) if period.contains(month)]
                if months[inside[-1]].end != period.end:
                    continue
                counts = [_counts(item, place % _MONTHS_A_YEAR) for place in inside]
                numerator, denominator = sum(part for part, _ in counts), sum(whole for _, whole in counts)
                value = rounded(item.multiplier * Fraction(numerator, denominator), item.decimals)
                names = (item.indicator, period.kind, period.label, "all", "all")
                found.append(TruthRow(*names, numerator, denominator, value))
    return found


def submissions(borough: Borough) -> Iterator[Submission]:
    """One file a month with a row an indicator; nothing for a place without indicators of its own."""
    if not borough.returns:
        return
    for place, month in enumerate(months_between(parse_period(FIRST_MONTH), parse_period(LAST_MONTH))):
        rows = []
        for item in borough.returns:
            numerator, denominator = _counts(item, place % _MONTHS_A_YEAR)
            value = rounded(item.multiplier * Fraction(numerator, denominator), 1)
            rows.append(
                f"{borough.area_code},{item.indicator},{month.start},{month.end},"
                f"{numerator},{denominator},{value},{item.unit}"
            )
        content = "\n".join([_HEADER, *rows, ""]).encode()
        yield Submission(FEED, borough.area_code, month.start, month.end, 1, content, len(rows))


def _counts(item: Return, month: int) -> tuple[int, int]:
    """Numerator and denominator of a month of the year (0 for April); the twelve of a year add up to its counts."""
    numerator, denominator = (
        total * (month + 1) // _MONTHS_A_YEAR - total * month // _MONTHS_A_YEAR
        for total in (item.numerator, item.denominator)
    )
    if not denominator or (item.unit == "percent" and numerator > denominator):
        raise ValueError(f"the counts of {item.indicator} do not divide into months")
    return numerator, denominator
