"""Writes that are whole or absent: temporary name, fsync, rename; never an overwrite in place.

A process killed at any line here leaves either the old content or the new, plus at most a
temporary name beginning with `.tmp-`, which `sweep` removes.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def write_bytes(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
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
        yield temporary
        for folder, _, names in os.walk(temporary):
            for name in names:
                sync_file(Path(folder) / name)
            _sync_directory(Path(folder))
        if final.exists():
            shutil.rmtree(temporary)
        else:
            os.rename(temporary, final)
            _sync_directory(final.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def swap_pointer(pointer: Path, target: str) -> None:
    """Point the symbolic link `pointer` at the relative `target` in one step."""
    temporary = temporary_beside(pointer)
    os.symlink(target, temporary)
    try:
        os.replace(temporary, pointer)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(pointer.parent)


def append_line(path: Path, line: bytes) -> None:
    """Append one whole line to a log and force it to disk."""
    if b"\n" in line.rstrip(b"\n"):
        raise ValueError("a log line holds no line break")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        handle.write(line.rstrip(b"\n") + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
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
