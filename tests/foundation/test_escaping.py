"""What a spreadsheet would run is text in every CSV, and comes back as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.escaping import FORMULA_STARTS, escaped, unescaped
from foundation.tables import csv_bytes
from settlement.files import COLUMNS, read_rows, write_rows

# what is known to be run, and the same signs in the width of other scripts
PLANTED = (
    '=HYPERLINK("http://example.org","here")', "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1",
    "＝1+1", "＋1", "－1", "＠SUM(1)", "'=1+1", "''=1+1", "-", "-1e5", "+44 20",
)  # fmt: skip
HARMLESS = ("", "plain", "'quoted'", "'", "-12.5", "-0", "0", "a=b", "−5", "'tis")


@pytest.mark.parametrize("text", PLANTED)
def test_no_planted_text_is_run_and_each_comes_back(text: str) -> None:
    cell = escaped(text)
    assert cell == "'" + text
    assert unescaped(cell) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stand_as_they_are(text: str) -> None:
    assert escaped(text) == text
    assert unescaped(text) == text


@given(st.lists(st.sampled_from(["'", "a", "1", ".", *FORMULA_STARTS]), max_size=6).map("".join))
def test_every_text_comes_back_and_no_cell_starts_a_formula(text: str) -> None:
    cell = escaped(text)
    assert unescaped(cell) == text
    assert not cell.startswith(FORMULA_STARTS) or (cell[0] == "-" and cell[1:].replace(".", "", 1).isdigit())


def test_releases_and_settlements_write_and_read_them_alike() -> None:
    """The same cell in the CSV of a release and in that of `outturn settle`, and the text again from both."""
    raw = csv_bytes(["text"], [{"text": text} for text in PLANTED])
    cells = [row[0] for row in csv.reader(io.StringIO(raw.decode(), newline=""))][1:]
    assert [unescaped(cell) for cell in cells] == list(PLANTED)
    blank = dict.fromkeys(COLUMNS["ledger"], "") | {"amount_pence": 1}
    rows = [{**blank, "contract_reference": text, "line_id": str(n)} for n, text in enumerate(PLANTED)]
    written = write_rows("ledger", rows)
    assert [row["contract_reference"] for row in read_rows("ledger", written)] == list(PLANTED)
    place = list(COLUMNS["ledger"]).index("contract_reference")
    held = [row[place] for row in csv.reader(io.StringIO(written.decode(), newline=""))][1:]
    assert held == cells
