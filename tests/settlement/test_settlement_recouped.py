"""Advances taken back and carried while a settlement is restated, withheld and restated back: worked by hand."""

from __future__ import annotations

import pytest
from settlement_world import quick_terms, settle_simply

from foundation.errors import Refused

WITHHELD = {"settlement": ("withhold", "", None)}


def test_a_withheld_restatement_leaves_what_was_recouped() -> None:
    """The city council's part of £1,079,976.85 is £86,398.15; of an advance of £100,000 it leaves £13,601.85."""
    terms = quick_terms({"finance.advances_recouped": True})
    advances = [{"agreement_id": terms.id, "member_id": "city-council", "balance_pence": 10_000_000}]
    first = settle_simply(terms, advances=advances)
    assert dict(first.carried_pence) == {"city-council": 1_360_185}
    waiting = settle_simply(terms, actions=WITHHELD, advances=advances, prior=first.posting_rows())
    assert (waiting.status, waiting.postings) == ("withheld", ())
    assert dict(waiting.carried_pence) == {"city-council": 1_360_185}
    step = waiting.step("recoup.city-council")
    assert step.exact == -8_639_815
    assert "stands while this settlement is withheld" in step.label
    assert step.terms_reference == "terms:finance.advances_recouped"
    back = settle_simply(terms, advances=advances, prior=first.posting_rows())
    assert (back.postings, back.carried_pence) == ((), first.carried_pence)
    # withheld from the start, nothing is recouped and all of it is carried
    alone = settle_simply(terms, actions=WITHHELD, advances=advances)
    assert dict(alone.carried_pence) == {"city-council": 10_000_000}


def test_another_balance_than_before_does_not_restate() -> None:
    """£86,398.15 was taken back; with an advance of £50,000 it could not have been: the books given are not those."""
    terms = quick_terms({"finance.advances_recouped": True})
    advance = {"agreement_id": terms.id, "member_id": "city-council", "balance_pence": 10_000_000}
    first = settle_simply(terms, advances=[advance])
    for other in ([{**advance, "balance_pence": 5_000_000}], []):
        with pytest.raises(Refused, match=r"recoup does not follow from the advances.*before anything was recouped"):
            settle_simply(terms, advances=other, prior=first.posting_rows())
