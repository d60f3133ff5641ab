"""How unequal the fifths of deprivation are, from what is shown of them.

Belongs here: gap, ratio, slope and relative index of a public table of fifths, made from its shown cells and from
nothing else: whoever has the table learns nothing more about what is hidden, and can make the same numbers. Not here:
which cells may be shown (disclosure), inequality of the exact figures (the warehouse, for analysts), words (pages).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from publication.disclosure.rules import PROPORTIONS
from publication.intervals import interval_of
from publication.wording import rounded

FIFTHS = ("5", "4", "3", "2", "1")
RATIO_DECIMALS = 2


@dataclass(frozen=True)
class Index:
    """A slope or a relative index with its simulated limits; None where a fifth has no interval."""

    value: Decimal
    limits: tuple[Decimal, Decimal] | None

    def differs_from(self, even: Decimal) -> bool:
        """Whether chance alone hardly gives it: both limits lie on one side."""
        return self.limits is not None and not self.limits[0] <= even <= self.limits[1]


@dataclass(frozen=True)
class Inequality:
    """Measures from the least to the most deprived; `ratio` None where the least deprived fifth is 0."""

    most: Decimal
    least: Decimal
    gap: Decimal
    ratio: Decimal | None
    slope: Index | None
    relative: Index | None


def inequality_of(rows: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> Inequality | None:
    """Inequality of one period's fifths as shown; None unless every one of the five is shown.

    rows: public figures of the fifths. entry: the catalogue's statistic, unit and value_decimals. Gap and ratio are
    those of the printed values.
    """
    shown = {row["breakdown_group"]: row for row in rows if row["value"] is not None}
    if set(shown) != set(FIFTHS):
        return None
    fifths = [shown[name] for name in FIFTHS]
    decimals: int = entry["value_decimals"]
    most, least = Decimal(fifths[4]["value"]), Decimal(fifths[0]["value"])
    slope, relative = _indices(fifths, entry)
    return Inequality(
        most, least, rounded(most - least, decimals), rounded(most / least, RATIO_DECIMALS) if least > 0 else None,
        slope, relative,
    )  # fmt: skip


def _indices(fifths: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> tuple[Index | None, Index | None]:
    from dbt_project.inequality import TRANSFORMS, Quantile, indices, simulated_limits
    from dbt_project.inequality import rounded as at_precision
    from foundation.errors import Refused

    statistic, decimals = entry["statistic"], entry["value_decimals"]
    if statistic not in TRANSFORMS or any(not row["denominator"] for row in fifths):
        return None, None
    transform, whole = TRANSFORMS[statistic], 100.0 if statistic in PROPORTIONS else 1.0
    spans = [interval_of(row, entry["unit"], statistic) for row in fifths]
    people = [int(row["denominator"]) for row in fifths]
    values = [
        (float(row["value"]) if span is None else span[0]) / whole for row, span in zip(fifths, spans, strict=True)
    ]
    found = indices(people, values, transform, whole)
    if found is None:
        return None, None
    slope, relative = at_precision(found[0], decimals), at_precision(found[1], RATIO_DECIMALS)
    known = [span for span in spans if span is not None]
    if len(known) < len(FIFTHS):
        return Index(slope, None), Index(relative, None) if found[1] > 0 else None
    try:
        limits = simulated_limits(
            [Quantile(count, *(part / whole for part in span)) for count, span in zip(people, known, strict=True)],
            transform, whole,
        )  # fmt: skip
    except Refused:
        return Index(slope, None), Index(relative, None)
    return (
        Index(slope, (at_precision(limits.sii_lower, decimals), at_precision(limits.sii_upper, decimals))),
        Index(
            relative, (at_precision(limits.rii_lower, RATIO_DECIMALS), at_precision(limits.rii_upper, RATIO_DECIMALS))
        ),
    )
