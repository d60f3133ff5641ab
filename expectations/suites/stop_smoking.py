"""Quit attempts: the rules for people; too many lost to follow-up says that nobody followed up."""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import days_at_most, person_rules, rarely
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission. The share of lost attempts is national: about a quarter, rarely half."""
    return [
        *person_rules(contract, scope),
        rarely("outcome", "lost", Decimal("0.50"), "More than half of the attempts were lost to follow-up."),
        days_at_most("follow_up_date", "quit_date", 90, "The follow-up came more than 90 days after the quit date."),
    ]
