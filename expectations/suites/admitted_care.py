"""Hospital spells: the rules for people, long stays and delays, and nobody is admitted after dying."""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import WARN, Derived, Expectation, Scope
from expectations.suites.persons import days_at_most, person_rules, rarely
from ingest.contract import Contract

_DIED = "79"


def _after_death() -> Expectation:
    derived = Derived(
        "days after death",
        "days_after_latest",
        ("admission_date", "person_token", "discharge_date", "discharge_destination"),
        equals=_DIED,
    )
    return Expectation(
        "analysis.event_after_death",
        WARN,
        "admission_date",
        "ExpectColumnValuesToBeBetween",
        {"column": derived.name, "max_value": 0},
        "The patient is admitted after a discharge as died.",
        derived,
    )


def build(contract: Contract, scope: Scope) -> list[Expectation]:
    """Expectations for one submission."""
    return [
        *person_rules(contract, scope),
        _after_death(),
        days_at_most("discharge_date", "discharge_ready_date", 180, "The discharge was delayed by more than 180 days."),
        days_at_most("discharge_date", "admission_date", 730, "The stay lasted more than two years."),
        rarely("discharge_destination", _DIED, Decimal("0.20"), "More than a fifth of the spells end in death."),
    ]
