"""The calendar: what each organisation has to send, by when, and what became of it.

Belongs here: a delivery that is due, and its state. Not here: what must be sent (`expectations.requirement`), the
contract's own dates (`ingest.contract`), and what a missing delivery does to money (`orchestration.forecasting`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from expectations.requirement import LEDGER_FEED, Due, all_covered, due_months, months_in
from foundation.errors import Refused
from foundation.period import Period
from ingest.contract import Contract
from ingest.register import Receipt, Register

State = Literal[
    "received_on_time", "received_late", "received", "in_part", "quarantine", "overdue", "waiting", "outside_agreement"
]
# what a person has to do something about
OPEN: tuple[State, ...] = ("quarantine", "overdue", "outside_agreement", "in_part")


@dataclass(frozen=True)
class Delivery:
    """One period of a feed that an organisation has to send, and how it stands.

    missing: its months, or parts of months, that nothing covers. received_on: the day from which all of it was there;
    None while it is not, or where nobody wrote the day down (state `received`). counts: the files that count for some
    day of it; rows_waiting: their rows that wait in quarantine. refused: the latest file about it of which no row
    counts and which was not sent again since; it may be a correction of one that does count. final_after: the last day
    on which it may change without a restatement; None where what was received is final.
    """

    feed: str
    organisation: str
    period: Period
    due_on: date
    final_after: date | None
    state: State
    received_on: date | None
    missing: tuple[str, ...]
    counts: tuple[Receipt, ...]
    rows_waiting: int
    refused: Receipt | None

    @property
    def open(self) -> bool:
        """Whether a person has to do something about it."""
        return self.state in OPEN or self.refused is not None

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is there."""
        return not self.missing


def asked_by_register(
    rows: Iterable[Mapping[str, Any]], contracts: Mapping[str, Contract], until: date
) -> Iterator[Due]:
    """What the register of required organisations asks for: every period that has begun by a day, to its end."""
    for row in rows:
        last = _contract(contracts, row["required_feed"]).delivery_period(until).end
        if row["valid_from"] <= last:
            yield from due_months(row, Period(row["valid_from"], last, "window", ""))


def asked_of_members(members: Iterable[str], period: Period, feed: str = LEDGER_FEED) -> Iterator[Due]:
    """The ledgers a settlement period asks of its members, month by month."""
    for member in members:
        for month in months_in(period):
            yield Due(month.label, feed, member, month.start, month.end)


def _contract(contracts: Mapping[str, Contract], feed: str) -> Contract:
    if feed not in contracts:
        raise Refused(
            f"the register asks for the feed {feed}, which has no data contract.",
            "correct the register of required organisations, or restore the contract.",
        )
    return contracts[feed]


def calendar(contracts: Mapping[str, Contract], register: Register, asked: Iterable[Due], on: date) -> list[Delivery]:
    """Every delivery that is due for a period which has begun by a day, by feed, organisation and period.

    on: the day it is looked at. register: what was known by then (`Register.as_known_on`).
    """
    grouped: dict[tuple[str, str, Period], set[Due]] = {}
    for item in asked:
        period = _contract(contracts, item.feed).delivery_period(item.first)
        if period.start <= on:
            grouped.setdefault((item.feed, item.organisation, period), set()).add(item)
    in_force = _by_sender(register.in_force())
    accepted, refused = _by_sender(filter(register.counts, register.entries)), _by_sender(register.unanswered())
    return [
        _delivery(
            contracts[feed], organisation, period, pieces, on,
            in_force.get((feed, organisation), []), accepted.get((feed, organisation), []),
            refused.get((feed, organisation), []),
        )
        for (feed, organisation, period), pieces in sorted(grouped.items(), key=lambda pair: pair[0])
    ]  # fmt: skip


def _by_sender(items: Iterable[Receipt]) -> dict[tuple[str, str], list[Receipt]]:
    found: dict[tuple[str, str], list[Receipt]] = {}
    for item in items:
        found.setdefault((item.feed, item.organisation), []).append(item)
    return found


def _delivery(
    contract: Contract,
    organisation: str,
    period: Period,
    pieces: set[Due],
    on: date,
    in_force: Sequence[Receipt],
    accepted: Sequence[Receipt],
    refusals: Sequence[Receipt],
) -> Delivery:
    # years of files would otherwise be looked through for each month
    in_force, accepted = _about(in_force, period), _about(accepted, period)
    missing = tuple(sorted({item.month for item in pieces if not _covered(in_force, item)}))
    received_on, known = (None, True) if missing else _complete_since(pieces, accepted)
    due_on, final = contract.due_on(period.end), contract.provisional_until(period.end)
    counts = () if not in_force else _that_count(in_force, pieces)
    waiting = sum(item.rows_quarantined - item.rows_set_aside for item in counts)
    refused = max(
        _about(refusals, period), key=lambda item: (item.received_on or date.min, item.chronology), default=None
    )
    state: State
    if not missing:
        in_time: State = "received_late" if received_on is not None and received_on > due_on else "received_on_time"
        state = "in_part" if waiting else in_time if known else "received"
    elif not _may_be_sent(contract, organisation, pieces, on):
        state = "outside_agreement"
    elif refused is not None:
        state = "quarantine"
    else:
        state = "overdue" if on > due_on else "waiting"
    return Delivery(
        contract.feed, organisation, period, due_on, None if final == date.min else final, state,
        received_on, missing, counts, waiting, refused,
    )  # fmt: skip


def _spans(items: Iterable[Receipt]) -> list[tuple[date, date]]:
    return sorted(
        (item.covers_from, item.covers_to)
        for item in items
        if item.covers_from is not None and item.covers_to is not None
    )


def _covered(items: Iterable[Receipt], piece: Due) -> bool:
    return all_covered(_spans(items), piece.first, piece.last)


def _complete_since(pieces: Iterable[Due], accepted: Iterable[Receipt]) -> tuple[date | None, bool]:
    """The day from which all pieces were covered, and whether anybody wrote it down.

    Files that were superseded since are among them: who corrects a file has sent the first one in time all the same.
    """
    came: list[Receipt] = []
    for item in sorted(accepted, key=lambda one: one.received_on or date.min):
        came.append(item)
        if all(_covered(came, piece) for piece in pieces):
            return item.received_on, item.received_on is not None
    return None, False


def _that_count(in_force: Sequence[Receipt], pieces: Iterable[Due]) -> tuple[Receipt, ...]:
    """The files that count for some day of the pieces: for a day, the one of highest precedence that covers it."""
    found: dict[str, Receipt] = {}
    for piece in pieces:
        # which file counts changes only where one begins or has ended
        edges = {piece.first}
        for start, end in _spans(in_force):
            edges |= {start, end + timedelta(days=1)}
        for day in edges:
            if not piece.first <= day <= piece.last:
                continue
            holding = [item for item in in_force if any(start <= day <= end for start, end in _spans([item]))]
            if holding:
                best = max(holding, key=lambda item: item.precedence)
                found[best.submission_id] = best
    return tuple(sorted(found.values(), key=lambda item: item.chronology))


def _about(items: Iterable[Receipt], period: Period) -> list[Receipt]:
    """Files that cover some day of a period."""
    return [item for item in items if any(start <= period.end and end >= period.start for start, end in _spans([item]))]


def _may_be_sent(contract: Contract, organisation: str, pieces: Iterable[Due], on: date) -> bool:
    """Whether a file about these days would be taken from the organisation on a day."""
    if organisation not in contract.custom.senders:
        return False
    agreement = contract.agreement_of(organisation)
    return agreement.start <= on <= agreement.end and all(
        agreement.start <= piece.first and piece.last <= agreement.end for piece in pieces
    )
