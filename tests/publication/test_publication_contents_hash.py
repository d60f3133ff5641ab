"""The hash of what a DuckDB file holds: long tables are written by the engine, others value by value, to one end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publication import warehouse

TEXTS = (
    st.none() | st.text(max_size=6) | st.sampled_from(['"', "\\", "a\nb", "\x00", "\x1f", "\x7f", "é", "😀", "null"])
)
DAYS = st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31))
ROWS = st.lists(st.tuples(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1), DAYS, TEXTS), max_size=12)


def _written(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute('create table t ("a ""b" varchar, n bigint, d date, c varchar)')
        for row in rows:
            connection.execute("insert into t values (?, ?, ?, ?)", list(row))
    return path


def _slowly(rows: Sequence[Sequence[Any]]) -> str:
    """The definition, in so many words."""
    shape = [
        "t",
        "table",
        None,
        [['a "b', "VARCHAR", None], ["n", "BIGINT", None], ["d", "DATE", None], ["c", "VARCHAR", None]],
    ]
    lines = [
        json.dumps([value.isoformat() if isinstance(value, date) else value for value in row], ensure_ascii=False)
        for row in rows
    ]
    return sha256("\n".join([json.dumps(shape), *sorted(lines, key=str.encode)]).encode()).hexdigest()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("contents") / "t.duckdb"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, longest=st.sampled_from([-1, 100_000]))
@example(rows=[("ab", 1, date(2024, 2, 29), None), ('a"', -1, None, "x"), ("", 0, date(1, 1, 1), "")], longest=-1)
@example(
    rows=[(None, None, None, None), ("z", 2**63 - 1, date(9999, 12, 31), "é"), ("z", -(2**63), None, "é")], longest=-1
)
def test_long_and_short_tables_have_one_hash(
    path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[Any, ...]], longest: int
) -> None:
    monkeypatch.setattr(warehouse, "_LONG", longest)
    assert warehouse.contents_hash(_written(path, rows)) == _slowly(rows)


def test_a_long_table_is_written_by_the_engine_unless_something_has_to_be_escaped(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the test above would compare one way with itself."""
    monkeypatch.setattr(warehouse, "_LONG", -1)
    columns = [('a "b', "VARCHAR", None), ("n", "BIGINT", None), ("d", "DATE", None), ("c", "VARCHAR", None)]
    for text, plain in (("é", True), ("\x7f", True), ('"', False), ("\\", False), ("\x1f", False), ("\x00", False)):
        _written(path, [(text, 1, None, "c")])
        with warehouse._opened(path) as connection:
            assert (warehouse._plain_lines(connection, "t", columns) is not None) == plain, repr(text)
            assert warehouse._plain_lines(connection, "t", [*columns, ("c", "DOUBLE", None)]) is None
