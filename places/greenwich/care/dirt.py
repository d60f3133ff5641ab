"""Known dirt: what senders get wrong, planted on purpose and counted.

Belongs here: rows sent twice, padded cells, and rows intake must hold back. Not here: rows that are true but awkward
(people without a number, events sent again): those are decisions of their domains.

A row to be held back is always an extra one under a reference of its own, so that the truth does not depend on it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from places.greenwich.care.writing import Table, joined
from places.greenwich.dates import Mask
from places.greenwich.files import Dirt

# Rows of a file to one of each kind of dirt.
_ROWS_TO_A_REPEAT, _ROWS_TO_A_PAD, _ROWS_TO_A_BAD_CODE, _ROWS_TO_SWAPPED_DATES = 600, 400, 700, 700
# The rules of intake that find it.
REPEATED, PADDED, UNKNOWN_CODE, SWAPPED_DATES = "row.duplicate", "value.trimmed", "row.code", "row.cross_field"


@dataclass
class Planted:
    """The record of what was planted, by feed and rule of intake, filled while files are made."""

    found: Counter[tuple[str, str]] = field(default_factory=Counter)

    def dirt(self) -> list[Dirt]:
        return [Dirt(feed, rule, rows) for (feed, rule), rows in sorted(self.found.items())]


@dataclass(frozen=True)
class Rules:
    """Columns of a feed, by the sender's names, that dirt is planted in.

    code: a column and a value its contract does not know. dates: two columns of which the second may not come first.
    """

    key: str
    padded: str
    code: tuple[str, str]
    dates: tuple[str, str]


def add(
    planted: Planted, table: Table, random: np.random.Generator, rules: Rules, feed: str, datable: Mask | None
) -> Table:
    """The table with dirt. datable: rows whose dates may be swapped; all, if None."""
    rows = len(table)
    usable = np.flatnonzero(table.columns[rules.code[0]] != "")
    first, second = (table.columns[column] for column in rules.dates)
    dated = np.flatnonzero((first != "") & (second != "") & (first != second) & (True if datable is None else datable))
    padded = _some(random, np.flatnonzero(table.columns[rules.padded] != ""), _ROWS_TO_A_PAD)
    repeats = _some(random, np.arange(rows), _ROWS_TO_A_REPEAT)
    coded = _some(random, usable, _ROWS_TO_A_BAD_CODE)
    swapped = _some(random, dated, _ROWS_TO_SWAPPED_DATES)
    wrong_code = table.take(coded)
    wrong_code.columns[rules.code[0]] = np.full(len(coded), rules.code[1], dtype=object)
    wrong_dates = table.take(swapped)
    for column, texts in zip(rules.dates, (second[swapped], first[swapped]), strict=True):
        wrong_dates.columns[column] = texts
    for extra, sign in ((wrong_code, "XC"), (wrong_dates, "XD")):
        extra.columns[rules.key] = extra.columns[rules.key] + sign
    repeated = table.take(repeats)
    table.pad(rules.padded, padded)
    for kind, found in (
        (REPEATED, repeats),
        (PADDED, padded),
        (UNKNOWN_CODE, coded),
        (SWAPPED_DATES, swapped),
    ):
        if len(found):
            planted.found[feed, kind] += len(found)
    return joined([table, repeated, wrong_code, wrong_dates])


def _some(random: np.random.Generator, rows: NDArray[np.int64], rows_to_one: int) -> NDArray[np.int64]:
    """About one row in so many, in file order."""
    count = min(int(len(rows) / rows_to_one + random.random()), len(rows))
    return np.sort(random.choice(rows, size=count, replace=False)) if count else rows[:0]
