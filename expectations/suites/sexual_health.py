"""Attendances at a sexual health clinic: the contract's rules, and what is plausible at such a clinic.

Never linked: nothing here looks at who a patient is beyond the clinic's own pseudonym.
"""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import WARN, Expectation, Scope
from expectations.suites.common import contract_rules
from expectations.suites.persons import rarely
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *contract_rules(contract, scope),
        Expectation(
            "analysis.unlikely",
            WARN,
            "age",
            "ExpectColumnValuesToBeBetween",
            {"column": "age", "min_value": 13, "max_value": 90},
            "The age is unusual for a sexual health clinic.",
        ),
        rarely("gender", "3", Decimal("0.20"), "More than a fifth of the rows have no stated gender."),
    ]
