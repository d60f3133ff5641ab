"""A release is complete, the same again elsewhere, and made only from what was proved good."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import release_fixture as made

from foundation.canonical import canonical_json, content_id, sha256_bytes, sha256_file
from foundation.errors import OutturnError, Refused, WrongUsage
from publication import columns, release
from publication.inputs import ReleaseInputs
from publication.release import build_release, publish
from publication.verify import verify_release
from publication.warehouse import contents_hash

PUBLIC_TABLES = ("outcomes", "breakdowns", "spc_points", "indicators", "statement", "completeness", "revisions")
MEMBER_TABLES = (
    "ledger", "kpi_return", "steps", "postings", "member_lines", "payments", "journal", "advances", "prior_postings",
)  # fmt: skip


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_is_the_one_of_the_interfaces(release: Path) -> None:
    found = _names(release)
    wanted = {"manifest.json", "seal.json", "public/outcomes.xlsx", "public/published.duckdb",
              "public/data/datapackage.json", "public/site/index.html", "members/site/index.html", "members/statement.xlsx", "members/datapackage.json", "members/statement.fhir.json",
              "members/terms.yaml", "members/gate.json", "members/decisions.jsonl", "members/lineage.json",
              "analyst/analyst.duckdb"}  # fmt: skip
    wanted |= {f"public/data/{name}.{kind}" for name in PUBLIC_TABLES for kind in ("csv", "parquet")}
    wanted |= {f"members/{name}.{kind}" for name in MEMBER_TABLES for kind in ("csv", "parquet")}
    assert wanted <= found
    assert {name for name in found - wanted if "/site/" not in name} == set()
    assert release.name == json.loads((release / "manifest.json").read_bytes())["release_id"]


def test_manifest_and_seal_name_every_file(release: Path) -> None:
    """THM-16: every output carries its classification."""
    manifest = json.loads((release / "manifest.json").read_bytes())
    assert set(manifest["files"]) == _names(release) - {"manifest.json", "seal.json"}
    for name, entry in manifest["files"].items():
        assert (
            entry["classification"]
            == {"public": "public", "members": "members only", "analyst": "restricted"}[name.split("/")[0]]
        )
        if name.endswith(".duckdb"):
            assert entry["contents_sha256"] == contents_hash(release / name)
        else:
            assert entry["sha256"] == sha256_file(release / name)
    seal = json.loads((release / "seal.json").read_bytes())["files"]
    assert seal == {name: sha256_file(release / name) for name in _names(release) - {"seal.json"}}


BUILD = """
import sys, time, locale
sys.path[:0] = [{root!r}, {tests!r}]
import release_fixture
from pathlib import Path
from publication.release import build_release
print(build_release(release_fixture.build_inputs(), Path({out!r})))
"""


def test_the_same_inputs_give_the_same_bytes_elsewhere(release: Path, tmp_path: Path) -> None:
    """Another process, time zone, locale, hash seed and folder; only DuckDB files may differ in their bytes."""
    root = Path(__file__).resolve().parents[2]
    script = BUILD.format(root=str(root), tests=str(root / "tests" / "publication"), out=str(tmp_path / "far" / "away"))
    environment = {**os.environ, "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7", "LANG": "C"}
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    again = tmp_path / "far" / "away" / said.stdout.strip()
    assert again.name == release.name
    assert _names(again) == _names(release)
    for name in sorted(_names(release)):
        if name.endswith(".duckdb"):
            assert contents_hash(again / name) == contents_hash(release / name), name
        elif name != "seal.json":
            assert (again / name).read_bytes() == (release / name).read_bytes(), name


def test_building_twice_leaves_the_first_as_it_is(inputs: ReleaseInputs, release: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in release.rglob("*")}
    assert build_release(inputs, release.parent) == release.name
    assert {path: path.stat().st_mtime_ns for path in release.rglob("*")} == before
    assert not [path for path in release.parent.iterdir() if path.name.startswith(".tmp-")]


def test_a_release_that_was_changed_is_not_published_again(
    inputs: ReleaseInputs, release: Path, tmp_path: Path
) -> None:
    """The same inputs give the same id: a folder of that name that is not as it was sealed may not be put in force."""
    releases = tmp_path / "releases"
    for name, spoil in (
        ("members/postings.csv", lambda path: path.write_bytes(path.read_bytes() + b" ")),
        ("seal.json", lambda path: path.unlink()),
        ("public/added.csv", lambda path: path.write_text("a")),
    ):
        shutil.copytree(release, releases / release.name)
        spoil(releases / release.name / name)
        with pytest.raises(Refused, match="changed after it was published") as refusal:
            build_release(inputs, releases)
        assert "outturn verify" in refusal.value.mend
        shutil.rmtree(releases)


def test_the_database_opens_in_older_readers_and_explains_itself(release: Path) -> None:
    head = (release / "public" / "published.duckdb").read_bytes()[:24]
    assert int.from_bytes(head[12:20], "little") == 65, "the storage version of DuckDB 1.2"
    with duckdb.connect(str(release / "public" / "published.duckdb"), read_only=True) as connection:
        tables = connection.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
        assert {name for name, _ in tables} == set(PUBLIC_TABLES)
        assert all(comment for _, comment in tables)
        uncommented = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND table_name IN "
            "(SELECT table_name FROM duckdb_tables())"
        ).fetchall()
        assert uncommented == []
        assert connection.execute("SELECT count(*) FROM quarters").fetchall() == [(20,)]


def test_tables_agree_in_every_form(release: Path) -> None:
    from publication.reader import Release

    copy = Release(release)
    database = copy.duckdb("public/published.duckdb")
    for schema in columns.PUBLIC:
        rows = copy.csv(f"public/data/{schema.name}.csv", schema)
        assert rows == copy.parquet(f"public/data/{schema.name}.parquet", schema)
        assert len(database[schema.name]) == len(rows)
    for schema in columns.MEMBERS:
        assert copy.csv(f"members/{schema.name}.csv", schema) == copy.parquet(f"members/{schema.name}.parquet", schema)
    assert pq.read_schema(release / "public/data/outcomes.parquet").metadata is None


def test_no_public_file_names_a_member_or_a_submission(release: Path, inputs: ReleaseInputs) -> None:
    """CNI-22: members' money and shares are for members."""
    public = "\n".join(
        path.read_text() for path in (release / "public").rglob("*") if path.suffix in (".html", ".csv", ".json")
    )
    for member in made.MEMBERS:
        assert member not in public
    for sent in inputs.data_cut["submissions"]:
        assert sent["submission_id"] not in public
    for sender in made.SENDERS:
        assert f" {sender} " not in public
    members = (release / "members" / "site" / "index.html").read_text()
    assert "Acute trust" in members
    for line in pq.read_table(release / "members" / "member_lines.parquet").to_pylist():
        pounds = f"{line['amount_pence'] // 100:,}"
        assert pounds in members
        assert pounds not in public


def test_a_withheld_value_stands_for_members_and_nowhere_in_public(release: Path) -> None:
    rows = {r["figure_id"]: r for r in pq.read_table(release / "members" / "kpi_return.parquet").to_pylist()}
    withheld = [r for r in rows.values() if r["quality_status"] == "withheld"]
    assert len(withheld) == 16
    outcomes = pq.read_table(release / "public/data/outcomes.parquet").to_pylist()
    shown = {f"{r[name]:.1f}" for r in outcomes for name in ("value", "lower", "upper") if r[name] is not None}
    text = "".join(p.read_text() for p in (release / "public").rglob("*") if p.suffix in (".html", ".csv", ".json"))
    members = (release / "members" / "site" / "kpi-return.html").read_text()
    for row in withheld:
        value = f"{row['value']:.1f}"
        assert value in members
        if value not in shown:  # another period may happen to have the same value
            assert value not in text


# --- refusals: the gate's second look


def _stale(inputs: ReleaseInputs, stem: str, **changes: Any) -> bytes:
    return canonical_json({**json.loads(inputs.verdicts[stem]), **changes})


@pytest.mark.parametrize(
    "stem", ["warehouse.arithmetic", "cut.register", "kpi.complete_days@derbyshire-real-only@D1@2024-25"]
)
@pytest.mark.parametrize(
    "fault", ["missing", "failed", "raised", "other cut", "other code", "other list", "unreadable"]
)
def test_nothing_is_published_on_a_check_that_did_not_pass(
    inputs: ReleaseInputs, tmp_path: Path, stem: str, fault: str
) -> None:
    """CNI-27: release verifies again, whatever was scheduled before it."""
    raw = {
        "missing": None, "failed": _stale(inputs, stem, status="failed"),
        "raised": _stale(inputs, stem, status="error"),
        "other cut": _stale(inputs, stem, data_cut_id="0" * 64), "other code": _stale(inputs, stem, code_version="0"),
        "other list": _stale(inputs, stem, required_hash="0" * 64), "unreadable": b"{",
    }[fault]  # fmt: skip
    with pytest.raises(Refused):
        build_release(made.with_verdict(inputs, stem, raw), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_an_integrity_check_nothing_is_published(inputs: ReleaseInputs, tmp_path: Path) -> None:
    required = json.loads(inputs.required_json)
    required["checks"] = [c for c in required["checks"] if c["kind"] == "fitness"]
    with pytest.raises(Refused, match="integrity"):
        build_release(replace(inputs, required_json=canonical_json(required)), tmp_path)


def _with(inputs: ReleaseInputs, **changes: Any) -> ReleaseInputs:
    return replace(inputs, settlements=(replace(inputs.settlements[0], **changes),))


def test_a_gate_record_that_rests_on_other_verdicts_is_refused(inputs: ReleaseInputs, tmp_path: Path) -> None:
    record = json.loads(inputs.settlements[0].gate_json)
    hashes = record["verdict_hashes"]
    name = next(iter(hashes))
    hashes[name] = sha256_bytes(b"something else")
    with pytest.raises(OutturnError):
        build_release(_with(inputs, gate_json=json.dumps(record).encode()), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_posting_that_does_not_follow_is_refused(inputs: ReleaseInputs, tmp_path: Path) -> None:
    rows = [dict(row) for row in inputs.settlements[0].postings]
    rows[0]["amount_pence"] += 1
    with pytest.raises(Refused, match="posting:derbyshire-real-only:2024-25:gain"):
        build_release(_with(inputs, postings=rows), tmp_path)


def test_a_ledger_that_differs_from_the_settled_one_is_refused(inputs: ReleaseInputs, tmp_path: Path) -> None:
    rows = inputs.ledger.to_pylist()
    rows[0]["amount_pence"] += 100
    with pytest.raises(Refused, match="follows from the terms and the open book"):
        build_release(replace(inputs, ledger=made.table(columns.LEDGER, rows)), tmp_path)


def test_a_reason_that_names_a_sender_is_refused(inputs: ReleaseInputs, tmp_path: Path) -> None:
    rows = inputs.measures.to_pylist()
    gap = next(row for row in rows if row["marker"] == "w")
    gap["reason"] = f"{made.SENDERS[0]} did not report on 7 days"
    with pytest.raises(Refused, match=made.SENDERS[0]):
        build_release(replace(inputs, measures=made.table(columns.MEASURES, rows)), tmp_path)


def test_a_release_without_a_settlement_says_so(inputs: ReleaseInputs, tmp_path: Path) -> None:
    empty = replace(inputs, settlements=(), ledger=inputs.ledger.slice(0, 0), kpi_return=inputs.kpi_return.slice(0, 0))
    name = build_release(empty, tmp_path)
    assert "No settlement is part of this release" in (tmp_path / name / "public/site/statement.html").read_text()
    assert json.loads((tmp_path / name / "members" / "gate.json").read_bytes()) == []
    assert not (tmp_path / name / "members" / "terms.yaml").exists()
    assert list(verify_release(tmp_path / name)) == []


def test_a_failure_half_way_leaves_nothing(
    inputs: ReleaseInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(release, "write_duckdb", fail)
    with pytest.raises(OSError, match="no space"):
        build_release(inputs, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_publish_swaps_the_pointer(inputs: ReleaseInputs, release: Path, tmp_path: Path) -> None:
    first = "1" * 64
    shutil.copytree(release, tmp_path / first)
    publish(tmp_path, first)
    place = replace(inputs.place, subtitle="Another subtitle")
    second = build_release(replace(inputs, place=place), tmp_path)
    assert second != release.name
    assert (tmp_path / "current").resolve().name == first, "building is not publishing"
    publish(tmp_path, second)
    assert (tmp_path / "current").resolve().name == second
    for wrong in ("0" * 64, "../elsewhere", ""):
        with pytest.raises(WrongUsage):
            publish(tmp_path, wrong)


def test_two_settlements_share_a_release(inputs: ReleaseInputs) -> None:
    """gate.json holds a list when there is more than one record; one agreement keeps its plain file names."""
    from publication.agreement import read_agreement

    agreement = read_agreement(inputs.settlements[0].terms_yaml)
    item = release._Audited(inputs.settlements[0], agreement, "2024-25", {}, [], {})
    assert set(release._terms_files([item, item])) == {"terms.yaml", "decisions.jsonl"}
    other = release._Audited(
        inputs.settlements[0], replace(agreement, agreement_id="other", terms_hash="e" * 64), "2024-25", {}, [], {}
    )
    assert set(release._terms_files([item, other])) == {
        f"terms/derbyshire-real-only@{agreement.terms_hash[:12]}.yaml", f"terms/other@{'e' * 12}.yaml",
        "decisions/derbyshire-real-only.jsonl", "decisions/other.jsonl",
    }  # fmt: skip


def test_a_data_cut_is_known_by_its_content(inputs: ReleaseInputs) -> None:
    assert inputs.data_cut_id == content_id(inputs.data_cut)
