"""Each property notices its rule broken: a copy of settlement with one rule replaced fails the property named for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mutations import FAST, MUTATIONS, Mutation
from settlement_world import ROOT

QUICK = [mutation for mutation in MUTATIONS if mutation.what in FAST]
NEEDED = ("foundation", "agreements", "tests/settlement")


def _run(folder: Path, mutation: Mutation | None, test: str) -> subprocess.CompletedProcess[str]:
    """Run a test of settlement on a copy in `folder`, with one rule replaced."""
    for name in ("settlement", *NEEDED):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    if mutation is not None:
        broken = folder / "settlement" / mutation.file
        broken.write_text(broken.read_text(encoding="utf-8").replace(mutation.old, mutation.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", f"tests/settlement/{test}", "-x", "-p", "no:randomly", "--timeout", "0"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    # enough for every rule of the list to be met; on CI Hypothesis draws the same cases wherever it runs
    environment |= {"OUTTURN_PROPERTY_CASES": "300", "CI": "true"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def _notices(folder: Path, mutation: Mutation) -> None:
    ran = _run(folder, mutation, mutation.test)
    # 1: tests ran and one failed; a copy that cannot even be collected notices nothing
    assert ran.returncode == 1, f"{mutation.name}: {mutation.test} did not fail\n{ran.stdout[-2000:]}"
    assert "ImportError" not in ran.stdout, ran.stdout[-2000:]


def test_every_property_has_a_rule_that_is_broken() -> None:
    """Properties 1 to 18 of the design page, each rule standing once where the list says."""
    assert {mutation.number for mutation in MUTATIONS} == set(range(1, 19))
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
    assert len(QUICK) == len(FAST)
    for mutation in MUTATIONS:
        text = (ROOT / "settlement" / mutation.file).read_text(encoding="utf-8")
        assert text.count(mutation.old) == 1, (
            f"{mutation.name}: its rule was rewritten; mend tests/settlement/mutations.py"
        )
        file, _, test = mutation.test.partition("::")
        assert f"def {test}(" in (ROOT / "tests" / "settlement" / file).read_text(encoding="utf-8"), mutation.name


@pytest.mark.parametrize("mutation", QUICK, ids=[mutation.name for mutation in QUICK])
def test_a_broken_rule_is_noticed(tmp_path: Path, mutation: Mutation) -> None:
    _notices(tmp_path, mutation)


@pytest.mark.soak
@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.name for mutation in MUTATIONS])
def test_every_broken_rule_is_noticed(tmp_path: Path, mutation: Mutation) -> None:
    _notices(tmp_path, mutation)


@pytest.mark.soak
@pytest.mark.parametrize("test", sorted({mutation.test for mutation in MUTATIONS}))
def test_a_copy_with_its_rules_whole_fails_nothing(tmp_path: Path, test: str) -> None:
    ran = _run(tmp_path, None, test)
    assert ran.returncode == 0, ran.stdout[-2000:]
