"""Strict CSV: bytes to columns of text, bound by name, or a named reason why not.

Belongs here: the encoding and delimiter of a CSV file, and the header and shape of any table. Everything is declared
by the contract; nothing is guessed from the data, because every sniffer tried was silently wrong on some files.
Not here: other containers (`ingest.container`), what a cell means (`ingest.conform`).

Records come from Python's own reader, which alone of all readers tried mistook nothing. They are checked in
batches: a batch in which nothing can be wrong is passed as a whole, any other is walked row by row, so that the
first row that breaks a rule is the one named. Cells are kept by column, each distinct text once where texts repeat.
A large file in which nothing can be mistaken is read by Arrow.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from ingest.contract import DATE_FORMATS, Contract, Layout
from ingest.rules import Finding, finding

_OTHER_DELIMITERS = {",", ";", "\t", "|"}
_MAGIC = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "a compressed file"),
    (b"BZh", "a compressed file"),
    (b"\xfd7zXZ", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"SQLite format 3", "a database"),
    (b"{\\rtf", "a text document"),
)
_MARKUP_START = re.compile(rb"\s*(<!doctype|<html|<\?xml|<head|<body|<script)", re.IGNORECASE)
_REFUSED_SUFFIXES = (".zip", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".gz", ".7z", ".rar", ".tar")
_TOTAL_WORDS = re.compile(r"(grand|sub|overall)?[ -]?totals?:?", re.IGNORECASE)
# names of columns that tell people apart; an undeclared column of such a name is refused, not skipped
_IDENTIFYING_NAME = re.compile(
    r"nhs[_ -]?(no|num|number)|(fore|sur|first|last|given|family|full|patient|client|person)[_ -]?name|^name$|"
    r"(^|[_ -])(dob|birth|born)|birth|post[_ -]?code|address|e-?mail|phone|mobile|"
    r"national[_ -]?insurance|hospital[_ -]?num",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}")
_SPACES_BOTH_ENDS = " \t\u00a0\u202f\u2007\ufeff"
# records checked and set aside at a time: enough for speed, little enough for memory
_BATCH = 4_000
# characters given to Python's reader at a time, and a line more
_PIECE = 1 << 20
# values looked at to tell a column of ids from one of codes, and the share of them that is different then
_LOOKED_AT, _DIFFERENT = 10_000, 0.9


class FileRejectedError(Exception):
    """The file as a whole cannot be read: the finding says why. Our own signal, not a user's error."""

    def __init__(self, found: Finding, notes: tuple[Finding, ...] = ()) -> None:
        super().__init__(found.rule)
        self.found = found
        self.notes = notes


@dataclass(frozen=True)
class RawRow:
    """Cells of one data row in the order of `RawTable.columns`; `number` counts data rows from 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A table before its rules of shape: the header, and its records each time they are asked for.

    `rows` takes position -> date format (of `strftime`) for the columns that hold dates: a container that types its
    cells writes a date so that it reads as itself. A blank line is an empty record. `text`: of a CSV file alone.
    """

    header: list[str]
    rows: Callable[[Mapping[int, str]], Iterator[list[str]]]
    findings: list[Finding] = field(default_factory=list)
    text: str | None = None


class _Rows(Sequence[RawRow]):
    """The rows of a table, each put together when it is asked for."""

    def __init__(self, cells: Sequence[Any], count: int) -> None:
        self._cells, self._count = cells, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> RawRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[RawRow]: ...
    def __getitem__(self, index: int | slice) -> RawRow | list[RawRow]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(self._count))]
        position = range(self._count)[index]
        return RawRow(position + 1, tuple(column[position].as_py() for column in self._cells))


@dataclass
class RawTable:
    """Text of a file bound to canonical columns: `cells` holds an Arrow dictionary array for each of `columns`."""

    layout_name: str
    layout: Layout
    columns: tuple[str, ...]
    cells: tuple[Any, ...] = ()
    row_count: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def rows(self) -> Sequence[RawRow]:
        """The data rows in file order."""
        return _Rows(self.cells, self.row_count)


def refuse_container(
    data: bytes, name: str, accepted: str = "only CSV is accepted, one plain text file a submission"
) -> None:
    """Raise FileRejectedError unless the bytes can be a text file; the suffix alone proves nothing.

    accepted: what the sender is told is taken instead.
    """
    for start, what in _MAGIC:
        if data.startswith(start):
            raise FileRejectedError(finding("delivery.type_refused", f"The file is {what}; {accepted}."))
    if _MARKUP_START.match(data[:4096]):
        raise FileRejectedError(finding("delivery.type_refused", f"The file is a web page or XML; {accepted}."))
    if name.lower().endswith(_REFUSED_SUFFIXES):
        raise FileRejectedError(
            finding("delivery.type_refused", f"Files of this name ending are not read; {accepted}.")
        )


def _utf8_lines_with_accents(data: bytes) -> bool:
    """Whether some line holds well-formed UTF-8 beyond ASCII."""
    for line in data.split(b"\n"):
        if any(byte > 127 for byte in line):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                continue
            return True
    return False


def decode(data: bytes, contract: Contract, findings: list[Finding]) -> str:
    """Text of the file in an encoding the contract declares, tried in the declared order; else FileRejectedError."""
    declared = contract.custom.encodings
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        if "utf-16" not in declared:
            raise FileRejectedError(
                finding("encoding.undecodable", "The file is UTF-16, which the contract does not declare.")
            )
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            raise FileRejectedError(finding("encoding.undecodable", "The file is not complete UTF-16.")) from None
        findings.append(finding("encoding.utf16", "The file was transcoded from UTF-16."))
    else:
        if data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
            findings.append(finding("encoding.byte_order_mark", "A byte order mark was dropped."))
        if b"\x00" in data:
            raise FileRejectedError(finding("encoding.nul", "The file holds NUL characters."))
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            if _utf8_lines_with_accents(data):
                raise FileRejectedError(
                    finding("encoding.mixed", f"Line {line} is not UTF-8 although others are.")
                ) from None
            if "cp1252" not in declared:
                raise FileRejectedError(finding("encoding.undecodable", f"Line {line} is not UTF-8.")) from None
            try:
                text = data.decode("cp1252")
            except UnicodeDecodeError:
                raise FileRejectedError(
                    finding("encoding.undecodable", f"Line {line} is in no encoding of the contract.")
                ) from None
            findings.append(finding("encoding.other_declared", "The file was transcoded from Windows-1252."))
    if "\x00" in text:
        raise FileRejectedError(finding("encoding.nul", "The file holds NUL characters."))
    return text


def has_stray_quote(text: str, delimiter: str) -> bool:
    """Whether a quotation mark stands where RFC 4180 has no place for it.

    Python's reader takes `ab"c` and `"ab""c"` for the same value; only the second is well formed. Looks at the
    quotation marks and their neighbours alone.
    """
    between = (delimiter, "\n", "\r")
    opening = text.find('"')
    while opening >= 0:
        if opening and text[opening - 1] not in between:
            return True
        closing = text.find('"', opening + 1)
        while closing >= 0 and text.startswith('"', closing + 1):
            closing = text.find('"', closing + 2)
        if closing < 0 or (closing + 1 < len(text) and text[closing + 1] not in between):
            return True
        opening = text.find('"', closing + 1)
    return False


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, as Python's reader wants them; a part of the text at a time, for each is copied."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PIECE) + 1 or len(text)
        yield from io.StringIO(text[start:end], newline="")
        start = end


def records_of(text: str, contract: Contract) -> Iterator[list[str]]:
    """Records of a text, quotes strictly as RFC 4180 has them; FileRejectedError where they are not."""
    reader = csv.reader(_lines(text), delimiter=contract.custom.delimiter, strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error):
                raise FileRejectedError(
                    finding("structure.field_too_long", f"Line {reader.line_num} is too long.")
                ) from None
            raise FileRejectedError(
                finding("structure.quote", f"A quotation mark near line {reader.line_num} is misplaced or open.")
            ) from None
        yield record


def _first_line(text: str) -> str:
    found = re.match(r"[^\r\n]*", text)
    return found.group() if found else ""


def _trim(cell: str) -> str:
    return cell.strip(_SPACES_BOTH_ENDS)


def normal_name(name: str) -> str:
    """A column name without the differences that do not matter: case, spaces, underscores, Unicode form."""
    return re.sub(r"[\s_\u00a0]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()


def _bind(header: list[str], contract: Contract, layout: Layout) -> dict[str, int]:
    """Canonical name -> position in the header, for the columns found."""
    normalised = contract.custom.headerMatching == "normalised"
    exact = {name: position for position, name in enumerate(header)}
    loose = {normal_name(name): position for position, name in enumerate(header)}
    found: dict[str, int] = {}
    for column, sent in contract.layout_names(layout).items():
        for name in (sent, *layout.aliases.get(column, [])):
            if name in exact:
                found[column] = exact[name]
                break
            if normalised and normal_name(name) in loose:
                found[column] = loose[normal_name(name)]
                break
    return found


def choose_layout(header: list[str], contract: Contract) -> str | None:
    """Name of the one declared layout whose columns are all in the header; None if none or several fit.

    Used only where no manifest names the sender. Layouts with the same columns and date format count as one.
    """
    fitting = [
        name
        for name, layout in sorted(contract.custom.layouts.items())
        if len(_bind(header, contract, layout)) == len(contract.layout_names(layout))
    ]
    widest = max((len(contract.layout_names(contract.custom.layouts[name])) for name in fitting), default=0)
    fitting = [name for name in fitting if len(contract.layout_names(contract.custom.layouts[name])) == widest]
    kinds = {contract.custom.layouts[name].model_dump_json() for name in fitting}
    return fitting[0] if len(kinds) == 1 else None


def _matches_some(record: list[str], contract: Contract, layout_name: str | None) -> bool:
    names = [layout_name] if layout_name else list(contract.custom.layouts)
    return any(
        len(_bind(record, contract, contract.custom.layouts[name]))
        == len(contract.layout_names(contract.custom.layouts[name]))
        for name in names
    )


def _explain_delimiter(text: str, contract: Contract, layout_name: str | None) -> Finding | None:
    """Whether the first line of a text would be the header if another sign separated the columns."""
    first_line = _first_line(text)
    for other in sorted(_OTHER_DELIMITERS - {contract.custom.delimiter}):
        if other in first_line and _matches_some(
            [_trim(part).strip('"') for part in first_line.split(other)], contract, layout_name
        ):
            return finding("structure.delimiter", "The columns are separated by another sign than the contract's.")
    return None


def _explain_header(source: Source, contract: Contract, layout_name: str | None) -> Finding:
    """Why the first line is not the header the contract declares."""
    if source.text is not None and (wrong_sign := _explain_delimiter(source.text, contract, layout_name)):
        return wrong_sign
    try:
        for number, record in enumerate(itertools.islice(source.rows({}), 20), start=2):
            if _matches_some(record, contract, layout_name):
                return finding("structure.preamble", f"The header is record {number}; it must be the first.")
    except FileRejectedError as rejected:
        return rejected.found
    names = [layout_name] if layout_name else sorted(contract.custom.layouts)
    missing: list[list[str]] = []
    for name in names:
        layout = contract.custom.layouts[name]
        bound = _bind(source.header, contract, layout)
        missing.append([sent for column, sent in contract.layout_names(layout).items() if column not in bound])
    fewest = min(missing, key=len)
    listed = ", ".join(fewest[:10])
    return finding(
        "structure.column_missing",
        f"Missing from the header: {listed}." if fewest else "The header fits more than one layout: send a manifest.",
    )


def seen_in_extra(cells: Any) -> tuple[int, int]:
    """Of the cells of a column that is not in the layout, how many are filled, and how many look like identifiers."""
    counts = np.bincount(cells.indices.to_numpy(), minlength=len(cells.dictionary)).tolist()
    filled = suspicious = 0
    for text, count in zip(cells.dictionary.to_pylist(), counts, strict=True):
        cell = _trim(text)
        filled += count if cell else 0
        suspicious += count if cell and _looks_identifying(cell) else 0
    return filled, suspicious


def judge_extra(position: int, name: str, filled: int, suspicious: int) -> Finding:
    """That a column is not in the layout and is skipped; FileRejectedError if it could identify people."""
    if _IDENTIFYING_NAME.search(name):
        raise FileRejectedError(
            finding(
                "structure.column_identifying",
                f"Column {position + 1} is not in the layout and is named like an identifier.",
            )
        )
    if filled and suspicious * 10 >= filled:
        raise FileRejectedError(
            finding(
                "structure.column_identifying",
                f"Column {position + 1} is not in the layout and its values look like identifiers.",
            )
        )
    return finding("structure.column_extra", f"Column {position + 1} is not in the layout and was not loaded.")


def _looks_identifying(cell: str) -> bool:
    if _POSTCODE.fullmatch(cell.upper()):
        return True
    digits = re.sub(r"[ -]", "", cell)
    if re.fullmatch(r"[0-9]{10}", digits, re.ASCII):
        # check digit of an NHS number: NHS Data Dictionary, modulus 11
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
        return check % 11 == int(digits[9]) and check != 10
    return False


def _refuse_shape(records: Sequence[list[str]], before: int, plain_header: list[str], longest: int) -> None:
    """Raise FileRejectedError for the first record that is not a record of the table; `before` rows came earlier."""
    for number, record in enumerate(records, start=before + 1):
        if len(record) != len(plain_header):
            raise FileRejectedError(
                finding(
                    "structure.ragged", f"Row {number} has {len(record)} fields, the header has {len(plain_header)}."
                )
            )
        if [_trim(cell) for cell in record] == plain_header:
            raise FileRejectedError(finding("structure.header_repeated", f"Row {number} repeats the header."))
        if any(len(cell) > longest for cell in record):
            raise FileRejectedError(
                finding("structure.field_too_long", f"Row {number} has a field longer than allowed.")
            )


def _is_suspicious(records: Sequence[list[str]], columns: Sequence[Any], plain_header: list[str], longest: int) -> bool:
    """Whether some record of a batch might break a rule of shape; False means that none does."""
    if any(len(record) != len(plain_header) for record in records):
        return True
    if plain_header[0] in {_trim(cell) for cell in set(columns[0])}:
        return True
    return any(max(map(len, column)) > longest for column in columns)


@dataclass
class Body:
    """The data rows of a file: a dictionary array a column of the header, and what was seen on the way."""

    cells: list[Any]
    count: int
    blank: int
    last: list[list[str]]


def _by_text(column: Any) -> Any:
    """A column as a dictionary array: each distinct text once, or, where nearly all are different, just as it is."""
    beginning = column.slice(0, _LOOKED_AT)
    if len(column) > _LOOKED_AT and pc.count_distinct(beginning).as_py() > _DIFFERENT * _LOOKED_AT:
        return pa.DictionaryArray.from_arrays(pa.array(np.arange(len(column), dtype="int32")), column)
    return column.dictionary_encode()


def _read_body(records: Iterator[list[str]], header: list[str], longest: int) -> Body:
    """All records after the header, or FileRejectedError for the first one that breaks a rule of shape."""
    plain_header = [_trim(cell) for cell in header]
    chunks: list[list[Any]] = [[] for _ in header]
    count = blank = 0
    last: list[list[str]] = []
    stopped: FileRejectedError | None = None
    while stopped is None:
        batch: list[list[str]] = []
        try:
            for record in itertools.islice(records, _BATCH):
                batch.append(record)
        except FileRejectedError as rejected:
            # the rows before it are judged first: the earliest fault is the one to name
            stopped = rejected
        if not batch:
            break
        filled = [record for record in batch if record]
        blank += len(batch) - len(filled)
        if not filled:
            continue
        columns = list(zip(*filled, strict=False))
        if _is_suspicious(filled, columns, plain_header, longest):
            _refuse_shape(filled, count, plain_header, longest)
        for chunk, column in zip(chunks, columns, strict=True):
            chunk.append(pa.array(column, pa.string()))
        count += len(filled)
        last = [*last, *filled[-3:]][-3:]
    if stopped is not None:
        raise stopped
    cells = [_by_text(pa.chunked_array(chunk, pa.string()).combine_chunks()) for chunk in chunks]
    return Body(cells, count, blank, last)


# characters from which a file is worth a second reader; bytes that it reads at a time
_LARGE, _PART = 1 << 20, 1 << 24
# Arrow takes a blank line for a row of blanks
_BLANK_LINES = ("\n\n", "\n\r", "\r\r")


def _plain_body(text: str | None, contract: Contract, header: list[str]) -> Body | None:
    """The data rows of a large file in which no rule of shape can be broken; None where only the rules can tell.

    Arrow reads it as Python's reader does, in a fraction of the time: there is no quotation mark, every line has as
    many fields as the header has, and none of them is blank, repeats the header or holds a field that is too long.
    """
    if text is None or len(text) < _LARGE or any(sign in text for sign in ('"', *_BLANK_LINES)):
        return None
    return plain_rows(text.encode(), contract, header, 1)


def plain_rows(data: bytes, contract: Contract, header: list[str], skipped: int) -> Body | None:
    """The data rows of plain text as Arrow reads them, after so many lines; None where only the rules can tell.

    data: UTF-8 without a quotation mark and without a blank line.
    """
    names = [str(number) for number in range(len(header))]
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(data),
            arrow_csv.ReadOptions(column_names=names, skip_rows=skipped, block_size=_PART),
            arrow_csv.ParseOptions(delimiter=contract.custom.delimiter, quote_char=False, ignore_empty_lines=False),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        # something is wrong with a line: the rules say with which, and what
        return None
    cells = [_by_text(column.combine_chunks()) for column in table.columns]
    if not table.num_rows or any(
        pc.max(pc.utf8_length(column.dictionary)).as_py() > contract.custom.limits.fieldCharacters for column in cells
    ):
        return None
    name = _trim(header[0])
    if name in map(_trim, cells[0].dictionary.filter(pc.match_substring(cells[0].dictionary, name)).to_pylist()):
        return None
    last = [list(row.values()) for row in table.slice(max(table.num_rows - 3, 0)).to_pylist()]
    return Body(cells, table.num_rows, 0, last)


def csv_source(data: bytes, contract: Contract) -> Source:
    """The header and records of the bytes of a CSV file; FileRejectedError where they are not text or not CSV."""
    findings: list[Finding] = []
    text = decode(data, contract, findings)
    limits = contract.custom.limits
    first_line = _first_line(text)
    if first_line.count(contract.custom.delimiter) >= limits.columns:
        raise too_many_columns(limits.columns)
    header = next(records_of(text, contract), None) or []

    def rows(_formats: Mapping[int, str]) -> Iterator[list[str]]:
        return itertools.islice(records_of(text, contract), 1, None)

    return Source(header, rows, findings, text)


def too_many_columns(limit: int) -> FileRejectedError:
    """The refusal of a header wider than the contract allows."""
    return FileRejectedError(finding("structure.too_many_columns", f"The header has more than {limit} columns."))


def read_csv(data: bytes, name: str, contract: Contract, layout_name: str | None) -> RawTable:
    """The table of a CSV file as text: `table_of` of its bytes."""
    if not data:
        raise FileRejectedError(finding("delivery.empty", "The file has no bytes."))
    refuse_container(data, name)
    return table_of(csv_source(data, contract), contract, layout_name)


def table_of(source: Source, contract: Contract, layout_name: str | None) -> RawTable:
    """The table of a source as text: every rule of header and shape, whatever container it came in.

    layout_name: the sender's layout; None where no manifest names the sender, then the header decides among
    the declared layouts. Raises FileRejectedError with the rule that the file breaks; nothing of it may be used then.
    """
    shape = shape_of(source, contract, layout_name)
    findings = list(shape.findings)
    body = _plain_body(source.text, contract, source.header) or _read_body(
        source.rows(shape.formats), source.header, contract.custom.limits.fieldCharacters
    )
    if body.blank:
        findings.append(finding("structure.blank_lines", f"{body.blank} blank lines were skipped."))
    if source.text is not None:
        findings += _judge_text(source.text, contract)
    for position in shape.extra:
        findings.append(judge_extra(position, source.header[position], *seen_in_extra(body.cells[position])))
    refuse_footer(body.last, body.count, contract, shape)
    cells = tuple(body.cells[position] for position in shape.positions)
    return RawTable(shape.layout_name, shape.layout, shape.columns, cells, body.count, findings)


@dataclass(frozen=True)
class Shape:
    """What the header of a table says: its layout, and where in it each canonical column stands.

    formats: position -> date format of the columns that hold dates; extra: positions of columns not in the layout.
    """

    layout_name: str
    layout: Layout
    columns: tuple[str, ...]
    positions: tuple[int, ...]
    formats: Mapping[int, str]
    extra: tuple[int, ...]
    findings: tuple[Finding, ...]


def shape_of(source: Source, contract: Contract, layout_name: str | None) -> Shape:
    """Every rule of the header; FileRejectedError where one is broken."""
    header, findings, limits = source.header, list(source.findings), contract.custom.limits
    if not any(_trim(cell) for cell in header):
        raise FileRejectedError(finding("structure.preamble", "The first line is blank; it must be the header."))
    if any(len(cell) > limits.fieldCharacters for cell in header):
        raise FileRejectedError(
            finding("structure.field_too_long", "A column name is longer than the contract allows.")
        )
    chosen = layout_name or choose_layout(header, contract)
    if chosen is None:
        raise FileRejectedError(_explain_header(source, contract, layout_name))
    layout = contract.custom.layouts[chosen]
    bound = _bind(header, contract, layout)
    wanted = contract.layout_names(layout)
    if len(bound) < len(wanted):
        raise FileRejectedError(_explain_header(source, contract, chosen))
    if len({normal_name(cell) for cell in header}) != len(header):
        raise FileRejectedError(finding("structure.header_duplicate", "Two columns of the header have the same name."))
    for column, position in bound.items():
        if header[position] != wanted[column] and header[position] not in layout.aliases.get(column, []):
            findings.append(
                finding("structure.header_normalised", f"Column {position + 1} was read as {wanted[column]}.")
            )
    positions = [bound[column] for column in wanted]
    if positions != sorted(positions):
        findings.append(finding("structure.columns_reordered", "The columns were bound by name."))
    formats = {
        position: DATE_FORMATS[layout.dateFormat]
        for column, position in bound.items()
        if contract.by_name[column].kind == "date"
    }
    extra = tuple(sorted(set(range(len(header))) - set(bound.values())))
    return Shape(chosen, layout, tuple(wanted), tuple(positions), formats, extra, tuple(findings))


def _judge_text(text: str, contract: Contract) -> list[Finding]:
    """What the text as a whole says beyond its records; FileRejectedError for a quotation mark out of place."""
    if '"' in text and has_stray_quote(text, contract.custom.delimiter):
        raise FileRejectedError(finding("structure.quote", "A quotation mark stands inside an unquoted field."))
    if "\r" in text and "\n" not in text:
        return [finding("structure.cr_line_ends", "Lines end with a carriage return.")]
    return []


def refuse_footer(last: Sequence[list[str]], count: int, contract: Contract, shape: Shape) -> None:
    """A total among the last rows would count everything twice. last: the last of so many rows."""
    coded = [
        position
        for column, position in zip(shape.columns, shape.positions, strict=True)
        if not contract.by_name[column].free_text
    ]
    for number, record in enumerate(last, start=count - len(last) + 1):
        if any(_TOTAL_WORDS.fullmatch(_trim(record[position])) for position in coded):
            raise FileRejectedError(finding("structure.footer", f"Row {number} is a total, not a record."))
