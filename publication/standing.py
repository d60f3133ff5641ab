"""How each line of a settlement stands under the decision log: certified, disputed, determined, payable.

Belongs here: handing a log and a settlement's rows to the settlement room. Not here: what counts (settlement), pages.

A release knows no time, so a line is said to be payable from a day, and never to be payable today.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from publication.inputs import Row

if TYPE_CHECKING:
    from settlement.decisions import Record
    from settlement.terms import Terms


def standing_of(
    log: Sequence[Record], terms: Terms, postings: Sequence[Row], member_lines: Sequence[Row], prior: Sequence[Row]
) -> list[dict[str, Any]]:
    """One entry a member line, in their order: `line`, `member_id`, `amount_pence`, `words`.

    What an earlier settlement of the period posted stands before it as a whole: its lines are in the release that
    published it.
    """
    from settlement.certificates import apply_log, line_states, settlement_words

    applied = apply_log(log, terms)
    found = [
        {
            "line": posted["line"],
            "member_id": "",
            "amount_pence": posted["amount_pence"],
            "words": settlement_words(applied, str(posted["settlement_id"])),
        }
        for posted in prior
    ]
    if postings:
        one = postings[0]
        states = line_states(log, terms, str(one["settlement_id"]), str(one["status"]), member_lines)
        found += [
            {"line": each.line, "member_id": each.member_id, "amount_pence": each.amount_pence, "words": each.words}
            for each in states
        ]
    return found
