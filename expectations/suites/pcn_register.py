"""Register of a network's patients: the rules for people; a network without patients is a failed export."""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import Expectation, Scope
from expectations.suites.common import some_rows
from expectations.suites.persons import person_rules, rarely
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        some_rows("The register names no patient."),
        rarely("sex", "9", Decimal("0.02"), "More than 2 % of the rows have no known sex."),
    ]
