"""Texts that a spreadsheet would run, planted in a release: no file runs one, every reader has them back, verify agrees."""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from openpyxl import load_workbook

from foundation.escaping import FORMULA_STARTS
from publication import columns
from publication.inputs import ReleaseInputs
from publication.reader import open_release
from publication.release import build_release
from publication.verify import verify_release

PLANTED = ('=HYPERLINK("http://example.org","here")', "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1",
           "＠1", "'=1")  # fmt: skip
SHOWN = ("caveat", "exclusions", "source")
NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")


def planted(table: pa.Table, names: tuple[str, ...]) -> pa.Table:
    """The table with one planted text after another in some columns of text."""
    rows, count = table.to_pylist(), 0
    for row in rows:
        for name in names:
            row[name], count = PLANTED[count % len(PLANTED)], count + 1
    return pa.Table.from_pylist(rows, schema=table.schema)


def test_planted_texts_run_nowhere_and_come_back(inputs: ReleaseInputs, tmp_path: Path) -> None:
    """ISSUE8: CSV injection cases escaped, in every CSV and workbook of a release."""
    spiked = replace(inputs, indicators=planted(inputs.indicators, SHOWN))
    release = tmp_path / build_release(spiked, tmp_path)
    assert not verify_release(release).problems
    copy = open_release(release)
    written = copy.csv("public/data/indicators.csv", columns.INDICATORS)
    assert written == copy.public(columns.INDICATORS)
    assert {row[name] for row in written for name in SHOWN} == set(PLANTED)
    looked = 0
    for path in sorted(release.rglob("*.csv")):
        with path.open(newline="") as file:
            for line in csv.reader(file, strict=True):
                for cell in line:
                    looked += 1
                    assert not cell.startswith(FORMULA_STARTS) or NUMBER.fullmatch(cell), (path.name, cell)
    for path in (release / "public" / "outcomes.xlsx", release / "members" / "statement.xlsx"):
        book: Any = load_workbook(path)
        for sheet in book.worksheets:
            for line in sheet.iter_rows():
                for cell in line:
                    looked += 1
                    if isinstance(cell.value, str) and cell.data_type != "f":
                        assert not cell.value.startswith(FORMULA_STARTS), (path.name, sheet.title, cell.coordinate)
    assert looked > 5000
    with zipfile.ZipFile(release / "public" / "outcomes.xlsx") as held:
        assert not any(b"<f>" in held.read(name) for name in held.namelist())
