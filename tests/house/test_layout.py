"""The house keeps its plan: import direction, portable SQL, no addresses, pages that match the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from foundation.version import ROOMS


def test_rooms_import_only_to_their_left(repository: Path) -> None:
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 kept, 0 broken" in ran.stdout


def test_import_direction_is_really_checked(repository: Path, tmp_path: Path) -> None:
    """A planted import to the right turns the check red: it can fail."""
    import shutil

    for room in (*ROOMS, "places"):
        shutil.copytree(
            repository / room,
            tmp_path / room,
            ignore=shutil.ignore_patterns("*.csv", "*.sql", "assets", "target", "__pycache__"),
        )
    shutil.copy(repository / ".importlinter", tmp_path)
    (tmp_path / "ingest" / "planted.py").write_text("import settlement.terms\n")
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert ran.returncode != 0, ran.stdout
    assert "ingest.planted" in ran.stdout, ran.stdout + ran.stderr


def _sql_files(repository: Path) -> list[Path]:
    project = repository / "dbt_project"
    return [path for folder in ("models", "macros", "tests") for path in sorted((project / folder).rglob("*.sql"))]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"::\s*[a-z]", "`::` casts do not travel"),
        (r"(?i)group\s+by\s+all", "`group by all` does not travel"),
        (r"(?i)order\s+by\s+all", "`order by all` does not travel"),
    ],
)
def test_sql_travels(repository: Path, pattern: str, why: str) -> None:
    offending = [
        f"{path.name}:{number}"
        for path in _sql_files(repository)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line.split("--")[0])
    ]
    assert _sql_files(repository)
    assert not offending, f"{why}: {offending}"


def _tracked(repository: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=repository, capture_output=True, text=True, check=True
    )
    return [repository / name for name in listed.stdout.splitlines() if (repository / name).is_file()]


def test_no_package_index_or_machine_path_is_named(repository: Path) -> None:
    """Locks carry hashes and no addresses, so that a mirror works."""
    forbidden = re.compile(
        r"(--(extra-)?index"
        + r"-url|--find"
        + r"-links|"
        + "pypi"
        + r"\.org|files\.python"
        + r"hosted|/work/(main|shared))"
    )
    offending = []
    for path in _tracked(repository):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if path.name != "test_layout.py" and forbidden.search(text):
            offending.append(path.relative_to(repository).as_posix())
    assert not offending


def test_every_module_says_what_belongs_in_it(repository: Path) -> None:
    import ast

    silent = [
        path.relative_to(repository).as_posix()
        for room in ("foundation", "places", "ingest", "expectations", "settlement", "publication", "orchestration")
        for path in sorted((repository / room).rglob("*.py"))
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert not silent


def test_every_requirement_is_hash_locked(repository: Path) -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (repository / name).read_text()
        pins = re.findall(r"^([a-z0-9._-]+)==\S+ \\\n((?:\s+--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.M)
        names = re.findall(r"^([a-z0-9._-]+)==", text, re.M)
        assert len(pins) == len(names) > 50


def test_no_branch_of_settlement_is_left_out_of_its_coverage(repository: Path) -> None:
    """`make coverage` asks for every branch; a remark in the code could leave some out of what it counts."""
    marked = [path.name for path in (repository / "settlement").glob("*.py") if "pragma: no" in path.read_text("utf-8")]
    assert marked == []
    asked = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["coverage"]
    assert asked["run"] == {"branch": True, "source": ["settlement"]}
    assert asked["report"]["fail_under"] == 100
    assert not {"omit", "exclude_lines", "exclude_also", "partial_branches"} & {*asked["run"], *asked["report"]}
