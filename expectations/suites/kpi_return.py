"""The KPI return, the settlement engine's only view of performance: is every row whole and consistent?

Implausible is not wrong: a game-breaking value lies outside what was ever seen, on purpose, so plausibility
only warns. Not here: recomputing the values (`expectations.gate_checks.warehouse_arithmetic`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from expectations.expectation import ROW, TABLE, WARN, Expectation, Suite

_REQUIRED = (
    "figure_id",
    "agreement_id",
    "kpi_id",
    "period_id",
    "period_kind",
    "period_start",
    "period_end",
    "measurement_start",
    "measurement_end",
    "indicator_id",
    "indicator_version",
    "area_code",
    "value_decimals",
    "unit",
    "interval_method",
    "polarity",
    "quality_status",
    "window_days",
    "covered_days",
    "missing_days",
    "data_cut_status",
    "payable_from",
    "population_basis",
    "data_cut_id",
)
_CODES = {
    "period_kind": ("month", "quarter", "year"),
    "polarity": ("low", "high"),
    "level": ("failure", "poor", "minimum", "stretch", "game_breaking"),
    "quality_status": ("fit", "withheld", "not_available", "too_small"),
    "data_cut_status": ("flex", "freeze"),
    "population_basis": ("resident", "registered", "caseload", "cohort"),
}
# Arrow types by column: GX's own type expectations fail on Arrow-backed columns, so the schema is compared
DECIMALS = ("value", "numerator", "denominator", "lower", "upper", "baseline_value")
INTEGERS = ("indicator_version", "value_decimals", "window_days", "covered_days", "missing_days")
DATES = ("period_start", "period_end", "measurement_start", "measurement_end", "data_complete_as_at", "payable_from")


def build() -> Sequence[Expectation]:
    """Expectations on the whole table."""
    found = [
        Expectation("row.required", ROW, name, "ExpectColumnValuesToNotBeNull", {"column": name}, f"{name} is blank")
        for name in _REQUIRED
    ]
    found += [
        Expectation(
            "row.code",
            ROW,
            name,
            "ExpectColumnValuesToBeInSet",
            {"column": name, "value_set": list(values)},
            f"{name} is not a known code",
        )
        for name, values in _CODES.items()
    ]
    ordered = (
        ("period_end", "period_start"),
        ("measurement_end", "measurement_start"),
        ("window_days", "covered_days"),
        ("covered_days", "missing_days"),
        ("upper", "lower"),
    )
    found += [
        Expectation(
            "row.cross_field",
            ROW,
            larger,
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": larger, "column_B": smaller, "or_equal": True, "ignore_row_if": "either_value_is_missing"},
            f"{larger} is below {smaller}",
        )
        for larger, smaller in ordered
    ]
    found += [
        Expectation(
            "row.range",
            ROW,
            "value_decimals",
            "ExpectColumnValuesToBeBetween",
            {"column": "value_decimals", "min_value": 0, "max_value": 9},
            "value_decimals is not 0 to 9",
        ),
        Expectation(
            "row.range",
            ROW,
            "missing_days",
            "ExpectColumnValuesToBeBetween",
            {"column": "missing_days", "min_value": 0},
            "missing_days is negative",
        ),
        Expectation(
            "table.key_conflict",
            TABLE,
            "figure_id",
            "ExpectColumnValuesToBeUnique",
            {"column": "figure_id"},
            "a figure id is there twice",
        ),
        Expectation(
            "row.range",
            WARN,
            "value",
            "ExpectColumnValuesToBeBetween",
            {"column": "value", "min_value": Decimal(0), "max_value": Decimal(1_000_000)},
            "a value is outside anything ever published for such a KPI",
        ),
    ]
    return found


SUITE = Suite("kpi_return", lambda scope: build(), ())
