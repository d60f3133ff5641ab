"""The register: every submission ever judged, and which of them count.

Belongs here: receipts, sequence, supersession, coverage. A receipt is the last thing intake writes: what has
none was not taken in. Not here: judging a submission (`expectations.intake`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.errors import SystemFault
from foundation.home import Home
from foundation.period import Period, month_of, months_between
from ingest.rules import FILE, Finding

RECEIPT = "receipt.json"


@dataclass(frozen=True)
class Receipt:
    """What became of one submission. Dates are None only where the manifest could not be read.

    `suite` is (name, hash, statistics); `profile` the figures later periods are compared with, as text;
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
    repeated: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it counts: not refused, and at least one row got through (or it says there are none)."""
        return self.outcome != FILE and (self.rows_accepted > 0 or self.rows_read == 0)

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
class Register:
    """All receipts of a home and the questions asked of them."""

    entries: tuple[Receipt, ...]

    @classmethod
    def load(cls, home: Home) -> Register:
        return cls(tuple(receipts(home)))

    def of(self, feed: str, organisation: str | None = None) -> list[Receipt]:
        """Accepted submissions of a feed, those that count last at the end."""
        return sorted(
            (
                item
                for item in self.entries
                if item.accepted and item.feed == feed and organisation in (None, item.organisation)
            ),
            key=lambda item: item.precedence,
        )

    def latest_sequence(self, feed: str, organisation: str, first: date, last: date) -> Receipt | None:
        """The accepted submission of highest sequence for exactly these dates; None if there is none."""
        same = [item for item in self.of(feed, organisation) if item.slot[2:] == (first, last)]
        return max(same, key=lambda item: item.sequence, default=None)

    def in_force(self) -> list[Receipt]:
        """Accepted submissions that no later one covers completely, by submission id.

        What is wholly superseded contributes nothing, so leaving it out makes the data cut independent of
        the order in which deliveries arrived.
        """
        accepted: dict[tuple[str, str], list[Receipt]] = {}
        for item in self.entries:
            if item.accepted:
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
        return [item for item in self.entries if item.accepted and item.submission_id not in counted]

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
