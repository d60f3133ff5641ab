"""The list of requirements is honest: every one is shown by a test that cites it, or says why it waits."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import yaml

ID = re.compile(r"\b(?:GRW|SWK|THM|DER|CNI)-\d\d\b")


def _listed(repository: Path) -> dict[str, dict[str, object]]:
    content = yaml.safe_load((repository / "tests" / "requirements.yaml").read_text())
    assert isinstance(content, dict)
    return content


def test_every_requirement_is_listed(repository: Path, shared: Path) -> None:
    with (shared / "requirements.csv").open() as handle:
        wanted = [row["id"] for row in csv.DictReader(handle)]
    assert list(_listed(repository)) == wanted


def test_listed_tests_exist_and_cite_the_requirement(repository: Path) -> None:
    for requirement, entry in _listed(repository).items():
        assert set(entry) in ({"tests"}, {"waits"}), requirement
        if "waits" in entry:
            assert len(str(entry["waits"])) > 20, requirement
            continue
        tests = entry["tests"]
        assert isinstance(tests, list)
        assert tests, requirement
        for name in tests:
            text = (repository / name).read_text()
            assert requirement in text, f"{name} does not cite {requirement}"
            assert re.search(r"^\s*(async )?def test_", text, re.M), name


def test_citations_are_listed(repository: Path) -> None:
    listed = _listed(repository)
    for path in sorted((repository / "tests").rglob("*.py")):
        name = path.relative_to(repository).as_posix()
        for requirement in set(ID.findall(path.read_text())):
            assert name in (listed[requirement].get("tests") or []), f"{name} cites {requirement}: list it"
