"""A full disk, said as such: whoever meets it first (a file, dbt, Dagster's history) words it in its own way.

Belongs here: recognising it and the words for a person. Not here: writing (`foundation.durable`).
"""

from __future__ import annotations

import shutil

from foundation.errors import SystemFault
from foundation.home import Home

# Some die of it without a word.
_NOTHING_LEFT_BYTES = 256 * 1024
# The operating system's words, which DuckDB and Python quote, a quota's, and SQLite's own.
_WORDS = ("no space left on device", "disk quota exceeded", "database or disk is full")


def full_disk(home: Home, said: str) -> SystemFault | None:
    """The fault to report when what went wrong was a full disk; None when it was something else."""
    told = any(words in said.lower() for words in _WORDS)
    if not told and shutil.disk_usage(home.root).free > _NOTHING_LEFT_BYTES:
        return None
    return SystemFault(
        f"the disk of {home.root} is full.",
        "free space (`df -h` shows where), then run again; nothing half-written counts, and nothing has to be cleared.",
    )
