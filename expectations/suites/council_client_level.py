"""Adult social care, client by client: the rules for people."""

from __future__ import annotations

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import person_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return person_rules(contract, scope)
