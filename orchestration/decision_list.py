"""List the decisions of a home: every entry, whether it counts, and what all of them amount to on a day.

Belongs here: what is printed. Not here: what counts (`settlement.entry_faults`), states of lines
(`settlement.certificates`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.errors import WrongUsage
from foundation.home import Home
from orchestration.cycle import agreements_of
from orchestration.dating import back_dated_entries
from orchestration.drafts import settlements_in_force
from orchestration.moments import today_of
from orchestration.progress import say

if TYPE_CHECKING:
    from settlement.decisions import Record
    from settlement.terms import Terms


def _day(home: Home, on: str | None) -> date:
    if on is None:
        return today_of(home)
    try:
        return date.fromisoformat(on)
    except ValueError:
        raise WrongUsage(f"--on {on} is not a day.", "write it as 2025-10-23.") from None


def _terms_of(versions: Sequence[Terms], record: Record) -> Terms | None:
    """The version an entry concerns: the one it names, or the last in force when it was signed."""
    if "terms_hash" in record.body:
        return next((terms for terms in versions if terms.terms_hash == record.body["terms_hash"]), None)
    begun = [terms for terms in versions if terms.agreement.effective_from <= record.day]
    return begun[-1] if begun else versions[0] if versions else None


def _entries(records: Sequence[Record], versions: Sequence[Terms], back_dated: Mapping[int, str]) -> None:
    from settlement.entry_faults import entry_fault

    for number, record in enumerate(records, start=1):
        what = ", ".join(
            f"{key} {value[:16] if key.endswith(('_hash', '_id', 'key', 'subject', 'supersedes')) else value}"
            for key, value in sorted(record.body.items())
            if isinstance(value, str) and value and key != "public_key"
        )
        terms = _terms_of(versions, record)
        fault = None if terms is None else entry_fault(records[:number], terms)
        note = f"; COUNTS FOR NOTHING: {fault}" if fault else ""
        if number in back_dated:
            note += f"; BACK-DATED, nothing is settled on it: {back_dated[number]}"
        say(record.signed_at[:10], f"{record.sequence}. {record.signer}: {record.kind} ({what}){note}")


def _standing(home: Home, records: Sequence[Record], versions: Sequence[Terms], day: date) -> None:
    """What the entries amount to: terms agreed or not, and each line of each settlement in force."""
    from publication.wording import money
    from settlement.certificates import line_states, payable_pence
    from settlement.entry_faults import agreed_words

    for terms in versions:
        for words in agreed_words(records, terms):
            say("terms", f"from {terms.agreement.effective_from}, {words}")
    for one in settlements_in_force(home, versions[0].id) if versions else ():
        under = next((item for item in versions if item.terms_hash == one.terms_hash), None)
        if under is None:
            continue
        states = line_states(records, under, one.settlement_id, one.status, one.member_rows, day)
        for state in states:
            amount = money(state.amount_pence)
            words = state.words.rstrip(".")
            say(one.period_id, f"{state.line} {state.member_id} {amount}: {state.state.replace('_', ' ')} ({words})")
        say(one.period_id, f"payable on {day.isoformat()}: {money(payable_pence(states))}")


def list_decisions(home: Home, agreement: str | None, on: str | None = None) -> None:
    """Print the decisions of a home, one line each, and how they stand on a day. The chain is checked while reading."""
    from settlement import store

    home.settings()
    day = _day(home, on)
    known = sorted(path.stem for path in home.decisions.glob("*.jsonl"))
    if agreement is not None and agreement not in known:
        raise WrongUsage(
            f"there are no decisions on '{agreement}'.", f"choose one of: {', '.join(known) or 'none yet'}."
        )
    names = [agreement] if agreement else known
    if not names:
        say("decisions", "none yet.")
    on_file = sorted(agreements_of(home), key=lambda item: item.terms.agreement.effective_from)
    for name in names:
        records = store.read_records(home.decisions, name)
        say(name, f"{len(records)} decision(s); chain and signatures hold")
        versions = [item.terms for item in on_file if item.terms.id == name]
        _entries(records, versions, back_dated_entries(home, name, records))
        _standing(home, records, versions, day)


def prove_log(path: Path, after: Path | None = None) -> None:
    """Prove a copy of a decision log that stands alone. LogTampered, naming the line, where it does not hold.

    after: a former release or log; LogTampered, too, where this log does not go on from there.
    """
    from publication.log_heads import heads_at
    from settlement.decisions import LogTampered, head_of, read_log

    log = path.read_bytes()
    records = read_log(log)
    if not records:
        raise WrongUsage(f"{path} holds no decision.", "name a decisions.jsonl, or the folder of a release.")
    if after is not None:
        heads = {head.agreement_id: head for head in heads_at(after)}
        if (head := heads.get(records[0].agreement_id)) is None:
            raise WrongUsage(f"{after} remembers no log of {records[0].agreement_id}.", "name one that does.")
        if fault := head.fault(log):
            raise LogTampered(f"{path} {fault} in {after}.", "compare the copy with the publisher's; do not pay on it.")
    say(
        "verify", f"nothing differs: {len(records)} decision(s) on {records[0].agreement_id}; chain and signatures hold"
    )
    # A log cut short is a valid shorter log: whoever remembers a later hash sees it.
    say("last entry", f"{head_of(records)}, signed {records[-1].signed_at}")
