"""Control charts against a slow and obvious reference: exact fractions, one point after another.

Both read the same page (METHODS, statistical process control); neither reads the other.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
import spc_suites
from hypothesis import example, given, settings
from hypothesis import strategies as st

RISE, FALL = "7 Point Trend (Increasing)", "7 Point Trend (Decreasing)"
Series = tuple[list[Decimal], bool, int | None, str, list[int]]


def _limits(values: list[Fraction], screen: bool, fix: int | None) -> tuple[Fraction, Fraction | None, Fraction | None]:
    base = values[:fix] if fix else values
    mean = sum(base, Fraction(0)) / len(base)
    ranges = [abs(base[index] - base[index - 1]) for index in range(1, len(base))]
    if ranges and screen:
        threshold = Fraction("3.267") * sum(ranges) / len(ranges)
        ranges = [one for one in ranges if one < threshold]
    if not ranges:
        return mean, None, None
    reach = Fraction("2.66") * sum(ranges) / len(ranges)
    return mean, mean - reach, mean + reach


def _side(value: Fraction, mean: Fraction) -> int:
    return (value > mean) - (value < mean)


def _names(values: list[Fraction], mean: Fraction, lower: Fraction | None, upper: Fraction | None) -> list[str]:
    """The rule that names each point of one group."""
    count = len(values)
    side = [_side(value, mean) for value in values]
    outside = [lower is not None and upper is not None and not lower <= value <= upper for value in values]
    near = [
        upper is not None and not outside[index] and abs(values[index] - mean) > Fraction(2, 3) * (upper - mean)
        for index in range(count)
    ]
    trend: list[str] = [""] * count
    # later runs overwrite the point they share with an earlier one
    for first in range(count - 6):
        run = values[first : first + 7]
        if all(run[index] > run[index - 1] for index in range(1, 7)):
            trend[first : first + 7] = [RISE] * 7
        if all(run[index] < run[index - 1] for index in range(1, 7)):
            trend[first : first + 7] = [FALL] * 7
    three = [False] * count
    for first in range(count - 2):
        window = range(first, first + 3)
        if abs(sum(side[index] for index in window)) == 3 and sum(near[index] for index in window) >= 2:
            for index in window:
                three[index] = three[index] or near[index]
    shift = [False] * count
    for first in range(count - 6):
        if abs(sum(side[first : first + 7])) == 7:
            shift[first : first + 7] = [True] * 7
    names = []
    for index in range(count):
        above = side[index] > 0
        if outside[index]:
            names.append("Above UCL" if above else "Below LCL")
        elif trend[index]:
            names.append(trend[index])
        elif three[index]:
            names.append("2 in 3 Above CL" if above else "2 in 3 Below CL")
        elif shift[index]:
            names.append("7 Points Above CL" if above else "7 Points Below CL")
        else:
            names.append("Common Cause")
    return names


def _type(name: str, direction: str) -> str:
    if name == "Common Cause":
        return "common_cause"
    high = "Above" in name or name == RISE
    if direction == "neutral":
        return "special_cause_neutral_high" if high else "special_cause_neutral_low"
    return "special_cause_improvement" if high == (direction == "increase") else "special_cause_concern"


def _check(batch: list[Series]) -> None:
    charts, options = [], []
    for number, (values, screen, fix, direction, rebases) in enumerate(batch):
        options.append((f"s{number}", screen, fix, direction, None))
        for index, value in enumerate(values):
            charts.append((f"s{number}", sum(index >= at for at in rebases), index, str(value)))
    points, summaries = spc_suites.run_charts(spc_suites.compiled(), charts, options)
    found = {(row["series_key"], row["i"]): row for row in points}
    assert len(found) == len(charts)
    for number, (values, screen, fix, direction, rebases) in enumerate(batch):
        starts = sorted({0, *(at for at in rebases if at < len(values))})
        kinds = []
        for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
            group = [Fraction(value) for value in values[start:end]]
            mean, lower, upper = _limits(group, screen, fix)
            for offset, name in enumerate(_names(group, mean, lower, upper)):
                row = found[f"s{number}", start + offset]
                assert row["special_cause_type"] == name, (values, screen, fix, start + offset)
                assert row["point_type"] == _type(name, direction)
                assert row["relative_to_mean"] == _side(group[offset], mean)
                assert row["short_group_warning"] == (len(group) < 13)
                assert abs(Fraction(row["mean"]) - mean) < Fraction(1, 10**15)
                for limit, exact in ((row["lpl"], lower), (row["upl"], upper)):
                    assert (limit is None) == (exact is None)
                    assert exact is None or abs(Fraction(limit) - exact) < Fraction(1, 10**15)
                kinds.append(row["point_type"])
        summary = next(row for row in summaries if row["series_key"] == f"s{number}")
        assert summary["n"] == len(values)
        assert summary["last_point_type"] == kinds[-1]
        assert summary["n_common"] == kinds.count("common_cause")
        assert summary["assurance_type"] is None


def _decimals(places: int, reach: int) -> st.SearchStrategy[Decimal]:
    return st.integers(-reach * 10**places, reach * 10**places).map(lambda number: Decimal(number).scaleb(-places))


# few distinct values make ties, runs and points exactly on a limit likely; many make ordinary series
VALUES = st.one_of(
    st.lists(_decimals(0, 3), min_size=1, max_size=30),
    st.lists(_decimals(1, 1000), min_size=1, max_size=30),
    st.lists(_decimals(15, 5), min_size=1, max_size=20),
    # drifting series: long runs of rises and falls
    st.lists(_decimals(0, 2), min_size=8, max_size=30).map(
        lambda steps: [sum(steps[: index + 1], Decimal(0)) for index in range(len(steps))]
    ),
)
SERIES = st.tuples(
    VALUES,
    st.booleans(),
    st.one_of(st.none(), st.integers(2, 24)),
    st.sampled_from(["increase", "decrease", "neutral"]),
    st.lists(st.integers(1, 25), max_size=2),
)


def _plain(values: list[int], **changes: object) -> Series:
    return (
        [Decimal(value) for value in values],
        bool(changes.get("screen", False)),
        changes.get("fix"),  # type: ignore[return-value]
        str(changes.get("direction", "decrease")),
        [],
    )


@settings(max_examples=15, deadline=None)
@given(st.lists(SERIES, min_size=1, max_size=25))
@example([_plain([5] * 15), _plain([5] * 15, screen=True), _plain([5])])
@example([_plain([*range(7), *range(5, -1, -1)])])  # a peak that ends a rise and begins a fall
@example([_plain([1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1])])  # a tie between them
@example([_plain([5] * 12 + [5, 9, 9, 9], fix=12, screen=True)])  # no limits, and a run on one side
def test_the_macros_agree_with_the_obvious_reference(batch: list[Series]) -> None:
    _check(batch)


def test_a_missing_point_is_left_out_and_the_next_range_spans_it() -> None:
    rows = [("s", 0, index, value) for index, value in enumerate(["10", "12", None, "20"])]
    points, _ = spc_suites.run_charts(spc_suites.compiled(), rows, [("s", False, None, "decrease", None)])
    assert {row["i"] for row in points} == {0, 1, 3}
    assert {row["mean"] for row in points} == {Decimal(14)}
    assert {row["upl"] for row in points} == {Decimal(14) + Decimal("2.66") * 5}


@pytest.mark.parametrize(
    ("direction", "target", "expected"),
    [
        ("increase", "16.32", "inconsistent"),
        ("increase", "16.33", "consistent_fail"),
        ("increase", "5.67", "consistent_pass"),
        ("decrease", "5.68", "inconsistent"),
        ("decrease", "5.67", "consistent_fail"),
        ("decrease", "16.33", "consistent_pass"),
        ("neutral", "99", None),
    ],
)
def test_assurance_needs_the_target_strictly_beyond_a_limit(direction: str, target: str, expected: str | None) -> None:
    rows = [("s", 0, index, "10" if index % 2 else "12") for index in range(14)]
    _, summaries = spc_suites.run_charts(spc_suites.compiled(), rows, [("s", False, None, direction, target)])
    assert [row["assurance_type"] for row in summaries] == [expected]
