"""What was drawn of an advance where it was less than is agreed, as the decision log says.

Belongs here: which entries of the log count, and why another one does not. Not here: their form (`decision_bodies`),
what is agreed and the balances that follow (`advances`), money given back to nobody (`write_offs`).

Whoever pays an advance says that less of it was drawn: it then takes less back, so it gains nothing by it. What was
certified is final: an entry that comes after a certificate names the settlement that it supersedes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from settlement.advances import advances_of, taken_back_from
from settlement.authority import pounds, vote_fault
from settlement.certificates import apply_log
from settlement.decisions import Record
from settlement.postings import payment_of
from settlement.statement import Given, Statement
from settlement.terms import Terms

KIND = "advance_drawn"


@dataclass(frozen=True)
class Drawn:
    """What a member drew in a period, in pence, 0 or more and never above what is agreed; the hash of its record."""

    member: str
    pence: int
    record_hash: str


def _form_fault(record: Record, terms: Terms) -> str | None:
    """Why nobody could record this sum under the terms, or not this signer."""
    period, member, pence = (record.body[name] for name in ("period_id", "member", "drawn_pence"))
    if not taken_back_from(terms):
        return "these terms know no advances"
    payer = payment_of(terms, "recoup").payer
    if record.signer != payer:
        return f"{record.signer} is not the one that records what was drawn under these terms: {payer} is"
    known = [one.label for one in terms.settlement_periods()]
    agreed = advances_of(terms, period).get(member) if period in known else None
    if agreed is None:
        return f"no advance is agreed for {member} in {period}"
    if int(pence) > agreed:
        return f"{pounds(int(pence))} is more than the {pounds(agreed)} agreed for {member} in {period}"
    return None


def _final_fault(records: Sequence[Record], record: Record, terms: Terms) -> str | None:
    """Why it does not move what is certified: a final settlement is superseded by name."""
    before, named = [one for one in records if one.sequence < record.sequence], record.body["settlement"]
    certified = [one for one in apply_log(before, terms).certificates if one.period_id == record.body["period_id"]]
    last = certified[-1].settlement_id if certified else ""
    if named == last:
        return None
    if not last:
        return f"no settlement {named[:16]} of {record.body['period_id']} is certified: none is to be named"
    return f"the settlement {last[:16]} is certified, and an entry that supersedes it names it"


def drawn_fault(records: Sequence[Record], record: Record, terms: Terms) -> str | None:
    """Why an entry that says what was drawn counts for nothing; None if it counts. records: a proved log."""
    return _form_fault(record, terms) or vote_fault(records, record, terms) or _final_fault(records, record, terms)


def drawn_in(records: Sequence[Record], terms: Terms, period_id: str) -> tuple[Drawn, ...]:
    """What the log says was drawn in a period, in its order: of each member the last entry holds, and one before it may
    be what an earlier settlement started from."""
    return tuple(
        Drawn(record.body["member"], int(record.body["drawn_pence"]), record.hash)
        for record in records
        if record.kind == KIND and record.body["period_id"] == period_id and not drawn_fault(records, record, terms)
    )


def take_drawn(statement: Statement, drawn: Sequence[Drawn]) -> None:
    """A step per member of which the log says what it drew of its advance."""
    latest: Mapping[str, Drawn] = {one.member: one for one in drawn}
    for member, one in sorted(latest.items()):
        statement.step(
            f"advance_drawn.{member}",
            f"Drawn by {member} of what is agreed up front, as the payer recorded it",
            "drawn / 100",
            {"drawn": Given(Fraction(one.pence), "pence", f"decision:{one.record_hash}")},
            "GBP",
            "terms:finance",
        )
