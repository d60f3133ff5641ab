"""`outcomes.xlsx` by the government's guidance on accessible spreadsheets, one test a guideline; and that verify reads it."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from release_forgery import reseal

from foundation.escaping import FORMULA_STARTS, unescaped
from publication import columns
from publication.crosscheck import workbook_agrees
from publication.reader import open_release
from publication.verify import verify_release
from publication.workbook import (
    COLUMNS,
    CONTENTS,
    COVER,
    HEAD_ROW,
    NONE,
    NOTES,
    SHEETS,
    SHORTHAND,
    heading,
    table_cells,
    workbook_bytes,
)

PLANTED = ("=1+1", "+1", "-1x", "@SUM(1)", "\t=1", "\n=1", "＝1", "＋1", "－1", "＠1", "'=1", "\x01=1")


@pytest.fixture(scope="module")
def book(release: Path) -> Any:
    return load_workbook(release / "public" / "outcomes.xlsx")


def table_sheets(book: Any) -> list[Any]:
    return [sheet for sheet in book.worksheets if sheet.tables]


def test_cover_contents_and_notes_come_first_and_sheets_have_plain_names(book: Any) -> None:
    assert book.sheetnames == [COVER, CONTENTS, NOTES, COLUMNS, *(SHEETS[schema.name] for schema in columns.PUBLIC)]
    for name in book.sheetnames:
        assert len(name) <= 31
        assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)*", name), name
    assert book.active.title == COVER


def test_the_cover_says_what_it_is_in_one_column(book: Any) -> None:
    cover = book[COVER]
    assert cover.max_column == 1
    texts = [row[0].value for row in cover.iter_rows()]
    assert all(texts)
    assert any("Notes" in text for text in texts)


def test_contents_lead_to_every_sheet(book: Any) -> None:
    rows = list(book[CONTENTS].iter_rows(min_row=HEAD_ROW + 1))
    assert [row[0].value for row in rows] == [NOTES, COLUMNS, *(SHEETS[schema.name] for schema in columns.PUBLIC)]
    for row in rows:
        assert row[0].hyperlink.location == f"'{row[0].value}'!A1" or row[0].hyperlink.ref == row[0].coordinate
        assert row[1].value
        if book[row[0].value].tables and row[0].value not in (NOTES, COLUMNS):
            assert row[2].value == book[row[0].value].max_row - HEAD_ROW


def test_a_sheet_has_one_marked_table_from_column_a_to_its_end(book: Any) -> None:
    """A title in A1, what the sheet is in A2, then the table: no blank row or column, nothing beside or below it."""
    names = set()
    for sheet in table_sheets(book):
        (table,) = sheet.tables.values()
        names.add(table.displayName)
        assert table.ref == f"A{HEAD_ROW}:{sheet.cell(sheet.max_row, sheet.max_column).coordinate}"
        assert sheet["A1"].font.bold
        assert "one table" in sheet["A2"].value
        for row in (1, 2):
            assert all(cell.value is None for cell in sheet[row][1:])
        for row in sheet.iter_rows(min_row=HEAD_ROW):
            assert all(cell.value is not None and cell.value != "" for cell in row), (sheet.title, row[0].row)
    assert (
        len(names)
        == len(table_sheets(book))
        == 3 + sum(1 for schema in columns.PUBLIC if book[SHEETS[schema.name]].tables)
    )
    for sheet in book.worksheets:
        if not sheet.tables and sheet.title != COVER:
            assert sheet.max_row == 2
            assert "has no table" in sheet["A2"].value


def test_nothing_is_merged_hidden_or_shown_by_colour(book: Any) -> None:
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        assert sheet.sheet_state == "visible"
        assert not any(side.hidden for side in (*sheet.column_dimensions.values(), *sheet.row_dimensions.values()))
        assert not sheet.conditional_formatting
        assert not sheet._images
        assert not sheet._charts
        assert not sheet.oddHeader.center.text
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.fill.fill_type is None
                assert cell.comment is None
                assert cell.font.name == "Arial"
                assert cell.font.size >= 12


def test_headings_are_words_with_a_unit_and_stand_once(book: Any) -> None:
    for schema in columns.PUBLIC:
        headings = [heading(column) for column in schema.columns]
        assert len(set(headings)) == len(headings)
        for column, words in zip(schema.columns, headings, strict=True):
            assert "_" not in words
            assert words[0].isupper()
            if column.name.endswith(("_pence", "_pct", "_days")):
                assert re.search(r"pence|per cent|[Dd]ays", words), words
        sheet = book[SHEETS[schema.name]]
        if sheet.tables:
            assert [cell.value for cell in sheet[HEAD_ROW]] == headings
            assert sheet.freeze_panes == f"A{HEAD_ROW + 1}"
            assert all(cell.alignment.wrap_text for cell in sheet[HEAD_ROW])


def test_every_column_is_explained(book: Any) -> None:
    rows = [tuple(cell.value for cell in row) for row in book[COLUMNS].iter_rows(min_row=HEAD_ROW + 1)]
    assert rows == [
        (SHEETS[schema.name], heading(column), column.name, unescaped(column.meaning))
        for schema in columns.PUBLIC for column in schema.columns
    ]  # fmt: skip


def test_shorthand_stands_where_there_is_no_figure_and_is_explained(book: Any, release: Path) -> None:
    notes = {row[0].value: row[1].value for row in book[NOTES].iter_rows(min_row=HEAD_ROW + 1)}
    assert notes == dict(SHORTHAND)
    assert {mark[1] for mark in notes} == set("cpwxz")
    used = set()
    for sheet in table_sheets(book):
        if sheet.title in (NOTES, COLUMNS, CONTENTS):
            continue
        for row in sheet.iter_rows(min_row=HEAD_ROW + 1, values_only=True):
            used |= {cell for cell in row if isinstance(cell, str) and re.fullmatch(r"\[.\]", cell)}
    assert used <= set(notes)
    rows = open_release(release).public(columns.OUTCOMES)
    withheld = next(row for row in rows if row["marker"] == "w")
    cells = dict(zip(columns.OUTCOMES.names, table_cells(columns.OUTCOMES, withheld), strict=True))
    assert {cells[name] for name in ("value", "marker", "numerator", "denominator", "lower", "upper")} == {"[w]"}
    provisional = {**withheld, "marker": "p", "value": Decimal("3.5"), "reason": None}
    cells = dict(zip(columns.OUTCOMES.names, table_cells(columns.OUTCOMES, provisional), strict=True))
    assert (cells["value"], cells["marker"], cells["numerator"], cells["reason"]) == (3.5, "[p]", "[x]", "[z]")
    plain = next(row for row in rows if not row["marker"])
    assert table_cells(columns.OUTCOMES, plain)[columns.OUTCOMES.names.index("marker")] == NONE


def test_numbers_are_numbers_and_dates_are_dates(book: Any, release: Path) -> None:
    sheet, rows = book["Outcomes"], open_release(release).public(columns.OUTCOMES)
    value, start = (columns.OUTCOMES.names.index(name) for name in ("value", "period_start"))
    for row, line in zip(rows, sheet.iter_rows(min_row=HEAD_ROW + 1), strict=True):
        assert line[start].value.date() == row["period_start"]
        assert line[value].value == ("[" + row["marker"] + "]" if row["value"] is None else float(row["value"]))


def test_no_planted_text_is_run_and_each_comes_back() -> None:
    """In cells, in the title and in notes alike; and no cell of the file is a formula."""
    row: dict[str, Any] = {column.name: None for column in columns.COMPLETENESS.columns}
    row |= {"period_start": date(2025, 4, 1), "missing_pct": Decimal("-1.5"), "withheld": True}
    tables = {columns.COMPLETENESS: [{**row, "indicator_id": text, "period_id": text} for text in PLANTED]}
    raw = workbook_bytes(tables, "=title()", ["+note", "@note"])
    assert raw == workbook_bytes(tables, "=title()", ["+note", "@note"])
    with zipfile.ZipFile(io.BytesIO(raw)) as held:
        assert not any(b"<f>" in held.read(name) for name in held.namelist())
    found = load_workbook(io.BytesIO(raw))
    assert [line[0].value for line in found[COVER].iter_rows(max_row=3)] == ["'=title()", "'+note", "'@note"]
    lines = list(found[SHEETS["completeness"]].iter_rows(min_row=HEAD_ROW + 1, values_only=True))
    assert [unescaped(line[0]) for line in lines] == [text.replace("\x01", "") for text in PLANTED]
    assert not any(str(cell).startswith(FORMULA_STARTS) for line in lines for cell in line[:2])
    assert {line[columns.COMPLETENESS.names.index("missing_pct")] for line in lines} == {-1.5}


def test_verify_reads_every_cell(copy: Path) -> None:
    path = copy / "public" / "outcomes.xlsx"
    found = load_workbook(path)

    def said(sheet: str, cell: str, value: Any) -> list[str]:
        before = found[sheet][cell].value
        found[sheet][cell].value = value
        found.save(path)
        found[sheet][cell].value = before
        return [str(problem) for problem in workbook_agrees(open_release(copy))]

    assert not workbook_agrees(open_release(copy))
    name = found["Outcomes"]["A4"].value
    (text,) = said("Outcomes", "K4", 999)
    assert text.startswith(f"public/outcomes.xlsx: {name}: Outcomes prints 999 for value, and ")
    (text,) = said("Alliance statement", "G4", 1)
    assert "posting:derbyshire-real-only:2024-25:gain: Alliance statement prints 1 for alliance_total_pence" in text
    assert "Outcomes prints Worth for value" in said("Outcomes", "K3", "Worth")[0]
    assert said("Groups of people", "A3", "more") == [
        "public/outcomes.xlsx: holds 1 rows too many on the sheet Groups of people."
    ]
    last = found["Outcomes"].max_row
    found["Outcomes"].delete_rows(last)
    found.save(path)
    assert "is missing on the sheet Outcomes" in str(workbook_agrees(open_release(copy))[0])
    del found["Outcomes"]
    found.save(path)
    reseal(copy)
    assert [str(problem) for problem in verify_release(copy)] == ["public/outcomes.xlsx: cannot be read as a workbook."]
