"""Adult social care, client by client: the rules for people; a service says what it is."""

from __future__ import annotations

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import never_blank, person_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        never_blank("service_type", "event_type", "Service", "The row contradicts itself: a service has no type."),
    ]
