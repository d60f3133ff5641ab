"""`outturn scorecard`: how one sender's data arrive, for that sender.

Belongs here: reading it together from a home, the lines a person reads, the page and the JSON. Not here: the counting
(`expectations.sender`) and the page's words (`publication.pages.scorecard`). There is no list of senders, and no page
holds two of them.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.errors import WrongUsage
from foundation.home import Home
from orchestration.due import WORDS, day_asked, deliveries_of, delivery_json
from orchestration.progress import say
from orchestration.rooms import contracts

if TYPE_CHECKING:
    from expectations.sender import SenderFacts


def facts_in(home: Home, organisation: str, on: date) -> SenderFacts:
    """The facts of a sender as known on a day; WrongUsage when nothing is asked of it and nothing came."""
    from expectations.sender import facts_of
    from ingest.register import Register

    home.settings()
    home.require_private_vault()
    register = Register.as_known_on(home, on)
    facts = facts_of(organisation, register, contracts(), deliveries_of(home, register, on))
    if not facts.files.received and not facts.deliveries:
        raise WrongUsage(
            f"nothing is asked of an organisation of that code, and nothing came from it by {on}.",
            "give the code as it stands in the contracts' list of senders; capital letters matter.",
        )
    return facts


def print_scorecard(home: Home, organisation: str, out: Path | None, on: str | None, *, as_json: bool) -> None:
    """Say the scorecard of a sender; write its page where one is asked for."""
    day = day_asked(home, on)
    facts = facts_in(home, organisation, day)
    if as_json:
        sys.stdout.write(document(facts, day).decode())
    else:
        for label, line in lines(facts, day):
            say(label, line)
    if out is not None:
        from publication.pages.scorecard import scorecard_page

        write_bytes(out, scorecard_page(facts, day))
        if not as_json:
            say("written", str(out))


def lines(facts: SenderFacts, on: date) -> Iterator[tuple[str, str]]:
    """Label and text of every line a person reads."""
    from publication.pages.scorecard import trend_words, where

    files, rows = facts.files, facts.rows
    yield "scorecard", f"{facts.organisation}, as known on {on}"
    yield (
        "files",
        f"{files.received} received = {files.counting} that count + {files.superseded} superseded + "
        f"{files.taken_back} taken back + {files.refused} refused",
    )
    yield (
        "rows",
        f"{rows.read} read = {rows.accepted} accepted + {rows.quarantined} quarantined + {rows.deduplicated} "
        "duplicates",
    )
    counted = Counter(item.state for item in facts.deliveries)
    yield "due", ", ".join(f"{counted[state]} {words}" for state, words in WORDS.items() if counted[state]) or "nothing"
    for item in facts.deliveries:
        if item.open:
            held = f"; {item.refused.shown_name} was held back" if item.refused else ""
            yield "open", f"{item.feed} {item.period.label}: {WORDS[item.state]}, due on {item.due_on}{held}"
    yield "trend", trend_words(facts.trend)
    for rule in facts.rules:
        met = f"{rule.feed or 'feed not known'} {rule.rule}, in {rule.files} file(s)"
        yield "rule", f"{met}: {rule.meaning} {where(rule)}".rstrip()
        yield "what to do", rule.mend
    for numbers in facts.numbers:
        share = "no number" if numbers.invalid_pct is None else f"{numbers.invalid_pct} % of those filled in"
        yield (
            "NHS numbers",
            f"{numbers.feed}: {numbers.invalid} of {numbers.valid + numbers.invalid} are none: {share}",
        )
    for warned in facts.warnings:
        for rule in warned.rules:
            yield "warning", f"{warned.file}: {rule.meaning} {where(rule)}".rstrip()


def document(facts: SenderFacts, on: date) -> bytes:
    """The scorecard as JSON."""
    return readable_json(
        {
            "organisation": facts.organisation,
            "on": on,
            "deliveries": [delivery_json(item) for item in facts.deliveries],
            "files": vars(facts.files),
            "rows": vars(facts.rows),
            "feeds": [{"feed": item.feed, "files": vars(item.files), "rows": vars(item.rows)} for item in facts.feeds],
            "months": [vars(item) for item in facts.months],
            "trend": None if facts.trend is None else vars(facts.trend),
            "rules": [vars(item) for item in facts.rules],
            "nhs_numbers": [vars(item) for item in facts.numbers],
            "warnings": [{**vars(item), "rules": [vars(rule) for rule in item.rules]} for item in facts.warnings],
        }
    )
