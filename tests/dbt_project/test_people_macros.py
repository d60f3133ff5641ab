"""Macros and constant tables of person-level figures against the obvious way to compute them."""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dbt_lake import PROJECT
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbt_project.inline import MARK, compile_statements

INLINE = f"""
{MARK}middle
select * from ({{{{ median_of_counts('given', ['id']) }}}}) as medians
{MARK}standardised
select * from ({{{{ dsr_sums('given', ['id'], time_units=12) }}}}) as sums
{MARK}quantile
select id, {{{{ student_t_quantile('id', 'cast(null as double)') }}}} as beyond from given
{MARK}years
select id, {{{{ whole_years('born', 'today') }}}} as years from given
{MARK}london
select id, {{{{ london_seconds('day', 'clock', 'told', 'earliest') }}}} as earliest,
    {{{{ london_seconds('day', 'clock', 'told', 'latest') }}}} as latest from given
"""


@cache
def statements() -> dict[str, str]:
    """The statements above, compiled by dbt with the project's macros, once a process."""
    return compile_statements(INLINE)


def run(name: str, columns: str, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """The answers of one compiled statement on given rows, in the order of their id."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"create table given ({columns})")
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
        connection.execute(f"insert into given values {marks}", [value for row in rows for value in row])
        found: list[dict[str, Any]] = connection.sql(statements()[name]).to_arrow_table().to_pylist()
    return sorted(found, key=lambda row: row["id"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=30), min_size=1, max_size=8))
@example([[3], [3, 4], [3, 3, 4, 9], [0, 0, 1], [1, 2, 3, 4, 5]])
def test_the_median_of_counts_is_the_middle(groups: list[list[int]]) -> None:
    rows = [(number, amount, cases) for number, waits in enumerate(groups) for amount, cases in Counter(waits).items()]
    found = run("middle", "id integer, amount bigint, cases bigint", rows)
    assert [(row["twice_median"], row["cases"]) for row in found] == [
        (int(2 * median(waits)), len(waits)) for waits in groups
    ]


BANDS = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 40000), st.integers(1, 7000)), min_size=1, max_size=19)


@settings(max_examples=25, deadline=None)
@given(st.lists(BANDS, min_size=1, max_size=6))
@example([[(0, 12, 1000)], [(5, 0, 1000), (5, 60, 1000)]])
def test_a_standardised_rate_is_the_weighted_sum_of_its_bands(groups: list[list[tuple[int, int, int]]]) -> None:
    """Sum of w * 12 x / person-months, and of its squares; a band without anybody makes both blank."""
    rows = [
        (number, events, 3 * events, months, weight)
        for number, bands in enumerate(groups)
        for events, months, weight in bands
    ]
    columns = "id integer, band_events bigint, band_squares bigint, band_population bigint, band_weight integer"
    for bands, got in zip(groups, run("standardised", columns, rows), strict=True):
        assert got["events"] == sum(events for events, _, _ in bands)
        assert got["weights"] == sum(weight for _, _, weight in bands)
        assert got["empty_bands"] == sum(months == 0 for _, months, _ in bands)
        if got["empty_bands"]:
            assert got["rate_sum"] is None
            assert got["variance_sum"] is None
            continue
        rate = sum(Fraction(12 * weight * events, months) for events, months, weight in bands)
        variance = sum(Fraction(144 * weight**2 * 3 * events, months**2) for events, months, weight in bands)
        assert abs(Fraction(got["rate_sum"]) - rate) <= Fraction(len(bands), 10**18)
        assert abs(Fraction(got["variance_sum"]) - variance) <= Fraction(len(bands), 10**18)


def test_the_expansion_of_students_t_has_the_tables_digits() -> None:
    """Beyond the table the expansion; within it nothing but the table."""
    stats = pytest.importorskip("scipy.stats")
    degrees = [2, 1000, 1001, 1500, 5000, 100_000]
    found = run("quantile", "id bigint", [(number,) for number in degrees])
    for number, row in zip(degrees, found, strict=True):
        if number <= 1000:
            assert row["beyond"] is None
        else:
            assert abs(row["beyond"] - stats.t.ppf(0.975, number)) < 1e-11


@settings(max_examples=25, deadline=None)
@given(st.dates(date(1890, 1, 1), date(2030, 1, 1)), st.dates(date(1990, 1, 1), date(2030, 1, 1)))
@example(date(1959, 6, 1), date(2024, 5, 1))
@example(date(1959, 6, 1), date(2024, 6, 1))
def test_age_turns_in_the_month_of_birth(born: date, today: date) -> None:
    born, today = born.replace(day=1), today.replace(day=1)
    (row,) = run("years", "id integer, born date, today date", [(0, born, today)])
    months = (today.year - born.year) * 12 + today.month - born.month
    assert row["years"] == max(0, min(120, months // 12))


def test_the_tables_of_constants_are_what_their_generators_make() -> None:
    lines = (PROJECT / "seeds/poisson_limits.csv").read_text(encoding="utf-8").splitlines()
    generator = runpy.run_path(str(PROJECT / "seeds/generate_poisson_limits.py"))
    assert len(lines) == 2 + generator["LAST"]
    for events in (0, 1, 2, 9, 10, 29, 30, 31, 999, 10_000):
        limits = [text for level in generator["CONFIDENCES"] for text in generator["limits"](events, level)]
        assert lines[events + 1] == ",".join([str(events), *limits])
    student = runpy.run_path(str(PROJECT / "seeds/generate_student_t.py"))
    wide = (PROJECT / "seeds/student_t_999.csv").read_text(encoding="utf-8").splitlines()
    assert len(wide) == 1 + student["LAST"]
    for degrees in (1, 2, 3, 30, 1000):
        assert wide[degrees] == f"{degrees},{student['quantile'](degrees, Decimal('0.998'))}"


def test_the_exact_limits_agree_with_another_library() -> None:
    stats = pytest.importorskip("scipy.stats")
    lines = (PROJECT / "seeds/poisson_limits.csv").read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    for line in [*lines[1:60], *lines[100::211]]:
        row = dict(zip(names, line.split(","), strict=True))
        events = int(row["events"])
        for level, tail in (("95", 0.025), ("99_8", 0.001)):
            lower = stats.gamma.ppf(tail, events) if events else 0
            assert abs(float(row[f"lower_{level}"]) - lower) <= 1e-10 * (1 + lower)
            upper = stats.gamma.isf(tail, events + 1)
            assert abs(float(row[f"upper_{level}"]) - upper) <= 1e-10 * upper


def test_ages_fall_into_the_bands_of_the_standard_population() -> None:
    """19 bands that add up to 100,000; each age in exactly one, each group in whole years."""
    bands = [line.split(",") for line in _seed("european_standard_population")]
    assert [int(band[1]) for band in bands] == list(range(1, 20))
    assert sum(int(band[2]) for band in bands) == 100_000
    ages = {int(age): (band, group) for age, band, group in (line.split(",") for line in _seed("age_bands"))}
    assert list(ages) == list(range(121))
    assert [ages[age][0] for age in (0, 4, 5, 64, 65, 89, 90, 120)] == [
        "0-4", "0-4", "5-9", "60-64", "65-69", "85-89", "90+", "90+",
    ]  # fmt: skip
    assert {band for band, _ in ages.values()} == {band[0] for band in bands}
    edges = {17: "0-17", 18: "18-39", 39: "18-39", 40: "40-64", 64: "40-64", 65: "65-74", 74: "65-74", 75: "75-84"}
    assert {age: ages[age][1] for age in edges} == edges
    assert (ages[84][1], ages[85][1]) == ("75-84", "85-over")


def _seed(name: str) -> list[str]:
    return (PROJECT / f"seeds/{name}.csv").read_text(encoding="utf-8").splitlines()[1:]


def _seconds_in_london(day: date, clock: str) -> tuple[int | None, int | None]:
    """Earliest and latest reading of a time of day, by the table of time zones; none in an hour that never was."""
    found = []
    for fold in (0, 1):
        local = datetime.combine(day, time.fromisoformat(clock)).replace(fold=fold, tzinfo=ZoneInfo("Europe/London"))
        moment = local.astimezone(UTC)
        if moment.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
            return None, None
        found.append(round((moment - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()))
    return found[0], found[1]


def test_times_in_london_are_those_of_the_table_of_time_zones() -> None:
    """DER-17: every day of forty years at the seconds on both sides of a change, and the changes themselves."""
    clocks = ("00:59:59", "01:00:00", "01:59:59", "02:00:00")
    days = [date(2000, 1, 1) + timedelta(days=number) for number in range(40 * 365)]
    rows = [(number * 4 + place, day, clock) for number, day in enumerate(days) for place, clock in enumerate(clocks)]
    import duckdb
    import pyarrow as pa

    columns = ("id", "day", "clock")
    given = pa.table({name: [row[place] for row in rows] for place, name in enumerate(columns)})
    with duckdb.connect() as connection:
        connection.register("sent", given)
        connection.execute("create table given as select *, cast(null as varchar) as told from sent")
        found = {row[0]: row[1:] for row in connection.sql(statements()["london"]).fetchall()}
    assert found == {number: _seconds_in_london(day, clock) for number, day, clock in rows}
    twice = [number for number, (first, last) in found.items() if first != last]
    never = [number for number, (first, _) in found.items() if first is None]
    assert len(twice) == len(never) == 2 * 40


@pytest.mark.parametrize(
    ("clock", "told", "expected"),
    [
        ("01:30:00", "+01:00", (0, 0)),
        ("01:30:00", "+00:00", (3600, 3600)),
        ("01:30:00", None, (0, 3600)),
        ("00:30:00", "+00:00", (-3600, -3600)),
        ("02:30:00", "+01:00", (7200, 7200)),
        (None, "+01:00", (None, None)),
    ],
)
def test_an_offset_decides_in_the_hour_that_comes_twice_alone(
    clock: str | None, told: str | None, expected: tuple[int | None, int | None]
) -> None:
    """DER-17: in seconds from the first 01:30 of 27 October 2024; other hours say themselves when they are."""
    columns = "id integer, day date, clock varchar, told varchar"
    (row,) = run("london", columns, [(1, date(2024, 10, 27), clock, told)])
    first = round((datetime(2024, 10, 27, 0, 30, tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds())
    assert tuple(None if row[name] is None else row[name] - first for name in ("earliest", "latest")) == expected
