"""What day it is: the demo's own in a demo, so that two demos are alike; else this machine's.

Belongs here: reading the clock for decisions about dates. Not here: how long something took.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from foundation.home import Home


def moment_of(home: Home) -> datetime:
    """The moment something is done in a home."""
    if home.is_demo:
        from orchestration.cycle import place_of

        return place_of(home).clock
    return datetime.now(tz=UTC)


def today_of(home: Home) -> date:
    """The day something is done in a home."""
    return moment_of(home).date()
