"""Tables on disk whose bytes depend on their content alone: CSV for people, Parquet for machines.

CSV: UTF-8, comma, LF, header, a text cell that a spreadsheet would run as a formula is escaped
with a leading apostrophe. Parquet: zstd, one row group order, no writer-dependent metadata.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundation.canonical import plain_decimal
from foundation.durable import write_bytes

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    text = str(value)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The CSV bytes of rows in the order given."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell_text(row.get(column)) for column in columns])
    return buffer.getvalue().encode()


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    write_bytes(path, csv_bytes(columns, rows))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as Parquet, so that the same content gives the same bytes."""
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(None).combine_chunks(),
        sink,
        compression="zstd",
        version="2.6",
        store_schema=False,
        write_statistics=True,
    )
    return sink.getvalue()


def write_parquet(path: Path, table: pa.Table) -> None:
    write_bytes(path, parquet_bytes(table))


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
