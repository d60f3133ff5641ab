"""Nothing is paid or published unless every integrity verdict passed for exactly this cut, whatever was scheduled.

Schedulings: the whole job in a later run; only settlement and release (a partial selection); everything with the
asset checks not selected; release alone. Verdicts: missing, failed, raising, stale (of another cut). CNI-27, CNI-05.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from demo_home import outturn, tree_hashes
from gate_home import materialise

from foundation.canonical import canonical_json
from foundation.home import Home

SCHEDULINGS = ("later_run", "partial_selection", "checks_not_selected", "release_alone")
STATES = ("missing", "failed", "raising", "stale")
CHECK = "warehouse.arithmetic"


def _spoil(state: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    def spoiled(verdict: dict[str, Any]) -> dict[str, Any] | None:
        if state == "missing":
            return None
        if state == "failed":
            return {**verdict, "status": "failed", "reason": "A planted fault.", "mend": "take the fault out."}
        if state == "raising":
            return {**verdict, "status": "error", "reason": "It raised ZeroDivisionError.", "mend": "mend the check."}
        return {**verdict, "data_cut_id": "0" * 64}

    return spoiled


@pytest.fixture
def planted(
    request: pytest.FixtureRequest, judged_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Home, str, str]:
    """A home in which the verdict of one integrity check is spoiled, on disk and whenever it is made again."""
    scheduling, state = request.param
    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    spoil = _spoil(state)

    import expectations.verdicts as stored
    from expectations import gate_warehouse

    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError("a planted fault")

    real_write = stored.write_verdict

    def write(home_: Home, verdict: Any) -> Any:
        path = real_write(home_, verdict)
        if verdict.check_id == CHECK and state != "raising":
            _plant(path, spoil)
        return path

    monkeypatch.setattr(stored, "write_verdict", write)
    if state == "raising":
        monkeypatch.setattr(gate_warehouse, "judge_arithmetic", broken)
    cut = max(home.verdicts.iterdir(), key=lambda folder: (folder / "required.json").stat().st_mtime_ns)
    _plant(cut / f"{CHECK}.json", spoil)
    return home, scheduling, state


def _plant(path: Path, spoil: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    changed = spoil(json.loads(path.read_bytes()))
    if changed is None:
        path.unlink()
    else:
        path.write_bytes(canonical_json(changed))


MATRIX = [(scheduling, state) for scheduling in SCHEDULINGS for state in STATES]


@pytest.mark.parametrize("planted", MATRIX, indirect=True, ids=[f"{a}-{b}" for a, b in MATRIX])
def test_the_gate_refuses_in_any_scheduling(planted: tuple[Home, str, str]) -> None:
    home, scheduling, state = planted
    former = home.current.resolve()
    releases = tree_hashes(home.releases)
    settlements = tree_hashes(home.settlements)
    decisions = tree_hashes(home.decisions)

    succeeded, said = materialise(home, scheduling)

    assert not succeeded, f"{scheduling} went through with a {state} verdict"
    assert home.current.resolve() == former
    assert tree_hashes(home.releases) == releases, "the former release is untouched and no other is there"
    assert tree_hashes(home.settlements) == settlements, "nothing was settled"
    assert tree_hashes(home.decisions) == decisions, "nothing was recorded as published"
    (refusal,) = home.refusals.glob("*.json")
    text = refusal.read_text()
    assert CHECK in text, "the refusal names the check"
    reason = json.loads(text)["refusals"][0]["reasons"][0]
    for key in ("what", "why", "who_mends", "mend", "effect_on_money"):
        assert reason[key], f"the refusal says {key}"
    assert {"missing": "missing", "raising": "error"}.get(state, "failed") in text
    assert said


def test_without_a_fault_the_same_home_settles_and_releases(judged_home: Path, tmp_path: Path) -> None:
    """The matrix is red because of the planted verdicts and nothing else."""
    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    succeeded, said = materialise(home, "partial_selection")
    assert succeeded, said
    assert home.current.resolve() != former
    assert outturn("verify", str(home.current)).code == 0
    assert not list(home.refusals.glob("*.json"))


def test_a_figure_changed_in_the_warehouse_after_it_was_judged_is_refused(judged_home: Path, tmp_path: Path) -> None:
    """One figure edited in the build database, consistently: no verdict names it, and nothing is paid on it."""
    import duckdb

    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            "update kpi_return set numerator = numerator - 3560, value = value - 10 "
            "where kpi_id = 'D1' and period_id = '2024-25'"
        )
    succeeded, said = materialise(home, "partial_selection")
    assert not succeeded
    assert "kpi_return changed in the warehouse" in said
    assert home.current.resolve() == former
    assert "kpi_return changed" in next(home.refusals.glob("*.json")).read_text()


def test_what_is_released_is_on_file(judged_home: Path, tmp_path: Path) -> None:
    """A release made alone keeps its settlement, so that the next cut posts the difference to it."""
    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    shutil.rmtree(home.settlements)
    succeeded, said = materialise(home, "release_alone")
    assert succeeded, said
    assert len(list(home.settlements.glob("derbyshire-real-only/2024-25/*/postings.csv"))) == 1


def test_terms_changed_after_approval_are_refused(
    judged_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CNI-05: a period whose terms differ by one digit from those approved is not settled."""
    import orchestration.cycle as cycle

    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    agreements = Path(shutil.copytree(cycle.AGREEMENTS, tmp_path / "agreements"))
    path = agreements / "derbyshire-real-only" / "2024-04-01.yaml"
    path.write_text(path.read_text().replace("stretch: 430", "stretch: 431"))
    monkeypatch.setattr(cycle, "AGREEMENTS", agreements)
    former = home.current.resolve()
    succeeded, _ = materialise(home, "later_run")
    assert not succeeded
    assert home.current.resolve() == former
    text = " ".join(path.read_text() for path in home.refusals.glob("*.json"))
    assert "not approved" in text
