"""Tables on disk whose bytes depend on their content alone: CSV and workbooks for people, Parquet for machines.

CSV: UTF-8, comma, LF, header, a text cell that a spreadsheet would run as a formula is escaped
(`foundation.escaping`). Parquet: zstd, one row group order, no writer-dependent metadata.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundation.canonical import plain_decimal
from foundation.csv_lines import csv_text
from foundation.durable import write_bytes, write_pieces
from foundation.escaping import escaped

# rows that lie together in a Parquet file: what has to be in memory at once of a file that is written or read
ROW_GROUP = 1 << 17
# the earliest date a ZIP archive can hold: it says nothing, and is the same everywhere
_FIXED = (1980, 1, 1, 0, 0, 0)


def cell_text(value: Any) -> str:
    """A value as a CSV cell: blank for missing, plain digits for numbers, safe text otherwise."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return escaped(str(value))


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The CSV bytes of rows in the order given."""
    lines = ([cell_text(row.get(column)) for column in columns] for row in rows)
    return csv_text(chain([columns], lines)).encode()


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    write_bytes(path, csv_bytes(columns, rows))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as Parquet, so that the same content gives the same bytes."""
    return b"".join(parquet_pieces(table.schema, [table]))


def parquet_pieces(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[bytes]:
    """The bytes of tables put one after another, as one Parquet file, a group of rows in memory at a time.

    Where one table ends and the next begins leaves no trace in the bytes.
    """
    sink = _Pieces()
    with pq.ParquetWriter(
        sink, schema.remove_metadata(), compression="zstd", version="2.6", store_schema=False, write_statistics=True
    ) as writer:
        for group in _in_groups(tables):
            # one chunk: where a column breaks off would show in its pages
            writer.write_table(group.replace_schema_metadata(None).combine_chunks(), row_group_size=ROW_GROUP)
            yield from sink.taken()
    yield from sink.taken()


class _Pieces(io.RawIOBase):
    """A file to write to, whose bytes are taken away as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        self._written += len(self._pieces[-1])
        return len(self._pieces[-1])

    def taken(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _in_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `ROW_GROUP` rows, the last one shorter."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        start = 0
        while count + table.num_rows - start >= ROW_GROUP:
            wanted = ROW_GROUP - count
            yield pa.concat_tables([*waiting, table.slice(start, wanted)])
            waiting, count, start = [], 0, start + wanted
        if start < table.num_rows:
            waiting.append(table.slice(start))
            count += table.num_rows - start
    if waiting:
        yield pa.concat_tables(waiting)


def write_parquet(path: Path, table: pa.Table) -> None:
    write_bytes(path, parquet_bytes(table))


def write_parquet_tables(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """`write_parquet` of tables put one after another; they need not all be in memory."""
    write_pieces(path, parquet_pieces(schema, tables))


def text_bytes(texts: pa.ChunkedArray) -> Iterator[memoryview]:
    """UTF-8 of all texts, one straight after another, piece by piece and without a copy.

    texts: large_string without nulls. Whoever hashes them puts what parts them into the texts.
    """
    for chunk in texts.chunks:
        if not len(chunk):
            continue
        _, offsets, data = chunk.buffers()
        ends = memoryview(offsets).cast("q")
        if data is not None:
            yield memoryview(data)[ends[chunk.offset] : ends[chunk.offset + len(chunk)]]


def lasting_workbook(raw: bytes) -> bytes:
    """The same workbook with every member's date fixed, members in name order, nothing compressed.

    Compression is left out because its bytes depend on the library of the machine.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(out, "w") as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                # openpyxl writes the moment of saving over the date that was set
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, _FIXED)
            entry.compress_type = zipfile.ZIP_STORED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, content)
    return out.getvalue()
