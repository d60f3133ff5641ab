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

from settlement.terms_parts import (
    NUMBER_SCHEMA,
    Flag,
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


class ActualCost(Part):
    """What counts as cost in the open book, and whether every member must report every month."""

    categories: tuple[Literal["reimbursable_cost", "fee"], ...] = Field(min_length=1)
    completeness: Literal["every_member_every_month", "every_member"]
    completion_factor: NotNegative | None = None


class Corridor(Part):
    """How far the cost must move before anything is shared, in percent of the target, and from where it is shared."""

    least_saving_pct: Percent
    least_loss_pct: Percent
    shared_from: Literal["first_pound", "beyond"]


class Band(Part):
    """A marginal band of the pool, up to a percent of the target (absent: without end), and the alliance's rate."""

    up_to_pct: NotNegative | None = None
    rate_pct: Percent


class FactorKnot(Part):
    score: Number
    factor: NotNegative


class Gain(Part):
    bands: tuple[Band, ...] = Field(min_length=1)
    least_score: Number | None = None
    score_factor: tuple[FactorKnot, ...] | None = None
    levy_factor: Annotated[Decimal, BeforeValidator(read_number), Field(ge=0, le=1), NUMBER_SCHEMA] | None = None
    cap_pct_of_target: Percent | None = None


class RevenueCap(Part):
    revenue_gbp: PoundsNotNegative
    pct: Percent


class StopLoss(Part):
    """The most a member bears, in percent of its turnover, and who bears what exceeds it."""

    pct_of_turnover: Percent
    excess_to: Literal["commissioner", "other_members"]


class Loss(Part):
    bands: tuple[Band, ...] = Field(min_length=1)
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
