"""Registered deaths: the rules for people; most have a valid number and about half are in hospital."""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import person_rules, rarely
from ingest.contract import Contract


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        rarely("place_of_death", "other", Decimal("0.15"), "More than 15 % of the deaths are at another place."),
        rarely("external_or_neonatal", "Y", Decimal("0.15"), "More than 15 % of the deaths are external or neonatal."),
    ]
