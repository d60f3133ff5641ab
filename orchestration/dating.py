"""Entries that a home's own releases show to be back-dated: found for `outturn decisions`, refused by a run.

Belongs here: which releases were published when, and how far each log went in them. Not here: the rule
(`settlement.dating`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from foundation.errors import Refused
from foundation.home import Home

if TYPE_CHECKING:
    from settlement.dating import Published
    from settlement.decisions import Record


def _published(home: Home, agreement_id: str) -> list[Published]:
    """Releases that still lie here, as far as they hold the agreement, each when it was first published.

    One that is put in force again says nothing of what was signed since.
    """
    from orchestration.deciding import PUBLICATIONS
    from publication.log_heads import heads_of_release
    from settlement import store
    from settlement.dating import Published

    found, seen = [], set()
    for record in store.read_records(home.decisions, PUBLICATIONS):
        if record.kind != "release_published" or record.body["release_id"] in seen:
            continue
        seen.add(record.body["release_id"])
        folder = home.releases / str(record.body["release_id"])
        for head in heads_of_release(folder) if folder.is_dir() else ():
            if head.agreement_id == agreement_id:
                found.append(Published(folder.name, record.signed_at, head.entries))
    return found


def back_dated_entries(home: Home, agreement_id: str, records: Sequence[Record]) -> dict[int, str]:
    """Why entries were signed later than they say, by sequence."""
    from settlement.dating import back_dated

    return back_dated(records, _published(home, agreement_id))


def require_true_dates(home: Home, agreement_id: str) -> None:
    """Refuse to settle on a log with an entry that was dated back past a release."""
    from settlement import store

    records = store.read_records(home.decisions, agreement_id)
    for sequence, why in back_dated_entries(home, agreement_id, records).items():
        raise Refused(
            f"entry {sequence} of the decision log of {agreement_id} is back-dated: {why}.",
            "restore the log, and the head beside it, from the backup before that entry; no release holds it. Whoever "
            "decided signs again, with the day on which they do.",
        )
