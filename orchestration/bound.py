"""Processes that work for a run: they end when it ends, and the next run waits until they have.

Belongs here: what such a process does about its parent, and `python -m orchestration.bound`, which is dbt as a run
starts it. Not here: what the process works at (`orchestration.intaking`, `orchestration.dbt`).

A killed run takes nobody with it: dbt would go on writing the build database while the next run reads it. So every
such process watches its parent, and holds `run.hands` for as long as it lives.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import sys
import threading
import time
from pathlib import Path

from foundation.errors import SystemFault
from foundation.failpoints import VARIABLE, failpoint
from foundation.home import Home

GLANCE_SECONDS = 0.2
# What is half written is given up at once; a process that is stuck in the disk may take longer to go.
_PATIENCE_SECONDS = 60.0
# Held until the process ends.
_hands: list[int] = []


def require_parent(parent: int) -> None:
    """SystemFault when the run this process works for has ended."""
    if os.getppid() != parent:
        raise SystemFault("the run this process worked for has ended.", "run again.")


def end_with(parent: int) -> None:
    """End when the parent has ended, in the midst of work if need be. What is half written counts for nothing."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(GLANCE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def lend_hand(root: Path, parent: int) -> None:
    """Begin to write for a run: end with it, and let no other run start meanwhile. SystemFault when it is over."""
    descriptor = os.open(Home(root).hands, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    # In this order: a run that found nobody holding the file has started after this parent ended.
    require_parent(parent)
    _hands.append(descriptor)
    end_with(parent)


def wait_for_hands(home: Home) -> None:
    """Wait until the processes of a run that was killed are gone. Call only while holding the home's lock."""
    try:
        descriptor = os.open(home.hands, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemFault(
                        f"processes of a run that ended still work in {home.root}.",
                        f"see which hold {home.hands} (`fuser`), end them, then run again.",
                    ) from None
                time.sleep(GLANCE_SECONDS)
    finally:
        os.close(descriptor)


def _points_at_commits(home: Home) -> None:
    """Let every commit of dbt pass two failpoints."""
    from dbt.adapters.sql import SQLConnectionManager

    commit = SQLConnectionManager.add_commit_query

    def counted(manager: SQLConnectionManager) -> object:
        failpoint(home.build_database, "commit", "written")
        done = commit(manager)
        failpoint(home.build_database, "commit", "committed")
        return done

    SQLConnectionManager.add_commit_query = counted


def write_no_lines_for_nobody() -> None:
    """Let dbt's loggers put together the lines they write, and not those of a level they leave out: nine of ten."""
    from dbt_common.events import logger
    from dbt_common.events.base_types import EventMsg

    write_line = logger._Logger.write_line

    def write_if_asked(self: logger._Logger, msg: EventMsg) -> None:
        # what is printed goes out whatever the level
        # a level of dbt's that Python has not is below all others
        level = getattr(logging, str(msg.info.level).upper(), logging.DEBUG)
        if self._python_logger is None or logger._is_print_event(msg) or self._python_logger.isEnabledFor(level):
            write_line(self, msg)

    logger._Logger.write_line = write_if_asked  # type: ignore[method-assign]


def dbt_command(home: Home, *, writes: bool) -> list[str]:
    """How to start dbt so that it ends with this process. writes: whether it opens the build database."""
    # -P: the working folder is dbt's project, and nothing is to be imported from there
    return ["-P", "-m", "orchestration.bound", "writes" if writes else "reads", str(home.root), str(os.getpid())]


def _run_dbt() -> None:
    task, root, parent = sys.argv[1:4]
    home = Home(Path(root))
    if task == "writes":
        lend_hand(home.root, int(parent))
    else:
        require_parent(int(parent))
        end_with(int(parent))
    # The project in memory is a million objects that stay until the end: looking through them for garbage takes an
    # eighth of dbt's processor time. What a whole build leaves unlooked at is some 120 MB (ADR 27).
    gc.disable()
    from dbt.cli.main import cli

    write_no_lines_for_nobody()
    if VARIABLE in os.environ and task == "writes":
        _points_at_commits(home)
    sys.argv = ["dbt", *sys.argv[4:]]
    sys.exit(cli())


if __name__ == "__main__":
    _run_dbt()
