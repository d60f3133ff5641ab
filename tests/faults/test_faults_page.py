"""docs/reference/faults.md is the fault matrix in prose. UPDATE_SNAPSHOT=1 writes the page anew."""

from __future__ import annotations

import os
from pathlib import Path

from fault_elsewhere import ELSEWHERE, UNREACHED
from fault_gates import CHECKS
from matrix import FAULTS

_HEAD = """# Faults and the gates that catch them

What can go wrong between a sender's file and a payment, and the one gate that must catch each. Every fault is planted
in a home of 500 residents by `tests/faults`: the test passes only if the gate named catches it and no other, no
settlement appears, the release in force stays as it was to the byte, and the message holds the words given here. The
reverse is tested too: with its gate switched off a fault is no longer caught. A test writes this page from the matrix.

A gate is named by the rule of [intake](intake-rules.md), by the check of the [gate](../explanation/the-gate.md), or by
the function that refuses (`module:function`). What to do is in each message; the
[how-to](../how-to/answer-a-refusal.md) says more.

A file that is refused stops nobody: the run goes on with what was accepted before and ends with exit code 3. What the
gate refuses ends with 1, a fault of the machine with 4.
"""
_TAIL = """
## Gates shown at work elsewhere

These have tests of their own rather than a fault here.

| gate | test |
|---|---|
"""
_LEFT = """
## What no fault reaches

Each stands behind another gate, or guards the product against itself.

| function | why |
|---|---|
"""
_LIMIT = """
## What no gate sees

Whoever can write to the home can write a verdict in the very form of a check, with its reason and without its problems,
and a run of Dagster's that leaves the checks out would believe it; `outturn run` makes every verdict again. Hashes and
forms show accidents and simple changes. Against a forger stand the vault's and the home's file permissions, the signed
decision log, and the open book, from which every member recomputes.
"""


def page() -> str:
    lines = [_HEAD]
    for room in dict.fromkeys(fault.room for fault in FAULTS):
        lines += [f"\n## {room.capitalize()}\n", "| fault | gate that catches it | the message says | who mends it |"]
        lines.append("|---|---|---|---|")
        for fault in FAULTS:
            if fault.room == room:
                said = " … ".join(fault.says)
                lines.append(f"| {fault.name} | `{fault.gate}` | {said} | {fault.mends} |")
    lines += [_TAIL.rstrip("\n"), *(f"| `{gate}` | `{where}` |" for gate, where in sorted(ELSEWHERE.items()))]
    lines += [_LEFT.rstrip("\n"), *(f"| `{gate}` | {why} |" for gate, why in sorted(UNREACHED.items()))]
    return "\n".join([*lines, _LIMIT.rstrip("\n")]) + "\n"


def test_the_page_is_the_matrix(repository: Path) -> None:
    path = repository / "docs" / "reference" / "faults.md"
    if os.environ.get("UPDATE_SNAPSHOT"):
        path.write_text(page())
    assert path.read_text() == page(), "run this test with UPDATE_SNAPSHOT=1"


def test_every_check_of_the_gate_has_a_fault() -> None:
    assert set(CHECKS) <= {fault.gate for fault in FAULTS}
