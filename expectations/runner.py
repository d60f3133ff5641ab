"""Putting a suite to Great Expectations: one pandas batch in memory, no file, no network.

Belongs here: the context, the batch, running, and turning GX's answers into outcomes. Not here: what is
expected (`expectations.suites`) or what a failure does (`expectations.intake`).

The batch is for judging only. Money in it is floating point, good enough for a range; what goes on to the
lake is the Arrow table. GX's answers hold values; only row positions and counts leave this module.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from expectations.expectation import Derived, Expectation, Outcome, SuiteResult
from foundation.errors import SystemFault

_BATCH = "submission"


@cache
def _batch_definition() -> Any:
    """One ephemeral context a process; it lives in memory and reports to nobody."""
    # read by GX when it is imported
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("memory")
    return source.add_dataframe_asset(_BATCH).add_batch_definition_whole_dataframe(_BATCH)


def _series(values: list[Any], kind: Any) -> Any:
    """A numpy-backed pandas series: type-dependent expectations fail on Arrow-backed ones."""
    import pandas as pd

    if pa.types.is_date(kind):
        return pd.Series(pd.to_datetime(values), dtype="datetime64[us]")
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return pd.Series([float("nan") if value is None else float(value) for value in values], dtype="float64")
    return pd.Series(values, dtype="object")


def _derive(table: Any, derived: Derived) -> Any:
    columns = [table.column(name).to_pylist() for name in derived.columns]
    if derived.kind == "difference":
        values = [
            None if any(value is None for value in row) else row[0] - sum(row[1:]) for row in zip(*columns, strict=True)
        ]
        return _series(values, pa.float64())
    kind = table.schema.field(derived.columns[0]).type
    if derived.kind == "where":
        return _series(
            [value if other == derived.equals else None for value, other in zip(*columns, strict=True)], kind
        )
    low, high = derived.low, derived.high
    return _series(
        [
            value if value is not None and (low is None or low <= value) and (high is None or value <= high) else None
            for value in columns[0]
        ],
        kind,
    )


def frame_of(table: Any, expectations: Sequence[Expectation]) -> Any:
    """The pandas batch of an Arrow table: its columns (but `row_number`) and the derived ones the suite needs."""
    import pandas as pd

    columns = {
        name: _series(table.column(name).to_pylist(), table.schema.field(name).type)
        for name in table.column_names
        if name != "row_number"
    }
    for item in expectations:
        if item.derived is not None and item.derived.name not in columns:
            columns[item.derived.name] = _derive(table, item.derived)
    return pd.DataFrame(columns)


def _argument(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (the batch's dates carry no zone)
    if isinstance(value, (list, tuple)):
        return [_argument(item) for item in value]
    return value


def _validate(frame: Any, numbered: Sequence[tuple[int, Expectation]], result_format: str) -> dict[int, Any]:
    """GX's result of each expectation by its number."""
    import great_expectations as gx
    import great_expectations.expectations as catalogue

    made = [
        getattr(catalogue, item.kind)(
            **{name: _argument(value) for name, value in item.arguments.items()}, meta={"number": number}
        )
        for number, item in numbered
    ]
    # given at once: adding them one by one compares each with all before it
    suite = gx.ExpectationSuite(name=_BATCH, expectations=made)
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    answer = batch.validate(suite, result_format={"result_format": result_format})
    asked = dict(numbered)
    found = {}
    for result in answer.results:
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


def run_suite(expectations: Sequence[Expectation], table: Any) -> SuiteResult:
    """Outcomes of every expectation on an Arrow table.

    A first pass only asks yes or no; only what failed is asked again for its rows. Raises SystemFault when a
    check itself breaks: the data are not blamed.
    """
    _batch_definition()
    frame = frame_of(table, expectations)
    asked = [
        (number, item)
        for number, item in enumerate(expectations)
        if item.minimum_values == 0 or (item.column is not None and frame[item.column].count() >= item.minimum_values)
    ]
    if not asked:
        return SuiteResult((), len(expectations))
    first = _validate(frame, asked, "BOOLEAN_ONLY")
    failing = [(number, item) for number, item in asked if not first[number].success]
    detailed = _validate(frame, failing, "COMPLETE") if failing else {}
    outcomes = []
    for number, item in asked:
        if first[number].success:
            outcomes.append(Outcome(item, True))
            continue
        result = detailed[number].result
        rows = tuple(sorted(int(position) for position in result.get("unexpected_index_list") or ()))
        outcomes.append(Outcome(item, False, rows, int(result.get("unexpected_count") or len(rows))))
    return SuiteResult(tuple(outcomes), len(expectations) - len(asked))
