"""Macros that compare areas, groups and years, against the plain way to compute them and the laws they obey."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbt_project.inequality import Quantile, simulated_limits
from dbt_project.inline import MARK, PROJECT, compile_statements
from foundation.errors import Refused

KINDS = (2, 4, 5, 10)
INLINE = f"""
{MARK}isr
select *, {{{{ isr_value('observed', 'expected', 100) }}}} as ratio
from ({{{{ isr_sums('given', ['id'], bands=3, time_units=12) }}}}) as sums
{MARK}quantiles
select id, value,
    {
    ", ".join(
        f"{{{{ quantile_of_areas('value', {kind}, ['id'], highest_first={highest}) }}}} as {name}_{kind}"
        for kind in KINDS
        for name, highest in (("inv", "true"), ("noninv", "false"))
    )
}
from given
{MARK}funnel
select id,
    {
    ", ".join(
        f"{{{{ funnel_proportion_limit('{side}', 'average', 'people', 1, '{level}') }}}} as p_{side}_{name}, "
        f"{{{{ funnel_ratio_limit('{side}', 'x', 'exact', 1, '{level}') }}}} as r_{side}_{name}, "
        f"{{{{ funnel_rate_limit('{side}', 'x', 'exact', 'average', 1, '{level}') }}}} as n_{side}_{name}, "
        f"{{{{ funnel_rate_population('{side}', 'exact', 'average', '{level}') }}}} as at_{side}_{name}"
        for side in ("lower", "upper")
        for name, level in (("95", "95"), ("99_8", "99.8"))
    )
}
from given left join poisson_limits as exact on given.x = exact.events
{MARK}significance
select id, {{{{ funnel_significance('centre', 'l95', 'u95', 'l998', 'u998') }}}} as verdict,
    {{{{ funnel_significance('centre', 'l95', 'u95', 'l998', 'u998', 'events') }}}} as standardised
from given
{MARK}trend
{{{{ five_point_trend('given', ['id']) }}}}
{MARK}life
{{{{ life_expectancy('given', ['id']) }}}}
{MARK}months
{{{{ life_expectancy('given', ['id'], time_units=12) }}}}
{MARK}slope_none
{{{{ slope_index_of_inequality('given', ['id'], 5) }}}}
{MARK}slope_log
{{{{ slope_index_of_inequality('given', ['id'], 5, 'log', 1000) }}}}
{MARK}slope_logit
{{{{ slope_index_of_inequality('given', ['id'], 5, 'logit') }}}}
{MARK}curve
{{{{ survival_curve('given', ['id']) }}}}
{MARK}waits
with curve as ({{{{ survival_curve('given', ['id']) }}}}),
half as ({{{{ censored_percentile('curve', ['id']) }}}}),
most as ({{{{ censored_percentile('curve', ['id'], 90) }}}})
select half.id, half.twice_days, half.longest_days, most.twice_days as twice_days_90
from half inner join most on half.id = most.id
{MARK}kept
with curve as ({{{{ survival_curve('given', ['id']) }}}})
select *, {{{{ maintained_limit('lower', 'maintained', 'variance_sum') }}}} as lower_limit,
    {{{{ maintained_limit('upper', 'maintained', 'variance_sum') }}}} as upper_limit
from ({{{{ maintained_proportion('curve', ['id'], 90) }}}}) as kept
"""


@cache
def statements() -> dict[str, str]:
    """The statements above, compiled by dbt with the project's macros, once a process."""
    return compile_statements(INLINE)


def run(name: str, columns: str, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """The answers of one compiled statement on given rows, in the order of their id."""
    import duckdb

    with duckdb.connect() as connection:
        if name == "funnel":
            seed = str(PROJECT / "seeds" / "poisson_limits.csv")
            connection.execute("create table poisson_limits as select * from read_csv(?, header = true)", [seed])
        connection.execute(f"create table given ({columns})")
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
        connection.execute(f"insert into given values {marks}", [value for row in rows for value in row])
        found: list[dict[str, Any]] = connection.sql(statements()[name]).to_arrow_table().to_pylist()
    return sorted(found, key=lambda row: row["id"])


# --- indirectly standardised ratio ---------------------------------------------------------------------------------

ISR = (
    "id integer, age_band text, band_events bigint, band_population bigint, reference_events bigint, "
    "reference_people bigint"
)
BAND = st.tuples(st.integers(0, 500), st.integers(0, 10**6), st.integers(0, 10**5), st.integers(1, 10**8))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(BAND, min_size=3, max_size=3), min_size=1, max_size=6))
@example([[(3, 0, 5, 100), (0, 0, 1, 7), (0, 0, 0, 1)]])
def test_expected_events_are_those_of_the_reference(areas: list[list[tuple[int, int, int, int]]]) -> None:
    rows = [(number, f"band {index}", *band) for number, bands in enumerate(areas) for index, band in enumerate(bands)]
    for bands, got in zip(areas, run("isr", ISR, rows), strict=True):
        expected = sum(Fraction(people * events, 12 * base) for _, people, events, base in bands)
        assert got["observed"] == sum(band[0] for band in bands)
        assert abs(Fraction(got["expected"]) - expected) <= Fraction(3, 10**18)
        assert (got["reference_events"], got["reference_people"], got["missing_bands"]) == (
            sum(band[2] for band in bands),
            sum(band[3] for band in bands),
            0,
        )
        if expected == 0:
            assert got["ratio"] is None
        elif expected > Fraction(1, 1000):
            assert math.isclose(got["ratio"], 100 * int(got["observed"]) / expected, rel_tol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 10**6)), min_size=3, max_size=3))
def test_an_area_against_itself_has_the_ratio_100(bands: list[tuple[int, int]]) -> None:
    """The reference counts person-years, the area person-months."""
    rows = [(0, str(index), events, 12 * people, events, people) for index, (events, people) in enumerate(bands)]
    (got,) = run("isr", ISR, rows)
    assert math.isclose(got["ratio"], 100, rel_tol=1e-13)


def test_a_band_that_cannot_be_counted_refuses_the_ratio() -> None:
    good = [("a", 1, 10, 1, 10), ("b", 2, 10, 1, 10), ("c", 3, 10, 1, 10)]
    areas: list[list[tuple[Any, ...]]] = [
        good[:2],
        [*good, ("c", 0, 1, 1, 1)],
        [*good[:2], ("b", 1, 10, 1, 10)],
        [*good[:2], ("c", None, 10, 1, 10)],
        [*good[:2], ("c", 3, None, 1, 10)],
        [*good[:2], ("c", 3, 10, None, 10)],
        [*good[:2], ("c", 3, 10, 1, 0)],
        [*good[:2], ("c", -3, 10, 1, 10)],
        [*good[:2], ("c", 3, -10, 1, 10)],
        good,
    ]
    found = run("isr", ISR, [(number, *band) for number, bands in enumerate(areas) for band in bands])
    assert all(row["observed"] is row["expected"] is row["ratio"] is None for row in found[:-1])
    assert [row["missing_bands"] for row in found] == [1, 0, 1, 1, 1, 1, 1, 1, 1, 0]
    assert math.isclose(found[-1]["ratio"], 100 * 6 / (30 / 120), rel_tol=1e-12)


# --- quantiles of areas --------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=60), min_size=1, max_size=4))
@example([list(range(10)), list(range(9)), [1] * 10, [None, *range(5)]])
def test_quantiles_partition_the_areas_with_a_value(groups: list[list[int | None]]) -> None:
    rows = [(number, value) for number, values in enumerate(groups) for value in values]
    found = run("quantiles", "id integer, value integer", rows)
    for number, values in enumerate(groups):
        known = [value for value in values if value is not None]
        mine = [row for row in found if row["id"] == number]
        for kind in KINDS:
            for name in ("inv", "noninv"):
                where = {row["value"]: row[f"{name}_{kind}"] for row in mine}
                assert where.pop(None, None) is None
                if len(known) < kind:
                    assert set(where.values()) <= {None}
                    continue
                for value, quantile in where.items():
                    before = sum(other > value if name == "inv" else other < value for other in known)
                    assert quantile == kind + 1 - math.ceil(Fraction((len(known) - before) * kind, len(known)))
                assert set(where.values()) <= set(range(1, kind + 1))
                ordered = [where[value] for value in sorted(where, reverse=name == "inv")]
                assert ordered == sorted(ordered)
                assert ordered[0] == 1
                if len(set(known)) == len(known):
                    sizes = [sum(where[value] == quantile for value in known) for quantile in range(1, kind + 1)]
                    assert max(sizes) - min(sizes) <= 1


# --- funnels -------------------------------------------------------------------------------------------------------

FUNNEL = "id integer, average double, people bigint, x bigint"


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1e-6, 1), st.integers(1, 10**7), st.integers(0, 10_000)),
        min_size=1,
        max_size=30,
    )
)
@example([(1.0, 1, 0), (0.3, 1, 1), (0.3, 10**7, 9), (0.5, 4, 10), (0.2, 5, 10_000)])
def test_funnels_contain_their_target_and_the_outer_the_inner(rows: list[tuple[float, int, int]]) -> None:
    found = run("funnel", FUNNEL, [(number, *row) for number, row in enumerate(rows)])
    for (average, _, events), got in zip(rows, found, strict=True):
        outer, inner = (got["p_lower_99_8"], got["p_upper_99_8"]), (got["p_lower_95"], got["p_upper_95"])
        assert 0 <= outer[0] <= inner[0] <= Decimal(average) + Decimal("1e-9")
        assert Decimal(average) - Decimal("1e-9") <= inner[1] <= outer[1] <= 1
        assert got["r_lower_99_8"] <= got["r_lower_95"] <= 1
        if events == 0:
            assert got["r_lower_95"] == 0
            assert got["r_upper_95"] is got["n_upper_99_8"] is None
            continue
        assert 1 <= got["r_upper_95"] <= got["r_upper_99_8"]
        for side in ("lower", "upper"):
            for name in ("95", "99_8"):
                # on the funnel the rate is what was observed over the population it stands at
                at = events / got[f"at_{side}_{name}"]
                assert math.isclose(float(got[f"n_{side}_{name}"]), at, rel_tol=1e-9, abs_tol=1e-9)
                assert math.isclose(at, float(got[f"r_{side}_{name}"]) * average, rel_tol=1e-6, abs_tol=1e-9)


def test_a_funnel_without_a_table_row_people_or_a_share_has_no_limit() -> None:
    found = run(
        "funnel", FUNNEL, [(0, 0.5, 10, 10_001), (1, 0.5, 0, 5), (2, 1.5, 10, 5), (3, -0.1, 10, 5), (4, 0, 9, 5)]
    )
    assert found[0]["r_lower_95"] is found[0]["r_upper_99_8"] is found[0]["n_lower_95"] is None
    assert all(row["p_lower_95"] is row["p_upper_95"] is None for row in found[1:4])
    assert found[3]["n_lower_95"] is found[4]["n_upper_95"] is found[4]["at_lower_95"] is None
    assert (found[4]["p_lower_95"], found[4]["p_upper_95"]) == (0, 0)


def test_an_interval_that_touches_the_centre_is_not_significant() -> None:
    columns = "id integer, centre double, l95 double, u95 double, l998 double, u998 double, events integer"
    cases = [
        ((5, 1, 2, 0, 3, 10), "Low (0.001)"),
        ((3, 1, 2, 0, 3, 10), "Low (0.025)"),
        ((2, 1, 2, 0, 3, 10), "Not significant"),
        ((1, 1, 2, 0, 3, 10), "Not significant"),
        ((0, 1, 2, 0, 3, 10), "High (0.025)"),
        ((-1, 1, 2, 0, 3, 10), "High (0.001)"),
        ((None, 1, 2, 0, 3, 10), None),
        ((1, None, 2, 0, 3, 10), None),
        ((5, 1, 2, 0, None, 10), None),
        ((5, 1, 2, 0, 3, 9), "Low (0.001)"),
    ]
    found = run("significance", columns, [(number, *case) for number, (case, _) in enumerate(cases)])
    assert [row["verdict"] for row in found] == [verdict for _, verdict in cases]
    assert [row["standardised"] for row in found[:-1]] == [verdict for _, verdict in cases[:-1]]
    assert found[-1]["standardised"] == "Not applicable for events less than 10 for dsrs"


# --- trend ---------------------------------------------------------------------------------------------------------

TREND = (
    "id integer, moment integer, value decimal(20, 9), lower_limit decimal(20, 9), upper_limit decimal(20, 9), "
    "polarity text, value_type text"
)


def _fit(points: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Slope and its variance by weighted least squares of (moment, value, weight)."""
    weight = sum(w for _, _, w in points)
    moment = sum(t * w for t, _, w in points) / weight
    spread = sum(w * (t - moment) ** 2 for t, _, w in points)
    return sum(w * (t - moment) * y for t, y, w in points) / spread, 1 / spread


def _trend(values: Sequence[Decimal], widths: Sequence[Decimal], good: bool) -> tuple[float, str]:
    points = [
        (float(number), float(value), (3.92 / float(width)) ** 2)
        for number, (value, width) in enumerate(zip(values, widths, strict=True))
    ]
    slope, variance = _fit(points)
    chi = slope**2 / variance
    same = all(_fit([*points[:left], *points[left + 1 :]])[0] * slope > 0 for left in range(5))
    if chi <= 9.5495 or not same:
        return chi, "NoChange"
    way = "Increasing" if slope > 0 else "Decreasing"
    return chi, way + ("AndGettingBetter" if (slope > 0) == good else "AndGettingWorse")


THOUSANDTHS = st.decimals(min_value=0, max_value=100, places=3, allow_nan=False)
WIDTHS = st.decimals(min_value="0.5", max_value=40, places=3, allow_nan=False)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.tuples(THOUSANDTHS, WIDTHS), min_size=5, max_size=7), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
@example([([(Decimal(10 * number), Decimal(2)) for number in range(5)], True)])
@example([([(Decimal(60 - 10 * number), Decimal(2)) for number in range(6)], True)])
def test_a_trend_is_that_of_the_latest_five_points(series: list[tuple[list[tuple[Decimal, Decimal]], bool]]) -> None:
    rows = [
        (number, 2010 + year, value, value - width / 2, value + width / 2, polarity, "Crude rate")
        for number, (points, good) in enumerate(series)
        for polarity in ["High is good" if good else "Low is good"]
        for year, (value, width) in enumerate(points)
    ]
    for (points, good), got in zip(series, run("trend", TREND, rows), strict=True):
        latest = points[-5:]
        chi, label = _trend([value for value, _ in latest], [width for _, width in latest], good)
        assert math.isclose(got["chi_squared"], chi, rel_tol=1e-8, abs_tol=1e-9)
        if abs(chi - 9.5495) > 1e-6 and not (label == "NoChange" and chi > 9.5495):
            assert got["trend"] == label


def test_what_a_trend_refuses() -> None:
    rise = [(2020 + year, Decimal(year), Decimal(year) - 1, Decimal(year) + 1) for year in range(0, 50, 10)]
    none = "No judgement"
    cases: list[tuple[list[tuple[Any, ...]], str | None, str | None, str]] = [
        (rise, none, "Proportion", "Increasing"),
        (rise, None, "Directly standardised rate", "Increasing"),
        (rise, "Low is good", "crude rate", "IncreasingAndGettingWorse"),
        (rise, none, "Indirectly standardised ratio", "CannotBeCalculated"),
        (rise, none, None, "CannotBeCalculated"),
        (rise[1:], none, "Proportion", "CannotBeCalculated"),
        ([*rise[:4], (2060, None, 1, 2)], none, "Proportion", "CannotBeCalculated"),
        ([*rise[:4], (None, 40, 39, 41)], none, "Proportion", "CannotBeCalculated"),
        ([*rise[:4], rise[3]], none, "Proportion", "CannotBeCalculated"),
        ([*rise[:4], (2060, 40, None, 41)], none, "Proportion", "NoChange"),
        ([*rise[:4], (2060, 40, 40, 40)], none, "Proportion", "NoChange"),
        # one point alone makes the rise: without it the sign turns
        ([(2020 + n, v, v - 1, v + 1) for n, v in enumerate((4, 3, 2, 1, 90))], none, "Proportion", "NoChange"),
        ([(2020 + n, 5, 4, 6) for n in range(5)], none, "Proportion", "NoChange"),
    ]
    rows = [
        (number, *point, polarity, kind) for number, (points, polarity, kind, _) in enumerate(cases) for point in points
    ]
    assert [row["trend"] for row in run("trend", TREND, rows)] == [label for *_, label in cases]


# --- life expectancy -----------------------------------------------------------------------------------------------

LIFE = "id integer, start_age integer, population bigint, deaths bigint"
AGES = (0, 1, *range(5, 95, 5))


def _chiang(bands: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Expectancy and standard error at every age, by numpy from the old end."""
    people, deaths = (np.array(column, dtype=float) for column in zip(*bands, strict=True))
    n = np.array([1, 4, *[5] * 17, np.nan])
    a = np.array([0.1, *[0.5] * 19])
    m = deaths / people
    q = n * m / (1 + n * (1 - a) * m)
    q[-1] = 1
    alive = np.concatenate([[1], np.cumprod(1 - q)[:-1]])
    lived = n * (alive - (1 - a) * alive * q)
    lived[-1] = alive[-1] / m[-1]
    e = np.cumsum(lived[::-1])[::-1] / alive
    var = np.divide(q**2 * (1 - q), deaths, out=np.zeros(20), where=deaths > 0)
    parts = var[:-1] * alive[:-1] ** 2 * ((1 - a[:-1]) * n[:-1] + e[1:]) ** 2
    parts = np.append(parts, alive[-1] ** 2 / (deaths[-1] * m[-1] ** 2))
    errors = np.sqrt(np.cumsum(parts[::-1])[::-1]) / alive
    return list(zip(e.tolist(), errors.tolist(), strict=True))


TABLE = st.lists(
    st.integers(400, 60_000).flatmap(lambda people: st.tuples(st.just(people), st.integers(0, people // 12))),
    min_size=20,
    max_size=20,
)


@settings(max_examples=8, deadline=None)
@given(st.lists(TABLE, min_size=1, max_size=3))
def test_life_expectancy_is_chiangs_with_silcocks_errors(areas: list[list[tuple[int, int]]]) -> None:
    areas = [[*bands[:-1], (bands[-1][0], max(1, bands[-1][1]))] for bands in areas]
    rows = [
        (number, age, *band)
        for number, bands in enumerate(areas)
        for age, band in reversed(list(zip(AGES, bands, strict=True)))
    ]
    found = sorted(run("life", LIFE, rows), key=lambda row: (row["id"], row["start_age"]))
    in_months = sorted(
        run("months", LIFE, [(number, age, 12 * people, deaths) for number, age, people, deaths in rows]),
        key=lambda row: (row["id"], row["start_age"]),
    )
    for number, bands in enumerate(areas):
        mine = found[20 * number : 20 * number + 20]
        assert [row["start_age"] for row in mine] == list(AGES)
        for index, (value, error) in enumerate(_chiang(bands)):
            assert math.isclose(mine[index]["expectancy"], value, rel_tol=1e-11)
            assert math.isclose(mine[index]["standard_error"], error, rel_tol=1e-11)
            assert math.isclose(in_months[20 * number + index]["expectancy"], value, rel_tol=1e-11)
            assert mine[index]["population"] == sum(people for people, _ in bands[index:])
            assert mine[index]["deaths"] == sum(deaths for _, deaths in bands[index:])
            # what is too uncertain to publish keeps its limits
            wide = 2 * 1.959963984540054 * error > 20
            assert mine[index]["value"] == (None if wide else mine[index]["expectancy"])


def test_what_life_expectancy_refuses() -> None:
    good: list[tuple[Any, ...]] = [(age, 1000, 10) for age in AGES]

    def but(*changed: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        ages = {row[0] for row in changed}
        return [row for row in good if row[0] not in ages] + list(changed)

    cases = [
        good[:-1],
        [*good, (90, 1, 1)],
        [*good[:-1], (85, 1000, 10)],
        but((40, None, 10)),
        but((40, 1000, None)),
        but((40, 0, 0)),
        but((40, 1000, -1)),
        but((40, 1000, 1001)),
        but((40, 1000, 400)),  # nobody would be left
        but((90, 1000, 0)),
        [(age, 249, 10) for age in AGES],  # 4,980 in all
        [(age, 250, 10) for age in AGES],
        but((40, 1000, 399)),
        but((0, 1000, 0), (90, 1000, 1000)),
    ]
    found = run("life", LIFE, [(number, *row) for number, rows in enumerate(cases) for row in rows])
    for number in range(len(cases)):
        values = [row[name] for row in found if row["id"] == number for name in ("expectancy", "standard_error")]
        assert len(values) == 40
        if number < 11:
            assert set(values) == {None}
            assert all(row["value"] is None for row in found if row["id"] == number)
        else:
            assert all(value > 0 for value in values)


# --- inequality ----------------------------------------------------------------------------------------------------

SLOPE = "id integer, quantile integer, population bigint, value double"
SHARES = st.lists(st.tuples(st.integers(1, 10**6), st.floats(0.01, 0.99)), min_size=5, max_size=5)


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Intercept and slope of Y sqrt(a) on sqrt(a) and b sqrt(a), by numpy."""
    people = np.array([population for population, _ in points], dtype=float)
    a = people / people.sum()
    b = np.cumsum(a) - a / 2
    root = np.sqrt(a)
    solved = np.linalg.lstsq(
        np.column_stack([root, b * root]), np.array([value for _, value in points]) * root, rcond=None
    )[0]
    return float(solved[0]), float(solved[1])


@settings(max_examples=20, deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=5))
def test_the_slope_is_the_weighted_least_squares_line(areas: list[list[tuple[int, float]]]) -> None:
    rows = [
        (number, place, *point) for number, points in enumerate(areas) for place, point in enumerate(points, start=1)
    ]
    answers = {name: run(f"slope_{name}", SLOPE, rows[::-1]) for name in ("none", "log", "logit")}
    for number, points in enumerate(areas):
        shapes: dict[str, tuple[Callable[[float], float], Callable[[float], float], int]] = {
            "none": (lambda y: y, lambda y: y, 1),
            "log": (math.log, math.exp, 1000),
            "logit": (lambda y: math.log(y / (1 - y)), lambda y: 1 / (1 + math.exp(-y)), 1),
        }
        for name, (forward, back, multiplier) in shapes.items():
            start, slope = _line([(people, forward(value)) for people, value in points])
            got = answers[name][number]
            low, high = back(start), back(start + slope)
            assert math.isclose(got["intercept"], multiplier * low, rel_tol=1e-6, abs_tol=1e-9)
            assert math.isclose(got["sii"], multiplier * (high - low), rel_tol=1e-6, abs_tol=1e-7)
            if abs(low) > 1e-3:
                assert math.isclose(got["rii"], high / low, rel_tol=1e-5, abs_tol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=5, max_size=5), st.floats(0.01, 0.99))
def test_equal_quantiles_have_no_slope(people: list[int], value: float) -> None:
    rows = [(0, place, population, value) for place, population in enumerate(people, start=1)]
    for name in ("none", "log", "logit"):
        (got,) = run(f"slope_{name}", SLOPE, rows)
        assert abs(got["sii"]) < 1e-9
        assert math.isclose(got["rii"], 1, rel_tol=1e-9)


def test_what_a_slope_refuses() -> None:
    good: list[tuple[Any, ...]] = [(place, 100, 0.1 * place) for place in range(1, 6)]
    cases = [
        good[:4],
        [*good, (5, 1, 0.5)],
        [*good[:4], (4, 100, 0.5)],
        [*good[:4], (5, 0, 0.5)],
        [*good[:4], (5, None, 0.5)],
        [*good[:4], (5, 100, None)],
        [*good[:4], (5, 100, 0.0)],
        [*good[:4], (5, 100, 1.0)],
    ]
    rows = [(number, *row) for number, group in enumerate(cases) for row in group]
    known = {"none": {6, 7}, "log": {7}, "logit": set()}
    for name, numbers in known.items():
        found = run(f"slope_{name}", SLOPE, rows)
        assert {row["id"] for row in found if row["sii"] is not None} == numbers
        assert {row["id"] for row in found if row["intercept"] is not None} == numbers


FIFTHS = [Quantile(1000 * n, 0.30 - 0.02 * n, 0.28 - 0.02 * n, 0.32 - 0.02 * n) for n in range(1, 6)]


def test_simulated_limits_are_those_of_a_normal_slope() -> None:
    """Without a transform the slope is normal: its deviation is known, and so are the limits, but for the draws."""
    found = simulated_limits(FIFTHS)
    again = simulated_limits(FIFTHS)
    assert found == again
    people = np.array([item.population for item in FIFTHS], dtype=float)
    a = people / people.sum()
    b = np.cumsum(a) - a / 2
    towards = a * (b - 0.5) / (a * (b - 0.5) ** 2).sum()
    deviation = math.sqrt(sum((part * 0.02 / 1.959963984540054) ** 2 for part in towards))
    slope = float(towards @ np.array([item.value for item in FIFTHS]))
    width = 2 * 1.959963984540054 * deviation
    assert math.isclose(found.sii_lower, slope - width / 2, abs_tol=0.01 * width)
    assert math.isclose(found.sii_upper, slope + width / 2, abs_tol=0.01 * width)
    assert found.rii_lower < 1 + slope / 0.3 < 1 < 1 / found.rii_upper
    scaled = simulated_limits(FIFTHS, multiplier=100)
    assert math.isclose(scaled.sii_lower, 100 * found.sii_lower, rel_tol=1e-12)
    assert scaled.rii_lower == found.rii_lower
    for transform in ("log", "logit"):
        limits = simulated_limits(FIFTHS, transform)
        assert limits.sii_lower < limits.sii_upper < 0 < limits.rii_lower < limits.rii_upper < 1


def test_without_width_the_simulated_limits_are_the_index() -> None:
    certain = [Quantile(item.population, item.value, item.value, item.value) for item in FIFTHS]
    found = simulated_limits(certain, "logit", draws=100)
    rows = [(0, place, item.population, item.value) for place, item in enumerate(certain, start=1)]
    (index,) = run("slope_logit", SLOPE, rows)
    assert math.isclose(found.sii_lower, index["sii"], rel_tol=1e-9)
    assert math.isclose(found.rii_upper, index["rii"], rel_tol=1e-9)


@pytest.mark.parametrize(
    ("quantile", "transform", "words"),
    [
        (None, "none", "two quantiles"),
        (Quantile(0, 0.2, 0.1, 0.3), "none", "no people"),
        (Quantile(10, 0.2, 0.3, 0.1), "none", "in order"),
        (Quantile(10, 0.2, math.nan, 0.3), "none", "in order"),
        (Quantile(10, 0.2, 0.0, 0.3), "log", "does not take"),
        (Quantile(10, 0.9, 0.8, 1.0), "logit", "does not take"),
    ],
)
def test_limits_that_cannot_be_simulated_are_refused(quantile: Quantile | None, transform: Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        simulated_limits([FIFTHS[0], *([quantile] if quantile else [])], transform)


# --- waits and follow-up with censoring ----------------------------------------------------------------------------

SURVIVAL = "id integer, days integer, ended integer, censored integer"
CASES = st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=1, max_size=40)


def _curve(cases: Sequence[tuple[int, bool]]) -> list[tuple[int, Fraction]]:
    """Kaplan and Meier by hand: (day, survival) of every day on which something ended or was censored."""
    found, survival = [], Fraction(1)
    for day in sorted({day for day, _ in cases}):
        at_risk = sum(other >= day for other, _ in cases)
        survival *= 1 - Fraction(sum(ended for other, ended in cases if other == day), at_risk)
        found.append((day, survival))
    return found


def _survival_rows(groups: Sequence[Sequence[tuple[int, bool]]]) -> list[tuple[int, int, int, int]]:
    return [(number, day, int(ended), int(not ended)) for number, cases in enumerate(groups) for day, ended in cases]


@settings(max_examples=20, deadline=None)
@given(st.lists(CASES, min_size=1, max_size=5))
@example([[(day, True) for day in range(49)], [(3, True), (3, False), (5, False)], [(4, False)], [(0, True)]])
def test_survival_waits_and_kept_outcomes_by_hand(groups: list[list[tuple[int, bool]]]) -> None:
    rows = _survival_rows(groups)
    curves: dict[int, list[dict[str, Any]]] = {}
    for row in run("curve", SURVIVAL, rows):
        curves.setdefault(row["id"], []).append(row)
    waits, kept = run("waits", SURVIVAL, rows), run("kept", SURVIVAL, rows)
    for number, cases in enumerate(groups):
        curve = _curve(cases)
        got = sorted(curves[number], key=lambda row: row["days"])
        assert [row["days"] for row in got] == [day for day, _ in curve]
        assert all(
            abs(Fraction(row["survival"]) - s) <= Fraction(1, 10**12) for row, (_, s) in zip(got, curve, strict=True)
        )
        for name, target in (("twice_days", Fraction(1, 2)), ("twice_days_90", Fraction(1, 10))):
            reached = [day for day, survival in curve if survival <= target]
            passed = [day for day, survival in curve if survival < target]
            level = any(survival == target for _, survival in curve)
            twice = None
            if reached:
                twice = reached[0] + (passed[0] if passed else reached[0]) if level else 2 * reached[0]
            assert waits[number][name] == twice
        if all(ended for _, ended in cases):
            assert waits[number]["twice_days"] == 2 * median(day for day, _ in cases)
        assert waits[number]["longest_days"] == max(day for day, _ in cases)
        share = min((survival for day, survival in curve if day <= 90), default=Fraction(1))
        mine = kept[number]
        if max(day for day, _ in cases) < 90 and share > 0:
            assert mine["maintained"] is mine["lower_limit"] is mine["upper_limit"] is None
            continue
        assert abs(Fraction(mine["maintained"]) - share) <= Fraction(1, 10**12)
        if 0 < share < 1:
            assert 0 <= mine["lower_limit"] <= mine["maintained"] + Decimal("1e-9")
            assert mine["maintained"] - Decimal("1e-9") <= mine["upper_limit"] <= 1
        else:
            assert mine["lower_limit"] is mine["upper_limit"] is None


def test_relapse_on_the_last_day_counts_and_followed_that_long_is_kept() -> None:
    """Day 89, 90 and 91 at a horizon of 90; with everybody followed that long it is the plain share."""
    groups = [[(day, True), *[(200, False)] * 3] for day in (89, 90, 91)] + [
        [(90, False), (50, True)],
        [(89, False), (50, True)],
        [(40, False), (50, True), (100, False)],
    ]
    found = run("kept", SURVIVAL, _survival_rows(groups))
    assert [row["maintained"] for row in found] == [
        Decimal("0.75"), Decimal("0.75"), 1, Decimal("0.5"), None, Decimal("0.5"),
    ]  # fmt: skip
    # Greenwood 1/(4*3), log(-log): 0.75^exp(+/-1.96 sqrt(1/12) / log 0.75)
    reach = math.exp(1.959963984540054 * math.sqrt(1 / 12) / -math.log(0.75))
    assert math.isclose(float(found[0]["lower_limit"]), 0.75**reach, abs_tol=1e-9)
    assert math.isclose(float(found[0]["upper_limit"]), 0.75 ** (1 / reach), abs_tol=1e-9)


def test_a_blank_or_negative_case_refuses_the_whole_group() -> None:
    bad = [(None, 1, 0), (-1, 1, 0), (3, None, 0), (3, 1, None), (3, -1, 2)]
    rows = [(number, *case) for number, case in enumerate(bad)] + [(number, 100, 1, 1) for number in range(6)]
    assert {row["id"] for row in run("curve", SURVIVAL, rows) if row["survival"] is not None} == {5}
    for name in ("waits", "kept"):
        found = run(name, SURVIVAL, rows)
        column = "twice_days" if name == "waits" else "maintained"
        assert [row[column] for row in found][:5] == [None] * 5
        assert found[5][column] is not None


def test_a_day_without_anybody_ends_nothing() -> None:
    (_, last) = run("curve", SURVIVAL, [(0, 5, 0, 2), (0, 9, 0, 0)])
    assert last["survival"] == 1
