"""Pages of docs/reference and the code say the same columns."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from foundation.home import Home


def _tables(repository: Path) -> dict[str, list[tuple[str, str]]]:
    """Heading -> (column, type) of every table in files.md."""
    found: dict[str, list[tuple[str, str]]] = {}
    heading = ""
    for line in (repository / "docs" / "reference" / "files.md").read_text().splitlines():
        if line.startswith("### "):
            heading = line[4:].strip()
            found[heading] = []
        elif line.startswith("## "):
            heading = ""
        elif heading and (cells := re.match(r"\| ([a-z_0-9]+) \| ([a-z]+) \|", line)) and cells[1] != "column":
            found[heading].append((cells[1], cells[2]))
    found["prior_postings"] = found["postings"]
    return found


def test_the_page_lists_every_file(repository: Path) -> None:
    assert {name: len(columns) for name, columns in _tables(repository).items() if not columns} == {}
    assert set(_tables(repository)) == {
        "kpi_return",
        "ledger",
        "gate",
        "advances",
        "prior_postings",
        "disclosure",
        "steps",
        "postings",
        "member_lines",
        "payments",
        "journal",
        "accrual",
        "outcomes",
        "breakdowns",
        "revisions",
        "spc_points",
        "inequality",
        "funnel",
        "observed_expected",
        "trend",
        "gaming_monitors",
        "year_end_forecasts",
        "bounds_if_missing",
        "segments",
        "unmet_need",
        "survey_results",
        "spend_by_level",
        "milestones",
        "indicators",
        "statement",
        "completeness",
        "verdict",
    }


def test_settlement_reads_and_writes_the_published_columns(repository: Path) -> None:
    from settlement.files import COLUMNS

    page = _tables(repository)
    assert {table: list(columns.items()) for table, columns in COLUMNS.items()} == {
        table: page[table] for table in COLUMNS
    }


def test_publication_writes_the_published_columns(repository: Path) -> None:
    import publication.columns as code

    page = _tables(repository)
    schemas = {item.name: item for item in vars(code).values() if isinstance(item, code.Schema)}
    assert {"outcomes", "breakdowns", "statement", "completeness", "spc_points", "indicators"} <= set(schemas)
    for name, schema in schemas.items():
        if name in page:
            assert [column.name for column in schema.columns] == [column for column, _ in page[name]], name


def test_a_verdict_has_the_published_keys(repository: Path) -> None:
    from expectations.verdicts import Verdict

    assert [item.name for item in fields(Verdict)] != []
    assert {item.name for item in fields(Verdict)} == {column for column, _ in _tables(repository)["verdict"]}


@pytest.fixture(scope="module")
def manifest(home: Home) -> dict[str, dict[str, object]]:
    from orchestration.dbt import load_manifest

    nodes: dict[str, dict[str, object]] = load_manifest(home)["nodes"]
    return nodes


@pytest.mark.parametrize(
    "model", ["kpi_return", "ledger", "spc_points", "indicators", "completeness", "measures", "breakdowns"]
)
def test_models_have_the_published_columns(
    repository: Path, manifest: dict[str, dict[str, object]], model: str
) -> None:
    page = _tables(repository)
    wanted = [column for column, _ in page["outcomes" if model == "measures" else model] if column != "value_text"]
    node = manifest[f"model.outturn.{model}"]
    columns = node["columns"]
    assert isinstance(columns, dict)
    declared = list(columns)
    if model in ("kpi_return", "ledger", "measures"):
        assert sorted(declared) == sorted(wanted), model
    else:
        assert set(wanted) <= set(declared), model
    assert all(column["description"] and column["data_type"] for column in columns.values()), model
    config = node["config"]
    assert isinstance(config, dict)
    assert config["contract"]["enforced"] is True


def test_the_home_page_names_every_folder_of_a_home(repository: Path, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create(demo=True, place="derbyshire")
    page = (repository / "docs" / "reference" / "home.md").read_text()
    for path in [*tmp_path.iterdir(), *home.vault.iterdir()]:
        assert f"{path.relative_to(tmp_path)}" in page, path.name


def test_the_page_of_views_says_of_every_statistic_whether_it_adds_up(repository: Path) -> None:
    from typing import get_args

    from dbt_project.catalogue import Indicator

    page = (repository / "docs" / "reference" / "views.md").read_text()
    told = set(
        re.findall(
            r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", page.partition("## What may be added up")[2], re.M))
        )
    )
    assert told == set(get_args(Indicator.model_fields["statistic"].annotation))


def test_the_page_of_views_names_every_view(repository: Path) -> None:
    from publication.views import PUBLISHED

    page = (repository / "docs" / "reference" / "views.md").read_text().partition("## What may")[0]
    told = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", page, re.M)))
    assert sorted(told) == sorted(view.name for view in PUBLISHED)


def test_the_command_page_names_every_command(repository: Path) -> None:
    from orchestration.cli import app

    page = (repository / "docs" / "reference" / "commands.md").read_text()
    groups = [("", app), *((f"{group.name} ", group.typer_instance) for group in app.registered_groups)]
    for before, commands in groups:
        assert commands is not None
        for command in commands.registered_commands:
            assert command.callback is not None
            assert f"`outturn {before}{command.name or command.callback.__name__}" in page
    makefile = (repository / "Makefile").read_text()
    for target in re.findall(r"^([a-z-]+):.*## ", makefile, re.M):
        if target not in ("help", "clean"):
            assert f"`make {target}" in page, target
