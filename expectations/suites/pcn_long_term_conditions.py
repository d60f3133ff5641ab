"""Long-term conditions at a quarter's end: the rules for people; a pressure has two readings and a day.

A reading outside what a person can live with takes the row out: the contract's range says so.
"""

from __future__ import annotations

from expectations.expectation import WARN, Derived, Expectation, Scope
from expectations.suites.persons import person_rules, together
from ingest.contract import Contract

_WHOLE = "The row contradicts itself: a blood pressure has two readings and a day."


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        together("systolic", "diastolic", _WHOLE),
        together("systolic", "last_bp_on", _WHOLE),
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
