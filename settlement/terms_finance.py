"""The finance part of an agreement's terms: target and actual cost, corridor, gain, loss, and the part as a whole.

Belongs here: the shape of these entries. Not here: the arithmetic they ask for (`pool`), the outcome top-up
(`terms_top_up`), other parts (`terms_parts`).

A later regime adds optional entries here (None when absent) and the steps that read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from settlement.terms_contracts import Accounts
from settlement.terms_parts import (
    NUMBER_SCHEMA,
    Flag,
    KpiId,
    Label,
    NotNegative,
    Number,
    Part,
    Payment,
    Percent,
    Pounds,
    PoundsNotNegative,
    Text,
    read_number,
    read_whole,
)
from settlement.terms_top_up import TopUp


class Adjustment(Part):
    """A signed agreed change of the target cost."""

    reason: Text
    amount_gbp: Pounds


class TargetCost(Part):
    """Target of one settlement period: baseline × trend × mix, and signed adjustments."""

    period: Label
    baseline_gbp: PoundsNotNegative
    trend: NotNegative | None = None
    mix: NotNegative | None = None
    adjustments: tuple[Adjustment, ...] | None = None
    loss_relief_gbp: PoundsNotNegative | None = None
    loss_relief_pct: Percent | None = None
    # Of the period: a corridor may be wider where fewer people make cost more a matter of chance.
    people: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=1_000_000_000)] | None = None


class ActualCost(Part):
    """What counts as cost in the open book, and whether every member must report every month."""

    categories: tuple[Literal["reimbursable_cost", "fee"], ...] = Field(min_length=1)
    completeness: Literal["every_member_every_month", "every_member"]
    completion_factor: NotNegative | None = None


class PeopleKnot(Part):
    """The least saving or loss, in percent of the target, for so many people."""

    people: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=1_000_000_000)]
    pct: Percent


class SmallSavings(Part):
    """The part of a saving that is shared although it does not reach the least saving, from so many people on."""

    share_pct: Percent
    least_people: Annotated[int, BeforeValidator(read_whole), Field(ge=1, le=1_000_000_000)] | None = None


class Corridor(Part):
    """How far the cost must move before anything is shared, in percent of the target, and from where it is shared.

    Each side is one percentage, or straight lines between percentages for numbers of people.
    """

    least_saving_pct: Percent | None = None
    least_saving_by_people: tuple[PeopleKnot, ...] | None = None
    least_loss_pct: Percent | None = None
    least_loss_by_people: tuple[PeopleKnot, ...] | None = None
    shared_from: Literal["first_pound", "beyond"]
    small_savings: SmallSavings | None = None


class Band(Part):
    """A marginal band of the pool, up to a percent of the target (absent: without end), and the alliance's rate."""

    up_to_pct: NotNegative | None = None
    rate_pct: Percent


class FactorKnot(Part):
    score: Number
    factor: NotNegative


class Standard(Part):
    """A must-pass KPI that, being reached, opens the gain: all of it, or by a factor of the overall score."""

    kpi: KpiId
    score_factor: tuple[FactorKnot, ...] | None = None


class Gain(Part):
    bands: tuple[Band, ...] = Field(min_length=1)
    least_score: Number | None = None
    score_factor: tuple[FactorKnot, ...] | None = None
    # In order: the first that is reached decides; none reached, no gain.
    standards: tuple[Standard, ...] | None = None
    levy_factor: Annotated[Decimal, BeforeValidator(read_number), Field(ge=0, le=1), NUMBER_SCHEMA] | None = None
    cap_pct_of_target: Percent | None = None


class RevenueCap(Part):
    revenue_gbp: PoundsNotNegative
    pct: Percent


class StopLoss(Part):
    """The most a member bears, in percent of its turnover, and who bears what exceeds it."""

    pct_of_turnover: Percent
    excess_to: Literal["commissioner", "other_members"]


class Complement(Part):
    """The rate of an overspend as what is left of a rate of saving: 1 - rate x factor of the score, within bounds.

    standards: must-pass KPIs; while none of them is reached nothing is taken off, and the greatest rate holds.
    """

    of_rate_pct: Percent
    score_factor: tuple[FactorKnot, ...] | None = None
    standards: tuple[KpiId, ...] | None = None
    least_pct: Percent
    greatest_pct: Percent


class Loss(Part):
    """One of `bands` and `complement` gives the alliance's rate."""

    bands: Annotated[tuple[Band, ...], Field(min_length=1)] | None = None
    complement: Complement | None = None
    score_factor: tuple[FactorKnot, ...] | None = None
    cap_pct_of_target: Percent | None = None
    cap_of_revenue: RevenueCap | None = None
    capped_at_fee: Flag | None = None
    stop_loss: StopLoss | None = None


# The entries of shared cost that stand together: all of them, or none.
COST_ENTRIES = ("target_cost", "actual_cost", "corridor", "gain")


@dataclass(frozen=True)
class SharedCost:
    """The entries by which saving and overspend against a target are shared."""

    target_cost: tuple[TargetCost, ...]
    actual_cost: ActualCost
    corridor: Corridor
    gain: Gain
    loss: Loss | None


class Finance(Part):
    """Shared cost (target to loss), an outcome top-up, or both side by side."""

    target_cost: Annotated[tuple[TargetCost, ...], Field(min_length=1)] | None = None
    actual_cost: ActualCost | None = None
    corridor: Corridor | None = None
    gain: Gain | None = None
    loss: Loss | None = None
    top_up: TopUp | None = None
    payment: Payment
    # Names under which the ring-fenced public health grant is booked here, beside its own.
    grant_sources: tuple[Text, ...] | None = None
    accounts: Accounts | None = None
    advances_recouped: Flag | None = None

    @property
    def shared_cost(self) -> SharedCost | None:
        """The entries of shared cost; None where the terms share none."""
        target, actual, corridor, gain = self.target_cost, self.actual_cost, self.corridor, self.gain
        if target is None or actual is None or corridor is None or gain is None:
            return None
        return SharedCost(target, actual, corridor, gain, self.loss)

    @property
    def agreed_periods(self) -> tuple[str, ...]:
        """Labels of the settlement periods for which a target cost or a base is agreed."""
        targets = [target.period for target in self.target_cost or ()]
        bases = [] if self.top_up is None else [base.period for base in self.top_up.base]
        return tuple(sorted({*targets, *bases}))
