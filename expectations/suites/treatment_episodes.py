"""Treatment episodes: the rules for people, and consent: without it a row identifies nobody."""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import Expectation, Scope
from expectations.suites.persons import days_at_most, never_filled, person_rules, rarely
from ingest.contract import Contract

# what a row without consent may not carry; the client's own reference is kept to tell rows apart
_WITHHELD = ("person_token", "match_token", "nhs_number_status", "birth_month", "sex", "substance", "triage_date")
# an episode this long is more often one that nobody closed
_LONG_DAYS = 5 * 365


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        *(
            never_filled(
                name,
                "consent",
                "N",
                "The row has no consent and carries more than the agency and its client reference.",
            )
            for name in _WITHHELD
        ),
        rarely("consent", "N", Decimal("0.25"), "More than a quarter of the clients gave no consent."),
        rarely("discharge_reason", "died", Decimal("0.10"), "More than a tenth of the discharges are deaths."),
        days_at_most("discharge_date", "triage_date", _LONG_DAYS, "The episode lasted more than five years."),
    ]
