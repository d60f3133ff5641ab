"""A file judged part by part is judged as the same file in memory: findings, quarantine, receipt, lake, byte by byte.

Small files and tiny parts stand for large ones: every limit that makes a file large is patched.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from deliveries import monthly
from test_intake_mutations import MONEY, Feed, made

import expectations.examine as examining
from expectations.examine import Examination, examine
from foundation import tables
from foundation.canonical import sha256_bytes
from ingest import lake, quarantine, receive, spill, stream
from ingest.contract import Contract, load_contracts
from ingest.manifest import Manifest, parse_manifest
from ingest.rules import in_order

COUNT = int(os.environ.get("OUTTURN_MUTATIONS", "5000"))
CONTRACTS = load_contracts()
_AT_ONCE = 1_000


@dataclass
class Paths:
    """How often a file was read by parts to its end."""

    by_parts: int = 0


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Paths:
    """Everything is large, and every part is small."""
    paths, read = Paths(), examining.read_parts

    def counted(*arguments: Any) -> Any:
        rows = read(*arguments)
        paths.by_parts += 1
        return rows

    monkeypatch.setattr(examining, "read_parts", counted)
    patch_sizes(monkeypatch, 100)
    return paths


def patch_sizes(monkeypatch: pytest.MonkeyPatch, part: int, rows: int = 3) -> None:
    monkeypatch.setattr(receive, "LARGE", 0)
    monkeypatch.setattr(stream, "PART_BYTES", part)
    monkeypatch.setattr(spill, "BATCH_ROWS", rows)
    monkeypatch.setattr(spill, "GROUP_ROWS", rows)
    monkeypatch.setattr(spill, "BUCKETS", 3)
    monkeypatch.setattr(tables, "ROW_GROUP", 4)


def held_of(data: bytes) -> receive.Held:
    return receive.Held(data, len(data), sha256_bytes(data), False)


def told(result: Examination, contract: Contract) -> dict[str, Any]:
    """Everything that is said of a file, in the form in which it reaches the disk."""
    return {
        "outcome": result.outcome,
        "findings": in_order(result.findings),
        "all findings": Counter(result.findings),
        "counts": (result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_deduplicated),
        "quarantine": quarantine.record_of("x", result.findings, result.outcome == "reject_file"),
        "statistics": dict(result.statistics),
        "profile": dict(result.profile),
        "layout": result.layout,
        "set aside": dict(result.set_aside),
        "lake": None if result.accepted is None else lake.part_hashes(result.accepted, contract),
        "rows": None if result.accepted is None else spill.whole(result.accepted).to_pylist(),
    }


def whole(monkeypatch: pytest.MonkeyPatch, *arguments: Any, **named: Any) -> Examination:
    with monkeypatch.context() as patch:
        patch.setattr(receive, "LARGE", 1 << 40)
        return examine(*arguments, **named)


def manifest_for(feed: Feed, data: bytes, rows: int) -> Manifest:
    content = monthly(
        feed.contract.feed,
        feed.organisation,
        "2025-04",
        data,
        rows,
        control_totals={"amount": "15000.15"} if feed is MONEY else {},
    )
    return parse_manifest(json.dumps(content).encode())


def lines_in(data: bytes) -> int:
    return max(len(data.splitlines()) - 1, 0)


@pytest.mark.parametrize("start", range(0, COUNT, _AT_ONCE))
def test_a_spoilt_file_is_read_alike_by_parts_and_whole(
    start: int, tiny: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, faults and sums of every file; what Great Expectations adds is compared below, for fewer."""
    for number in range(start, min(start + _AT_ONCE, COUNT)):
        feed, data = made(number)
        if not data:
            continue
        manifest = manifest_for(feed, data, lines_in(data))
        # as far as the rows: expectations take most of the time
        wanted, found = (_rows_of(feed, data, manifest, size, monkeypatch) for size in (1 << 40, 0))
        assert found == wanted, (number, data)
    assert tiny.by_parts * 8 > min(COUNT, _AT_ONCE)


def _rows_of(feed: Feed, data: bytes, manifest: Manifest, large: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    from expectations.suites import suite_of
    from ingest.identity.keyring import passing_keyring
    from ingest.read import FileRejectedError

    with monkeypatch.context() as patch:
        patch.setattr(receive, "LARGE", large)
        try:
            rows = examining._rows_of(
                held_of(data),
                manifest.file,
                feed.contract,
                manifest,
                passing_keyring(),
                suite_of(feed.contract),
                None,
                None,
            )
        except FileRejectedError as rejected:
            return rejected.found, rejected.notes
    dropped = rows.without_repeats({})
    accepted = rows.accept(set())
    return (
        (rows.layout, rows.count, rows.readable, rows.num_rows, dropped),
        (tuple(rows.findings), tuple(rows.faults), dict(rows.unreadable), rows.sums(manifest.totals())),
        lake.part_hashes(accepted, feed.contract),
        spill.whole(accepted).to_pylist(),
    )


def test_the_whole_verdict_on_spoilt_files_is_alike(tiny: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(0, COUNT, 50):
        feed, data = made(number)
        manifest = manifest_for(feed, data, lines_in(data))
        arguments = (held_of(data), manifest.file, feed.contract, manifest)
        found, wanted = examine(*arguments), whole(monkeypatch, *arguments)
        assert told(found, feed.contract) == told(wanted, feed.contract), (number, data)
        outcomes[found.outcome] += 1
    assert len(outcomes) >= 3, outcomes
    assert tiny.by_parts * 12 > COUNT // 50
