"""Letting the rows of a feed follow the lists of people who do not count, whenever a list has changed.

Belongs here: which submissions are touched, and letting somebody's rows back, which means judging the raw file again.
Not here: the lists (`ingest.identity.rights`), rewriting one submission (`ingest.identity.redact`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from expectations.examine import examine
from expectations.intake import RAW_MANIFEST, held_in, rights_in
from foundation.home import Home
from ingest import lake, receive
from ingest.contract import Contract
from ingest.identity.keyring import keyring_of
from ingest.identity.redact import carry_out, put, raw_file
from ingest.identity.rights import SET_ASIDE, Rights, applied_to, note_applied, rights_of
from ingest.manifest import parse_manifest
from ingest.register import Receipt, Register, receipts
from ingest.rules import Finding, in_order, worst


def follow(home: Home, contract: Contract, between: Callable[[], None] = lambda: None) -> int:
    """Make the lake's rows of a feed those that may count now; returns how many submissions changed.

    between: called before each submission. Done again from the start when it was cut short: what is done stays done.
    """
    rights = rights_of(home)
    applied = applied_to(home, contract.feed)
    if contract.identity is None or (applied.state, applied.returned) == (rights.state, rights.returned):
        return 0
    changed = 0
    for receipt in [item for item in receipts(home) if item.feed == contract.feed]:
        between()
        renewed = carry_out(home, contract, receipt, rights, keyring_of(home))
        if applied.returned != rights.returned and _set_aside(renewed):
            renewed = let_back(home, contract, renewed)
        changed += renewed != receipt
    note_applied(home, contract.feed, rights)
    return changed


def _set_aside(receipt: Receipt) -> bool:
    return receipt.accepted and any(rule in SET_ASIDE for rule, _ in receipt.set_aside)


def let_back(home: Home, contract: Contract, receipt: Receipt) -> Receipt:
    """Put rows of people who are on no list any more back into the lake, from the raw file in the vault.

    Nothing else may change with it: where the file judged now would give other rows beside those (the contract is
    another since), or the raw file is not kept, the receipt stays as it is and the rows wait for the next delivery.
    """
    raw = raw_file(home, receipt.submission_id)
    if raw is None:
        return receipt
    manifest = parse_manifest((raw.parent / RAW_MANIFEST).read_bytes())
    held = receive.hold(raw, contract.custom.limits.fileBytes)
    rights = rights_in(home, receipt.submission_id)
    others = Register.load(home).without(receipt.submission_id)
    referred = held_in(home, others)
    fresh = examine(held, receipt.file_name, contract, manifest, others, (), keyring_of(home), referred, rights)
    if fresh.accepted is None:
        return receipt
    parts = lake.partitions(fresh.accepted, contract)
    kept, came = _compared(lake.read_parts(home, dict(receipt.lake_files)), parts)
    before = sum(count for rule, count in receipt.set_aside if rule in SET_ASIDE)
    after = sum(fresh.set_aside.get(rule, 0) for rule in SET_ASIDE)
    if not kept or came != before - after or not came:
        return receipt
    files = lake.write_again(
        home, contract, receipt.organisation, receipt.submission_id, parts, dict(receipt.lake_files)
    )
    told = in_order([*(item for item in receipt.findings if item.rule not in SET_ASIDE), *_aside(fresh.findings)])
    renewed = replace(
        receipt,
        rows_accepted=receipt.rows_accepted + came,
        rows_quarantined=receipt.rows_quarantined - came,
        findings=told,
        outcome=worst(told),
        lake_files=tuple(sorted(files.items())),
        set_aside=tuple(sorted(Counter(fresh.set_aside).items())),
    )
    return put(home, contract, renewed)


def _aside(findings: tuple[Finding, ...]) -> list[Finding]:
    return [item for item in findings if item.rule in SET_ASIDE]


def _compared(before: dict[str, Any], after: dict[str, Any]) -> tuple[bool, int]:
    """Whether every row there was is there still, unchanged, and how many came."""
    came = 0
    for label in before.keys() | after.keys():
        held, now = before.get(label), after.get(label)
        if now is None:
            return False, 0
        if held is None:
            came += now.num_rows
            continue
        numbers = set(held.column("row_number").to_pylist())
        same = now.filter([row in numbers for row in now.column("row_number").to_pylist()])
        if same.to_pylist() != held.to_pylist():
            return False, 0
        came += now.num_rows - held.num_rows
    return True, came


def follow_all(home: Home, contracts: dict[str, Contract]) -> int:
    """`follow` of every feed; of what nobody could tell the feed of, nothing readable may be left after an erasure."""
    rights: Rights = rights_of(home)
    changed = sum(follow(home, contracts[feed]) for feed in sorted(contracts))
    if rights.erased:
        from ingest.identity.redact import redact

        for receipt in receipts(home):
            if receipt.feed not in contracts:
                redact(home, None, receipt, rights, keyring_of(home))
    return changed


__all__ = ["follow", "follow_all", "let_back"]
