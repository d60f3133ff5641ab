"""Laws of intake: nothing lost, nothing invented, the same bytes after a crash, the same cut in any order."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deliveries import (
    LEDGER,
    TRUST_B,
    csv_of,
    deliver_kpis,
    deliver_ledger,
    deliver_reference,
    deliver_trust,
    ledger_rows,
    take_in_all,
    trust_a_rows,
    trust_rows,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import foundation.durable
from expectations.examine import check_file
from expectations.intake import judge_again, outdated, take_in
from foundation.canonical import sha256_file
from foundation.home import Home
from ingest import lake
from ingest.contract import Contract, load_contracts
from ingest.cut import build_cut, cut_of, read_cut
from ingest.register import Register, read_receipt, receipts
from ingest.rules import OUTCOMES

CONTRACTS = load_contracts()


def tree(home: Home) -> dict[str, str]:
    """Every file of a home but leftovers of killed writers, with its hash."""
    return {
        path.relative_to(home.root).as_posix(): sha256_file(path)
        for path in sorted(home.root.rglob("*"))
        if path.is_file() and ".tmp-" not in path.as_posix()
    }


def fresh(folder: Path) -> Home:
    home = Home(folder)
    home.create(demo=True, place="test")
    return home


class _Killed(BaseException):
    """Stands for a killed process: no handler of Exception sees it."""


def _steps(monkeypatch: pytest.MonkeyPatch, stop_at: int) -> Iterator[int]:
    """Count every durable step, and die before the one numbered `stop_at`."""
    counter = itertools.count(1)

    def guard(original: Any) -> Any:
        def step(*arguments: Any, **options: Any) -> Any:
            if next(counter) == stop_at:
                raise _Killed
            return original(*arguments, **options)

        return step

    monkeypatch.setattr(foundation.durable.os, "replace", guard(foundation.durable.os.replace))
    monkeypatch.setattr(foundation.durable.os, "rename", guard(foundation.durable.os.rename))
    monkeypatch.setattr(Path, "unlink", guard(Path.unlink))
    yield 0


@pytest.mark.parametrize("bad", [False, True], ids=["good", "with a row held back"])
def test_killed_at_any_step_and_run_again_gives_the_same_bytes(
    bad: bool, tmp_path: Path, contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = trust_rows("RFS")
    if bad:
        rows[3][2] = "many"
    whole = fresh(tmp_path / "whole")
    take_in(whole, deliver_trust(whole, rows=rows), contracts)
    expected = tree(whole)
    for stop_at in range(1, 30):
        home = fresh(tmp_path / f"killed-{stop_at}")
        path = deliver_trust(home, rows=rows)
        with monkeypatch.context() as patch:
            list(_steps(patch, stop_at))
            try:
                take_in(home, path, contracts)
                finished = True
            except _Killed:
                finished = False
        if finished:
            break
        # nothing counts before its receipt
        assert len(receipts(home)) in (0, 1)
        if path.exists():
            take_in(home, path, contracts)
        assert tree(home) == expected, stop_at
        assert not list(home.landing.glob("*/*"))
    assert stop_at > 5
    assert finished


def test_a_lake_folder_without_receipt_is_replaced(home: Home, contracts: dict[str, Contract]) -> None:
    receipt = take_in(home, deliver_trust(home), contracts)
    expected = tree(home)
    folder = lake.submission_folder(home, receipt.feed, receipt.organisation, receipt.submission_id)
    (home.submissions / receipt.submission_id / "receipt.json").unlink()
    (folder / "month=2025-04" / "part.parquet").write_bytes(b"half")
    (folder / "month=2019-01").mkdir()
    take_in(home, deliver_trust(home), contracts)
    assert tree(home) == expected


def test_the_same_events_in_two_layouts_are_the_same_rows(home: Home, contracts: dict[str, Contract]) -> None:
    """GRW-02: two providers with different layouts give identical canonical rows."""
    first = take_in(home, deliver_trust(home, "RTG"), contracts)
    second = take_in(home, deliver_trust(home, "RFS"), contracts)
    assert [value for _, value in first.lake_files] == [value for _, value in second.lake_files]


def test_a_blank_stays_blank_and_money_stays_exact(home: Home, contracts: dict[str, Contract]) -> None:
    rows = trust_rows("RFS")
    rows[0][2:] = ["", "", ""]
    rows[1][2:] = ["0", "0", "0"]
    taken = take_in(home, deliver_trust(home, rows=rows), contracts)
    table = pq.ParquetFile(home.lake / taken.lake_files[0][0]).read()
    assert table.column("discharged_total").to_pylist()[:2] == [None, 0]
    assert set(table.column("no_criteria_to_reside").to_pylist()) == {None}
    assert table.column_names == [
        "row_number",
        "date",
        "no_criteria_to_reside",
        "discharged_by_1700",
        "discharged_1700_to_2359",
        "discharged_total",
    ]
    assert {(item.rule, item.row) for item in taken.findings} == {("analysis.not_reported", 1), ("analysis.zero", 2)}
    assert taken.outcome == "warn"
    money = take_in(home, deliver_ledger(home), contracts)
    amounts = [row["amount"] for row in lake.read_rows(home, [path for path, _ in money.lake_files])]
    assert amounts == [Decimal(f"{1000 * n}.{n:02d}") for n in range(1, 6)]


def test_the_lake_is_read_by_duckdb_with_its_keys(home: Home, contracts: dict[str, Contract]) -> None:
    import duckdb

    taken = take_in(home, deliver_ledger(home), contracts)
    take_in(home, deliver_reference(home), contracts)
    found = (
        duckdb.connect()
        .execute(
            "select organisation, submission, month, sum(amount) from read_parquet(?, hive_partitioning = true, "
            "hive_types = {'month': 'VARCHAR', 'submission': 'VARCHAR'}) group by all",
            [f"{home.lake}/feed=cost_ledger/*/*/*/*.parquet"],
        )
        .fetchall()
    )
    assert found == [("acute-trust", taken.submission_id, "2025-04", Decimal("15000.15"))]
    found = (
        duckdb.connect()
        .execute(
            "select distinct required_feed, feed from read_parquet(?, hive_partitioning = true)",
            [f"{home.lake}/feed=reference_organisations/*/*/*/*.parquet"],
        )
        .fetchall()
    )
    assert found == [("daily_discharge_return", "reference_organisations")]


def test_check_and_intake_say_the_same(home: Home, contracts: dict[str, Contract], tmp_path: Path) -> None:
    rows = trust_rows("RFS")
    rows[3][2], rows[5][2] = "many", "9999"
    path = deliver_trust(home, rows=rows)
    data, manifest = next(path.parent.glob("*.csv")), tmp_path / "m.json"
    manifest.write_bytes(path.read_bytes())
    copy = tmp_path / data.name
    shutil.copy(data, copy)
    report = check_file(copy, contracts["daily_discharge_return"], manifest).report()
    receipt = take_in(home, path, contracts).as_json()
    for name in ("outcome", "rows_read", "rows_accepted", "rows_quarantined", "rows_deduplicated", "findings"):
        assert report[name] == receipt[name]
    assert report["rows_quarantined"] == 2


def test_what_was_held_back_is_recorded_without_its_values(home: Home, contracts: dict[str, Contract]) -> None:
    from ingest.quarantine import read_record

    rows = trust_rows("RFS")
    rows[3][2] = "Mrs Example"
    receipt = take_in(home, deliver_trust(home, rows=rows), contracts)
    record = read_record(home, receipt.submission_id)
    assert record is not None
    assert record["rows"] == [
        {
            "row": 4,
            "reasons": [
                {
                    "rule": "value.integer",
                    "column": "discharged_by_1700",
                    "message": "The value is not a whole number in plain digits.",
                }
            ],
        }
    ]
    receipt_text = (home.submissions / receipt.submission_id / "receipt.json").read_text()
    assert "Example" not in receipt_text + str(record)


_SENT = [
    ("RFS", "2025-04", 1),
    ("RFS", "2025-04", 2),
    ("RFS", "2025-05", 1),
    ("RTG", "2025-04", 1),
    ("E54000058", "2025-04", 1),
]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(_SENT))
def test_any_order_of_deliveries_gives_the_same_register_and_cut(order: list[tuple[str, str, int]]) -> None:
    """GRW-05, CNI-27: what counts depends on what was sent, not on when."""
    with tempfile.TemporaryDirectory() as name:
        home = fresh(Path(name) / "home")
        for organisation, month, sequence in order:
            rows = None
            if sequence == 2:
                rows = trust_rows(organisation, month)
                rows[0][2:] = ["1", "1", "2"]
            take_in(home, deliver_trust(home, organisation, month, sequence, rows), CONTRACTS)
        register = Register.load(home)
        found = sorted((item.organisation, str(item.covers_from), item.sequence) for item in register.in_force())
        assert found == [
            ("E54000058", "2025-04-01", 1),
            ("RFS", "2025-04-01", 2),
            ("RFS", "2025-05-01", 1),
            ("RTG", "2025-04-01", 1),
        ]
        cut = build_cut(home)
        _CUTS.add(cut.cut_id)
        assert len(_CUTS) == 1
        assert read_cut(home, cut.cut_id) == cut
        assert cut_of(register) == cut


_CUTS: set[str] = set()

_CELLS = st.one_of(
    st.sampled_from(["", "0", "7", "5001", "-1", "1,234", "1e3", "NULL", "２", "7 ", "12.0", "=1+1", "\u200b1"]),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 4), _CELLS), max_size=6), repeat=st.booleans())
def test_read_is_accepted_and_quarantined_and_deduplicated(cells: list[tuple[int, int, str]], repeat: bool) -> None:
    rows = trust_rows("RFS")[:12]
    for row, column, value in cells:
        rows[row][column] = value
    if repeat:
        rows.append(list(rows[-1]))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "daily.csv"
        path.write_bytes(csv_of(TRUST_B, rows))
        report = check_file(path, CONTRACTS["daily_discharge_return"])
    assert report.rows_read == report.rows_accepted + report.rows_quarantined + report.rows_deduplicated
    assert report.outcome in OUTCOMES
    if report.accepted is not None:
        assert report.rows_read == len(rows)
        assert report.accepted.num_rows == report.rows_accepted
        for row in report.accepted.to_pylist():
            sent = rows[row["row_number"] - 1]
            assert row["organisation"] == "RFS"
            for position, column in ((2, "discharged_by_1700"), (4, "discharged_total")):
                plain = sent[position].strip(" \t\r\n\u00a0\u202f\u2007")
                assert row[column] == (int(plain) if plain.isascii() and plain.isdigit() else None)
    else:
        assert report.rows_accepted == report.rows_deduplicated == 0


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300), prefix=st.booleans())
def test_no_bytes_break_the_check(data: bytes, prefix: bool) -> None:
    """Whatever is sent, the answer is a report and never an exception."""
    head = ",".join(TRUST_B).encode() + b"\n" if prefix else b""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.csv"
        path.write_bytes(head + data)
        report = check_file(path, CONTRACTS["daily_discharge_return"])
    assert report.outcome in OUTCOMES
    assert report.rows_read == report.rows_accepted + report.rows_quarantined + report.rows_deduplicated


def test_a_changed_contract_needs_a_second_judgement(home: Home, contracts: dict[str, Contract]) -> None:
    taken = take_in(home, deliver_trust(home), contracts)
    before = tree(home)
    text = (Path(load_contracts.__code__.co_filename).parent / "contracts/daily_discharge_return.yaml").read_text()
    from ingest.contract import parse_contract

    kinder = {
        **contracts,
        "daily_discharge_return": parse_contract(text.replace("maximum: 5000", "maximum: 6000").encode(), "kinder"),
    }
    assert [item.submission_id for item in outdated(home, kinder)] == [taken.submission_id]
    assert judge_again(home, taken.submission_id, kinder).submission_id == taken.submission_id
    again = read_receipt(home, taken.submission_id)
    assert again is not None
    assert again.contract_hash != taken.contract_hash
    assert again.lake_files == taken.lake_files
    assert {path: value for path, value in tree(home).items() if path.startswith("lake")} == {
        path: value for path, value in before.items() if path.startswith("lake")
    }
    assert outdated(home, kinder) == []
    # an example keeps to the column's own limits
    strict = re.sub(r"\n +examples: .*", "", text.replace("maximum: 5000", "maximum: 60"))
    stricter = {**contracts, "daily_discharge_return": parse_contract(strict.encode(), "stricter")}
    unchanged = judge_again(home, taken.submission_id, stricter)
    assert unchanged.contract_hash == again.contract_hash


def test_history_is_not_changed_by_a_refused_file(home: Home, contracts: dict[str, Contract]) -> None:
    for month in ("2025-01", "2025-02", "2025-03"):
        take_in(home, deliver_ledger(home, month=month), contracts)
    tenfold = ledger_rows(scale=100)
    refused = take_in(home, deliver_ledger(home, rows=tenfold), contracts)
    assert refused.outcome == "reject_file"
    assert not (
        home.lake / "feed=cost_ledger/organisation=acute-trust" / f"submission={refused.submission_id}"
    ).exists()
    assert Register.load(home).earlier("cost_ledger", "acute-trust", date(2025, 5, 1), 6)[-1].covers_from == date(
        2025, 3, 1
    )


def test_a_whole_batch_is_taken_in_oldest_first(home: Home, contracts: dict[str, Contract]) -> None:
    for month in ("2025-04", "2025-01", "2025-03", "2025-02"):
        deliver_ledger(home, month=month)
    deliver_kpis(home)
    assert [str(item.covers_from) for item in take_in_all(home, contracts)] == [
        "2023-01-01",
        "2025-01-01",
        "2025-02-01",
        "2025-03-01",
        "2025-04-01",
    ]


def test_a_correction_does_not_overtake_what_it_corrects(home: Home, contracts: dict[str, Contract]) -> None:
    """Sequences are numbers: the tenth comes after the ninth, in whatever order their names are sorted."""
    for sequence in (10, 9, 2):
        deliver_ledger(home, sequence=sequence, rows=ledger_rows(scale=sequence))
    assert [item.sequence for item in take_in_all(home, contracts)] == [2, 9, 10]
    assert [item.sequence for item in Register.load(home).in_force()] == [10]
    assert {item.outcome for item in Register.load(home).entries} == {"accept"}


def test_rows_of_the_helpers_differ_where_they_should() -> None:
    assert csv_of(LEDGER, ledger_rows()) != csv_of(LEDGER, ledger_rows(scale=2))
    assert trust_a_rows()[0][1] == "01/04/2025"


def test_no_number_of_a_manifest_is_repeated_that_could_be_somebodys(
    home: Home, contracts: dict[str, Contract]
) -> None:
    """A file may be larger than a gigabyte, so its declared size may have the ten digits of an NHS number."""
    number = 9434765919
    receipt = take_in(home, deliver_trust(home, bytes=number), contracts)
    assert receipt.outcome == "reject_file"
    assert {item.rule for item in receipt.findings} == {"delivery.bytes_mismatch"}
    assert not any(str(number) in "".join(filter(str.isdigit, item.message)) for item in receipt.findings)
    refused = take_in(home, deliver_trust(home, sequence=2, rows=trust_rows("RFS")[:3], **{"bytes": 10**11}), contracts)
    assert {item.rule for item in refused.findings} == {"delivery.manifest_unreadable"}
