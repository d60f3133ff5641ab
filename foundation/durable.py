"""Writes that are whole or absent: temporary name, fsync, rename; never an overwrite in place.

A process killed at any line here leaves either the old content or the new, plus at most a
temporary name beginning with `.tmp-`, which `sweep` removes. Every write passes its failpoints, so that
it can be tried (`foundation.failpoints`); nothing else in the house writes what has to last.
"""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.failpoints import failpoint, kind_of

TEMPORARY = ".tmp-"


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Force a file written by another library (Parquet, DuckDB) to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_beside(path: Path) -> Path:
    """A temporary name in the same folder, so that a rename is atomic. Never reaches an output."""
    return path.parent / f"{TEMPORARY}{path.name}-{uuid.uuid4().hex[:8]}"


@contextmanager
def _faults_name_the_folder(path: Path) -> Iterator[None]:
    """What goes wrong with a write is said of the folder: a file's name may be a sender's own words."""
    try:
        yield
    except OSError as fault:
        if fault.errno is None:
            raise
        raise OSError(fault.errno, fault.strerror, str(path.parent)) from None


def write_bytes(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `path`, whole or not at all."""
    _write(path, data, mode, kind_of(path))


def write_pieces(path: Path, pieces: Iterable[bytes], mode: int = 0o644) -> None:
    """`write_bytes` of what is too large to be held: piece after piece. An error of `pieces` leaves nothing."""
    _write(path, pieces, mode, kind_of(path))


def _write(path: Path, data: bytes | Iterable[bytes], mode: int, what: str) -> None:
    temporary = temporary_beside(path)
    with _faults_name_the_folder(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                failpoint(path, what, "temporary")
                if isinstance(data, bytes):
                    handle.write(data)
                else:
                    handle.writelines(data)
                handle.flush()
                failpoint(path, what, "written")
                os.fsync(handle.fileno())
            failpoint(path, what, "synced")
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        failpoint(path, what, "renamed")
        _sync_directory(path.parent)


@contextmanager
def new_directory(final: Path) -> Iterator[Path]:
    """Fill a folder under a temporary name; it appears under `final` complete, or not at all.

    If `final` exists already when the block ends, the new folder is dropped and the existing one
    kept: folders published here are named by their content, so both are the same.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(final)
    temporary.mkdir()
    try:
        failpoint(final, "folder", "temporary")
        yield temporary
        failpoint(final, "folder", "written")
        for folder, _, names in os.walk(temporary):
            for name in names:
                sync_file(Path(folder) / name)
            _sync_directory(Path(folder))
        failpoint(final, "folder", "synced")
        if final.exists():
            shutil.rmtree(temporary)
        else:
            os.rename(temporary, final)
            failpoint(final, "folder", "renamed")
            _sync_directory(final.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def swap_pointer(pointer: Path, target: str) -> None:
    """Point the symbolic link `pointer` at the relative `target` in one step."""
    temporary = temporary_beside(pointer)
    os.symlink(target, temporary)
    try:
        failpoint(pointer, "pointer", "temporary")
        os.replace(temporary, pointer)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    failpoint(pointer, "pointer", "renamed")
    _sync_directory(pointer.parent)


def append_lines(path: Path, lines: bytes) -> None:
    """Add whole lines to a log, all of them or none.

    The log is written anew with the lines at its end: a killed process or a full disk can cut an append short, and
    nobody could tell the rest from tampering. Two writers have to take turns (`settlement.store`).
    """
    if not lines.endswith(b"\n"):
        raise ValueError("a log takes whole lines")
    former, mode = b"", 0o644
    if path.exists():
        former, mode = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
    _write(path, former + lines, mode, "log")


def remove(path: Path) -> None:
    """Take a file away for good, so that it does not come back with the power; nothing happens where there is none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    failpoint(path, "removal", "removed")
    _sync_directory(path.parent)


def set_aside(path: Path, target: Path) -> None:
    """Move a file to another folder in one step."""
    target.parent.mkdir(exist_ok=True)
    os.replace(path, target)
    failpoint(path, "move", "renamed")
    _sync_directory(target.parent)
    _sync_directory(path.parent)


def sweep(folder: Path) -> int:
    """Remove what killed writers left behind; returns how many names were removed."""
    removed = 0
    for leftover in list(folder.rglob(f"{TEMPORARY}*")):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
        removed += 1
    return removed
