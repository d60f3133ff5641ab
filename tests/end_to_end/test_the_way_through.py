"""One command takes real extracts in at one end and hands over a release at the other."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from demo_home import DemoHome, outturn, outturn_here, tree_hashes

from orchestration.rooms import contracts

NAIVE = ("413.7", "448.6", "428.2", "425.4")


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def _published(demo: DemoHome) -> dict[str, dict[str, str]]:
    return {row["figure_id"]: row for row in _csv(demo.release / "public" / "data" / "outcomes.csv")}


def _figure(period: str) -> str:
    return f"indicator:no_criteria_to_reside:E54000058:{period}:value"


def test_the_demo_says_where_to_look(demo: DemoHome) -> None:
    for wanted in ("public/site/index.html", "statement", demo.release.name):
        assert wanted in demo.said.out
    for name in re.findall(r"(/\S+\.html)", demo.said.out):
        assert Path(name).exists(), name


def test_a_second_demo_reads_nothing_and_builds_nothing(demo: DemoHome) -> None:
    before = tree_hashes(demo.root, lambda path: "dagster" in path.parts or path.name == "run.lock")
    again = outturn("demo", home=demo.root)
    assert again.code == 0, again.out
    assert again.out.count(": 0 submission(s) read") == again.out.count("submission(s) read") == len(contracts())
    assert "unchanged: no model run" in again.out
    assert demo.release.name in again.out
    after = tree_hashes(demo.root, lambda path: "dagster" in path.parts or path.name == "run.lock")
    assert after == before


@pytest.mark.parametrize(
    ("period", "shown"),
    [
        ("2023-24", "478.6"),
        ("2024-25", "453.1"),
        ("2024-25-q1", "454.3"),
        ("2024-25-q2", "456.7"),
        ("2024-25-q3", "442.7"),
        ("2024-25-q4", "457.9"),
    ],
)
def test_published_means_are_those_of_complete_days(demo: DemoHome, period: str, shown: str) -> None:
    """DER-12, CNI-26: the frozen baseline and the year after it."""
    row = _published(demo)[_figure(period)]
    assert (row["value_text"], Decimal(row["value"]), row["marker"]) == (shown, Decimal(shown), "")


def test_a_quarter_with_a_fifth_of_its_days_missing_is_withheld(demo: DemoHome) -> None:
    """CNI-27, GRW-36: 446.0 for the members with its status, `[w]` for everybody else, and one plain sentence why."""
    public = _published(demo)[_figure("2025-26-q1")]
    assert (public["value"], public["value_text"], public["marker"]) == ("", "[w]", "w")
    assert public["numerator"] == public["lower"] == public["upper"] == ""
    members = {row["figure_id"]: row for row in _csv(demo.release / "members" / "kpi_return.csv")}
    row = members["kpi:derbyshire-real-only:D1:2025-26-q1:value"]
    assert (row["value"], row["quality_status"], row["missing_days"], row["covered_days"]) == (
        "446.0",
        "withheld",
        "20",
        "91",
    )
    page = (demo.release / "public" / "site" / "data-quality.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert re.search(r"20 of (its )?91 days", text), text[:2000]
    assert "446.0" not in text


def test_provisional_months_are_marked_and_gaps_are_gaps(demo: DemoHome) -> None:
    published = _published(demo)
    withheld = {
        row["period_id"]
        for row in published.values()
        if row["indicator_id"] == "no_criteria_to_reside" and row["period_kind"] == "month" and row["marker"] == "w"
    }
    assert withheld == {"2024-12", "2025-04", "2025-05", "2025-06", "2025-08"}
    assert published[_figure("2025-26-q2")]["marker"] == "w"
    assert published[_figure("2025-07")]["marker"] == "p"
    assert published[_figure("2025-07")]["value_text"].endswith("[p]")
    points = {row["period_id"] for row in _csv(demo.release / "public" / "data" / "spc_points.csv")}
    assert points and not points & withheld


def test_what_stopped_being_collected_is_not_available(demo: DemoHome) -> None:
    """`discharged_by_1700` is blank from June 2023: `[x]`, never 0."""
    rows = [
        row
        for row in _published(demo).values()
        if row["indicator_id"] == "discharged_by_1700" and row["period_kind"] == "month"
    ]
    late = [row for row in rows if row["period_start"] >= "2023-06-01"]
    assert len(late) == 27
    assert all(row["marker"] == "x" and row["value"] == "" for row in late)
    early = [row for row in rows if row["period_start"] < "2023-06-01"]
    assert len(early) == 14
    assert all(Decimal(row["value"]) > 40 for row in early if row["marker"] == "")


def test_talking_therapies_are_history_and_never_pooled(demo: DemoHome) -> None:
    rows = [row for row in _published(demo).values() if row["indicator_id"] == "talking_therapies_reliable_recovery"]
    valued = {row["period_id"]: row["value"] for row in rows if row["value"]}
    assert len(valued) == 11
    assert min(valued) == "2022-07"
    assert max(valued) == "2023-05"
    assert all(row["period_kind"] == "month" for row in rows if row["value"])
    kpis = [row for row in _csv(demo.release / "members" / "kpi_return.csv") if row["kpi_id"] == "D3"]
    assert all(row["level"] == "" for row in kpis)


def _everything_readable(release: Path) -> str:
    """Text of every file of a release, databases and Parquet included."""
    parts = []
    for path in sorted(release.rglob("*")):
        if path.suffix == ".parquet":
            parts.append(str(pq.read_table(path).to_pylist()))
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                names = connection.execute(
                    "select schema_name, table_name from duckdb_tables() union all "
                    "select schema_name, view_name from duckdb_views() where not internal"
                ).fetchall()
                for schema, name in names:
                    parts.append(str(connection.execute(f'select * from "{schema}"."{name}"').fetchall()))
        elif path.is_file() and path.suffix != ".xlsx":
            parts.append(path.read_text(errors="replace"))
    return "\n".join(parts)


def test_naive_figures_appear_nowhere(demo: DemoHome) -> None:
    """Averaging over days a trust did not report would have paid the alliance for not reporting."""
    text = _everything_readable(demo.release)
    assert "453.1" in text
    for naive in NAIVE:
        assert not re.search(rf"(?<![\d.,]){re.escape(naive)}(?!\d)", text), naive


def test_a_withheld_value_is_in_no_public_file(demo: DemoHome) -> None:
    text = _everything_readable(demo.release / "public")
    assert "453.1" in text
    for hidden in ("446.0", "439.9"):
        assert not re.search(rf"(?<![\d.,]){re.escape(hidden)}0*(?!\d)", text), hidden


def test_the_shadow_statement_is_the_worked_one_to_the_penny(demo: DemoHome) -> None:
    """AGREEMENTS 4a; SWK-17, CNI-29, CNI-20."""
    members = demo.release / "members"
    (posting,) = _csv(members / "postings.csv")
    assert (posting["line"], posting["status"], posting["amount_pence"]) == ("gain", "shadow", "107997685")
    lines = {
        row["member_id"]: int(row["amount_pence"])
        for row in _csv(members / "member_lines.csv")
        if row["line"] == "gain"
    }
    assert lines == {
        "acute-trust": 41039120,
        "community-trust": 32399306,
        "mental-health-trust": 19439583,
        "city-council": 8639815,
        "county-council": 6479861,
    }
    steps = {row["step_id"]: row for row in _csv(members / "steps.csv")}
    numbers = [int(row["step_number"]) for row in steps.values()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(
        row["label"] and row["formula"] and row["arithmetic"] and row["terms_reference"] for row in steps.values()
    )
    values = {Decimal(row["value"]) for row in steps.values()}
    for by_hand in ("3100000.00", "1550000.00", "143100000", "140000000"):
        assert any(value == Decimal(by_hand) for value in values), by_hand
    assert any(str(value).startswith("26.23") for value in values)
    public = (demo.release / "public" / "site" / "statement.html").read_text()
    assert "1,079,976.85" in public
    assert "SHADOW" in public.upper()
    for share in ("410,391.20", "64,798.61"):
        assert share not in public, "a member's money is for members"


def test_explain_walks_from_a_figure_and_from_a_pound_to_file_hashes(demo: DemoHome) -> None:
    """GRW-05, THM-15, CNI-20."""
    receipts = {
        json.loads(path.read_bytes())["sha256"]: path for path in demo.root.glob("vault/submissions/*/receipt.json")
    }
    for figure in (
        _figure("2024-25"),
        "member:derbyshire-real-only:2024-25:gain:acute-trust",
        "posting:derbyshire-real-only:2024-25:gain",
    ):
        said = outturn_here("explain", str(demo.release), figure, "--json")
        assert said.code == 0, said.out
        json.loads(said.out)
        named = set(re.findall(r"\b[0-9a-f]{64}\b", said.out)) & set(receipts)
        assert len(named) >= 36, f"{figure} names {len(named)} files"
    tree = outturn("explain", str(demo.release), "posting:derbyshire-real-only:2024-25:gain")
    assert "1,079,976.85" in tree.out
    wrong = outturn("explain", str(demo.release), "posting:derbyshire-real-only:2024-25:pain")
    assert wrong.code in (1, 2)
    assert "posting:derbyshire-real-only:2024-25:gain" in wrong.out, "near matches are offered"
