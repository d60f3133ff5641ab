"""Whatever is changed in a copy of a release is named: the file, and the figure where there is one."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import release_fixture as made

from foundation.canonical import content_id, readable_json, sha256_file
from foundation.errors import SystemFault, WrongUsage
from foundation.tables import write_parquet
from publication import columns
from publication.verify import verify_release
from publication.warehouse import contents_hash, read_duckdb

Replace = Callable[[Path, str, str], None]


def _said(copy: Path) -> str:
    return "\n".join(str(problem) for problem in verify_release(copy))


def _reseal(copy: Path) -> None:
    """What a forger does who can write to the folder: every hash and the release id made to fit."""
    manifest = json.loads((copy / "manifest.json").read_bytes())
    for name, entry in manifest["files"].items():
        path = copy / name
        if "contents_sha256" in entry:
            entry["contents_sha256"] = contents_hash(path)
        else:
            entry["sha256"], entry["bytes"] = sha256_file(path), path.stat().st_size
    manifest.pop("release_id")
    (copy / "manifest.json").write_bytes(readable_json({"release_id": content_id(manifest), **manifest}))
    files = [p for p in sorted(copy.rglob("*")) if p.is_file() and p.name != "seal.json"]
    seal = {"files": {p.relative_to(copy).as_posix(): sha256_file(p) for p in files}}
    (copy / "seal.json").write_bytes(readable_json(seal))


def _rewrite(copy: Path, folder: str, schema: columns.Schema, change: Callable[[dict[str, object]], None]) -> None:
    """Change rows of a table in CSV and Parquet alike."""
    from publication.inputs import rows_of
    from publication.release import at_precision
    from publication.warehouse import write_pair

    rows = pq.read_table(copy / folder / f"{schema.name}.parquet").to_pylist()
    for row in rows:
        change(row)
    typed = rows_of(schema, rows)
    if schema is columns.KPI_RETURN:
        at_precision(typed)
    write_pair(copy / folder, schema, typed)


def test_an_untouched_copy_passes(copy: Path) -> None:
    report = verify_release(copy)
    assert list(report) == []
    assert report.notes == []
    assert "1 agreement recomputed" in report.summary


def test_resealing_nothing_still_passes(copy: Path) -> None:
    _reseal(copy)
    assert _said(copy) == ""


@pytest.mark.parametrize(
    ("file", "figure", "column"),
    [
        ("members/postings.csv", "posting:derbyshire-real-only:2024-25:gain", "amount_pence"),
        ("members/member_lines.csv", "member:derbyshire-real-only:2024-25:gain:city-council", "amount_pence"),
        (
            "members/payments.csv",
            "payment:derbyshire-real-only:2024-25:gain:integrated-care-board:city-council",
            "amount_pence",
        ),
        ("members/journal.csv", "journal:derbyshire-real-only:2024-25:1:1", "debit_pence"),
        ("members/ledger.csv", "ledger:derbyshire-real-only:2024-25:acute-trust", "amount_pence"),
    ],
)
def test_one_penny_is_named_with_both_amounts(copy: Path, file: str, figure: str, column: str) -> None:
    path = copy / file
    lines = path.read_text().splitlines()
    position = lines[0].split(",").index(column)
    index = next(i for i, line in enumerate(lines) if figure in line or (
        figure.startswith("ledger") and i and figure.rsplit(":", 1)[1] in line
    ))  # fmt: skip
    cells = lines[index].split(",")
    before = int(cells[position])
    cells[position] = str(before + 1)
    lines[index] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    said = _said(copy)
    assert any(
        file in line and figure in line and str(before) in line and str(before + 1) in line
        for line in said.splitlines()
    ), said


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("public/site/index.html", "</main>", " </main>", "public/site/index.html"),
        ("public/site/assets/outturn.css", ":root", ":Root", "public/site/assets/outturn.css"),
        ("members/gate.json", "passed", "Passed", "members/gate.json"),
        ("members/terms.yaml", "share_pct: 38", "share_pct: 39", "members/terms.yaml"),
        ("members/decisions.jsonl", "chief officer", "chief 0fficer", "members/decisions.jsonl"),
        ("members/lineage.json", "daily_discharge_return", "daily_discharge_retorn", "members/lineage.json"),
        ("manifest.json", "code_version", "code_versioN", "manifest.json"),
        ("seal.json", "files", "fi1es", "seal.json"),
    ],
)
def test_one_changed_byte_is_named(
    copy: Path, replace_text: Replace, file: str, old: str, new: str, named: str
) -> None:
    replace_text(copy / file, old, new)
    assert named in _said(copy)


def test_a_changed_page_is_named_with_its_figure(copy: Path, replace_text: Replace) -> None:
    name = f"indicator:{made.CENSUS}:{made.AREA}:2024-25:value"
    replace_text(copy / "public/site/index.html", f'data-figure="{name}">4', f'data-figure="{name}">3')
    _reseal(copy)
    said = _said(copy)
    assert f"public/site/index.html: {name}" in said


def test_a_changed_cell_of_the_database_is_named(copy: Path) -> None:
    name = f"indicator:{made.CENSUS}:{made.AREA}:2024-25:value"
    with duckdb.connect(str(copy / "public" / "published.duckdb")) as connection:
        connection.execute("UPDATE outcomes SET value_text = '452.9' WHERE figure_id = ?", [name])
    said = _said(copy)
    assert f"public/published.duckdb: {name}" in said
    assert "452.9" in said


def test_a_changed_comment_of_the_database_is_named(copy: Path) -> None:
    with duckdb.connect(str(copy / "public" / "published.duckdb")) as connection:
        connection.execute("COMMENT ON TABLE outcomes IS 'final and payable'")
    assert "public/published.duckdb" in _said(copy)


def test_a_file_more_or_less_is_named(copy: Path) -> None:
    (copy / "public" / "extra.csv").write_text("a\n1\n")
    (copy / "members" / "steps.parquet").unlink()
    said = _said(copy)
    assert "public/extra.csv" in said
    assert "members/steps.parquet" in said


def test_without_members_it_says_what_it_could_not_prove(copy: Path) -> None:
    for part in ("members", "analyst"):
        shutil.rmtree(copy / part)
    report = verify_release(copy)
    assert list(report) == []
    assert any("members/" in note and "settlement" in note for note in report.notes)
    assert any("analyst/" in note for note in report.notes)


def test_a_folder_that_is_no_release_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        verify_release(tmp_path)


# --- forgers who seal again


def test_a_forged_posting_is_caught_by_recomputation(copy: Path) -> None:
    """Hashes can be forged by whoever holds the folder; the arithmetic cannot."""

    def richer(row: dict[str, object]) -> None:
        row["amount_pence"] = int(str(row["amount_pence"])) + 100

    _rewrite(copy, "members", columns.POSTINGS, richer)
    _reseal(copy)
    said = _said(copy)
    assert "members/postings.csv: posting:derbyshire-real-only:2024-25:gain" in said
    assert "follows from the open book" in said
    assert "public/data/statement.parquet: posting:derbyshire-real-only:2024-25:gain" in said


def test_a_forged_kpi_is_caught_by_its_own_parts(copy: Path) -> None:
    name = "kpi:derbyshire-real-only:D1:2024-25:value"

    def better(row: dict[str, object]) -> None:
        if row["figure_id"] == name:
            row["value"] = Decimal("440.0")

    _rewrite(copy, "members", columns.KPI_RETURN, better)
    _reseal(copy)
    said = _said(copy)
    assert f"members/kpi_return.parquet: {name}" in said
    assert "step:derbyshire-real-only:2024-25:score.D1" in said


def test_a_forged_public_value_is_caught_by_members_and_analysts(copy: Path) -> None:
    name = f"indicator:{made.CENSUS}:{made.AREA}:2023-24:value"

    def better(row: dict[str, object]) -> None:
        if row["figure_id"] == name:
            row["value"], row["value_text"] = Decimal("400.0"), "400.0"

    _rewrite(copy, "public/data", columns.OUTCOMES, better)
    _reseal(copy)
    said = _said(copy)
    assert "follows from its numerator and denominator" in said
    assert f"analyst/analyst.duckdb: {name}" in said
    assert "kpi:derbyshire-real-only:D1:2023-24:value" in said


def test_forged_verdicts_are_caught_by_the_gate(copy: Path) -> None:
    path = copy / "members" / "lineage.json"
    lineage = json.loads(path.read_bytes())
    raw = json.loads(lineage["verdicts"]["cut.register"])
    lineage["verdicts"]["cut.register"] = json.dumps({**raw, "reason": "Nothing to see"})
    path.write_bytes(readable_json(lineage))
    _reseal(copy)
    assert "members/gate.json" in _said(copy)


def test_a_swapped_approval_is_caught_by_its_signature(copy: Path, replace_text: Replace) -> None:
    replace_text(copy / "members" / "decisions.jsonl", '"vote":"approve"', '"vote":"reject"')
    _reseal(copy)
    assert "members/decisions.jsonl" in _said(copy)


def test_one_flipped_byte_in_any_file_is_named(copy: Path) -> None:
    chance = random.Random(20250401)
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and path.stat().st_size]
    kinds = {path.suffix: path for path in files}
    for path in kinds.values():
        content = path.read_bytes()
        position = chance.randrange(len(content))
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert path.relative_to(copy).as_posix() in _said(copy), (path, position)
        path.write_bytes(content)
    assert _said(copy) == ""


def test_parquet_alone_changed_is_named(copy: Path) -> None:
    path = copy / "public" / "data" / "statement.parquet"
    table = pq.read_table(path).to_pylist()
    table[0]["alliance_total_pence"] += 1
    write_parquet(path, made.table(columns.STATEMENT, table))
    said = _said(copy)
    assert "public/data/statement.parquet: posting:derbyshire-real-only:2024-25:gain" in said


def test_what_stands_in_a_copy_is_read_and_never_run(tmp_path: Path) -> None:
    """An auditor verifies copies that others made: a table's name or a view must not reach for anything outside."""
    import duckdb

    copy, written = tmp_path / "published.duckdb", tmp_path / "written.csv"
    name = f"x\"; copy (select 1) to '{written}'; --"
    quoted = '"' + name.replace('"', '""') + '"'
    with duckdb.connect(str(copy)) as connection:
        connection.execute("create table x as select 1 as a")
        connection.execute(f"create table {quoted} as select 1 as a")
    assert list(read_duckdb(copy)) == ["x", name]
    assert contents_hash(copy) == contents_hash(copy)
    assert not written.exists()
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"create view reaching as select * from read_csv('{outside}')")
    for reading in (read_duckdb, contents_hash):
        with pytest.raises(SystemFault, match="cannot be read"):
            reading(copy)
