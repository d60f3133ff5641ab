"""Expectations about a large table, answered by Arrow in one pass over all rows; Great Expectations sees a sample.

Belongs here: which expectations Arrow can answer, its answers, and the rows Great Expectations is shown to say the same
(docs/adr/0017). Not here: the asking (`expectations.runner`) and what is expected (`expectations.suites`).

What Arrow might read otherwise than Great Expectations does is not answered here: decimals, which GX compares as
floating point, and patterns that Python's and Arrow's engines may understand differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.batch import derive
from expectations.expectation import Expectation, Outcome

# tables with fewer rows are put to Great Expectations whole
MANY_ROWS = 20_000
# rows shown to Great Expectations: of each end of the table, and of those each expectation says are wrong
_OF_EACH_END, _OF_THE_WRONG = 500, 100
# no classes such as \d, no look-around, no flags: what is left means the same to both engines
_SAME_TO_BOTH = re.compile(r"(?:[^\\(]|\((?:\?:|(?!\?)))*")


@dataclass(frozen=True)
class Answer:
    """What became of one expectation, and the positions of the rows that hold a wrong value, in order."""

    outcome: Outcome
    wrong: Any


def answers(table: Any, numbered: Sequence[tuple[int, Expectation]]) -> dict[int, Answer]:
    """Answers by number; an expectation that cannot be answered here has none.

    Of keys only one answer is given: that no two rows have the same. Which rows share one is for GX to say.
    """
    found = {}
    columns: dict[str, Any] = {}
    for number, item in numbered:
        if item.kind in _KEYS:
            if _is_a_key(table, item):
                found[number] = Answer(Outcome(item, True), np.array([], dtype="int64"))
        elif item.kind in _KINDS:
            name = str(item.arguments["column"])
            if name not in columns:
                columns[name] = derive(table, item.derived) if item.derived is not None else table.column(name)
            column = columns[name]
            wrong = _KINDS[item.kind](column, item.arguments)
            if wrong is not None:
                rows = np.flatnonzero(wrong.to_numpy())
                found[number] = Answer(_outcome(item, column, rows), rows)
    return found


def shown(rows: int, given: Iterable[Answer]) -> list[int]:
    """Positions of the rows that Great Expectations is shown, in order."""
    chosen = {*range(min(_OF_EACH_END, rows)), *range(max(rows - _OF_EACH_END, 0), rows)}
    for answer in given:
        chosen.update(answer.wrong[:_OF_THE_WRONG].tolist())
    return sorted(chosen)


def of_rows(item: Expectation) -> Expectation:
    """The same expectation without its share, so that it names the rows that are wrong."""
    return replace(item, arguments={name: value for name, value in item.arguments.items() if name != "mostly"})


def _outcome(item: Expectation, column: Any, rows: Any) -> Outcome:
    if "mostly" in item.arguments and len(rows):
        # a share is about the table: no row by itself breaks it
        filled = len(column) - column.null_count
        enough = Fraction(filled - len(rows), filled) >= Fraction(item.arguments["mostly"])
        return Outcome(item, enough, (), len(rows))
    return Outcome(item, not len(rows), tuple(rows.tolist()), len(rows))


# which values are wrong; None where Arrow cannot say ------------------------------------------------------------------


def _blank(column: Any, arguments: Mapping[str, Any]) -> Any:
    return None if "mostly" in arguments else column.is_null()


def _outside_set(column: Any, arguments: Mapping[str, Any]) -> Any:
    held = _in_set(column, arguments)
    return None if held is None else pc.and_(column.is_valid(), pc.invert(held))


def _inside_set(column: Any, arguments: Mapping[str, Any]) -> Any:
    held = _in_set(column, arguments)
    return None if held is None else pc.and_(column.is_valid(), held)


def _in_set(column: Any, arguments: Mapping[str, Any]) -> Any:
    values = arguments["value_set"]
    if not pa.types.is_string(column.type) or not all(isinstance(value, str) for value in values):
        return None
    return pc.is_in(column, pa.array(sorted(values), pa.string()))


def _unlike(column: Any, arguments: Mapping[str, Any]) -> Any:
    if not pa.types.is_string(column.type) or not _SAME_TO_BOTH.fullmatch(arguments["regex"]):
        return None
    return pc.invert(pc.fill_null(pc.match_substring_regex(column, arguments["regex"]), True))


def _outside_limits(column: Any, arguments: Mapping[str, Any]) -> Any:
    plain = pa.types.is_date32(column.type) or pa.types.is_integer(column.type)
    if not plain or not set(arguments) <= {"column", "min_value", "max_value", "mostly"}:
        return None
    wrong = pa.chunked_array([pa.array(np.zeros(len(column), dtype=bool))])
    for name, compare in (("min_value", pc.less), ("max_value", pc.greater)):
        limit = arguments.get(name)
        if limit is not None:
            if isinstance(limit, (float, Decimal)) or isinstance(limit, date) != pa.types.is_date32(column.type):
                return None
            wrong = pc.or_(wrong, pc.fill_null(compare(column, pa.scalar(limit, column.type)), False))
    return wrong


def _is_a_key(table: Any, item: Expectation) -> bool:
    """Whether no row lacks a part of the key and no two rows have the same one."""
    names = _KEYS[item.kind](item.arguments)
    if set(item.arguments) - {"column", "column_list"} or any(table.column(name).null_count for name in names):
        return False
    # most keys hold a column that tells rows apart by itself
    if any(pc.count_distinct(table.column(name)).as_py() == table.num_rows for name in reversed(names)):
        return True
    return bool(pa.TableGroupBy(table.select(names), names, use_threads=False).aggregate([]).num_rows == table.num_rows)


_KINDS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "ExpectColumnValuesToNotBeNull": _blank,
    "ExpectColumnValuesToBeInSet": _outside_set,
    "ExpectColumnValuesToNotBeInSet": _inside_set,
    "ExpectColumnValuesToMatchRegex": _unlike,
    "ExpectColumnValuesToBeBetween": _outside_limits,
}
_KEYS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "ExpectCompoundColumnsToBeUnique": lambda arguments: list(arguments["column_list"]),
    "ExpectColumnValuesToBeUnique": lambda arguments: [str(arguments["column"])],
}
