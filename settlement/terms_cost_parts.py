"""What surrounds shared cost in an agreement's terms: the three limbs, and how far risk is shared in each period.

Belongs here: the shape of these entries. Not here: target, corridor, gain and loss themselves (`terms_finance`).
"""

from __future__ import annotations

from settlement.terms_parts import Flag, Label, Part, Percent, Text


class Limbs(Part):
    """What is paid in three limbs, each in words: cost reimbursed with an open book, fee, gain or loss."""

    reimbursed: Text
    fee: Text
    gain_or_loss: Text


class PeriodRisk(Part):
    """How far risk is shared in one settlement period: in shadow, or with a part of what would be lost."""

    period: Label
    shadow: Flag | None = None
    loss_part_pct: Percent | None = None
