"""What a board resolved: one body, one vote; conflicted holders of seats excluded; the quorum tested after that.

Belongs here: seats in date, exclusion, quorum and the result of a board's votes on one subject.
Not here: who may sign an entry (`authority`), what a resolution is needed for (`approvals`, `certificates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from settlement.authority import authority_fault, conflicts_of, is_conflicted
from settlement.decision_bodies import subject_of
from settlement.decisions import Record
from settlement.terms import Terms
from settlement.terms_governance import Board


@dataclass(frozen=True)
class Resolution:
    """What a board has resolved on a subject: the entry by which it passed, or the reason why it has not."""

    board: str
    subject: str
    reason: str
    passed_by: Record | None

    @property
    def passed(self) -> bool:
        return self.passed_by is not None


def board_for(terms: Terms, what: str) -> Board | None:
    """The board that decides on `terms` or on a `certificate`; None where the terms name none."""
    return next((board for board in terms.governance.boards or () if what in board.decides), None)


def seat_holder(records: Sequence[Record], board: Board, party: str, day: date) -> str | None:
    """Who holds a party's seat on a day: the last one given it for that day; None for a vacant seat."""
    text, holder = day.isoformat(), None
    for record in records:
        body = record.body
        if (
            record.kind == "seat_given"
            and record.signer == party
            and body["board"] == board.id
            and body["valid_from"] <= text
            and (not body["valid_to"] or text <= body["valid_to"])
        ):
            holder = str(body["approver"])
    return holder


def seats_that_decide(records: Sequence[Record], terms: Terms, board: Board, subject: str, day: date) -> dict[str, str]:
    """Party -> holder of every seat filled on a day and not excluded by a conflict on the subject or the terms."""
    held = {party: seat_holder(records, board, party, day) for party in board.seats}
    return {
        party: holder
        for party, holder in held.items()
        if holder is not None and not is_conflicted(conflicts_of(records, party, holder), terms, subject)
    }


def quorum_fault(records: Sequence[Record], terms: Terms, board: Board, subject: str, day: date) -> str | None:
    """Why the board cannot decide, however many vote: too few bodies are left once conflicted holders are excluded."""
    bodies = {terms.body_of(party) for party in seats_that_decide(records, terms, board, subject, day)}
    if len(bodies) >= board.quorum:
        return None
    return (
        f"{board.name} cannot decide: {len(bodies)} of its {len({terms.body_of(seat) for seat in board.seats})} bodies "
        f"are left once vacant seats and declared conflicts are taken out, and its quorum is {board.quorum}"
    )


def seat_fault(records: Sequence[Record], board: Board, vote: Record) -> str | None:
    """Why an entry is no vote of this board: its signer has no seat there, or its approver does not hold it."""
    holder = seat_holder(
        [r for r in records if r.sequence < vote.sequence], board, vote.signer, vote.day
    ) if vote.signer in board.seats else None  # fmt: skip
    if holder is None:
        return f"{vote.signer} has no seat on {board.name} on {vote.day.isoformat()}"
    if holder != vote.body["approver"]:
        return f"the seat of {vote.signer} on {board.name} is held by {holder}, not by {vote.body['approver']}"
    return None


def _tally(terms: Terms, deciding: dict[str, str], votes: dict[str, Record]) -> tuple[int, int, int]:
    """Bodies that decide, that have voted, and that approve: a body approves when every role of it does."""
    bodies: dict[str, list[str]] = {}
    for party in deciding:
        bodies.setdefault(terms.body_of(party), []).append(party)
    voted = [parties for parties in bodies.values() if all(party in votes for party in parties)]
    approve = [parties for parties in voted if all(votes[party].body["vote"] == "approve" for party in parties)]
    return len(bodies), len(voted), len(approve)


def resolution(records: Sequence[Record], terms: Terms, board: Board, subject: str) -> Resolution:
    """What a board resolved on a subject by the entries given. What has passed is final: later votes change nothing."""
    votes: dict[str, Record] = {}
    reason = f"{board.name} has not voted on it"
    for number, record in enumerate(records):
        known = records[: number + 1]
        if record.kind != "board_voted" or record.body["board"] != board.id or subject_of(record.body) != subject:
            continue
        if seat_fault(records, board, record) or authority_fault(records, record) or record.agreement_id != terms.id:
            continue
        votes[record.signer] = record
        deciding = seats_that_decide(known, terms, board, subject, record.day)
        if fault := quorum_fault(known, terms, board, subject, record.day):
            reason = fault
            continue
        counted = {party: vote for party, vote in votes.items() if party in deciding}
        bodies, voted, approve = _tally(terms, deciding, counted)
        need = bodies if board.passes_by == "unanimous" else bodies // 2 + 1
        if voted >= board.quorum and approve >= need:
            return Resolution(board.id, subject, "", record)
        reason = (
            f"{board.name} has not passed it: {approve} of {bodies} bodies that may vote approve and {need} are "
            f"needed; {voted} have voted and its quorum is {board.quorum}"
        )
    return Resolution(board.id, subject, reason, None)
