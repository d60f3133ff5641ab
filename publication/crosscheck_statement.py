"""Whether `members/statement.xlsx` and `members/statement.fhir.json` follow from the open book, cell by cell.

Belongs here: making them again, and naming the cell or line that is another. Not here: what they hold
(`statement_workbook`, `fhir_statement`), whether the settlement follows (verify).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from foundation.errors import OutturnError
from publication import columns
from publication.crosscheck import Problem
from publication.fhir_statement import fhir_statement
from publication.formats import FORMAT
from publication.reader import Release, Unreadable
from publication.statement_workbook import KPIS, NAMES, POSTINGS, in_order, statement_workbook, title_of

FILE, BUNDLE = "members/statement.xlsx", "members/statement.fhir.json"
# sheet -> the column that names what a row is about
_NAMED_BY = {KPIS: "A", NAMES.given: "B", NAMES.steps: "I", POSTINGS: "H"}


def statement_agrees(release: Release, older: list[str]) -> list[Problem]:
    """What of the workbook and the Bundle is not what follows from the open book. older: takes what a release of an
    older format does not have."""
    here = [file for file in (FILE, BUNDLE) if release.has(file) or file in release.manifest["files"]]
    gone = [file for file in (FILE, BUNDLE) if file not in here]
    if release.format != FORMAT:
        older += [f"{file} is not part of it." for file in gone]
        gone = []
    problems = [Problem(file, "is missing: every release of this format has it.") for file in gone]
    if not here:
        return problems
    found = {file: release.raw(file) for file in here}
    try:
        wanted = _made_again(release)
    except Unreadable:
        raise
    except OutturnError:
        return problems  # what cannot be settled again is named where it is settled
    for file, raw in found.items():
        if raw != wanted[file]:
            problems += _differences(raw, wanted[file]) if file == FILE else _bundle_differs(raw, wanted[file])
    return problems


def _made_again(release: Release) -> dict[str, bytes]:
    from settlement.recompute import recompute_all

    made = in_order([(files["terms.yaml"], one) for _, files in release.open_books() for one in recompute_all(files)])
    kpi_return, ledger = release.members(columns.KPI_RETURN), release.members(columns.LEDGER)
    title = title_of(str(dict(release.manifest["place"]).get("title", "")))
    return {
        FILE: statement_workbook(made, kpi_return, ledger, title),
        BUNDLE: fhir_statement(made, kpi_return),
    }


def _bundle_differs(raw: bytes, wanted: bytes) -> Iterator[Problem]:
    """The first line that is another: every number and text of the Bundle has a line of its own."""
    here, there = raw.decode(errors="replace").splitlines(), wanted.decode().splitlines()
    for number, (one, other) in enumerate(zip_longest(here, there, fillvalue=""), start=1):
        if one != other:
            shown, follows = one.strip() or "missing", other.strip() or "none"
            yield Problem(BUNDLE, f"line {number} is {shown}, and {follows} follows.")
            return
    yield Problem(BUNDLE, "ends its lines otherwise than it was written.")


def _differences(raw: bytes, wanted: bytes) -> Iterator[Problem]:
    from openpyxl import load_workbook

    try:
        here = [load_workbook(io.BytesIO(raw), data_only=stored) for stored in (False, True)]
    except Exception:
        yield Problem(FILE, "cannot be read as a workbook.")
        return
    there = [load_workbook(io.BytesIO(wanted), data_only=stored) for stored in (False, True)]
    if here[0].sheetnames != there[0].sheetnames:
        yield Problem(FILE, f"has the sheets {', '.join(here[0].sheetnames)}, not {', '.join(there[0].sheetnames)}.")
        return
    for name in there[0].sheetnames:
        own, follows = here[0][name], there[0][name]
        if own.max_row > follows.max_row or own.max_column > follows.max_column:
            yield Problem(FILE, f"{name} holds cells as far as {own.dimensions}, not {follows.dimensions}.")
        for row in range(1, follows.max_row + 1):
            for column in range(1, follows.max_column + 1):
                cells = [book[name].cell(row, column) for book in (*here, *there)]
                formula, stored, other_formula, other_stored = (cell.value for cell in cells)
                place = cells[0].coordinate
                if formula != other_formula:
                    what = f"{place} is {_shown(formula)}, and {_shown(other_formula)} follows."
                elif stored != other_stored:
                    what = f"{place} shows {_shown(stored)}, and {_shown(other_stored)} follows."
                else:
                    continue
                yield Problem(FILE, f"{name}, {what}", _figure(follows, row))


def _shown(value: Any) -> str:
    return "blank" if value is None else str(value)


def _figure(sheet: Any, row: int) -> str:
    """The figure a row is about; blank where it is about none."""
    if row == 1:
        return ""
    if sheet.title == NAMES.lines and sheet.cell(row, 14).value:
        line, party, agreement, period = (sheet.cell(row, n).value for n in (1, 2, 14, 15))
        return f"member:{agreement}:{period}:{line}:{party}"
    if sheet.title == NAMES.ledger:
        member, agreement, period = (sheet.cell(row, n).value for n in (1, 6, 7))
        return f"ledger:{agreement}:{period}:{member}"
    return str(sheet[f"{_NAMED_BY[sheet.title]}{row}"].value or "") if sheet.title in _NAMED_BY else ""
