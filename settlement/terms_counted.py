"""What an agreement's terms pay by number: a rate card of outcomes, and activity against a plan.

Belongs here: the shape of these entries. Not here: the arithmetic they ask for (`rate_card`, `activity`).

The number is the numerator of a KPI of the role `counted`. It is no score: nothing here depends on levels or weights.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settlement.terms_parts import (
    Code,
    KpiId,
    Label,
    NotNegative,
    Part,
    Payment,
    Percent,
    PoundsNotNegative,
    RoleId,
    Text,
)


class RowCap(Part):
    """The most a row of the rate card pays in one settlement period."""

    period: Label
    cap_gbp: PoundsNotNegative


class RateRow(Part):
    """An outcome, what one of it is (a person who reached it, or each claim of it), its price, and caps by period."""

    id: RoleId
    name: Text
    kpi: KpiId
    counting_unit: Literal["person", "claim"]
    price_gbp: PoundsNotNegative
    caps: Annotated[tuple[RowCap, ...], Field(min_length=1)]


class RateCard(Part):
    rows: Annotated[tuple[RateRow, ...], Field(min_length=1)]
    payment: Payment | None = None


class FixedElement(Part):
    """What is paid in one settlement period whatever the activity."""

    period: Label
    fixed_gbp: PoundsNotNegative


class PlannedUnits(Part):
    """The activity that is planned, and paid with the fixed element, in one settlement period."""

    period: Label
    units: NotNegative


class ActivityElement(Part):
    """Activity that pays more or less than planned, at a price a unit, beyond a threshold.

    threshold_pct: of the planned units, 100 where it is absent. above_pct, below_pct: of the price.
    """

    id: RoleId
    name: Text
    kpi: KpiId
    unit: Code
    price_gbp: PoundsNotNegative
    planned: Annotated[tuple[PlannedUnits, ...], Field(min_length=1)]
    threshold_pct: NotNegative | None = None
    above_pct: Percent
    below_pct: Percent


class Activity(Part):
    """Fixed plus variable. Where the agreed value of a year is below `block_below_gbp`, it is a block: no variance."""

    fixed: Annotated[tuple[FixedElement, ...], Field(min_length=1)]
    block_below_gbp: PoundsNotNegative | None = None
    elements: Annotated[tuple[ActivityElement, ...], Field(min_length=1)]
    payment: Payment | None = None
