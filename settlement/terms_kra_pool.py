"""The KRA pool of an agreement's terms: a sum of its own, beside shared cost or a base, that the score alone decides.

Belongs here: the shape of these entries. Not here: the arithmetic they ask for (`kra_pool`), the pool of a top-up,
which needs a protected base (`terms_top_up`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from settlement.terms_parts import NUMBER_SCHEMA, Label, Number, Part, Payment, PoundsNotNegative, read_number

SignedPercent = Annotated[Decimal, BeforeValidator(read_number), Field(ge=-100, le=100), NUMBER_SCHEMA]


class KraPoolSum(Part):
    """The pool of one settlement period."""

    period: Label
    pool_gbp: PoundsNotNegative


class SignedShareKnot(Part):
    """The share of the pool that a score earns; below 0, the share that the alliance owes."""

    score: Number
    share_pct: SignedPercent


class KraPool(Part):
    pools: Annotated[tuple[KraPoolSum, ...], Field(min_length=1)]
    pool_share: Annotated[tuple[SignedShareKnot, ...], Field(min_length=1)]
    payment: Payment | None = None
