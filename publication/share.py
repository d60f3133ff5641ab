"""Hand out of a release exactly what an audience may have.

Belongs here: which classifications each audience gets, and a copy that holds those files and no other. Not here: who
belongs to an audience, or what each part holds (publication.release).

A release in a home holds every part beside each other. Whoever copies a folder by hand decides anew what belongs in it;
here the manifest decides, file by file, and a file without a known classification goes to nobody.
"""

from __future__ import annotations

from pathlib import Path

from foundation.canonical import sha256_bytes
from foundation.durable import new_directory, write_bytes
from foundation.errors import Refused, WrongUsage
from publication.reader import open_release
from publication.verify import verify_release

# The same five as the roles of the shared warehouse (publication.postgres.layout).
AUDIENCES: dict[str, tuple[str, ...]] = {
    "public": ("public",),
    "commissioner": ("public", "members only"),
    "member": ("public", "members only"),
    "analyst": ("public", "restricted"),
    "engineer": ("public",),
}
# manifest and seal name every file by hash: everybody needs them to prove what they have
_FOR_ALL = ("manifest.json", "seal.json")
_PART = {"public": "public", "members only": "members", "restricted": "analyst"}


def files_for(root: Path, audience: str) -> list[str]:
    """Names of the files of a release that an audience may have, in order.

    WrongUsage for an audience nobody knows; Refused when the manifest classifies a file otherwise than its folder does.
    """
    if audience not in AUDIENCES:
        raise WrongUsage(f"{audience} is no audience.", f"use one of {', '.join(AUDIENCES)}.")
    names = list(_FOR_ALL)
    for name, entry in open_release(root).manifest["files"].items():
        classification = entry.get("classification") if isinstance(entry, dict) else None
        if classification not in _PART or name.split("/")[0] != _PART[classification] or ".." in name.split("/"):
            raise Refused(f"{name} is classified as {classification!r}, which its folder is not.",
                          "get a fresh copy of the release.")  # fmt: skip
        if classification in AUDIENCES[audience]:
            names.append(name)
    return sorted(names)


def _modes(folder: Path, *, everybody: bool) -> None:
    """Whoever may read a part reads it by group; what is public, everybody does. Nobody writes but the owner."""
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o755 if everybody else 0o750) if path.is_dir() else (0o644 if everybody else 0o640))


def share(release: Path, audience: str, out: Path) -> int:
    """Write the part of a release that an audience may have into a new folder; returns how many files.

    WrongUsage when the folder is there already. Refused when the release does not verify, when a file is a link (it
    could lead to another part), or when what was copied is not what was sealed.
    """
    if out.exists() or out.is_symlink():
        raise WrongUsage(f"{out} is there already.", "name a folder that is not there yet: audiences are never mixed.")
    root = open_release(release).root
    names = files_for(root, audience)
    problems = verify_release(root).problems
    if problems:
        raise Refused(f"the release does not verify, {problems[0]}", f"run `outturn verify {release}`.")
    sealed = open_release(root).json("seal.json")["files"]
    with new_directory(out) as draft:
        for name in names:
            path = root / name
            if any(part.is_symlink() for part in (path, *path.parents) if part.is_relative_to(root) and part != root):
                raise Refused(f"{name} is a link.", "get a fresh copy of the release.")
            raw = path.read_bytes()
            if name != "seal.json" and sha256_bytes(raw) != sealed.get(name):
                raise Refused(f"{name} was changed while it was copied.", "share a copy that nobody writes to.")
            write_bytes(draft / name, raw)
        _modes(draft, everybody=AUDIENCES[audience] == ("public",))
    return len(names)
