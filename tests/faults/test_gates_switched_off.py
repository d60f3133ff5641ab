"""The reverse of the matrix: without its gate a fault is no longer caught by it, and every gate has its fault.

A gate that no fault names and that no other test shows at work fails here: it is either needed by a fault nobody has
thought of, or by none.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from fault_elsewhere import ELSEWHERE, UNREACHED
from fault_gates import every_gate, refusing_functions, switched_off
from fault_home import fresh_scene
from matrix import FAULTS
from test_faults_in_process import objections

from foundation.errors import OutturnError

NAMED = sorted({fault.gate for fault in FAULTS})
# What the operating system says has no switch of ours.
_NO_SWITCH = "os:"


@pytest.mark.parametrize("gate", [gate for gate in NAMED if not gate.startswith(_NO_SWITCH)])
def test_without_its_gate_the_matrix_is_red(gate: str, ready: Path, tmp_path: Path) -> None:
    for fault in FAULTS:
        if fault.gate != gate:
            continue
        scratch = tmp_path / fault.name.replace(" ", "-").replace("'", "")
        scratch.mkdir()
        with fresh_scene(ready, scratch) as scene:
            fault.plant(scene)
            with switched_off(gate):
                try:
                    wrong = objections(fault, scene)
                except (OutturnError, OSError, Exception) as broken:
                    wrong = [f"it fell over with {type(broken).__name__}"]
        assert wrong, f"{fault.name} is caught by {gate} although it is switched off"


def test_every_gate_is_needed_by_a_fault_or_shown_at_work_elsewhere() -> None:
    wanted = every_gate()
    covered = set(NAMED) | set(ELSEWHERE) | set(UNREACHED)
    assert sorted(wanted - covered) == [], "gates that no fault names and no test shows at work"
    assert sorted((set(ELSEWHERE) | set(UNREACHED)) - wanted) == [], "listed here, and no gate of the product"
    assert sorted(set(ELSEWHERE) & set(NAMED)) == [], "named by a fault: no need to be listed"


@pytest.mark.parametrize(("gate", "where"), sorted(ELSEWHERE.items()))
def test_what_shows_a_gate_elsewhere_is_there(gate: str, where: str, repository: Path) -> None:
    file, _, test = where.partition("::")
    text = (repository / file).read_text()
    if test:
        names = {item.name for item in ast.walk(ast.parse(text)) if isinstance(item, ast.FunctionDef)}
        assert test in names, f"{where} is gone"
    else:
        assert gate in text, f"{file} does not name {gate}"


def test_a_function_that_refuses_is_found_in_the_source() -> None:
    """The list is not empty by accident."""
    assert len(refusing_functions()) > 40
    assert "orchestration.warehouse:read_tables" in refusing_functions()
    assert "publication.verify:_check_gate" in refusing_functions()
