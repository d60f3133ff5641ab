"""What people asked about their data, and what was decided: the register of cases.

Belongs here: one record a case, chained by hashes, in `vault/tombstones/cases.jsonl`. Not here: carrying a decision out
(`ingest.identity.rights`, `orchestration.people`). A case knows its person by tombstones alone, so that it may outlive
an erasure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from foundation.canonical import canonical_json, sha256_bytes
from foundation.durable import append_lines, write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from ingest.contract import Contract
from ingest.identity.rights import rights_of, tombstone_key

KINDS = ERASE, OBJECT, RECTIFY = "erase", "object", "rectify"
OPT_OUTS = "opt_outs"
GRANTED, REFUSED = "granted", "refused"
# how a contract names the basis under which erasure is not a right: UK GDPR article 17(3)(b)
PUBLIC_TASK = "6(1)(e)"
_START = "0" * 64


@dataclass(frozen=True)
class Case:
    """One request. subject: tombstones of the person; feeds: those with rows of the person when it was decided.

    key_ids: keys of the tokens the person was known by then; again: number of the case this one repeats under another
    key, 0 for a request of its own.
    """

    number: int
    kind: str
    decided_on: date
    grounds: str
    outcome: str
    reason: str
    by: str
    subject: tuple[str, ...]
    feeds: tuple[str, ...]
    key_ids: tuple[str, ...]
    again: int
    previous: str

    def as_json(self) -> dict[str, Any]:
        return {
            "case": self.number,
            "kind": self.kind,
            "decided_on": self.decided_on,
            "grounds": self.grounds,
            "outcome": self.outcome,
            "reason": self.reason,
            "by": self.by,
            "subject": list(self.subject),
            "feeds": list(self.feeds),
            "key_ids": list(self.key_ids),
            "again": self.again,
            "previous": self.previous,
        }


def cases_path(home: Home) -> Path:
    return home.tombstones / "cases.jsonl"


def read_cases(home: Home) -> tuple[Case, ...]:
    """Every case, in order. Refused when the chain of hashes is broken."""
    path = cases_path(home)
    found: list[Case] = []
    previous = _START
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        try:
            raw = json.loads(line)
            case = Case(
                raw["case"],
                raw["kind"],
                date.fromisoformat(raw["decided_on"]),
                raw["grounds"],
                raw["outcome"],
                raw["reason"],
                raw["by"],
                tuple(raw["subject"]),
                tuple(raw["feeds"]),
                tuple(raw["key_ids"]),
                raw["again"],
                raw["previous"],
            )
        except (ValueError, KeyError, TypeError):
            case = None
        if case is None or case.previous != previous or case.number != len(found) + 1:
            raise Refused(f"{path} was changed at case {len(found) + 1}.", "restore it from backup.")
        found.append(case)
        previous = sha256_bytes(line)
    return tuple(found)


def public_tasks(feeds: Iterable[str], contracts: Mapping[str, Contract]) -> list[str]:
    """Those of some feeds whose basis is a public task."""
    return sorted(
        feed
        for feed in feeds
        if feed in contracts and contracts[feed].custom.lawfulBasis.article6.startswith(PUBLIC_TASK)
    )


def require_known(home: Home, key_ids: Iterable[str]) -> None:
    """Refused while an erased person could come back unseen, or somebody who opted out could count, because the lists
    know them by tokens of a key that is no longer in force."""
    wanted, rights = set(key_ids), rights_of(home)
    stale = {token.partition(":")[0] for token in rights.opted_out | rights.objected} - wanted
    if stale:
        raise Refused(
            f"opt-outs or objections are listed under the key {min(stale)}, which is not in force.",
            "take the list of opt-outs in again, lift and grant the objections again, under the key in force.",
        )
    erased = [case for case in read_cases(home) if (case.kind, case.outcome) == (ERASE, GRANTED)]
    for case in erased:
        known = {key for item in erased if case.number in (item.number, item.again) for key in item.key_ids}
        if not case.again and wanted - known:
            raise Refused(
                f"the person of case {case.number} would not be recognised under the key {min(wanted - known)}.",
                f"ask for the erasure again under that key, from the case's own papers, with --again {case.number}.",
            )


def require_sound(
    home: Home, kind: str, *, grounds: str, outcome: str, reason: str, by: str, again: int = 0
) -> tuple[Case, ...]:
    """The cases there are. WrongUsage when another would not say on what grounds, why and by whom it was decided, or
    repeats one that is not there."""
    if kind not in (*KINDS, OPT_OUTS) or outcome not in (GRANTED, REFUSED):
        raise WrongUsage("a case is a request that was granted or refused.", f"its kind is one of {', '.join(KINDS)}.")
    if not all(text.strip() for text in (grounds, reason, by)):
        raise WrongUsage("a case says on what grounds, why and by whom it was decided.", "give all three.")
    cases = read_cases(home)
    if again and not any(case.number == again and case.kind == kind for case in cases):
        raise WrongUsage(f"there is no case {again} of that kind.", "see `outturn person-cases`.")
    return cases


def record(
    home: Home,
    kind: str,
    *,
    tokens: Iterable[str],
    feeds: Iterable[str],
    grounds: str,
    outcome: str,
    reason: str,
    by: str,
    on: date,
    again: int = 0,
) -> Case:
    """Append a case. WrongUsage as `require_sound`."""
    cases = require_sound(home, kind, grounds=grounds, outcome=outcome, reason=reason, by=by, again=again)
    path = cases_path(home)
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    stones = tuple(sorted(str(stone) for stone in tombstone_key(home).tokens(sorted(set(tokens)))))
    case = Case(
        len(cases) + 1,
        kind,
        on,
        grounds.strip(),
        outcome,
        reason.strip(),
        by.strip(),
        stones,
        tuple(sorted(set(feeds))),
        tuple(sorted({token.partition(":")[0] for token in tokens})),
        again,
        sha256_bytes(lines[-1]) if lines else _START,
    )
    line = canonical_json(case.as_json())
    if path.exists():
        append_lines(path, line)
    else:
        write_bytes(path, line, mode=0o600)
    return case
