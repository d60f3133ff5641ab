"""Receiving: find what was sent, take hold of it safely, and compare it with its manifest.

Belongs here: mailboxes, names, sizes, hashes, sender, dates covered, agreement in force, sequence. Nothing
here looks inside the file. Not here: reading rows (`ingest.read`).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from foundation.canonical import sha256_bytes
from foundation.errors import Refused
from foundation.home import Home
from foundation.period import month_of, months_between
from ingest.contract import ORGANISATION, Contract
from ingest.manifest import MAXIMUM_BYTES, SUFFIX, Manifest
from ingest.register import Register
from ingest.rules import Finding, finding

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_BLOCK = 1 << 20
# a file of more bytes is not held in memory where the caller can read it by parts (docs/adr/0020)
LARGE = 1 << 25


@dataclass(frozen=True)
class Held:
    """A file read once: its bytes, size, hash, and whether it changed meanwhile.

    data: None above the cap, or where the file is read by parts; then `path` says where it lies. Whoever reads it again
    compares it with the hash.
    """

    data: bytes | None
    size: int
    sha256: str
    changed: bool
    path: Path | None = None

    @property
    def is_kept(self) -> bool:
        """Whether its bytes can be had: it was not above the cap."""
        return self.data is not None or self.path is not None

    def blocks(self) -> Iterator[bytes]:
        """The bytes, a block at a time. ChangedError, at the latest after the last one, if they are not those that were
        hashed: what was made of them must not be used then."""
        if self.data is not None:
            yield from (self.data[start : start + _BLOCK] for start in range(0, len(self.data), _BLOCK))
            return
        if self.path is None:
            raise ValueError("a file above the cap is not read")
        digest = hashlib.sha256()
        with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as handle:
            while block := handle.read(_BLOCK):
                digest.update(block)
                yield block
        if digest.hexdigest() != self.sha256:
            raise ChangedError

    def whole(self) -> bytes:
        """All bytes in memory; ChangedError if they are not those that were hashed."""
        return self.data if self.data is not None else b"".join(self.blocks())


class ChangedError(Exception):
    """A file is not the one any more that was received. Our own signal, not a user's error."""


def find_manifests(home: Home) -> list[Path]:
    """Manifests waiting in the mailboxes, in name order; a file without one is still being sent."""
    if not home.landing.exists():
        return []
    return sorted(
        path for path in home.landing.glob(f"*/*{SUFFIX}") if path.is_file() and not path.name.startswith(".")
    )


def mailbox_of(home: Home, manifest_path: Path) -> str:
    """Organisation whose mailbox holds the manifest. Refused when it lies anywhere else or is a link."""
    path = Path(os.path.abspath(manifest_path))  # noqa: PTH100 (resolve() would follow a link out of the landing)
    mend = "put file and manifest into vault/landing/<organisation>/ and take in from there."
    if path.parent.parent != home.landing or not ORGANISATION.fullmatch(path.parent.name):
        raise Refused("the manifest does not lie in a mailbox of this home.", mend)
    if path.is_symlink() or path.parent.is_symlink():
        raise Refused("a mailbox may not hold links.", mend)
    return path.parent.name


def read_limited(path: Path, limit: int = MAXIMUM_BYTES) -> bytes:
    """At most limit + 1 bytes of a regular file, never through a link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as handle:
        return handle.read(limit + 1)


def hold(path: Path, cap: int, *, by_parts: bool = False) -> Held:
    """Read and hash a file in one pass, following no link; bytes beyond the cap are hashed and not kept.

    by_parts: the caller reads a large file again, part by part: it is not kept in memory either.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as handle:
        before = os.fstat(handle.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise Refused("what was sent is not a regular file.", "send a plain CSV file.")
        digest, size = hashlib.sha256(), 0
        kept: list[bytes] | None = []
        while block := handle.read(_BLOCK):
            digest.update(block)
            size += len(block)
            if kept is not None:
                kept.append(block)
                if size > (min(cap, LARGE) if by_parts else cap):
                    kept = None
        after = os.fstat(handle.fileno())
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size
    lies = path if by_parts and kept is None and size <= cap else None
    return Held(None if kept is None else b"".join(kept), size, digest.hexdigest(), changed, lies)


def plain_name(name: str) -> str:
    """A file name without the differences that do not matter: Unicode form and letter case."""
    return unicodedata.normalize("NFC", name).casefold()


def is_safe_name(name: str) -> bool:
    """Letters, digits, dot, dash and underscore only; no path, no hidden file."""
    return SAFE_NAME.fullmatch(unicodedata.normalize("NFC", name)) is not None and ".." not in name


def find_file(manifest: Manifest, manifest_path: Path) -> Path | None:
    """The file the manifest names, in the same folder; the case and Unicode form of its name may differ.

    None when it is not there, when several would fit, or when the name is not safe to look for.
    """
    if not is_safe_name(manifest.file):
        return None
    exact = manifest_path.parent / manifest.file
    if exact.is_file() and not exact.is_symlink():
        return exact
    fitting = [
        path
        for path in sorted(manifest_path.parent.iterdir())
        if plain_name(path.name) == plain_name(manifest.file) and path.is_file() and not path.is_symlink()
    ]
    return fitting[0] if len(fitting) == 1 else None


def check_name(manifest: Manifest, actual: str, landed: bool) -> list[Finding]:
    """Findings about the file's name. In a mailbox it must also be the one its values ask for."""
    if not is_safe_name(manifest.file) or not is_safe_name(actual):
        return [finding("delivery.name_unsafe", "The file name is not safe to use.")]
    expected = manifest.expected_name if landed else manifest.file
    for name in (manifest.file, actual):
        if plain_name(name) != plain_name(expected):
            return [finding("delivery.name_mismatch", "The file name is not the one the manifest asks for.")]
    if not manifest.file == actual == expected:
        return [finding("delivery.name_normalised", "The file name was taken in its usual form.")]
    return []


def check_manifest(manifest: Manifest, contract: Contract, received: date | None = None) -> list[Finding]:
    """Findings about feed, sender, dates covered, agreement and control totals, before the file is read.

    received: the day the file arrives, on which the agreement must be in force as well; None is not judged.
    """
    found = []
    custom = contract.custom
    if manifest.feed != contract.feed:
        found.append(finding("delivery.feed_unknown", "The manifest is for another feed than the contract."))
    if contract.layout_of(manifest.organisation) is None:
        found.append(finding("delivery.sender_unknown", "The organisation is not a sender of this feed."))
    problem = _coverage_problem(manifest.covers.start, manifest.covers.end, contract)
    if problem:
        found.append(finding("delivery.coverage_wrong", problem))
    found += _agreement_problems(manifest, contract, received)
    missing = sorted(set(custom.controlTotals) - set(manifest.control_totals))
    if missing:
        found.append(finding("delivery.control_total_missing", "The manifest lacks this control total.", missing[0]))
    unknown = sorted(
        name
        for name in manifest.control_totals
        if name not in contract.by_name or contract.by_name[name].kind not in ("integer", "number")
    )
    if unknown:
        found.append(
            finding(
                "delivery.control_total_mismatch",
                "The manifest gives a control total of something that is not a column of figures.",
            )
        )
    return found


def _agreement_problems(manifest: Manifest, contract: Contract, received: date | None) -> list[Finding]:
    """Data flow under an agreement: one that is in force for every day they are about, and on the day they arrive."""
    agreement = contract.agreement_of(manifest.organisation)
    outside = []
    if not (agreement.start <= manifest.covers.start and manifest.covers.end <= agreement.end):
        # in the words of the contract alone: what a manifest holds is not repeated
        outside.append("the file covers days outside that")
    if received is not None and not agreement.start <= received <= agreement.end:
        outside.append(f"it arrives on {received}")
    if not outside:
        return []
    return [
        finding(
            "delivery.agreement_not_in_force",
            f"The data-sharing agreement {agreement.reference} is in force from {agreement.start} to {agreement.end}, "
            f"and {' and '.join(outside)}.",
        )
    ]


def _coverage_problem(first: date, last: date, contract: Contract) -> str | None:
    coverage = contract.custom.coverage
    if coverage.kind == "cumulative":
        return None
    whole_months = first.day == 1 and (last + timedelta(days=1)).day == 1
    count = len(months_between(month_of(first), month_of(last)))
    if whole_months and count == coverage.months:
        return None
    months = "one calendar month" if coverage.months == 1 else f"{coverage.months} whole calendar months"
    return f"A submission of this feed covers {months}."


def check_bytes(held: Held, manifest: Manifest | None, contract: Contract) -> list[Finding]:
    """Findings about size, hash and stability; `manifest` may be absent when a sender checks before sending."""
    found = []
    if held.changed:
        found.append(finding("delivery.changed_while_read", "The file changed while it was read."))
    if held.size == 0:
        found.append(finding("delivery.empty", "The file has no bytes."))
    if not held.is_kept or held.size > contract.custom.limits.fileBytes:
        found.append(
            finding("delivery.too_large", f"The file is larger than {contract.custom.limits.fileBytes} bytes.")
        )
    if manifest is not None and held.size != manifest.bytes:
        found.append(
            # the manifest's number is not repeated: it is a sender's, and long enough to be somebody's
            finding("delivery.bytes_mismatch", f"The file has {held.size:,} bytes; the manifest says another number.")
        )
    if manifest is not None and held.sha256 != manifest.sha256:
        found.append(finding("delivery.sha256_mismatch", "The file's SHA-256 is not the manifest's."))
    return found


def check_sequence(manifest: Manifest, sha256: str, register: Register) -> list[Finding]:
    """Findings about order: other bytes need a higher sequence, and an older one cannot follow a newer."""
    latest = register.latest_sequence(manifest.feed, manifest.organisation, manifest.covers.start, manifest.covers.end)
    if latest is None or (latest.sha256 == sha256 and latest.sequence == manifest.sequence):
        return []
    if manifest.sequence < latest.sequence:
        return [finding("delivery.older_after_newer", f"Sequence {latest.sequence} was accepted before.")]
    if manifest.sequence == latest.sequence:
        return [finding("delivery.sequence_not_higher", f"Sequence {latest.sequence} was accepted with other bytes.")]
    return []


def problem_id(mailbox: str, manifest_bytes: bytes, rule: str) -> str:
    """Identity of a delivery that has no submission id, because its manifest or file cannot be read."""
    return sha256_bytes(f"{mailbox}\n{rule}\n{sha256_bytes(manifest_bytes)}\n".encode())
