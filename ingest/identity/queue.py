"""The review queue: pairs that likeness leaves to a person, their records beside them, and the answers.

Belongs here: which pairs wait now, the sheet in the vault, turning a pair's short name into a decision. Not here: why
a pair waits (`ingest.linkage.persons`), how decisions are kept (`ingest.identity.review`).

`vault/identity/review/pairs.csv` holds identifiers: written anew at every listing, and removed when no pair waits.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from foundation.durable import remove, write_bytes
from foundation.errors import WrongUsage
from foundation.home import Home
from ingest.contract import Contract
from ingest.identity.likely import CLEAR, LikelyLinks, Likeness, clear_records, likely_links
from ingest.identity.review import WITHDRAW, Decision, decide, decisions_in_force, pair_id
from ingest.register import Receipt, Register


def _sheet(home: Home) -> Path:
    return home.vault / "identity" / "review" / "pairs.csv"


def forget(home: Home) -> None:
    """Remove the sheet, after an erasure; the next listing writes it anew."""
    remove(_sheet(home))


def _in_force(home: Home) -> list[Receipt]:
    return Register.load(home).in_force()


def waiting_pairs(home: Home, contracts: Mapping[str, Contract]) -> LikelyLinks:
    """What likeness says of everything that counts now."""
    return likely_links(home, _in_force(home), contracts)


def write_sheet(home: Home, contracts: Mapping[str, Contract]) -> tuple[tuple[Likeness, ...], Path | None]:
    """The pairs that wait and the file that shows their records, 0600; no pair, no file.

    A line a record: the pair's short name, its probability, which side, the record's identifiers. Formulas are escaped,
    since the sheet will be opened in a spreadsheet.
    """
    path = _sheet(home)
    waiting = waiting_pairs(home, contracts).review
    if not waiting:
        remove(path)
        return (), None
    by_token: dict[str, list[list[str]]] = {}
    for one in clear_records(home, _in_force(home), contracts):
        if one.token is not None:
            by_token.setdefault(one.token, []).append([_cell(value) for value in one.values])
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["pair", "basis", "probability", "side", *CLEAR])
    for pair in waiting:
        for side, token in (("1", pair.token), ("2", pair.other)):
            for values in by_token.get(token, []):
                writer.writerow([pair_id(pair.token, pair.other), pair.basis, pair.probability or "", side, *values])
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_bytes(path, buffer.getvalue().encode(), mode=0o600)
    return waiting, path


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def decide_pair(
    home: Home, contracts: Mapping[str, Contract], pair: str, verdict: str, reason: str, by: str
) -> Decision:
    """Record a decision on a pair by its short name; WrongUsage when no such pair waits, is joined or is decided."""
    said = waiting_pairs(home, contracts)
    known: dict[str, tuple[str, str, str | None]] = {}
    for old in decisions_in_force(home):
        known[pair_id(old.token, old.other)] = old.token, old.other, old.probability
    if verdict != WITHDRAW:
        for item in (*said.pairs, *said.review):
            known[pair_id(item.token, item.other)] = item.token, item.other, item.probability
    if pair not in known:
        raise WrongUsage(
            "there is no such pair to decide.",
            "take its name from `outturn review-links`, or from `outturn review-links --decided` to withdraw.",
        )
    token, other, probability = known[pair]
    made = Decision(token, other, verdict, reason, by, probability, said.model)
    decide(home, made)
    return made
