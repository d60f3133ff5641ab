"""Referrals to community services: the rules for people; a wait of more than two years is rarely one."""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import days_at_most, person_rules, rarely
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        days_at_most("first_contact_on", "referred_on", 730, "The first contact came more than two years later."),
        rarely("urgent", "Y", Decimal("0.60"), "More than 60 % of the referrals are urgent."),
    ]
