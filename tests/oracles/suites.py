"""What the oracle suites share: reading rows, counting matches and comparing rows at the agreed tolerance."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

TOLERANCE = 1e-9  # relative; INTERFACES, oracle folders
NEAR_ZERO = 1e-12  # what a reference in floating point leaves of an exact zero
SHOWN = 20
BLANK = ("", "NA")


@dataclass
class Comparison:
    """Rows matched out of all, the greatest absolute difference of a number, and the first rows that differ."""

    matched: int = 0
    total: int = 0
    max_abs_error: float = 0.0
    mismatches: list[str] = field(default_factory=list)

    def add(self, matches: bool, error: float, difference: str) -> None:
        self.total += 1
        self.matched += matches
        self.max_abs_error = max(self.max_abs_error, error)
        if not matches and len(self.mismatches) < SHOWN:
            self.mismatches.append(difference)

    def join(self, other: Comparison) -> None:
        """Count what another file of the same suite came to."""
        self.total += other.total
        self.matched += other.matched
        self.max_abs_error = max(self.max_abs_error, other.max_abs_error)
        self.mismatches = (self.mismatches + other.mismatches)[:SHOWN]


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of an oracle file, as text."""
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def whole(text: str) -> int | None:
    """A count as the oracle writes it, also in a floating-point file; None where it is blank."""
    if text in BLANK:
        return None
    value = Decimal(text)
    if value != int(value):
        raise ValueError(f"{text} is no count")
    return int(value)


def load(connection: Any, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """A table of the engine with these rows."""
    connection.execute(f"create table {table} ({columns})")
    rows = list(rows)
    for start in range(0, len(rows), 500):
        chunk = rows[start : start + 500]
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in chunk)
        connection.execute(f"insert into {table} values {marks}", [value for row in chunk for value in row])


def as_text(value: Any) -> str:
    """A value as the oracle files write it: blank is NA, booleans in capitals."""
    if value is None:
        return "NA"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)


def compare_rows(
    expected: Sequence[Mapping[str, str]],
    found: Mapping[tuple[str, ...], Mapping[str, Any]],
    key: Sequence[str],
    numbers: Sequence[str],
    texts: Sequence[str],
    tolerance: float = TOLERANCE,
) -> Comparison:
    """Compare expected CSV rows with found rows by key: numbers within the tolerance, texts exactly, blank as blank."""
    result = Comparison()
    for row in expected:
        identity = tuple(row[name] for name in key)
        got = found.get(identity)
        if got is None:
            result.add(False, 0.0, f"{identity}: no answer")
            continue
        error, differences = 0.0, []
        for name in numbers:
            wanted = None if row[name] in ("", "NA") else float(row[name])
            given = None if got[name] is None else float(got[name])
            if wanted is None or given is None:
                if wanted is not given:
                    differences.append(f"{name} {wanted} != {given}")
                continue
            error = max(error, abs(given - wanted))
            if not math.isclose(given, wanted, rel_tol=tolerance, abs_tol=NEAR_ZERO):
                differences.append(f"{name} {wanted} != {given}")
        for name in texts:
            wanted_text = row[name] or "NA"
            if as_text(got[name]) != wanted_text:
                differences.append(f"{name} {wanted_text} != {as_text(got[name])}")
        result.add(not differences, error, f"{identity}: {'; '.join(differences)}")
    return result
