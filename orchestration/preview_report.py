"""Saying what a preview found: to a person, line by line, or as JSON. No value of a row is in either."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from foundation.canonical import readable_json
from foundation.home import Home
from ingest.rules import ACCEPT, NORMALISED, RULES
from orchestration.checking import WORDS
from orchestration.comparing import print_changes
from orchestration.previewing import ACCEPTED, KNOWN, REFUSED, WAITS, Fate, Preview, preview
from orchestration.progress import say

_STATES = {
    KNOWN: "The same file was taken in before: it would change nothing.",
    REFUSED: "This file would be refused as a whole.",
    WAITS: "A run for this month would leave the file in its mailbox: it covers later months.",
}


def report_preview(home: Home, files: list[Path], period: str, *, as_json: bool) -> int:
    """Preview the files and say what was found; returns the exit code the run would have."""
    told = preview(home, files, period)
    if as_json:
        sys.stdout.write(readable_json(document(told)).decode() + "\n")
    else:
        _print(told)
    return told.exit_code


def document(told: Preview) -> dict[str, Any]:
    """The preview as plain data (docs/how-to/preview-a-resubmission.md)."""
    return {
        "preview": True,
        "period": told.period,
        "files": [_fate_document(item) for item in told.fates],
        "run": {
            "exit_code": told.exit_code,
            "refused": None if told.refused is None else {"what": told.refused.message, "mend": told.refused.mend},
            "findings": list(told.outcome.findings) if told.outcome else [],
        },
        "release_in_force": told.found.before if told.found else None,
        "summary": told.found.summary if told.found else None,
        "changes": told.found.rows() if told.found else [],
        "notes": [*told.notes, *(told.found.notes if told.found else ())],
    }


def _fate_document(fate: Fate) -> dict[str, Any]:
    made = fate.receipt
    if made is None:
        return {"file": fate.name, "state": fate.state}
    return {
        "file": fate.name,
        "state": fate.state,
        "submission_id": made.submission_id,
        "feed": made.feed,
        "organisation": made.organisation,
        "covers": {"from": made.covers_from, "to": made.covers_to},
        "sequence": made.sequence,
        "outcome": made.outcome,
        "rows_read": made.rows_read,
        "rows_accepted": made.rows_accepted,
        "rows_quarantined": made.rows_quarantined,
        "rows_deduplicated": made.rows_deduplicated,
        "rules": dict(sorted(Counter(item.rule for item in made.findings).items())),
        "supersedes": [
            {"submission_id": one.submission_id, "file": one.shown_name, "wholly": wholly}
            for one, wholly in fate.supersedes
        ],
        "overtaken": fate.overtaken,
        "provisional_until": fate.until,
        "late": fate.late,
    }


def _print(told: Preview) -> None:
    say("preview", f"what `outturn run --period {told.period}` would do with these files. Nothing of it has been done.")
    for fate in told.fates:
        _print_fate(fate)
    for line in told.notes:
        say("note", line)
    if told.refused is not None:
        say("run", f"would be refused: {told.refused.message}")
        say("what to do", told.refused.mend)
        say("release", "the one in force would stay, and no pound would move.")
        return
    for line in told.outcome.findings if told.outcome else ():
        say("would say", line)
    if told.found is not None:
        print_changes(told.found)
    say("preview", "nothing was accepted, signed or published: the home is as it was.")


def _print_fate(fate: Fate) -> None:
    made = fate.receipt
    words = WORDS[made.outcome] if made is not None and fate.state == ACCEPTED else _STATES[fate.state]
    say("file", f"{fate.name}: {words}")
    if made is None:
        return
    say(
        "rows",
        f"{made.rows_read} read = {made.rows_accepted} accepted + {made.rows_quarantined} quarantined + "
        f"{made.rows_deduplicated} duplicates",
    )
    counted = Counter(item.rule for item in made.findings if item.severity not in (ACCEPT, NORMALISED))
    for rule, count in sorted(counted.items()):
        say(RULES[rule].severity, f"{rule} ({count}). What to do: {RULES[rule].mend}")
    for one, wholly in fate.supersedes:
        days = "wholly" if wholly else "for the days both cover"
        say("supersedes", f"{one.shown_name}, {days}")
    if fate.overtaken:
        say("overtaken", "later submissions decide every day it covers: no figure would rest on it.")
    if fate.state == ACCEPTED and fate.late:
        ended = f"were provisional until {fate.until}" if fate.until else "are final on receipt"
        say("late", f"its figures {ended}: what moves is a restatement.")
    elif fate.state == ACCEPTED:
        say("in time", f"its figures are provisional until {fate.until}.")
