"""One run at a time in a home, held by the operating system so that a killed process lets go of it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from foundation.errors import SystemFault
from foundation.home import Home
from orchestration.bound import wait_for_hands
from orchestration.scratch import remove_scratch

# The command line takes the lock and then runs the job in its own process, whose Dagster resource asks again.
_held: dict[str, int] = {}


def holder(home: Home) -> str | None:
    """The process that holds the home, as text; None while nobody does."""
    if str(home.root) in _held:
        return str(os.getpid())
    try:
        descriptor = os.open(home.lock, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return _named(descriptor)
    finally:
        os.close(descriptor)
    return None


def _named(descriptor: int) -> str:
    return os.pread(descriptor, 64, 0).decode(errors="replace").strip() or "unknown"


@contextmanager
def home_lock(home: Home) -> Iterator[bool]:
    """Hold the home for the length of the block; SystemFault at once if another process holds it.

    Gives whether it was taken here, not held by this process already.
    """
    name = str(home.root)
    if name in _held:
        _held[name] += 1
        try:
            yield False
        finally:
            _held[name] -= 1
        return
    home.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemFault(
                f"another run is using {home.root} (process {_named(descriptor)}).",
                "wait until it ends; if that process no longer exists, try again: the lock goes with it.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        # A killed run lets go of the lock before the processes that wrote for it have noticed.
        wait_for_hands(home)
        # of a preview that was killed: it holds a copy of the vault
        remove_scratch(home)
        _held[name] = 1
        try:
            yield True
        finally:
            del _held[name]
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
