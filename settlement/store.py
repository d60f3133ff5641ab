"""The file of a decision log: the only reading and writing in this room.

Belongs here: reading and appending `<agreement>.jsonl`, and remembering how far it went (`<agreement>.head.json`),
so that records cut off at the end are missed. Not here: what a record means.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.canonical import canonical_json
from foundation.durable import append_lines, write_bytes
from foundation.errors import Refused
from settlement.dating import receipt_fault
from settlement.decisions import START, LogTampered, Record, append_record, head_of, read_log


def log_path(folder: Path, agreement_id: str) -> Path:
    """Where an agreement's log lies in `decisions/`."""
    return folder / f"{agreement_id}.jsonl"


def _head_path(folder: Path, agreement_id: str) -> Path:
    return folder / f"{agreement_id}.head.json"


@contextmanager
def _locked(folder: Path, agreement_id: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{agreement_id}.lock").open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def read_bytes(folder: Path, agreement_id: str) -> bytes:
    """The proved bytes of an agreement's log; b"" if nothing was ever decided. LogTampered otherwise."""
    path, head_path = log_path(folder, agreement_id), _head_path(folder, agreement_id)
    log = path.read_bytes() if path.exists() else b""
    head = None
    if head_path.exists():
        try:
            head = str(json.loads(head_path.read_bytes())["head"])
        except (ValueError, KeyError, TypeError):
            raise Refused(f"{head_path} cannot be read.", "restore it, and the log beside it, from a backup.") from None
    elif log.count(b"\n") > 1:
        # A first append may be killed before the head is written; a longer log must have one.
        raise LogTampered(f"{head_path} is gone.", "restore it, and the log beside it, from a backup.")
    records = read_log(log, expected_head=head)
    if records and records[0].agreement_id != agreement_id:
        raise LogTampered(f"{path} is the log of another agreement.", "restore the log from a backup.")
    return log


def read_records(folder: Path, agreement_id: str) -> tuple[Record, ...]:
    """The proved records of an agreement."""
    return read_log(read_bytes(folder, agreement_id))


def append(
    folder: Path,
    agreement_id: str,
    *,
    kind: str,
    signer: str,
    signed_at: str,
    place: str,
    body: Mapping[str, Any],
    key: Ed25519PrivateKey,
) -> Record:
    """Sign and append one record. Two writers take turns; a killed writer leaves the log whole or one record longer."""
    with _locked(folder, agreement_id):
        log = read_bytes(folder, agreement_id)
        line = append_record(
            log,
            agreement_id=agreement_id,
            kind=kind,
            signer=signer,
            signed_at=signed_at,
            place=place,
            body=body,
            key=key,
        )
        return _write(folder, agreement_id, log, line)[-1]


def append_signed(folder: Path, agreement_id: str, lines: bytes, received: str) -> tuple[Record, ...]:
    """Append lines that were signed elsewhere, all or none, if they continue the log; returns the new records.

    received: the moment at which they came in, UTC. Refused when one is dated after it, or long before.
    """
    with _locked(folder, agreement_id):
        log = read_bytes(folder, agreement_id)
        new = read_log(log + lines)[len(read_log(log)) :]
        for record in new:
            if fault := receipt_fault(record, received):
                raise Refused(
                    f"entry {record.sequence} of {agreement_id} is not taken in: {fault}.",
                    "let whoever decided sign again, with the day on which they do; set a wrong clock right.",
                )
        if lines:
            _write(folder, agreement_id, log, lines)
        return new


def _write(folder: Path, agreement_id: str, log: bytes, lines: bytes) -> tuple[Record, ...]:
    """All records of the log, once the lines are part of it."""
    records = read_log(log + lines)
    head = _head_path(folder, agreement_id)
    if not head.exists():
        # A writer killed between log and head must not look like one who took the head away.
        write_bytes(head, canonical_json({"head": START, "records": 0}))
    append_lines(log_path(folder, agreement_id), lines)
    write_bytes(head, canonical_json({"head": head_of(records), "records": len(records)}))
    return records


def catch_up(folder: Path, agreement_id: str) -> None:
    """Let a log's remembered head be its last line. A writer killed between the two leaves it behind, and until it is
    there nobody would notice that the last line was taken away. LogTampered as `read_bytes`."""
    with _locked(folder, agreement_id):
        records = read_log(read_bytes(folder, agreement_id))
        remembered = canonical_json({"head": head_of(records), "records": len(records)})
        head = _head_path(folder, agreement_id)
        if records and (not head.exists() or head.read_bytes() != remembered):
            write_bytes(head, remembered)
