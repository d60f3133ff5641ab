"""Achievement of a network's practices: the contract's rules; every practice gives something."""

from __future__ import annotations

from expectations.expectation import WARN, Expectation, Scope
from expectations.suites.common import contract_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission. A numerator above its denominator is the warehouse's to find: two rows."""
    return [
        *contract_rules(contract, scope),
        Expectation(
            "analysis.constant",
            WARN,
            "value",
            "ExpectColumnUniqueValueCountToBeBetween",
            {"column": "value", "min_value": 2},
            "Every practice has the same count.",
            minimum_values=6,
        ),
    ]
