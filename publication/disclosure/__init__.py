"""What the public may see: markers, small counts, and nothing that gives a hidden figure away.

Belongs here: choosing and rounding cells of the public tables, and the proof that what is hidden cannot be
worked out from what is shown. Not here: deciding that a figure is unfit (the warehouse and the gate did) and
printing (the site does).

Two kinds of hiding meet here. A figure *withheld* for quality, or not available, keeps its row and its reason and
loses its digits. A *small count* from a source that is not openly published is hidden, the others are rounded to
the nearest 5, totals are the sums of the shown cells, rates come from rounded parts.
"""

from __future__ import annotations

from publication.disclosure.areas import protect_small_counts
from publication.disclosure.bounds import Figure, close_leaks, leaks, outsider_bounds
from publication.disclosure.families import leaks_between
from publication.disclosure.groups import protect_groups, published_periods
from publication.disclosure.people import asked_of, people_behind, repeated_in
from publication.disclosure.rules import (
    HIDDEN,
    Hidden,
    Rules,
    multiplier_of,
    shown_count,
    shown_rate,
    shown_total,
)
from publication.disclosure.view import (
    Disclosed,
    PublicView,
    disclose_figures,
    exempt_indicators,
    public_view,
)

__all__ = [
    "HIDDEN", "Disclosed", "Figure", "Hidden", "PublicView", "Rules", "asked_of", "close_leaks", "disclose_figures",
    "exempt_indicators", "leaks", "leaks_between", "multiplier_of", "outsider_bounds", "people_behind",
    "protect_groups", "protect_small_counts", "public_view", "published_periods", "repeated_in", "shown_count",
    "shown_rate", "shown_total",
]  # fmt: skip
