"""Excel workbooks: one worksheet of plain cells to the text a CSV of it would hold, or a named reason why not.

Belongs here: what may be inside a workbook, and what each type of cell is as text. Not here: the same rules as for any
other table (`ingest.read`, `ingest.conform`).

openpyxl reads the cells. Before it, every XML part is read to its end by a parser that knows no entities, and the
worksheet by one that looks for what a person sees and a reader of cells does not: formulas without a result, merged
cells, rows that are hidden, cells and rows out of order. What the cells show and what they hold may differ; where it
does, the file is refused rather than read in either way.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any
from xml.parsers import expat

from openpyxl import load_workbook
from openpyxl.utils.cell import coordinate_to_tuple

from ingest.contract import Contract
from ingest.read import FileRejectedError, Source, too_many_columns
from ingest.rules import Finding, finding
from ingest.unpacked import BLOCK, TOO_LARGE, refuse_sizes

# the XML of a sheet is about this many times as large as its CSV
_XML_TIMES = 6
_MOST_PARTS = 1_000
# of a sheet of Excel; a row number beyond is a way to keep a reader busy
_MOST_ROWS = 1_048_576
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PLAIN_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
# parts that do something or come from elsewhere, by what their path holds
_ACTIVE = re.compile(
    r"vba|macrosheets/|externallinks/|activex/|embeddings/|ctrlprops/|connections\.xml|querytables/|customui|webextension",
    re.IGNORECASE,
)
# a link in a cell to a page or an address is what Excel makes of one that was typed; it is never followed
_HARMLESS_LINK = "/hyperlink"
_CELL_TYPES = frozenset({"n", "s", "str", "b", "e", "inlineStr", "d"})
_SCIENTIFIC = re.compile(r"-?[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+", re.ASCII)
# a spreadsheet keeps this many digits of a number and writes zeros for the rest
_EXACT_BELOW = 10**15


def workbook_source(data: bytes, contract: Contract) -> Source:
    """Header and records of the one worksheet of a workbook, or of the one the contract names.

    FileRejectedError for what a workbook may not hold, and for one that cannot be read to its end.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _refuse_parts(archive, contract)
    except FileRejectedError:
        raise
    except Exception:  # (what breaks on bytes somebody else wrote is their damage, whatever it is called)
        raise _damaged() from None
    sheet, looked = _open(data, contract)
    header = [_plain(cell) for cell in next(_cells(sheet, looked, {}), [])]
    while header and header[-1] == "":
        header.pop()
    if len(header) > contract.custom.limits.columns:
        raise too_many_columns(contract.custom.limits.columns)
    width = len(header)

    def rows(formats: Mapping[int, str]) -> Iterator[list[str]]:
        records = _cells(sheet, looked, formats)
        next(records, None)
        for record in records:
            filled = [_plain(cell) for cell in record]
            while len(filled) > width and filled[-1] == "":
                filled.pop()
            # a row without any value is a blank line, as everywhere
            yield filled + [""] * (width - len(filled)) if any(filled) else []

    return Source(header, rows, looked.findings())


def _plain(text: str) -> str:
    if "\x00" in text:
        raise FileRejectedError(finding("encoding.nul", "A cell holds a NUL character."))
    return text


def _damaged() -> FileRejectedError:
    return FileRejectedError(finding("container.damaged", "The workbook cannot be read to its end."))


def _active(message: str) -> FileRejectedError:
    return FileRejectedError(finding("workbook.active", message))


# parts ------------------------------------------------------------------------------------------------


def _refuse_parts(archive: zipfile.ZipFile, contract: Contract) -> None:
    """FileRejectedError unless every part is small enough, harmless by its name, and plain XML if it is XML."""
    members = archive.infolist()
    names = [member.orig_filename for member in members]
    if len(members) > _MOST_PARTS or len({name.casefold() for name in names}) != len(names):
        raise FileRejectedError(finding("container.member", "The workbook has too many parts, or two of one name."))
    if any(member.flag_bits & 0x1 for member in members):
        raise FileRejectedError(finding("container.encrypted", "The workbook has a password."))
    if any("\\" in name or name.startswith("/") or ".." in name or "\x00" in name for name in names):
        raise FileRejectedError(finding("container.member", "A part of the workbook has a path for a name."))
    cap = contract.custom.limits.fileBytes * _XML_TIMES
    refuse_sizes(members, cap)
    if "[Content_Types].xml" not in names:
        raise FileRejectedError(
            finding("delivery.type_refused", "The file is called .xlsx and is an archive of something else.")
        )
    if any(_ACTIVE.search(name) for name in names):
        raise _active("The workbook holds macros, links to other files, embedded files or a data connection.")
    left = cap
    for member in members:
        if member.filename.casefold().endswith((".xml", ".rels", ".vml")):
            left = _read_part(archive, member, left)


def _read_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo, cap: int) -> int:
    """Read an XML part to its end; returns how many bytes the others may still have."""
    parser = _parser()

    def start(name: str, attributes: dict[str, str]) -> None:
        kind = name.rsplit(" ", 1)[-1]
        if kind == "Relationship" and attributes.get("TargetMode") == "External":
            if not attributes.get("Type", "").endswith(_HARMLESS_LINK):
                raise _active("The workbook refers to another file or page.")
        elif kind in ("Default", "Override") and member.filename == "[Content_Types].xml":
            _refuse_content_type(attributes)

    parser.StartElementHandler = start
    size = 0
    with archive.open(member) as packed:
        while block := packed.read(BLOCK):
            size += len(block)
            if size > cap:
                raise FileRejectedError(TOO_LARGE)
            parser.Parse(block, False)
        parser.Parse(b"", True)
    return cap - size


def _refuse_content_type(attributes: Mapping[str, str]) -> None:
    kind = attributes.get("ContentType", "")
    if "macroEnabled" in kind or "vbaProject" in kind:
        raise _active("The workbook is made for macros.")
    if attributes.get("PartName") == "/xl/workbook.xml" and kind != _PLAIN_WORKBOOK:
        raise FileRejectedError(finding("delivery.type_refused", "The file is not an ordinary Excel workbook."))


def _parser() -> Any:
    """A parser that refuses document types and entities, the way into other files and out of all memory."""
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: Any) -> int:
        raise _active("A part of the workbook declares a document type or entities.")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    return parser


# the sheet ---------------------------------------------------------------------------------------------


@dataclass
class _Looked:
    """What was seen of a worksheet before its cells are read. `written`: numbers in scientific notation, by place."""

    formulas: int = 0
    first_formula: str = ""
    written: dict[tuple[int, int], str] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        if not self.formulas:
            return []
        message = (
            f"{self.formulas} cells are formulas, the first is {self.first_formula}; their stored results were read."
        )
        return [finding("workbook.formula_result", message)]


def _open(data: bytes, contract: Contract) -> tuple[Any, _Looked]:
    """The worksheet to read and what was seen of it."""
    try:
        with warnings.catch_warnings():
            # openpyxl warns of parts it does not keep; nothing of them is used
            warnings.simplefilter("ignore")
            book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        titles, wanted = book.sheetnames, contract.custom.worksheet
        if wanted is None and len(titles) != 1:
            raise FileRejectedError(finding("workbook.sheets", f"The workbook has {len(titles)} sheets."))
        if wanted is not None and wanted not in titles:
            raise FileRejectedError(finding("workbook.sheets", "The sheet that the contract names is not there."))
        sheet = book[wanted or titles[0]]
        # a sheet may state a smaller area than it fills: what lies beyond would be left out unseen
        sheet.reset_dimensions()
        with zipfile.ZipFile(BytesIO(data)) as archive:
            # openpyxl alone knows which part is the sheet of that name, and does not say so in public
            looked = _look(archive, getattr(sheet, "_worksheet_path"), contract.custom.limits.columns)  # noqa: B009
    except FileRejectedError:
        raise
    except Exception:  # (see workbook_source)
        raise _damaged() from None
    return sheet, looked


class _Watch:
    """Handlers of a parser that walk a worksheet once and stop at what may not be there."""

    def __init__(self, most_columns: int) -> None:
        self.seen = _Looked()
        self._most_columns = most_columns
        self._row = self._column = 0
        self._place, self._kind = "", "n"
        self._formula = self._value = self._result = False
        self._text: list[str] = []
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, kind = name.rpartition(" ")
        self._depth += 1
        if self._depth == 1 and (space, kind) != (_SHEET, "worksheet"):
            raise FileRejectedError(finding("workbook.sheets", "The sheet is not a worksheet of the usual kind."))
        if space != _SHEET:
            return
        if kind == "row":
            self._start_row(attributes)
        elif kind == "c":
            self._start_cell(attributes)
        elif kind == "f":
            self._formula = True
        elif kind == "v":
            self._value, self._text = True, []
        elif kind == "col" and _is_true(attributes.get("hidden")):
            raise _hidden("A column")
        elif kind == "mergeCell":
            raise FileRejectedError(
                finding("workbook.merged", f"The cells {attributes.get('ref', '')[:20]} are merged into one.")
            )

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self._row + 1))
        if not self._row < number <= _MOST_ROWS:
            raise _damaged()
        if _is_true(attributes.get("hidden")):
            raise _hidden(f"Row {number} of the sheet")
        self._row, self._column = number, 0

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._place = attributes.get("r", "")
        row, column = coordinate_to_tuple(self._place) if self._place else (self._row, self._column + 1)
        self._kind = attributes.get("t", "n")
        if row != self._row or column <= self._column or self._kind not in _CELL_TYPES:
            raise _damaged()
        if column > self._most_columns:
            raise too_many_columns(self._most_columns)
        self._column, self._formula, self._result, self._text = column, False, False, []

    def data(self, text: str) -> None:
        if self._value:
            self._text.append(text)

    def end(self, name: str) -> None:
        space, _, kind = name.rpartition(" ")
        self._depth -= 1
        if space != _SHEET:
            return
        if kind == "v":
            self._value = False
            self._result = bool(self._text) or self._kind == "str"
        elif kind == "c":
            self._end_cell()

    def _end_cell(self) -> None:
        place = self._place or f"in row {self._row}"
        if self._formula and not self._result:
            raise FileRejectedError(
                finding("workbook.formula", f"The cell {place} is a formula without a stored result.")
            )
        if self._formula:
            self.seen.formulas += 1
            self.seen.first_formula = self.seen.first_formula or place
        text = "".join(self._text)
        if self._kind == "n" and _SCIENTIFIC.fullmatch(text):
            self.seen.written[self._row, self._column] = text


def _is_true(text: str | None) -> bool:
    return text in ("1", "true")


def _hidden(what: str) -> FileRejectedError:
    return FileRejectedError(finding("workbook.hidden", f"{what} is hidden."))


def _look(archive: zipfile.ZipFile, part: str, most_columns: int) -> _Looked:
    watch, parser = _Watch(most_columns), _parser()
    parser.StartElementHandler = watch.start
    parser.EndElementHandler = watch.end
    parser.CharacterDataHandler = watch.data
    with archive.open(part) as packed:
        while block := packed.read(BLOCK):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    return watch.seen


# cells -------------------------------------------------------------------------------------------------


def _cells(sheet: Any, looked: _Looked, formats: Mapping[int, str]) -> Iterator[list[str]]:
    """Every row of a sheet as text, the header included. `formats`: how dates are written, by position."""
    rows = sheet.iter_rows()
    number = 0
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                cells = next(rows, None)
            if cells is None:
                return
            number += 1
            record = [
                _as_text(cell, looked.written.get((number, position + 1)), formats.get(position))
                for position, cell in enumerate(cells)
            ]
        except Exception:  # (see workbook_source)
            raise _damaged() from None
        yield record


def _as_text(cell: Any, written: str | None, date_format: str | None) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (datetime, date)):
        return date_text(value, date_format)
    if isinstance(value, (int, float)):
        if written is not None:
            return written.upper()
        exact = Decimal(repr(value))
        # what is shown as 48 % is held as 0.48: neither may pass for the other
        return f"{number_text(exact * 100)}%" if "%" in cell.number_format else number_text(exact)
    return str(value)


def date_text(value: date, date_format: str | None) -> str:
    """A typed date as text: a day in the column's own format (ISO in other columns), one with a time with its time."""
    if isinstance(value, datetime):
        if value.time() != time():
            return value.isoformat(" ")
        value = value.date()
    return value.strftime(date_format) if date_format else value.isoformat()


def number_text(exact: Decimal) -> str:
    """A binary number, given as the shortest decimal that is it, as text; in scientific notation where a spreadsheet's
    fifteen digits do not reach its end."""
    if not exact.is_finite():
        return str(exact)
    if abs(exact) >= _EXACT_BELOW:
        return f"{exact:.14E}"
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
