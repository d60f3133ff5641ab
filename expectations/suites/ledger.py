"""The open book as the warehouse holds it: is every line whole? Plausibility only warns.

Not here: comparing its sums with the members' own files (`expectations.gate_checks.warehouse_arithmetic`).
"""

from __future__ import annotations

from collections.abc import Sequence

from expectations.expectation import ROW, TABLE, WARN, Expectation, Suite

_REQUIRED = (
    "agreement_id",
    "period_id",
    "member_id",
    "month",
    "line_id",
    "category",
    "amount_pence",
    "contract_reference",
    "funding_source",
    "vat_treatment",
    "submission_id",
)
# ten million pounds a line and month: nothing in the agreements comes near
_LARGE_PENCE = 1_000_000_000
INTEGERS = ("amount_pence",)


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
            "category",
            "ExpectColumnValuesToBeInSet",
            {"column": "category", "value_set": ["reimbursable_cost", "fee"]},
            "category is not a known code",
        ),
        Expectation(
            "row.pattern",
            ROW,
            "month",
            "ExpectColumnValuesToMatchRegex",
            {"column": "month", "regex": "^[0-9]{4}-(?:0[1-9]|1[0-2])$"},
            "month is not written as 2025-04",
        ),
        Expectation(
            "row.range",
            ROW,
            "amount_pence",
            "ExpectColumnValuesToBeBetween",
            {"column": "amount_pence", "min_value": 0},
            "an amount is negative",
        ),
        Expectation(
            "table.key_conflict",
            TABLE,
            None,
            "ExpectCompoundColumnsToBeUnique",
            {"column_list": ["agreement_id", "period_id", "member_id", "month", "line_id"]},
            "a line is there twice",
        ),
        Expectation(
            "row.range",
            WARN,
            "amount_pence",
            "ExpectColumnValuesToBeBetween",
            {"column": "amount_pence", "max_value": _LARGE_PENCE},
            "an amount is unusually large",
        ),
    ]
    return found


SUITE = Suite("ledger", lambda scope: build(), ())
