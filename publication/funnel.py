"""Control limits of a funnel: how far chance alone moves the figure of a network of a given size.

Belongs here: the limits, from numbers as they are shown. Not here: which numbers may be shown (disclosure), drawing
(drawings). Source: Spiegelhalter 2005; OHID technical guide. Limits say nothing about a level of performance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from publication.disclosure import multiplier_of
from publication.disclosure.rules import PROPORTIONS, RATES
from publication.wording import rounded

# standard normal quantiles at 0.975 and 0.999
Z = {"95": Decimal("1.959963984540054"), "99.8": Decimal("3.090232306167813")}
_DIGITS = 28


@dataclass(frozen=True)
class Funnel:
    """Centre of a funnel and what its width follows from: limits are centre ± z √(spread ÷ denominator)."""

    centre: Decimal
    spread: Decimal
    ceiling: Decimal | None

    def limits(self, denominator: Decimal, level: str) -> tuple[Decimal, Decimal]:
        """Lower and upper limit for a group of a size; never below 0, nor above 100 %."""
        with localcontext() as context:
            context.prec = _DIGITS
            reach = Z[level] * (self.spread / denominator).sqrt()
            low, high = max(Decimal(0), self.centre - reach), self.centre + reach
        return low, high if self.ceiling is None else min(high, self.ceiling)


def funnel_of(rows: Sequence[Mapping[str, Any]], unit: str, statistic: str) -> Funnel | None:
    """The funnel of groups as shown; None for a statistic whose chance variation counts alone do not give.

    rows: groups with value, numerator and denominator, all shown. Proportions: p ± z √(p(1−p)/n). Rates: Poisson.
    A standardised rate is set in the limits of a crude rate of its size.
    """
    if len(rows) < 2:
        return None
    top, bottom = (sum((Decimal(row[name]) for row in rows), Decimal(0)) for name in ("numerator", "denominator"))
    if statistic in PROPORTIONS and bottom:
        share = top / bottom
        return Funnel(100 * share, 10_000 * share * (1 - share), Decimal(100))
    scale = multiplier_of(unit, RATES[0]) if statistic in (*RATES, "dsr") else None
    if scale is None or not bottom:
        return None
    centre = (
        sum((Decimal(row["value"]) * row["denominator"] for row in rows), Decimal(0)) / bottom
        if statistic == "dsr"
        else scale * top / bottom
    )
    return Funnel(centre, centre * scale, None)


def position(value: Decimal, denominator: Decimal, funnel: Funnel, decimals: int) -> str:
    """Where a shown value lies: inside the limits, or beyond the inner or the outer ones."""
    for level, word in (("99.8", "outside the 99.8 % limits"), ("95", "outside the 95 % limits")):
        low, high = (rounded(limit, decimals) for limit in funnel.limits(denominator, level))
        if not low <= value <= high:
            return word
    return "inside the limits"
