"""What holds for any feed about people: nearly all have a number, and all are born before things happen to them.

Belongs here: expectations on the columns that stand for a person, as far as a feed has them. Not here: what a
contract declares (`common`), what one feed alone expects, whether a token is one and agrees with its status
(`ingest.identity.tokenise`).

Plausibility only warns, and always about shares or rows: no message holds a token.
"""

from __future__ import annotations

from decimal import Decimal

from expectations.expectation import ROW, WARN, Derived, Expectation, Scope
from expectations.suites.common import contract_rules, share
from ingest.contract import Contract

# more than one row in twenty without a valid number: linkage by number alone would lose too many
_LEAST_VALID = Decimal("0.95")


def born_before(contract: Contract) -> list[Expectation]:
    """Nothing happens to a person before the month of birth."""
    event = contract.custom.eventColumn
    if "birth_month" not in contract.column_names or contract.by_name[event].kind != "date":
        return []
    derived = Derived(f"days:{event}:birth_month", "days_since_month", (event, "birth_month"))
    return [
        Expectation(
            "row.cross_field",
            ROW,
            event,
            "ExpectColumnValuesToBeBetween",
            {"column": derived.name, "min_value": 0},
            "The row contradicts itself: the person was not yet born.",
            derived,
        )
    ]


def mostly_numbered(contract: Contract) -> list[Expectation]:
    """Nearly everybody has a valid NHS number."""
    if "nhs_number_status" not in contract.column_names:
        return []
    return [
        share(
            "nhs_number_status",
            "ExpectColumnValuesToBeInSet",
            ["valid"],
            _LEAST_VALID,
            "analysis.number_missing",
            "More than 5 % of the rows have no valid NHS number.",
        )
    ]


def rarely(column: str, value: str, at_most: Decimal, message: str) -> Expectation:
    """A value that is there more often than in any service of its kind is a fault of the extract until explained."""
    return share(
        column, "ExpectColumnValuesToNotBeInSet", [value], Decimal(1) - at_most, "analysis.share_unusual", message
    )


def one_person(contract: Contract) -> list[Expectation]:
    """A person token has one month of birth, and a match token one person token."""
    found = []
    for key, value, message in (
        ("person_token", "birth_month", "One person token has several months of birth."),
        ("match_token", "person_token", "One match token has several person tokens."),
    ):
        if not {key, value} <= set(contract.column_names):
            continue
        derived = Derived(f"per {key}:{value}", "distinct_per", (key, value))
        found.append(
            Expectation(
                "analysis.person_conflict",
                WARN,
                key,
                "ExpectColumnValuesToBeBetween",
                {"column": derived.name, "max_value": 1},
                message,
                derived,
            )
        )
    return found


def days_at_most(later: str, earlier: str, most: int, message: str) -> Expectation:
    """Two days lie at most so many days apart; more is possible and unlikely."""
    derived = Derived(f"days:{later}:{earlier}", "days", (later, earlier))
    return Expectation(
        "analysis.unlikely",
        WARN,
        later,
        "ExpectColumnValuesToBeBetween",
        {"column": derived.name, "max_value": most},
        message,
        derived,
    )


def person_rules(contract: Contract, scope: Scope) -> list[Expectation]:
    """The contract's rules and those for people."""
    return [
        *contract_rules(contract, scope),
        *born_before(contract),
        *mostly_numbered(contract),
        *one_person(contract),
    ]
