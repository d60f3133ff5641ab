"""`outcomes.xlsx`: the public tables as a spreadsheet that a screen reader can follow and a spreadsheet cannot run.

Belongs here: the workbook. Not here: which cells may be shown, whether a copy is still the same (`crosscheck`).
The layout follows the government's guidance on accessible spreadsheets: cover, contents and notes first; one marked
table a sheet, from column A; headings in words with the unit; shorthand instead of blank cells; nothing merged, no
blank row, no colour that carries meaning. The same content gives the same bytes: every date in the file is fixed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.escaping import sheet_text
from foundation.tables import lasting_workbook
from publication.columns import Column, Schema
from publication.inputs import Row

COVER, CONTENTS, NOTES, COLUMNS = "Cover", "Contents", "Notes", "Columns"
# rows above a table: title, what it is
HEAD_ROW = 3
SHEETS = {
    "outcomes": "Outcomes", "breakdowns": "Groups of people", "spc_points": "Chart points",
    "indicators": "Definitions", "statement": "Alliance statement", "completeness": "Completeness of data",
    "revisions": "What moved",
}  # fmt: skip
SHORTHAND = (
    ("[c]", "Confidential: hidden so that nobody can be found."),
    ("[p]", "Provisional: may still change. The value stands; the mark is in the column Shorthand."),
    ("[w]", "Withheld: a check of the data failed. The column Reason says which."),
    ("[x]", "Not available: there is no such figure, or it is not published beside this one."),
    ("[z]", "Not applicable: the cell would say nothing in this row."),
)
NONE = "none"
_MEASURED = ("value", "numerator", "denominator", "lower", "upper", "centre_line", "lower_limit", "upper_limit",
             "kpi_score", "missing_pct")  # fmt: skip
_HEADINGS = {
    "value": "Value, in the unit of its row", "value_text": "Value as printed", "marker": "Shorthand",
    "numerator": "Numerator, count or sum", "denominator": "Denominator, count or sum",
    "lower": "Lower 95 % limit, in the unit of its row", "upper": "Upper 95 % limit, in the unit of its row",
    "centre_line": "Centre line, in the unit of its indicator",
    "lower_limit": "Lower process limit, in the unit of its indicator",
    "upper_limit": "Upper process limit, in the unit of its indicator",
    "window_days": "Days in the period", "covered_days": "Days the data cover", "missing_days": "Days incomplete",
    "expected_days": "Days expected", "complete_days": "Days complete", "missing_pct": "Days missing, per cent",
    "withheld": "Withheld, yes or no", "alliance_total_pence": "Alliance total, in pence",
    "if_unchanged_pence": "Total had nothing changed, in pence",
    "kpi_score": "Overall score, in points", "value_decimals": "Decimals published",
    "look_back_days": "Look-back, in days", "figure_id": "Figure id", "feeds": "Feeds, parted by spaces",
    "spc": "SPC", "sequence": "Number of the release", "difference_pence": "Difference, in pence",
}  # fmt: skip


def heading(column: Column) -> str:
    """A column's heading in words, with its unit where it has one."""
    return _HEADINGS.get(column.name) or column.name.replace("_", " ").capitalize()


def table_cells(schema: Schema, row: Row) -> list[Any]:
    """A row as its cells: numbers and dates as such, texts that run nothing, and shorthand where there is nothing."""
    marker = row.get("marker")
    cells = []
    for column in schema.columns:
        value = row[column.name]
        if column.name == "marker":
            cells.append(f"[{value}]" if value else NONE)
        elif value is None or value == "":
            hidden = f"[{marker}]" if marker and marker != "p" else "[x]"
            cells.append(hidden if column.name in _MEASURED else "[z]")
        else:
            cells.append(_cell(value))
    return cells


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return sheet_text(value)
    # the sheet stores numbers as binary fractions; figures of up to fifteen digits survive that unchanged
    return float(value) if isinstance(value, Decimal) else value


class _Book:
    """The workbook under construction."""

    def __init__(self, title: str) -> None:
        from openpyxl import Workbook
        from openpyxl.styles import Font
        from openpyxl.utils.indexed_list import IndexedList

        self.book = Workbook()
        self.book.properties.creator = "Outturn"
        self.book.properties.title = title
        self.book.properties.language = "en-GB"
        # the first font is what every cell has that is given none
        self.book._fonts = IndexedList([Font(name="Arial", size=12)])  # type: ignore[attr-defined]
        self.book._named_styles["Normal"].font = Font(name="Arial", size=12)  # type: ignore[attr-defined]
        self.book.remove(self.book.worksheets[0])

    def sheet(self, name: str, title: str, *below: str) -> Any:
        """A sheet with its title in A1 and sentences below it, each in column A."""
        from openpyxl.styles import Font

        sheet = self.book.create_sheet(name)
        for line in (title, *below):
            sheet.append([_cell(line)])
        sheet["A1"].font = Font(name="Arial", bold=True, size=16)
        return sheet

    def table(self, sheet: Any, name: str, headings: Sequence[str], rows: Sequence[Sequence[Any]], wide: int) -> None:
        """A marked table below what the sheet holds. wide: the width of its columns at most, in characters."""
        from openpyxl.styles import Alignment, Font
        from openpyxl.worksheet.table import Table, TableStyleInfo

        first = sheet.max_row + 1
        sheet.append(list(headings))
        for cell in sheet[first]:
            cell.font = Font(name="Arial", bold=True, size=12)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            longest = max((len(str(row[cell.column - 1])) for row in rows[:200]), default=0)
            width = min(wide, max(14, min(len(str(cell.value)), 24) + 2, longest + 2))
            sheet.column_dimensions[cell.column_letter].width = width
        for row in rows:
            sheet.append(list(row))
        marked = Table(displayName=name, ref=f"A{first}:{sheet.cell(first + len(rows), len(headings)).coordinate}")
        marked.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
        sheet.add_table(marked)

    def wrap(self, sheet: Any, width: int) -> None:
        from openpyxl.styles import Alignment

        sheet.column_dimensions["A"].width = width
        for line in sheet.iter_rows():
            for cell in line:
                cell.alignment = Alignment(wrap_text=True, vertical="top")


def workbook_bytes(tables: Mapping[Schema, Sequence[Row]], title: str, notes: Sequence[str]) -> bytes:
    """The workbook: cover, contents, notes and columns, then one sheet a table."""
    made = _Book(title)
    told = "Shorthand in square brackets is explained on the sheet Notes, columns on the sheet Columns."
    cover = made.sheet(COVER, title, *notes, told, "Every table is also there as CSV, Parquet and DuckDB.")
    made.wrap(cover, 100)
    contents = made.sheet(CONTENTS, "Contents", "This sheet holds one table: the sheets of this workbook.")
    listed = [
        (NOTES, "What shorthand in cells means", len(SHORTHAND)),
        (COLUMNS, "What each column means, and its name in the data files", sum(len(s.columns) for s in tables)),
        *((SHEETS[schema.name], schema.comment, len(rows)) for schema, rows in tables.items()),
    ]
    made.table(contents, "contents", ["Sheet", "What it holds", "Rows"], [list(map(_cell, one)) for one in listed], 90)
    for line in contents.iter_rows(min_row=4, max_col=1):
        line[0].hyperlink = f"#'{line[0].value}'!A1"
    sheet = made.sheet(NOTES, "Notes", "This sheet holds one table: the shorthand used in cells.")
    made.table(sheet, "notes", ["Shorthand", "What it means"], [list(one) for one in SHORTHAND], 100)
    sheet = made.sheet(COLUMNS, "Columns", "This sheet holds one table: the columns of every other sheet.")
    meanings = [
        [SHEETS[schema.name], _cell(heading(column)), column.name, _cell(column.meaning)]
        for schema in tables for column in schema.columns
    ]  # fmt: skip
    made.table(sheet, "columns", ["Sheet", "Heading", "Name in the data files", "What it means"], meanings, 100)
    for schema, rows in tables.items():
        said = "This sheet holds one table." if rows else "This release has no such figures: this sheet has no table."
        sheet = made.sheet(SHEETS[schema.name], schema.comment, said)
        if rows:
            cells = [table_cells(schema, row) for row in rows]
            made.table(sheet, schema.name, [heading(column) for column in schema.columns], cells, 48)
            sheet.freeze_panes = f"A{HEAD_ROW + 1}"
    raw = io.BytesIO()
    made.book.save(raw)
    return lasting_workbook(raw.getvalue())
