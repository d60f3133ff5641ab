"""Columns to the bytes of a sender's file: dates as text, cells joined, a little known dirt.

Belongs here: what every extract of care has in common as text. Not here: which columns a feed has (its own module).

Cells never hold a comma, a quotation mark or a line break, so that joining is writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import NEVER, as_date

Texts = NDArray[np.object_]
ISO, BRITISH = "%Y-%m-%d", "%d/%m/%Y"
# Birth dates of the oldest residents to well after the last day of data.
_OLDEST, _NEWEST = -27_000, 22_000


@cache
def _day_table(style: str) -> Texts:
    days = [as_date(number).strftime(style) for number in range(_OLDEST, _NEWEST)]
    return np.array([*days, ""], dtype=object)


def day_texts(days: NDArray[Any], style: str = ISO) -> Texts:
    """Dates as a sender writes them; blank for `NEVER`."""
    place = np.where(days == NEVER, _NEWEST - _OLDEST, days.astype(np.int64) - _OLDEST)
    found: Texts = _day_table(style)[place]
    return found


def month_texts(months: NDArray[Any]) -> Texts:
    """Months counted from January 1970 as YYYY-MM."""
    whole = months.astype(np.int64)
    low = int(whole.min()) if len(whole) else 0
    table = [
        f"{1970 + number // 12:04d}-{number % 12 + 1:02d}" for number in range(low, int(whole.max(initial=low)) + 1)
    ]
    return np.array(table, dtype=object)[whole - low]


def blank_where(mask: NDArray[np.bool_], texts: Texts) -> Texts:
    """The texts, emptied where the mask holds."""
    return np.where(mask, "", texts)


def repeated(text: str, count: int) -> Texts:
    """One text for every row."""
    return np.full(count, text, dtype=object)


def numbered(prefix: str, numbers: NDArray[Any]) -> Texts:
    """References such as `A0000123`: a prefix and a number of seven digits."""
    return np.array([f"{prefix}{number:07d}" for number in numbers.tolist()], dtype=object)


class Table:
    """Named text columns of equal length, on their way into a file."""

    def __init__(self, columns: dict[str, Texts]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, rows: NDArray[Any]) -> Table:
        """The rows named by position or mask, in that order."""
        return Table({name: texts[rows] for name, texts in self.columns.items()})

    def pad(self, column: str, rows: NDArray[Any]) -> None:
        """Put spaces around cells of a column, as exports of fixed width do; intake drops them."""
        texts = self.columns[column].copy()
        texts[rows] = " " + texts[rows] + "  "
        self.columns[column] = texts

    def renamed(self, names: Sequence[str]) -> Table:
        """The same columns under a sender's names, given in the same order."""
        return Table(dict(zip(names, self.columns.values(), strict=True)))

    def csv(self) -> bytes:
        """Header and rows as a CSV file."""
        rows = zip(*(texts.tolist() for texts in self.columns.values()), strict=True)
        return "\n".join([",".join(self.columns), *map(",".join, rows), ""]).encode()


def joined(tables: Sequence[Table]) -> Table:
    """Tables of the same columns, one below the other."""
    names = list(tables[0].columns)
    return Table({name: np.concatenate([table.columns[name] for table in tables]) for name in names})
