"""Reading by column gives what reading row by row and cell by cell would give, and takes little time for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.canonical import sha256_file
from foundation.home import Home
from ingest import lake, read
from ingest.conform import Conformed, _cell, column_sums, conform, drop_exact_duplicates, refuse_second_header
from ingest.contract import Contract, load_contracts
from ingest.read import FileRejectedError, RawTable, has_stray_quote, read_csv
from ingest.rules import Finding, finding

CONTRACTS = load_contracts()
KPI = CONTRACTS["aggregate_kpi_return"]
LEDGER = CONTRACTS["cost_ledger"]
DAILY = CONTRACTS["daily_discharge_return"]


def rows_of(raw: RawTable, contract: Contract) -> Conformed:
    """What `conform` must give, in the plainest way: row by row, cell by cell."""
    position = {name: index for index, name in enumerate(raw.columns)}
    kept: list[dict[str, Any]] = []
    faults: list[Finding] = []
    notes: dict[tuple[str, str], int] = {}
    unreadable: dict[str, int] = {}
    for row in raw.rows:
        values: dict[str, Any] = {"row_number": row.number}
        broken = False
        for column in contract.columns:
            if column.name not in position:
                values[column.name] = None
                continue
            cell = _cell(row.cells[position[column.name]], column, raw.layout)
            values[column.name] = cell.value
            for rule in cell.notes:
                notes[rule, column.name] = notes.get((rule, column.name), 0) + 1
            if cell.fault is not None:
                broken = True
                faults.append(finding(*cell.fault, column.name, row.number))
                unreadable[column.name] = unreadable.get(column.name, 0) + 1
        if not broken:
            kept.append(values)
    swapped = [item for item in faults if item.rule == "value.date_format"]
    if swapped:
        raise FileRejectedError(swapped[0], tuple(swapped[1:]))
    summary = [finding(rule, f"In {count} rows.", name) for (rule, name), count in sorted(notes.items())]
    return Conformed(pa.Table.from_pylist(kept, schema=contract.schema), len(raw.rows), faults, summary, unreadable)


_WORDS = st.sampled_from(
    [
        *("", " ", "a", "A1", "percent", " percent", "count\u00a0", "N/A", "NULL", "-", "=1+1", "<b>", "x\ny", "ZoÃ«"),
        *("0", "7", "007", "12.50", "0.30000000000000004", "1,234", "１", "-1", "1e3", "9" * 30),
        *("2025-04-01", "2025-02-30", "01/04/2025", "45752", "zero\u200bwidth", "bell\x07", "y" * 90, "é" * 20),
    ]
)


def table_of(contract: Contract, layout: str, width: int) -> st.SearchStrategy[list[list[str]]]:
    """Rows of a few words each, so that values repeat."""
    return st.lists(st.lists(_WORDS, min_size=width, max_size=width), max_size=12)


@pytest.mark.parametrize("contract", [KPI, LEDGER, DAILY], ids=lambda contract: str(contract.feed))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_conforming_by_distinct_value_is_conforming_cell_by_cell(contract: Contract, data: st.DataObject) -> None:
    layout = contract.custom.layouts["canonical"]
    names = list(contract.layout_names(layout).values())
    made = data.draw(table_of(contract, "canonical", len(names)))
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator="\n").writerows([names, *made])
    raw = _read_or_none(sink.getvalue().encode(), contract)
    if raw is not None:
        assert _told(conform, raw, contract) == _told(rows_of, raw, contract)


def _read_or_none(data: bytes, contract: Contract) -> RawTable | None:
    try:
        raw = read_csv(data, "x.csv", contract, "canonical")
        refuse_second_header(raw, contract)
    except FileRejectedError:
        return None
    return raw


def _told(way: Any, raw: RawTable, contract: Contract) -> tuple[Any, ...]:
    """Everything a way of conforming says about a file."""
    try:
        found = way(raw, contract)
    except FileRejectedError as rejected:
        return ("rejected", rejected.found, rejected.notes)
    return (found.table.to_pylist(), found.table.schema, found.rows_read, found.faults, found.notes, found.unreadable)


_LINES = st.sampled_from(
    [
        *(
            "a,b,c",
            ",,",
            "a,b",
            "a,b,c,d",
            "",
            " ",
            "k,b,c",
            " k ,1,2",
            "K,v,w",
            "é,ü,£",
            "\ufeffa,b,c",
            "x" * 40 + ",b,c",
        ),
        *('"a",b,c', 'a"b,c,d', '"a,b",c,d', "a\tb,c,d", "a;b;c,d,e", "\x1a,b,c", "a,b,\u2028", "'a',b\\,c", "#a,b,c"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(st.tuples(_LINES, st.sampled_from(["\n", "\r\n", "\r"])), min_size=1, max_size=9), end=st.booleans()
)
def test_the_reader_of_large_files_reads_as_the_other_or_not_at_all(lines: list[tuple[str, str]], end: bool) -> None:
    text = "k,v,w\n" + "".join(line + stop for line, stop in lines)
    text = text if end else text.rstrip("\r\n")
    custom = SimpleNamespace(delimiter=",", limits=SimpleNamespace(fieldCharacters=30))
    contract: Any = SimpleNamespace(custom=custom)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "_LARGE", 0)
        fast = read._plain_body(text, contract, ["k", "v", "w"])
    if fast is None:
        return
    records = read.records_of(text, contract)
    next(records)
    slow = read._read_body(records, ["k", "v", "w"], 30)
    assert (fast.count, fast.blank, fast.last) == (slow.count, slow.blank, slow.last)
    assert [column.to_pylist() for column in fast.cells] == [column.to_pylist() for column in slow.cells]
    assert [column.dictionary.to_pylist() for column in fast.cells] == [
        item.dictionary.to_pylist() for item in slow.cells
    ]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("stop", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("word", ["plain", "Zoë"])
def test_large_files_are_read_by_arrow_where_nothing_can_be_mistaken(
    mark: bytes, stop: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = list(KPI.layout_names(KPI.custom.layouts["canonical"]).values())
    rows = [names, *([word] * len(names) for _ in range(5))]
    data = mark + stop.join(",".join(row) for row in rows).encode()
    by_python = read_csv(data, "x.csv", KPI, "canonical")

    def refuse(*_: object) -> None:
        raise AssertionError("read by Python")

    monkeypatch.setattr(read, "_LARGE", 0)
    monkeypatch.setattr(read, "_read_body", refuse)
    by_arrow = read_csv(data, "x.csv", KPI, "canonical")
    assert by_arrow == by_python


@pytest.mark.parametrize("key", [("number",), ("number", "text"), ("text",)])
@given(rows=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, "a", "b"])), max_size=12))
def test_the_first_of_equal_rows_is_kept(key: tuple[str, ...], rows: list[tuple[int, str | None]]) -> None:
    table = pa.table(
        {
            "row_number": pa.array(range(1, len(rows) + 1), pa.int64()),
            "number": pa.array([row[0] for row in rows], pa.int64()),
            "text": pa.array([row[1] for row in rows], pa.string()),
        }
    )
    kept, dropped = drop_exact_duplicates(table, key)
    first = {row: place for place, row in reversed(list(enumerate(rows, start=1)))}
    assert kept.column("row_number").to_pylist() == sorted(first.values())
    assert dropped == [place for place, row in enumerate(rows, start=1) if first[row] != place]


@given(st.lists(st.one_of(st.none(), st.decimals(-(10**15), 10**15, places=2)), max_size=20))
def test_sums_are_exact(amounts: list[Decimal | None]) -> None:
    table = pa.table({"amount": pa.array(amounts, pa.decimal128(18, 2))})
    column = {"amount": LEDGER.by_name["amount"]}
    assert column_sums(table, column)["amount"] == sum((item for item in amounts if item is not None), Decimal(0))


def test_a_sum_of_whole_numbers_does_not_overflow() -> None:
    most = 999_999_999_999_999_999
    table = pa.table({"numerator": pa.array([most] * 40, pa.int64())})
    assert column_sums(table, {"numerator": KPI.by_name["numerator"]})["numerator"] == most * 40


@given(st.lists(st.dates(date(2023, 11, 1), date(2025, 2, 1)), max_size=30))
def test_partitions_hold_every_row_once_in_file_order(days: list[date]) -> None:
    table = pa.table(
        {
            "row_number": pa.array(range(1, len(days) + 1), pa.int64()),
            **{
                column.name: (
                    pa.array(days, pa.date32()) if column.name == "date" else pa.nulls(len(days), column.arrow_type)
                )
                for column in DAILY.columns
            },
        }
    )
    found = lake.partitions(table, DAILY)
    wanted: dict[str, list[int]] = {}
    for number, day in enumerate(days, start=1):
        wanted.setdefault(f"{day:%Y-%m}", []).append(number)
    assert {label: part.column("row_number").to_pylist() for label, part in found.items()} == wanted
    assert list(found) == sorted(found)


def stray_sign_by_sign(text: str, delimiter: str) -> bool:
    """The rule of RFC 4180 as a machine that looks at every sign."""
    start, inside, after = True, False, False
    for sign in text:
        if inside:
            if sign == '"':
                inside, after = False, True
        elif after:
            if sign == '"':
                inside, after = True, False
            elif sign in (delimiter, "\n", "\r"):
                start, after = True, False
            else:
                return True
        elif sign == '"':
            if not start:
                return True
            inside, start = True, False
        else:
            start = sign in (delimiter, "\n", "\r")
    return inside


@settings(max_examples=400)
@given(st.text(alphabet='a",\n\r;', max_size=14))
def test_stray_quotes_are_those_a_machine_finds_sign_by_sign(text: str) -> None:
    for delimiter in (",", ";"):
        assert has_stray_quote(text, delimiter) == stray_sign_by_sign(text, delimiter)


HEADER = "organisation,date,no_criteria_to_reside,discharged_by_1700,discharged_1700_to_2359,discharged_total"


def day_rows(count: int) -> list[str]:
    return [f"E54000058,2025-04-{number % 30 + 1:02d},{number},,," for number in range(count)]


@pytest.mark.parametrize("batch", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    ("spoil", "rule", "said"),
    [
        (lambda rows: rows.insert(5, "x,1"), "structure.ragged", "Row 6 has 2 fields"),
        (lambda rows: rows.insert(5, HEADER), "structure.header_repeated", "Row 6 repeats"),
        (lambda rows: rows.insert(5, "x" * 1001 + ",,,,,"), "structure.field_too_long", "Row 6"),
        (lambda rows: (rows.insert(5, HEADER), rows.insert(7, "x")), "structure.header_repeated", "Row 6"),
        (lambda rows: (rows.insert(5, "x"), rows.insert(7, HEADER)), "structure.ragged", "Row 6"),
        (lambda rows: (rows.insert(5, "x"), rows.insert(9, '"x"y,,,,,')), "structure.ragged", "Row 6"),
        (lambda rows: rows.insert(5, '"x"y,,,,,'), "structure.quote", "line 7"),
        (lambda rows: rows.append("Total,,,,,"), "structure.footer", "Row 13 is a total"),
        (lambda rows: rows.insert(-2, "Total,,,,,"), "structure.footer", "Row 11 is a total"),
    ],
)
def test_the_first_fault_is_named_whatever_the_batch(
    batch: int, spoil: Any, rule: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "_BATCH", batch)
    rows = day_rows(12)
    spoil(rows)
    with pytest.raises(FileRejectedError) as rejected:
        read_csv("\n".join([HEADER, *rows, ""]).encode(), "x.csv", DAILY, "canonical")
    assert rejected.value.found.rule == rule
    assert said in rejected.value.found.message


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_rows_are_the_file_s_whatever_the_batch(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_BATCH", batch)
    rows = day_rows(10)
    text = "\n".join([HEADER, *rows[:4], "", "", *rows[4:], ""])
    raw = read_csv(text.encode(), "x.csv", DAILY, "canonical")
    assert [",".join(row.cells) for row in raw.rows] == rows
    assert [row.number for row in raw.rows] == list(range(1, 11))
    assert [row.number for row in raw.rows[2:4]] == [3, 4]
    assert raw.rows[-1].number == 10
    assert [item.message for item in raw.findings] == ["2 blank lines were skipped."]


def _large(count: int) -> Iterator[str]:
    yield HEADER
    for number in range(count):
        yield f"E54000058,20{10 + number // 3000:02d}-04-{number % 28 + 1:02d},{number % 5000},,,"


def test_the_same_rows_give_the_same_bytes_and_are_compressed(tmp_path: Path) -> None:
    data = ("\n".join(_large(3000)) + "\n").encode()
    hashes = []
    for name in ("a", "b"):
        home = Home(tmp_path / name)
        home.create(demo=True, place="test")
        table = conform(read_csv(data, "x.csv", DAILY, "canonical"), DAILY).table
        hashes.append(lake.write_submission(home, DAILY, "E54000058", "0" * 64, table))
        (path,) = (home.lake / name for name in hashes[-1])
        column = pq.ParquetFile(path).metadata.row_group(0).column(2)
        assert column.compression == "ZSTD"
        assert column.has_dictionary_page
        assert sha256_file(path) == next(iter(hashes[-1].values()))
    assert hashes[0] == hashes[1]
    assert {path.split("/", 3)[3]: value for path, value in hashes[0].items()} == lake.part_hashes(table, DAILY)


def test_an_undeclared_column_is_judged_by_all_its_cells() -> None:
    """A tenth of the filled cells is enough, however often each stands there."""
    contract = replace(DAILY)
    for count, rule in ((10, "structure.column_identifying"), (11, "structure.column_extra")):
        cells = ["SE10 8EW", *["ward"] * (count - 1), ""]
        text = "\n".join([HEADER + ",note", *(f"E54000058,2025-04-01,{n},,,,{c}" for n, c in enumerate(cells)), ""])
        if rule.endswith("identifying"):
            with pytest.raises(FileRejectedError) as rejected:
                read_csv(text.encode(), "x.csv", contract, "canonical")
            assert rejected.value.found.rule == rule
        else:
            assert [item.rule for item in read_csv(text.encode(), "x.csv", contract, "canonical").findings] == [rule]
