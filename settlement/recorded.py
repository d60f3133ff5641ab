"""What the decision log records for a period beside the gate's causes: awards, and who did not take part.

Belongs here: an award for an unplanned outcome once every party voted for it; members that did not take part in
learning and development, recorded by a role that cannot gain from it.
Not here: the form and proof of the log (`decisions`), agreeing terms and recording causes (`approvals`), the money
(`top_up`, `postings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass

from settlement.authority import authority_fault, vote_fault
from settlement.decisions import Record
from settlement.exact import exact
from settlement.terms import Terms

_SEAL = object()


@dataclass(frozen=True)
class Award:
    """An unplanned outcome, what all parties voted to pay for it, and the hash of the vote that completed it."""

    outcome: str
    amount_pence: int
    record_hash: str


@dataclass(frozen=True)
class PeriodRecords:
    """What is recorded for one period of an agreement. Made by `period_records` alone.

    absent: members that did not take part, in the order of the log, so that an earlier settlement's part can be told.
    """

    agreement_id: str
    period_id: str
    awards: tuple[Award, ...]
    absent: tuple[str, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("what is recorded for a period comes from the decision log: call period_records")


def _awards(records: Sequence[Record], terms: Terms, period_id: str) -> tuple[Award, ...]:
    """Awards that every party approved under these terms, in the order in which they became final.

    One that would exceed the agreed greatest is void: a log cannot be mended, so it must not block what is owed.
    """
    if terms.top_up.unplanned_award is None:
        return ()
    left = exact(terms.top_up.unplanned_award.greatest_gbp) * 100
    approved: dict[tuple[str, int], set[str]] = {}
    final: dict[tuple[str, int], Award] = {}
    for record in records:
        body = record.body
        if record.kind != "award_voted" or record.signer not in terms.approver_ids:
            continue
        if (body["period_id"], body["terms_hash"]) != (period_id, terms.terms_hash) or vote_fault(records, record):
            continue
        award = (body["outcome"], int(body["amount_pence"]))
        if award in final:
            continue
        votes = approved.setdefault(award, set())
        if body["vote"] == "approve":
            votes.add(record.signer)
        else:
            votes.discard(record.signer)
        if votes == set(terms.approver_ids) and award[1] <= left:
            final[award] = Award(*award, record.hash)
            left -= award[1]
    return tuple(final.values())


def _absent(records: Sequence[Record], terms: Terms, period_id: str) -> tuple[str, ...]:
    learning = terms.top_up.learning_and_development
    if learning is None:
        return ()
    found = [
        record.body["member"]
        for record in records
        if record.kind == "absence_recorded"
        and record.body["period_id"] == period_id
        and record.signer in learning.recorded_by
        and record.body["member"] in terms.member_ids
        and not authority_fault(records, record)
    ]
    return tuple(dict.fromkeys(found))


def period_records(records: Sequence[Record], terms: Terms, period_id: str) -> PeriodRecords:
    """What a proved log records for a period. Votes and records without right or authority are left out."""
    own = [record for record in records if record.agreement_id == terms.id]
    if terms.finance.top_up is None:
        return PeriodRecords(terms.id, period_id, (), (), seal=_SEAL)
    return PeriodRecords(
        terms.id, period_id, _awards(own, terms, period_id), _absent(own, terms, period_id), seal=_SEAL
    )


def nothing_recorded(terms: Terms, period_id: str) -> PeriodRecords:
    """No award, and every member took part."""
    return period_records((), terms, period_id)
