"""Everything a home knows one person by: from what somebody is asked about to all their tokens.

Belongs here: reading who a request is about, without ever repeating it, and finding the tokens that are the person's
alone. Not here: what is done with them (`ingest.identity.rights`, `ingest.identity.requests`).

A request names a person in a file or on standard input, never on a command line, as a JSON object: `nhs_number`;
`forename`, `surname` and `date_of_birth`; `organisation` and `local_id`; or `tokens`, from whoever holds the key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from foundation.errors import Refused, WrongUsage
from foundation.home import Home
from foundation.tokens import TOKEN, TokenKey, local_text, match_text, number_text
from ingest.contract import Contract
from ingest.identity import nhs_number
from ingest.identity.link import FeedRows, build_links
from ingest.identity.rights import TOKENS
from ingest.register import Receipt, receipts

_PARTS = ("nhs_number", "forename", "surname", "date_of_birth", "organisation", "local_id", "tokens")
_MEND = "see docs/how-to/a-person-asks.md for what the file holds."


@dataclass(frozen=True)
class Asked:
    """Who a request is about: tokens, and texts no file may hold once an erasure is done. Its repr shows neither."""

    tokens: frozenset[str]
    texts: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Asked({len(self.tokens)} tokens)"


def read_asked(data: bytes, key: Callable[[], TokenKey], *, test_numbers: bool) -> Asked:
    """Who a request is about. WrongUsage or Refused when it names nobody; no message repeats what stands there."""
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except ValueError:
        raise WrongUsage("what names the person is not JSON.", _MEND) from None
    if not isinstance(raw, dict) or not raw or set(raw) - set(_PARTS):
        raise WrongUsage("what names the person is not an object of the known parts.", _MEND)
    given = {name: str(value).strip() for name, value in raw.items() if name != "tokens" and value}
    listed = raw.get("tokens", [])
    if not isinstance(listed, list) or not all(isinstance(item, str) and TOKEN.fullmatch(item) for item in listed):
        raise WrongUsage("a token is written as `k1:` and 64 hexadecimal digits.", _MEND)
    texts, forms = [], set()
    if "nhs_number" in given:
        number, verdict = nhs_number.judge(given["nhs_number"])
        if number is None or (verdict == nhs_number.TEST_RANGE and not test_numbers):
            raise Refused("what is given as an NHS number is none.", "correct it; nothing was recorded.")
        texts.append(number_text(number))
        forms = {number, f"{number[:3]} {number[3:6]} {number[6:]}", f"{number[:3]}-{number[3:6]}-{number[6:]}"}
    names = [given.get(name, "") for name in ("forename", "surname", "date_of_birth")]
    if any(names):
        texts.append(_match(*names))
    if ("organisation" in given) != ("local_id" in given):
        raise Refused("an organisation's own reference needs the organisation.", _MEND)
    if "local_id" in given:
        texts.append(local_text(given["organisation"], given["local_id"]))
    tokens = {str(token) for token in key().tokens(texts)} if texts else set()
    if not tokens and not listed:
        raise Refused("what is given names nobody.", _MEND)
    return Asked(frozenset({*tokens, *listed}), frozenset(forms))


def _match(forename: str, surname: str, born: str) -> str:
    with suppress(ValueError):
        text = match_text(forename, surname, date.fromisoformat(born).isoformat())
        if text is not None:
            return text
    raise Refused("a name needs forename, surname and date of birth, the date as 1950-02-03.", _MEND)


@dataclass(frozen=True)
class Person:
    """tokens: those of nobody else. rows: feed -> rows in the lake. shared: how many more tokens stand beside these and
    are somebody else's as well, so that they stay with the other's rows."""

    tokens: frozenset[str]
    rows: Mapping[str, int]
    shared: int = 0


def person_of(home: Home, asked: frozenset[str], contracts: Mapping[str, Contract]) -> Person:
    """All tokens of the person some tokens stand for, from every row of the lake, whichever submission counts.

    Refused when the tokens stand for several persons: nobody may be erased for having another's name.
    """
    held = [item for item in receipts(home) if item.lake_files and _tokens_of(contracts.get(item.feed))]
    feeds = _feed_rows(home, held, contracts)
    linked = {
        str(row["token"]): row["person_key"]
        for row in build_links([item for item in feeds if contracts[item.feed].identity.linkable]).to_pylist()  # type: ignore[union-attr]
    }
    keys = {linked[token] for token in asked if linked.get(token) is not None}
    if len(keys) > 1:
        raise Refused("what is given stands for several persons.", "name the person by NHS number alone.")
    mine = set(asked) | {token for token, key in linked.items() if key is not None and key in keys}
    evidence = _evidence(feeds)
    numbers = {row[0] for row in evidence if row[0] is not None and mine & {token for token in row if token}}
    others = {number for number in numbers if number not in mine and linked.get(number) is not None}
    if not keys and len(others) > 1:
        raise Refused("what is given stands for several persons.", "name the person by NHS number.")
    if not keys and others:
        # a reference tied to exactly one number, which alone decides
        return person_of(home, asked | frozenset(others), contracts)
    beside: dict[str, set[str]] = {}
    for number, *rest in evidence:
        for token in rest:
            if token is not None and number is not None:
                beside.setdefault(token, set()).add(number)
    near = {token for row in evidence if row[0] in mine for token in row[1:] if token is not None} - mine
    own = {token for token in near if linked.get(token) is None and beside.get(token, set()) <= mine}
    mine |= own
    return Person(frozenset(mine), _counted(feeds, mine), len(near - own))


def _tokens_of(contract: Contract | None) -> tuple[str, ...]:
    if contract is None or contract.identity is None:
        return ()
    return tuple(name for name in TOKENS if name in contract.stored_columns)


def _feed_rows(home: Home, held: Iterable[Receipt], contracts: Mapping[str, Contract]) -> list[FeedRows]:
    files: dict[str, list[Any]] = {}
    for item in held:
        files.setdefault(item.feed, []).extend(home.lake / path for path, _ in item.lake_files)
    found = []
    for feed, paths in sorted(files.items()):
        identity = contracts[feed].identity
        if identity is not None:
            tied = identity.local_id_rule == "exclude_when_tied"
            found.append(
                FeedRows(feed, tuple(sorted(paths)), _tokens_of(contracts[feed]), tied, dict(identity.link_when))
            )
    return found


def _evidence(feeds: Iterable[FeedRows]) -> list[tuple[str | None, ...]]:
    """Distinct combinations of person, match and local token, of every row, also of those that are never linked."""
    import duckdb

    found: set[tuple[str | None, ...]] = set()
    with duckdb.connect() as connection:
        for item in feeds:
            found.update(connection.execute(_picked(item), [[str(path) for path in item.files]]).fetchall())
    return sorted(found, key=lambda row: [token or "" for token in row])


def _picked(item: FeedRows) -> str:
    picked = ", ".join(name if name in item.tokens else "cast(null as varchar)" for name in TOKENS)
    return f"select distinct {picked} from read_parquet(?, hive_partitioning = false, union_by_name = false)"  # noqa: S608 (names of our own)


def _counted(feeds: Iterable[FeedRows], tokens: set[str]) -> dict[str, int]:
    """Rows of a person in each feed's lake files; feeds without any are left out."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from ingest.identity.rights import belongs_to

    counts = {}
    for item in feeds:
        rows = sum(
            pc.sum(belongs_to(table, tokens)).as_py() or 0
            for table in (pq.ParquetFile(path).read(columns=list(item.tokens)) for path in item.files)
        )
        if rows:
            counts[item.feed] = int(rows)
    return counts
