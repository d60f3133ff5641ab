"""Treatment episodes: the rules for people, and how often consent is withheld."""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import days_at_most, person_rules, rarely
from ingest.contract import Contract

# an episode this long is more often one that nobody closed
_LONG_DAYS = 5 * 365


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        rarely("consent", "N", Decimal("0.25"), "More than a quarter of the clients gave no consent."),
        rarely("discharge_reason", "died", Decimal("0.10"), "More than a tenth of the discharges are deaths."),
        days_at_most("discharge_date", "triage_date", _LONG_DAYS, "The episode lasted more than five years."),
    ]
