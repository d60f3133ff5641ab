"""The search for mutants finds what it should: it is tried on a small package whose tests are weak on purpose."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import yaml
from settlement_world import ROOT

PLAN = yaml.safe_load((ROOT / "tests/settlement/mutants.yaml").read_text(encoding="utf-8"))
SURVIVORS = yaml.safe_load((ROOT / "tests/settlement/survivors.yaml").read_text(encoding="utf-8"))

SOURCE = """
def fee(pence, cap):
    if pence > cap:
        return cap
    return pence


def words(count):
    return "least - paid" if count > 0 else ""
"""
TESTS = """
from sums.money import fee, words

def test_money():
    assert (fee(3, 5), fee(7, 5), words(2), words(-2)) == (3, 5, "least - paid", "")
"""
LIVES = {"module": "money", "within": "fee", "was": "if pence > cap:", "now": "if pence >= cap:", "reason": "one value"}
NOTICED = LIVES | {"now": "if pence <= cap:"}
NO_MORE = LIVES | {"was": "if pence > fee:"}
UNEXPLAINED = """lives and is not explained: money.words
    - return "least - paid" if count > 0 else ""
    + return "least - paid" if count > 1 else \"\""""


def _run(root: Path, survivors: list[dict[str, object]]) -> subprocess.CompletedProcess[str]:
    (root / "tests/settlement/survivors.yaml").write_text(yaml.safe_dump(survivors), encoding="utf-8")
    command = [sys.executable, str(ROOT / "scripts/mutants.py"), "--root", str(root), "--jobs", "1"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_lives_is_found_and_the_list_is_kept_true(tmp_path: Path) -> None:
    """One mutant lives and is explained, one lives and is not, one on the list is noticed, one is made no more."""
    for folder in ("sums", "tests/sums", "tests/settlement"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sums/__init__.py").touch()
    (tmp_path / "sums/money.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "tests/sums/test_money.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").touch()
    plan = {"package": "sums", "tests": "tests/sums/test_{}.py", "modules": {"money": ["money"]}}
    (tmp_path / "tests/settlement/mutants.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")

    ran = _run(tmp_path, [LIVES, NOTICED, NO_MORE])
    assert ran.returncode == 1, ran.stderr
    assert UNEXPLAINED in ran.stdout, ran.stdout
    assert "is on the list and is noticed now: money.fee\n    - if pence > cap:\n    + if pence <= cap:" in ran.stdout
    assert "is on the list and is made no more: ('money', 'fee', 'if pence > fee:'" in ran.stdout
    assert "\n    + if pence >= cap:" not in ran.stdout
    # a formula in a text is broken too
    assert "least + paid" not in ran.stdout


def test_every_survivor_has_a_reason_and_a_line_that_stands() -> None:
    """What is on the list names a module of the plan and a line that its function holds; `make mutants` does the rest."""
    assert SURVIVORS
    for entry in SURVIVORS:
        assert entry["reason"].strip() and entry["module"] in PLAN["modules"], entry
        text = (ROOT / "settlement" / f"{entry['module']}.py").read_text(encoding="utf-8")
        body: list[ast.stmt] = ast.parse(text).body
        lines = (1, len(text.splitlines()))
        for name in entry["within"].split(".") if entry["within"] != "<module>" else ():
            node = next(one for one in body if isinstance(one, (ast.FunctionDef, ast.ClassDef)) and one.name == name)
            body, lines = node.body, (node.lineno, node.end_lineno or node.lineno)
        held = " ".join(line.strip() for line in text.splitlines()[lines[0] - 1 : lines[1]])
        assert entry["was"] in held, f"{entry['module']}.{entry['within']}: {entry['was']} stands there no more"


def test_every_module_of_the_plan_has_tests() -> None:
    def stands(name: str) -> bool:
        file, _, test = name.partition("::")
        return f"def {test or 'test_'}" in (ROOT / PLAN["tests"].format(file)).read_text(encoding="utf-8")

    for module, names in PLAN["modules"].items():
        assert (ROOT / "settlement" / f"{module}.py").is_file(), module
        assert names and all(map(stands, names)), module
    assert all(map(stands, PLAN["left_out"]))
