"""Each fault of the matrix, planted into a home at the gate: the gate named for it catches it, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from fault_drives import build, pay, try_to_pay
from fault_home import Scene
from matrix import FAULTS, Fault

_LEAST_FAULTS = 30


def objections(fault: Fault, scene: Scene) -> list[str]:
    """Why a planted fault is not caught as the matrix says; empty when it is."""
    caught = fault.drive(scene)
    wrong = []
    gates = {item.gate for item in caught}
    if fault.gate not in gates:
        wrong.append(f"{fault.gate} did not catch it; what did: {sorted(gates) or 'nothing'}")
    if strangers := gates - {fault.gate} - fault.also:
        wrong.append(f"others caught it: {sorted(strangers)}")
    said = " ".join(f"{item.said} {item.mend}" for item in caught if item.gate == fault.gate).lower()
    wrong += [f"the message does not say '{words}': {said}" for words in fault.says if words.lower() not in said]
    return wrong


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_the_gate_named_catches_it(fault: Fault, scene: Scene) -> None:
    releases, cut, counted = scene.releases(), scene.cycle.cut, ledger_of(scene)
    scene.__dict__.pop("cycle")
    fault.plant(scene)
    planted = scene.releases()
    assert objections(fault, scene) == []
    if fault.money == "cut":
        assert read_again(scene).cut == cut, "what was refused is part of the data cut"
    elif fault.money == "counted":
        assert read_again(scene) and ledger_of(scene) == counted
    elif fault.money == "withheld":
        assert all(record.decide("G6").action == "withhold" for record in records_of(scene))
    elif fault.money == "refused":
        try_to_pay(scene)
    assert scene.settled() == scene.given.get("settled", []), "a settlement was made"
    assert scene.releases() == planted, "a release was made"
    assert {name: planted[name] for name in releases} == releases, "the release in force is not what it was"


def records_of(scene: Scene) -> list[Any]:
    """What the gate decides for every settlement that is due; there is at least one."""
    from orchestration.settling import each_due, judge_gate
    from settlement.gate_record import GateRecord

    found = [judge_gate(scene.cycle, *due) for due in each_due(scene.cycle, scene.cycle.agreements, scene.until)]
    assert found and all(isinstance(item, GateRecord) for item in found)
    return found


def read_again(scene: Scene) -> Any:
    """The data cut as it is now."""
    scene.__dict__.pop("cycle", None)
    return scene.cycle


def ledger_of(scene: Scene) -> dict[tuple[str, str], int]:
    """Cost that counts in the data cut: pence by member and month, from the lake."""
    from ingest import lake
    from ingest.register import read_receipt

    found: dict[tuple[str, str], int] = {}
    paths = []
    for item in scene.cycle.cut.of("cost_ledger"):
        receipt = read_receipt(scene.home, item.submission_id)
        assert receipt is not None
        paths += [path for path, _ in receipt.lake_files]
    for row in lake.read_rows(scene.home, paths):
        key = row["organisation"], row["month"]
        found[key] = found.get(key, 0) + int(row["amount"] * 100)
    return found


def test_without_a_fault_the_same_home_settles_and_releases(scene: Scene) -> None:
    """The matrix is red because of what is planted, and of nothing else."""
    before = scene.releases()
    assert pay(scene)
    assert len(scene.settled()) == 1
    build(scene)
    after = scene.releases()
    assert after["current"] != before["current"]
    assert {name: value for name, value in after.items() if name in before and name != "current"} == {
        name: value for name, value in before.items() if name != "current"
    }


def test_the_matrix_is_as_long_as_it_should_be() -> None:
    assert len(FAULTS) >= _LEAST_FAULTS
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert {fault.room for fault in FAULTS} == {
        "intake", "identity", "lake and cut", "models", "verdicts", "terms", "settlement", "release", "machine",
    }  # fmt: skip
