"""A demo home of the generated place, and the truth about it that the pipeline never saw."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo_home import DemoHome, Said, filled_home

# 5,000 in every run of the suite; `make soak` asks for the whole borough.
RESIDENTS = int(os.environ.get("OUTTURN_TEST_RESIDENTS", "5000"))
AREA = "E09000011"
Key = tuple[str, str, str, str, str]


@pytest.fixture(scope="session")
def greenwich(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    """The generated place's home nobody may change; OUTTURN_TEST_HOME names one that is ready."""
    if ready := os.environ.get("OUTTURN_TEST_HOME"):
        return DemoHome(Path(ready), Said(0, ""))
    return filled_home(
        tmp_path_factory, f"greenwich-{RESIDENTS}", "--place", "greenwich", "--residents", str(RESIDENTS)
    )


@cache
def planted() -> Mapping[Key, Any]:
    """The truth by indicator, period kind, period, breakdown kind and group."""
    from places.greenwich.truth import truth

    return {
        (row.indicator_id, row.period_kind, row.period_id, row.breakdown_kind, row.breakdown_group): row
        for row in truth(RESIDENTS)
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def analysts(release: Path) -> dict[Key, dict[str, Any]]:
    """Every figure of the analysts' database that rests on somebody, in the truth's terms."""
    found: dict[Key, dict[str, Any]] = {}
    with duckdb.connect(str(release / "analyst" / "analyst.duckdb"), read_only=True) as connection:
        for table, kind, group in (("measures", "'all'", "'all'"), ("breakdowns", "breakdown_kind", "breakdown_group")):
            columns = f"indicator_id, period_kind, period_id, {kind}, {group}, value, numerator, denominator, marker"
            for row in connection.execute(f"select {columns} from {table} where denominator > 0").fetchall():
                figure = dict(zip(("value", "numerator", "denominator", "marker"), row[5:], strict=True))
                assert tuple(row[:5]) not in found, f"{row[:5]} is there twice"
                found[row[:5]] = figure
    return found


def differences(found: Mapping[Key, Mapping[str, Any]], truth: Mapping[Key, Any]) -> list[str]:
    """What the analysts' figures and the truth do not agree on: figures on one side only, parts, values."""
    told = []
    for key in sorted(set(found) | set(truth)):
        if key not in found or key not in truth:
            told.append(f"{key}: only in the {'truth' if key in truth else 'release'}")
            continue
        here, there = found[key], truth[key]
        for name in ("numerator", "denominator", "value"):
            left, right = here[name], getattr(there, name)
            if (left is None) != (right is None) or (left is not None and Decimal(left) != Decimal(right)):
                told.append(f"{key}: {name} is {left}, planted was {right}")
    return told


def first(lines: Iterable[str], count: int = 15) -> str:
    """The first of many lines, for the message of a failed test."""
    listed = list(lines)
    return f"{len(listed)} differences\n" + "\n".join(listed[:count])
