"""What a settlement would have come to, had no figure that counts moved from its agreed baseline.

Belongs here: which figures are put back, and when the question has an answer for the public. Not here: the arithmetic
(the settlement's own engine), the words on the page.

It says what of a payment was there without any change. It is no proof of what caused the change: `counterfactual` and
`outturn stress` say more.
"""

from __future__ import annotations

from dataclasses import replace

from foundation.errors import Refused
from publication.agreement import ALLIANCE_LINES
from settlement.books import Books
from settlement.supposed import PAY
from settlement.worlds import world_of


def paid_if_unchanged(books: Books) -> int | None:
    """Pence of all lines together with every paid figure at its baseline, and cost, awards and the rest as they were.

    None where a paid figure has no baseline, where money hangs on other figures too, where the period restates what was
    posted before, or where what is posted is not for the alliance as a whole: then the public could tell a part of it.
    """
    terms = books.terms
    judged = terms.judged_kpis
    if books.prior or any(kpi.role != "paid" or kpi.baseline is None for kpi in judged):
        return None
    world = replace(world_of(books), advances=books.advances, recorded=books.recorded)
    figures = {
        kpi.id: replace(world.figures[kpi.id], value=kpi.baseline.value) for kpi in judged if kpi.baseline is not None
    }
    rulings = {**world.rulings, **dict.fromkeys(figures, PAY)}
    try:
        if any(posting.line not in ALLIANCE_LINES for posting in books.stand().postings):
            return None
        return replace(world, figures=figures, rulings=rulings).amounts().alliance
    except Refused:
        # what is supposed can be refused where what was received was settled
        return None
