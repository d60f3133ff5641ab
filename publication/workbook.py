"""`outcomes.xlsx`: the public tables as a spreadsheet that a screen reader can follow and a spreadsheet cannot run.

Belongs here: the workbook. Not here: which cells may be shown. The layout follows the government's guidance on
accessible spreadsheets: a contents sheet first, one table a sheet beginning in column A, no merged cells, no
colour that carries meaning. The same content gives the same bytes: every date in the file is fixed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.escaping import escaped
from foundation.tables import lasting_workbook
from publication.columns import Schema
from publication.inputs import Row

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(_UNPRINTABLE.sub("", value))
    # the sheet stores numbers as binary fractions; figures of up to fifteen digits survive that unchanged
    return float(value) if isinstance(value, Decimal) else value


def workbook_bytes(tables: Mapping[Schema, Sequence[Row]], title: str, notes: Sequence[str]) -> bytes:
    """The workbook: a sheet `contents`, then one sheet a table."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.table import Table, TableStyleInfo

    book = Workbook()
    book.properties.creator = "Outturn"
    book.properties.title = title
    book.remove(book.worksheets[0])
    contents = book.create_sheet("contents")
    contents.append([title])
    contents["A1"].font = Font(bold=True, size=16)
    for note in notes:
        contents.append([_cell(note)])
    contents.append([])
    contents.append(["Sheet", "What it holds", "Rows"])
    for heading in contents[contents.max_row]:
        heading.font = Font(bold=True)
    for schema, rows in tables.items():
        contents.append([schema.name, schema.comment, len(rows)])
        contents.cell(contents.max_row, 1).hyperlink = f"#'{schema.name}'!A1"
    contents.column_dimensions["A"].width = 40
    contents.column_dimensions["B"].width = 90
    for line in contents.iter_rows(min_col=1, max_col=2):
        for item in line:
            item.alignment = Alignment(wrap_text=True, vertical="top")
    for schema, rows in tables.items():
        sheet = book.create_sheet(schema.name)
        sheet.append([schema.comment])
        sheet["A1"].font = Font(bold=True, size=14)
        sheet.append(["One table. Blank cells have no figure; the column that says why is “marker”."
                      if "marker" in schema.names else "One table. Blank cells have no figure."])  # fmt: skip
        sheet.append(schema.names)
        for row in rows:
            sheet.append([_cell(row[name]) for name in schema.names])
        for index, column in enumerate(schema.columns, start=1):
            letter = sheet.cell(3, index).column_letter
            sheet.column_dimensions[letter].width = min(48, max(14, len(column.name) + 4))
        sheet.freeze_panes = "B4"
        if rows:
            last = sheet.cell(3 + len(rows), len(schema.columns)).coordinate
            table = Table(displayName=schema.name, ref=f"A3:{last}")
            table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
            sheet.add_table(table)
    raw = io.BytesIO()
    book.save(raw)
    return lasting_workbook(raw.getvalue())
