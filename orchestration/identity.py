"""The commands about people and their submissions: pseudonymise before sending, withdraw what was sent."""

from __future__ import annotations

from pathlib import Path

from foundation.home import Home
from orchestration.lock import home_lock
from orchestration.moments import today_of
from orchestration.progress import say
from orchestration.rooms import contracts


def pseudonymise_extract(
    file: Path,
    contract: Path,
    key: Path,
    place: str,
    organisation: str | None,
    out: Path | None,
    *,
    test_numbers: bool,
) -> None:
    """Write the file to send and say what its manifest has to state."""
    from ingest.contract import load_contract
    from ingest.identity.keyring import read_key
    from ingest.identity.pseudonymise import pseudonymise_file

    made = pseudonymise_file(
        file, load_contract(contract), read_key(key, place), organisation, out, test_numbers=test_numbers
    )
    counted = ", ".join(f"{count} {verdict}" for verdict, count in sorted(made.verdicts.items()))
    say("written", str(made.path))
    say("manifest", f"rows {made.rows}, bytes {made.bytes}, sha256 {made.sha256}")
    say("tokens", f"key {made.key_id}; NHS numbers: {counted or 'none in this feed'}")


def withdraw_submission(home: Home, submission: str, reason: str, by: str, *, restatement: bool) -> None:
    """Record the withdrawal; the figures follow with the next run."""
    from ingest.register import withdraw

    home.settings()
    today = today_of(home)
    with home_lock(home):
        made = withdraw(home, submission, reason, by, contracts(), today, restatement=restatement)
    say("withdrawn", f"{made.submission_id}: {made.reason}")
    say("next", "`outturn run` builds the figures without it and says what changed.")


def separate(home: Home, token: str, reason: str, by: str, apart_from: str | None) -> None:
    """Undo a link: the token follows its person no longer; the figures follow with the next run."""
    from ingest.identity.links import undo_link

    home.settings()
    with home_lock(home):
        undo_link(home, token, reason, by, apart_from)
    say("separated", "the link is undone in the link tables made from now on; the lake stays as it is.")
    say("next", "`outturn run` builds the figures without it and says what changed.")
