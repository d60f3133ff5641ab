"""What a run on the place must find: figures nobody may be paid on yet, and rows that must be held back.

Belongs here: which scored figures are not ripe or do not exist, by the dates of the data and the truth alone. Not here:
what the agreement pays on a figure.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from foundation.period import Period, financial_year_of, month_of, quarter_of, rolling_year_of
from places.base import Findings
from places.greenwich.dates import MONTHS
from places.greenwich.truth import Decided

LAST_DAY = MONTHS[-1].end
# Rules of intake that hold a row back; the others tidy it or drop a repetition.
_HELD_BACK = frozenset({"row.code", "row.range", "row.cross_field"})


def _months_before(day: date, months: int) -> date:
    current = month_of(day)
    for _ in range(months):
        current = month_of(current.start - timedelta(days=1))
    return current.end


def _periods() -> list[Period]:
    """Financial years and quarters of the agreement that the data reach into."""
    found, day = [], date(2024, 4, 1)
    while day <= LAST_DAY:
        found.append(quarter_of(day))
        day = found[-1].end + timedelta(days=1)
    return [*found, financial_year_of(date(2024, 4, 1)), financial_year_of(LAST_DAY)]


def findings_of(decided: Decided) -> Findings:
    """The findings of the place as it was drawn."""
    there = {
        (row.indicator_id, row.period_id, row.breakdown_kind, row.breakdown_group)
        for row in decided.truth()
        if row.value is not None
    }
    withheld = set()
    borough = decided.world.borough
    for scored in borough.scored:
        for period in _periods():
            last = _months_before(period.end, scored.lag)
            measured = rolling_year_of(last) if period.kind == "year" else quarter_of(last)
            ripe = last + timedelta(days=scored.follow_up + scored.allowance) <= LAST_DAY
            # a year that is not looked back on is the financial year itself, which returns are counted by
            labels = {measured.label, *([] if scored.lag else [period.label])}
            if not ripe or not any((scored.indicator, label, scored.kind, scored.group) in there for label in labels):
                withheld.add(f"{borough.agreement}@{scored.kpi}@{period.label}")
    quarantined: Counter[str] = Counter()
    for dirt in decided.planted_dirt():
        if dirt.rule in _HELD_BACK:
            quarantined[dirt.feed] += dirt.rows
    return Findings(frozenset(withheld), dict(quarantined))
