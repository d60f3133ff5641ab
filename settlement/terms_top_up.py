"""The outcome top-up of an agreement's terms: a protected base, and what a score adds to it.

Belongs here: the shape of these entries. Not here: the arithmetic they ask for (`top_up`), sharing of cost
(`terms_finance`).

The base is paid in equal monthly parts whatever the score, and nothing here can lower it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from settlement.terms_parts import (
    NUMBER_SCHEMA,
    Code,
    Label,
    NotNegative,
    Number,
    Part,
    Payment,
    Percent,
    PoundsNotNegative,
    RoleId,
    Text,
    read_number,
)


class Base(Part):
    """The base of one settlement period, paid in equal monthly parts whatever the score."""

    period: Label
    base_gbp: PoundsNotNegative


class ShareKnot(Part):
    """The share of the pool that a score earns."""

    score: Number
    share_pct: Percent


class Adjuster(Part):
    """A measure of the members by which a sum is adjusted: their own, over the average it is paid for."""

    id: Code
    own: NotNegative
    average: Annotated[Decimal, BeforeValidator(read_number), Field(gt=0), NUMBER_SCHEMA]


class PoolPoints(Part):
    """A pool of so many points in one settlement period, at the value of a point.

    value_adjusters adjust the value of a point, which is then rounded to a penny; adjusters adjust the pool, unrounded.
    """

    period: Label
    points: NotNegative
    value_gbp: PoundsNotNegative
    value_adjusters: tuple[Adjuster, ...] | None = None
    adjusters: tuple[Adjuster, ...] | None = None


class Bonus(Part):
    """Percent of the base paid above the pool, on a straight line between two scores."""

    pct_of_base: Percent
    from_score: Number
    full_score: Number


class UnplannedAward(Part):
    """The most that may be awarded in a period for outcomes nobody planned, each by the votes of all parties."""

    greatest_gbp: PoundsNotNegative
    agreed_by: Literal["unanimous"]


class InnovationPot(Part):
    """A ring-fenced sum of each period: reported, and no gain of anybody."""

    amount_gbp: PoundsNotNegative
    purpose: Text


class Learning(Part):
    """The condition to take part in learning and development, and what is held back from a member that does not."""

    condition: Text
    withhold_gbp: PoundsNotNegative
    recorded_by: tuple[RoleId, ...] = Field(min_length=1)


class TopUpAdvances(Part):
    """Money up front for small members, taken back out of later top-up only.

    periods: those in whose first month it is paid; where the entry is left out, the first one of these terms, once.
    """

    turnover_below_gbp: PoundsNotNegative
    pct_of_expected: Percent
    expected_score: Number
    left_at_end: Literal["written_off"]
    periods: tuple[Label, ...] | None = None


class TopUp(Part):
    """Outcome top-up on a protected base. One of `pool_pct_of_base` and `pool_points` gives the pool."""

    base: tuple[Base, ...] = Field(min_length=1)
    pool_pct_of_base: Percent | None = None
    pool_points: tuple[PoolPoints, ...] | None = None
    pool_share: Annotated[tuple[ShareKnot, ...], Field(min_length=1)]
    bonus: Bonus | None = None
    unplanned_award: UnplannedAward | None = None
    innovation_pot: InnovationPot | None = None
    learning_and_development: Learning | None = None
    advances: TopUpAdvances | None = None
    payment: Payment | None = None
