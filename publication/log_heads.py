"""How far each decision log went when a release was made, and that a later log goes on from there.

Belongs here: number and last hash of the entries a release was made from, and what they prove about another log.
Not here: the log's own proof (`settlement.decisions`), when a release was published (`orchestration`).

A log cut short at its end is a valid shorter log, and whoever can rewrite a release can seal it again. What they cannot
do is make a shorter log go on from the head an earlier release remembers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.canonical import content_id
from foundation.errors import Refused, WrongUsage
from publication.reader import Unreadable, open_release

if TYPE_CHECKING:
    from publication.reader import Release

# The entry of manifest.json: agreement -> {"entries": how many, "head": hash of the last}.
KEY = "decision_logs"
_RELEASE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Head:
    """What a release remembers of one agreement's log: how many entries, and the hash of the last of them."""

    agreement_id: str
    entries: int
    digest: str

    def fault(self, log: bytes) -> str | None:
        """Why a log does not go on from here; None if it does."""
        from settlement.decisions import line_hashes

        hashes = line_hashes(log)
        if len(hashes) < self.entries:
            return f"holds {len(hashes)} entries where {self.entries} stood: what was at its end is gone"
        if self.entries and hashes[self.entries - 1] != self.digest:
            return f"has another entry {self.entries} than the one that stood there: it is not the same log"
        return None


def heads_of(logs: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """The manifest's entry for the logs of a release. logs: agreement -> its bytes."""
    from settlement.decisions import START, line_hashes

    found = {}
    for agreement_id, log in sorted(logs.items()):
        hashes = line_hashes(log)
        found[agreement_id] = {"entries": len(hashes), "head": hashes[-1] if hashes else START}
    return found


def read_heads(manifest: Mapping[str, Any]) -> tuple[Head, ...]:
    """The heads a manifest holds, by agreement; none in one that has none. Unreadable when malformed."""
    found = []
    try:
        for agreement_id, one in sorted(dict(manifest.get(KEY, {})).items()):
            entries, digest = one["entries"], one["head"]
            if type(entries) is not int or entries < 0 or not _RELEASE.fullmatch(digest):
                raise ValueError
            found.append(Head(agreement_id, entries, digest))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Unreadable("manifest.json", f"cannot be read where it says how far its logs go: {KEY}") from None
    return tuple(found)


def _proved_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest of a published release, whose id is the hash of what it says."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        content = {name: value for name, value in manifest.items() if name != "release_id"}
        if content_id(content) == manifest["release_id"]:
            return content
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        pass
    raise Refused(
        f"the manifest of the release {folder.name} was changed or is gone: it proves no decision log.",
        "restore that folder from a backup, or move it away if another copy of it is kept, then run again.",
    )


def heads_of_release(folder: Path) -> tuple[Head, ...]:
    """The heads a published release remembers. Refused when its manifest is not the one it was published with."""
    return read_heads(_proved_manifest(folder))


def _releases(releases: Path) -> list[Path]:
    return [path for path in sorted(releases.iterdir()) if _RELEASE.fullmatch(path.name) and path.is_dir()]


def _remembered(releases: Path) -> Iterator[tuple[str, Head]]:
    for folder in _releases(releases):
        for head in heads_of_release(folder):
            yield folder.name, head


def require_extension(releases: Path, logs: Mapping[str, bytes]) -> None:
    """Refuse a log that does not go on from where it stood in every release that lies there, or that is left out.

    releases: the folder of a home's releases. logs: agreement -> bytes of its log as it stands now.
    """
    for name, head in _remembered(releases):
        log = logs.get(head.agreement_id)
        if log is None:
            raise Refused(
                f"the decision log of {head.agreement_id} is part of the release {name}, and is gone.",
                f"restore the log from members/ of {releases / name}, or from a later backup, with its head beside it; "
                "then run again. Nobody's decisions are taken back by leaving them out.",
            )
        if fault := head.fault(log):
            raise Refused(
                f"the decision log of {head.agreement_id} {fault} when the release {name} was made.",
                f"restore the log from members/ of {releases / name}, or from a later backup, with its head beside it; "
                "find out who could write to it; then run again.",
            )


def require_kept(releases: Path, settled: Collection[str], published: Collection[str] = ()) -> None:
    """Refuse to leave out an agreement of which a release that lies there settled something. settled: those of now.

    published: ids of the releases that were ever put in force. A folder that a killed run left behind is none of them,
    and nobody has read it; where nothing says what was in force, every folder counts.
    """
    for folder in _releases(releases):
        if published and folder.name not in published:
            continue
        for name in sorted({str(key).rpartition("@")[0] for key in dict(_proved_manifest(folder).get("terms", {}))}):
            if name not in settled:
                raise Refused(
                    f"the release {folder.name} settled {name}, and nothing of that agreement is settled now.",
                    f"put its terms back where they lay (members/ of {folder} holds them): what was settled once "
                    "stands in every later release. An agreement that is over says so in its terms: `effective_to`.",
                )


def own_faults(release: Release) -> Iterator[tuple[str, str]]:
    """(file, what is wrong) where a release's logs are not those its manifest remembers, agreement by agreement."""
    logs = release.decision_logs()
    heads = {head.agreement_id: head for head in read_heads(release.manifest)}
    for agreement_id, (file, log) in sorted(logs.items()):
        head = heads.pop(agreement_id, None)
        if head is None:
            yield "manifest.json", f"does not say how far {file} goes."
        elif fault := head.fault(log):
            yield file, f"{fault} when the manifest was written."
        elif len(log.splitlines()) != head.entries:
            yield file, f"goes on after its {head.entries} entries of the manifest."
    for agreement_id in heads:
        yield "manifest.json", f"names a decision log of {agreement_id} that is not here."


def heads_at(path: Path) -> tuple[Head, ...]:
    """What a former release, or a copy of a log that stands alone, remembers. WrongUsage when it is neither."""
    from settlement.decisions import head_of, read_log

    found: tuple[Head, ...] = ()
    if not path.is_file():
        found = read_heads(open_release(path).manifest)
    elif records := read_log(path.read_bytes()):
        found = (Head(records[0].agreement_id, len(records), head_of(records)),)
    if not found:
        raise WrongUsage(f"{path} remembers no decision log.", "name a release that settles something, or a log.")
    return found


def later_faults(path: Path, logs: Mapping[str, tuple[str, bytes]]) -> Iterator[tuple[str, str]]:
    """(file, what is wrong) where logs do not go on from a former release or log. logs: agreement -> (file, bytes)."""
    for head in heads_at(path):
        file, log = logs.get(head.agreement_id, ("", None))
        if log is None:
            yield "manifest.json", f"no decision log of {head.agreement_id} is here, and {path} has one."
        elif fault := head.fault(log):
            yield file, f"{fault} in {path}."
