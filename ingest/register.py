"""The register: every submission ever judged, and which of them count.

Belongs here: receipts, sequence, supersession, withdrawal, coverage. A receipt is the last thing intake writes: what
has none was not taken in. Not here: judging a submission (`expectations.examine`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.errors import Refused, SystemFault, WrongUsage
from foundation.home import Home
from foundation.period import Period, month_of, months_between
from ingest.contract import Contract, ending_of
from ingest.rules import FILE, Finding

RECEIPT = "receipt.json"
WITHDRAWAL = "withdrawal.json"
REDACTION = "redaction.json"


@dataclass(frozen=True)
class Receipt:
    """What became of one submission. Dates covered are None only where the manifest could not be read.

    `received_on`: the day it was taken in, None where it was not judged by its day.

    `suite` is (name, hash, statistics); `profile` the figures later periods are compared with, as text;
    `set_aside`: rule of a person's right -> quarantined rows it took out;
    `repeated` is not stored: it tells the caller that this delivery changed nothing.
    """

    submission_id: str
    feed: str
    organisation: str
    covers_from: date | None
    covers_to: date | None
    sequence: int
    file_name: str
    sha256: str
    manifest_sha256: str
    bytes: int
    outcome: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_deduplicated: int
    findings: tuple[Finding, ...]
    suite_name: str
    suite_hash: str
    suite_statistics: tuple[tuple[str, int], ...]
    contract_hash: str
    lake_files: tuple[tuple[str, str], ...]
    profile: tuple[tuple[str, str], ...] = ()
    received_on: date | None = None
    set_aside: tuple[tuple[str, int], ...] = ()
    repeated: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it counts: not refused, and at least one row got through (or it says there are none).

        Rows that people's rights take out are no fault of the file: without them it still replaces what came before.
        """
        return self.outcome != FILE and (self.rows_accepted > 0 or self.rows_read == 0 or self.rows_set_aside > 0)

    @property
    def rows_set_aside(self) -> int:
        """Quarantined rows that nobody has to mend: their people opted out, objected or were erased."""
        return sum(count for _, count in self.set_aside)

    @property
    def gravest(self) -> Finding | None:
        """The first finding that made the file what it is; None for one without findings."""
        return next((item for item in self.findings if item.severity == self.outcome), None)

    @property
    def shown_name(self) -> str:
        """How the file is called in a message: by its name where that is the one we ask for, else by its receipt.

        Any other name is the sender's own words, and may be somebody's name.
        """
        if self.feed and self.covers_from is not None:
            ending = ending_of(self.file_name)
            asked = f"{self.feed}_{self.organisation}_{self.covers_from:%Y-%m}_v{self.sequence}{ending}"
            if self.file_name.casefold() == asked.casefold():
                return asked
        return f"a file of {self.organisation} (receipt {self.submission_id[:16]})"

    @property
    def slot(self) -> tuple[str, str, date | None, date | None]:
        """Feed, organisation and dates: what a sequence numbers."""
        return self.feed, self.organisation, self.covers_from, self.covers_to

    @property
    def precedence(self) -> tuple[int, date, str]:
        """Higher wins, for a date that several accepted submissions cover: sequence, then last day covered.

        The warehouse orders them alike (`int_submission_coverage`).
        """
        return self.sequence, self.covers_to or date.min, self.submission_id

    @property
    def chronology(self) -> tuple[date, int, str]:
        """Order of the periods submissions are about, which is not the order in which they count."""
        return self.covers_to or date.min, self.sequence, self.submission_id

    def as_json(self) -> dict[str, Any]:
        return {
            "submission_id": self.submission_id,
            "feed": self.feed,
            "organisation": self.organisation,
            "covers": {"from": self.covers_from, "to": self.covers_to},
            "sequence": self.sequence,
            "file_name": self.file_name,
            "sha256": self.sha256,
            "manifest_sha256": self.manifest_sha256,
            "bytes": self.bytes,
            "outcome": self.outcome,
            "rows_read": self.rows_read,
            "rows_accepted": self.rows_accepted,
            "rows_quarantined": self.rows_quarantined,
            "rows_deduplicated": self.rows_deduplicated,
            "findings": [item.as_json() for item in self.findings],
            "suite": {
                "name": self.suite_name,
                "hash": self.suite_hash,
                "statistics": dict(self.suite_statistics),
            },
            "contract_hash": self.contract_hash,
            "lake_files": dict(self.lake_files),
            "profile": dict(self.profile),
            "received_on": self.received_on,
            **({"set_aside": dict(self.set_aside)} if self.set_aside else {}),
        }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def parse_receipt(data: bytes) -> Receipt:
    """The receipt in JSON bytes; SystemFault when it is not one (disk damage, a foreign hand)."""
    try:
        raw = json.loads(data)
        return Receipt(
            submission_id=raw["submission_id"],
            feed=raw["feed"],
            organisation=raw["organisation"],
            covers_from=_day(raw["covers"]["from"]),
            covers_to=_day(raw["covers"]["to"]),
            sequence=int(raw["sequence"]),
            file_name=raw["file_name"],
            sha256=raw["sha256"],
            manifest_sha256=raw["manifest_sha256"],
            bytes=int(raw["bytes"]),
            outcome=raw["outcome"],
            rows_read=int(raw["rows_read"]),
            rows_accepted=int(raw["rows_accepted"]),
            rows_quarantined=int(raw["rows_quarantined"]),
            rows_deduplicated=int(raw["rows_deduplicated"]),
            findings=tuple(
                Finding(item["rule"], item["severity"], item["column"], item["row"], item["message"])
                for item in raw["findings"]
            ),
            suite_name=raw["suite"]["name"],
            suite_hash=raw["suite"]["hash"],
            suite_statistics=tuple(sorted(raw["suite"]["statistics"].items())),
            contract_hash=raw["contract_hash"],
            lake_files=tuple(sorted(raw["lake_files"].items())),
            profile=tuple(sorted(raw["profile"].items())),
            # receipts of before this was kept do not say
            received_on=_day(raw.get("received_on")),
            set_aside=tuple(sorted(raw.get("set_aside", {}).items())),
        )
    except (ValueError, KeyError, TypeError):
        raise SystemFault("a submission's receipt cannot be read.", "restore vault/submissions from backup.") from None


@lru_cache(maxsize=100_000)
def _cached(path: str, changed: int, size: int) -> Receipt:
    del changed, size  # part of the key: a receipt replaced on disk is read again
    return parse_receipt(Path(path).read_bytes())


def receipt_path(home: Home, submission_id: str) -> Path:
    return home.submissions / submission_id / RECEIPT


def read_receipt(home: Home, submission_id: str) -> Receipt | None:
    """Receipt of a submission; None while there is none."""
    path = receipt_path(home, submission_id)
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return _cached(str(path), state.st_mtime_ns, state.st_size)


def receipts(home: Home) -> list[Receipt]:
    """Every receipt, in the order of submission ids."""
    if not home.submissions.exists():
        return []
    found = []
    with os.scandir(home.submissions) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    for name in names:
        receipt = read_receipt(home, name)
        if receipt is not None:
            found.append(receipt)
    return found


def write_receipt(home: Home, receipt: Receipt) -> None:
    """Make the submission part of the register. A former receipt of the same bytes is kept beside it."""
    path = receipt_path(home, receipt.submission_id)
    data = readable_json(receipt.as_json())
    if path.exists():
        former = path.read_bytes()
        if former == data:
            return
        held = parse_receipt(former)
        name = f"receipt-{held.manifest_sha256[:12]}-{held.contract_hash[:12]}-{held.suite_hash[:12]}.json"
        write_bytes(path.with_name(name), former, mode=0o600)
    write_bytes(path, data, mode=0o600)


@dataclass(frozen=True)
class Redaction:
    """Rows of a submission's raw file that an erasure has emptied.

    raw_sha256: of the file as it lies in the vault since; None when the whole file had to go. The receipt goes on
    naming what was sent.
    """

    rows: frozenset[int]
    raw_sha256: str | None

    def as_json(self) -> dict[str, Any]:
        return {"rows": sorted(self.rows), "raw_sha256": self.raw_sha256}


def redaction_path(home: Home, submission_id: str) -> Path:
    return home.submissions / submission_id / REDACTION


def read_redaction(home: Home, submission_id: str) -> Redaction | None:
    """What erasures took out of a submission's raw file; None when nothing."""
    path = redaction_path(home, submission_id)
    try:
        raw = json.loads(path.read_bytes())
        return Redaction(frozenset(raw["rows"]), raw["raw_sha256"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise SystemFault(f"{path} cannot be read.", "restore vault/submissions from backup.") from None


@dataclass(frozen=True)
class Withdrawal:
    """A submission taken back after it was accepted: it stays where it is and counts for nothing.

    `restatement`: the figures it took part in were no longer provisional, and the withdrawal was meant to restate them.
    """

    submission_id: str
    reason: str
    by: str
    as_at: date
    restatement: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "submission_id": self.submission_id,
            "reason": self.reason,
            "by": self.by,
            "as_at": self.as_at,
            "restatement": self.restatement,
        }


def withdrawal_path(home: Home, submission_id: str) -> Path:
    return home.submissions / submission_id / WITHDRAWAL


def read_withdrawal(home: Home, submission_id: str) -> Withdrawal | None:
    """Why a submission no longer counts; None when nobody took it back."""
    path = withdrawal_path(home, submission_id)
    try:
        raw = json.loads(path.read_bytes())
        return Withdrawal(
            raw["submission_id"], raw["reason"], raw["by"], date.fromisoformat(raw["as_at"]), raw["restatement"]
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise SystemFault(f"{path} cannot be read.", "restore vault/submissions from backup.") from None


def withdraw(
    home: Home,
    submission_id: str,
    reason: str,
    by: str,
    contracts: Mapping[str, Contract],
    as_at: date,
    *,
    restatement: bool = False,
) -> Withdrawal:
    """Take back an accepted submission: from the next data cut on, what it had superseded counts again.

    as_at: the day it is done, which decides by the contract's freezeRule and lagDays whether the figures are still
    provisional; later a withdrawal is a restatement and must say so. A withdrawal cannot be taken back: the sender
    delivers again with a higher sequence.
    """
    receipt = read_receipt(home, submission_id)
    if receipt is None or not receipt.accepted or receipt.covers_to is None:
        raise WrongUsage("there is no accepted submission of that id.", "see the receipts, or `outturn doctor`.")
    if not reason.strip() or not by.strip():
        raise WrongUsage("a withdrawal says why and by whom.", "give a reason and a name or role.")
    former = read_withdrawal(home, submission_id)
    if former is not None:
        raise WrongUsage(f"the submission was withdrawn on {former.as_at}.", "nothing to do.")
    contract = contracts.get(receipt.feed)
    if contract is None:
        raise WrongUsage(f"there is no contract for the feed {receipt.feed}.", "restore the contract.")
    until = contract.provisional_until(receipt.covers_to)
    if as_at > until and not restatement:
        raise Refused(
            f"figures of {receipt.feed} up to {receipt.covers_to} are no longer provisional.",
            "withdraw as a restatement, after the members have agreed to one.",
        )
    made = Withdrawal(submission_id, reason.strip(), by.strip(), as_at, restatement)
    write_bytes(withdrawal_path(home, submission_id), readable_json(made.as_json()), mode=0o600)
    return made


@dataclass(frozen=True)
class Register:
    """All receipts of a home, the ids of those taken back, and the questions asked of them."""

    entries: tuple[Receipt, ...]
    withdrawn: frozenset[str] = frozenset()

    @classmethod
    def load(cls, home: Home) -> Register:
        found = tuple(receipts(home))
        return cls(
            found,
            frozenset(item.submission_id for item in found if withdrawal_path(home, item.submission_id).exists()),
        )

    @classmethod
    def as_known_on(cls, home: Home, day: date) -> Register:
        """The register without what came, or was taken back, after a day. What was received on a day nobody wrote down
        counts as known."""
        whole = cls.load(home)
        taken_back = {item: read_withdrawal(home, item) for item in whole.withdrawn}
        return cls(
            tuple(item for item in whole.entries if item.received_on is None or item.received_on <= day),
            frozenset(item for item, found in taken_back.items() if found is None or found.as_at <= day),
        )

    def without(self, submission_id: str) -> Register:
        """The register as it would be had the submission never come."""
        return Register(tuple(item for item in self.entries if item.submission_id != submission_id), self.withdrawn)

    def including(self, receipt: Receipt) -> Register:
        """The register once a receipt has been written."""
        return Register((*self.without(receipt.submission_id).entries, receipt), self.withdrawn)

    def counts(self, item: Receipt) -> bool:
        """Whether a submission was accepted and not taken back; it may still be superseded."""
        return item.accepted and item.submission_id not in self.withdrawn

    def of(self, feed: str, organisation: str | None = None) -> list[Receipt]:
        """Submissions of a feed that count, those that count last at the end."""
        return sorted(
            (
                item
                for item in self.entries
                if self.counts(item) and item.feed == feed and organisation in (None, item.organisation)
            ),
            key=lambda item: item.precedence,
        )

    def latest_sequence(self, feed: str, organisation: str, first: date, last: date) -> Receipt | None:
        """The accepted submission of highest sequence for exactly these dates; None if there is none.

        One that was taken back is among them: its number is not given twice.
        """
        same = [item for item in self.entries if item.accepted and item.slot == (feed, organisation, first, last)]
        return max(same, key=lambda item: item.sequence, default=None)

    def in_force(self) -> list[Receipt]:
        """Accepted submissions, not taken back, that no later one covers completely, by submission id.

        What is wholly superseded contributes nothing, so leaving it out makes the data cut independent of
        the order in which deliveries arrived.
        """
        accepted: dict[tuple[str, str], list[Receipt]] = {}
        for item in self.entries:
            if self.counts(item):
                accepted.setdefault((item.feed, item.organisation), []).append(item)
        kept = [
            item
            for group in accepted.values()
            for item in group
            if not any(_covers(other, item) and other.precedence > item.precedence for other in group)
        ]
        return sorted(kept, key=lambda item: item.submission_id)

    def superseded(self) -> list[Receipt]:
        """Accepted submissions that no longer count for any date."""
        counted = {item.submission_id for item in self.in_force()}
        return [item for item in self.entries if self.counts(item) and item.submission_id not in counted]

    def unanswered(self) -> list[Receipt]:
        """Files of which no row counts, and which their sender has not sent again with success since."""
        names = {item.file_name for item in self.entries if item.accepted}
        slots: dict[tuple[str, str, date | None, date | None], list[Receipt]] = {}
        for item in self.entries:
            if item.accepted:
                slots.setdefault(item.slot, []).append(item)
        return [
            item
            for item in self.entries
            if not item.accepted
            and not (
                # of a file whose manifest could not be read nothing but the name is known
                item.file_name in names
                if item.covers_from is None
                else any(_answers(other, item) for other in slots.get(item.slot, ()))
            )
        ]

    def months_covered(self, feed: str, organisation: str) -> list[str]:
        """Labels of the months an organisation's submissions in force cover."""
        return months_of(item for item in self.in_force() if item.feed == feed and item.organisation == organisation)

    def missing_months(self, feed: str, organisation: str, first: Period, last: Period) -> list[str]:
        """Months from `first` to `last` for which nothing of the organisation counts."""
        covered = set(self.months_covered(feed, organisation))
        return [period.label for period in months_between(first, last) if period.label not in covered]

    def earlier(self, feed: str, organisation: str, before: date, at_most: int) -> list[Receipt]:
        """Submissions in force that end before a date, the latest `at_most`, oldest first."""
        found = [
            item
            for item in self.in_force()
            if item.feed == feed
            and item.organisation == organisation
            and item.covers_to is not None
            and item.covers_to < before
        ]
        return sorted(found, key=lambda item: item.chronology)[-at_most:]


def _answers(accepted: Receipt, refused: Receipt) -> bool:
    """Whether an accepted file for the same dates is a better one than the refused.

    A correction that was refused is not answered by the file it was to correct.
    """
    too_low = any(item.rule == "delivery.sequence_not_higher" for item in refused.findings)
    return accepted.sequence > refused.sequence or (accepted.sequence == refused.sequence and not too_low)


def _covers(outer: Receipt, inner: Receipt) -> bool:
    if outer.covers_from is None or outer.covers_to is None or inner.covers_from is None or inner.covers_to is None:
        return False
    return outer.covers_from <= inner.covers_from and inner.covers_to <= outer.covers_to


def months_of(items: Iterable[Receipt]) -> list[str]:
    """Labels of all months that receipts cover, in order, each once."""
    labels: set[str] = set()
    for item in items:
        if item.covers_from is not None and item.covers_to is not None:
            labels.update(
                period.label for period in months_between(month_of(item.covers_from), month_of(item.covers_to))
            )
    return sorted(labels)


def repeated(receipt: Receipt) -> Receipt:
    """The same receipt, marked as having been there before."""
    return replace(receipt, repeated=True)
