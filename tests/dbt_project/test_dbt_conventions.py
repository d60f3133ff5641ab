"""What the project's text must hold to: portable SQL, documented columns, no drift from contracts and references."""

from __future__ import annotations

import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dbt_lake import FEEDS, PROJECT, REPOSITORY
from ruamel.yaml import YAML

from dbt_project.inequality import LIMITS

MODELS = sorted((PROJECT / "models").rglob("*.sql"))
SQL = [*MODELS, *sorted((PROJECT / "macros").rglob("*.sql")), *sorted((PROJECT / "tests").rglob("*.sql"))]
PUBLIC = (
    "measures", "breakdowns", "spc_points", "inequality", "funnel", "observed_expected", "trend", "gaming_monitors",
    "year_end_forecasts", "bounds_if_missing", "segments", "unmet_need", "survey_results",
    "spend_by_level", "milestones", "indicators", "completeness", "kpi_return",
    "ledger", "lineage",
)  # fmt: skip
TYPES = {
    "text": {"string"},
    "list": {"string"},
    "date": {"date"},
    "decimal": {"decimal(20,9)"},
    "integer": {"integer", "bigint"},
    "boolean": {"boolean"},
}


def _yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


@cache
def _described() -> dict[str, dict[str, Any]]:
    found = {}
    for path in (PROJECT / "models").rglob("_*.yml"):
        for model in _yaml(path).get("models", []):
            found[model["name"]] = model
    return found


def _code(path: Path) -> str:
    """SQL without Jinja and SQL comments."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"--[^\n]*", "", text)


def _reference(section: str) -> dict[str, str]:
    text = (REPOSITORY / "docs/reference/files.md").read_text(encoding="utf-8")
    body = re.search(rf"^### {section}\n(.*?)(?=^##|\Z)", text, re.S | re.M)
    assert body, section
    rows = re.findall(r"^\| ([a-z_0-9]+) \| ([a-z]+) \|", body[1], re.M)
    return {name: kind for name, kind in rows if name != "column"}


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_sql_travels(path: Path) -> None:
    """Dialect traps stay inside macros that dispatch by engine (docs/reference/dialects.md)."""
    code = _code(path)
    assert "::" not in code
    assert not re.search(r"\bgroup\s+by\s+all\b|\border\s+by\s+all\b|\bqualify\b|\bpivot\b|\bexclude\s*\(", code, re.I)
    assert not re.search(r"\bcurrent_(date|timestamp)\b|\bnow\s*\(|\brandom\s*\(|\buuid\s*\(", code, re.I)
    engines = re.split(r"\{%-?\s*macro (?:duckdb|spark)__", code)
    portable = engines[0] + "".join(part.split("endmacro", 1)[1] for part in engines[1:] if "endmacro" in part)
    if "macros" not in path.parts or "cross_database" in path.parts:
        portable = re.sub(r"\{%-?\s*macro default__.*?endmacro", "", portable, flags=re.S)
        assert not re.search(r"\bunnest\s*\(|\bhugeint\b|//|\bavg\s*\(|\bfloat\b", portable, re.I)
    if "models" in path.parts:
        bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", code, flags=re.S)
        assert not re.search(r"[\w)]\s+/\s+[\w(]", bare), "division in a model: use exact_quotient or round_half_up"
        assert not re.search(r"\bdouble\b", bare, re.I)


@pytest.mark.parametrize("path", sorted((PROJECT / "macros").rglob("*.sql")), ids=lambda path: path.stem)
def test_macros_open_with_purpose_and_usage(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("{#")
    header = text.split("#}", 1)[0]
    assert "Usage:" in header
    if path.parent.name == "statistics":
        assert "Source:" in header
    assert re.search(rf"(macro {path.stem}\(|materialization {path.stem},)", text), (
        "a file is named after the macro it opens with"
    )


def test_every_statistical_method_is_listed() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    body = re.search(r"^## Statistics(.*?)^## ", text, re.S | re.M)
    assert body
    listed = [name for row in re.findall(r"^\| (`.*?`) \|", body[1], re.M) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(path.stem for path in (PROJECT / "macros/statistics").glob("*.sql"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_open_with_a_sentence_and_are_described(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("-- ")
    assert _described()[path.stem]["description"].endswith(".")


@pytest.mark.parametrize("model", PUBLIC)
def test_public_tables_are_contracts_of_the_reference(model: str) -> None:
    """Columns in docs/reference/files.md and in the enforced contract are the same, in the same order."""
    described = _described()[model]
    assert described["config"]["contract"] == {"enforced": True}
    columns = {column["name"]: column for column in described["columns"]}
    expected = (
        _reference({"measures": "outcomes"}.get(model, model))
        if model != "lineage"
        else {"figure_id": "text", "submission_id": "text"}
    )
    expected.pop("value_text" if model == "measures" else "", None)
    if model == "inequality":
        # simulated when the tables have left the warehouse
        expected = {name: kind for name, kind in expected.items() if name not in LIMITS}
    assert list(columns) == list(expected)
    for name, kind in expected.items():
        assert columns[name]["data_type"] in TYPES[kind], name
        assert columns[name]["description"], name


def test_sources_have_the_columns_of_the_data_contracts() -> None:
    """A column that a sender's contract has and the warehouse does not know, or the other way round, is drift."""
    sources = {source["name"]: source for source in _yaml(PROJECT / "models/staging/_sources.yml")["sources"]}
    tables = {table["name"]: {column["name"] for column in table["columns"]} for table in sources["lake"]["tables"]}
    contracts = REPOSITORY / "ingest" / "contracts"
    for feed, columns in tables.items():
        contract = _yaml(contracts / f"{feed}.yaml")
        declared = {item["name"] for item in contract["schema"][0]["properties"]}
        custom = {item["property"]: item["value"] for item in contract["customProperties"]}
        # what identifies a person stays in the vault: the lake holds tokens
        stored = declared - set(custom["identifyingColumns"] or [])
        assert columns == stored | {"organisation", "submission", "row_number"}, feed
        # a feed that no model reads has no rows in the lakes of these tests
        assert columns >= set(FEEDS[feed][1] if feed in FEEDS else ()), feed
    assert set(FEEDS) <= set(tables)


def test_the_student_table_is_what_its_generator_makes() -> None:
    generator = runpy.run_path(str(PROJECT / "seeds" / "generate_student_t.py"))
    lines = (PROJECT / "seeds" / "student_t_975.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + generator["LAST"]
    for degrees in (1, 2, 3, 10, 11, 30, 99, 100, 365):
        assert lines[degrees] == f"{degrees},{generator['quantile'](degrees)}"


def test_the_student_table_agrees_with_another_library() -> None:
    stats = pytest.importorskip("scipy.stats")
    lines = (PROJECT / "seeds" / "student_t_975.csv").read_text(encoding="utf-8").splitlines()[1:]
    for line in lines:
        degrees, quantile = line.split(",")
        assert abs(float(quantile) - stats.t.ppf(0.975, int(degrees))) < 1e-9


def test_exposures_name_every_public_table() -> None:
    exposures = _yaml(PROJECT / "models" / "exposures.yml")["exposures"]
    used = {re.sub(r"ref\('(\w+)'\)", r"\1", item) for exposure in exposures for item in exposure["depends_on"]}
    assert used == set(PUBLIC)


def test_every_data_test_stops_the_build() -> None:
    """No test is softened to a warning: what protects money has severity error, the project's default."""
    text = "".join(path.read_text(encoding="utf-8") for path in PROJECT.rglob("*.yml"))
    assert re.findall(r"severity:\s*(\w+)", text) == ["error"]
    assert "enabled: false" not in text


def test_what_is_read_of_the_project_is_no_homes() -> None:
    """ADR 41: no YAML asks for a variable of the environment, and no macro before dbt runs: else dbt would read the
    project anew for every home."""
    for path in (*PROJECT.rglob("*.yml"), *(PROJECT / "models").rglob("*.sql"), *(PROJECT / "tests").rglob("*.sql")):
        assert "env_var" not in path.read_text(encoding="utf-8"), path
    asking = [path.read_text(encoding="utf-8") for path in (PROJECT / "macros").rglob("*.sql")]
    for text in (text for text in asking if "env_var(" in text):
        assert "if execute" in text


def test_no_model_has_what_our_tables_do_not_do() -> None:
    """ADR 27 and 36: the materializations have no hooks but those that delete, no grants, indexes or partitions."""
    asked = re.compile(
        r"\b(pre_hook|post_hook|pre-hook|post-hook|grants|indexes|partitioned_by|sorted_by|persist_docs)\b"
    )
    strategies = re.compile(r"\b(incremental_strategy|on_schema_change|unique_key)\s*[=:]\s*\S+")
    files = [PROJECT / "dbt_project.yml", *(PROJECT / "models").rglob("*.sql"), *(PROJECT / "models").rglob("*.yml")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    for name, text in texts.items():
        grows = "materialized='incremental'" in text
        found = [word for word in asked.findall(text) if not (grows and word == "pre_hook")]
        found += [match[0] for match in strategies.finditer(text) if match[0] != "incremental_strategy='append',"]
        assert found == [], name
        assert text.count('pre_hook="{{ delete_') == text.count("pre_hook"), name
