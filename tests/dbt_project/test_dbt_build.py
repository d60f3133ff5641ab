"""The whole project on a small invented place: every figure against a loop over days, every promise of the tables."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from dbt_lake import AREA, CUT, Build, dump, run_dbt
from synthetic_place import FIRST, LAST, Synthetic

from dbt_project.catalogue import load_catalogue
from foundation.figures import parse_figure_id
from foundation.period import Period, parse_period, quarter_of

PUBLIC = (
    "measures", "breakdowns", "spc_points", "inequality", "funnel", "observed_expected", "trend", "gaming_monitors",
    "year_end_forecasts", "bounds_if_missing", "segments", "unmet_need", "survey_results",
    "spend_by_level", "milestones", "indicators", "completeness", "kpi_return",
    "ledger", "lineage",
)  # fmt: skip


def _measures(build: Build) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["indicator_id"], row["period_id"]): row for row in build.rows("select * from measures")}


def test_everything_builds_and_every_test_passes(synthetic_build: Build) -> None:
    assert synthetic_build.success, dump(synthetic_build)
    assert sum(name.startswith("unit_test.") for name in synthetic_build.statuses) >= 15
    assert sum(name.startswith("test.") for name in synthetic_build.statuses) >= 60


def test_every_column_is_described(synthetic: Synthetic, synthetic_build: Build) -> None:
    """Of every model and seed as built, and of every source as it lies there: what a column holds, in words."""
    manifest = json.loads((synthetic_build.database.parent / "target" / "manifest.json").read_bytes())
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    described = {node["alias"]: node["columns"] for node in nodes}
    there: dict[str, list[str]] = {}
    for row in synthetic_build.rows(
        "select table_name, column_name from duckdb_columns() where not internal order by table_name, column_index"
    ):
        there.setdefault(row["table_name"], []).append(row["column_name"])
    assert set(there) == set(described)
    inputs = synthetic.lake.root.parent / "inputs"
    for source in manifest["sources"].values():
        described[source["name"]] = source["columns"]
        there[source["name"]] = list(source["columns"])
        if source["source_name"] == "run":
            there[source["name"]] = pq.read_schema(inputs / f"{source['name']}.parquet").names
    words = {name: column["description"] for columns in described.values() for name, column in columns.items()}
    # ready to be put under `columns:` of the model, where a neighbour says it already
    lacking = {
        table: [
            f'- {{name: {name}, description: "{words.get(name) or "say what it holds"}"}}'
            for name in columns
            if not described[table].get(name, {}).get("description")
        ]
        for table, columns in there.items()
    }
    lacking = {table: lines for table, lines in lacking.items() if lines}
    assert not lacking, "\n".join(line for table, lines in lacking.items() for line in (f"{table}:", *lines))
    strangers = {table: set(columns) - set(there[table]) for table, columns in described.items()}
    assert not any(strangers.values()), {table: names for table, names in strangers.items() if names}


def test_every_figure_equals_the_loop_over_days(synthetic: Synthetic, synthetic_build: Build) -> None:
    """CNI-05 and its kin: the figure is the mean over complete days, never over all days."""
    found = _measures(synthetic_build)
    periods = {parse_period(period) for _, period in found}
    assert {period.kind for period in periods} == {"month", "quarter", "year"}
    for period in periods:
        for indicator, (value, missing) in synthetic.expected(period).items():
            row = found[indicator, period.label]
            assert row["missing_days"] == missing, (indicator, period.label)
            if row["marker"] != "x":
                assert row["value"] == value, (indicator, period.label)


def test_the_limit_is_kept_at_exactly_ten_percent(synthetic_build: Build) -> None:
    found = _measures(synthetic_build)
    census = {period: row for (indicator, period), row in found.items() if indicator == "no_criteria_to_reside"}
    assert census["2024-04"]["marker"] is None
    assert census["2024-04"]["missing_days"] == 3
    assert census["2024-05"]["marker"] == "w"
    assert census["2024-05"]["value"] is not None
    assert census["2024-05"]["reason"] == (
        "4 of 31 days lack figures from at least one organisation that must report, above the agreed limit of 10 %."
    )
    assert census["2024-25-q1"]["marker"] is None
    assert census["2024-07"]["marker"] == "p"
    assert census["2024-25-q2"]["marker"] == "p"
    assert census["2024-25-q2"]["data_cut_status"] == "flex"
    assert census["2024-25-q2"]["data_complete_as_at"] == LAST


def test_a_blank_hour_is_not_available_and_never_zero(synthetic_build: Build) -> None:
    found = _measures(synthetic_build)
    july = found["discharged_by_1700", "2024-07"]
    assert (july["marker"], july["value"], july["numerator"]) == ("x", None, None)
    assert found["discharged_by_1700", "2024-04"]["marker"] is None


def test_the_published_catalogue_is_the_definition(synthetic_build: Build) -> None:
    """GRW-15: population, window, maturity, reviewer, national ids and the bridge to them stand with each indicator."""
    rows = {row["indicator_id"]: row for row in synthetic_build.rows("select * from indicators")}
    for one in load_catalogue():
        row = rows[one.indicator_id]
        assert row["definition_hash"] == one.definition_hash
        for name in ("metric", "population_basis", "measurement_window", "maturity", "lag", "clinical_reviewer", "bridge",
                     "effective_from"):  # fmt: skip
            assert row[name] == getattr(one, name), (one.indicator_id, name)
        assert (row["reference_ids"] or "").split() == list(one.reference_ids)
        assert row["feeds"].split() == list(one.feeds)


def test_published_percentages_have_no_quarter(synthetic_build: Build) -> None:
    found = {
        period: row
        for (indicator, period), row in _measures(synthetic_build).items()
        if indicator == "talking_therapies_reliable_recovery"
    }
    assert {period: row["value"] for period, row in found.items() if row["value"] is not None} == {
        "2024-04": Decimal(52),
        "2024-05": Decimal(50),
    }
    assert {row["marker"] for period, row in found.items() if parse_period(period).kind != "month"} == {"x"}


def test_a_resent_day_replaces_that_day_only(synthetic: Synthetic, synthetic_build: Build) -> None:
    rows = synthetic_build.rows("select day, no_criteria_to_reside, missing_organisations from int_discharge_days")
    assert {row["day"]: row["no_criteria_to_reside"] for row in rows} == synthetic.census
    assert {row["day"] for row in rows if row["missing_organisations"] == "RFS"} == {
        day for day in synthetic.census if not synthetic.complete(day)
    }
    june = "kpi_id = 'D1' and k.period_id = '2024-25-q1'"
    used = {
        row["submission_id"]
        for row in synthetic_build.rows(
            f"select l.submission_id from lineage l join kpi_return k using (figure_id) where {june}"
        )
    }
    assert {
        synthetic.submissions["resent"],
        synthetic.submissions["board 2024-06"],
        synthetic.submissions["register"],
    } < used
    assert synthetic.submissions["board 2024-07"] not in used


def test_kpi_return_is_what_settlement_needs(synthetic: Synthetic, synthetic_build: Build) -> None:
    rows = {(row["kpi_id"], row["period_id"]): row for row in synthetic_build.rows("select * from kpi_return")}
    assert set(rows) == {
        (kpi, period) for kpi in ("D1", "D2", "D3") for period in ("2024-25", "2024-25-q1", "2024-25-q2")
    }
    first = rows["D1", "2024-25-q1"]
    assert first["value"] == synthetic.expected(quarter_of(FIRST))["no_criteria_to_reside"][0]
    assert (first["quality_status"], first["quality_reason"]) == ("fit", None)
    assert first["data_cut_id"] == CUT
    assert first["payable_from"] == date(2025, 4, 1)
    assert first["denominator"] == 91 - 7
    assert rows["D1", "2024-25"]["quality_status"] == "withheld"
    assert rows["D1", "2024-25"]["quality_reason"] == (
        "The year is not over: the data cover 122 of 365 days of the year."
    )
    assert rows["D1", "2024-25"]["value"] is not None
    assert {rows["D3", period]["quality_status"] for _, period in rows} == {"not_available"}
    assert {row["level"] for (kpi, _), row in rows.items() if kpi != "D1"} == {None}


def test_the_ledger_is_exact_and_the_superseded_return_is_gone(synthetic_build: Build) -> None:
    rows = synthetic_build.rows("select member_id, month, line_id, amount_pence, period_id from ledger")
    assert sorted((row["member_id"], row["month"], row["line_id"], row["amount_pence"]) for row in rows) == [
        ("acute-trust", "2024-04", "hub", 29),
        ("acute-trust", "2024-04", "wards", 100010),
        ("acute-trust", "2024-05", "wards", 200025),
        ("city-council", "2024-04", "reablement", 7007),
    ]
    assert {row["period_id"] for row in rows} == {"2024-25"}


def test_withheld_months_are_no_points(synthetic_build: Build) -> None:
    rows = synthetic_build.rows("select * from spc_points where indicator_id = 'no_criteria_to_reside'")
    assert sorted(row["period_id"] for row in rows) == ["2024-04", "2024-06", "2024-07"]
    assert {(row["chart"], row["upper_limit"]) for row in rows} == {("run", None)}
    assert {row["centre_line"] for row in rows} == {sorted(row["value"] for row in rows)[1]}


def test_the_interval_leaves_withheld_months_out(synthetic_build: Build) -> None:
    quarter = _measures(synthetic_build)["no_criteria_to_reside", "2024-25-q1"]
    assert quarter["interval_method"] == "Student's t on 2 monthly means"
    assert quarter["lower"] < quarter["value"] < quarter["upper"]
    assert _measures(synthetic_build)["no_criteria_to_reside", "2024-06"]["lower"] is None


def test_every_figure_id_follows_the_grammar(synthetic_build: Build) -> None:
    ids = {
        row["figure_id"]
        for row in synthetic_build.rows(
            "select figure_id from measures union select figure_id from kpi_return union select figure_id from lineage "
            "union select figure_id from spc_points"
        )
    }
    kinds = Counter(parse_figure_id(text).kind for text in ids)
    assert set(kinds) == {"indicator", "kpi", "ledger"}
    assert kinds["ledger"] == 2
    assert f"indicator:no_criteria_to_reside:{AREA}:2024-25-q1:value" in ids


def test_period_labels_are_those_of_foundation(synthetic_build: Build) -> None:
    for row in synthetic_build.rows("select distinct period_kind, period_id, period_start, period_end from measures"):
        assert parse_period(row["period_id"]) == Period(
            row["period_start"], row["period_end"], row["period_kind"], row["period_id"]
        )


def test_figures_are_decimal_from_end_to_end(synthetic_build: Build) -> None:
    """No money and no paid figure passes through a floating-point column."""
    for table in PUBLIC:
        types = {
            row["column_name"]: row["data_type"]
            for row in synthetic_build.rows(
                f"select column_name, data_type from information_schema.columns where table_name = '{table}'"
            )
        }
        assert types, table
        assert not {name for name, kind in types.items() if kind in ("DOUBLE", "FLOAT", "REAL")}, table


def test_a_second_build_holds_the_same_rows(synthetic: Synthetic, synthetic_build: Build, tmp_path: Path) -> None:
    """Same inputs, same rows, whatever the number of threads."""
    root, scratch = synthetic.lake.root.parent, synthetic_build.database.parent
    first = replace(synthetic_build, database=Path(shutil.copy(synthetic_build.database, tmp_path)))
    command = ["build", "--exclude-resource-type", "test", "unit_test", "--threads", "1"]
    again = run_dbt(command, scratch, root / "lake", root / "inputs")
    assert again.success, dump(again)
    for table in PUBLIC:
        query = f"select * from {table} order by all"
        assert again.rows(query) == first.rows(query), table


def test_a_table_that_cannot_be_made_leaves_the_former_one(
    synthetic: Synthetic, synthetic_build: Build, tmp_path: Path
) -> None:
    """ADR 27: what was dropped for it comes back with the transaction."""
    root, scratch = synthetic.lake.root.parent, tmp_path / "scratch"
    scratch.mkdir()
    copy = Path(shutil.copy(synthetic_build.database, scratch))
    with duckdb.connect(str(copy)) as connection:
        before = connection.execute("select * from int_discharge_days order by all").fetchall()
        connection.execute("alter table int_required_reports rename column day to gone")
    again = run_dbt(["run", "--select", "int_discharge_days"], scratch, root / "lake", root / "inputs")
    assert not again.success
    assert before and again.rows("select count(*) as rows from int_discharge_days") == [{"rows": len(before)}]
    with duckdb.connect(str(copy)) as connection:
        assert connection.execute("select * from int_discharge_days order by all").fetchall() == before


def test_a_build_without_its_data_cut_is_refused(synthetic: Synthetic, synthetic_build: Build) -> None:
    root, scratch = synthetic.lake.root.parent, synthetic_build.database.parent
    build = run_dbt(["run", "--select", "kpi_return"], scratch, root / "lake", root / "inputs", cut="")
    assert not build.success
    assert any("OUTTURN_DATA_CUT is not set" in message for message in build.messages.values())
