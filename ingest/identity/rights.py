"""Whose rows do not count: people who opted out or objected, and people who were erased.

Belongs here: the lists in the vault, and which rows of a table they concern. Not here: requests and who decided on them
(`ingest.identity.requests`), taking the rows out of files (`ingest.identity.redact`).

`vault/identity/set_aside.json` holds tokens; an erased person leaves nothing but tombstones in
`vault/tombstones/tombstones.json`: tokens of tokens, under a key of their own, that tell a row that is sent again and
that nobody else's tokens ever meet. `vault/identity/applied/<feed>.json` says which state of the lists the feed's rows
in the lake follow; no data cut is made of a feed that does not follow the present one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from foundation.canonical import content_id, readable_json
from foundation.durable import write_bytes
from foundation.errors import Refused, SystemFault, WrongUsage
from foundation.home import Home
from foundation.tokens import TOKEN, TOMBSTONE, TokenKey, demo_master_key, derive_key
from ingest.rules import Finding, finding

if TYPE_CHECKING:
    from ingest.contract import Contract

OPTED_OUT, OBJECTED, ERASED = "person.opted_out", "person.objected", "person.erased"
SET_ASIDE = (OPTED_OUT, OBJECTED)
RIGHTS = (*SET_ASIDE, ERASED)
TOKENS = ("person_token", "match_token", "local_token")
_TOMBSTONE_KEY_ID = "t1"
_MESSAGES = {
    OPTED_OUT: "The person has opted out, and the feed's legal basis makes that count.",
    OBJECTED: "The person objected, and the objection was granted.",
    ERASED: "The person was erased; the row stays out.",
}


@dataclass(frozen=True)
class Rights:
    """The lists as they are now. opted_out, objected: tokens; erased: tombstones, made with `key`.

    blanked: rows of the file at hand whose cells an erasure has emptied. returned: how often somebody was let back, by
    which it is known that rows of the vault may have to come back into the lake.
    """

    opted_out: frozenset[str] = frozenset()
    objected: frozenset[str] = frozenset()
    erased: frozenset[str] = frozenset()
    returned: int = 0
    key: TokenKey | None = None
    blanked: frozenset[int] = frozenset()

    @property
    def state(self) -> str | None:
        """Identity of the lists, part of a data cut; None while nobody is on one and nobody ever was."""
        lists = {"opted_out": self.opted_out, "objected": self.objected, "erased": self.erased}
        if not any(lists.values()) and not self.returned:
            return None
        return content_id({**lists, "returned": self.returned})

    def is_erased(self, tokens: Iterable[str]) -> set[str]:
        """Those of some tokens that belong to an erased person."""
        if not self.erased or self.key is None:
            return set()
        asked = list(dict.fromkeys(tokens))
        stones = self.key.tokens(asked)
        return {token for token, stone in zip(asked, stones, strict=True) if stone in self.erased}

    def rows(self, table: Any, contract: Contract) -> dict[int, str]:
        """Row number -> rule, of every row of a table that may not count.

        table: `row_number` and the feed's token columns. A row belongs to the person of its number; one without a
        number to whom its other tokens name. An opt-out is made by NHS number and counts by that alone.
        """
        found = dict.fromkeys(sorted(self.blanked), ERASED)
        if contract.identity is None or not table.num_rows:
            return found
        numbers = table.column("row_number")
        if self.opted_out and contract.custom.lawfulBasis.opt_out_applies and "person_token" in table.column_names:
            found |= dict.fromkeys(_those(numbers, _among(table, "person_token", self.opted_out)), OPTED_OUT)
        if self.objected:
            found |= dict.fromkeys(_those(numbers, belongs_to(table, self.objected)), OBJECTED)
        if self.erased:
            present = {
                token
                for name in TOKENS
                if name in table.column_names
                for token in pc.unique(table.column(name)).drop_null().to_pylist()
            }
            if gone := self.is_erased(present):
                found |= dict.fromkeys(_those(numbers, belongs_to(table, gone)), ERASED)
        return found

    def findings(self, rows: Mapping[int, str]) -> list[Finding]:
        return [finding(rule, _MESSAGES[rule], None, row) for row, rule in sorted(rows.items())]


def _those(numbers: Any, mask: Any) -> list[int]:
    found: list[int] = numbers.filter(mask).to_pylist()
    return found


def _among(table: Any, name: str, tokens: Iterable[str]) -> Any:
    column = table.column(name).combine_chunks()
    return pc.is_in(column, value_set=pa.array(sorted(tokens), column.type))


def belongs_to(table: Any, tokens: Iterable[str]) -> Any:
    """Which rows (a boolean array) belong to the person of some tokens: by the number where there is one, else by any
    other token."""
    wanted = sorted(tokens)
    mine = pa.array([False] * table.num_rows)
    for name in ("match_token", "local_token"):
        if name in table.column_names:
            mine = pc.or_(mine, _among(table, name, wanted))
    if "person_token" not in table.column_names:
        return mine
    unnumbered = pc.is_null(table.column("person_token").combine_chunks())
    return pc.or_(_among(table, "person_token", wanted), pc.and_(unnumbered, mine))


# the lists where they are kept ----------------------------------------------------------------------


def _lists_path(home: Home) -> Path:
    return home.vault / "identity" / "set_aside.json"


def _stones_path(home: Home) -> Path:
    return home.tombstones / "tombstones.json"


def _applied_path(home: Home, feed: str) -> Path:
    return home.vault / "identity" / "applied" / f"{feed}.json"


def _read(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return default
    except ValueError:
        raise SystemFault(
            f"{path} cannot be read.", "restore it from backup; without it people would reappear."
        ) from None


def _is_tokens(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and TOKEN.fullmatch(item) for item in value)


def tombstone_key(home: Home) -> TokenKey:
    """The key of a home's tombstones, made when it is first asked for; a demonstration's is fixed."""
    place = str(home.settings()["place"])
    if home.is_demo:
        return derive_key(_TOMBSTONE_KEY_ID, demo_master_key(place), TOMBSTONE, place)
    path = home.tombstones / "tombstones.key"
    if not path.exists():
        if _read(_stones_path(home), []):
            raise Refused(f"{path} is gone.", "restore it from backup; without it erased people are not recognised.")
        write_bytes(path, secrets.token_hex(32).encode(), mode=0o600)
    try:
        return derive_key(_TOMBSTONE_KEY_ID, bytes.fromhex(path.read_text()), TOMBSTONE, place)
    except (ValueError, WrongUsage):
        raise Refused(f"{path} is no key.", "restore it from backup; with another, erased people come back.") from None


def rights_of(home: Home) -> Rights:
    """The lists of a home; SystemFault when one cannot be read, Refused when others can read it."""
    for path in (_lists_path(home), _stones_path(home)):
        if path.exists() and path.stat().st_mode & 0o077:
            raise Refused(f"{path} can be read by others.", f"run `chmod 600 {path}` and find out who had access.")
    lists = _read(_lists_path(home), {OPTED_OUT: [], OBJECTED: [], "returned": 0})
    stones = _read(_stones_path(home), [])
    sound = isinstance(lists, dict) and set(lists) == {*SET_ASIDE, "returned"} and isinstance(lists["returned"], int)
    if not sound or not all(_is_tokens(lists[name]) for name in SET_ASIDE) or not _is_tokens(stones):
        raise SystemFault("a list of people who do not count cannot be read.", "restore vault from backup.")
    return Rights(
        frozenset(lists[OPTED_OUT]),
        frozenset(lists[OBJECTED]),
        frozenset(stones),
        lists["returned"],
        tombstone_key(home) if stones else None,
    )


def _write_lists(home: Home, opted_out: Iterable[str], objected: Iterable[str], returned: int) -> None:
    _lists_path(home).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = {OPTED_OUT: sorted(opted_out), OBJECTED: sorted(objected), "returned": returned}
    write_bytes(_lists_path(home), readable_json(content), mode=0o600)


def _tokens(tokens: Iterable[str]) -> frozenset[str]:
    found = frozenset(tokens)
    if not all(TOKEN.fullmatch(token) for token in found):
        raise WrongUsage("what was given is not a token.", "give tokens as `k1:` and 64 hexadecimal digits.")
    return found


def replace_opt_outs(home: Home, tokens: Iterable[str]) -> tuple[int, int]:
    """The list of opt-outs anew, as the national service gives it: whole. Returns how many came and how many went."""
    now, before = _tokens(tokens), rights_of(home)
    gone = before.opted_out - now
    _write_lists(home, now, before.objected, before.returned + bool(gone))
    return len(now - before.opted_out), len(gone)


def set_objection(home: Home, tokens: Iterable[str], *, granted: bool) -> None:
    """Put the tokens of somebody whose objection was granted on the list, or let the person back."""
    changed, before = _tokens(tokens), rights_of(home)
    now = before.objected | changed if granted else before.objected - changed
    _write_lists(home, before.opted_out, now, before.returned + bool(before.objected - now))


def set_tombstones(home: Home, tokens: Iterable[str]) -> None:
    """Remember an erased person by tombstones alone: the tokens leave every other list."""
    erased, key, before = _tokens(tokens), tombstone_key(home), rights_of(home)
    stones = before.erased | {str(stone) for stone in key.tokens(sorted(erased))}
    write_bytes(_stones_path(home), readable_json(sorted(stones)), mode=0o600)
    if erased & (before.opted_out | before.objected):
        _write_lists(home, before.opted_out - erased, before.objected - erased, before.returned)


@dataclass(frozen=True)
class Applied:
    """Which state of the lists a feed's rows follow."""

    state: str | None = None
    returned: int = 0


def applied_to(home: Home, feed: str) -> Applied:
    noted = _read(_applied_path(home, feed), {"state": None, "returned": 0})
    return Applied(noted["state"], noted["returned"])


def note_applied(home: Home, feed: str, rights: Rights) -> None:
    if applied_to(home, feed) != Applied(rights.state, rights.returned):
        _applied_path(home, feed).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {"state": rights.state, "returned": rights.returned}
        write_bytes(_applied_path(home, feed), readable_json(content), mode=0o600)


def pending_path(home: Home) -> Path:
    """What an erasure that was granted still has to reach; not there when every one is done."""
    return home.tombstones / "pending.json"


def require_applied(home: Home, feeds: Iterable[str]) -> str | None:
    """The state of the lists, once the rows of all these feeds follow it; Refused while some do not, or an erasure was
    cut short."""
    if pending_path(home).exists():
        raise Refused(
            "an erasure that was granted is not carried out to its end.", "run `outturn run`: it ends it first."
        )
    state = rights_of(home).state
    behind = sorted(feed for feed in feeds if applied_to(home, feed).state != state)
    if behind:
        raise Refused(
            f"rows of {behind[0]} do not follow the people's opt-outs and erasures yet.",
            "run the main job with its intake: it takes the rows out before anything is counted.",
        )
    return state
