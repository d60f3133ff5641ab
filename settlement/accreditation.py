"""What members must hold while they are paid: accreditations recorded, run out, and waived by all.

Belongs here: whether a member holds what the terms ask for on a day. Not here: what follows for a payment
(`certificates`), when a posting is made (`engine`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from settlement.authority import Count, approvers, vote_fault
from settlement.decisions import Record
from settlement.terms import Terms
from settlement.terms_governance import Accreditation


@dataclass(frozen=True)
class Held:
    """How a member stands with one accreditation on a day. state: held, missing, expired, waived."""

    accreditation: str
    member: str
    state: str
    level: str
    valid_to: str
    withholds: bool

    @property
    def words(self) -> str:
        """One plain sentence."""
        match self.state:
            case "held":
                return f"{self.member} holds {self.accreditation} ({self.level})."
            case "waived":
                return f"{self.member} does not hold {self.accreditation}; all parties waived it."
            case "expired":
                what = f"the {self.accreditation} of {self.member} ran out on {self.valid_to}"
            case _:
                what = f"no {self.accreditation} is recorded for {self.member}"
        follows = "what it is due waits until one in date is recorded, or all waive it" if self.withholds else "flagged"
        return f"{what[:1].upper()}{what[1:]}: {follows}."


def _last(records: Sequence[Record], terms: Terms, asked: Accreditation, member: str) -> Record | None:
    found = [
        record
        for record in records
        if record.kind == "accreditation_recorded"
        and record.agreement_id == terms.id
        and (record.body["member"], record.body["accreditation"]) == (member, asked.id)
        and record.signer in asked.recorded_by
        and not vote_fault(records, record, terms)
    ]
    return found[-1] if found else None


def is_waived(records: Sequence[Record], terms: Terms, accreditation: str, member: str, day: date) -> bool:
    """Whether every party waived an accreditation of a member, under these terms, and the waiver is in date."""
    counts: dict[str, Count] = {}
    for record in records:
        body = record.body
        if record.kind != "waiver_voted" or record.agreement_id != terms.id or body["terms_hash"] != terms.terms_hash:
            continue
        if (body["accreditation"], body["member"]) != (accreditation, member) or vote_fault(records, record, terms):
            continue
        # A vote is on one waiver: another last day is another waiver.
        count = counts.setdefault(body["valid_to"], Count(approvers(terms)))
        if record.signer in count.needed:
            count.add(terms, record)
    text = day.isoformat()
    return any(count.final is not None and (not until or text <= until) for until, count in counts.items())


def held(records: Sequence[Record], terms: Terms, member: str, day: date) -> tuple[Held, ...]:
    """How a member stands on a day with each accreditation that the terms ask of it."""
    found = []
    for asked in terms.governance.accreditations or ():
        if asked.members is not None and member not in asked.members:
            continue
        last, text = _last(records, terms, asked, member), day.isoformat()
        level, valid_to = ("", "") if last is None else (last.body["level"], last.body["valid_to"])
        if last is not None and last.body["valid_from"] <= text and (not valid_to or text <= valid_to):
            state = "held"
        elif is_waived(records, terms, asked.id, member, day):
            state = "waived"
        else:
            # Recorded for a later time only: nothing is held yet.
            state = "expired" if valid_to and valid_to < text else "missing"
        withholds = asked.when_expired == "withhold" and state in ("expired", "missing")
        found.append(Held(asked.id, member, state, level, valid_to, withholds))
    return tuple(found)
