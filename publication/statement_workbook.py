"""`members/statement.xlsx`: every settlement of a release as live formulas, from the inputs to the postings.

Belongs here: its cover, the sheets of the KPI return and of postings, and the check that all of it equals what was
published. Not here: steps and members' parts (`live_sheets`), whether a copy is still this workbook
(`crosscheck_statement`).

The same settlements give the same bytes. A release whose workbook does not come to what is published is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from foundation.errors import Refused
from publication.inputs import Row
from publication.live_sheets import Formula, LiveSheets, Names, Placed, place_of, spot
from settlement.engine import Settlement
from settlement.terms import Terms, load_terms

COVER, KPIS, POSTINGS = "Cover", "KPI return", "Postings"
NAMES = Names(given="Inputs", ledger="Open book", steps="Steps", lines="Member lines")
EQUAL_AT = "B3"
_KPI_COLUMNS = (
    "figure_id", "agreement_id", "kpi_id", "period_id", "indicator_id", "area_code", "value", "unit", "numerator",
    "denominator", "level", "quality_status", "quality_reason",
)  # fmt: skip
_ABOUT = (
    (COVER, "what this is, and whether everything computed here equals what was published"),
    (KPIS, "the KPI values the settlements rest on"),
    (NAMES.given, "every number from outside: figures of the terms, KPI values, sums of the open book, decisions"),
    (NAMES.ledger, "what each member spent, line by line, in pence"),
    (NAMES.steps, "every step in words, as its formula and as a live formula on the cells it uses"),
    (NAMES.lines, "each member's part of each line: by largest remainder, under the agreed limits"),
    (POSTINGS, "what is posted, in pence and in pounds"),
)
_NOTES = (
    "Change a number on one of the sheets KPI return, Inputs or Open book, and everything that follows from it "
    "changes. The column “agrees” then says where the result is no longer the published one.",
    "A score's formula is the straight line between the two levels its figure lies between, and a line of gain or loss "
    "is the one that was settled: for a figure beyond them, settle again (outturn settle).",
    "A spreadsheet counts with fifteen digits. What is paid is computed with exact fractions: outturn verify computes "
    "it again, and compares every cell of this workbook.",
    "A text that begins with an apostrophe before = + - or @ is shown with it, so that no program runs it.",
)


class StatementOf(NamedTuple):
    """One settlement of the workbook. made: computed again from the open book, so that its steps know what they use."""

    terms: Terms
    made: Settlement


def _number(value: Decimal | None) -> object:
    return None if value is None else float(value)


def kpi_of(figure: str) -> str:
    """The KPI and period of a KPI's figure, whatever is told of it: value, numerator, denominator, level."""
    return figure.rpartition(":")[0]


def kpis_used(settled: Sequence[StatementOf]) -> set[str]:
    """The KPIs and periods that steps rest on, as `kpi_of` names them."""
    given = {source.reference for one in settled for step in one.made.steps for _, source in step.uses}
    return {kpi_of(reference) for reference in given if reference.startswith("kpi:")}


def _kpi_sheet(sheets: LiveSheets, kpi_return: Sequence[Row], settled: Sequence[StatementOf]) -> None:
    """The rows of the agreements here. A step that uses such a value fetches it from this sheet."""
    from openpyxl.utils import get_column_letter

    wanted = {one.made.agreement_id for one in settled}
    used = kpis_used(settled)
    sheets.head(KPIS, *(name.replace("_", " ") for name in _KPI_COLUMNS))
    for row in kpi_return:
        if row["agreement_id"] in wanted and kpi_of(row["figure_id"]) in used:
            cells = [_number(row[name]) if name in ("value", "numerator", "denominator") else row[name]
                     for name in _KPI_COLUMNS]  # fmt: skip
            at = sheets.put(KPIS, *cells)
            for name in ("value", "numerator", "denominator"):
                if row[name] is not None:
                    place = spot(KPIS, f"${get_column_letter(_KPI_COLUMNS.index(name) + 1)}${at}")
                    sheets.elsewhere[(f"{kpi_of(row['figure_id'])}:{name}", Fraction(row[name]))] = f"={place}"


def _posting_rows(sheets: LiveSheets, placed: Placed) -> tuple[int, int]:
    first = sheets.sheets[POSTINGS].max_row + 1
    for item in placed.made.postings:
        at = sheets.sheets[POSTINGS].max_row + 1
        place = place_of(placed, item.figure_id)
        sheets.put(
            POSTINGS, item.line, item.status, Formula(f"={place}") if place else item.amount_pence, item.amount_pence,
            Formula(f'=IF(C{at}=D{at},"agrees","differs")'), Formula(f"=C{at}/100"), item.settlement_id,
            item.figure_id, item.agreement_id, item.period_id,
        )  # fmt: skip
        sheets.sheets[POSTINGS].cell(at, 6).number_format = "£#,##0.00;[Red]-£#,##0.00"
        if place is None:
            placed.taken.append(item.figure_id)
    return first, max(first, sheets.sheets[POSTINGS].max_row)


def _differing(sheet: str, column: str, rows: tuple[int, int]) -> str:
    first, last = rows
    return f'COUNTIF({spot(sheet, f"${column}${first}:${column}${last}")},"differs")'


def _cover(sheets: LiveSheets, title: str, made: Sequence[tuple[Placed, tuple[int, int]]]) -> None:
    from openpyxl.styles import Font, PatternFill

    cover = sheets.sheets[COVER]
    sheets.put(COVER, title)
    sheets.put(COVER, "For members and commissioners only", "Not to be passed on: it holds members' costs.")
    equal = sheets.put(COVER, "Equals what was published")
    sheets.put(COVER, "Everything in it is computed from the inputs by the formulas you can see.", "")
    for line, column in ((1, "A"), (equal, "A"), (equal, "B")):
        cover[f"{column}{line}"].font = Font(bold=True, size=14)
    sheets.head(COVER, "sheet", "what it holds")
    for name, words in _ABOUT:
        cover.cell(sheets.put(COVER, name, words), 1).hyperlink = f"#'{name}'!A1"
    sheets.head(COVER, "agreement", "settlement", "period", "status", "posted, in pounds", "steps", "cells that differ",
                "parts taken as published")  # fmt: skip
    first = last = int(cover.max_row) + 1
    for placed, postings in made:
        checks = "+".join((
            _differing(NAMES.steps, "G", placed.step_rows), _differing(NAMES.lines, "M", placed.line_rows),
            _differing(POSTINGS, "E", postings),
        ))  # fmt: skip
        amounts = spot(POSTINGS, f"$F${postings[0]}:$F${postings[1]}")
        last = sheets.put(
            COVER, placed.terms.agreement.name, placed.made.settlement_id, placed.made.period_id, placed.made.status,
            Formula(f"=SUM({amounts})"), len(placed.made.steps), Formula(f"={checks}"), len(placed.taken),
        )  # fmt: skip
        cover.cell(last, 5).number_format = "£#,##0.00;[Red]-£#,##0.00"
    if not made:
        sheets.put(COVER, "This release settles nothing.")
    cover[EQUAL_AT].value = f'=IF(SUM(G{first}:G{last})=0,"yes","no")'
    cover[EQUAL_AT].fill = PatternFill("solid", fgColor="FFF2CC")
    for words in _NOTES:
        sheets.put(COVER, words)


def in_order(settled: Sequence[tuple[bytes, Settlement]]) -> list[StatementOf]:
    """Settlements, each with its terms file, by agreement and period."""
    read = {raw: load_terms(raw) for raw in dict(settled)}
    found = [StatementOf(read[raw], made) for raw, made in settled]
    return sorted(found, key=lambda one: (one.made.agreement_id, one.made.period_id))


def title_of(place: str) -> str:
    return f"{place}: statement of settlements"


def statement_book(
    settled: Sequence[StatementOf], kpi_return: Sequence[Row], ledger: Sequence[Mapping[str, Any]], title: str
) -> LiveSheets:
    """The workbook of a release's settlements, in the order given. ledger: rows of all of them."""
    sheets = LiveSheets(NAMES, COVER, KPIS, after=(POSTINGS,), title=title)
    _kpi_sheet(sheets, kpi_return, settled)
    sheets.head(POSTINGS, "line", "status", "computed here, in pence", "as published, in pence", "agrees", "in pounds",
                "settlement", "figure_id", "agreement", "period")  # fmt: skip
    made = []
    for one in settled:
        placed = sheets.add(one.terms, one.made, ledger)
        made.append((placed, _posting_rows(sheets, placed)))
    _cover(sheets, title, made)
    return sheets


def statement_workbook(
    settled: Sequence[StatementOf], kpi_return: Sequence[Row], ledger: Sequence[Mapping[str, Any]], title: str
) -> bytes:
    """The bytes of the workbook. Refused when a formula does not come to what was published."""
    sheets = statement_book(settled, kpi_return, ledger, title)
    for name, column in ((NAMES.steps, "G"), (NAMES.lines, "M"), (POSTINGS, "E")):
        for row in range(2, sheets.sheets[name].max_row + 1):
            if sheets.values.at(name, f"{column}{row}") == "differs":
                what = sheets.sheets[name].cell(row, 1).value
                raise Refused(
                    f"statement.xlsx would come to something else than is published ({name}, row {row}, {what}).",
                    "this is a defect of the workbook or of a step's formula: report it with the terms.",
                )
    return sheets.content()
