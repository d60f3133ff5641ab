"""What waits in landing, looked at without reading any submission: manifests only."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from foundation.home import Home
from foundation.period import month_of
from ingest.receive import find_manifests


def waiting_manifests(home: Home) -> list[Path]:
    """Manifests in the senders' mailboxes. A file without manifest is still being sent.

    The oldest period comes first, so that comparisons with earlier deliveries mean the same in any batch; of the same
    dates the lowest sequence, so that a correction does not overtake what it corrects.
    """
    return sorted(
        find_manifests(home), key=lambda path: (_covered(path, "to") or "", _sequence(path), path.name, str(path))
    )


def _covered(manifest: Path, side: str) -> str | None:
    try:
        return month_of(date.fromisoformat(json.loads(manifest.read_bytes())["covers"][side])).label
    except (OSError, ValueError, KeyError, TypeError):
        # Unreadable here is no reason to stop looking: intake refuses it by name.
        return None


def _sequence(manifest: Path) -> int:
    try:
        return int(json.loads(manifest.read_bytes())["sequence"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def first_month_covered(manifest: Path) -> str | None:
    """Month label of the first day the submission says it covers; None when it does not say."""
    return _covered(manifest, "from")


def last_month_covered(manifest: Path) -> str | None:
    """Month label of the last day the submission says it covers; None when it does not say."""
    return _covered(manifest, "to")


def feed_of(manifest: Path) -> str | None:
    """The feed the manifest names; None when it cannot be read."""
    try:
        feed = json.loads(manifest.read_bytes())["feed"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return feed if isinstance(feed, str) else None
