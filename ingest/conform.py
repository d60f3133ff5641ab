"""From a sender's layout to the canonical table: the same events in two layouts give identical rows.

Belongs here: what a cell means: dates, whole numbers, decimals, words for missing, columns a layout never
sends. Not here: whether a value is plausible or allowed (`expectations`).
A cell that cannot be read takes its row out; nothing is ever turned into 0 or guessed.

The rules are written for one cell (`_cell`) and applied to each distinct text of a column once; the rest is
looking up. Text in plain visible letters, which no rule of a text column can change, is passed without asking.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foundation.canonical import plain_decimal
from ingest.contract import DATE_FORMATS, Column, Contract, Layout
from ingest.read import FileRejectedError, RawTable
from ingest.rules import FILE, Finding, finding
from ingest.unlisted import told, worth_telling

# ASCII digits only: `str.isdigit` is true for full-width and Arabic digits
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
# signs that take no room: format characters, fillers, separators of lines that no line end is
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001-\U000e007f]"
)
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
# a column whose codes are these two is an answer, and systems write answers in their own words
_ANSWERS = frozenset({"Y", "N"})
_ANSWER_WORDS = {"y": "Y", "yes": "Y", "true": "Y", "1": "Y", "n": "N", "no": "N", "false": "N", "0": "N"}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_MARKUP = re.compile(r"<[a-z/!?]|\{\{|\{%|\{#|'\s*\)?\s*;|--\s*$|;\s*--", re.IGNORECASE)
_TWICE_ENCODED = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac")
# how a spreadsheet writes a number it has no room for, and a value it could not work out
_SCIENTIFIC = "^-?[0-9](?:\\.[0-9]+)?E\\+[0-9]{2,}$"
_SHEET_ERROR = "^#(?:N/A|REF!|VALUE!|DIV/0!|NAME\\?|NULL!|NUM!|SPILL!|CALC!|#+)$"
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
# visible ASCII without spaces: nothing to trim, nothing invisible, no control character
_PLAIN_TEXT = "^[!-~]+$"
# an NHS number has rules of its own (`ingest.identity`)
_JUDGED_ELSEWHERE = "nhs_number"
_PLAIN_SPACE = " \t\r\n"
_NO_BREAK = "\u00a0\u202f\u2007"
# An export through binary floating point leaves a tail of many digits a hair from the true amount.
_DRIFT_DIGITS, _DRIFT = 9, Decimal("0.0000001")
_UNMAPPED = "value.code_unmapped"
# longer than any amount; the usual context of 28 digits breaks on what it cannot hold
_MOST_DIGITS, _WIDE = 60, Context(prec=120)


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
    if len(text) >= _MOST_DIGITS:
        raise ValueError("too many digits")
    exact = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE)
    if exact != value:
        places = len(text.partition(".")[2])
        if places < _DRIFT_DIGITS or abs(exact - value) > _DRIFT:
            raise ValueError("more decimals than agreed")
        drifted = True
    if abs(exact) >= Decimal(10) ** (precision - scale):
        raise ValueError("too large")
    return exact.quantize(Decimal(1).scaleb(-scale), context=_WIDE), drifted


def parse_date(text: str, date_format: str) -> date:
    """A date written exactly in the layout's format; ValueError otherwise."""
    if not _DATE_SHAPES[date_format].fullmatch(text):
        raise ValueError("not in the layout's format")
    return datetime.strptime(text, DATE_FORMATS[date_format]).date()  # noqa: DTZ007 (a day has no time zone)


def _in_our_unit(text: str, column: Column, layout: Layout) -> str:
    """A figure in the contract's unit, as plain text. What is no plain decimal stays as it is, for its own rule."""
    if column.name not in layout.units or not _DECIMAL.fullmatch(text) or len(text) >= _MOST_DIGITS:
        return text
    value = _WIDE.multiply(Decimal(text), Decimal(layout.units[column.name].factor))
    # 12300 pence are 123 pounds, whether or not the column has decimals
    return str(int(value)) if value == value.to_integral_value() else plain_decimal(value)


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
    text = _in_our_unit(text, column, layout)
    if column.name in layout.codes:
        try:
            return layout.codes[column.name][text]
        except KeyError:
            raise _UnreadableError(_UNMAPPED, "The code is not in the crosswalk of the layout.") from None
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
    if frozenset(column.allowed) == _ANSWERS and text not in _ANSWERS and text.casefold() in _ANSWER_WORDS:
        notes.add("value.answer_normalised")
        return _ANSWER_WORDS[text.casefold()]
    if not column.free_text and re.match(_SHEET_ERROR, text):
        raise _UnreadableError("value.spreadsheet_error", "The value is the error of a spreadsheet.")
    if not column.free_text and column.name != _JUDGED_ELSEWHERE and re.match(_SCIENTIFIC, text):
        raise _UnreadableError("value.digits_lost", "The code was turned into a number and lost its digits.")
    if text not in column.allowed and _zeros_lost(text, column):
        raise _UnreadableError("value.leading_zero_lost", "The code lost its leading zeros.")
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


def _zeros_lost(text: str, column: Column) -> bool:
    """Whether a text is a code of the contract without the zeros in front of it."""
    return _DIGITS.fullmatch(text) is not None and any(
        code.startswith("0") and code.lstrip("0") == text.lstrip("0") for code in column.allowed
    )


def _clean(cell: str, notes: set[str]) -> str:
    plain = cell.strip(_PLAIN_SPACE)
    stripped = plain.strip(_PLAIN_SPACE + _NO_BREAK)
    if stripped != plain:
        notes.add("value.no_break_space")
    elif plain != cell:
        notes.add("value.trimmed")
    return stripped


@dataclass(frozen=True)
class _Cell:
    """What became of one text: its value (None for blank and unreadable), harmless notes, and why it is unreadable."""

    value: Any
    notes: frozenset[str]
    fault: tuple[str, str] | None = None


def _cell(cell: str, column: Column, layout: Layout) -> _Cell:
    """The rules for one cell: what it means, or why it cannot be read."""
    notes: set[str] = set()
    text = _clean(cell, notes)
    if text == "":
        return _Cell(None, frozenset(notes))
    if text in column.null_tokens:
        return _Cell(None, frozenset({*notes, "value.null_token"}))
    try:
        value = _typed(text, column, layout, notes)
    except _UnreadableError as problem:
        return _Cell(None, frozenset(notes), (problem.rule, problem.message))
    return _Cell(value, frozenset(notes))


@dataclass(frozen=True)
class _Read:
    """A column after reading: values by row, and per row the number of its distinct text; notes and faults by text."""

    values: Any
    codes: Any
    counts: Any
    notes: Mapping[str, int]
    faults: Mapping[int, tuple[str, str]]


def _needs_the_rules(distinct: Any, column: Column, layout: Layout) -> Any:
    """Which distinct texts the rules for one cell must be asked about; the others are their own value."""
    everything = np.ones(len(distinct), dtype=bool)
    if (
        column.kind != "string"
        or column.free_text
        or column.name in layout.codes
        or frozenset(column.allowed) == _ANSWERS
    ):
        return everything
    if any(code.startswith("0") for code in column.allowed):
        return everything
    plain = pc.match_substring_regex(distinct, _PLAIN_TEXT)
    for spoilt in (_SCIENTIFIC, _SHEET_ERROR):
        plain = pc.and_not(plain, pc.match_substring_regex(distinct, spoilt))
    if column.max_length is not None:
        plain = pc.and_(plain, pc.less_equal(pc.utf8_length(distinct), column.max_length))
    if column.null_tokens:
        plain = pc.and_not(plain, pc.is_in(distinct, pa.array(column.null_tokens, pa.string())))
    return everything & ~plain.to_numpy(zero_copy_only=False)


def _read_column(cells: Any, column: Column, layout: Layout) -> _Read:
    distinct, codes = cells.dictionary, cells.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(distinct))
    asked = np.flatnonzero(_needs_the_rules(distinct, column, layout))
    found = [_cell(text, column, layout) for text in distinct.take(pa.array(asked)).to_pylist()]
    answers = pa.array([item.value for item in found], column.arrow_type)
    if len(asked) == len(distinct):
        values = answers
    else:
        mask = np.zeros(len(distinct), dtype=bool)
        mask[asked] = True
        values = pc.replace_with_mask(distinct, pa.array(mask), answers)
    notes: dict[str, int] = {}
    faults: dict[int, tuple[str, str]] = {}
    for position, item in zip(asked.tolist(), found, strict=True):
        for rule in item.notes:
            notes[rule] = notes.get(rule, 0) + int(counts[position])
        if item.fault is not None:
            faults[position] = item.fault
    return _Read(values.take(cells.indices), codes, counts, notes, faults)


def refuse_second_header(raw: RawTable, contract: Contract) -> None:
    """Words in every number and date of the first row: it is a second header, not a record."""
    if not raw.row_count:
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
    """Canonical typed rows of a file. Raises FileRejectedError when dates are in another format than the
    layout's, or codes have lost their zeros."""
    refuse_second_header(raw, contract)
    return together([conform_part(raw, contract)])


@dataclass
class Part:
    """`Conformed` of some rows of a file, before what is said once a file is said.

    notes: (rule, column) -> rows; unmapped: column -> code that its crosswalk does not have -> rows.
    """

    table: Any
    rows_read: int
    faults: list[Finding]
    notes: Counter[tuple[str, str]]
    unmapped: dict[str, Counter[str]]
    unreadable: Counter[str]


def together(parts: Sequence[Part], *, tables: bool = True) -> Conformed:
    """What some parts of a file say as a whole. tables: whether their rows are wanted, else the table is None."""
    notes: Counter[tuple[str, str]] = Counter()
    unmapped: dict[str, Counter[str]] = {}
    unreadable: Counter[str] = Counter()
    for part in parts:
        notes.update(part.notes)
        unreadable.update(part.unreadable)
        for name, counts in part.unmapped.items():
            unmapped.setdefault(name, Counter()).update(counts)
    listed = [finding(_UNMAPPED, told(counts), name) for name, counts in unmapped.items() if worth_telling(counts)]
    return Conformed(
        pa.concat_tables([part.table for part in parts]) if tables else None,
        sum(part.rows_read for part in parts),
        [*listed, *(item for part in parts for item in part.faults)],
        [finding(rule, f"In {count} rows.", name) for (rule, name), count in sorted(notes.items())],
        dict(unreadable),
    )


def conform_part(raw: RawTable, contract: Contract, before: int = 0) -> Part:
    """Typed rows of a part of a file, so many rows of which came before. Raises as `conform` does."""
    position = {name: index for index, name in enumerate(raw.columns)}
    arrays: list[Any] = []
    broken = np.zeros(raw.row_count, dtype=bool)
    # (row, place of the column, finding): reported row by row, in the order of the columns
    faults: list[tuple[int, int, Finding]] = []
    unreadable: Counter[str] = Counter()
    # harmless and possibly on every row, so reported once a column
    notes: Counter[tuple[str, str]] = Counter()
    unmapped: dict[str, Counter[str]] = {}
    for place, column in enumerate(contract.columns):
        if column.name not in position:
            arrays.append(pa.nulls(raw.row_count, column.arrow_type))
            continue
        read = _read_column(raw.cells[position[column.name]], column, raw.layout)
        arrays.append(read.values)
        notes.update({(rule, column.name): count for rule, count in read.notes.items()})
        if read.faults:
            rows = np.flatnonzero(np.isin(read.codes, list(read.faults)))
            broken[rows] = True
            unreadable[column.name] = len(rows)
            faults += [
                (row + 1, place, _fault(read.faults[read.codes[row]], column, before + row)) for row in rows.tolist()
            ]
            if codes := _unmapped(read, raw.cells[position[column.name]].dictionary):
                unmapped[column.name] = codes
    found = [item for _, _, item in sorted(faults, key=lambda item: item[:2])]
    # a swapped date or a lost zero on one row puts the others in doubt
    doubtful = [item for item in found if item.severity == FILE]
    if doubtful:
        raise FileRejectedError(doubtful[0], tuple(doubtful[1:]))
    numbers = np.arange(before + 1, before + raw.row_count + 1)
    table = pa.Table.from_arrays([pa.array(numbers), *arrays], schema=contract.schema)
    if broken.any():
        table = table.filter(pa.array(~broken))
    return Part(table, raw.row_count, found, notes, unmapped, unreadable)


def _unmapped(read: _Read, distinct: Any) -> Counter[str]:
    """Rows by code of a column which its crosswalk does not have."""
    counts: Counter[str] = Counter()
    for position, (rule, _) in read.faults.items():
        if rule == _UNMAPPED:
            text = _clean(distinct[position].as_py(), set())
            counts[text] += int(read.counts[position])
    return counts


def _fault(fault: tuple[str, str], column: Column, row: int) -> Finding:
    rule, message = fault
    return finding(rule, message, column.name, row + 1)


def drop_exact_duplicates(table: Any, key: Sequence[str]) -> tuple[Any, list[int]]:
    """The table without rows that repeat an earlier one in every column, and the row numbers dropped.

    key: columns of the contract's key. Most files have one there that tells all rows apart, and then nothing repeats.
    """
    if any(pc.count_distinct(table.column(name), "all").as_py() == table.num_rows for name in reversed(key)):
        return table, []
    names = [name for name in table.column_names if name != "row_number"]
    first = pa.TableGroupBy(table, names, use_threads=False).aggregate([("row_number", "min")])
    if first.num_rows == table.num_rows:
        return table, []
    keep = pc.is_in(table.column("row_number"), first.column("row_number_min").combine_chunks())
    return table.filter(keep), table.filter(pc.invert(keep)).column("row_number").to_pylist()


def column_sums(table: Any, columns: Mapping[str, Column]) -> dict[str, Decimal]:
    """Exact sum of each number or integer column named, nulls left out."""
    sums = {}
    for name, column in columns.items():
        # as wide as Arrow's decimals go: whole numbers would overflow unseen
        wide = pa.decimal128(38, column.scale)
        total = pc.sum(table.column(name).cast(wide)).as_py()
        sums[name] = Decimal(0) if total is None else total
    return sums
