"""The decision log: who decided what, in which role, on whose authority; appended, hash-chained, signed.

Belongs here: the form of a record, signing, which keys speak for whom, and proving a log. Pure: bytes in, bytes out.
Not here: the entries of each kind (`decision_bodies`), what a set of decisions amounts to (`approvals`,
`certificates`), or the file itself (`store`).

A log is one canonical JSON object a line. Each holds the hash of the line before it and an Ed25519 signature over
all its other entries, so a changed, removed, re-ordered or replayed byte shows. A log cut short at its end is a
valid shorter log: whoever keeps it remembers the last line's hash (`store`, a gate record, a release).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from foundation.canonical import canonical_json, sha256_bytes
from foundation.errors import Refused, WrongUsage
from settlement.decision_bodies import PARTY_SIGNED, body_fault

START = "0" * 64
# A commissioner opens an agreement's log; a release authority the log of what a home published.
FOUNDING_ROLES = ("commissioner", "release authority")
_HEAD = ("agreement_id", "body", "kind", "place", "previous", "public_key", "sequence", "signed_at", "signer")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class LogTampered(Refused):
    """A decision log that does not prove itself; the message names the line."""


@dataclass(frozen=True)
class Record:
    """One proved record. `hash` is the SHA-256 of its line; `day` the date on which it was signed."""

    agreement_id: str
    kind: str
    signer: str
    signed_at: str
    place: str
    body: Mapping[str, Any]
    public_key: str
    sequence: int
    hash: str

    @property
    def day(self) -> date:
        return date.fromisoformat(self.signed_at[:10])


def public_key_text(key: Ed25519PrivateKey) -> str:
    """Hex of the public half of a key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def key_from_seed(seed: bytes, party: str) -> Ed25519PrivateKey:
    """A party's key derived from one seed: for demonstrations and tests, where one machine plays every party."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sha256_bytes(seed + b"\0" + party.encode())))


def _is_time(text: object) -> bool:
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def append_record(
    log: bytes,
    *,
    agreement_id: str,
    kind: str,
    signer: str,
    signed_at: str,
    place: str,
    body: Mapping[str, Any],
    key: Ed25519PrivateKey,
) -> bytes:
    """The signed line (with its line break) that continues `log`.

    signed_at: UTC, `2024-03-20T10:00:00Z`, supplied by the caller; place: where the decision was taken.
    WrongUsage when the record would not be valid after this log; LogTampered when the log itself is not.
    """
    records = read_log(log)
    content = {
        "agreement_id": agreement_id,
        "body": dict(body),
        "kind": kind,
        "place": place,
        "previous": records[-1].hash if records else START,
        "public_key": public_key_text(key),
        "sequence": len(records) + 1,
        "signed_at": signed_at,
        "signer": signer,
    }
    line = canonical_json({**content, "signature": key.sign(canonical_json(content)).hex()})
    try:
        read_log(log + line)
    except LogTampered as fault:
        raise WrongUsage(f"this decision cannot be recorded: {fault.message}", fault.mend) from None
    return line


class _Keys:
    """Which keys speak for whom, as the log goes on."""

    def __init__(self) -> None:
        self.founder: str | None = None
        self.party_keys: dict[str, str] = {}
        self.roles: dict[str, str] = {}
        self.delegated: dict[str, set[str]] = {}
        self.revoked: set[str] = set()
        self.named: dict[str, str] = {}

    def fault(self, kind: str, signer: str, public_key: str, body: Mapping[str, Any]) -> str | None:
        """Why this signer and key may not make this record; learns the keys it brings otherwise."""
        if public_key in self.revoked:
            return f"the key it is signed with was revoked: `{signer}` no longer speaks by it"
        if kind == "party_admitted":
            return self._admit(signer, public_key, body)
        if signer not in self.party_keys:
            return f"`{signer}` has not been admitted"
        if kind in PARTY_SIGNED:
            if public_key != self.party_keys[signer]:
                return f"it is not signed with the key of `{signer}`"
        elif public_key not in self.delegated.get(signer, set()):
            return f"its key was given no authority by `{signer}`"
        if kind == "authority_delegated":
            return self._delegate(signer, str(body["public_key"]), str(body["approver"]))
        if kind == "key_revoked":
            return self._revoke(signer, str(body["public_key"]))
        if kind == "party_ended":
            return self._end(signer, str(body["party"]))
        return None

    def _admit(self, signer: str, public_key: str, body: Mapping[str, Any]) -> str | None:
        party, key, role = str(body["party"]), str(body["public_key"]), str(body["role"])
        if key in self.revoked or any(key in keys for other, keys in self.delegated.items() if other != party):
            return "its new key was revoked, or decides for another party already"
        renewed = party in self.party_keys
        if key in self.party_keys.values() or (renewed and role != self.roles[party]):
            return f"`{party}` or its key is admitted already"
        if renewed:
            # A party takes a new key itself; one whose key was revoked is given one by whoever opened the log.
            own = signer == party and public_key == self.party_keys[party]
            lost = self.party_keys[party] in self.revoked and self._is_founder(signer, public_key)
            if not (own or lost):
                return f"`{party}` or its key is admitted already"
        elif self.founder is None:
            # Whoever opens the log admits itself, and then the others.
            if signer != party or public_key != key or role not in FOUNDING_ROLES:
                return "a log opens with a commissioner (or a release authority) that admits itself"
            self.founder = party
        elif not self._is_founder(signer, public_key):
            return f"only `{self.founder}`, which opened the log, admits parties"
        self.party_keys[party], self.roles[party] = key, role
        return None

    def _is_founder(self, signer: str, public_key: str) -> bool:
        return signer == self.founder and public_key == self.party_keys[signer]

    def _delegate(self, signer: str, key: str, approver: str) -> str | None:
        others = [keys for party, keys in self.delegated.items() if party != signer]
        if any(key in keys for keys in others):
            return "its key decides for another party already"
        if key in self.revoked:
            return "the key it gives authority to was revoked"
        if self.named.setdefault(key, approver) != approver:
            return f"its key decides as {self.named[key]} already: another person has a key of their own"
        self.delegated.setdefault(signer, set()).add(key)
        return None

    def _revoke(self, signer: str, key: str) -> str | None:
        """A party revokes keys of its own and of its approvers; whoever opened the log those of any party."""
        holders = {party for party, own in self.party_keys.items() if own == key}
        holders |= {party for party, keys in self.delegated.items() if key in keys}
        if not holders:
            return "nobody decides with the key it revokes"
        if signer not in holders and signer != self.founder:
            return f"`{signer}` may not revoke a key of `{min(holders)}`"
        if self.founder in self.party_keys and key == self.party_keys[self.founder]:
            return f"`{self.founder}` opened the log and first takes a new key: it admits itself again with one"
        self.revoked.add(key)
        return None

    def _end(self, signer: str, party: str) -> str | None:
        if party not in self.party_keys or party == self.founder:
            return f"`{party}` is no party whose part can end"
        # A party may leave by itself; how long it is bound is a matter of the terms.
        if signer not in (self.founder, party):
            return f"only `{self.founder}` or the party itself ends its part"
        return None


def _tampered(line: int, what: str) -> LogTampered:
    return LogTampered(
        f"line {line} of the decision log does not hold: {what}.",
        "restore the log from a release or a backup, and find out who could write to it.",
    )


def _read_line(raw: bytes, number: int, previous: str) -> tuple[Record, Mapping[str, Any]]:
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise _tampered(number, "it cannot be read") from None
    if not isinstance(content, dict) or set(content) != {*_HEAD, "signature"}:
        raise _tampered(number, "it is not a decision record")
    try:
        canonical = canonical_json(content)
    except (TypeError, ValueError):
        raise _tampered(number, "it is not in canonical form") from None
    if canonical != raw + b"\n":
        raise _tampered(number, "it is not in canonical form")
    if content["previous"] != previous or content["sequence"] != number:
        raise _tampered(number, "it does not follow the line before it")
    texts = ("agreement_id", "kind", "place", "public_key", "signed_at", "signer", "signature")
    if not all(isinstance(content[name], str) and content[name] for name in texts):
        raise _tampered(number, "an entry is empty or no text")
    if not _is_time(content["signed_at"]):
        raise _tampered(number, "its time is not of the form 2024-03-20T10:00:00Z")
    if not _SIGNATURE.fullmatch(content["signature"]):
        raise _tampered(number, "its signature is not 128 hexadecimal digits in lower case")
    if fault := body_fault(content["kind"], content["body"]):
        raise _tampered(number, fault)
    signed = canonical_json({name: content[name] for name in _HEAD})
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(content["public_key"]))
        key.verify(bytes.fromhex(content["signature"]), signed)
    except (InvalidSignature, ValueError):
        raise _tampered(number, "its signature does not fit") from None
    return Record(
        content["agreement_id"],
        content["kind"],
        content["signer"],
        content["signed_at"],
        content["place"],
        content["body"],
        content["public_key"],
        number,
        sha256_bytes(canonical),
    ), content["body"]


def read_log(log: bytes, *, expected_head: str | None = None) -> tuple[Record, ...]:
    """The proved records of a log, in order; () for an empty one. LogTampered naming the first line that fails.

    expected_head: hash of the line the log must at least reach, if the caller remembers one.
    """
    records: list[Record] = []
    keys = _Keys()
    lines = log.count(b"\n")
    if log and not log.endswith(b"\n"):
        raise LogTampered(
            f"line {lines + 1} of the decision log is unfinished.",
            "if a writer was killed there, remove that unfinished line; otherwise restore the log from a backup.",
        )
    previous = START
    for number, raw in enumerate(log.split(b"\n")[:-1], start=1):
        record, body = _read_line(raw, number, previous)
        if records and record.agreement_id != records[0].agreement_id:
            raise _tampered(number, "it belongs to another agreement")
        if records and record.signed_at < records[-1].signed_at:
            raise _tampered(number, "it was signed before the line above it")
        if fault := keys.fault(record.kind, record.signer, record.public_key, body):
            raise _tampered(number, fault)
        records.append(record)
        previous = record.hash
    if expected_head is not None and expected_head not in {START, *(record.hash for record in records)}:
        raise _tampered(len(records) + 1, "records that stood here are gone")
    return tuple(records)


def line_hashes(log: bytes) -> tuple[str, ...]:
    """The hash of each line of a log, in order: what `Record.hash` is. The log need not be proved."""
    return tuple(sha256_bytes(raw + b"\n") for raw in log.split(b"\n")[:-1])


def head_of(records: Sequence[Record]) -> str:
    """Hash of the last record: what a keeper of the log remembers."""
    return records[-1].hash if records else START
