"""From a sender's layout to the canonical table: the same events in two layouts give identical rows.

Belongs here: what a cell means: dates, whole numbers, decimals, words for missing, columns a layout never
sends. Not here: whether a value is plausible or allowed (`expectations`).
A cell that cannot be read takes its row out; nothing is ever turned into 0 or guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa

from ingest.contract import DATE_FORMATS, Column, Contract, Layout
from ingest.read import FileRejectedError, RawTable
from ingest.rules import Finding, finding

# ASCII digits only: `str.isdigit` is true for full-width and Arabic digits
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_DATE_SHAPES = {
    "YYYY-MM-DD": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII),
    "DD/MM/YYYY": re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{4}", re.ASCII),
    "DD-MM-YYYY": re.compile(r"[0-9]{2}-[0-9]{2}-[0-9]{4}", re.ASCII),
    "YYYYMMDD": re.compile(r"[0-9]{8}", re.ASCII),
}
# other ways of writing a date: seen, the whole file is in doubt, for days and months may be swapped elsewhere unseen
_OTHER_DATE_FORMATS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_MARKUP = re.compile(r"<[a-z/!?]|\{\{|\{%|\{#|'\s*\)?\s*;|--\s*$|;\s*--", re.IGNORECASE)
_TWICE_ENCODED = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac")
_PLAIN_SPACE = " \t\r\n"
_NO_BREAK = "\u00a0\u202f\u2007"
# An export through binary floating point leaves a tail of many digits a hair from the true amount.
_DRIFT_DIGITS, _DRIFT = 9, Decimal("0.0000001")


@dataclass
class Conformed:
    """Typed rows of a submission and what happened on the way.

    `table` holds the rows that could be read (schema of the contract, in file order); `faults` the findings of
    those that could not; `unreadable` the number of rows that could not, by column.
    """

    table: Any
    rows_read: int
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    unreadable: dict[str, int] = field(default_factory=dict)


class _UnreadableError(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule)
        self.rule, self.message = rule, message


def parse_integer(text: str) -> int:
    """A whole number in plain ASCII digits; ValueError otherwise (`1,234`, `1e3`, `12.0`, `007`, `-0`)."""
    if not _INTEGER.fullmatch(text):
        raise ValueError("not a whole number")
    return int(text)


def parse_decimal(text: str, decimals: int, precision: int, scale: int) -> tuple[Decimal, bool]:
    """A plain decimal with at most `decimals` places, and whether binary drift was taken off.

    Zeros beyond the agreed places are dropped. ValueError for separators, signs of currency, exponents,
    more places than agreed, or more digits than DECIMAL(precision, scale) holds.
    """
    if not _DECIMAL.fullmatch(text):
        raise ValueError("not a plain decimal")
    value, drifted = Decimal(text), False
    exact = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP) if len(text) < 60 else None
    if exact is None:
        raise ValueError("too many digits")
    if exact != value:
        places = len(text.partition(".")[2])
        if places < _DRIFT_DIGITS or abs(exact - value) > _DRIFT:
            raise ValueError("more decimals than agreed")
        drifted = True
    if abs(exact) >= Decimal(10) ** (precision - scale):
        raise ValueError("too large")
    return exact.quantize(Decimal(1).scaleb(-scale)), drifted


def parse_date(text: str, date_format: str) -> date:
    """A date written exactly in the layout's format; ValueError otherwise."""
    if not _DATE_SHAPES[date_format].fullmatch(text):
        raise ValueError("not in the layout's format")
    return datetime.strptime(text, DATE_FORMATS[date_format]).date()  # noqa: DTZ007 (a day has no time zone)


def _is_date_of_other_format(text: str) -> bool:
    for pattern in _OTHER_DATE_FORMATS:
        try:
            datetime.strptime(text, pattern)  # noqa: DTZ007
        except ValueError:
            continue
        return True
    return False


def _typed(text: str, column: Column, layout: Layout, notes: set[str]) -> Any:
    """Value of a non-blank cell. Adds the ids of harmless findings to `notes`; _UnreadableError takes the row out."""
    if _INVISIBLE.search(text):
        raise _UnreadableError("value.invisible_character", "The value holds an invisible character.")
    if _CONTROL.search(text):
        raise _UnreadableError("value.control_character", "The value holds a control character.")
    if column.kind == "integer":
        try:
            return parse_integer(text)
        except ValueError:
            raise _UnreadableError("value.integer", "The value is not a whole number in plain digits.") from None
    if column.kind == "number":
        try:
            value, drifted = parse_decimal(text, column.decimals, column.precision, column.scale)
        except ValueError as error:
            raise _UnreadableError("value.decimal", f"The value is {error}.") from None
        if drifted:
            notes.add("value.float_drift")
        return value
    if column.kind == "date":
        try:
            return parse_date(text, layout.dateFormat)
        except ValueError:
            if _is_date_of_other_format(text):
                raise _UnreadableError(
                    "value.date_format", f"The date is not written as {layout.dateFormat}."
                ) from None
            raise _UnreadableError("value.date", f"The value is not a date written as {layout.dateFormat}.") from None
    if column.max_length is not None and len(text) > column.max_length:
        raise _UnreadableError("value.too_long", f"The text is longer than {column.max_length} characters.")
    if column.free_text:
        if text.startswith(_FORMULA_STARTS):
            notes.add("value.formula")
        if _MARKUP.search(text):
            notes.add("value.markup")
        if "\n" in text or "\r" in text:
            notes.add("value.line_break")
        if _TWICE_ENCODED.search(text):
            notes.add("encoding.double_encoded")
    return text


def _clean(cell: str, notes: set[str]) -> str:
    plain = cell.strip(_PLAIN_SPACE)
    stripped = plain.strip(_PLAIN_SPACE + _NO_BREAK)
    if stripped != plain:
        notes.add("value.no_break_space")
    elif plain != cell:
        notes.add("value.trimmed")
    return stripped


def _refuse_second_header(raw: RawTable, contract: Contract) -> None:
    """Words in every number and date of the first row: it is a second header, not a record."""
    if not raw.rows:
        return
    words = typed = 0
    for column, cell in zip(raw.columns, raw.rows[0].cells, strict=True):
        definition = contract.by_name[column]
        text = cell.strip(_PLAIN_SPACE + _NO_BREAK)
        if definition.kind == "string" or not text or text in definition.null_tokens:
            continue
        typed += 1
        looks_like_word = re.match(r"[^\W\d_]{2}|\(?[A-Za-z%£]", text) is not None
        words += (
            looks_like_word and not _is_date_of_other_format(text) and text.casefold() not in ("nan", "inf", "infinity")
        )
    if typed >= 2 and words == typed:
        raise FileRejectedError(
            finding("structure.header_rows", "The row after the header holds words where figures belong.")
        )


def conform(raw: RawTable, contract: Contract) -> Conformed:
    """Canonical typed rows of a file. Raises FileRejectedError when dates are in another format than the layout's."""
    _refuse_second_header(raw, contract)
    position = {name: index for index, name in enumerate(raw.columns)}
    values: dict[str, list[Any]] = {name: [] for name in contract.column_names}
    numbers: list[int] = []
    faults: list[Finding] = []
    unreadable: dict[str, int] = {}
    # (rule, column) -> rows; harmless and possibly on every row, so reported once a column
    notes: dict[tuple[str, str], int] = {}
    for row in raw.rows:
        typed: dict[str, Any] = {}
        broken = False
        for column in contract.columns:
            if column.name not in position:
                typed[column.name] = None
                continue
            found: set[str] = set()
            text = _clean(row.cells[position[column.name]], found)
            if text == "":
                typed[column.name] = None
            elif text in column.null_tokens:
                typed[column.name] = None
                found.add("value.null_token")
            else:
                try:
                    typed[column.name] = _typed(text, column, raw.layout, found)
                except _UnreadableError as problem:
                    broken = True
                    unreadable[column.name] = unreadable.get(column.name, 0) + 1
                    faults.append(finding(problem.rule, problem.message, column.name, row.number))
            for rule in found:
                notes[rule, column.name] = notes.get((rule, column.name), 0) + 1
        if not broken:
            numbers.append(row.number)
            for name, value in typed.items():
                values[name].append(value)
    swapped = [item for item in faults if item.rule == "value.date_format"]
    if swapped:
        raise FileRejectedError(swapped[0], tuple(swapped[1:]))
    table = pa.Table.from_arrays(
        [
            pa.array(numbers, pa.int64()),
            *(pa.array(values[column.name], column.arrow_type) for column in contract.columns),
        ],
        schema=contract.schema,
    )
    summary = [finding(rule, f"In {count} rows.", column) for (rule, column), count in sorted(notes.items())]
    return Conformed(table, len(raw.rows), faults, summary, unreadable)


def drop_exact_duplicates(table: Any) -> tuple[Any, list[int]]:
    """The table without rows that repeat an earlier one in every column, and the row numbers dropped."""
    seen: set[tuple[Any, ...]] = set()
    keep: list[int] = []
    dropped: list[int] = []
    names = [name for name in table.column_names if name != "row_number"]
    for index, row in enumerate(table.to_pylist()):
        content = tuple(row[name] for name in names)
        if content in seen:
            dropped.append(row["row_number"])
        else:
            seen.add(content)
            keep.append(index)
    return (table, dropped) if not dropped else (table.take(pa.array(keep, pa.int64())), dropped)


def column_sums(table: Any, columns: Mapping[str, Column]) -> dict[str, Decimal]:
    """Exact sum of each number or integer column named, nulls left out."""
    sums = {}
    for name in columns:
        sums[name] = sum((Decimal(value) for value in table.column(name).to_pylist() if value is not None), Decimal(0))
    return sums
