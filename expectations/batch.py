"""What a batch is made of: pandas series of Arrow columns, and columns computed where GX has no expectation.

Belongs here: the conversion and each kind of `Derived`. Not here: running (`expectations.runner`).

A batch is for judging only. Money in it is floating point, good enough for a range; what goes on to the lake is
the Arrow table. Series are numpy-backed: type-dependent expectations fail on Arrow-backed ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.expectation import Derived

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
FILLED, BLANK = "filled", "blank"


def series(column: Any) -> Any:
    """A numpy-backed pandas series of an Arrow column; a blank becomes NaT, NaN or None."""
    import pandas as pd

    kind = column.type
    encoded = encode(column)
    if pa.types.is_date(kind):
        days = encoded.dictionary.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        return pd.Series(days[encoded.indices.to_numpy()], dtype="datetime64[us]")
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        distinct = np.array(
            [float("nan") if value is None else float(value) for value in encoded.dictionary.to_pylist()],
            dtype="float64",
        )
        return pd.Series(distinct[encoded.indices.to_numpy()], dtype="float64")
    objects = np.empty(len(encoded.dictionary), dtype="object")
    objects[:] = encoded.dictionary.to_pylist()
    return pd.Series(objects[encoded.indices.to_numpy()], dtype="object")


def encode(column: Any) -> Any:
    """A column as an Arrow dictionary array: distinct values and, by row, their numbers; a blank is a value."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_null(whole.type):
        whole = whole.cast(pa.string())
    return whole.dictionary_encode("encode")


def _difference(table: Any, derived: Derived) -> Any:
    # decimals of nearly 38 digits, so that nothing is inexact or too large; each subtraction takes one digit more
    digits = 38 - len(derived.columns)
    wide = [_wide(table.column(name), digits) for name in derived.columns]
    found = wide[0]
    for other in wide[1:]:
        found = pc.subtract(found, other)
    return found


def _wide(column: Any, digits: int) -> Any:
    return column.cast(pa.decimal128(digits, column.type.scale if pa.types.is_decimal(column.type) else 0))


def _where(table: Any, derived: Derived) -> Any:
    return _blank_unless(table.column(derived.columns[0]), pc.equal(table.column(derived.columns[1]), derived.equals))


def _between(table: Any, derived: Derived) -> Any:
    column = table.column(derived.columns[0])
    held = pc.is_valid(column)
    if derived.low is not None:
        held = pc.and_(held, pc.greater_equal(column, pa.scalar(derived.low)))
    if derived.high is not None:
        held = pc.and_(held, pc.less_equal(column, pa.scalar(derived.high)))
    return _blank_unless(column, held)


def _blank_unless(column: Any, held: Any) -> Any:
    return pc.if_else(pc.fill_null(held, False), column, pa.scalar(None, column.type))


def _days(table: Any, derived: Derived) -> Any:
    later, earlier = (table.column(name).cast(pa.int32()) for name in derived.columns)
    return pc.subtract(later, earlier)


def _days_since_month(table: Any, derived: Derived) -> Any:
    encoded = encode(table.column(derived.columns[1]))
    starts = [
        date(int(text[:4]), int(text[5:]), 1)
        if text is not None and _MONTH.fullmatch(text) and text[:4] > "0000"
        else None
        for text in encoded.dictionary.to_pylist()
    ]
    start = pa.array(starts, pa.date32()).take(encoded.indices)
    return pc.subtract(table.column(derived.columns[0]).cast(pa.int32()), start.cast(pa.int32()))


def _filled(column: Any) -> Any:
    return pc.if_else(pc.is_valid(column), FILLED, BLANK)


def _filled_with(table: Any, derived: Derived) -> Any:
    return pc.binary_join_element_wise(_filled(table.column(derived.columns[0])), table.column(derived.columns[1]), " ")


def _filled_both(table: Any, derived: Derived) -> Any:
    first, second = (_filled(table.column(name)) for name in derived.columns)
    return pc.binary_join_element_wise(first, second, " ")


def _distinct_per(table: Any, derived: Derived) -> Any:
    key, value = (encode(table.column(name)) for name in derived.columns)
    keys, values = key.indices.to_numpy(), value.indices.to_numpy().astype("int64")
    held = key.dictionary.is_valid().to_numpy(zero_copy_only=False)[keys]
    both = held & value.dictionary.is_valid().to_numpy(zero_copy_only=False)[values]
    # a number for each pair, so that pairs are counted without their texts
    pairs = np.sort(keys[both] * np.int64(len(value.dictionary)) + values[both])
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    counts = np.bincount(pairs // max(len(value.dictionary), 1), minlength=len(key.dictionary))
    found = counts[keys]
    return pa.chunked_array([pa.array(found, pa.int64(), mask=~held | (found == 0))])


def _days_after_latest(table: Any, derived: Derived) -> Any:
    event, key, day, flag = derived.columns
    held = table.filter(
        pc.fill_null(pc.and_(pc.is_valid(table.column(key)), pc.equal(table.column(flag), derived.equals)), False)
    )
    latest = pa.TableGroupBy(held.select([key, day]), [key], use_threads=False).aggregate([(day, "max")])
    since = _looked_up(table.column(key), latest.column(key), latest.column(f"{day}_max"))
    return pc.subtract(table.column(event).cast(pa.int32()), since.cast(pa.int32()))


def _looked_up(wanted: Any, keys: Any, values: Any) -> Any:
    """The value of each key wanted; blank where the key is blank or not there."""
    return values.take(pc.index_in(wanted, keys.combine_chunks()))


_KINDS: dict[str, Callable[[Any, Derived], Any]] = {
    "difference": _difference,
    "where": _where,
    "between": _between,
    "days": _days,
    "days_since_month": _days_since_month,
    "filled_with": _filled_with,
    "filled_both": _filled_both,
    "distinct_per": _distinct_per,
    "days_after_latest": _days_after_latest,
}


def derive(table: Any, derived: Derived) -> Any:
    """The Arrow column a `Derived` describes."""
    return _KINDS[derived.kind](table, derived)
