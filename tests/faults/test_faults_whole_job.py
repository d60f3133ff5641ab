"""Faults through the whole command: the words and exit code a person meets, and that nothing is paid or published.

Ten of them in every run of the suite, chosen for the rooms they touch; the rest is marked `soak`. A fault that lies on
disk is planted before the command; one that only shows within a run (what a run makes again it heals) is planted at the
moment the matrix names, between two of its steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fault_home import FORMER, SOUND, Scene, command, copy_for_runs, release
from matrix import FAULTS, Fault, Whole

WHOLE = [fault for fault in FAULTS if fault.whole is not None]
IN_CI = 10


def _marked(fault: Fault) -> Any:
    assert fault.whole is not None
    return pytest.param(fault, id=fault.name, marks=() if fault.whole.in_ci else (pytest.mark.soak,))


@contextmanager
def _at(moment: str, fault: Fault, scene: Scene) -> Iterator[None]:
    """Plant the fault before the block, or at its moment inside it."""
    import orchestration.defs.warehouse.verdicts as step

    if moment == "before":
        fault.plant(scene)
        yield
        return
    name = {"before the checks": "current_cycle", "before the gate": "judge_cut"}[moment]
    real, planted = getattr(step, name), []

    def stepping(*given: Any) -> Any:
        if moment == "before the checks" and not planted:
            planted.append(fault.plant(scene))
        made = real(*given)
        if moment == "before the gate" and not planted:
            planted.append(fault.plant(scene))
        return made

    scene.patch.setattr(step, name, stepping)
    yield
    assert planted, "the run never came to the moment of the fault"


@pytest.mark.parametrize("fault", [_marked(fault) for fault in WHOLE])
def test_the_whole_job_says_so_and_pays_nothing(fault: Fault, ready: Path, tmp_path: Path) -> None:
    whole = fault.whole
    assert whole is not None
    with pytest.MonkeyPatch.context() as patch:
        scene = Scene(copy_for_runs(ready, tmp_path / "home"), patch, tmp_path)
        before, published = scene.releases(), _published(scene)
        try:
            with _at(whole.when, fault, scene):
                said = command(*_words(whole, scene), home=scene.home.root)
        finally:
            release(scene)
    assert said.code == whole.code, said.out
    assert [words for words in whole.words if words.lower() not in said.out.lower()] == [], said.out
    after = scene.releases()
    former = {name: value for name, value in before.items() if name.startswith(FORMER)}
    assert {name: value for name, value in after.items() if name.startswith(FORMER)} == former
    if whole.code == 3:
        _require_harmless(fault, scene)
        return
    sound = (ready.parent / SOUND).read_text().split()
    assert sound
    assert scene.settled() == (sound if whole.settles else []), "another settlement was made"
    assert after["current"] == before["current"], "a release was put in force"
    assert _published(scene) == published, "a publication was recorded"


def _words(whole: Whole, scene: Scene) -> list[str]:
    return [str(scene.given["copy"]) if word == "COPY" else word for word in whole.command]


def _published(scene: Scene) -> bytes:
    return (scene.home.decisions / "publications.jsonl").read_bytes()


def _require_harmless(fault: Fault, scene: Scene) -> None:
    """The run went on without what was refused: what it publishes is what was in force before."""
    assert scene.home.current.resolve().name != FORMER
    if fault.money == "cut":
        manifest = json.loads((scene.home.releases / FORMER / "manifest.json").read_bytes())
        assert scene.home.current.resolve().name == manifest["release_id"]


def test_ten_go_through_the_whole_job_in_every_run() -> None:
    chosen = [fault for fault in WHOLE if fault.whole is not None and fault.whole.in_ci]
    assert len(chosen) == IN_CI, [fault.name for fault in chosen]
    assert len({fault.room for fault in chosen}) >= 7
