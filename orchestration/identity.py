"""The commands about people and their submissions: withdraw what was sent, undo a link, judge pairs that likeness
leaves open."""

from __future__ import annotations

from foundation.home import Home
from orchestration.lock import home_lock
from orchestration.moments import today_of
from orchestration.progress import say
from orchestration.rooms import contracts


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


def list_pairs(home: Home, *, decided: bool) -> None:
    """Say which pairs of tokens wait (or are decided), and lay the clear records beside them into the vault.

    Nothing printed identifies anybody; the file does, and stays in the vault, readable by the home's owner.
    """
    from ingest.identity.queue import write_sheet
    from ingest.identity.review import decisions_in_force, pair_id

    home.settings()
    home.require_private_vault()
    if decided:
        for item in decisions_in_force(home):
            say(item.verdict, f"{pair_id(item.token, item.other)}: {item.reason} ({item.by})")
        return
    with home_lock(home):
        waiting, sheet = write_sheet(home, contracts())
    for pair in waiting:
        share = f"probability {pair.probability}" if pair.probability else "no probability"
        say("waits", f"{pair_id(pair.token, pair.other)}: {pair.basis}, {share}")
    if sheet is None:
        say("nothing", "no pair waits.")
        return
    say("records", f"{sheet} shows each pair's records side by side; it stays in the vault.")
    say("next", "`outturn review-links --pair ID --accept --reason R --by WHO`, or --refuse, or --withdraw.")


def judge_pair(home: Home, pair: str, verdict: str, reason: str, by: str) -> None:
    """Record what somebody decided about a pair; the links follow with the next run."""
    from ingest.identity.queue import decide_pair

    home.settings()
    home.require_private_vault()
    with home_lock(home):
        decide_pair(home, contracts(), pair, verdict, reason, by)
    say("recorded", f"{verdict} {pair}; the lake stays as it is.")
    say("next", "`outturn run` builds the figures with it and says what changed.")
