"""Intake as a whole: one submission from a sender's mailbox to the lake and its receipt.

Belongs here: the order of the steps and what each outcome does. Not here: reading and judging the file
(`expectations.examine`), the steps themselves (`ingest`).

Crash safety: every file is written whole or not at all, the receipt comes last, the landing is cleared after
it. A process killed anywhere leaves a submission without a receipt, and doing it again gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from expectations.examine import Examination, examine
from expectations.rows import HeldValues
from expectations.suites import suite_of
from foundation.canonical import sha256_bytes
from foundation.durable import remove, write_bytes, write_pieces
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from ingest import lake, quarantine, receive
from ingest.contract import Contract, Reference
from ingest.identity.keyring import keyring_of
from ingest.identity.redact import redact
from ingest.identity.rights import TOKENS, Rights, rights_of
from ingest.manifest import SUFFIX, Manifest, parse_manifest
from ingest.register import Receipt, Register, read_receipt, read_redaction, receipts, repeated, write_receipt
from ingest.rules import FILE, Finding, finding, in_order, worst

RAW_MANIFEST = "manifest.json"
# bytes of a file without a usable manifest that the vault keeps
_KEPT_WITHOUT_CONTRACT = 20_000_000


def _receipt(
    identity: str,
    feed: str,
    organisation: str,
    covers: tuple[date, date] | None,
    sequence: int,
    file_name: str,
    held_sha256: str,
    size: int,
    manifest_bytes: bytes,
    result: Examination | None,
    findings: Sequence[Finding],
    contract_hash: str,
    lake_files: Mapping[str, str],
    received: date | None = None,
) -> Receipt:
    return Receipt(
        submission_id=identity,
        feed=feed,
        organisation=organisation,
        covers_from=covers[0] if covers else None,
        covers_to=covers[1] if covers else None,
        sequence=sequence,
        file_name=file_name,
        sha256=held_sha256,
        manifest_sha256=sha256_bytes(manifest_bytes),
        bytes=size,
        outcome=worst(findings),
        rows_read=result.rows_read if result else 0,
        rows_accepted=result.rows_accepted if result else 0,
        rows_quarantined=result.rows_quarantined if result else 0,
        rows_deduplicated=result.rows_deduplicated if result else 0,
        findings=in_order(findings),
        suite_name=result.suite.name if result else "",
        suite_hash=result.suite.hash if result else "",
        suite_statistics=tuple(sorted(result.statistics.items())) if result else (),
        contract_hash=contract_hash,
        lake_files=tuple(sorted(lake_files.items())),
        profile=tuple(sorted(result.profile.items())) if result else (),
        received_on=received,
        set_aside=tuple(sorted(result.set_aside.items())) if result else (),
    )


def _raw_name(name: str) -> str:
    """Name of the raw file in the vault: the sender's when it is safe, so that a person finds it again."""
    return name if receive.is_safe_name(name) and name.isascii() and name != RAW_MANIFEST else "raw"


def _keep_raw(home: Home, identity: str, name: str, held: receive.Held | None, manifest: bytes) -> None:
    """Put the raw file and its manifest into the vault. A file above the cap is not kept: its hash and size are."""
    folder = home.submissions / identity
    if held is not None and held.is_kept:
        try:
            write_pieces(folder / _raw_name(name), held.blocks(), mode=0o600)
        except receive.ChangedError:
            raise Refused("the file changed while it was taken in.", "let intake take it again.") from None
    write_bytes(folder / RAW_MANIFEST, manifest, mode=0o600)


def _clear_landing(manifest_path: Path, data_path: Path | None) -> None:
    """Empty the mailbox of one delivery, manifest last: without it the file would never be looked at again."""
    if data_path is not None:
        remove(data_path)
    remove(manifest_path)


def _finish(home: Home, receipt: Receipt, manifest_path: Path, data_path: Path | None) -> Receipt:
    write_receipt(home, receipt)
    _clear_landing(manifest_path, data_path)
    return receipt


def _beside(manifest_path: Path) -> Path | None:
    """The file a manifest's own name points to, if it is one."""
    path = manifest_path.with_name(manifest_path.name.removesuffix(SUFFIX))
    return path if path != manifest_path and path.is_file() and not path.is_symlink() else None


def _refuse_delivery(
    home: Home, mailbox: str, manifest_path: Path, manifest_bytes: bytes, data_path: Path | None, problem: Finding
) -> Receipt:
    """Record a delivery that has no submission id: its manifest or its file cannot be read."""
    identity = receive.problem_id(mailbox, manifest_bytes, problem.rule)
    if data_path is None and (former := read_receipt(home, identity)) is not None:
        # its file is gone because it was refused before, by a process that died while it emptied the mailbox
        _clear_landing(manifest_path, None)
        return repeated(former)
    held = receive.hold(data_path, _KEPT_WITHOUT_CONTRACT) if data_path is not None else None
    receipt = _receipt(
        identity,
        "",
        mailbox,
        None,
        0,
        manifest_path.name.removesuffix(SUFFIX),
        held.sha256 if held else "",
        held.size if held else 0,
        manifest_bytes,
        None,
        [problem],
        "",
        {},
    )
    _keep_raw(home, identity, data_path.name if data_path is not None else "raw", held, manifest_bytes)
    quarantine.write_record(home, quarantine.record_of(identity, [problem], whole_file=True))
    return _finish(home, receipt, manifest_path, data_path)


def take_in(
    home: Home,
    manifest_path: Path,
    contracts: Mapping[str, Contract],
    known: Register | None = None,
    received: date | None = None,
) -> Receipt:
    """Take in one delivery: receive, read, conform, judge, quarantine, lake, receipt; then clear the landing.

    known: the register as it is now, for a caller that takes in many; read from the home when None. received: the day
    of it, on which the data-sharing agreement must be in force; None is not judged.

    Returns the receipt, also of a refused file: its outcome and findings say why. A delivery that was there
    before changes nothing and comes back with `repeated`. Refused when the manifest lies outside a mailbox.
    """
    mailbox = receive.mailbox_of(home, manifest_path)
    manifest_bytes = receive.read_limited(manifest_path)
    try:
        manifest = parse_manifest(manifest_bytes)
    except Refused as refusal:
        return _refuse_delivery(
            home,
            mailbox,
            manifest_path,
            manifest_bytes,
            _beside(manifest_path),
            finding("delivery.manifest_unreadable", refusal.message),
        )
    if mailbox != manifest.organisation:
        # recorded under an id of its own: nobody can spoil another sender's delivery by sending it first
        return _refuse_delivery(
            home,
            mailbox,
            manifest_path,
            manifest_bytes,
            receive.find_file(manifest, manifest_path),
            finding("delivery.sender_mismatch", "The manifest names another organisation than the mailbox."),
        )
    data_path = receive.find_file(manifest, manifest_path)
    if data_path is None:
        return _without_file(home, mailbox, manifest, manifest_path, manifest_bytes)
    contract = contracts.get(manifest.feed)
    if contract is None:
        return _refuse_delivery(
            home,
            mailbox,
            manifest_path,
            manifest_bytes,
            data_path,
            finding("delivery.feed_unknown", "There is no contract for the feed of the manifest."),
        )
    held = receive.hold(data_path, contract.custom.limits.fileBytes, by_parts=True)
    identity = manifest.submission_id(held.sha256)
    former = read_receipt(home, identity)
    redacted = read_redaction(home, identity) is not None
    if former is not None and (redacted or _still_stands(former, contract)):
        # of a file that held somebody who was erased, the vault keeps what was left of it
        _clear_landing(manifest_path, data_path)
        return repeated(former)
    register = (known or Register.load(home)).without(identity)
    before = [
        *receive.check_name(manifest, data_path.name, landed=True),
        *receive.check_manifest(manifest, contract, received),
        *receive.check_sequence(manifest, held.sha256, register),
    ]
    rights = rights_of(home)
    result = examine(
        held,
        data_path.name,
        contract,
        manifest,
        register,
        before,
        keyring_of(home),
        held_in(home, register),
        rights,
        home.submissions,
    )
    receipt = _store(home, contract, manifest, manifest_bytes, held, data_path, identity, result, former, received)
    result.drop()
    if rights.erased:
        redact(home, contract, receipt, rights, keyring_of(home))
    _clear_landing(manifest_path, data_path)
    return receipt


def held_in(home: Home, register: Register) -> HeldValues:
    """Values that rows of another feed may refer to: those of the organisation's submissions in force."""

    def held(reference: Reference, organisation: str) -> set[str]:
        parents = [
            item for item in register.in_force() if (item.feed, item.organisation) == (reference.feed, organisation)
        ]
        return lake.values_held(home, [path for item in parents for path, _ in item.lake_files], reference.to)

    return held


def _still_stands(former: Receipt, contract: Contract) -> bool:
    """Whether an earlier judgement of the same bytes needs no second look.

    A refused file may have been refused for its name or manifest, and any for a rule that has changed since.
    """
    same_rules = former.contract_hash == contract.hash and former.suite_hash == suite_of(contract).hash
    return same_rules and former.accepted


def _store(
    home: Home,
    contract: Contract,
    manifest: Manifest,
    manifest_bytes: bytes,
    held: receive.Held,
    data_path: Path,
    identity: str,
    result: Examination,
    former: Receipt | None,
    received: date | None,
) -> Receipt:
    """Write raw file, quarantine, lake and receipt, in this order; the receipt makes it true."""
    again = former is not None and former.accepted
    new_key = again and former is not None and _other_key_alone(home, contract, result, former)
    if (
        again
        and former is not None
        and not new_key
        and not _same_rows(home, contract, manifest, identity, result, former)
    ):
        # runs may have used these rows; other rows for the same bytes would rewrite them under the same cut
        return repeated(former)
    _keep_raw(home, identity, data_path.name, held, manifest_bytes)
    if result.outcome == FILE or result.rows_quarantined:
        quarantine.write_record(home, quarantine.record_of(identity, result.findings, result.outcome == FILE))
    lake_files: dict[str, str] = {}
    if former is not None and new_key:
        parts = lake.partitions(result.accepted, contract)
        lake_files = lake.write_again(home, contract, manifest.organisation, identity, parts, dict(former.lake_files))
    elif former is not None and former.accepted:
        lake_files = dict(former.lake_files)
    elif result.accepted is not None:
        lake_files = lake.write_submission(home, contract, manifest.organisation, identity, result.accepted)
    receipt = _receipt(
        identity,
        manifest.feed,
        manifest.organisation,
        (manifest.covers.start, manifest.covers.end),
        manifest.sequence,
        data_path.name,
        held.sha256,
        held.size,
        manifest_bytes,
        result,
        result.findings,
        contract.hash,
        lake_files,
        received,
    )
    if former is not None and read_redaction(home, identity) is not None:
        # the receipt goes on naming what was sent
        receipt = replace(receipt, sha256=former.sha256, bytes=former.bytes, manifest_sha256=former.manifest_sha256)
    write_receipt(home, receipt)
    if new_key:
        lake.prune(home, contract, manifest.organisation, identity, lake_files)
    return repeated(receipt) if receipt == former else receipt


def _other_key_alone(home: Home, contract: Contract, result: Examination, former: Receipt) -> bool:
    """Whether a file of identifiers gives the rows it gave before, with tokens of the key in force in place of another.

    The link tables name the files they are made of, so that persons are found anew by the new tokens.
    """
    identity, layout = contract.identity, contract.layout_of(former.organisation)
    if identity is None or layout is None or not contract.is_clear(layout) or result.accepted is None:
        return False
    names = [name for name in identity.tokens if name in TOKENS]
    before, after = lake.read_parts(home, dict(former.lake_files)), lake.partitions(result.accepted, contract)
    if not names or before.keys() != after.keys():
        return False
    if _keys_of(before.values(), names) & set(identity.key_ids) or not _keys_of(after.values(), names):
        return False
    return all(_but_for_tokens(before[label], names) == _but_for_tokens(after[label], names) for label in before)


def _keys_of(parts: Iterable[Any], names: Sequence[str]) -> set[str]:
    """Ids of the keys that the tokens of some rows were made with."""
    found = {token for part in parts for name in names for token in part.column(name).to_pylist() if token is not None}
    return {token.partition(":")[0] for token in found}


def _but_for_tokens(part: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {name: value is None if name in names else value for name, value in row.items()} for row in part.to_pylist()
    ]


def _same_rows(
    home: Home, contract: Contract, manifest: Manifest, identity: str, result: Examination, former: Receipt
) -> bool:
    """Whether judging again accepts exactly the rows that lie in the lake."""
    if result.accepted is None:
        return False
    folder = lake.submission_folder(home, contract.feed, manifest.organisation, identity)
    fresh = lake.part_hashes(result.accepted, contract)
    held = {
        path.removeprefix(folder.relative_to(home.lake).as_posix() + "/"): value for path, value in former.lake_files
    }
    # named by month: a file written anew for somebody's rights has a name of its own
    return {Path(path).parent.name: value for path, value in fresh.items()} == {
        Path(path).parent.name: value for path, value in held.items()
    }


def _without_file(home: Home, mailbox: str, manifest: Manifest, manifest_path: Path, manifest_bytes: bytes) -> Receipt:
    """A manifest whose file is not there: the rest of a delivery already taken in, or a refusal."""
    sha256 = sha256_bytes(manifest_bytes)
    # a delivery refused before anybody looked inside has a receipt of no feed
    done = [
        item
        for item in receipts(home)
        if item.manifest_sha256 == sha256
        and (item.feed == manifest.feed or (not item.feed and item.organisation == mailbox))
    ]
    if done:
        _clear_landing(manifest_path, None)
        return repeated(done[0])
    unsafe = not receive.is_safe_name(manifest.file)
    problem = (
        finding("delivery.name_unsafe", "The file name is not safe to use.")
        if unsafe
        else finding("delivery.file_missing", "The file the manifest names is not beside it.")
    )
    return _refuse_delivery(home, mailbox, manifest_path, manifest_bytes, _beside(manifest_path), problem)


def judge_again(home: Home, submission_id: str, contracts: Mapping[str, Contract]) -> Receipt:
    """Judge a stored submission under the contract and suite now in force, from its raw file.

    Needed after a contract or suite changed. If the same rows are accepted, the receipt is renewed (the former
    one is kept beside it) and the lake stays as it is. If not, the receipt stays as it was and the gate goes on
    refusing: the sender must deliver again with a higher sequence. WrongUsage when there is no such submission.
    """
    former = read_receipt(home, submission_id)
    contract = contracts.get(former.feed) if former is not None else None
    folder = home.submissions / submission_id
    if former is None or contract is None:
        raise WrongUsage(f"there is no submission {submission_id} of a known feed.", "see `outturn doctor`.")
    redaction = read_redaction(home, submission_id)
    if redaction is not None and redaction.raw_sha256 is None:
        # nobody could say who was not in it
        return repeated(former)
    manifest_bytes = (folder / RAW_MANIFEST).read_bytes()
    manifest = parse_manifest(manifest_bytes)
    raw = folder / _raw_name(former.file_name)
    held = receive.hold(raw, contract.custom.limits.fileBytes, by_parts=True)
    if held.sha256 != (former.sha256 if redaction is None else redaction.raw_sha256):
        raise Refused(f"the raw file of submission {submission_id} was changed.", "restore the vault from backup.")
    register = Register.load(home).without(submission_id)
    before = [
        *receive.check_name(manifest, former.file_name, landed=True),
        *receive.check_manifest(manifest, contract, former.received_on),
    ]
    if not former.accepted:
        before += receive.check_sequence(manifest, held.sha256, register)
    result = examine(
        held,
        former.file_name,
        contract,
        manifest,
        register,
        before,
        keyring_of(home),
        held_in(home, register),
        rights_in(home, submission_id),
        home.submissions,
    )
    named = raw.with_name(former.file_name) if receive.is_safe_name(former.file_name) else raw
    renewed = _store(
        home, contract, manifest, manifest_bytes, held, named, submission_id, result, former, former.received_on
    )
    result.drop()
    return renewed


def rights_in(home: Home, submission_id: str) -> Rights:
    """The home's lists, and the rows of a submission that an erasure has emptied already."""
    redaction = read_redaction(home, submission_id)
    rights = rights_of(home)
    return rights if redaction is None else replace(rights, blanked=redaction.rows)


def outdated(home: Home, contracts: Mapping[str, Contract]) -> list[Receipt]:
    """Receipts of accepted submissions of these feeds that name other rules than those in force now."""
    rules = {feed: (contract.hash, suite_of(contract).hash) for feed, contract in contracts.items()}
    return [
        item
        for item in receipts(home)
        if item.accepted and item.feed in rules and (item.contract_hash, item.suite_hash) != rules[item.feed]
    ]
