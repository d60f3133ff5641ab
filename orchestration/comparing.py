"""What changed from one release to the next, said to a person or as JSON, and kept beside the runs that changed it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.home import Home
from orchestration.progress import say

if TYPE_CHECKING:
    from publication.compare import Change, Comparison

SHOWN = 20


def _line(change: Change) -> str:
    sides = " → ".join(text for text in (change.before, change.after) if text)
    return f"{change.change} {change.table} {change.name}" + (f": {sides}" if sides else "")


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


def print_comparison(before: Path, after: Path, *, as_json: bool) -> None:
    """Print the differences: the summary, then one line each; all of them with `as_json`."""
    from publication.compare import compare_releases

    found = compare_releases(before, after)
    if as_json:
        sys.stdout.write(_document(found).decode() + "\n")
        return
    say("compare", found.summary)
    for change in found.changes[:SHOWN]:
        say("changed", _line(change))
    if len(found.changes) > SHOWN:
        say("changed", f"and {len(found.changes) - SHOWN} more: use --json for all of them")


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
