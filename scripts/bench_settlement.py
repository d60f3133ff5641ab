"""Settlements per second and their memory: the agreements worked by hand, and one with every regime.

5,000 average settlements: the six agreements of docs/tutorial/by-hand in turn, each from its own rows, read beforehand.
1,000 with every feature that one agreement can hold together (tests/settlement/test_settlement_regimes_together.py).
A settlement counts with its rows as they are written: steps, postings, member lines, payments, journal.

The baseline, in the same run: writing the same rows as JSON by the standard library, which is what a page that only
prints them would cost. Prints processor seconds, settlements a second, the ratio to the baseline, how the cost of a
settlement grows from 500 to 5,000 (linear: the exponent is 1), and the peak memory. Read ratios, not seconds.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
BY_HAND = REPOSITORY / "docs" / "tutorial" / "by-hand"
AVERAGE, FULL = int(os.environ.get("AVERAGE", "5000")), int(os.environ.get("FULL", "1000"))
# how much more than ten times ten times as many may cost, as an exponent; what one settlement may cost of the baseline
EXPONENT_BUDGET = 1.05

Rows = list[list[dict[str, Any]]]


def _rows_of(made: Any) -> Rows:
    return [made.step_rows(), made.posting_rows(), made.member_rows(), made.payment_rows(), made.journal_rows()]


def average() -> list[Callable[[], Rows]]:
    """One settlement of each agreement that is worked by hand, from its files."""
    from orchestration.settle_files import read_inputs
    from settlement.engine import settle
    from settlement.gate_record import read_gate_rows

    found: list[Callable[[], Rows]] = []
    for folder in sorted(path for path in BY_HAND.iterdir() if path.is_dir()):
        agreement = REPOSITORY / "agreements" / folder.name
        if not agreement.exists():
            continue
        terms, rows, periods = read_inputs(max(agreement.glob("*.yaml")), folder)
        gate = read_gate_rows(rows["gate"], terms, periods[0])

        def one(terms: Any = terms, rows: Any = rows, period: str = periods[0], gate: Any = gate) -> Rows:
            made = settle(terms, period, rows["kpi_return"], rows["ledger"], gate, rows["advances"])
            return _rows_of(made)

        found.append(one)
    return found


def full() -> list[Callable[[], Rows]]:
    """The settlement with every regime."""
    sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "settlement")]
    from test_settlement_regimes_together import settled

    return [lambda: _rows_of(settled("430", 14_000_000_000))]


def seconds(of: Sequence[Callable[[], Rows]], count: int) -> float:
    """Processor seconds of so many settlements, in turn."""
    began = time.process_time()
    for number in range(count):
        of[number % len(of)]()
    return time.process_time() - began


def baseline(of: Sequence[Callable[[], Rows]], count: int) -> float:
    """Processor seconds of writing as many settlements' rows as JSON."""
    rows = [one() for one in of]
    began = time.process_time()
    for number in range(count):
        json.dumps(rows[number % len(rows)], default=str)
    return time.process_time() - began


def show(name: str, of: Sequence[Callable[[], Rows]], count: int) -> None:
    few = max(count // 10, 1)
    seconds(of, len(of))
    small, large, plain = seconds(of, few), seconds(of, count), baseline(of, count)
    exponent = math.log(large / small) / math.log(count / few) if count > few else 1.0
    missed = ", MISSED" if exponent > EXPONENT_BUDGET else ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count} {name}: {large:.1f} s of processor time, {count / large:.0f} a second, "
        f"{large / plain:.1f} times writing their rows as JSON; exponent {exponent:.2f}, "
        f"budget {EXPONENT_BUDGET}{missed}; peak {peak:.0f} MiB",
        flush=True,
    )


def main() -> None:
    show("average settlements", average(), AVERAGE)
    show("settlements with every regime", full(), FULL)


if __name__ == "__main__":
    main()
