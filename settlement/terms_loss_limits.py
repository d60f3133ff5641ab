"""The most a member bears of a loss, as an agreement's terms put it: the least of several parts of several sums.

Belongs here: the shape of these entries. Not here: what they come to (`loss_limits`), the stop-loss by turnover that
all members share (`terms_finance`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settlement.terms_parts import Part, Percent, PoundsNotNegative, RoleId, Text


class LossLimit(Part):
    """A part of a sum. `of`: what the sum is, in words: alliance income, free reserves, contract value."""

    of: Text
    amount_gbp: PoundsNotNegative
    pct: Percent


class MemberLimits(Part):
    """A member bears at most the least of these."""

    member: RoleId
    limits: Annotated[tuple[LossLimit, ...], Field(min_length=1)]


class LossLimits(Part):
    """Limits of single members, and who bears what exceeds them."""

    excess_to: Literal["commissioner", "other_members"]
    members: Annotated[tuple[MemberLimits, ...], Field(min_length=1)]
