"""Daily discharge return: what the contract declares, and what a hospital's day plausibly looks like.

A day without its figure, or with zero, is never refused: it is missing and counts as missing. The sender is
told, because telling is what gets it filled in.
"""

from __future__ import annotations

from expectations.expectation import WARN, Expectation, Scope
from expectations.suites.common import contract_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission; the measures a layout is expected to bring are looked at more closely."""
    found = contract_rules(contract, scope)
    for name in contract.custom.layouts[scope.layout].expects:
        found += [
            Expectation(
                "analysis.not_reported",
                WARN,
                name,
                "ExpectColumnValuesToNotBeNull",
                {"column": name},
                "The day has no figure and counts as missing.",
            ),
            Expectation(
                "analysis.zero",
                WARN,
                name,
                "ExpectColumnValuesToBeBetween",
                {"column": name, "min_value": 1},
                "The day shows zero and counts as missing.",
            ),
            Expectation(
                "analysis.constant",
                WARN,
                name,
                "ExpectColumnUniqueValueCountToBeBetween",
                {"column": name, "min_value": 2},
                "Every day shows the same figure.",
                minimum_values=10,
            ),
        ]
    return found
