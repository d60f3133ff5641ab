"""Small areas of a place: the contract's rules; a rank of deprivation belongs to one area."""

from __future__ import annotations

from expectations.expectation import WARN, Expectation, Scope
from expectations.suites.common import contract_rules, some_rows
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *contract_rules(contract, scope),
        some_rows("The table names no area."),
        Expectation(
            "analysis.unlikely",
            WARN,
            "imd_rank",
            "ExpectColumnValuesToBeUnique",
            {"column": "imd_rank"},
            "Two areas have the same rank of deprivation.",
        ),
    ]
