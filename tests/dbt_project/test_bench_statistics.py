"""What the bench of the statistics compares is the same on both sides: the macros, and pandas with scipy."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
from dbt_lake import REPOSITORY

from dbt_project.inline import compile_statements

BENCH = runpy.run_path(str(REPOSITORY / "scripts" / "bench_statistics.py"))


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[Any, Any]]:
    """Statistic -> our answers and pandas with scipy's, of a few of the bench's counts."""
    tables = BENCH["counts"](300, 60)
    statements = compile_statements(BENCH["STATEMENTS"])
    others = BENCH["by_scipy"](tables["areas"].to_pandas(), tables["bands"].to_pandas())
    with BENCH["engine"](tables) as connection:
        return {name: (connection.sql(statements[name]).df(), others[name]()) for name in BENCH["STATISTICS"]}


@pytest.mark.parametrize("statistic", BENCH["STATISTICS"])
def test_macros_and_scipy_give_the_same_value_and_limits(answers: dict[str, tuple[Any, Any]], statistic: str) -> None:
    ours, theirs = answers[statistic]
    assert len(ours) == (60 if statistic == "dsr" else 300)
    assert not ours[BENCH["ANSWERS"]].isna().any(axis=None)
    assert BENCH["difference"](ours, theirs) <= BENCH["TOLERANCE"]


def test_the_bench_sees_a_wrong_digit_and_a_blank(answers: dict[str, tuple[Any, Any]]) -> None:
    ours, theirs = answers["rate"]
    moved = ours.astype(float)
    moved.loc[7, "upper_99_8"] *= 1 + 1e-8
    assert BENCH["difference"](moved, theirs) > BENCH["TOLERANCE"]
    moved.loc[7, "upper_99_8"] = None
    assert BENCH["difference"](moved, theirs) == float("inf")
