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

from settlement.terms_advances import AdvancesPaid
from settlement.terms_avoided import Avoided
from settlement.terms_contracts import Accounts
from settlement.terms_cost_parts import FutureWork, Limbs, PeriodRisk
from settlement.terms_counted import Activity, RateCard
from settlement.terms_kra_pool import KraPool
from settlement.terms_loss_limits import LossLimits
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
    """Target of one settlement period: baseline × trend × mix, and signed adjustments, less the agreed efficiency."""

    period: Label
    baseline_gbp: PoundsNotNegative
    trend: NotNegative | None = None
    mix: NotNegative | None = None
    efficiency_pct: Percent | None = None
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
    above_whole_waiver: Text | None = None


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
    above_whole_waiver: Text | None = None


# The entries of shared cost that stand together: all of them, or none.
COST_ENTRIES = ("target_cost", "actual_cost", "corridor", "gain")
# Regimes of one entry each, beside cost and top-up.
OTHER_ENTRIES = ("kra_pool", "rate_card", "activity")


@dataclass(frozen=True)
class SharedCost:
    """The entries by which saving and overspend against a target are shared."""

    target_cost: tuple[TargetCost, ...]
    actual_cost: ActualCost
    corridor: Corridor
    gain: Gain
    loss: Loss | None


class Finance(Part):
    """Shared cost (target to loss), an outcome top-up, a KRA pool, a rate card, activity: one of them or several."""

    target_cost: Annotated[tuple[TargetCost, ...], Field(min_length=1)] | None = None
    actual_cost: ActualCost | None = None
    corridor: Corridor | None = None
    gain: Gain | None = None
    loss: Loss | None = None
    top_up: TopUp | None = None
    kra_pool: KraPool | None = None
    rate_card: RateCard | None = None
    activity: Activity | None = None
    loss_limits: LossLimits | None = None
    avoided: Avoided | None = None
    limbs: Limbs | None = None
    future_work: FutureWork | None = None
    risk_by_period: Annotated[tuple[PeriodRisk, ...], Field(min_length=1)] | None = None
    reclaim_from_gbp: PoundsNotNegative | None = None
    payment: Payment
    # Names under which the ring-fenced public health grant is booked here, beside its own.
    grant_sources: tuple[Text, ...] | None = None
    accounts: Accounts | None = None
    advances_recouped: Flag | None = None
    advances_paid: tuple[AdvancesPaid, ...] | None = None

    @property
    def shared_cost(self) -> SharedCost | None:
        """The entries of shared cost; None where the terms share none."""
        target, actual, corridor, gain = self.target_cost, self.actual_cost, self.corridor, self.gain
        if target is None or actual is None or corridor is None or gain is None:
            return None
        return SharedCost(target, actual, corridor, gain, self.loss)

    @property
    def payments(self) -> dict[tuple[str, ...], Payment]:
        """Every agreed payment by where it stands: the common one, and those of regimes that have their own."""
        found: dict[tuple[str, ...], Payment] = {("finance", "payment"): self.payment}
        for name in ("top_up", *OTHER_ENTRIES):
            regime = getattr(self, name)
            if regime is not None and regime.payment is not None:
                found["finance", name, "payment"] = regime.payment
        return found

    @property
    def agreed_periods(self) -> tuple[str, ...]:
        """Labels of the settlement periods for which a target cost, a base or another sum is agreed."""
        return tuple(sorted(set().union(*self.periods_by_entry.values())))

    @property
    def is_scored(self) -> bool:
        """Whether any money depends on the overall score."""
        return not (self.target_cost is None and self.top_up is None and self.kra_pool is None)

    @property
    def periods_by_entry(self) -> dict[str, set[str]]:
        """Labels of the settlement periods of each regime that is agreed, by the entry that names them."""
        found = {}
        if self.target_cost is not None:
            found["target_cost"] = {target.period for target in self.target_cost}
        if self.top_up is not None:
            found["top_up.base"] = {base.period for base in self.top_up.base}
        if self.kra_pool is not None:
            found["kra_pool.pools"] = {pool.period for pool in self.kra_pool.pools}
        for row in () if self.rate_card is None else self.rate_card.rows:
            found[f"rate_card.rows.{row.id}.caps"] = {cap.period for cap in row.caps}
        if self.activity is not None:
            found["activity.fixed"] = {fixed.period for fixed in self.activity.fixed}
            for element in self.activity.elements:
                found[f"activity.elements.{element.id}.planned"] = {planned.period for planned in element.planned}
        for avoided in () if self.avoided is None else self.avoided.rows:
            found[f"avoided.rows.{avoided.id}.expected"] = {expected.period for expected in avoided.expected}
        return found
