"""The numbers a settlement counts: how many of something the KPI return holds, and whether the gate lets it count.

Belongs here: reading the numerator of a KPI of the role `counted`. Not here: what one of it is worth (`rate_card`,
`activity`), scores (`score`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.figures import figure_id
from settlement.exact import exact
from settlement.gate_record import GateEntry
from settlement.statement import Given
from settlement.terms import Terms
from settlement.terms_parts import Kpi

# What a figure that may not count is called in a step.
NOT_COUNTED = {
    "forfeit": "forfeited, so none count",
    "withhold": "withheld until its cause is recorded",
    "neutral": "does not count in this period",
}


@dataclass(frozen=True)
class Count:
    """The number of a KPI, and the gate's action. `people`: the denominator, where the KPI return holds one.

    number is None unless the action is `pay`.
    """

    action: str
    number: Given | None
    people: Fraction | None


def read_count(terms: Terms, kpi: Kpi, entry: GateEntry, row: Mapping[str, Any]) -> Count:
    """The numerator of a counted KPI, exact, 0 or more. Refused when the gate lets it pay and it is none."""
    if entry.is_agreed_neutral:
        raise Refused(
            f"the gate leaves {kpi.id} out because its numbers are small, and what is counted is never too small.",
            "judge the gate again with the rule for small numbers as the terms have it.",
        )
    if entry.action != "pay":
        return Count(entry.action, None, None)
    number = row["numerator"]
    if not isinstance(number, Decimal) or number < 0:
        raise Refused(
            f"the KPI return of {kpi.id} does not agree with the terms: its numerator is {number}, and it is counted.",
            "build the KPI return again; a number of outcomes or of activity is 0 or more.",
        )
    source = figure_id("kpi", agreement=terms.id, kpi=kpi.id, period=str(row["period_id"]), measure="numerator")
    people = row["denominator"]
    return Count("pay", Given(exact(number), "ratio", source), None if people is None else exact(people))
