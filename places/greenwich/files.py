"""From columns to the files senders would make, with the small, known dirt every extract carries.

Belongs here: windows of coverage, dates and codes as text, repeated rows and stray spaces, the bytes. Not here: which
columns a feed has, and what befell anybody (each domain's own module).

Every file repeats a few of its rows and has spaces around a few values of one column: intake drops both, and
`Dirt` says how many it must find. Records that contradict themselves are additional ones, never a person's only record,
so that holding them back changes no figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from places.base import Submission
from places.greenwich.dates import MONTHS, NEVER, Days, Mask, Positions, as_date, day_number

ISO, BRITISH, COMPACT = "%Y-%m-%d", "%d/%m/%Y", "%Y%m%d"
DUPLICATE, TRIMMED = "row.duplicate", "value.trimmed"
# One row in so many is repeated, one in so many has spaces; every file with rows has one of each.
_REPEATED, _PADDED = 2000, 1000
_OLDEST, _NEWEST = -29_000, 21_000
_day_tables: dict[str, pa.Array] = {}

Columns = dict[str, Any]
Window = tuple[int, int]


@dataclass(frozen=True, order=True)
class Dirt:
    """Rows of a feed, over all its files, that intake must find under one of its rules."""

    feed: str
    rule: str
    rows: int


@dataclass(frozen=True, eq=False)
class Extract:
    """A feed of dated records as several senders send it, again and again over a rolling window.

    sender, day: one place a record. columns: the records at some positions as text columns, as the sender knows them
    on the last day covered. padded: the column with stray spaces. rejected: rule to the records that break it.
    names: what the senders call a column, where not by its canonical name.
    """

    feed: str
    senders: tuple[str, ...]
    windows: Sequence[Window]
    sender: NDArray[Any]
    day: NDArray[Any]
    columns: Callable[[Positions, int], Columns]
    padded: str
    rejected: Mapping[str, Mask] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def files(self) -> Iterator[tuple[str, Window, Positions]]:
        """Sender, window and record positions of each file, in sending order."""
        for window in self.windows:
            covered = (self.day >= window[0]) & (self.day <= window[1])
            for place, sender in enumerate(self.senders):
                yield sender, window, np.flatnonzero(covered & (self.sender == place))

    def submissions(self) -> Iterator[Submission]:
        for sender, window, rows in self.files():
            columns = {"organisation": pa.repeat(sender, len(rows)), **self.columns(rows, window[1])}
            renamed = {self.names.get(name, name): values for name, values in columns.items()}
            yield submission(self.feed, sender, window, renamed, self.names.get(self.padded, self.padded))

    def dirt(self) -> list[Dirt]:
        """What intake must find in all the files together."""
        found: dict[str, int] = {}
        for _, _, rows in self.files():
            for rule, number in dirt_of(len(rows)).items():
                found[rule] = found.get(rule, 0) + number
            for rule, mask in self.rejected.items():
                # a broken record that is repeated is repeated as a whole: intake drops the copy first
                found[rule] = found.get(rule, 0) + int(mask[rows].sum())
        return [Dirt(self.feed, rule, number) for rule, number in sorted(found.items()) if number]


def dirt_of(rows: int) -> dict[str, int]:
    """Repeated rows and rows with stray spaces that a file of so many records carries."""
    if not rows:
        return {}
    return {DUPLICATE: len(_every(rows, _REPEATED)), TRIMMED: len(_every(rows, _PADDED))}


def submission(feed: str, sender: str, window: Window, columns: Columns, padded: str) -> Submission:
    """A file of these columns, with its dirt."""
    table = pa.table(columns)
    rows = len(table)
    if rows:
        # copies are made before the spaces are, and stand at the end
        copies = table.take(pa.array(_every(rows, _REPEATED)))
        spaces = np.zeros(rows, dtype=bool)
        spaces[_every(rows, _PADDED)] = True
        values = np.array(table.column(padded).to_pylist(), dtype=object)
        values[spaces] = " " + values[spaces] + " "
        table = table.set_column(table.column_names.index(padded), padded, pa.array(values, type=pa.string()))
        table = pa.concat_tables([table, copies])
    return Submission(feed, sender, as_date(window[0]), as_date(window[1]), 1, csv_bytes(table), len(table))


def csv_bytes(table: Any) -> bytes:
    """Header and rows; text holds no comma, quotation mark or line break, so nothing is quoted."""
    buffer = BytesIO()
    buffer.write((",".join(table.column_names) + "\n").encode())
    csv.write_csv(table, buffer, csv.WriteOptions(include_header=False, quoting_style="none"))
    return buffer.getvalue()


def day_texts(days: NDArray[Any], style: str = ISO) -> pa.Array:
    """Dates as a sender writes them; blank for `NEVER`."""
    if style not in _day_tables:
        _day_tables[style] = pa.array([as_date(number).strftime(style) for number in range(_OLDEST, _NEWEST)])
    days = np.asarray(days)
    return _day_tables[style].take(pa.array(days.astype(np.int64) - _OLDEST, mask=days >= NEVER))


def code_texts(codes: NDArray[Any], texts: Sequence[str]) -> pa.Array:
    """The text of each code; blank for a negative one."""
    codes = np.asarray(codes, dtype=np.int64)
    return pa.array(texts, type=pa.string()).take(pa.array(codes, mask=codes < 0))


def number_texts(numbers: NDArray[Any], blank: Mask | None = None) -> pa.Array:
    """Whole numbers as text, blank where told."""
    return pa.array(np.asarray(numbers, dtype=np.int64), mask=blank).cast(pa.string())


def record_ids(prefix: str, numbers: NDArray[Any]) -> pa.Array:
    """References such as `HC00000123`: they sort as their numbers do."""
    return pa.array([f"{prefix}{number:08d}" for number in np.asarray(numbers).tolist()], type=pa.string())


def rolling_windows(months: int) -> tuple[Window, ...]:
    """First and last day covered by the file sent after each quarter, for files of so many months."""
    ends = [month for month in MONTHS if month.end.month in (3, 6, 9, 12)]
    return tuple((day_number(_months_before(month.start, months - 1)), day_number(month.end)) for month in ends)


def known_until(days: Days, windows: Iterable[Window]) -> Positions:
    """For each event day the last day of the newest file that covers it: what came later nobody was told."""
    found = np.full(len(days), -1, dtype=np.int64)
    for start, end in windows:
        found[(days >= start) & (days <= end)] = end
    return found


def _months_before(first: Any, months: int) -> Any:
    whole = first.year * 12 + first.month - 1 - months
    return first.replace(year=whole // 12, month=whole % 12 + 1)


def _every(rows: int, step: int) -> Positions:
    """Positions of the rows chosen for dirt."""
    return np.arange(rows % step // 2, rows, step, dtype=np.int64)
