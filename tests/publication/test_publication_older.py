"""A release that a version before wrote is read, proved as far as it goes, compared, gone on from and loaded."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from older_fixture import as_before, of_a_later_format
from release_forgery import reseal

from foundation.errors import Refused, WrongUsage
from publication import columns
from publication.columns import Schema
from publication.compare import compare_releases
from publication.explain import explain
from publication.formats import ADDED, FORMAT, WHOLE, format_of, may_lack, may_lack_table
from publication.inputs import ReleaseInputs
from publication.older import lacking, told
from publication.reader import Unreadable, open_release
from publication.release import build_release
from publication.verify import verify_release

MOVED = "indicator:talking_therapies_reliable_recovery:E54000058:2023-04:value"


@pytest.fixture(scope="module")
def older(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of the fixture as the version before wrote it, below a folder of releases of its own."""
    return as_before(release, tmp_path_factory.mktemp("older"))


def _line(folder: Path) -> str:
    return str(open_release(folder).public(columns.STATEMENT)[0]["figure_id"])


def test_what_it_does_not_hold_is_blank_and_said(older: Path, release: Path) -> None:
    found = open_release(older)
    assert lacking(found) == ["public/data/statement.if_unchanged_pence", "public/data/revisions"]
    assert told(found)[1].endswith("read as blank, never as zero.")
    assert found.public(columns.REVISIONS) == []
    new = open_release(release)
    assert lacking(new, analyst=True) == told(new) == []
    rows = found.public(columns.STATEMENT)
    assert rows == [row | {"if_unchanged_pence": None} for row in new.public(columns.STATEMENT)]
    assert found.csv("public/data/statement.csv", columns.STATEMENT) == rows
    assert found.stored("public/published.duckdb", columns.STATEMENT) == rows


def test_it_is_proved_and_the_proof_says_how_far_it_goes(older: Path) -> None:
    report = verify_release(older)
    assert [str(problem) for problem in report.problems] == []
    assert "has format 1" in report.older[0]
    assert "public/data/revisions" in report.older[1]
    assert report.older[-1] == "Of what it does not hold, and of what was not compared, this proves nothing."


def test_a_forged_posting_in_it_is_still_found(older: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(older, tmp_path / older.name))
    file = copy / "members/postings.csv"
    lines = file.read_text().splitlines(keepends=True)
    at = lines[0].split(",").index("amount_pence")
    cells = lines[1].split(",")
    cells[at] = str(int(cells[at]) + 1)
    file.write_text("".join([lines[0], ",".join(cells), *lines[2:]]))
    reseal(copy)
    assert any("follows from the open book" in str(problem) for problem in verify_release(copy).problems)


def test_a_release_of_today_lacks_nothing(copy: Path, older: Path) -> None:
    """What an older one may lack is refused where the manifest says that it is none."""
    shutil.copyfile(older / "public/data/statement.parquet", copy / "public/data/statement.parquet")
    with pytest.raises(Unreadable, match="without if_unchanged_pence"):
        open_release(copy).public(columns.STATEMENT)
    reseal(copy)
    assert any("if_unchanged_pence" in str(problem) for problem in verify_release(copy).problems)


def test_a_column_that_was_always_there_may_not_be_absent(older: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(older, tmp_path / older.name))
    from publication.warehouse import write_pair

    held = open_release(older).written("public/data/statement.parquet", columns.STATEMENT)
    assert held is not None
    kept = tuple(column for column in held.columns if column.name != "alliance_total_pence")
    rows = [{c.name: row[c.name] for c in kept} for row in open_release(older).public(columns.STATEMENT)]
    write_pair(copy / "public/data", Schema(held.name, held.comment, held.order, kept), rows)
    with pytest.raises(Unreadable, match="without alliance_total_pence"):
        open_release(copy).public(columns.STATEMENT)


def test_its_figures_are_explained(older: Path) -> None:
    name = _line(older)
    assert explain(older, name).label
    unchanged = explain(older, f"{name}:if_unchanged")
    assert "its statement did not say it" in unchanged.facts["why"]
    with pytest.raises(WrongUsage, match="has format 1"):
        explain(older, "posting:derbyshire-real-only:2024-25:no_such_line")


def test_it_is_compared_with_a_release_of_today(older: Path, release: Path) -> None:
    found = compare_releases(older, release)
    assert any("The release before has format 1" in note for note in found.notes)
    assert [change for change in found.changes if change.kind in ("figure", "group")] == []


def test_a_run_goes_on_from_it(older: Path, inputs: ReleaseInputs, tmp_path: Path) -> None:
    """The next release finds it as its former one: what moved is told, and what it did not say is not called moved."""
    releases = tmp_path / "releases"
    shutil.copytree(older, releases / older.name)
    rows = inputs.measures.to_pylist()
    moved = next(row for row in rows if row["figure_id"] == MOVED)
    moved["value"] += 1
    import pyarrow as pa

    later = replace(
        inputs, measures=pa.Table.from_pylist(rows, schema=inputs.measures.schema),
        published=[(older.name, date(2025, 5, 12))],
    )  # fmt: skip
    new = build_release(later, releases)
    listed = open_release(releases / new).public(columns.REVISIONS)
    assert listed[0]["words"] == "From before releases listed what moved."
    assert [row["name"] for row in listed if row["what"] == "figure"] == [moved["figure_id"]]
    assert listed[-1]["words"] == "No statement moved. 1 figure is changed."
    assert verify_release(releases / new, releases / older.name).problems == []


def test_a_format_from_after_this_version_is_refused(copy: Path) -> None:
    of_a_later_format(copy)
    report = verify_release(copy)
    assert any("this version of Outturn reads 1 to" in str(problem) for problem in report.problems)
    for value in (0, "2", True, None):
        with pytest.raises(Refused):
            format_of({"format": value, "code_version": "9"})


def test_the_formats_name_tables_and_columns_there_are() -> None:
    """ADR 40: nothing is taken out or renamed, so all that was ever added is still there."""
    every = {
        schema.name: set(schema.names)
        for schema in (
            *columns.PUBLIC,
            *columns.MEMBERS,
            *columns.ANALYST,
            columns.DISCLOSURE,
            columns.INDICATOR_EVENTS,
        )
    }
    for added in ADDED.values():
        for table, names in added.items():
            assert table in every and set(names) <= every[table], table
    assert not any(may_lack_table(name, FORMAT) for name in every)
    assert may_lack(columns.STATEMENT, FORMAT) == frozenset()
    assert may_lack(columns.STATEMENT, 1) == {"if_unchanged_pence"}
    assert may_lack_table("revisions", 1) and ADDED[2]["revisions"] == WHOLE
