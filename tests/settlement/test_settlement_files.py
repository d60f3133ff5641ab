"""The CSV files of a settlement: columns as published, strict reading, the same bytes as the house's CSV writer."""

from __future__ import annotations

import contextlib
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, ROOT, World, ledger_rows

from foundation.errors import Refused
from foundation.tables import csv_bytes
from settlement.engine import settle
from settlement.files import COLUMNS, read_rows, write_rows

TABLES = (
    "kpi_return",
    "ledger",
    "gate",
    "advances",
    "steps",
    "postings",
    "member_lines",
    "payments",
    "journal",
    "accrual",
)


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_the_published_ones(table: str) -> None:
    text = (ROOT / "docs" / "reference" / "files.md").read_text()
    section = re.split(r"^###? ", text.split(f"### {table}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    published = dict(re.findall(r"^\| (\w+) \| (\w+) \|", section, flags=re.MULTILINE))
    published.pop("column", None)
    assert COLUMNS[table] == published
    assert list(COLUMNS[table]) == list(published)


def test_written_as_the_house_writes_csv(world: World) -> None:
    made = settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate)
    tables: dict[str, list[dict[str, Any]]] = {
        "kpi_return": world.kpi_return,
        "ledger": world.ledger,
        "gate": world.gate.rows(),
        "steps": made.step_rows(),
        "postings": made.posting_rows(),
        "member_lines": made.member_rows(),
        "payments": made.payment_rows(),
        "journal": made.journal_rows(),
    }
    for table, rows in tables.items():
        raw = write_rows(table, rows)
        assert raw == csv_bytes(list(COLUMNS[table]), rows)
        assert write_rows(table, read_rows(table, raw)) == raw


HEADER = b"agreement_id,member_id,balance_pence\n"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"agreement_id,member_id\n", "columns balance_pence are missing"),
        (HEADER.replace(b"\n", b",more\n"), "columns more are unknown"),
        (HEADER.replace(b"member_id", b"agreement_id"), "missing"),
        (HEADER.replace(b"\n", b",member_id\n"), "twice"),
        (HEADER + b"a,b\n", "line 2: there are 2 cells and 3 columns"),
        (HEADER + b"a,b,1,2\n", "4 cells"),
        (HEADER + b"a,b,1.0\n", "line 2: `balance_pence` is not of type integer"),
        (HEADER + b"a,b,1e3\n", "balance_pence"),
        (HEADER + "a,b,١\n".encode(), "balance_pence"),
        (HEADER + b"a,b, 1\n", "balance_pence"),
        (HEADER + b"a,\xff,1\n", "line 2: the text is not UTF-8"),
        (b"\xef\xbb\xbf" + HEADER, "byte-order mark"),
        (HEADER + b'a,"b,1\n', "quotes"),
        (HEADER + b"a,b\0,1\n", "null"),
        (HEADER + b"\n", "0 cells"),
    ],
)
def test_a_file_of_another_shape_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)) as told:
        read_rows("advances", raw)
    assert told.value.mend


def test_cells_are_typed() -> None:
    row: dict[str, Any] = dict.fromkeys(COLUMNS["kpi_return"], "")
    row |= {"value": Decimal("453.1"), "period_start": date(2024, 4, 1), "window_days": 365, "quality_reason": "=1+1"}
    row |= {
        name: None
        for name, kind in COLUMNS["kpi_return"].items()
        if kind != "text" and name not in ("value", "period_start", "window_days")
    }
    raw = write_rows("kpi_return", [row])
    assert b"'=1+1" in raw
    assert read_rows("kpi_return", raw) == [row]
    with pytest.raises(Refused, match="period_start"):
        read_rows("kpi_return", raw.replace(b"2024-04-01", b"20240401"))
    with pytest.raises(TypeError):
        write_rows("kpi_return", [{**row, "value": 453.1}])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for start in (b"", HEADER):
        with contextlib.suppress(Refused):
            assert isinstance(read_rows("advances", start + raw), list)


BOOK_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"member_id": "somebody"}, "no member"),
    ({"month": "2025-04"}, "outside"),
    ({"category": "gift"}, "unknown category"),
    ({"amount_pence": -1}, "whole number of pence"),
    ({"amount_pence": None}, "whole number"),
    ({"amount_pence": True}, "whole"),
    ({"period_id": "2025-26"}, "stands under"),
    ({"month": "2024-05"}, "stands twice"),
]


@pytest.mark.parametrize(("change", "words"), BOOK_FAULTS)
def test_a_ledger_that_cannot_be_trusted_is_refused(world: World, change: dict[str, Any], words: str) -> None:
    rows = ledger_rows(world.terms)
    with pytest.raises(Refused, match=words):
        settle(world.terms, PERIOD, world.kpi_return, [{**rows[0], **change}, *rows[1:]], world.gate)


PRIOR_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"line": "bonus"}, "cannot be restated"),
    ({"status": "payable"}, "cannot be restated"),
    ({"amount_pence": 1.0}, "cannot be restated"),
    ({"status": "withheld"}, "withheld and yet"),
    ({"supersedes": "e" * 64}, "one chain"),
]


@pytest.mark.parametrize(("change", "words"), PRIOR_FAULTS)
def test_earlier_postings_that_do_not_fit_are_refused(world: World, change: dict[str, Any], words: str) -> None:
    (row,) = settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate).posting_rows()
    with pytest.raises(Refused, match=words):
        settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate, (), [{**row, **change}])
    for rows in ([row, row], [row, {**row, "line": "loss", "supersedes": "x"}], [row, {**row, "settlement_id": "y"}]):
        with pytest.raises(Refused):
            settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate, (), rows)


@pytest.mark.parametrize("row", [{"member_id": "somebody"}, {"balance_pence": -1}, {"balance_pence": None}, {}])
def test_advances_that_do_not_fit_are_refused(world: World, row: dict[str, Any]) -> None:
    advance = {"agreement_id": world.terms.id, "member_id": "acute-trust", "balance_pence": 1, **row}
    with pytest.raises(Refused):
        settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate, [advance])
    elsewhere = {**advance, "agreement_id": "elsewhere"}
    assert settle(world.terms, PERIOD, world.kpi_return, world.ledger, world.gate, [elsewhere]).carried_pence == ()
