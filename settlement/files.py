"""The CSV files of a settlement as text: bytes to typed rows, rows to bytes. No file is opened here.

Belongs here: the columns of docs/reference/files.md that settlement reads or writes, strict parsing, writing.
Not here: what the rows must satisfy (each reader of rows says so itself).

Written exactly as `foundation.tables` writes CSV; that module brings Arrow with it, which this room does without.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

from foundation.canonical import plain_decimal
from foundation.csv_lines import csv_text
from foundation.errors import Refused
from foundation.escaping import escaped, unescaped

_WHOLE = re.compile(r"-?[0-9]{1,30}")
_DECIMAL = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?")
LARGEST_CELL = 100_000


def _columns(text: str) -> dict[str, str]:
    found = {}
    for part in text.split():
        name, _, kind = part.partition(":")
        found[name] = kind or "text"
    return found


# table -> column -> type; columns without a type are text. A test holds this to docs/reference/files.md.
COLUMNS: dict[str, dict[str, str]] = {
    "kpi_return": _columns(
        "figure_id agreement_id kpi_id period_id period_kind period_start:date period_end:date measurement_start:date"
        " measurement_end:date indicator_id indicator_version:integer area_code value:decimal value_decimals:integer"
        " unit numerator:decimal denominator:decimal lower:decimal upper:decimal interval_method polarity"
        " baseline_value:decimal level quality_status quality_reason window_days:integer covered_days:integer"
        " missing_days:integer data_complete_as_at:date data_cut_status payable_from:date population_basis data_cut_id"
    ),
    "ledger": _columns(
        "agreement_id period_id member_id month line_id category amount_pence:integer contract_reference"
        " funding_source vat_treatment submission_id"
    ),
    "gate": _columns(
        "agreement_id period_id kind scope check_id status action deem_value:decimal cause reason mend responsible"
        " data_cut_id terms_hash"
    ),
    "advances": _columns(
        "agreement_id member_id balance_pence:integer period_id settlement_id carried_pence:integer carried_from"
    ),
    "steps": _columns(
        "figure_id agreement_id period_id step_number:integer step_id label formula arithmetic inputs:list"
        " value:decimal unit terms_reference"
    ),
    "postings": _columns(
        "figure_id agreement_id period_id settlement_id line status payer payee amount_pence:integer"
        " contract_reference funding_source vat_treatment document_reference supersedes"
    ),
    "member_lines": _columns(
        "figure_id agreement_id period_id settlement_id line member_id role weight:decimal amount_pence:integer"
        " cap_pence:integer note"
    ),
    "payments": _columns(
        "figure_id agreement_id period_id settlement_id line tier status standing payable_from:date payer payee"
        " payee_body paid_to acts_for"
        " amount_pence:integer net_pence:integer contract_reference funding_source vat_treatment document"
        " document_reference note"
    ),
    "accrual": _columns(
        "agreement_id period_id party worst_pence:integer point_pence:integer best_pence:integer terms_hash data_cut_id"
        " note"
    ),
    "journal": _columns(
        "figure_id agreement_id period_id settlement_id entry:integer date:date status standing payable_from:date"
        " party account account_name"
        " debit_pence:integer credit_pence:integer currency reference narrative"
    ),
}
COLUMNS["prior_postings"] = COLUMNS["postings"]
# What whoever states balances by hand may leave out.
OPTIONAL = {"advances": {"period_id", "settlement_id", "carried_pence", "carried_from"}}


def _refuse(table: str, line: int, what: str, mend: str) -> Refused:
    return Refused(f"{table}.csv, line {line}: {what}.", mend)


def _value(text: str, kind: str) -> Any:
    """A typed cell; None for a blank number or date. ValueError if it is not of its kind."""
    if kind in ("text", "list"):
        # Undo the escape that keeps a spreadsheet from running a text as a formula.
        return unescaped(text)
    if text == "":
        return None
    if kind == "date":
        day = date.fromisoformat(text)
        if day.isoformat() != text:
            raise ValueError(text)
        return day
    if not (_WHOLE if kind == "integer" else _DECIMAL).fullmatch(text):
        raise ValueError(text)
    return int(text) if kind == "integer" else Decimal(text)


def _check_header(table: str, header: list[str], wanted: Mapping[str, str]) -> None:
    mend = "use exactly the columns of docs/reference/files.md."
    if missing := [name for name in wanted if name not in {*header, *OPTIONAL.get(table, ())}]:
        raise _refuse(table, 1, f"the columns {', '.join(missing)} are missing", mend)
    if unknown := [name for name in header if name not in wanted]:
        raise _refuse(table, 1, f"the columns {', '.join(name or '(blank)' for name in unknown)} are unknown", mend)
    if len(set(header)) != len(header):
        raise _refuse(table, 1, "a column stands twice", mend)


def read_rows(table: str, raw: bytes) -> list[dict[str, Any]]:
    """Typed rows of one table. Refused, naming the line, for an unknown or missing column or a cell of another type."""
    wanted = COLUMNS[table]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise _refuse(table, line, "the text is not UTF-8", "save the file as UTF-8.") from None
    if "\0" in text or text.startswith("\ufeff"):
        raise _refuse(table, 1, "there is a byte-order mark or a null character", "save the file as plain UTF-8 text.")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[dict[str, Any]] = []
    header: list[str] | None = None
    try:
        for cells in reader:
            line = reader.line_num
            if header is None:
                _check_header(table, cells, wanted)
                header = cells
                continue
            if len(cells) != len(header):
                raise _refuse(
                    table,
                    line,
                    f"there are {len(cells)} cells and {len(header)} columns",
                    "give every row one cell per column.",
                )
            rows.append(_typed(table, line, dict(zip(header, cells, strict=True)), wanted))
    except csv.Error:
        raise _refuse(table, reader.line_num, "the CSV cannot be read", "check the quotes around that line.") from None
    if header is None:
        raise _refuse(table, 1, "the file is empty", "write the header line even when there is no row.")
    return rows


def _typed(table: str, line: int, cells: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, Any]:
    row = {}
    for name, kind in wanted.items():
        try:
            row[name] = _value(cells.get(name, ""), kind)
        except ValueError:
            raise _refuse(
                table, line, f"`{name}` is not of type {kind}", "correct the cell; blank means missing."
            ) from None
    return row


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return escaped(value)
    if type(value) is int:
        return str(value)
    raise TypeError(f"a {type(value).__name__} has no place in a settlement's files")


def write_rows(table: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The bytes of a table: UTF-8, comma, LF, header. KeyError for a row that lacks a column."""
    columns = list(COLUMNS[table])
    return csv_text(chain([columns], ([_text(row[column]) for column in columns] for row in rows))).encode()
