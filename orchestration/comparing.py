"""What changed from one release to the next, said to a person or as JSON, and kept beside the runs that changed it."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.home import Home
from orchestration.progress import say

if TYPE_CHECKING:
    from publication.compare import Change, Comparison

SHOWN = 20


def line_of(change: Change) -> str:
    """A difference as a person reads it: what, from, to, and the status of a posting where that moved too."""
    sides = " → ".join(text for text in (change.before, change.after) if text)
    moved = change.table == "posting" and change.status_before != change.status_after
    statuses = " → ".join(text for text in (change.status_before, change.status_after) if text) if moved else ""
    return (
        f"{change.change} {change.table} {change.name}"
        + (f": {sides}" if sides else "")
        + (f" ({statuses})" if statuses else "")
    )


def _document(found: Comparison) -> bytes:
    return readable_json(
        {
            "before": found.before,
            "after": found.after,
            "summary": found.summary,
            "changes": found.rows(),
            "notes": list(found.notes),
        }
    )


def print_changes(found: Comparison) -> None:
    """The summary, then the first differences of each kind, a line each, so that many figures hide no pound."""
    say("compare", found.summary)
    for _, group in groupby(found.changes, key=lambda change: change.table):
        changes = list(group)
        for change in changes[:SHOWN]:
            say("changed", line_of(change))
        if len(changes) > SHOWN:
            say("changed", f"and {len(changes) - SHOWN} more like these: use --json for all of them")


def print_comparison(before: Path, after: Path, *, as_json: bool) -> None:
    """Print the differences: the summary, then one line each; all of them with `as_json`."""
    from publication.compare import compare_releases

    found = compare_releases(before, after)
    if as_json:
        sys.stdout.write(_document(found).decode() + "\n")
        return
    print_changes(found)


def record_comparison(home: Home, before: str | None, after: str, *, only_if_missing: bool = False) -> None:
    """Keep what a run changed in `restatements/<before>..<after>.json`, once, and say it in a sentence."""
    if before is None or before == after or not (home.releases / before).is_dir():
        return
    from publication.compare import compare_releases

    path = home.restatements / f"{before[:16]}..{after[:16]}.json"
    if only_if_missing and path.exists():
        return
    found = compare_releases(home.releases / before, home.releases / after)
    if not path.exists():
        write_bytes(path, _document(found))
    say("changed", found.summary)
