"""Parquet: typed columns to the text a CSV of them would hold, or a named reason why not.

Belongs here: which types a column may have for what the contract says it is, and each type as text. Not here: the same
rules as for any other table (`ingest.read`, `ingest.conform`). Columns are bound by name; nested ones are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foundation.canonical import plain_decimal
from ingest.contract import Contract
from ingest.read import FileRejectedError, Source, too_many_columns
from ingest.rules import finding
from ingest.unpacked import TOO_LARGE
from ingest.workbook import date_text, number_text

_BATCH = 4_000


def parquet_source(data: bytes, contract: Contract) -> Source:
    """Header and records of a Parquet file. FileRejectedError for one that is damaged, too large when it is unpacked,
    or has a column of a type that has no text."""
    limits = contract.custom.limits
    try:
        schema = pq.ParquetFile(BytesIO(data)).schema_arrow
        texts = [item.name for item in schema if _is_text(item.type)]
        # texts as dictionaries: one long text repeated a million times stays one
        file = pq.ParquetFile(BytesIO(data), read_dictionary=texts)
        described = file.metadata
        groups = [described.row_group(number) for number in range(described.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
    except Exception:  # (what breaks on bytes somebody else wrote is their damage, whatever it is called)
        raise _damaged() from None
    if len(schema) > limits.columns:
        raise too_many_columns(limits.columns)
    # as CSV each value takes a byte at least
    if max(unpacked, described.num_rows * len(schema)) > limits.fileBytes:
        raise FileRejectedError(TOO_LARGE)
    for position, item in enumerate(schema, start=1):
        if not _has_text(item.type):
            raise FileRejectedError(
                finding("parquet.type", f"Column {position} is of a type that has no text: nested, binary or a time.")
            )

    def rows(formats: Mapping[int, str]) -> Iterator[list[str]]:
        written = 0
        for record in _records(file, formats, limits.fieldCharacters):
            written += sum(map(len, record)) + len(record)
            if written > limits.fileBytes:
                raise FileRejectedError(TOO_LARGE)
            yield record

    return Source(list(schema.names), rows)


def _damaged() -> FileRejectedError:
    return FileRejectedError(finding("container.damaged", "The Parquet file cannot be read to its end."))


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _has_text(kind: Any) -> bool:
    """Whether values of a type are one text each: text, numbers, true or false, dates and clock times without zone."""
    types = pa.types
    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    if types.is_timestamp(kind):
        return kind.tz is None
    return bool(
        _is_text(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
        or types.is_date(kind)
        or types.is_null(kind)
    )


def _records(file: Any, formats: Mapping[int, str], longest: int) -> Iterator[list[str]]:
    batches = file.iter_batches(batch_size=_BATCH)
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            columns = [_texts(column, formats.get(position), longest) for position, column in enumerate(batch.columns)]
        except FileRejectedError:
            raise
        except Exception:  # (see parquet_source)
            raise _damaged() from None
        for record in zip(*columns, strict=True):
            yield list(record)


def _texts(column: Any, date_format: str | None, longest: int) -> list[str]:
    """A column as text, a missing value as a blank cell."""
    if pa.types.is_dictionary(column.type):
        return _distinct_texts(column, longest)
    if pa.types.is_floating(column.type):
        # as text of its own width first: 0.1 of 32 bits is 0.1, and not the long tail that 64 bits show of it
        return ["" if text is None else number_text(Decimal(text)) for text in pc.cast(column, pa.string()).to_pylist()]
    known: dict[Any, str] = {None: ""}
    texts = []
    for value in _python_values(column):
        if value not in known:
            known[value] = _text(value, date_format)
        texts.append(known[value])
    return texts


def _python_values(column: Any) -> list[Any]:
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Python's clock ends at microseconds: a value that has more is no day, and must not look like one
        column = column.cast(pa.timestamp("us"))
    return list(column.to_pylist())


def _distinct_texts(column: Any, longest: int) -> list[str]:
    distinct = column.dictionary
    try:
        distinct.validate(full=True)
    except pa.ArrowInvalid:
        raise FileRejectedError(finding("encoding.undecodable", "A text is not UTF-8.")) from None
    if len(distinct) and (pc.max(pc.utf8_length(distinct)).as_py() or 0) > longest:
        raise FileRejectedError(finding("structure.field_too_long", "A text is longer than the contract allows."))
    if pc.any(pc.match_substring(distinct, "\x00")).as_py():
        raise FileRejectedError(finding("encoding.nul", "A text holds a NUL character."))
    return [text or "" for text in column.cast(distinct.type).to_pylist()]


def _text(value: Any, date_format: str | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    return date_text(value, date_format) if isinstance(value, date) else str(value)
