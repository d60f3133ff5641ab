"""Each party's best and worst case of a settlement period, month by month, as the terms allow it.

Belongs here: spreading the ends of a period over its months, for a finance lead's forecast and accrual.
Not here: the ends themselves (`extremes`), how likely they are.

Gain and loss fall due after the period; here they are accrued in equal monthly parts, as the base is paid. What a small
member may draw in advance is cash of the first month, and no gain.
"""

from __future__ import annotations

from dataclasses import dataclass

from foundation.period import month_of, months_between
from settlement.advances import advances_of
from settlement.extremes import Extreme, party_extremes
from settlement.terms import Terms


@dataclass(frozen=True)
class PartyMonth:
    """A party's position to the end of a month, cumulated, in pence: at best 0 or more gained; at worst 0 or less, or
    what a sub-contract promises all the same.

    None where the terms set no bound. advance_pence: what the party may draw in that month, back out of later top-up.
    """

    party: str
    month: str
    best_pence: int | None
    worst_pence: int | None
    advance_pence: int


def _to(part: int, of: int, pence: int | None) -> int | None:
    """Accrued to the end of so many months: whole pence, and all of it in the last."""
    return None if pence is None else pence * part // of


def party_months(terms: Terms, period_id: str) -> tuple[PartyMonth, ...]:
    """Every party by month, members first, then the residue the commissioner could carry.

    The last month of each party is what `party_extremes` says of the period.
    """
    period = terms.period(period_id)
    months = [month.label for month in months_between(month_of(period.start), month_of(period.end))]
    advances = advances_of(terms, period_id)

    def months_of(party: str, ends: Extreme) -> list[PartyMonth]:
        found = []
        for number, month in enumerate(months, start=1):
            lost = _to(number, len(months), ends.greatest_loss_pence)
            promised = ends.at_least_pence * number // len(months)
            found.append(
                PartyMonth(
                    party,
                    month,
                    _to(number, len(months), ends.greatest_gain_pence),
                    None if lost is None else promised - lost,
                    advances.get(party, 0) if number == 1 else 0,
                )
            )
        return found

    return tuple(line for party, ends in party_extremes(terms, period_id).items() for line in months_of(party, ends))
