"""Whether an entry of the log was signed when it says: against the moment it came in, and against what was published.

Belongs here: how late an entry may come in, and which entries a published release shows to be back-dated.
Not here: the order of entries (`decisions`), reading a home's releases (`orchestration`).

A signature proves who signed, never when. The chain proves order: nothing may be dated before the line above it. That
leaves room between the last entry and today, into which a late approval could be dated; these two rules close it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from settlement.decisions import Record

# What is signed elsewhere is brought to the keeper of the log within a week; clocks agree within an hour.
ALLOWED, AHEAD = timedelta(days=7), timedelta(hours=1)
# A run reads the log, settles on it, and publishes no more than a day later: what came in between is in no release.
RUN = timedelta(days=1)


@dataclass(frozen=True)
class Published:
    """A release in which an agreement's log had so many entries. at: when it was published, UTC."""

    release_id: str
    at: str
    entries: int


def receipt_fault(record: Record, received: str) -> str | None:
    """Why an entry is not taken in at a moment (UTC, as in the log): signed long before it, or after it."""
    signed, came = datetime.fromisoformat(record.signed_at), datetime.fromisoformat(received)
    if signed > came + AHEAD:
        return f"it is dated {record.signed_at}, and it came in at {received}, before that"
    if came - signed > ALLOWED:
        return f"it is dated {record.signed_at}, and it came in at {received}: more than {ALLOWED.days} days late"
    return None


def back_dated(records: Sequence[Record], published: Sequence[Published]) -> dict[int, str]:
    """Why entries were signed later than they say, by sequence: a release long after their date lacks them."""
    found = {}
    for record in records:
        signed = datetime.fromisoformat(record.signed_at)
        for release in published:
            late = datetime.fromisoformat(release.at) - signed > ALLOWED + RUN
            if late and record.sequence > release.entries and record.sequence not in found:
                found[record.sequence] = (
                    f"it is dated {record.signed_at}, and the release {release.release_id[:16]}, published at "
                    f"{release.at}, did not hold it: it was signed later than it says"
                )
    return found
