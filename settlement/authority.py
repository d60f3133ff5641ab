"""Whether whoever signed an entry might decide: delegated authority in date and within its limit, no declared conflict.

Belongs here: the right of one approver to one entry, and counting the votes of all on one thing.
Not here: the form and proof of the log (`decisions`), what the votes amount to (`approvals`, `boards`, `certificates`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from settlement.decision_bodies import PARTS, subject_of
from settlement.decisions import Record
from settlement.statement import number_text
from settlement.terms import Terms


def _grant(records: Sequence[Record], vote: Record) -> Record | None:
    """The delegation under which an entry was signed: the latest to this approver and key replaces earlier ones."""
    grants = [
        record
        for record in records
        if record.sequence < vote.sequence
        and record.kind == "authority_delegated"
        and record.signer == vote.signer
        and record.body["approver"] == vote.body["approver"]
        and record.body["public_key"] == vote.public_key
    ]
    return grants[-1] if grants else None


def ended_on(records: Sequence[Record], party: str) -> date | None:
    """The last day of a party's part in the agreement, as recorded last; None while it goes on."""
    ends = [r for r in records if r.kind == "party_ended" and r.body["party"] == party]
    return date.fromisoformat(ends[-1].body["valid_to"]) if ends else None


def authority_fault(records: Sequence[Record], vote: Record) -> str | None:
    """Why the approver of a record held no authority when it signed; None if it did."""
    approver, day = vote.body["approver"], vote.day.isoformat()
    left = ended_on([record for record in records if record.sequence < vote.sequence], vote.signer)
    if left is not None and vote.day > left:
        return f"the part of {vote.signer} ended on {left.isoformat()}"
    grant = _grant(records, vote)
    if grant is None:
        return f"{approver} was given no authority by {vote.signer}"
    if day < grant.body["valid_from"] or (grant.body["valid_to"] and day > grant.body["valid_to"]):
        return f"the authority of {approver} for {vote.signer} was not in date on {day}"
    return None


def pounds(pence: int) -> str:
    """Pence as pounds in words of a statement: `£1,234.50`."""
    return number_text(Fraction(pence, 100), "GBP")


def limit_fault(records: Sequence[Record], vote: Record, pence: int | None) -> str | None:
    """Why a sum is above what the approver may decide; None if it is not, or no limit was set.

    pence: what is decided on; None where nothing bounds it.
    """
    grant = _grant(records, vote)
    limit = None if grant is None else grant.body.get("limit_pence")
    if limit is None or (pence is not None and pence <= int(limit)):
        return None
    sum_words = "a sum without an agreed bound" if pence is None else pounds(pence)
    return f"{vote.body['approver']} of {vote.signer} may decide on {pounds(int(limit))}, and this is {sum_words}"


# Votes on something as a whole: a conflict declared with one holds for all that is decided on it later.
_WHOLE = ("terms_voted", "part_voted", "board_voted")


def conflicts_of(records: Sequence[Record], party: str, approver: str) -> frozenset[str]:
    """On what the approver of a party declared a conflict, by itself or with a vote: hashes of terms or parts, ids."""
    return frozenset(
        subject_of(record.body)
        for record in records
        if (record.signer, record.body.get("approver")) == (party, approver)
        and (record.kind == "conflict_declared" or (record.kind in _WHOLE and bool(record.body["conflicts"])))
    )


def is_conflicted(declared: Collection[str], terms: Terms, subject: str) -> bool:
    """Whether declared conflicts exclude from a subject under these terms.

    Whoever is conflicted on terms, or on a part of them, neither agrees nor applies them: both move the same money.
    """
    if not declared:
        return False
    return bool({subject, terms.terms_hash, *map(terms.part_hash, PARTS)} & set(declared))


def conflict_fault(records: Sequence[Record], vote: Record, terms: Terms) -> str | None:
    """Why a conflict excludes the approver of an entry: declared with it, or before it on its subject or the terms."""
    approver, subject = str(vote.body["approver"]), subject_of(vote.body)
    before = [record for record in records if record.sequence < vote.sequence]
    declared = conflicts_of(before, vote.signer, approver)
    if vote.body.get("conflicts") or subject in declared:
        return f"{approver} of {vote.signer} declared a conflict"
    if is_conflicted(declared, terms, subject):
        return f"{approver} of {vote.signer} declared a conflict on these terms, and so does not apply them either"
    return None


def vote_fault(records: Sequence[Record], vote: Record, terms: Terms) -> str | None:
    """Why a vote does not count: a declared conflict, or no authority in date; None if it counts."""
    return conflict_fault(records, vote, terms) or authority_fault(records, vote)


def hand_fault(records: Sequence[Record], vote: Record, terms: Terms) -> str | None:
    """Why a vote does not count beside another: one approver voted for two roles of one body; None if it counts.

    A body that commissions and provides has two signatories.
    """
    for record in records:
        if (record.kind, record.body.get("terms_hash")) != (vote.kind, vote.body["terms_hash"]):
            continue
        earlier = record.signer != vote.signer and record.sequence < vote.sequence
        own = terms.body_of(record.signer) == terms.body_of(vote.signer)
        if earlier and own and record.body["approver"] == vote.body["approver"]:
            return f"{vote.body['approver']} votes for {record.signer} already, a role of the same body"
    return None


@dataclass
class Count:
    """The votes on one thing: those that count, by party; why others do not; the entry that made it final.

    Once every vote needed is an approval, the decision is final: later votes change nothing.
    """

    needed: Collection[str]
    votes: dict[str, Record] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    final: Record | None = None

    def add(self, terms: Terms, vote: Record) -> None:
        if self.final is not None:
            return
        for party, other in self.votes.items():
            # A body that plays two roles has one vote and two signatories, so that nobody agrees with himself.
            same_body = party != vote.signer and terms.body_of(party) == terms.body_of(vote.signer)
            if same_body and other.body["approver"] == vote.body["approver"]:
                body = terms.body_of(party)
                self.left_out[vote.signer] = (
                    f"{vote.body['approver']} signed for {party} and for {vote.signer}, two roles of {body}: "
                    "a body with two roles has two signatories"
                )
                return
        self.votes[vote.signer] = vote
        if all(party in self.votes and self.votes[party].body["vote"] == "approve" for party in self.needed):
            self.final = vote

    def reasons(self, what: str) -> list[str]:
        """Why it is not agreed by all, party by party; none when it is."""
        found = []
        for party in self.needed:
            if party not in self.votes:
                found.append(self.left_out.get(party, f"{party} has not approved"))
            elif self.votes[party].body["vote"] != "approve":
                found.append(f"{party} rejected {what}")
        return found


def approvers(terms: Terms) -> tuple[str, ...]:
    """Every party whose approval the terms need: members, approving commissioners, and those that also approve."""
    return tuple(sorted({*terms.approver_ids, *(terms.governance.also_approved_by or ())}))
