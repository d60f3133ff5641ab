"""The arithmetic macros against exact fractions: what is rounded, what is averaged, what is a limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from statistics import median
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from synthetic_place import half_up

from dbt_project.inline import MARK, compile_statements

INLINE = f"""
{MARK}rounded
select id, {{{{ round_half_up('n', 'd', 'places') }}}} as by_column, {{{{ round_half_up('n', 'd', 1) }}}} as to_one,
    {{{{ exact_quotient('n', 'd', 9) }}}} as nine from given
{MARK}middle
{{{{ median('given', 'n', ['places']) }}}}
{MARK}wilson
select id, {{{{ wilson_limit('lower', 'n', 'd') }}}} as lower_limit,
    {{{{ wilson_limit('upper', 'n', 'd') }}}} as upper_limit
from given
{MARK}over
select id, {{{{ over_limit('n', 'd', 'limit_pct') }}}} as above, {{{{ plain_number('limit_pct') }}}} as plain from given
{MARK}divided
select id, {{{{ integer_divide('n', 'd') }}}} as whole from given
{MARK}days
select day from ({{{{ day_spine('bounds', 'first_day', 'last_day') }}}}) as spine
{MARK}months
select id, {{{{ distinct_months('day') }}}} as months from given group by id
"""


@cache
def statements() -> dict[str, str]:
    """The statements above, compiled by dbt with the project's macros, once a process."""
    return compile_statements(INLINE)


def run(name: str, columns: str, rows: Sequence[Sequence[Any]], table: str = "given") -> list[dict[str, Any]]:
    """The answers of one compiled statement on given rows, in the order of their id."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"create table {table} ({columns})")
        if rows:
            marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
            connection.execute(f"insert into {table} values {marks}", [value for row in rows for value in row])
        found: list[dict[str, Any]] = connection.sql(statements()[name]).to_arrow_table().to_pylist()
    return sorted(found, key=lambda row: row.get("id", 0))


SIGNED = st.decimals(min_value=-(10**10), max_value=10**10, places=9, allow_nan=False, allow_infinity=False)
QUOTIENTS = st.lists(st.tuples(SIGNED, SIGNED, st.integers(0, 9)), min_size=1, max_size=40)
# ties at every precision and either sign, and the neighbours of ties
TIES = [
    (Decimal(sign * (10 * step + 5)), Decimal(10 ** (places + 1)), places)
    for places in range(10)
    for step in (0, 1, 44)
    for sign in (1, -1)
]


@settings(max_examples=15, deadline=None)
@given(QUOTIENTS)
@example(TIES)
@example([(Decimal(2009), Decimal(20), 1), (Decimal(9), Decimal(0), 1), (Decimal(-1), Decimal(3), 9)])
@example([(Decimal("2.25"), Decimal(1), 1), (Decimal("-2.25"), Decimal(1), 1), (Decimal("2.249999999"), Decimal(1), 1)])
def test_quotients_are_rounded_once_half_away_from_zero(rows: list[tuple[Decimal, Decimal, int]]) -> None:
    rows = [(n, d, places) for n, d, places in rows if d == 0 or abs(Fraction(n) / Fraction(d)) < 10**10]
    found = run(
        "rounded",
        "id integer, n decimal(20, 9), d decimal(20, 9), places integer",
        [(number, *row) for number, row in enumerate(rows)],
    )
    for (n, d, places), got in zip(rows, found, strict=True):
        if d == 0:
            assert got["by_column"] is got["to_one"] is got["nine"] is None
            continue
        quotient = Fraction(n) / Fraction(d)
        assert got["by_column"] == half_up(quotient, places)
        assert got["to_one"] == half_up(quotient, 1)
        assert got["nine"] == half_up(quotient, 9)
        assert got["by_column"].as_tuple().exponent == -9


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(SIGNED, st.integers(0, 3)), min_size=1, max_size=30))
def test_the_median_is_the_middle(rows: list[tuple[Decimal, int]]) -> None:
    found = run("middle", "n decimal(20, 9), places integer", rows)
    expected: dict[int, list[Fraction]] = {}
    for value, group in rows:
        expected.setdefault(group, []).append(Fraction(value))
    assert {row["places"]: row["median"] for row in found} == {
        group: half_up(median(values), 9) for group, values in expected.items()
    }


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=40))
@example([(0, 0), (0, 10), (10, 10), (11, 10), (15, 60)])
def test_wilson_limits_enclose_the_share_and_mirror(rows: list[tuple[int, int]]) -> None:
    """Limits of x and of n - x mirror each other; beyond n there is no proportion."""
    pairs = [pair for x, n in rows for pair in ((x, n), (n - x, n))]
    found = run("wilson", "id integer, n integer, d integer", [(number, *pair) for number, pair in enumerate(pairs)])
    for index in range(0, len(pairs), 2):
        (x, n), got, mirror = pairs[index], found[index], found[index + 1]
        if n == 0 or x > n:
            assert got["lower_limit"] is got["upper_limit"] is None
            continue
        assert 0 <= got["lower_limit"] <= Decimal(x) / n + Decimal("1e-8")
        assert Decimal(x) / n - Decimal("1e-8") <= got["upper_limit"] <= 1
        assert abs(got["lower_limit"] + mirror["upper_limit"] - 1) <= Decimal("2e-9")
        z2 = 1.959963984540054**2
        centre = (x + z2 / 2) / (n + z2)
        assert math.isclose((got["lower_limit"] + got["upper_limit"]) / 2, centre, abs_tol=2e-9)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 400), st.integers(1, 400), st.decimals(min_value=0, max_value=100, places=2, allow_nan=False)
        ),
        min_size=1,
        max_size=40,
    )
)
@example([(3, 30, Decimal("10.00")), (4, 30, Decimal("10.00")), (1, 8, Decimal("12.50")), (1, 3, Decimal("33.33"))])
def test_exactly_at_the_limit_is_not_above_it(rows: list[tuple[int, int, Decimal]]) -> None:
    found = run(
        "over",
        "id integer, n bigint, d bigint, limit_pct decimal(5, 2)",
        [(number, *row) for number, row in enumerate(rows)],
    )
    for (missing, covered, limit), got in zip(rows, found, strict=True):
        assert got["above"] == (Fraction(missing, covered) > Fraction(limit) / 100)
        assert Decimal(got["plain"]) == limit
        assert not got["plain"].endswith(".0")
        assert not ("." in got["plain"] and got["plain"].endswith("0"))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**18), st.integers(1, 10**12)), min_size=1, max_size=40))
def test_whole_division_rounds_down(rows: list[tuple[int, int]]) -> None:
    found = run("divided", "id integer, n bigint, d bigint", [(number, *row) for number, row in enumerate(rows)])
    assert [int(row["whole"]) for row in found] == [n // d for n, d in rows]


@settings(max_examples=20, deadline=None)
@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 1, 1)), st.integers(0, 800))
def test_the_day_spine_has_every_day_once(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    found = run("days", "first_day date, last_day date", [(first, last)], table="bounds")
    assert sorted(row["day"] for row in found) == [first + timedelta(days=number) for number in range(length + 1)]


MONTHS = st.builds(date, st.integers(2000, 2099), st.integers(1, 12), st.just(1))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), MONTHS), min_size=1, max_size=60))
@example([(1, date(2000, 1, 1)), (1, date(2099, 12, 1)), (1, date(2000, 1, 1)), (2, date(2099, 12, 1))])
def test_months_are_counted_once(rows: list[tuple[int, date]]) -> None:
    found = run("months", "id integer, day date", rows)
    assert {row["id"]: row["months"] for row in found} == {
        number: len({day for other, day in rows if other == number}) for number, _ in rows
    }


def test_a_month_outside_the_century_is_refused() -> None:
    """A wrong answer would let somebody stand twice."""
    import duckdb

    for day in (date(1999, 12, 1), date(2100, 1, 1)):
        with pytest.raises(duckdb.Error):
            run("months", "id integer, day date", [(1, day)])
