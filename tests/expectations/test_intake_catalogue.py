"""Every kind of bad file of the catalogue gets what it must get, by its id in the catalogue of bad inputs.

CNI-27: each planted fault is caught where it must be, and nothing passes silently. The files are built here; the
expected outcomes are compared with the catalogue where `../shared` is there.
"""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from containers import contract_taking, linked_zip, locked_zip, replacing, with_parts, xlsx_of, zip_of
from deliveries import (
    DAILY,
    LEDGER,
    TRUST_A,
    TRUST_B,
    board_rows,
    csv_of,
    deliver,
    deliver_kpis,
    deliver_ledger,
    deliver_reference,
    deliver_trust,
    ledger_rows,
    monthly,
    take_in_all,
    trust_a_rows,
    trust_rows,
)
from identity_feeds import ANN, clear_row, contract_of
from identity_feeds import csv_of as clear_csv_of
from openpyxl import Workbook

from expectations.examine import CheckReport, check_file
from expectations.intake import take_in
from expectations.suites import BUILDERS
from expectations.suites.common import contract_rules
from foundation.canonical import readable_json
from foundation.home import Home
from foundation.period import parse_period
from ingest.contract import CONTRACTS, Contract, parse_contract
from ingest.register import Register, receipts
from ingest.rules import RULES

Rows = list[list[str]]


@dataclasses.dataclass(frozen=True)
class Case:
    """A bad file: what it is, how it comes about, what it must get, and the rule that must say so."""

    id: str
    outcome: str
    rule: str
    make: Callable[[], bytes]
    feed: str = "daily_discharge_return"
    organisation: str = "RFS"
    rows: int | None = None
    manifest: dict[str, object] = dataclasses.field(default_factory=dict)
    name: str | None = None
    contract: Contract | None = None


GOOD = csv_of(TRUST_B, trust_rows("RFS"))
GOOD_LEDGER = csv_of(LEDGER, ledger_rows())


def daily(change: Callable[[Rows], object], header: tuple[str, ...] = TRUST_B) -> bytes:
    rows = trust_rows("RFS")
    change(rows)
    return csv_of(header, rows)


def cell(row: int, column: int, value: str) -> Callable[[], bytes]:
    def change(rows: Rows) -> None:
        rows[row][column] = value

    return lambda: daily(change)


def ledger(row: int, column: int, value: str) -> Callable[[], bytes]:
    def make() -> bytes:
        rows = ledger_rows()
        rows[row][column] = value
        return csv_of(LEDGER, rows)

    return make


def text(data: bytes) -> str:
    return data.decode()


def header_cells(change: Callable[[str], str]) -> bytes:
    first, rest = text(GOOD).split("\n", 1)
    return (",".join(change(part) for part in first.split(",")) + "\n" + rest).encode()


def reordered() -> bytes:
    order = (4, 0, 2, 1, 3)
    return csv_of([TRUST_B[i] for i in order], [[row[i] for i in order] for row in trust_rows("RFS")])


def with_column(name: str, value: str) -> bytes:
    return csv_of((*TRUST_B, name), [[*row, value] for row in trust_rows("RFS")])


def duplicate_row(rows: Rows) -> None:
    rows.append(list(rows[3]))


def conflicting_row(rows: Rows) -> None:
    rows.append([*rows[3][:2], "1", "1", "2"])


def us_dates(rows: Rows) -> None:
    for row in rows:
        row[1] = f"{row[1][5:7]}/{row[1][8:]}/{row[1][:4]}"


def march(rows: Rows) -> None:
    for row in rows:
        row[1] = row[1].replace("2025-04", "2025-03")


def empty_dates(rows: Rows) -> None:
    for row in rows:
        row[1] = ""


def constant(rows: Rows) -> None:
    for row in rows:
        row[2:] = ["10", "10", "20"]


FILE, RECORD, WARN, FINE = "reject_file", "reject_record", "warn", "accept_normalised"
LEDGER_CASE = {"feed": "cost_ledger", "organisation": "acute-trust"}
BOOK = xlsx_of(TRUST_B, trust_rows("RFS"))
PACKED = contract_taking("daily_discharge_return")
ZIP, XLSX = {"name": "x.zip", "contract": PACKED}, {"name": "x.xlsx", "contract": PACKED}
ENTITY = b'<!DOCTYPE workbook [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
# a feed whose senders may send identifiers, as it stands when its contract says nothing about bad numbers
VISITS = contract_of("visits", identity={"invalidNhsNumber": "quarantine"})
VISIT = {"feed": "visits", "organisation": "CLR", "contract": VISITS}


def total_by_formula(book: Workbook) -> None:
    book["Sheet"]["E5"] = "=C5+D5"


def visits(number: str) -> Callable[[], bytes]:
    """Six visits in clear, the NHS number of one as given; one has none, which is allowed."""
    people = [{**ANN, "nhs_number": good, "local_id": f"c{place}"} for place, good in enumerate(("4000001000", ""))]
    return lambda: clear_csv_of(
        [clear_row(place, person) for place, person in enumerate([*people, {**ANN, "nhs_number": number}])]
    )


def coded_ledger() -> Contract:
    """The ledger with a category written 01."""
    document = yaml.safe_load((CONTRACTS / "cost_ledger.yaml").read_text())
    column = next(item for item in document["schema"][0]["properties"] if item["name"] == "category")
    column["quality"][0]["arguments"]["validValues"].append("01")
    return parse_contract(yaml.safe_dump(document, sort_keys=False).encode(), "cost_ledger.yaml")


CODED = coded_ledger()
# an activity stands under its referral; here, a line under a line
REFERRING = contract_taking(
    "cost_ledger",
    references=[{"id": "parent", "column": "funding_source", "to": "line", "description": "a line of the file"}],
)


def parented(*parents: str) -> bytes:
    """The ledger, each line under another."""
    rows = ledger_rows()
    return csv_of(LEDGER, [[*row[:7], parent, row[8]] for row, parent in zip(rows, parents, strict=True)])


CASES = [
    Case("B001", FILE, "delivery.empty", lambda: b"", rows=0),
    Case("B002", FILE, "delivery.no_rows", lambda: csv_of(TRUST_B, [])),
    Case("B003", FILE, "structure.ragged", lambda: GOOD[:-12]),
    Case("B004", FILE, "delivery.rows_mismatch", lambda: GOOD[: GOOD.rindex(b"\n", 0, -1) + 1]),
    Case("B006", FILE, "delivery.sha256_mismatch", lambda: GOOD, manifest={"sha256": "0" * 64}),
    Case("B007", FILE, "delivery.rows_mismatch", lambda: GOOD, rows=31),
    Case(
        "B008",
        FILE,
        "delivery.control_total_mismatch",
        lambda: GOOD_LEDGER,
        manifest={"control_totals": {"amount": "1.00"}},
        **LEDGER_CASE,
    ),
    Case("B013", FILE, "delivery.period_in_body", lambda: daily(march)),
    Case("B016", FILE, "delivery.too_large", lambda: GOOD + b" " * 5_000_001),
    Case("B017", FILE, "structure.too_many_columns", lambda: b"c," * 1_000_000 + b"c\n"),
    Case("B018", FILE, "structure.field_too_long", cell(4, 0, "R" * 2_000_000)),
    Case("B019", FILE, "container.too_large", lambda: zip_of({"x.csv": b"0" * 4_000_000}), **ZIP),
    Case("B020", FILE, "container.member", lambda: zip_of({"x.zip": zip_of({"x.csv": GOOD})}), **ZIP),
    Case("B020", FILE, "delivery.type_refused", lambda: zip_of({"x.csv": zip_of({"x.csv": GOOD})}), **ZIP),
    Case("B021", FILE, "container.member", lambda: zip_of({"../../etc/passwd": b"1"}), **ZIP),
    Case("B021", FILE, "container.member", lambda: zip_of({"/x.csv": GOOD}), **ZIP),
    Case("B022", FILE, "container.member", linked_zip, **ZIP),
    Case("B023", FILE, "container.encrypted", lambda: locked_zip(GOOD), **ZIP),
    Case("B024", FILE, "container.member", lambda: zip_of({"a.csv": GOOD, "b.csv": GOOD}), **ZIP),
    Case("B024", FILE, "delivery.type_refused", lambda: zip_of({"x.csv": GOOD}), name="x.zip"),
    Case("B025", FILE, "delivery.name_unsafe", lambda: GOOD, manifest={"file": "../x.csv"}),
    Case("B026", FINE, "delivery.name_normalised", lambda: GOOD, name="DAILY_DISCHARGE_RETURN_RFS_2025-04_V1.CSV"),
    Case("B028", FILE, "delivery.type_refused", lambda: xlsx_of(TRUST_B, trust_rows("RFS")), name="daily.xlsm"),
    Case("B028", FILE, "workbook.active", lambda: with_parts(BOOK, {"xl/vbaProject.bin": lambda _: b"1"}), **XLSX),
    Case("B029", FILE, "workbook.formula", lambda: xlsx_of(TRUST_B, trust_rows("RFS"), total_by_formula), **XLSX),
    Case(
        "B030",
        FILE,
        "workbook.active",
        lambda: with_parts(BOOK, {"xl/externalLinks/externalLink1.xml": lambda _: b"<externalLink/>"}),
        **XLSX,
    ),
    Case(
        "B030",
        FILE,
        "workbook.active",
        lambda: with_parts(BOOK, {"xl/workbook.xml": replacing(b"<workbook", ENTITY + b"<workbook")}),
        **XLSX,
    ),
    Case("B031", FILE, "delivery.type_refused", lambda: b"%PDF-1.7\n" + GOOD),
    Case("B032", FILE, "delivery.type_refused", lambda: b"\n <!DOCTYPE html><html><body>Log in</body></html>"),
    Case("B033", FINE, "encoding.byte_order_mark", lambda: b"\xef\xbb\xbf" + GOOD),
    Case("B034", FINE, "encoding.utf16", lambda: b"\xff\xfe" + text(GOOD).encode("utf-16-le")),
    Case(
        "B035",
        FINE,
        "encoding.other_declared",
        lambda: text(ledger(1, 7, "Zoë fund")()).encode("cp1252"),
        **LEDGER_CASE,
    ),
    Case(
        "B036",
        FILE,
        "encoding.mixed",
        lambda: ledger(1, 7, "Zoë fund")().replace(b"programme", "café".encode("cp1252"), 1),
        **LEDGER_CASE,
    ),
    Case("B037", WARN, "encoding.double_encoded", ledger(1, 7, "ZoÃ« fund"), **LEDGER_CASE),
    Case("B038", FILE, "encoding.nul", lambda: GOOD.replace(b"RFS,2025-04-05", b"RFS\x00,2025-04-05")),
    Case("B039", RECORD, "row.pattern", ledger(1, 3, "line–2"), **LEDGER_CASE),
    Case("B040", FINE, "value.no_break_space", cell(4, 0, "\u00a0RFS\u00a0")),
    Case("B041", RECORD, "value.integer", cell(4, 4, "７５")),
    Case("B042", RECORD, "value.invisible_character", cell(4, 0, "R\u200bFS")),
    Case("B043", FILE, "structure.header_duplicate", lambda: with_column("Date", "2025-04-01")),
    Case("B044", FINE, "structure.header_normalised", lambda: header_cells(lambda name: f" {name.upper()} ")),
    Case("B045", FINE, "structure.columns_reordered", reordered),
    Case("B046", FILE, "structure.column_missing", lambda: csv_of(TRUST_B[:4], [row[:4] for row in trust_rows("RFS")])),
    Case("B047", WARN, "structure.column_extra", lambda: with_column("Ward type", "medical")),
    Case("B048", FILE, "structure.column_missing", lambda: GOOD.replace(b"Discharged total", b"Total discharges", 1)),
    Case("B049", FILE, "structure.header_repeated", lambda: daily(lambda rows: rows.insert(9, list(TRUST_B)))),
    Case(
        "B050",
        FILE,
        "structure.header_rows",
        lambda: daily(lambda rows: rows.insert(0, ["code", "day", "number", "number", "number"])),
    ),
    Case("B051", FILE, "structure.preamble", lambda: b"Discharges,,,,\nApril 2025,,,,\n" + GOOD),
    Case("B052", FILE, "structure.footer", lambda: daily(lambda rows: rows.append(["Total", "", "1", "2", "3"]))),
    Case("B053", FILE, "structure.ragged", lambda: daily(lambda rows: rows[5].pop())),
    Case("B054", FILE, "structure.ragged", lambda: daily(lambda rows: rows[5].append(""))),
    Case("B055", FILE, "structure.ragged", lambda: daily(lambda rows: rows[5].insert(0, ""))),
    Case("B056", FILE, "structure.quote", lambda: GOOD.replace(b"RFS,2025-04-05", b'RF"S,2025-04-05')),
    Case("B057", FINE, "value.line_break", ledger(1, 7, "programme\nbudget"), **LEDGER_CASE),
    Case("B058", FINE, "structure.cr_line_ends", lambda: GOOD.replace(b"\n", b"\r")),
    Case("B059", FILE, "structure.delimiter", lambda: GOOD.replace(b",", b";")),
    Case("B060", WARN, "structure.blank_lines", lambda: GOOD.replace(b"\nRFS,2025-04-09", b"\n\n\nRFS,2025-04-09")),
    Case("B068", FILE, "value.date_format", lambda: daily(us_dates)),
    Case("B069", FILE, "value.date_format", cell(4, 1, "05/04/2025")),
    Case("B070", RECORD, "value.date", cell(4, 1, "45752")),
    Case("B071", RECORD, "row.outside_window", cell(4, 1, "1900-01-01")),
    Case("B072", RECORD, "row.outside_window", cell(4, 1, "2031-04-05")),
    Case(
        "B073",
        RECORD,
        "row.cross_field",
        lambda: text(
            csv_of(
                ("organisation", "kpi", "period_start", "period_end", "numerator", "denominator", "value", "unit"),
                [
                    ["E38000261", "talking_therapies_recovery", "2025-04-20", "2025-04-02", "", "", "48.0", "percent"],
                    [
                        "E38000261",
                        "talking_therapies_reliable_recovery",
                        "2025-04-01",
                        "2025-04-30",
                        "",
                        "",
                        "48.0",
                        "percent",
                    ],
                ],
            )
        ).encode(),
        feed="aggregate_kpi_return",
        organisation="E38000261",
        rows=2,
    ),
    Case(
        "B076",
        RECORD,
        "row.range",
        ledger(1, 5, "-5.00"),
        manifest={"control_totals": {"amount": "12995.13"}},
        **LEDGER_CASE,
    ),
    Case("B078", RECORD, "value.decimal", ledger(1, 5, "£1,234.50"), **LEDGER_CASE),
    Case("B079", FINE, "value.float_drift", ledger(1, 5, "2000.0200000000000000004"), **LEDGER_CASE),
    Case("B080", RECORD, "value.decimal", ledger(1, 5, "1000000000000000000"), **LEDGER_CASE),
    Case("B081", RECORD, "value.decimal", ledger(1, 5, "NaN"), **LEDGER_CASE),
    Case("B082", RECORD, "row.code", ledger(1, 4, "limb_9"), **LEDGER_CASE),
    Case("B061", RECORD, "value.nhs_number", visits("9.43E+09"), **VISIT),
    Case("B062", FINE, "value.nhs_number_float", visits("4000000632.0"), **VISIT),
    Case("B063", RECORD, "value.nhs_number", visits("400000063"), **VISIT),
    *(Case("B064", RECORD, "value.nhs_number", visits(str(digit) * 10), **VISIT) for digit in range(10)),
    Case("B065", RECORD, "value.nhs_number", visits("9434765919"), **VISIT),
    Case("B083", FILE, "value.leading_zero_lost", ledger(1, 4, "1"), contract=CODED, **LEDGER_CASE),
    Case("B084", RECORD, "value.integer", cell(4, 2, "02-Jan")),
    Case("B086", FINE, "value.null_token", cell(4, 2, "N/A")),
    Case("B087", WARN, "row.duplicate", lambda: daily(duplicate_row), rows=31),
    Case("B088", FILE, "table.key_conflict", lambda: daily(conflicting_row), rows=31),
    Case(
        "B089",
        RECORD,
        "row.reference",
        lambda: parented("line-1", "line-9", "line-1", "line-1", "line-1"),
        contract=REFERRING,
        **LEDGER_CASE,
    ),
    Case("B092", FILE, "table.column_empty", lambda: daily(empty_dates)),
    Case("B093", WARN, "analysis.constant", lambda: daily(constant)),
    Case("B096", FINE, "value.formula", ledger(1, 7, "=cmd|'/c calc'!A1"), **LEDGER_CASE),
    Case("B097", FINE, "value.markup", ledger(1, 7, "'); drop table ledger;--"), **LEDGER_CASE),
    Case("B098", FINE, "value.markup", ledger(1, 7, "<script>alert(1)</script>"), **LEDGER_CASE),
    Case("B099", FINE, "value.markup", ledger(1, 7, "{{ env_var('HOME') }}"), **LEDGER_CASE),
    Case("B100", FINE, "value.line_break", ledger(1, 7, "budget\r\nERROR all is lost"), **LEDGER_CASE),
    Case("B101", WARN, "structure.column_extra", lambda: with_column("notes", "seen with her daughter")),
]
# proved below, in a home: they need a register, a mailbox or a file that changes
IN_A_HOME = {
    "B005": FILE,
    "B009": FINE,
    "B010": FILE,
    "B011": FILE,
    "B012": FILE,
    "B014": WARN,
    "B015": WARN,
    "B027": FINE,
    "B077": FILE,
    "B090": FILE,
    "B091": FILE,
}


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILDERS, "visits", contract_rules)


def judge(case: Case, folder: Path, contract: Contract) -> CheckReport:
    data = case.make()
    money = case.feed == "cost_ledger"
    usual = {"cost_ledger": 5, "visits": 3}.get(case.feed, 30)
    rows = case.rows if case.rows is not None else usual
    changes = {"control_totals": {"amount": "15000.15"} if money else {}, **case.manifest}
    told = monthly(case.feed, case.organisation, "2025-04", data, rows, **changes)
    path = folder / (case.name or Path(str(told["file"])).name)
    path.write_bytes(data)
    if case.name is not None and case.id != "B026":
        told["file"] = case.name
    manifest = folder / "manifest.json"
    manifest.write_bytes(readable_json(told))
    return check_file(path, contract, manifest)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.id}-{case.rule}" for case in CASES])
def test_a_bad_file_gets_what_it_must_get(case: Case, tmp_path: Path, contracts: dict[str, Contract]) -> None:
    report = judge(case, tmp_path, case.contract or contracts[case.feed])
    rules = {item.rule for item in report.findings}
    assert report.outcome == case.outcome, rules
    assert case.rule in rules
    assert report.rows_read == report.rows_accepted + report.rows_quarantined + report.rows_deduplicated
    assert (report.accepted is None) == (report.outcome == "reject_file")
    if case.outcome == RECORD:
        assert report.rows_quarantined == 1
        assert {item.row for item in report.findings if item.severity == RECORD} == {
            item.row for item in report.findings if item.rule == case.rule
        }
    if report.accepted is not None:
        assert report.accepted.num_rows == report.rows_accepted


def test_the_good_files_are_accepted(tmp_path: Path, contracts: dict[str, Contract]) -> None:
    """Without this, a check that refuses everything would pass every case above."""
    daily_contract = contracts["daily_discharge_return"]
    for name, header, rows in (
        ("a", TRUST_A, trust_a_rows()),
        ("b", TRUST_B, trust_rows("RFS")),
        ("c", DAILY, board_rows()),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_bytes(csv_of(header, rows))
        report = check_file(path, daily_contract)
        assert (report.outcome, report.rows_accepted, report.findings) == ("accept", 30, ())
    path = tmp_path / "ledger.csv"
    path.write_bytes(GOOD_LEDGER)
    assert check_file(path, contracts["cost_ledger"]).outcome == "accept"


IN_ANOTHER_FILE = {
    "B066": WARN,
    "B067": WARN,
    "B074": RECORD,
    "B075": WARN,
    "B085": FINE,
    # an opted-out person and one who was erased need a home that knows of them
    "B094": RECORD,
    "B095": RECORD,
}


def test_every_case_of_the_catalogue_gets_what_it_must(shared: Path) -> None:
    """CNI-27: 101 of 101, each by a test that builds the real bad file."""
    with (shared / "oracles/bad_inputs/catalogue.csv").open(newline="") as handle:
        expected = {row["id"]: row["expected"] for row in csv.DictReader(handle)}
    assert len(expected) == 101
    made = {**{case.id: case.outcome for case in CASES}, **IN_A_HOME, **IN_ANOTHER_FILE}
    assert made == expected
    for case in CASES:
        assert case.outcome == expected[case.id]
    here = Path(__file__)
    tests = here.read_text()
    for key in IN_A_HOME:
        assert re.search(rf'def test_{key.lower()}_|ids=\[[^]]*"{key}"', tests), key
    files = ("test_intake_people.py", "test_peoples_rights.py")
    elsewhere = "".join(here.with_name(name).read_text() for name in files)
    for key in IN_ANOTHER_FILE:
        assert f'"{key}' in elsewhere, key


@pytest.mark.parametrize(
    "amount",
    [
        "£1,234.50",
        "1.234,50",
        "(12.00)",
        "1e3",
        "1,234.00",
        "+5",
        "5.",
        ".5",
        "007.00",
        "１２",
        "12.345",
        "Infinity",
        "-0x1",
    ],
)
def test_an_amount_is_plain_or_held_back(amount: str, tmp_path: Path, contracts: dict[str, Contract]) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(ledger(1, 5, amount)())
    report = check_file(path, contracts["cost_ledger"])
    assert (report.outcome, report.rows_quarantined) == (RECORD, 1)
    assert [(item.rule, item.row, item.column) for item in report.findings] == [("value.decimal", 2, "amount")]
    assert amount not in str(report.report()["findings"])


@pytest.mark.parametrize("column", ["NHS Number", "patient_name", "Surname", "DOB", "Postcode"])
def test_a_column_named_like_an_identifier_refuses_the_file(
    column: str, tmp_path: Path, contracts: dict[str, Contract]
) -> None:
    path = tmp_path / "daily.csv"
    path.write_bytes(with_column(column, ""))
    report = check_file(path, contracts["daily_discharge_return"])
    assert report.outcome == FILE
    assert report.findings[0].rule == "structure.column_identifying"


def test_values_like_identifiers_under_an_innocent_name_refuse_the_file(
    tmp_path: Path, contracts: dict[str, Contract]
) -> None:
    path = tmp_path / "daily.csv"
    path.write_bytes(with_column("reference", "943 476 5919"))
    report = check_file(path, contracts["daily_discharge_return"])
    assert report.outcome == FILE
    assert "943" not in str(report.report())


def test_without_a_manifest_the_month_is_the_one_most_rows_are_in(
    tmp_path: Path, contracts: dict[str, Contract]
) -> None:
    path = tmp_path / "daily.csv"
    path.write_bytes(cell(4, 1, "2031-04-05")())
    report = check_file(path, contracts["daily_discharge_return"])
    assert {item.rule for item in report.findings} == {"row.outside_window", "analysis.day_without_row"}
    assert report.rows_quarantined == 1


# in a home ------------------------------------------------------------------------------------------


def rules_of(receipt: object) -> set[str]:
    return {item.rule for item in receipt.findings}  # type: ignore[attr-defined]


def test_b005_growing_file(home: Home, contracts: dict[str, Contract]) -> None:
    path = deliver_trust(home)
    with next(path.parent.glob("*.csv")).open("ab") as handle:
        handle.write(b"RFS,2025-05-01,1,1,2\n")
    receipt = take_in(home, path, contracts)
    assert receipt.outcome == FILE
    assert {"delivery.bytes_mismatch", "delivery.sha256_mismatch"} <= rules_of(receipt)


def test_b009_same_name_same_bytes(home: Home, contracts: dict[str, Contract]) -> None:
    first = take_in(home, deliver_trust(home), contracts)
    again = take_in(home, deliver_trust(home), contracts)
    assert again.repeated
    assert not first.repeated
    assert again.submission_id == first.submission_id
    assert len(receipts(home)) == 1
    assert not list(home.landing.glob("*/*"))


def test_b010_same_name_new_bytes(home: Home, contracts: dict[str, Contract]) -> None:
    take_in(home, deliver_trust(home), contracts)
    rows = trust_rows("RFS")
    rows[0][2:] = ["1", "1", "2"]
    refused = take_in(home, deliver_trust(home, rows=rows), contracts)
    assert rules_of(refused) == {"delivery.sequence_not_higher"}
    assert refused.outcome == FILE
    accepted = take_in(home, deliver_trust(home, rows=rows, sequence=2), contracts)
    assert accepted.outcome == "accept"


def test_b011_older_after_newer(home: Home, contracts: dict[str, Contract]) -> None:
    take_in(home, deliver_trust(home, sequence=2), contracts)
    rows = trust_rows("RFS")
    rows[0][2:] = ["1", "1", "2"]
    refused = take_in(home, deliver_trust(home, sequence=1, rows=rows), contracts)
    assert (refused.outcome, rules_of(refused)) == (FILE, {"delivery.older_after_newer"})


def test_b012_another_organisation_s_data(home: Home, contracts: dict[str, Contract]) -> None:
    rows = trust_rows("RTG")
    receipt = take_in(home, deliver_trust(home, "RFS", rows=rows), contracts)
    assert (receipt.outcome, rules_of(receipt)) == (FILE, {"delivery.sender_mismatch"})
    one = trust_rows("RFS")
    one[4][0] = "RTG"
    receipt = take_in(home, deliver_trust(home, "RFS", rows=one), contracts)
    assert (receipt.outcome, rules_of(receipt)) == (FILE, {"delivery.sender_mismatch"})


def test_b012_another_organisation_s_mailbox(home: Home, contracts: dict[str, Contract]) -> None:
    """A file in the wrong mailbox is refused and does not spoil the real sender's own delivery of the same file."""
    told = monthly("daily_discharge_return", "RFS", "2025-04", GOOD, 30)
    wrong = take_in(home, deliver(home, told, GOOD, mailbox="RTG"), contracts)
    assert (wrong.outcome, wrong.organisation, rules_of(wrong)) == (FILE, "RTG", {"delivery.sender_mismatch"})
    assert take_in(home, deliver(home, told, GOOD), contracts).outcome == "accept"


def test_b027_name_in_another_unicode_form_or_case(home: Home, contracts: dict[str, Contract]) -> None:
    told = monthly("daily_discharge_return", "RFS", "2025-04", GOOD, 30)
    upper = str(told["file"]).upper()
    receipt = take_in(home, deliver(home, told, GOOD, file_name=upper), contracts)
    assert (receipt.outcome, rules_of(receipt)) == (FINE, {"delivery.name_normalised"})


@pytest.mark.parametrize(
    ("rows", "scale", "rule"),
    [
        (1, 1, "history.volume_drop"),
        (11, 1, "history.volume_spike"),
        (5, 100, "history.unit_change"),
    ],
    ids=["B090", "B091", "B077"],
)
def test_a_delivery_out_of_line_with_earlier_periods_is_held(
    rows: int, scale: int, rule: str, home: Home, contracts: dict[str, Contract]
) -> None:
    for month in ("2025-01", "2025-02", "2025-03"):
        assert take_in(home, deliver_ledger(home, month=month), contracts).outcome == "accept"
    made = [
        ["acute-trust", "demo", "2025-04", f"line-{n}", "fee", f"{(n % 5 + 1) * 1000 * scale}.00", "C", "b", "v"]
        for n in range(rows)
    ]
    receipt = take_in(home, deliver_ledger(home, rows=made), contracts)
    assert receipt.outcome == FILE
    assert rule in rules_of(receipt)
    assert receipt.rows_quarantined == rows


def test_b014_a_skipped_period_is_said_with_the_next(home: Home, contracts: dict[str, Contract]) -> None:
    """GRW-45: missing submissions are counted, the sender is told, and the gate's required feeds block on them."""
    first, second = (take_in(home, deliver_trust(home, month=month), contracts) for month in ("2025-04", "2025-06"))
    assert first.outcome == "accept"
    assert (second.outcome, rules_of(second)) == (WARN, {"delivery.period_missing"})
    assert "2025-05" in second.findings[0].message
    missing = ("daily_discharge_return", "RFS", parse_period("2025-04"), parse_period("2025-06"))
    assert Register.load(home).missing_months(*missing) == ["2025-05"]
    assert take_in(home, deliver_trust(home, month="2025-05"), contracts).outcome == "accept"
    assert Register.load(home).missing_months(*missing) == []
    assert take_in(home, deliver_trust(home, month="2025-07"), contracts).outcome == "accept"


def test_b015_late_after_the_freeze_is_a_restatement(home: Home, contracts: dict[str, Contract]) -> None:
    """What comes after the figures of its dates were final is taken, and said to restate them."""
    for month in ("2025-04", "2025-05", "2025-06", "2025-07", "2025-08"):
        assert take_in(home, deliver_trust(home, month=month), contracts).outcome == "accept"
    rows = trust_rows("RFS")
    rows[0][2:] = ["50", "10", "60"]
    late = take_in(home, deliver_trust(home, rows=rows, sequence=2), contracts)
    assert (late.outcome, rules_of(late)) == (WARN, {"delivery.after_freeze"})
    until = contracts["daily_discharge_return"].provisional_until(date(2025, 4, 30))
    assert str(until) in late.findings[0].message
    assert late.rows_accepted == 30
    # a month whose quarter is still open is simply corrected
    open_rows = trust_rows("RFS", "2025-08")
    open_rows[0][2:] = ["50", "10", "60"]
    assert (
        take_in(home, deliver_trust(home, month="2025-08", rows=open_rows, sequence=2), contracts).outcome == "accept"
    )


def test_a_row_that_refers_to_another_feed_waits_for_it(home: Home, contracts: dict[str, Contract]) -> None:
    """B089: an activity without its referral is held back; with it, the same rows are taken."""
    reference = {"id": "day", "column": "funding_source", "to": "line", "feed": "cost_ledger", "description": "a line"}
    ours = {**contracts, "cost_ledger": contract_taking("cost_ledger", references=[reference])}
    rows = [[*row[:7], f"line-{number}", row[8]] for number, row in enumerate(ledger_rows(), start=1)]
    alone = take_in(home, deliver_ledger(home, rows=rows), ours)
    assert (alone.outcome, alone.rows_accepted, alone.rows_quarantined) == (RECORD, 0, 5)
    assert rules_of(alone) == {"row.reference"}
    assert take_in(home, deliver_ledger(home, month="2025-03"), contracts).rows_accepted == 5
    assert take_in(home, deliver_ledger(home, rows=rows, sequence=2), ours).rows_accepted == 5


def test_what_refers_to_a_row_held_back_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    good = parented("line-1", "line-1", "line-2", "line-4", "line-4")
    path.write_bytes(good)
    assert check_file(path, REFERRING).rows_accepted == 5
    path.write_bytes(good.replace(b"1000.01", "£1000.01".encode()))
    report = check_file(path, REFERRING)
    assert {(item.rule, item.row) for item in report.findings} == {
        ("value.decimal", 1),
        ("row.reference", 2),
        ("row.reference", 3),
    }
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined) == (5, 2, 3)


def test_a_nil_return_is_accepted_and_empty(home: Home, contracts: dict[str, Contract]) -> None:
    receipt = take_in(home, deliver_ledger(home, rows=[]), contracts)
    assert (receipt.outcome, receipt.rows_read, receipt.accepted, receipt.lake_files) == ("accept", 0, True, ())


def test_an_expired_sharing_agreement_blocks_and_names_itself(home: Home, contracts: dict[str, Contract]) -> None:
    """GRW-04: data outside an in-force agreement are refused, and the agreement is named."""
    receipt = take_in(home, deliver_trust(home, month="2028-04"), contracts)
    assert rules_of(receipt) == {"delivery.agreement_not_in_force"}
    assert "DSA-DDR-1" in receipt.findings[0].message


def test_manifests_that_cannot_be_read_are_recorded_and_cleared(home: Home, contracts: dict[str, Contract]) -> None:
    for content in (b"", b"{", b"[]", b'{"feed": 1}', b'{"feed": "a", "feed": "b"}', b"{" * 5000, b"x" * 200_000):
        folder = home.landing / "RFS"
        folder.mkdir(exist_ok=True)
        (folder / "x.csv").write_bytes(GOOD)
        manifest = folder / "x.csv.manifest.json"
        manifest.write_bytes(content)
        receipt = take_in(home, manifest, contracts)
        assert (receipt.outcome, rules_of(receipt)) == (FILE, {"delivery.manifest_unreadable"})
        assert not list(folder.iterdir())


def test_links_and_files_outside_mailboxes_are_not_followed(
    home: Home, contracts: dict[str, Contract], tmp_path: Path
) -> None:
    from foundation.errors import Refused

    outside = tmp_path / "secret.csv"
    outside.write_bytes(GOOD)
    told = monthly("daily_discharge_return", "RFS", "2025-04", GOOD, 30)
    path = deliver(home, told, GOOD)
    (path.parent / str(told["file"])).unlink()
    (path.parent / str(told["file"])).symlink_to(outside)
    assert rules_of(take_in(home, path, contracts)) == {"delivery.file_missing"}
    assert outside.exists()
    with pytest.raises(Refused):
        take_in(home, outside, contracts)


def test_a_rejected_file_may_come_again_under_the_same_sequence(home: Home, contracts: dict[str, Contract]) -> None:
    wrong = take_in(home, deliver_trust(home, sha256="0" * 64), contracts)
    assert wrong.outcome == FILE
    right = take_in(home, deliver_trust(home), contracts)
    assert right.outcome == "accept"
    assert right.submission_id == wrong.submission_id
    kept = list((home.submissions / right.submission_id).glob("receipt-*.json"))
    assert len(kept) == 1


def test_every_rule_has_its_words() -> None:
    for rule in RULES.values():
        assert rule.meaning.endswith(".")
        assert rule.mend.endswith(".")


def test_all_feeds_of_a_place_are_taken_in(home: Home, contracts: dict[str, Contract]) -> None:
    deliver_trust(home, "RFS")
    deliver_trust(home, "RTG")
    deliver_trust(home, "E54000058")
    deliver_ledger(home)
    deliver_kpis(home)
    deliver_reference(home)
    assert {item.outcome for item in take_in_all(home, contracts)} == {"accept"}
