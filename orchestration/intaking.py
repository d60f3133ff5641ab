"""Taking in what has landed, feed by feed; large deliveries by several processes at once.

Belongs here: which files a run takes in, in which order, and by how many hands. Not here: taking in one file
(`expectations.intake`). Files of one feed go in order, one after another, because each is compared with those before
it; feeds know nothing of each other, so they can go side by side with the same result.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.errors import SystemFault
from foundation.home import Home
from orchestration.bound import lend_hand, require_parent
from orchestration.landing import feed_of, first_month_covered, waiting_manifests
from orchestration.moments import today_of
from orchestration.rooms import contracts, feeds

if TYPE_CHECKING:
    from ingest.register import Receipt

# Below this many waiting files a second process costs more (its imports) than it saves.
WORTH_A_CREW = 40
HANDS = 2


def _waiting(home: Home, feed: str, last_month: str) -> list[Path]:
    """Manifests of a feed that the run of a month takes in."""
    found = []
    for manifest in waiting_manifests(home):
        named = feed_of(manifest)
        # What names no feed of ours is refused by name too, once: by the first feed's asset.
        if (named if named in contracts() else feeds()[0]) != feed:
            continue
        # No lower bound: a late file is taken in by whichever month runs next.
        if (first_month_covered(manifest) or "") <= last_month:
            found.append(manifest)
    return found


def take_in_feed(home: Home, feed: str, last_month: str, *, landing: bool, parent: int | None = None) -> list[Receipt]:
    """Take in everything of a feed that waits, and judge again what was accepted under rules that have changed since;
    before that, let its rows follow the lists of people who do not count.

    parent: process on whose behalf this is done; when it has died, nothing more is started.
    """
    from expectations.follow import follow
    from expectations.intake import judge_again, outdated, take_in
    from ingest.register import Register

    taken: list[Receipt] = []
    follow(home, contracts()[feed], lambda: _require(parent))
    waiting = _waiting(home, feed, last_month) if landing else []
    register = Register.load(home) if waiting else None
    today = today_of(home) if waiting else None
    for manifest in waiting:
        _require(parent)
        receipt = take_in(home, manifest, contracts(), register, today)
        register = register.including(receipt) if register else None
        taken.append(receipt)
    for receipt in outdated(home, {feed: contracts()[feed]}):
        _require(parent)
        taken.append(judge_again(home, receipt.submission_id, contracts()))
    return taken


def _require(parent: int | None) -> None:
    if parent is not None:
        require_parent(parent)


def _hand(root: Path, feed: str, last_month: str, landing: bool, parent: int) -> list[Receipt]:
    return take_in_feed(Home(root), feed, last_month, landing=landing, parent=parent)


class Crew:
    """Processes that take in the feeds of one run; `receipts_of` waits for one feed's."""

    def __init__(self, home: Home, wanted: Iterable[str], last_month: str, *, landing: bool) -> None:
        self._home, self._last_month, self._landing = home, last_month, landing
        self._pool: ProcessPoolExecutor | None = None
        self._results: dict[str, Future[list[Receipt]]] = {}
        waiting = {feed: len(_waiting(home, feed, last_month)) for feed in wanted} if landing else {}
        if sum(waiting.values()) >= WORTH_A_CREW and (os.cpu_count() or 1) > 1:
            # spawned, not forked: the parent has threads and open databases
            self._pool = ProcessPoolExecutor(
                HANDS,
                mp_context=get_context("spawn"),
                initializer=lend_hand,
                initargs=(home.root, os.getpid()),
            )
            # the longest first, so that none is left over at the end
            for feed in sorted(waiting, key=lambda name: (-waiting[name], name)):
                self._results[feed] = self._pool.submit(_hand, home.root, feed, last_month, landing, os.getpid())

    def receipts_of(self, feed: str) -> list[Receipt]:
        """What was taken in of a feed; raises what went wrong with it."""
        # Given away once: a second try, after the disk or a process failed, is made here.
        given = self._results.pop(feed, None)
        if given is not None:
            try:
                return given.result()
            except BrokenProcessPool:
                raise SystemFault(
                    "a process that took in files was killed.", "free memory if it ran out; then run again."
                ) from None
        return take_in_feed(self._home, feed, self._last_month, landing=self._landing)

    def dismiss(self) -> None:
        """Let the processes go; what none has begun is left for the next run."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


_crews: dict[str, Crew] = {}


def crew_of(run_id: str, home: Home, wanted: Iterable[str], last_month: str, *, landing: bool) -> Crew:
    """The crew of a run, called together by whichever feed comes first."""
    if run_id not in _crews:
        _crews[run_id] = Crew(home, wanted, last_month, landing=landing)
    return _crews[run_id]


def dismiss_crews() -> None:
    """Let every process of every crew go."""
    for run_id in list(_crews):
        _crews.pop(run_id).dismiss()


@contextmanager
def crews_dismissed() -> Iterator[None]:
    """No process outlives the block, however it ends."""
    try:
        yield
    finally:
        dismiss_crews()
