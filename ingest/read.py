"""Strict CSV: bytes to rows of text, bound to columns by name, or a named reason why not.

Belongs here: the container, encoding, delimiter, header and shape of a file. Everything is declared by the
contract; nothing is guessed from the data, because every sniffer tried was silently wrong on some files.
Not here: what a cell means (`ingest.conform`).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.contract import Contract, Layout
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


@dataclass
class RawTable:
    """Text of a file bound to canonical columns."""

    layout_name: str
    layout: Layout
    columns: tuple[str, ...]
    rows: list[RawRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def refuse_container(data: bytes, name: str) -> None:
    """Raise FileRejectedError unless the bytes can be a text file; the suffix alone proves nothing."""
    accepted = "only CSV is accepted, one plain text file a submission"
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

    Python's reader takes `ab"c` and `"ab""c"` for the same value; only the second is well formed.
    """
    start, inside, after = True, False, False
    for sign in text:
        if inside:
            if sign == '"':
                inside, after = False, True
        elif after:
            if sign == '"':
                inside, after = True, False
            elif sign in (delimiter, "\n", "\r"):
                start, after = True, False
            else:
                return True
        elif sign == '"':
            if not start:
                return True
            inside, start = True, False
        else:
            start = sign in (delimiter, "\n", "\r")
    return inside


def records_of(text: str, contract: Contract) -> Iterator[list[str]]:
    """Records of a text, quotes strictly as RFC 4180 has them; FileRejectedError where they are not."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=contract.custom.delimiter, strict=True)
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


def _explain_header(header: list[str], text: str, contract: Contract, layout_name: str | None) -> Finding:
    """Why the first line is not the header the contract declares."""
    first_line = re.split(r"[\r\n]", text, maxsplit=1)[0]
    for other in sorted(_OTHER_DELIMITERS - {contract.custom.delimiter}):
        if other in first_line and _matches_some(
            [_trim(part).strip('"') for part in first_line.split(other)], contract, layout_name
        ):
            return finding("structure.delimiter", "The columns are separated by another sign than the contract's.")
    try:
        for number, record in enumerate(records_of(text, contract)):
            if number and _matches_some(record, contract, layout_name):
                return finding("structure.preamble", f"The header is record {number + 1}; it must be the first.")
            if number > 20:
                break
    except FileRejectedError as rejected:
        return rejected.found
    names = [layout_name] if layout_name else sorted(contract.custom.layouts)
    missing: list[list[str]] = []
    for name in names:
        layout = contract.custom.layouts[name]
        bound = _bind(header, contract, layout)
        missing.append([sent for column, sent in contract.layout_names(layout).items() if column not in bound])
    fewest = min(missing, key=len)
    listed = ", ".join(fewest[:10])
    return finding(
        "structure.column_missing",
        f"Missing from the header: {listed}." if fewest else "The header fits more than one layout: send a manifest.",
    )


def _guard_extra(position: int, name: str, rows: list[list[str]]) -> Finding:
    """What to do with a column that is not in the layout: skip it, or refuse the file if it could identify people."""
    if _IDENTIFYING_NAME.search(name):
        return finding(
            "structure.column_identifying",
            f"Column {position + 1} is not in the layout and is named like an identifier.",
        )
    sample = [_trim(row[position]) for row in rows if position < len(row) and _trim(row[position])]
    suspicious = sum(1 for cell in sample if _looks_identifying(cell))
    if sample and suspicious * 10 >= len(sample):
        return finding(
            "structure.column_identifying",
            f"Column {position + 1} is not in the layout and its values look like identifiers.",
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


def read_csv(data: bytes, name: str, contract: Contract, layout_name: str | None) -> RawTable:
    """Rows of a file as text.

    layout_name: the sender's layout; None where no manifest names the sender, then the header decides among
    the declared layouts. Raises FileRejectedError with the rule that the file breaks; nothing of it may be used then.
    """
    if not data:
        raise FileRejectedError(finding("delivery.empty", "The file has no bytes."))
    refuse_container(data, name)
    findings: list[Finding] = []
    text = decode(data, contract, findings)
    limits = contract.custom.limits
    first_line = re.split(r"[\r\n]", text, maxsplit=1)[0]
    if first_line.count(contract.custom.delimiter) >= limits.columns:
        raise FileRejectedError(
            finding("structure.too_many_columns", f"The header has more than {limits.columns} columns.")
        )
    records = records_of(text, contract)
    header = next(records, None)
    if header is None or not any(_trim(cell) for cell in header):
        raise FileRejectedError(finding("structure.preamble", "The first line is blank; it must be the header."))
    if any(len(cell) > limits.fieldCharacters for cell in header):
        raise FileRejectedError(
            finding("structure.field_too_long", "A column name is longer than the contract allows.")
        )
    chosen = layout_name or choose_layout(header, contract)
    if chosen is None:
        raise FileRejectedError(_explain_header(header, text, contract, layout_name))
    layout = contract.custom.layouts[chosen]
    bound = _bind(header, contract, layout)
    wanted = contract.layout_names(layout)
    if len(bound) < len(wanted):
        raise FileRejectedError(_explain_header(header, text, contract, chosen))
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
    table = RawTable(chosen, layout, tuple(wanted), findings=findings)
    every: list[list[str]] = []
    blank = 0
    plain_header = [_trim(cell) for cell in header]
    for record in records:
        if not record:
            blank += 1
            continue
        number = len(every) + 1
        if len(record) != len(header):
            raise FileRejectedError(
                finding("structure.ragged", f"Row {number} has {len(record)} fields, the header has {len(header)}.")
            )
        if [_trim(cell) for cell in record] == plain_header:
            raise FileRejectedError(finding("structure.header_repeated", f"Row {number} repeats the header."))
        if any(len(cell) > limits.fieldCharacters for cell in record):
            raise FileRejectedError(
                finding("structure.field_too_long", f"Row {number} has a field longer than allowed.")
            )
        every.append(record)
    if blank:
        findings.append(finding("structure.blank_lines", f"{blank} blank lines were skipped."))
    if "\r" in text and "\n" not in text:
        findings.append(finding("structure.cr_line_ends", "Lines end with a carriage return."))
    if '"' in text and has_stray_quote(text, contract.custom.delimiter):
        raise FileRejectedError(finding("structure.quote", "A quotation mark stands inside an unquoted field."))
    for position in sorted(set(range(len(header))) - set(bound.values())):
        extra = _guard_extra(position, header[position], every)
        if extra.rule == "structure.column_identifying":
            raise FileRejectedError(extra)
        findings.append(extra)
    _refuse_footer(every, contract, table.columns, positions)
    table.rows = [
        RawRow(number, tuple(record[position] for position in positions))
        for number, record in enumerate(every, start=1)
    ]
    return table


def _refuse_footer(
    records: list[list[str]], contract: Contract, columns: tuple[str, ...], positions: list[int]
) -> None:
    """A total among the last rows would count everything twice."""
    coded = [
        position for column, position in zip(columns, positions, strict=True) if not contract.by_name[column].free_text
    ]
    for number, record in list(enumerate(records, start=1))[-3:]:
        if any(_TOTAL_WORDS.fullmatch(_trim(record[position])) for position in coded):
            raise FileRejectedError(finding("structure.footer", f"Row {number} is a total, not a record."))
