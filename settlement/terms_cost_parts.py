"""What surrounds shared cost in an agreement's terms: the three limbs, how far risk is shared in each period,
and a share of future work.

Belongs here: the shape of these entries. Not here: target, corridor, gain and loss themselves (`terms_finance`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settlement.terms_parts import Flag, Label, Number, Part, Percent, Text


class Limbs(Part):
    """What is paid in three limbs, each in words: cost reimbursed with an open book, fee, gain or loss."""

    reimbursed: Text
    fee: Text
    gain_or_loss: Text


class FutureWorkKnot(Part):
    """The share of future work that a score earns."""

    score: Number
    share_pct: Percent


class FutureWork(Part):
    """What a score earns beside money: a share of future work. Reported; nothing follows by itself."""

    meaning: Text
    share: Annotated[tuple[FutureWorkKnot, ...], Field(min_length=1)]


class PeriodRisk(Part):
    """How far risk is shared in one settlement period: in shadow, or with a part of what would be lost."""

    period: Label
    shadow: Flag | None = None
    loss_part_pct: Percent | None = None
