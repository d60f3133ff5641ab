"""Which months of the spine, and which quarters of the groups, a new data cut changes: what
`OUTTURN_CHANGED_MONTHS` and `OUTTURN_CHANGED_QUARTERS` hold.

Belongs here: the rules, per feed, from the submissions of two cuts. Not here: which cut a warehouse was built on, and
whether to trust it (orchestration).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from foundation.period import month_of, months_between

ALL = "all"
# Feeds the spine is made of. A change of reference data reaches every month; a death every later one.
EVERY_MONTH = frozenset({"reference_practices", "reference_areas"})
EVERY_LATER_MONTH = frozenset({"deaths"})
ITS_OWN_MONTHS = frozenset({"pcn_register"})
# Feeds that say who belongs to a group. Of these, rows of a window's days alone count, and say nothing of days before.
LATER_QUARTERS = frozenset({"admitted_care", "pcn_long_term_conditions"})
# Those that may say something of any day: files of everything there is, and deaths, for which a rule looks ahead.
EVERY_QUARTER = frozenset({"council_client_level", "deaths", "treatment_episodes"})


def changed_months(
    before: Collection[Mapping[str, Any]], after: Collection[Mapping[str, Any]], links_moved: bool
) -> list[str] | str:
    """First days of the months to build again, as text in order, or `all`.

    before, after: rows of source run.submissions of the cut the warehouse holds and of the one to build. Submissions
    that are in both change nothing; one that came or went can only change what its own window decides.
    links_moved: whether a token of the former cut now stands for somebody else, or for nobody; tokens that are new
    change nothing by themselves.
    """
    moved = _moved(before, after)
    if links_moved or not before or any(row["feed"] in EVERY_MONTH for row in moved):
        return ALL
    registers = [row for row in [*before, *after] if row["feed"] in ITS_OWN_MONTHS]
    if not registers:
        return []
    last: date = max(row["covers_to"] for row in registers)
    found: set[date] = set()
    for row in moved:
        if row["feed"] in ITS_OWN_MONTHS:
            until = row["covers_to"]
        elif row["feed"] in EVERY_LATER_MONTH:
            until = last
        else:
            continue
        if until < row["covers_from"]:
            continue
        months = months_between(month_of(row["covers_from"]), month_of(until))
        found |= {month.start for month in months if row["covers_from"] <= month.start <= until}
    return [day.isoformat() for day in sorted(found)]


def changed_quarters(
    before: Collection[Mapping[str, Any]], after: Collection[Mapping[str, Any]], months: list[str] | str
) -> list[str] | str:
    """First days of the quarters whose groups of people are to build again, as text in order, or `all`.

    before, after: as for `changed_months`; months: what it found. A quarter's groups are held on its first day: from
    the spine of that day, and from what had happened by then. So a month that is built again takes its quarter along,
    and a hospital's month every quarter that begins after its first day.
    """
    moved = _moved(before, after)
    if months == ALL or any(row["feed"] in EVERY_QUARTER for row in moved):
        return ALL
    registers = [row for row in [*before, *after] if row["feed"] in ITS_OWN_MONTHS]
    if not registers:
        return []
    firsts = [row["covers_from"] for row in moved if row["feed"] in LATER_QUARTERS]
    span = months_between(
        month_of(min(row["covers_from"] for row in registers)), month_of(max(row["covers_to"] for row in registers))
    )
    quarters = [month.start for month in span if month.start.month % 3 == 1]
    return [day.isoformat() for day in quarters if day.isoformat() in months or any(day >= first for first in firsts)]


def _moved(before: Collection[Mapping[str, Any]], after: Collection[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of submissions that are in one of two cuts alone."""
    held, wanted = ({row["submission"]: row for row in rows} for rows in (before, after))
    return [row for name, row in [*held.items(), *wanted.items()] if (name in held) != (name in wanted)]


def links_moved(before: Collection[Mapping[str, Any]], after: Collection[Mapping[str, Any]]) -> bool:
    """Whether a token of the former link table stands for somebody else now, or is no longer there."""
    now = {(row["token_kind"], row["token"]): row["person_key"] for row in after}
    gone = object()
    return any(now.get((row["token_kind"], row["token"]), gone) != row["person_key"] for row in before)
