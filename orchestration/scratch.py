"""A scratch copy of a home, in which a run can be tried: made in a moment, and gone afterwards.

Belongs here: what is copied, what is shared, proving that sharing did no harm, and taking the copy away. Not here: what
is tried in it (`orchestration.previewing`).

The copy lies in the home, on the same disk, under a temporary name and closed to everybody else (0700). Folders whose
files are only ever written under a temporary name and renamed are shared file by file (hard links): a run puts a new
file in place of an old one and never writes into one, so the home's own name keeps the home's own bytes. Everything
else is copied, and so is whatever this page does not name. At the end the shared files of the home are looked at again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.canonical import readable_json
from foundation.durable import TEMPORARY, write_bytes
from foundation.errors import Refused, SystemFault
from foundation.home import Home
from orchestration.bound import GLANCE_SECONDS, wait_for_hands

NAME = f"{TEMPORARY}preview-"
# Written by `foundation.durable` alone, or in a folder that is not there until it is complete (docs/adr/0018).
SHARED = (
    "lake", "refusals", "releases", "restatements", "settlements", "vault/quarantine", "vault/submissions", "verdicts",
    "warehouse/inputs",
)  # fmt: skip
# Locks, which mean a process; mailboxes, whose deliveries are not what is tried; what Dagster and dbt make anew. What
# dbt has parsed names the home's own folders, so a copy of it could lead back into the home.
LEFT_OUT = ("dagster", "dbt", "run.hands", "run.lock", "vault/landing")
# ioctl that lets a new file share the blocks of another until one of them is written (linux/fs.h)
_FICLONE = 0x40049409
_TRIES = 25

# size, time of the last write and mode of a file
_State = tuple[int, int, int]


def _state(path: Path) -> _State:
    found = path.lstat()
    return found.st_size, found.st_mtime_ns, found.st_mode


def _copied(source: Path, target: Path) -> None:
    """A copy with the same mode; it shares blocks where the file system can do that."""
    with source.open("rb") as old, target.open("xb") as new:
        os.fchmod(new.fileno(), source.stat().st_mode & 0o777)
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)


def _pointed(source: Path, target: Path) -> None:
    """The same pointer to a neighbour. Refused for a folder that lies elsewhere: the copy's run would write to it."""
    if len(source.readlink().parts) != 1 or source.readlink().is_absolute():
        raise Refused(
            f"{source} is a link to a folder elsewhere, so that no copy of the home would be one.",
            "mount that folder there instead of linking it, then try again.",
        )
    target.symlink_to(source.readlink())


def _within(relative: str, folders: tuple[str, ...]) -> bool:
    return any(relative == folder or relative.startswith(f"{folder}/") for folder in folders)


def _fill(home: Home, copy: Path) -> dict[Path, _State]:
    """Copy and link the home; the files of the home that the copy shares, as they were."""
    shared: dict[Path, _State] = {}
    for folder, names, files in os.walk(home.root):
        here = Path(folder).relative_to(home.root)
        for name in list(names):
            source, target = Path(folder) / name, copy / here / name
            if name.startswith(TEMPORARY) or _within((here / name).as_posix(), LEFT_OUT):
                names.remove(name)
            elif source.is_symlink():
                names.remove(name)
                _pointed(source, target)
            else:
                target.mkdir(mode=0o700)
                target.chmod(source.stat().st_mode & 0o777)
        for name in files:
            source, relative = Path(folder) / name, (here / name).as_posix()
            if name.startswith(TEMPORARY) or _within(relative, LEFT_OUT) or source == home.marker:
                continue
            if source.is_symlink() or not _within(relative, SHARED):
                _copied(source, copy / relative)
            else:
                state = _state(source)
                try:
                    (copy / relative).hardlink_to(source)
                    shared[source] = state
                except OSError:
                    # a folder on a disk of its own, or a file system without links
                    _copied(source, copy / relative)
    return shared


def _require_as_it_was(shared: dict[Path, _State]) -> None:
    for path, state in shared.items():
        try:
            same = _state(path) == state
        except FileNotFoundError:
            same = False
        if not same:
            raise SystemFault(
                f"{path} changed while a run was tried on a copy of the home.",
                "restore it from backup, see who could write there meanwhile, and report this if nobody could.",
            )


def _removed(folder: Path) -> None:
    """Take a folder away, also when a process that is about to end still writes into it."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(GLANCE_SECONDS)
    raise SystemFault(f"{folder} cannot be removed, and it holds a copy of the vault.", "remove it by hand.")


def remove_scratch(home: Home) -> None:
    """Remove what previews that were killed have left. Call only while holding the home's lock."""
    for left in sorted(home.root.glob(f"{NAME}*")):
        wait_for_hands(Home(left))
        _removed(left)


@contextmanager
def scratch_copy(home: Home) -> Iterator[Home]:
    """A copy of the home with empty mailboxes, for the length of the block. Call only while holding the home's lock."""
    copy = Home(home.root / f"{NAME}{uuid.uuid4().hex[:8]}")
    copy.root.mkdir(mode=0o700)
    try:
        shared = _fill(home, copy.root)
        for folder in (copy.landing, copy.dagster, copy.dbt):
            folder.mkdir(mode=0o700)
        settings = {**home.settings(), "preview": True}
        write_bytes(copy.marker, readable_json(settings))
        try:
            yield copy
        finally:
            _require_as_it_was(shared)
    finally:
        _removed(copy.root)
