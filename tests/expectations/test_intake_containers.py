"""A table is judged alike whatever it comes in, and what an archive, a workbook or a Parquet file may not hold is refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from containers import (
    ALL,
    contract_taking,
    in_every_container,
    linked_zip,
    locked_zip,
    parquet_of,
    replacing,
    with_parts,
    xlsx_of,
    zip_of,
)
from deliveries import LEDGER, TRUST_A, TRUST_B, csv_of, deliver, ledger_rows, monthly, trust_a_rows, trust_rows

from expectations.examine import CheckReport, check_file
from expectations.intake import take_in
from foundation.canonical import readable_json
from foundation.errors import Refused
from foundation.home import Home
from ingest import lake
from ingest.contract import Contract
from ingest.register import Register

DAILY = contract_taking("daily_discharge_return")
LEDGERS = contract_taking("cost_ledger")
GOOD = csv_of(TRUST_B, trust_rows("RFS"))
SHEET = "xl/worksheets/sheet1.xml"


def check(data: bytes, name: str, folder: Path, contract: Contract = DAILY) -> CheckReport:
    path = folder / name
    path.write_bytes(data)
    return check_file(path, contract)


def spoilt(change: str) -> bytes:
    rows = trust_rows("RFS")
    if change == "good":
        return csv_of(TRUST_B, rows)
    if change == "sum":
        rows[4][4] = "9999"
    elif change == "word":
        rows[4][2] = "many"
    elif change == "twice":
        rows.append(list(rows[3]))
    elif change == "conflict":
        rows.append([*rows[3][:2], "1", "1", "2"])
    elif change == "other date":
        rows[4][1] = "05/04/2025"
    elif change == "blank":
        rows[4][1] = ""
    elif change == "total":
        rows.append(["Total", "", "1", "2", "3"])
    elif change == "header again":
        rows.insert(9, list(TRUST_B))
    elif change == "column missing":
        return csv_of(TRUST_B[:4], [row[:4] for row in rows])
    elif change == "another column":
        return csv_of((*TRUST_B, "Ward"), [[*row, "medical"] for row in rows])
    elif change == "identifying column":
        return csv_of((*TRUST_B, "nhs_number"), [[*row, "x"] for row in rows])
    return csv_of(TRUST_B, rows)


@pytest.mark.parametrize(
    "change",
    [
        "good", "sum", "word", "twice", "conflict", "other date", "blank", "total", "header again", "column missing",
        "another column", "identifying column",
    ],
)  # fmt: skip
def test_the_verdict_does_not_depend_on_the_container(change: str, tmp_path: Path) -> None:
    reports = {
        kind: check(data, f"daily{ending}", tmp_path)
        for kind, (ending, data) in in_every_container(spoilt(change)).items()
    }
    assert set(reports) == set(ALL)
    wanted = reports["csv"]
    for report in reports.values():
        assert report.report() == wanted.report()
        assert (report.accepted is None) == (wanted.accepted is None)
        if report.accepted is not None:
            assert report.accepted.equals(wanted.accepted)
        assert report.rows_read == report.rows_accepted + report.rows_quarantined + report.rows_deduplicated


@pytest.mark.parametrize("kind", ALL)
def test_intake_takes_every_container_and_writes_the_same_rows(kind: str, home: Home) -> None:
    ending, data = in_every_container(GOOD)[kind]
    told = monthly("daily_discharge_return", "RFS", "2025-04", data, 30)
    told["file"] = str(told["file"]).removesuffix(".csv") + ending
    receipt = take_in(home, deliver(home, told, data), {"daily_discharge_return": DAILY})
    assert (receipt.outcome, receipt.rows_read, receipt.rows_accepted) == ("accept", 30, 30)
    assert receipt.shown_name == told["file"]
    held = lake.read_rows(home, [path for path, _ in receipt.lake_files])
    assert [(row["row_number"], row["discharged_total"]) for row in held] == [
        (number, int(row[4])) for number, row in enumerate(trust_rows("RFS"), start=1)
    ]
    assert len(Register.load(home).in_force()) == 1


def test_manifest_and_bytes_are_compared_before_anything_is_unpacked(tmp_path: Path) -> None:
    data = gzip.compress(GOOD)[:-9]
    path = tmp_path / "daily_discharge_return_RFS_2025-04_v1.csv.gz"
    path.write_bytes(data)
    told = monthly("daily_discharge_return", "RFS", "2025-04", data, 30, file=path.name, sha256="0" * 64)
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(readable_json(told))
    report = check_file(path, DAILY, manifest)
    assert [item.rule for item in report.findings] == ["delivery.sha256_mismatch"]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != "csv"])
def test_a_container_that_the_contract_does_not_list_is_refused(kind: str, tmp_path: Path) -> None:
    ending, data = in_every_container(GOOD)[kind]
    for containers in (["csv"], [other for other in ALL if other != kind]):
        contract = contract_taking("daily_discharge_return", containers)
        report = check(data, f"daily{ending}", tmp_path, contract)
        assert (report.outcome, [item.rule for item in report.findings]) == ("reject_file", ["delivery.type_refused"])
        # nor does another name let it in
        report = check(data, "daily.csv", tmp_path, contract)
        assert [item.rule for item in report.findings] == ["delivery.type_refused"]


def test_a_name_that_lies_about_its_content_is_refused(tmp_path: Path) -> None:
    made = in_every_container(GOOD)
    for kind, (ending, _) in made.items():
        for other, (_, data) in made.items():
            if other == kind:
                continue
            report = check(data, f"daily{ending}", tmp_path)
            assert report.outcome == "reject_file", (kind, other)
            assert report.findings[0].rule in ("delivery.type_refused", "container.member"), (kind, other)


def test_a_contract_lists_containers_once_and_by_their_names() -> None:
    for wrong in ([], ["csv", "csv"], ["tar"]):
        with pytest.raises(Refused, match="containers"):
            contract_taking("cost_ledger", wrong)
    with pytest.raises(Refused, match="worksheet"):
        contract_taking("cost_ledger", ["csv"], worksheet="Data")


BOMB = b"Organisation,Date\n" + b"0" * 3_000_000


@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("x.zip", zip_of({"x.csv": BOMB}), "container.too_large"),
        ("x.zip", zip_of({"x.csv": GOOD * 20_000}), "container.too_large"),
        ("x.csv.gz", gzip.compress(BOMB), "container.too_large"),
        ("x.zip", zip_of({"a.csv": GOOD, "b.csv": GOOD}), "container.member"),
        ("x.zip", zip_of({}), "delivery.type_refused"),
        ("x.zip", zip_of({"x.zip": zip_of({"x.csv": GOOD})}), "container.member"),
        ("x.zip", zip_of({"x.csv": zip_of({"x.csv": GOOD})}), "delivery.type_refused"),
        ("x.csv.gz", gzip.compress(gzip.compress(GOOD)), "delivery.type_refused"),
        ("x.zip", zip_of({"../x.csv": GOOD}), "container.member"),
        ("x.zip", zip_of({"/etc/x.csv": GOOD}), "container.member"),
        ("x.zip", zip_of({"folder/x.csv": GOOD}), "container.member"),
        ("x.zip", zip_of({"x.csv/": b""}), "container.member"),
        ("x.zip", linked_zip(), "container.member"),
        ("x.zip", locked_zip(GOOD), "container.encrypted"),
        ("x.zip", zip_of({"x.csv": GOOD})[:-30], "container.damaged"),
        ("x.zip", zip_of({"x.csv": b""}), "delivery.empty"),
        ("x.csv.gz", gzip.compress(GOOD)[:-1], "container.damaged"),
        ("x.csv.gz", gzip.compress(GOOD) + gzip.compress(GOOD), "container.member"),
        ("x.csv.gz", gzip.compress(GOOD)[:60] + b"\x00" + gzip.compress(GOOD)[61:], "container.damaged"),
    ],
)
def test_archives_are_not_trusted(name: str, data: bytes, rule: str, tmp_path: Path) -> None:
    report = check(data, name, tmp_path)
    assert (report.outcome, [item.rule for item in report.findings]) == ("reject_file", [rule])
    assert (report.rows_read, report.accepted) == (0, None)


def test_a_size_that_is_a_lie_stops_the_unpacking(tmp_path: Path) -> None:
    """The directory says a hundred bytes; what comes out is not asked to stop there, and is stopped."""
    packed = bytearray(zip_of({"x.csv": GOOD}))
    directory = packed.rindex(b"PK\x01\x02")
    packed[22:26] = packed[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    report = check(bytes(packed), "x.zip", tmp_path)
    assert report.outcome == "reject_file"
    assert report.findings[0].rule in ("container.too_large", "container.damaged")


# workbooks ----------------------------------------------------------------------------------------------


def workbook(spoil: Callable[[Any], object] | None = None) -> bytes:
    return xlsx_of(
        TRUST_B, [[row[0], date.fromisoformat(row[1]), *map(int, row[2:])] for row in trust_rows("RFS")], spoil
    )


def hide_row(book: Any) -> None:
    book.active.row_dimensions[5].hidden = True


def hide_column(book: Any) -> None:
    book.active.column_dimensions["C"].hidden = True


def merge(book: Any) -> None:
    book.active.merge_cells("A5:A6")


def formula(book: Any) -> None:
    book.active["E5"] = "=C5+D5"


def second_sheet(book: Any) -> None:
    book.create_sheet("Notes")


EXTERNAL = (
    b'<Relationship Id="rId99" TargetMode="External" Target="file:///x.xlsx" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath"/></Relationships>'
)
DOCTYPE = b'<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet'
WORKBOOKS: list[tuple[str, Callable[[], bytes], str]] = [
    ("hidden row", lambda: workbook(hide_row), "workbook.hidden"),
    ("hidden column", lambda: workbook(hide_column), "workbook.hidden"),
    ("merged", lambda: workbook(merge), "workbook.merged"),
    ("formula", lambda: workbook(formula), "workbook.formula"),
    ("two sheets", lambda: workbook(second_sheet), "workbook.sheets"),
    ("macro", lambda: with_parts(workbook(), {"xl/vbaProject.bin": lambda _: b"x"}), "workbook.active"),
    (
        "macro content type",
        lambda: with_parts(
            workbook(),
            {
                "[Content_Types].xml": replacing(
                    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
                )
            },
        ),
        "workbook.active",
    ),
    (
        "external link",
        lambda: with_parts(workbook(), {"xl/_rels/workbook.xml.rels": replacing(b"</Relationships>", EXTERNAL)}),
        "workbook.active",
    ),
    (
        "external link part",
        lambda: with_parts(workbook(), {"xl/externalLinks/externalLink1.xml": lambda _: b"<x/>"}),
        "workbook.active",
    ),
    ("document type", lambda: with_parts(workbook(), {SHEET: replacing(b"<worksheet", DOCTYPE)}), "workbook.active"),
    (
        "document type in UTF-16",
        lambda: with_parts(
            workbook(), {"docProps/app.xml": lambda _: '<?xml version="1.0"?><!DOCTYPE x><x/>'.encode("utf-16")}
        ),
        "workbook.active",
    ),
    ("not XML", lambda: with_parts(workbook(), {SHEET: lambda part: part[:-30]}), "container.damaged"),
    ("bomb", lambda: with_parts(workbook(), {"xl/media/x.xml": lambda _: b"<x>" + b" " * 9_000_000}), "container.too_large"),
    ("password", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "container.encrypted"),
    ("cut", lambda: workbook()[:-40], "container.damaged"),
    (
        "rows out of order",
        lambda: with_parts(workbook(), {SHEET: replacing(b'<row r="9"', b'<row r="3"')}),
        "container.damaged",
    ),
    (
        "two cells in one place",
        lambda: with_parts(workbook(), {SHEET: replacing(b'r="C7"', b'r="B7"')}),
        "container.damaged",
    ),
    (
        "endless rows",
        lambda: with_parts(workbook(), {SHEET: replacing(b'<row r="31"', b'<row r="999999999"')}),
        "container.damaged",
    ),
    ("no header", lambda: xlsx_of([None, None], [TRUST_B]), "structure.preamble"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "rule"), [item[1:] for item in WORKBOOKS], ids=[item[0] for item in WORKBOOKS])
def test_a_workbook_that_shows_another_thing_than_it_holds_is_refused(
    make: Callable[[], bytes], rule: str, tmp_path: Path
) -> None:
    report = check(make(), "daily.xlsx", tmp_path)
    assert (report.outcome, [item.rule for item in report.findings]) == ("reject_file", [rule])


def test_the_good_workbook_is_good(tmp_path: Path) -> None:
    assert check(workbook(), "daily.xlsx", tmp_path).outcome == "accept"


def test_a_formula_says_which_cell_and_its_stored_result_is_read(tmp_path: Path) -> None:
    assert "E5" in check(workbook(formula), "daily.xlsx", tmp_path).findings[0].message
    total = sum(int(cell) for cell in trust_rows("RFS")[3][2:4])
    stored = with_parts(workbook(formula), {SHEET: replacing(b"<v />", b"<v>%d</v>" % total)})
    report = check(stored, "daily.xlsx", tmp_path)
    assert (report.outcome, [item.rule for item in report.findings]) == ("warn", ["workbook.formula_result"])
    assert report.accepted is not None
    assert report.accepted.column("discharged_total").to_pylist()[3] == total


def test_an_area_that_is_stated_too_small_leaves_nothing_out(tmp_path: Path) -> None:
    small = with_parts(workbook(), {SHEET: replacing(b'<dimension ref="A1:E31"', b'<dimension ref="A1:E11"')})
    assert check(small, "daily.xlsx", tmp_path).rows_accepted == 30


def test_the_sheet_a_contract_names_is_read(tmp_path: Path) -> None:
    contract = contract_taking("daily_discharge_return", ["xlsx"], worksheet="Sheet")
    assert check(workbook(second_sheet), "daily.xlsx", tmp_path, contract).outcome == "accept"
    other = contract_taking("daily_discharge_return", ["xlsx"], worksheet="Returns")
    assert check(workbook(second_sheet), "daily.xlsx", tmp_path, other).findings[0].rule == "workbook.sheets"


def test_typed_dates_are_days_in_every_layout(tmp_path: Path) -> None:
    """A day is a day: a sender whose text dates are written otherwise may still send cells of days."""
    rows = [[row[0], datetime.strptime(row[1], "%d/%m/%Y").date(), *map(int, row[2:])] for row in trust_a_rows()]  # noqa: DTZ007
    for name, data in (("a.xlsx", xlsx_of(TRUST_A, rows)), ("a.parquet", parquet_of(TRUST_A, rows))):
        assert check(data, name, tmp_path).outcome == "accept"
    rows[4][1] = datetime(2025, 4, 5, 13, 30, tzinfo=UTC).replace(tzinfo=None)
    report = check(xlsx_of(TRUST_A, rows), "a.xlsx", tmp_path)
    assert [item.rule for item in report.findings] == ["value.date_format"]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (2000.02, "2000.02"),
        (0.1 + 0.2, "0.30"),
        (1234, "1234.00"),
        (1e-2, "0.01"),
        ("2000.02", "2000.02"),
        (12.345, None),
        (True, None),
        (1e20, None),
        ("1e3", None),
        ("#REF!", None),
    ],
)
@pytest.mark.parametrize("ending", [".xlsx", ".parquet"])
def test_a_number_is_its_shortest_exact_text(cell: object, read: str | None, ending: str, tmp_path: Path) -> None:
    rows: list[list[Any]] = [list(row) for row in ledger_rows()]
    amounts: list[Any] = [cell, *(type(cell)(1) if isinstance(cell, (int, float)) else "5.00" for _ in rows[1:])]
    for row, amount in zip(rows, amounts, strict=True):
        row[5] = amount
    report = check((xlsx_of if ending == ".xlsx" else parquet_of)(LEDGER, rows), f"ledger{ending}", tmp_path, LEDGERS)
    if read is None:
        assert 1 in {item.row for item in report.findings if item.rule == "value.decimal"}
    else:
        assert report.accepted is not None
        assert report.accepted.column("amount").to_pylist()[0] == Decimal(read)


def test_a_percentage_is_not_taken_for_its_fraction(tmp_path: Path) -> None:
    def percent(book: Any) -> None:
        book.active["F2"].number_format = "0%"

    rows: list[list[Any]] = [[*row[:5], 0.48, *row[6:]] for row in ledger_rows()]
    report = check(xlsx_of(LEDGER, rows, percent), "ledger.xlsx", tmp_path, LEDGERS)
    assert [(item.rule, item.row) for item in report.findings] == [("value.decimal", 1)]


def test_a_code_that_became_a_number_is_held_back(tmp_path: Path) -> None:
    """Ten digits in a cell are ten digits; in scientific notation they are lost, as number and as text."""
    rows: list[list[Any]] = [list(row) for row in ledger_rows()]
    rows[0][3], rows[1][3], rows[2][3] = 4000000004, 12345678901234567, "9.43E+09"
    report = check(xlsx_of(LEDGER, rows), "ledger.xlsx", tmp_path, LEDGERS)
    lost = {(item.rule, item.row) for item in report.findings if item.rule == "value.digits_lost"}
    assert lost == {("value.digits_lost", 2), ("value.digits_lost", 3)}
    written = with_parts(xlsx_of(LEDGER, rows), {SHEET: replacing(b"<v>4000000004</v>", b"<v>4E+09</v>")})
    assert ("value.digits_lost", 1) in {
        (item.rule, item.row) for item in check(written, "ledger.xlsx", tmp_path, LEDGERS).findings
    }


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "########"])
def test_the_error_of_a_spreadsheet_is_no_value(error: str, ending: str, tmp_path: Path) -> None:
    rows = ledger_rows()
    rows[1][3] = error
    make = {".csv": csv_of, ".xlsx": xlsx_of, ".parquet": parquet_of}[ending]
    report = check(make(LEDGER, rows), f"ledger{ending}", tmp_path, LEDGERS)
    assert [(item.rule, item.row, item.column) for item in report.findings] == [("value.spreadsheet_error", 2, "line")]
    assert report.rows_quarantined == 1


# Parquet ------------------------------------------------------------------------------------------------


def parquet_with(column: Any, name: str = "Discharged total") -> bytes:
    rows = trust_rows("RFS")
    made = {header: pa.array([row[place] for row in rows]) for place, header in enumerate(TRUST_B)}
    made[name] = column
    sink = io.BytesIO()
    pq.write_table(pa.table(made), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        (pa.array([[1]] * 30), "parquet.type"),
        (pa.array([{"a": 1}] * 30), "parquet.type"),
        (pa.array([b"1"] * 30), "parquet.type"),
        (pa.array([datetime(2025, 4, 1, tzinfo=UTC)] * 30, pa.timestamp("us", "UTC")), "parquet.type"),
        (pa.array(["x" * 2_000_000] * 30), "structure.field_too_long"),
        (pa.array(["1\x00"] * 30), "encoding.nul"),
    ],
    ids=["list", "struct", "binary", "zone", "long", "nul"],
)
def test_columns_without_a_text_are_refused(column: Any, rule: str, tmp_path: Path) -> None:
    report = check(parquet_with(column), "daily.parquet", tmp_path)
    assert (report.outcome, [item.rule for item in report.findings]) == ("reject_file", [rule])


@pytest.mark.parametrize(
    "column",
    [
        pa.array([int(row[4]) for row in trust_rows("RFS")], pa.int16()),
        pa.array([float(row[4]) for row in trust_rows("RFS")], pa.float32()),
        pa.array([Decimal(row[4]) for row in trust_rows("RFS")], pa.decimal128(9, 0)),
        pa.array([row[4] for row in trust_rows("RFS")], pa.large_string()),
        pa.array([row[4] for row in trust_rows("RFS")]).dictionary_encode(),
    ],
    ids=["int16", "float32", "decimal", "large text", "dictionary"],
)
def test_a_whole_number_of_any_type_is_that_number(column: Any, tmp_path: Path) -> None:
    report = check(parquet_with(column), "daily.parquet", tmp_path)
    assert report.accepted is not None
    assert report.accepted.column("discharged_total").to_pylist() == [int(row[4]) for row in trust_rows("RFS")]


def test_a_parquet_file_that_unfolds_beyond_the_cap_is_refused(tmp_path: Path) -> None:
    """A million equal rows are a few kilobytes packed, and more than the contract allows as a table."""
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(["x"] * 3_000_000) for name in TRUST_B}), sink)
    assert len(sink.getvalue()) < 1_000_000
    report = check(sink.getvalue(), "daily.parquet", tmp_path)
    assert [item.rule for item in report.findings] == ["container.too_large"]


@pytest.mark.parametrize("cut", [5, 400, -1, -9])
def test_a_damaged_parquet_file_is_refused(cut: int, tmp_path: Path) -> None:
    data = in_every_container(GOOD)["parquet"][1][:cut]
    report = check(data, "daily.parquet", tmp_path)
    assert [item.rule for item in report.findings] == ["container.damaged"]


def test_an_archive_of_several_volumes_of_names_is_no_crash(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number in range(3_000):
            archive.writestr(f"part{number}.xml", b"<x/>")
    assert check(sink.getvalue(), "daily.xlsx", tmp_path).findings[0].rule == "container.member"
