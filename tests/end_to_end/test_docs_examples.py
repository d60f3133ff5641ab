"""What the documentation tells a reader to type works, as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from demo_home import OUTTURN, DemoHome

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.S | re.M)
PAGES = [
    "README.md",
    "docs/how-to/query-the-release.md",
    "docs/how-to/run-each-month.md",
]


def _blocks(page: Path, language: str) -> list[str]:
    return [
        "\n".join(line.removeprefix(indent) for line in body.splitlines())
        for indent, kind, body in BLOCK.findall(page.read_text())
        if kind == language
    ]


@pytest.fixture
def reader(demo: DemoHome, tmp_path: Path) -> Path:
    """A folder that looks to the reader as the repository does after `make demo`."""
    (tmp_path / "var").symlink_to(demo.root)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    return tmp_path


def test_python_examples_run(repository: Path, reader: Path) -> None:
    ran = 0
    for name in PAGES:
        for block in _blocks(repository / name, "python"):
            said = subprocess.run([sys.executable, "-c", block], cwd=reader, capture_output=True, text=True)
            assert said.returncode == 0, f"{name}: {said.stderr}"
            assert said.stdout.strip(), name
            ran += 1
    assert ran >= 2


def test_the_query_answers_what_the_page_says(repository: Path, reader: Path) -> None:
    block = _blocks(repository / "docs/how-to/query-the-release.md", "python")[0]
    said = subprocess.run([sys.executable, "-c", block], cwd=reader, capture_output=True, text=True).stdout
    lines = said.splitlines()
    assert lines[0].startswith("2024-25-q1 | 454.3 |")
    assert any(line.startswith("2025-26-q1 | [w] |") and "20 of 91 days" in line for line in lines)


def test_the_analysts_queries_answer(repository: Path, greenwich: DemoHome) -> None:
    """Each query of the page runs on a borough's database; a small borough may have nobody outside a funnel."""
    import duckdb

    blocks = _blocks(repository / "docs/how-to/query-the-release.md", "sql")
    path = str(greenwich.release / "analyst" / "analyst.duckdb")
    with duckdb.connect(path, read_only=True) as analysts:
        answers = {re.findall(r"from (\w+)", block)[0]: analysts.execute(block).fetchall() for block in blocks}
        assert set(answers) == {
            "inequality", "funnel", "observed_expected", "trend", "year_end_forecasts", "gaming_monitors",
            "bounds_if_missing", "segments", "unmet_need",
            "survey_results", "spend_by_level", "milestones",
        }  # fmt: skip
        assert all(
            answers[table] for table in set(answers) - {"funnel", "bounds_if_missing", "survey_results", "milestones"}
        )
        # nobody games an invented place: what raises a question there would raise one everywhere
        assert not [row for row in answers["gaming_monitors"] if row[2] == "raised"]
        placed = analysts.execute("select count(distinct breakdown_group) from funnel").fetchall()
        limited = analysts.execute(
            "select slope_lower <= slope_index and slope_index <= slope_upper from inequality where slope_lower is not null"
        ).fetchall()
    assert placed[0][0] >= 2
    assert limited and all(found for (found,) in limited)


@pytest.mark.parametrize("name", PAGES)
def test_commands_exist_and_read_only_ones_work(repository: Path, reader: Path, name: str) -> None:
    """`explain`, `verify`, `doctor`, `decisions` are run; the others are asked for their help."""
    environment = {**os.environ, "OUTTURN_HOME": "var", "PATH": f"{OUTTURN.parent}{os.pathsep}{os.environ['PATH']}"}
    for block in _blocks(repository / name, "sh"):
        for line in block.splitlines():
            words = shlex.split(line.split(" #")[0])
            if not words or words[0] == "make":
                continue
            assert Path(words[0]).name == "outturn", line
            if words[1] not in ("explain", "verify", "doctor", "decisions"):
                words = [words[0], words[1], "--help"]
            said = subprocess.run(words, cwd=reader, env=environment, capture_output=True, text=True)
            assert said.returncode == 0, f"{line}\n{said.stdout}{said.stderr}"


def test_links_between_pages_lead_somewhere(repository: Path) -> None:
    broken = []
    for page in [
        repository / "README.md",
        repository / "CONTRIBUTING.md",
        *sorted((repository / "docs").rglob("*.md")),
    ]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith(("http", "mailto:")) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(repository)}: {target}")
    assert not broken
