"""Checks of the gate on the small tables money depends on: the KPI return, the open book, one KPI's complete days.

Belongs here: `kpi_return.suite`, `ledger.suite` and the fitness check `kpi.complete_days`. Not here: recomputing
values (`expectations.gate_warehouse`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from expectations.expectation import ROW, TABLE, WARN, Expectation, Outcome
from expectations.judgement import Judgement, listed, run_check, verdict_on
from expectations.runner import run_suite
from expectations.suites import kpi_return as kpi_return_suite
from expectations.suites import ledger as ledger_suite
from expectations.verdicts import Context, Verdict


def _type_problems(table: Any, expectations: Sequence[Expectation], **kinds: Sequence[str]) -> list[str]:
    """Columns that are missing, or whose Arrow type is not the one agreed. Floating point is never agreed."""
    tests = {"decimals": pa.types.is_decimal, "integers": pa.types.is_integer, "dates": pa.types.is_date}
    needed = {item.column for item in expectations if item.column is not None}
    missing = sorted((needed | {name for names in kinds.values() for name in names}) - set(table.column_names))
    problems = [f"the column {name} is missing" for name in missing]
    for kind, names in kinds.items():
        for name in names:
            if name in missing:
                continue
            actual = table.schema.field(name).type
            if not tests[kind](actual) and not pa.types.is_null(actual):
                problems.append(f"{name} has the type {actual}")
    return problems


_MEND = "mend the model named and build again."
# Whose files a table is empty without: no model is at fault, so who reads "mend the model" would look for nothing.
_EMPTY = {
    "KPI return": "have the KPIs' feeds sent for the period, and the practice registers (pcn_register): figures of "
    "people are made for the days that those cover.",
    "ledger": "have the members send their cost ledgers for the period.",
}


def _suite_judgement(
    table: Any, expectations: Sequence[Expectation], identity: str, types: list[str], what: str, extra: list[str]
) -> Judgement:
    if types:
        return verdict_on(types, "", f"The {what} has not the columns agreed.", "mend the model and build again.", {})
    result = run_suite(expectations, table)
    names = table.column(identity).to_pylist()

    def told(outcome: Outcome) -> list[str]:
        rows = [str(names[position]) for position in outcome.rows] or [what]
        return [f"{row}: {outcome.expectation.message}" for row in rows]

    problems = [line for level in (ROW, TABLE) for outcome in result.failed(level) for line in told(outcome)] + extra
    warnings = [line for outcome in result.failed(WARN) for line in told(outcome)]
    if table.num_rows == 0:
        return verdict_on(
            [*problems, f"the {what} has no row"], "", f"The {what} has no row: nothing was counted for it.",
            _EMPTY.get(what, _MEND), {"rows": 0, "expectations": result.statistics(), "warnings": []},
        )  # fmt: skip
    return verdict_on(
        problems,
        f"All {table.num_rows} rows of the {what} are whole.",
        f"The {what} is not whole or contradicts itself.",
        _MEND,
        {"rows": table.num_rows, "expectations": result.statistics(), "warnings": listed(warnings)},
    )


def judge_kpi_return(table: Any) -> Judgement:
    """The KPI return is whole and consistent; an implausible value only warns."""
    expectations = kpi_return_suite.build()
    types = _type_problems(
        table,
        expectations,
        decimals=kpi_return_suite.DECIMALS,
        integers=kpi_return_suite.INTEGERS,
        dates=kpi_return_suite.DATES,
    )
    extra = (
        []
        if types
        else [f"{row['figure_id']}: {problem}" for row in table.to_pylist() for problem in _return_problems(row)]
    )
    return _suite_judgement(table, expectations, "figure_id", types, "KPI return", extra)


def _return_problems(row: Mapping[str, Any]) -> list[str]:
    """What contradicts itself in a row in a way no single expectation says."""
    problems = []
    if row["quality_status"] == "fit" and row["value"] is None:
        problems.append("fit without a value")
    if row["quality_status"] == "not_available" and row["value"] is not None:
        problems.append("not available with a value")
    if row["quality_status"] != "fit" and not row["quality_reason"]:
        problems.append("not fit without a reason")
    if row["value"] is not None and row["baseline_value"] is not None and row["level"] is None:
        problems.append("a value without a level")
    if (
        row["value"] is not None
        and row["value_decimals"] is not None
        and row["value"] != row["value"].quantize(Decimal(1).scaleb(-row["value_decimals"]), ROUND_HALF_UP)
    ):
        problems.append("the value has more decimals than agreed")
    return problems


def kpi_return_whole(context: Context, table: Any) -> Verdict:
    """Verdict `kpi_return.suite`."""
    return run_check(context, "kpi_return.suite", "integrity", "cut", lambda: judge_kpi_return(table))


def judge_ledger(table: Any) -> Judgement:
    """The open book is whole; an unusually large line only warns."""
    expectations = ledger_suite.build()
    types = _type_problems(table, expectations, integers=ledger_suite.INTEGERS)
    return _suite_judgement(table, expectations, "line_id", types, "ledger", [])


def ledger_whole(context: Context, table: Any) -> Verdict:
    """Verdict `ledger.suite`."""
    return run_check(context, "ledger.suite", "integrity", "cut", lambda: judge_ledger(table))


def judge_complete_days(row: Mapping[str, Any], max_missing_pct: Decimal) -> Judgement:
    """Whether a KPI's figure rests on enough complete days of a whole period to be paid on.

    row: one row of the KPI return. max_missing_pct: agreed share of covered days that may be incomplete,
    in percent. The row's own status must agree: two answers are no answer.
    """
    window, covered, missing = int(row["window_days"]), int(row["covered_days"]), int(row["missing_days"])
    problems = []
    if row["value"] is None:
        problems.append("there is no value")
    if covered < window:
        problems.append(f"the data cut covers {covered} of {window} days")
    if covered == 0 or Fraction(missing * 100, covered) > Fraction(max_missing_pct):
        problems.append(f"{missing} of {covered} days are incomplete, more than {max_missing_pct:f} % may not be")
    # too few people to pay on is agreed beforehand and says nothing about days
    complete = row["quality_status"] in ("fit", "too_small")
    if complete == bool(problems):
        problems.append(f"the KPI return says {row['quality_status']}")
    observed = {
        "value": row["value"],
        "window_days": window,
        "covered_days": covered,
        "missing_days": missing,
        "max_missing_pct": max_missing_pct,
        "quality_status": str(row["quality_status"]),
    }
    if problems:
        return Judgement(
            False,
            f"Not fit to pay on: {'; '.join(problems)}.",
            "the organisations that did not report deliver the missing days, or a cause is recorded.",
            observed,
            "the organisations that did not report",
        )
    return Judgement(True, f"{covered - missing} of {covered} days are complete.", "", observed)


def kpi_complete_days(context: Context, row: Mapping[str, Any], max_missing_pct: Decimal) -> Verdict:
    """Verdict `kpi.complete_days` of one KPI and period."""
    scope = f"{row['agreement_id']}/{row['kpi_id']}/{row['period_id']}"
    return run_check(context, "kpi.complete_days", "fitness", scope, lambda: judge_complete_days(row, max_missing_pct))
