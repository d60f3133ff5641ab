"""What somebody decided about pairs of tokens that likeness could not: `vault/identity/decisions.json`.

Belongs here: recording a decision with its reason and name, taking it back, which decisions count. Not here: which
pairs wait (`ingest.identity.likely`), links undone by hand (`ingest.identity.links`).

The file is a list, appended to and never changed: `{token, other, verdict, reason, by, probability, model}`, tokens in
order. Of several entries about one pair the last counts; `withdraw` leaves the pair to the model again.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from foundation.canonical import readable_json
from foundation.durable import write_bytes
from foundation.errors import SystemFault, WrongUsage
from foundation.home import Home
from foundation.tokens import TOKEN

ACCEPT, REFUSE, WITHDRAW = "accept", "refuse", "withdraw"
_VERDICTS = (ACCEPT, REFUSE, WITHDRAW)


@dataclass(frozen=True)
class Decision:
    """Two tokens, the lesser first, and what was decided of them, why and by whom; what the model had said."""

    token: str
    other: str
    verdict: str
    reason: str
    by: str
    probability: str | None = None
    model: str = ""

    @property
    def accepted(self) -> bool:
        return self.verdict == ACCEPT


def pair_id(token: str, other: str) -> str:
    """What a pair is called where people speak of it."""
    return sha256("\x1f".join(sorted((token, other))).encode()).hexdigest()[:12]


def _path(home: Home) -> Path:
    return home.vault / "identity" / "decisions.json"


def read_decisions(home: Home) -> list[Decision]:
    """Every decision, oldest first; SystemFault when the file is not what this room wrote."""
    path = _path(home)
    try:
        content = json.loads(path.read_bytes())
        found = [Decision(**item) for item in content] if isinstance(content, list) else None
    except FileNotFoundError:
        return []
    except (ValueError, TypeError):
        found = None
    if found is None or not all(_is_decision(item) for item in found):
        raise SystemFault(f"{path} cannot be read.", "restore it from backup.")
    return found


def _is_decision(item: Decision) -> bool:
    texts: list[Any] = [item.token, item.other, item.verdict, item.reason, item.by, item.model]
    return (
        all(isinstance(text, str) for text in texts)
        and (item.probability is None or isinstance(item.probability, str))
        and all(TOKEN.fullmatch(token) for token in (item.token, item.other))
        and item.token < item.other
        and item.verdict in _VERDICTS
        and bool(item.reason.strip())
        and bool(item.by.strip())
    )


def decisions_in_force(home: Home) -> list[Decision]:
    """The last decision on each pair, without those withdrawn, by pair."""
    last = {(item.token, item.other): item for item in read_decisions(home)}
    return [item for _, item in sorted(last.items()) if item.verdict != WITHDRAW]


def decide(home: Home, decision: Decision) -> None:
    """Record a decision; links follow from the next data cut on. WrongUsage without two tokens, a reason and a name, or
    when there is nothing to withdraw."""
    low, high = sorted((decision.token, decision.other))
    entry = Decision(
        low, high, decision.verdict, decision.reason.strip(), decision.by.strip(), decision.probability, decision.model
    )
    if not _is_decision(entry):
        raise WrongUsage(
            "a decision on a pair names two different tokens, accept, refuse or withdraw, a reason and a person.",
            "take the pair from `outturn review-links`, and say why in a sentence.",
        )
    known = read_decisions(home)
    in_force = {(item.token, item.other): item for item in decisions_in_force(home)}
    if entry.verdict == WITHDRAW and (low, high) not in in_force:
        raise WrongUsage("no decision on this pair is in force.", "see `outturn review-links --decided`.")
    if known and known[-1] == entry:
        return
    path = _path(home)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_bytes(path, readable_json([asdict(item) for item in (*known, entry)]), mode=0o600)


def forget(home: Home, tokens: Collection[str]) -> None:
    """Take out the decisions that name one of these tokens, after an erasure."""
    known = read_decisions(home)
    kept = [item for item in known if item.token not in tokens and item.other not in tokens]
    if kept != known:
        write_bytes(_path(home), readable_json([asdict(item) for item in kept]), mode=0o600)
