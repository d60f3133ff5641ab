"""Invitations to NHS Health Checks: the rules for people; most who come do so within a year."""

from __future__ import annotations

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import days_at_most, person_rules
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        days_at_most("attended_on", "invited_on", 366, "The person came more than a year after the invitation."),
    ]
