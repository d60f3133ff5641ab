"""What each party can gain and lose under its terms, month by month, on the members' page of a settlement.

Belongs here: the table, and the sums for it from the settlement's own arithmetic. Not here: that arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publication.inputs import Row
from publication.pages.frame import cell, heads, row
from publication.wording import capital, money, period_name, role_name


@dataclass(frozen=True)
class Ends:
    """One party to the end of one month, in pence: best and worst case, and an advance it may draw in it."""

    party: str
    month: str
    best: int | None
    worst: int | None
    advance: int


def ends_of(terms_yaml: bytes, period_id: str) -> tuple[Ends, ...]:
    """Best and worst case of every party by month; raises what the settlement's loader raises."""
    from settlement.by_month import party_months
    from settlement.terms import load_terms

    return tuple(
        Ends(one.party, one.month, one.best_pence, one.worst_pence, one.advance_pence)
        for one in party_months(load_terms(terms_yaml), period_id)
    )


def _said(pence: int | None) -> str:
    return "no limit agreed" if pence is None else money(pence)


def _worst(pence: int | None) -> str:
    return "nothing can be lost" if pence == 0 else _said(pence)


def party_tables(
    ends: Sequence[Ends], member_lines: Sequence[Row], names: Mapping[str, str], key: str
) -> list[dict[str, Any]]:
    """Each party's ends of the period beside its own part, and both cases by month."""
    parties = list(dict.fromkeys(one.party for one in ends))
    months = list(dict.fromkeys(one.month for one in ends))
    found = {(one.party, one.month): one for one in ends}
    own = {
        party: sum(line["amount_pence"] or 0 for line in member_lines if line["member_id"] == party)
        for party in parties
    }
    named = {party: names.get(party, role_name(party)) for party in parties}
    whole = [
        row(cell(named[party]), cell(_said(found[party, months[-1]].best), n=True),
            cell(_worst(found[party, months[-1]].worst), n=True), cell(money(own[party]), n=True))
        for party in parties
    ]  # fmt: skip

    # where nobody can lose, a nought under every figure would read as one more thing to fear
    safe = all(one.worst == 0 for one in ends)

    def at(party: str, month: str) -> Any:
        one = found[party, month]
        drawn = [f"may draw {money(one.advance)} in advance"] if one.advance else []
        return cell(_said(one.best), n=True, lines=[*([] if safe else [_worst(one.worst)]), *drawn])

    by_month = [
        row(cell(capital(period_name(month, "month"))), *(at(party, month) for party in parties)) for month in months
    ]
    return [
        {"key": f"{key}-ends", "caption": "The most each party can gain and lose",
         "note": "Under these terms, whatever happens; beside it what this settlement posts to the party.",
         "head": heads("Party", "#Best case", "#Worst case", "#Posted"), "rows": whole},
        {"key": f"{key}-ends-months", "caption": "Best and worst case by month",
         "note": "Accrued to the end of each month in equal parts: "
                 + ("the best case. At worst nothing is gained: under these terms nobody can lose anything. "
                    if safe else "the best case, and under it the worst. ")
                 + "It falls due when the period is settled.",
         "head": heads("Month", *(f"#{named[party]}" for party in parties)), "rows": by_month},
    ]  # fmt: skip
