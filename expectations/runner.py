"""Putting a suite to Great Expectations: pandas batches in memory, no file, no network.

Belongs here: the context, the batches, running, and turning GX's answers into outcomes.
Not here: what is expected (`expectations.suites`), what a batch is made of (`expectations.batch`) or what a
failure does (`expectations.intake`).

Two kinds of batch: values that were not judged before (`expectations.by_value`), and rows where an expectation looks
at several columns or at the whole table. GX's answers hold values; only positions and counts leave this module.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from expectations import in_one_pass as one_pass
from expectations.batch import derive, series
from expectations.by_value import ByValue, Question
from expectations.expectation import Expectation, Outcome, SuiteResult, columns_of
from expectations.in_one_pass import Answer
from expectations.put_off import put_off
from foundation.errors import SystemFault

_BATCH = "submission"
# a third of the seconds in which GX is imported; it draws with the one and tests distributions with the other
_NEVER_ASKED = ("altair", "scipy.stats")
# values of a question that is put beside others of its size
_SHORT = 2_000


@cache
def _context() -> Any:
    """One ephemeral context a process; it lives in memory and reports to nobody."""
    # read by GX when it is imported
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with put_off(_NEVER_ASKED):
        import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def get_ready() -> None:
    """Load Great Expectations, which takes seconds, before it is needed."""
    _context()


def _chosen(expectations: Sequence[Expectation], table: Any) -> list[str]:
    """Columns of the table that some expectation looks at, in the order of the table."""
    asked: set[str] = set()
    for item in expectations:
        asked.update(columns_of(item))
    return [name for name in table.column_names if name in asked]


def frame_of(table: Any, expectations: Sequence[Expectation]) -> Any:
    """The pandas batch of an Arrow table: the columns the expectations look at, and the derived ones they need."""
    import pandas as pd

    columns = {name: series(table.column(name)) for name in _chosen(expectations, table)}
    for item in expectations:
        if item.derived is not None and item.derived.name not in columns:
            columns[item.derived.name] = series(derive(table, item.derived))
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _argument(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (the batch's dates carry no zone)
    if isinstance(value, (list, tuple)):
        return [_argument(item) for item in value]
    return value


def _validate(frame: Any, numbered: Sequence[tuple[int, Expectation]], result_format: str) -> dict[int, Any]:
    """GX's result of each expectation by its number.

    The frame is given to GX's engine as it is. By way of a data source it would be hashed twice, for a fingerprint that
    nobody reads: half of the cost of a large file.
    """
    import great_expectations.expectations as catalogue
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.validator.validator import Validator

    made = [
        getattr(catalogue, item.kind)(
            **{name: _argument(value) for name, value in item.arguments.items()}, meta={"number": number}
        ).configuration
        for number, item in numbered
    ]
    engine = PandasExecutionEngine()
    engine.load_batch_data(_BATCH, frame)
    answer = Validator(execution_engine=engine, data_context=_context()).graph_validate(
        configurations=made, runtime_configuration={"result_format": {"result_format": result_format}}
    )
    asked = dict(numbered)
    found = {}
    for result in answer:
        number = result.expectation_config.meta["number"]
        if (result.exception_info or {}).get("raised_exception") or any(
            isinstance(info, dict) and info.get("raised_exception") for info in (result.exception_info or {}).values()
        ):
            raise SystemFault(
                f"the expectation {asked[number].kind} for {asked[number].rule} could not be evaluated.",
                "this is a fault of the check, not of the data: report it with the name of the feed.",
            )
        found[number] = result
    if set(found) != set(asked):
        raise SystemFault("Great Expectations left an expectation without a result.", "report it with the feed's name.")
    return found


def _enough(item: Expectation, table: Any) -> bool:
    if item.minimum_values == 0:
        return True
    if item.column is None:
        return False
    column = table.column(item.column)
    return int(len(column) - column.null_count) >= item.minimum_values


def _failing(frame: Any, numbered: Sequence[tuple[int, Expectation]]) -> dict[int, Any]:
    """GX's complete result of each expectation that fails, by number.

    A first pass only asks yes or no; only what failed is asked again for its rows, without the columns no longer in
    question: GX hashes every column it is given.
    """
    first = _validate(frame, numbered, "BOOLEAN_ONLY")
    failing = [(number, item) for number, item in numbered if not first[number].success]
    if not failing:
        return {}
    names = {name for _, item in failing for name in columns_of(item)}
    narrow = frame[[name for name in frame.columns if name in names]]
    return {number: found.result for number, found in _validate(narrow, failing, "COMPLETE").items()}


def _positions(result: Mapping[str, Any]) -> list[int]:
    return sorted(int(position) for position in result.get("unexpected_index_list") or ())


def _answer(questions: Mapping[str, Question]) -> dict[str, list[int]]:
    """Positions of the values that fail, by question. Short and long questions stand in a batch of their own."""
    found: dict[str, list[int]] = {}
    for long in (False, True):
        keys = [key for key, question in questions.items() if (len(question) > _SHORT) == long]
        if not keys:
            continue
        frame = _side_by_side([questions[key].values for key in keys])
        numbered = [
            (
                number,
                Expectation(
                    questions[key].rule,
                    "row",
                    None,
                    questions[key].kind,
                    {**questions[key].arguments, "column": str(number)},
                    "",
                ),
            )
            for number, key in enumerate(keys)
        ]
        for number, result in _failing(frame, numbered).items():
            # shorter columns repeat their last value down to the end
            found[keys[number]] = [at for at in _positions(result) if at < len(questions[keys[number]])]
    return found


def _side_by_side(arrays: Sequence[Any]) -> Any:
    """A pandas frame with a column for each array, named by its number; shorter ones repeat their last value."""
    import pandas as pd

    length = np.arange(max(len(array) for array in arrays))
    return pd.DataFrame(
        {
            str(number): series(array.take(pa.array(np.minimum(length, len(array) - 1))))
            for number, array in enumerate(arrays)
        }
    )


def run_suite(expectations: Sequence[Expectation], table: Any) -> SuiteResult:
    """Outcomes of every expectation on an Arrow table, in the order of the suite.

    Of a large table Great Expectations sees a sample where one pass over all rows has the answer; both must say the
    same of every row shown. Raises SystemFault when a check itself breaks: the data are not blamed.
    """
    asked = [(number, item) for number, item in enumerate(expectations) if _enough(item, table)]
    found = outcomes(asked, table, in_one_pass=table.num_rows > one_pass.MANY_ROWS)
    return SuiteResult(tuple(found[number] for number, _ in asked), len(expectations) - len(asked))


def outcomes(
    asked: Sequence[tuple[int, Expectation]], table: Any, *, in_one_pass: bool, agreed: int | None = None
) -> dict[int, Outcome]:
    """Outcome of each expectation by its number.

    in_one_pass: Great Expectations sees a sample where one pass over all rows has the answer. agreed: where it has seen
    a sample of other rows of the same file before, it sees another one only if more rows than this are wrong.
    """
    _context()
    found = {}
    if in_one_pass:
        answers = one_pass.answers(table, asked)
        if agreed is None or sum(len(answer.wrong) for answer in answers.values()) > agreed:
            _require_agreement(answers, table)
        found = {number: answer.outcome for number, answer in answers.items()}
    found.update(_put([(number, item) for number, item in asked if number not in found], table))
    return found


def _require_agreement(answers: Mapping[int, Answer], table: Any) -> None:
    """Put the expectations that one pass answered to Great Expectations, on a sample of the rows."""
    rows = one_pass.shown(table.num_rows, answers.values())
    numbered = [(number, one_pass.of_rows(answer.outcome.expectation)) for number, answer in answers.items()]
    said = _put(numbered, table.take(pa.array(rows)))
    for number, item in numbered:
        wrong = np.flatnonzero(np.isin(rows, answers[number].wrong)).tolist()
        if list(said[number].rows) != wrong or said[number].success != (not wrong):
            raise SystemFault(
                f"Great Expectations and the pass over all rows disagree about {item.rule} ({item.kind}).",
                "this is a fault of the check, not of the data: report it with the name of the feed.",
            )


def _put(asked: Sequence[tuple[int, Expectation]], table: Any) -> dict[int, Outcome]:
    """Great Expectations' outcomes by number: of distinct values where a value is judged by itself, else of rows."""
    by_value = ByValue(table, asked)
    found = by_value.outcomes(_answer(by_value.questions))
    by_row = [(number, item) for number, item in asked if number not in by_value.numbers]
    if by_row:
        failing = _failing(frame_of(table, [item for _, item in by_row]), by_row)
        for number, item in by_row:
            result = failing.get(number)
            rows = () if result is None or "mostly" in item.arguments else tuple(_positions(result))
            count = 0 if result is None else int(result.get("unexpected_count") or len(rows))
            found[number] = Outcome(item, result is None, rows, count)
    return found
