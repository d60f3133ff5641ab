"""Long-term conditions at a quarter's end: the rules for people, and pressures as people have them.

A reading outside what a person can live with takes the row out: the contract's range says so.
"""

from __future__ import annotations

from expectations.expectation import WARN, Derived, Expectation, Scope
from expectations.suites.persons import person_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        Expectation(
            "analysis.unlikely",
            WARN,
            "systolic",
            "ExpectColumnValuesToBeBetween",
            {"column": "difference:pressure", "min_value": 1},
            "The systolic pressure is not above the diastolic.",
            Derived("difference:pressure", "difference", ("systolic", "diastolic")),
        ),
    ]
