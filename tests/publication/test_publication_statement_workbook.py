"""`members/statement.xlsx`: what LibreOffice computes is what is published, a changed input flows, a changed cell is named."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from release_forgery import reseal

from foundation.errors import Refused
from foundation.escaping import unescaped
from publication.crosscheck_statement import statement_agrees
from publication.reader import open_release
from publication.sheet_values import SheetValues
from publication.statement_workbook import (
    COVER,
    EQUAL_AT,
    KPIS,
    NAMES,
    POSTINGS,
    StatementOf,
    statement_book,
    statement_workbook,
)
from settlement.books import Books, read_books

ROOT = Path(__file__).resolve().parents[2]
BY_HAND = ROOT / "docs" / "tutorial" / "by-hand"
OVERSPENT = "lambeth-personalised-support-overspent"
# the five agreements that are worked by hand, and the place of real figures
AGREEMENTS = tuple(sorted(p.name for p in BY_HAND.iterdir() if p.is_dir() and p.name != OVERSPENT))


# by default LibreOffice shows what is stored until somebody changes a cell
ALWAYS_COMPUTES = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value>
</prop></item></oor:items>
"""


def worked(folder: str) -> Books:
    files = {path.name: path.read_bytes() for path in (BY_HAND / folder).iterdir()}
    name = "lambeth-personalised-support" if folder == OVERSPENT else folder
    files["terms.yaml"] = (ROOT / "agreements" / name / "2024-04-01.yaml").read_bytes()
    (books,) = read_books(files)
    return books


def workbook_of(*worked_books: Books) -> bytes:
    settled = [StatementOf(books.terms, books.settle()) for books in worked_books]
    rows: tuple[list[Any], list[Any]] = ([], [])
    for books in worked_books:
        rows[0].extend(books.kpi_return)
        rows[1].extend(books.ledger)
    return statement_workbook(settled, *rows, "Statement of settlements")


def spoiled(raw: bytes) -> bytes:
    """The same formulas, and a stored value that is wrong beside each: whoever does not compute shows it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, re.sub(rb"(</f><v>)[^<]*", rb"\g<1>77", content.replace(b' t="str"><f>', b"><f>")))
    return out.getvalue()


def computed_by_libreoffice(folder: Path, books: dict[str, bytes]) -> dict[str, Any]:
    """Each workbook as LibreOffice computes it: values alone."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        if os.environ.get("CI") == "true":
            pytest.fail("soffice is missing, and CI must compute the workbook with it")
        pytest.skip("needs LibreOffice (soffice)")
    for name, content in books.items():
        (folder / f"{name}.xlsx").write_bytes(content)
    (folder / "profile" / "user").mkdir(parents=True)
    (folder / "profile" / "user" / "registrymodifications.xcu").write_text(ALWAYS_COMPUTES)
    subprocess.run(
        [office, "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "done"), *(str(folder / f"{n}.xlsx") for n in books)],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    return {name: load_workbook(folder / "done" / f"{name}.xlsx", data_only=True) for name in books}


def column(book: Any, sheet: str, name: str) -> list[Any]:
    head, *rows = book[sheet].iter_rows(values_only=True)
    return [row[head.index(name)] for row in rows]


def by_figure(book: Any) -> dict[str, Any]:
    """What each step comes to, by figure id."""
    return dict(zip(column(book, NAMES.steps, "figure_id"), column(book, NAMES.steps, "computed here"), strict=True))


def changed(raw: bytes, change: Callable[[Any], None]) -> bytes:
    book = load_workbook(io.BytesIO(raw))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_libreoffice_computes_the_worked_agreements_to_the_penny_and_follows_a_changed_input(tmp_path: Path) -> None:
    """ISSUE8: LibreOffice equals the penny for the five agreements, and the formulas are live.

    It is given wrong stored values, so that nothing but its own computing can come to the right ones. A pound of the
    open book, a KPI's value and a figure of the terms are changed, and the first two settled again by the engine.
    """
    books = {name: worked(name) for name in (*AGREEMENTS, OVERSPENT)}
    whole = workbook_of(*(books[name] for name in AGREEMENTS))
    one = books["derbyshire-real-only"]
    plain = workbook_of(one)
    row = next(row for row in one.ledger if row["member_id"] == "city-council")
    spent = [{**r, "amount_pence": r["amount_pence"] + 12_345_67} if r is row else r for r in one.ledger]
    kpi = next(r for r in one.kpi_return if r["figure_id"].split(":")[2] == "D1")
    better = [{**r, "value": r["value"] - 1} if r is kpi else r for r in one.kpi_return]

    def spend(book: Any) -> None:
        at = next(r for r in book[NAMES.ledger].iter_rows() if r[0].value == "city-council")
        at[4].value += 12_345_67

    def improve(book: Any) -> None:
        book[KPIS]["G2"].value -= 1

    def share(book: Any) -> None:
        (at,) = [r for r in book[NAMES.given].iter_rows() if str(r[1].value).startswith("terms:finance.gain.bands")]
        at[2].value /= 2

    done = computed_by_libreoffice(
        tmp_path,
        {"whole": spoiled(whole), "overspent": spoiled(workbook_of(books[OVERSPENT])), "spent": changed(plain, spend),
         "better": changed(plain, improve), "share": changed(plain, share)},
    )  # fmt: skip
    for name, of in (("whole", AGREEMENTS), ("overspent", (OVERSPENT,))):
        book = done[name]
        assert book[COVER][EQUAL_AT].value == "yes"
        made = [books[item].settle() for item in of]
        found = by_figure(book)
        for step in (step for one_made in made for step in one_made.steps):
            if step.unit == "pence":
                assert found[step.figure_id] == int(step.exact), step
            else:
                assert found[step.figure_id] == pytest.approx(float(step.exact), rel=1e-12, abs=1e-9), step
        posted = [item.amount_pence for one_made in made for item in one_made.postings]
        assert column(book, POSTINGS, "computed here, in pence") == posted
        assert sum(column(book, NAMES.lines, "amount in pence")) == sum(
            item.amount_pence for one_made in made for item in one_made.member_lines
        )
        assert {*column(book, NAMES.steps, "agrees"), *column(book, NAMES.lines, "agrees"),
                *column(book, POSTINGS, "agrees")} == {"agrees"}  # fmt: skip
    before = one.settle()
    for name, again in (("spent", replace(one, ledger=spent)), ("better", replace(one, kpi_return=better))):
        book, follows = done[name], again.settle()
        assert follows.postings[0].amount_pence != before.postings[0].amount_pence
        assert column(book, POSTINGS, "computed here, in pence") == [follows.postings[0].amount_pence], name
        parts = {item.member_id: item.amount_pence for item in follows.member_lines}
        shown = dict(zip(column(book, NAMES.lines, "party"), column(book, NAMES.lines, "amount in pence"), strict=True))
        assert shown == parts
        assert book[COVER][EQUAL_AT].value == "no"
    (halved,) = column(done["share"], POSTINGS, "computed here, in pence")
    assert abs(2 * halved - before.postings[0].amount_pence) <= 1


def test_a_viewer_that_does_not_compute_shows_the_same_figures(tmp_path: Path) -> None:
    """Every formula has its value beside it, and what computes it here is what the engine settled."""
    books = [worked(name) for name in AGREEMENTS]
    raw = workbook_of(*books)
    assert raw == workbook_of(*books)
    formulas, values = load_workbook(io.BytesIO(raw)), load_workbook(io.BytesIO(raw), data_only=True)
    count = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    count += 1
                    assert values[sheet.title][cell.coordinate].value is not None, (sheet.title, cell.coordinate)
    assert count > 700
    assert values[COVER][EQUAL_AT].value == "yes"
    found = by_figure(values)
    for step in (step for one in books for step in one.settle().steps):
        assert found[step.figure_id] == pytest.approx(float(step.exact), rel=1e-12), step
    # nothing of these settlements is beyond the sheet
    assert set(column_after(values[COVER], "parts taken as published")) == {0}
    # the values are those of the cells, exactly
    settled = [StatementOf(one.terms, one.settle()) for one in books]
    sheets = statement_book(settled, [], [row for one in books for row in one.ledger], "t")
    exact = SheetValues(sheets.book)
    at = next(
        row
        for row in sheets.sheets[NAMES.steps].iter_rows(min_row=2)
        if row[8].value == settled[0].made.steps[-1].figure_id
    )
    assert exact.at(NAMES.steps, at[3].coordinate) == settled[0].made.steps[-1].exact


def column_after(sheet: Any, head: str) -> list[Any]:
    """What stands below a heading of the cover, as far as its table goes."""
    found: list[Any] = []
    below = None
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == head:
                below = cell.column
        if below is not None and sheet.cell(row[0].row, below).value not in (head, None):
            found.append(sheet.cell(row[0].row, below).value)
    return found


def test_the_workbook_of_a_release_is_proved_cell_by_cell(copy: Path) -> None:
    """A formula, a stored value, a sheet: whatever is another than what follows is named, hashes made to fit or not."""
    path = copy / "members" / "statement.xlsx"
    raw = path.read_bytes()
    assert not statement_agrees(open_release(copy), [])
    values = load_workbook(io.BytesIO(raw), data_only=True)
    step = next(r for r in values[NAMES.steps].iter_rows(min_row=2) if r[0].value.endswith(". gain_posted"))
    place, figure = step[3].coordinate, step[8].value
    line = next(r for r in values[NAMES.lines].iter_rows(min_row=2))
    ledger = values[NAMES.ledger]["A2"].value

    def problems(content: bytes) -> list[str]:
        path.write_bytes(content)
        return [str(problem) for problem in statement_agrees(open_release(copy), [])]

    def formula(book: Any) -> None:
        book[NAMES.steps][place].value = "=1+1"

    # openpyxl drops what is stored when it saves: the cell changed is named first, and every value that is gone
    said = problems(changed(raw, formula))
    assert any(text.startswith(f"members/statement.xlsx: {figure}: Steps, {place} is =1+1") for text in said), said[:3]
    assert any(f"member:derbyshire-real-only:2024-25:gain:{line[1].value}: Member lines" in text for text in said)
    stored = str(values[NAMES.steps][place].value).encode()
    only = raw_with(raw, rb"(<c r=\"" + place.encode() + rb"\"[^>]*><f>[^<]*</f><v>)" + stored, rb"\g<1>1")
    assert problems(only) == [
        f"members/statement.xlsx: {figure}: Steps, {place} shows 1, and {stored.decode()} follows."
    ]

    def spend(book: Any) -> None:
        book[NAMES.ledger]["E2"].value += 1

    assert any(
        f"ledger:derbyshire-real-only:2024-25:{ledger}: Open book, E2 is" in text
        for text in problems(changed(raw, spend))
    )

    def beyond(book: Any) -> None:
        book[POSTINGS]["ZZ99"].value = "more"

    assert any("holds cells as far as A1:ZZ99" in text for text in problems(changed(raw, beyond)))

    def sheet(book: Any) -> None:
        book.create_sheet("More")

    assert any("has the sheets Cover" in text for text in problems(changed(raw, sheet)))
    assert any("cannot be read as a workbook" in text for text in problems(b"no workbook"))
    path.unlink()
    (copy / "members" / "statement.fhir.json").unlink()
    names = ("members/statement.xlsx", "members/statement.fhir.json")
    reseal(copy, without=names)
    said = [str(problem) for problem in statement_agrees(open_release(copy), [])]
    assert said == [f"{name}: is missing: every release of this format has it." for name in names]
    reseal(copy, of=1)
    older: list[str] = []
    assert not statement_agrees(open_release(copy), older)
    assert older == [f"{name} is not part of it." for name in names]


def raw_with(raw: bytes, pattern: bytes, new: bytes) -> bytes:
    """The workbook with the one place changed at which the pattern stands."""
    out, count = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet5.xml":
                content, count = re.subn(pattern, new, content)
            target.writestr(name, content)
    assert count == 1
    return out.getvalue()


def test_what_does_not_come_to_what_is_published_is_refused() -> None:
    books = worked("derbyshire-real-only")
    made = books.settle()
    first, *rest = made.steps
    wrong = replace(made, steps=(replace(first, exact=first.exact + 1), *rest))
    with pytest.raises(Refused, match=r"Steps, row 2, 1\. score\.D1"):
        statement_workbook([StatementOf(books.terms, wrong)], books.kpi_return, books.ledger, "t")
    empty = load_workbook(io.BytesIO(statement_workbook([], [], [], "t")), data_only=True)
    assert empty[COVER][EQUAL_AT].value == "yes"
    assert "This release settles nothing." in [row[0].value for row in empty[COVER].iter_rows()]


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=1+2*3-4/8", Fraction(13, 2)),
        ("=-2*-(1-3)", Fraction(-4)),
        ("=IF(A1=0,0,1/A1)", Fraction(0)),
        ('=IF(B1<>"","there","blank")', "blank"),
        ("=MIN(5,B1)", Fraction(5)),
        ("=SUM(A1:A3)", Fraction(5)),
        ("=SUMPRODUCT(--(A1:A3>1))+SUMPRODUCT(A1:A3,A1:A3)", Fraction(15)),
        ("=ROUND(-2.5,0)+ROUND(0.125,2)+INT(-0.5)+SIGN(-3)+ABS(-1)+MAX(1,2)", Fraction(-187, 100)),
        ("=AND(A2=2,A3=3)", True),
        ('=COUNTIF(C1:C3,"x")+SUMIFS(A1:A3,C1:C3,"x")', Fraction(5)),
        ("=IF(A1<=0,IF(A2>=2,A3<4,0),1)", True),
    ],
)
def test_formulas_are_computed_as_a_spreadsheet_does(formula: str, value: object) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    for row, (number, text) in enumerate([(0, "x"), (2, "y"), (3, "x")], start=1):
        sheet.cell(row, 1, number)
        sheet.cell(row, 3, text)
    sheet["E1"] = formula
    assert SheetValues(book).at(sheet.title, "E1") == value


@pytest.mark.parametrize("formula", ["=VLOOKUP(1,A1:A3,1)", "=A1:B3", "=A1:A3", "=1 2", "=2^3", "=TRUE"])
def test_formulas_of_another_kind_are_not_guessed(formula: str) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.worksheets[0]["E1"] = formula
    with pytest.raises(ValueError, match=r"formula|one value"):
        SheetValues(book).at(book.worksheets[0].title, "E1")


def test_no_text_of_an_open_book_is_run() -> None:
    """What a member writes into its return stands as text, and the only formulas are ours."""
    books = worked("derbyshire-real-only")
    texts = ["=1+1", "+1", "-1x", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＠1", "\x07=1"]
    ledger = [{**row, "line_id": texts[n]} if n < len(texts) else row for n, row in enumerate(books.ledger)]
    plain = workbook_of(books)
    spiked = statement_workbook([StatementOf(books.terms, books.settle())], books.kpi_return, ledger, "=title()")
    here, there = (load_workbook(io.BytesIO(raw)) for raw in (spiked, plain))

    def formulas(book: Any) -> set[tuple[str, str, str]]:
        return {
            (sheet.title, cell.coordinate, cell.value)
            for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
        }  # fmt: skip

    assert formulas(here) == formulas(there)
    assert here[COVER]["A1"].value == "'=title()"
    held = [row[2].value for row in here[NAMES.ledger].iter_rows(min_row=2, max_row=1 + len(texts))]
    assert [unescaped(cell) for cell in held] == [t.replace("\r", "\n").replace("\x07", "") for t in texts]
