"""Rows of one large file on disk, by event month, while it is judged; docs/adr/0020.

Belongs here: writing rows down part by part, reading them again in file order within a month, and finding the rows that
share a key, in memory that does not grow with the file. Not here: what is made of them (`expectations.in_parts`,
`ingest.lake`).

What is written down went through `ingest.identity.tokenise`: tokens, and no identifier. The folder is 0700 and gone
when its rows are no longer wanted; what a killed process leaves is swept, for its name begins as all temporary ones do.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foundation.durable import TEMPORARY
from ingest.contract import Contract

# rows read back at a time; rows that share keys looked at together; files that hashes are spread over
BATCH_ROWS, GROUP_ROWS, BUCKETS = 1 << 16, 1 << 18, 64
# a file with rows of more months holds something else than months
MOST_MONTHS = 400
_HASHED = np.dtype([("hash", "<u8"), ("row", "<i8")])
# odd numbers without a pattern: of the golden ratio, and of the square root of 2
_STEP, _MIX, _BLANK = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x6A09E667F3BCC909), np.uint64(0x3C6EF372FE94F82B)
_HASHED_ROWS = 8_192

Key = tuple[str, ...]


class TooManyMonthsError(Exception):
    """The event column holds more months than files are kept open for."""


def label_of(value: Any) -> str:
    """Event month of a date, or of a month written as text."""
    return value.strftime("%Y-%m") if isinstance(value, date) else str(value)


def by_month(table: Any, contract: Contract) -> dict[str, Any]:
    """Month label -> its rows, in file order."""
    if not table.num_rows:
        return {}
    events = table.column(contract.custom.eventColumn).combine_chunks().dictionary_encode("encode")
    labels = [label_of(value) for value in events.dictionary.to_pylist()]
    months = sorted(set(labels))
    if len(months) == 1:
        return {months[0]: table}
    number = {label: place for place, label in enumerate(months)}
    by_row = np.array([number[label] for label in labels])[events.indices.to_numpy()]
    # stable, so that rows of a month keep the order of the file
    order = np.argsort(by_row, kind="stable")
    sorted_rows = table.take(pa.array(order))
    ends = np.searchsorted(by_row[order], np.arange(len(months)), side="right").tolist()
    starts = [0, *ends[:-1]]
    return {label: sorted_rows.slice(starts[place], ends[place] - starts[place]) for place, label in enumerate(months)}


class Spill:
    """The rows of a file that could be read. keys: columns whose repetitions will be asked for."""

    def __init__(self, beside: Path | None, contract: Contract, keys: Iterable[Key]) -> None:
        # removed with the last reference, or by hand (`close`)
        self._path = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}spill-", dir=beside))
        self._removal = weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)
        self._contract = contract
        self._keys = {key: self._path / f"key{number}" for number, key in enumerate(dict.fromkeys(keys))}
        self._open: dict[str, Any] = {}
        self._files: dict[str, Path] = {}
        self.schema: Any = None
        self.num_rows = 0
        # numbers of rows that no longer count, in order
        self.gone = np.array([], dtype="int64")

    def add(self, table: Any) -> None:
        """Write rows down; they come in file order."""
        self.schema = table.schema
        self.num_rows += table.num_rows
        for label, rows in by_month(table, self._contract).items():
            if label not in self._open:
                if len(self._open) >= MOST_MONTHS:
                    raise TooManyMonthsError
                self._files[label] = self._path / f"month{len(self._open)}.arrows"
                self._open[label] = pa.ipc.new_stream(str(self._files[label]), table.schema)
            self._open[label].write_table(rows.combine_chunks())
        numbers = table.column("row_number").to_numpy()
        for key, path in self._keys.items():
            made = np.empty(table.num_rows, dtype=_HASHED)
            made["hash"], made["row"] = hashes(table, key), numbers
            buckets = (made["hash"] >> np.uint64(40)) % np.uint64(BUCKETS)
            made = made[np.argsort(buckets, kind="stable")]
            ends = np.cumsum(np.bincount(buckets.astype("int64"), minlength=BUCKETS)).tolist()
            for bucket, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
                if end > start:
                    with (path.with_suffix(f".{bucket}")).open("ab") as handle:
                        handle.write(made[start:end].tobytes())

    def finish(self) -> None:
        """Nothing more comes."""
        for writer in self._open.values():
            writer.close()

    def close(self) -> None:
        self._removal()

    def has_key(self, key: Key) -> bool:
        return key in self._keys

    def take_out(self, numbers: Iterable[int]) -> None:
        """Let rows count no longer."""
        self.gone = np.union1d(self.gone, np.fromiter(numbers, dtype="int64"))

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """All rows that count, month after month, some thousands at a time; `row_number` is always there."""
        yield from _gathered(
            part if columns is None else part.select(["row_number", *columns])
            for label in self.months
            for part in self._written(label, self.gone)
        )

    def of_month(self, label: str, gone: Any) -> Iterator[Any]:
        """Rows of a month in file order, without those of some numbers."""
        yield from _gathered(self._written(label, gone))

    def _written(self, label: str, gone: Any) -> Iterator[Any]:
        with pa.OSFile(str(self._files[label])) as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                yield without(pa.Table.from_batches([batch]), gone)

    @property
    def months(self) -> list[str]:
        return sorted(self._files)

    def repeated(self, key: Key, columns: Sequence[str] | None = None, *, blanks: bool = True) -> Iterator[Any]:
        """Tables of the rows that may share a key with another one: rows with the same key are in the same table.

        A row in none shares its key with nobody. blanks: False leaves out rows whose key is blank.
        """
        for numbers in self._groups(key):
            wanted = pa.array(numbers)
            found = []
            for part in self.tables(columns):
                held = pc.is_in(part.column("row_number"), wanted)
                if not blanks:
                    held = pc.and_(held, pc.is_valid(part.column(key[0])))
                found.append(part.filter(held))
            table = pa.concat_tables(found) if found else None
            if table is not None and table.num_rows > 1:
                yield table.sort_by("row_number")

    def _groups(self, key: Key) -> Iterator[Any]:
        """Numbers of rows whose key has the same hash as another row's: some thousands, and each hash in one group."""
        path = self._keys[key]
        waiting: list[Any] = []
        count = 0
        for bucket in range(BUCKETS):
            file = path.with_suffix(f".{bucket}")
            if not file.exists():
                continue
            made = np.fromfile(file, dtype=_HASHED)
            made = made[~np.isin(made["row"], self.gone)]
            made = made[np.argsort(made["hash"], kind="stable")]
            same = made["hash"][1:] == made["hash"][:-1]
            made = made[np.append(same, False) | np.insert(same, 0, False)] if len(made) else made
            begins = np.flatnonzero(made["hash"][1:] != made["hash"][:-1]) + 1
            start = 0
            for end in [*begins.tolist(), len(made)]:
                if end - start + count >= GROUP_ROWS:
                    yield np.concatenate([*waiting, made["row"][start:end]])
                    waiting, count, start = [], 0, end
            if start < len(made):
                waiting.append(made["row"][start:])
                count += len(made) - start
        if count:
            yield np.concatenate(waiting)


class SpilledRows:
    """Rows of a file that may be used, as they lie on disk; what a table is for a file that is held in memory."""

    def __init__(self, spill: Spill, taken_out: Iterable[int], contract: Contract) -> None:
        self._spill, self._contract = spill, contract
        self._gone = np.union1d(spill.gone, np.fromiter(taken_out, dtype="int64"))
        self.num_rows = spill.num_rows - len(self._gone)

    @property
    def schema(self) -> Any:
        return self._spill.schema

    @property
    def column_names(self) -> list[str]:
        return list(self._spill.schema.names)

    def months(self) -> Iterator[tuple[str, Iterator[Any]]]:
        """Month label -> tables of its rows in file order, for months that have any."""
        for label in self._spill.months:
            parts = self._spill.of_month(label, self._gone)
            first = next(parts, None)
            if first is not None:
                yield label, _first_and(first, parts)

    def tables(self) -> Iterator[Any]:
        """All rows, month after month."""
        for _, parts in self.months():
            yield from parts

    def whole(self) -> Any:
        """All rows in file order, in memory."""
        return pa.concat_tables([self.schema.empty_table(), *self.tables()]).sort_by("row_number")

    def close(self) -> None:
        """Remove the rows from disk; nothing can be asked of them afterwards."""
        self._spill.close()


def _gathered(parts: Iterable[Any]) -> Iterator[Any]:
    """The same rows in tables of about `BATCH_ROWS`, none of them empty."""
    waiting: list[Any] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += part.num_rows
        if count >= BATCH_ROWS:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting, count = [], 0
    if count:
        yield pa.concat_tables(waiting).combine_chunks()


def whole(rows: Any) -> Any:
    """A table of rows that are one or lie on disk."""
    return rows.whole() if isinstance(rows, SpilledRows) else rows


def without(table: Any, gone: Any) -> Any:
    """A table without the rows of some numbers, which are in order."""
    if not len(gone) or not table.num_rows:
        return table
    held = table.column("row_number").to_numpy()
    if gone[-1] < held.min() or gone[0] > held.max():
        return table
    keep = ~np.isin(held, gone)
    return table if keep.all() else table.filter(pa.array(keep))


def _first_and(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def hashes(table: Any, key: Key) -> Any:
    """A number for each row that is the same where the key is the same. Another key may have it too."""
    found = np.zeros(table.num_rows, dtype="u8")
    for name in key:
        found = _mixed(found * _STEP + _hashes_of(table.column(name)))
    return found


def _mixed(numbers: Any) -> Any:
    numbers = (numbers ^ (numbers >> np.uint64(31))) * _MIX
    return numbers ^ (numbers >> np.uint64(29))


def _hashes_of(column: Any) -> Any:
    whole_column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = whole_column.type
    if pa.types.is_date32(kind) or pa.types.is_int64(kind):
        plain = whole_column.cast(pa.int32()) if pa.types.is_date32(kind) else whole_column
        found = plain.fill_null(0).to_numpy(zero_copy_only=False).astype("i8").view("u8")
    else:
        texts = whole_column.cast(pa.large_string()).fill_null("")
        found = np.concatenate(
            [
                np.zeros(0, dtype="u8"),
                *(_hashes_of_texts(texts.slice(start, _HASHED_ROWS)) for start in range(0, len(texts), _HASHED_ROWS)),
            ]
        )
    if whole_column.null_count:
        found = np.where(whole_column.is_null().to_numpy(zero_copy_only=False), _BLANK, found)
    return found


def _hashes_of_texts(texts: Any) -> Any:
    """Each text's bytes as digits of one number; more of them than fit are cut off at the top."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, dtype="<i8")[texts.offset : texts.offset + len(texts) + 1]
    begin, stop = int(ends[0]), int(ends[-1])
    if data is None or begin == stop:
        return np.zeros(len(texts), dtype="u8")
    signs = np.frombuffer(data, dtype="u1")[begin:stop].astype("u8") + np.uint64(1)
    starts = ends - begin
    lengths = np.diff(starts)
    places = np.arange(stop - begin) - np.repeat(starts[:-1], lengths)
    powers = np.cumprod(np.full(int(lengths.max()), _STEP, dtype="u8"))
    sums = np.insert(np.cumsum(signs * powers[places], dtype="u8"), 0, 0)
    return _mixed(sums[starts[1:]] - sums[starts[:-1]])
