"""The finance part of an agreement's terms: target and actual cost, corridor, gain, loss, payment.

Belongs here: the shape of these entries. Not here: the arithmetic they ask for (`pool`), other parts (`terms_parts`).

A later regime adds optional entries here (None when absent) and the steps that read them.
"""

from __future__ import annotations

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
    Percent,
    Pounds,
    PoundsNotNegative,
    RoleId,
    Text,
    read_number,
)


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


class Payment(Part):
    """Who pays gain to whom (a loss flows back), under which contract, from which budget, with which VAT."""

    payer: RoleId
    payee: Text
    contract_reference: Text
    funding_source: Text
    vat_treatment: Text


class Finance(Part):
    target_cost: tuple[TargetCost, ...] = Field(min_length=1)
    actual_cost: ActualCost
    corridor: Corridor
    gain: Gain
    loss: Loss | None = None
    payment: Payment
    advances_recouped: Flag | None = None
