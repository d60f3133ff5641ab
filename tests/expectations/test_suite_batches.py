"""A batch of distinct values says of every row what a batch of rows says; computed columns are what they promise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people_deliveries import COVERS, MAKERS, Row, file_of, first_sender

from expectations import by_value, in_one_pass, runner
from expectations.batch import derive, series
from expectations.expectation import ROW, TABLE, WARN, Derived, Expectation, Scope, SuiteResult
from expectations.runner import run_suite
from expectations.suites import suite_of
from foundation.errors import SystemFault
from ingest.conform import conform
from ingest.contract import load_contracts
from ingest.read import read_csv

CONTRACTS = load_contracts()


def rule(kind: str, column: str, level: Any = ROW, **arguments: Any) -> Expectation:
    return Expectation("row.code", level, column, kind, {"column": column, **arguments}, "said")


SUITE = [
    rule("ExpectColumnValuesToNotBeNull", "text"),
    rule("ExpectColumnValuesToBeInSet", "text", value_set=["a", "b"]),
    rule("ExpectColumnValuesToNotBeInSet", "text", value_set=["b"]),
    rule("ExpectColumnValuesToMatchRegex", "text", regex="^[ab]$"),
    rule("ExpectColumnValuesToBeBetween", "number", min_value=2, max_value=5),
    rule("ExpectColumnValuesToBeBetween", "amount", min_value=Decimal("0.10"), max_value=Decimal("0.30")),
    rule("ExpectColumnValuesToBeBetween", "day", min_value=date(2024, 4, 2), max_value=date(2024, 4, 4)),
    rule("ExpectColumnValuesToNotBeNull", "day"),
    rule("ExpectColumnValuesToBeInSet", "text", WARN, value_set=["a"], mostly=Decimal("0.5")),
    rule("ExpectColumnValuesToBeUnique", "number", TABLE),
    Expectation(
        "row.code", WARN, "text", "ExpectColumnUniqueValueCountToBeBetween", {"column": "text", "min_value": 2}, "m"
    ),
]
_ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "a", "b", "c", ""]),
        st.sampled_from([None, 1, 2, 5, 6]),
        st.sampled_from([None, Decimal("0.10"), Decimal("0.30"), Decimal("0.31")]),
        st.sampled_from([None, *(date(2024, 4, day) for day in range(1, 6))]),
    ),
    min_size=1,
    max_size=14,
)


def told(result: SuiteResult) -> list[tuple[Any, ...]]:
    return [
        (place, item.success, item.rows, item.unexpected if item.rows else None)
        for place, item in enumerate(result.outcomes)
    ]


def both_ways(suite: Sequence[Expectation], table: Any) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """In one pass; by value, with nothing remembered and then with everything; and row by row."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_value, "_KNOWN", {})
        patch.setattr(in_one_pass, "MANY_ROWS", 0)
        in_one = told(run_suite(suite, table))
        patch.undo()
        patch.setattr(by_value, "_KNOWN", {})
        first = told(run_suite(suite, table))
        assert in_one == first
        assert told(run_suite(suite, table)) == first
        patch.setattr(by_value, "_REMEMBERED", 0)
        assert told(run_suite(suite, table)) == first
        patch.setattr(by_value, "OF_ONE_VALUE", frozenset())
        return first, told(run_suite(suite, table))


@settings(max_examples=12, deadline=None)
@given(rows=_ROWS, copies=st.integers(2, 4))
def test_distinct_values_are_judged_as_rows_are(rows: list[tuple[Any, ...]], copies: int) -> None:
    many = rows * copies
    kinds = {"text": pa.string(), "number": pa.int64(), "amount": pa.decimal128(18, 2), "day": pa.date32()}
    table = pa.table(
        {name: pa.array([row[place] for row in many], kind) for place, (name, kind) in enumerate(kinds.items())}
    )
    values, by_row = both_ways(SUITE, table)
    assert values == by_row
    texts = [row[0] for row in many]
    assert by_row[0] == (0, None not in texts, *_rows(texts, lambda text: text is None))
    assert by_row[1][2] == _rows(texts, lambda text: text is not None and text not in ("a", "b"))[0]


def _rows(values: list[Any], wrong: Any) -> tuple[tuple[int, ...], int | None]:
    found = tuple(place for place, value in enumerate(values) if wrong(value))
    return found, len(found) or None


@pytest.mark.parametrize("feed", sorted(MAKERS))
def test_every_suite_says_the_same_both_ways(feed: str) -> None:
    contract = CONTRACTS[feed]
    sender = first_sender(contract)
    rows: list[Row] = []
    for number in range(8):
        for row in MAKERS[feed](sender):
            rows.append(
                {**row, contract.key[-1]: row[contract.key[-1]] if number == 0 else f"Z9{number}{len(rows):03d}"}
            )
    for place, row in enumerate(rows):
        # something wrong here and there
        name = contract.judged_columns[1:][place % (len(contract.judged_columns) - 1)]
        if place % 3 == 0 and name in row and contract.by_name[name].kind == "string":
            row[name] = ""
    layout = contract.custom.senders[sender].layout
    table = conform(read_csv(file_of(contract, sender, rows), "x.csv", contract, layout), contract).table
    table = table.select(["row_number", *contract.judged_columns])
    first, last = (date.fromisoformat(day) for day in COVERS[feed])
    values, by_row = both_ways(suite_of(contract).build(Scope(sender, first, last, layout)), table)
    assert values == by_row
    assert any(not item[1] for item in by_row)


def _large(wrong_every: int) -> Any:
    rows = in_one_pass.MANY_ROWS + 1
    return pa.table({"text": pa.array(["b" if row % wrong_every == 7 else "a" for row in range(rows)])})


def test_great_expectations_sees_a_sample_of_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = runner.frame_of

    def frame_of(table: Any, expectations: Sequence[Expectation]) -> Any:
        seen.append(table.num_rows)
        return whole(table, expectations)

    monkeypatch.setattr(by_value, "OF_ONE_VALUE", frozenset())
    monkeypatch.setattr(runner, "frame_of", frame_of)
    table = _large(wrong_every=1000)
    result = run_suite([rule("ExpectColumnValuesToBeInSet", "text", value_set=["a"])], table)
    wrong = tuple(range(7, table.num_rows, 1000))
    assert result.outcomes[0].rows == wrong
    # a thousand from the ends, and what is wrong elsewhere
    assert seen == [1000 + sum(500 <= row < table.num_rows - 500 for row in wrong)]


@pytest.mark.parametrize("lie", [[], [3], list(range(1007, 20_001, 1000))])
def test_a_pass_that_says_otherwise_than_great_expectations_stops_the_run(
    lie: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(column: Any, arguments: Any) -> Any:
        return pa.chunked_array([pa.array([row in lie for row in range(len(column))])])

    monkeypatch.setitem(in_one_pass._KINDS, "ExpectColumnValuesToBeInSet", lying)
    with pytest.raises(SystemFault, match="pass over all rows disagree"):
        run_suite([rule("ExpectColumnValuesToBeInSet", "text", value_set=["a"])], _large(wrong_every=1000))


@pytest.mark.parametrize(("pattern", "same"), [(r"^[a-z](?:-[0-9])?$", True), (r"^\d$", False), (r"^(?=a)a$", False)])
def test_a_pattern_that_two_engines_may_read_differently_is_left_to_great_expectations(
    pattern: str, same: bool
) -> None:
    table = pa.table({"text": pa.array(["a", None, "7"])})
    found = in_one_pass.answers(table, [(0, rule("ExpectColumnValuesToMatchRegex", "text", regex=pattern))])
    assert (0 in found) == same


def column(kind: Any, *values: Any) -> Any:
    return pa.chunked_array([pa.array(values, kind)])


def test_series_are_numpy_backed_and_keep_blanks() -> None:
    day = date(2024, 4, 1)
    assert series(column(pa.date32(), day, None)).isna().tolist() == [False, True]
    assert series(column(pa.int64(), 3, None)).dtype == "float64"
    assert series(column(pa.decimal128(20, 9), Decimal("0.1"), None)).tolist()[0] == 0.1
    assert series(column(pa.string(), "a", None)).tolist() == ["a", None]
    assert series(pa.nulls(2)).tolist() == [None, None]
    assert len(series(column(pa.string()))) == 0


def derived(kind: Any, table: Any, *columns: str, **more: Any) -> list[Any]:
    found: list[Any] = derive(table, Derived("d", kind, columns, **more)).to_pylist()
    return found


def test_computed_columns() -> None:
    day = date(2024, 4, 1)
    table = pa.table(
        {
            "key": column(pa.string(), "p", "p", "q", None, "q"),
            "value": column(pa.string(), "1950-01", "1950-02", "1960-13", None, None),
            "flag": column(pa.string(), "79", "19", "79", "79", None),
            "day": column(pa.date32(), day, day + timedelta(days=9), None, day, day),
            "other": column(pa.date32(), day - timedelta(days=1), None, day, day, day),
            "a": column(pa.int64(), 5, None, 3, 10**18, 1),
            "b": column(pa.int64(), 2, 1, 3, -(10**18), 0),
        }
    )
    assert derived("days", table, "day", "other") == [1, None, None, 0, 0]
    born = [(day - date(1950, 1, 1)).days, (day - date(1950, 2, 1)).days + 9, None, None, None]
    assert derived("days_since_month", table, "day", "value") == born
    assert derived("filled_with", table, "value", "flag") == ["filled 79", "filled 19", "filled 79", "blank 79", None]
    assert derived("filled_both", table, "value", "day")[1:4] == ["filled filled", "filled blank", "blank filled"]
    assert derived("distinct_per", table, "key", "value") == [2, 2, 1, None, 1]
    after = derived("days_after_latest", table, "other", "key", "day", "flag", equals="79")
    assert after == [-1, None, None, None, None]
    assert derived("difference", table, "a", "b") == [3, None, 0, 2 * 10**18, 1]
    assert derived("where", table, "a", "flag", equals="79") == [5, None, 3, 10**18, None]
    assert derived("between", table, "day", low=day, high=day) == [day, None, None, day, day]
    none = table.slice(0, 0)
    for kind, columns in (("distinct_per", ("key", "value")), ("days_after_latest", ("other", "key", "day", "flag"))):
        assert derived(kind, none, *columns, equals="79") == []


_KEYS = st.lists(st.tuples(st.sampled_from([None, "p", "q", "r"]), st.sampled_from([None, "x", "y", "z"])), max_size=12)


@given(_KEYS)
def test_values_of_a_key_are_counted_once(rows: list[tuple[str | None, str | None]]) -> None:
    table = pa.table(
        {
            "key": column(pa.string(), *(row[0] for row in rows)),
            "value": column(pa.string(), *(row[1] for row in rows)),
        }
    )
    seen: dict[str | None, set[str]] = {}
    for key, value in rows:
        if value is not None:
            seen.setdefault(key, set()).add(value)
    wanted = [len(seen[key]) if key is not None and key in seen else None for key, _ in rows]
    assert derived("distinct_per", table, "key", "value") == wanted
