"""Tokens that likeness joins: the clear files of the vault, linked, and only tokens brought out.

Belongs here: which stored files may be looked at, their rows beside the tokens the lake holds, the answer as groups of
tokens, and what waits for somebody's judgement. Not here: linking (`ingest.linkage`), the link table
(`ingest.identity.link`), what somebody decided (`ingest.identity.review`).

Identifiers are read from `vault/submissions/` and forgotten again. What is kept, `vault/identity/likely/<inputs>.json`,
names tokens, probabilities and the model. Only senders whose contract justifies identifiers have such files; a
spelling that nobody sent in clear is known by its token alone, and nothing can be said of its likeness.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundation.canonical import canonical_json, content_id, sha256_file
from foundation.durable import write_bytes
from foundation.errors import SystemFault
from foundation.home import Home
from ingest import receive
from ingest.conform import conform
from ingest.container import read_table
from ingest.contract import Contract
from ingest.identity.review import Decision, decisions_in_force
from ingest.identity.tokenise import shielded
from ingest.linkage import persons
from ingest.linkage.probable import MODEL
from ingest.linkage.records import Person, people_of
from ingest.read import FileRejectedError
from ingest.register import Receipt, read_redaction

# bumped when the rules of `ingest.linkage` change: what is kept is then made again
METHOD = 1
TokenPair = tuple[str, str]
CLEAR = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "local_id")
_RESTORE = "remove the file and run again: it is then made anew."


@dataclass(frozen=True, order=True)
class Likeness:
    """Two tokens, the lesser first; why they were joined or wait; the probability as text where there is one."""

    token: str
    other: str
    basis: str
    probability: str | None = None


@dataclass(frozen=True)
class LikelyLinks:
    """Groups of tokens that are one person each, by which pairs, and the pairs that wait. All sorted."""

    groups: tuple[tuple[str, ...], ...] = ()
    pairs: tuple[Likeness, ...] = ()
    review: tuple[Likeness, ...] = ()
    model: str = ""


@dataclass(frozen=True)
class ClearRecord:
    """What one person is called in one place of a clear file. Stays in memory."""

    person_token: str | None
    match_token: str | None
    values: tuple[Any, ...]

    @property
    def token(self) -> str | None:
        """The token by which a row with these identifiers is linked."""
        return self.person_token or self.match_token


def sends_clear(receipt: Receipt, contract: Contract | None) -> bool:
    """Whether a submission's stored file holds identifiers and its rows may be linked."""
    identity = None if contract is None else contract.identity
    return identity is not None and identity.linkable and receipt.organisation in identity.clear_justification


def likely_links(home: Home, receipts: Iterable[Receipt], contracts: Mapping[str, Contract]) -> LikelyLinks:
    """What likeness says of the tokens of these submissions, made and kept when it is new. No clear file, no links."""
    clear = sorted(
        (item for item in receipts if item.lake_files and _may_be_read(item, contracts)),
        key=lambda item: item.submission_id,
    )
    if not clear:
        return LikelyLinks()
    decided = decisions_in_force(home)
    inputs = content_id(
        {
            "method": METHOD,
            "model": sha256_file(MODEL),
            "decisions": [[item.token, item.other, item.verdict] for item in decided],
            "submissions": [
                [item.submission_id, _stored_hash(home, item), contracts[item.feed].hash] for item in clear
            ],
        }
    )
    path = home.vault / "identity" / "likely" / f"{inputs}.json"
    if path.exists():
        return _read(path)
    made = shielded("linking by likeness", lambda: _link(_records(home, clear, contracts), decided, home.is_demo))
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_bytes(path, canonical_json(_document(made)), mode=0o600)
    return made


def forget(home: Home) -> None:
    """Drop everything kept, after an erasure; the next data cut makes it anew."""
    shutil.rmtree(home.vault / "identity" / "likely", ignore_errors=True)


def clear_records(home: Home, receipts: Iterable[Receipt], contracts: Mapping[str, Contract]) -> list[ClearRecord]:
    """The clear records that are linked, for showing a pair to whom the vault is open."""
    clear = [item for item in receipts if item.lake_files and _may_be_read(item, contracts)]
    return shielded("reading clear records", lambda: _records(home, clear, contracts))


def _may_be_read(receipt: Receipt, contracts: Mapping[str, Contract]) -> bool:
    return sends_clear(receipt, contracts.get(receipt.feed))


def _records(home: Home, clear: Sequence[Receipt], contracts: Mapping[str, Contract]) -> list[ClearRecord]:
    """Each different record once, in a fixed order that does not hang on files or rows."""
    found: set[ClearRecord] = set()
    for receipt in clear:
        found |= _of_submission(home, receipt, contracts[receipt.feed])
    return sorted(found, key=lambda one: tuple("" if part is None else str(part) for part in _sort_key(one)))


def _sort_key(one: ClearRecord) -> tuple[Any, ...]:
    return one.person_token, one.match_token, *one.values


def _of_submission(home: Home, receipt: Receipt, contract: Contract) -> set[ClearRecord]:
    layout = contract.layout_of(receipt.organisation)
    if layout is None or contract.identity is None or not contract.is_clear(layout):
        return set()
    label = next(name for name, known in contract.custom.layouts.items() if known is layout)
    rows = _identifiers(home, receipt, contract, label)
    if not rows:
        return set()
    columns = ["row_number", *(name for name in ("person_token", "match_token") if name in contract.identity.tokens)]
    conditions = contract.identity.link_when
    found = set()
    for path, _ in receipt.lake_files:
        table = pq.ParquetFile(home.lake / path).read(columns=[*columns, *conditions])
        for row in table.to_pylist():
            if all(row[name] == value for name, value in conditions.items()):
                local = rows[row["row_number"]][-1]
                values = (*rows[row["row_number"]][:-1], None if local is None else f"{receipt.organisation}{local}")
                found.add(ClearRecord(row.get("person_token"), row.get("match_token"), values))
    return found


def _stored_hash(home: Home, receipt: Receipt) -> str | None:
    """Hash of the file that the vault holds of a submission; None when an erasure took it away."""
    redaction = read_redaction(home, receipt.submission_id)
    return receipt.sha256 if redaction is None else redaction.raw_sha256


def _identifiers(home: Home, receipt: Receipt, contract: Contract, layout: str) -> dict[int, tuple[Any, ...]]:
    """Row number -> the identifiers of CLEAR, from the file as it came or as an erasure left it."""
    expected = _stored_hash(home, receipt)
    if expected is None:
        return {}
    folder = home.submissions / receipt.submission_id
    stored = [folder / name for name in (receipt.file_name, "raw") if (folder / name).is_file()]
    held = receive.hold(stored[0], contract.custom.limits.fileBytes) if stored else None
    if held is None or held.data is None or held.sha256 != expected:
        raise SystemFault(
            f"the raw file of submission {receipt.submission_id} is missing or was changed.",
            "restore vault/submissions from backup.",
        )
    try:
        table = conform(read_table(held.data, receipt.file_name, contract, layout), contract).table
    except FileRejectedError:
        table = None
    if table is None:
        raise SystemFault(
            f"the raw file of submission {receipt.submission_id} can no longer be read under its contract.",
            "bring back the contract it was accepted under, or withdraw the submission.",
        )
    known = [
        table.column(name).to_pylist() if name in table.column_names else [None] * table.num_rows for name in CLEAR
    ]
    return dict(zip(table.column("row_number").to_pylist(), zip(*known, strict=True), strict=True))


def _link(records: list[ClearRecord], decided: Sequence[Decision], test_numbers: bool) -> LikelyLinks:
    width = len(str(len(records)))
    table = pa.table(
        {
            "record_id": pa.array([f"{place:0{width}d}" for place in range(len(records))], pa.string()),
            **{
                "other_id" if name == "local_id" else name: pa.array(
                    [None if one.values[place] is None else str(one.values[place]) for one in records], pa.string()
                )
                for place, name in enumerate(CLEAR)
            },
        }
    )
    # their order is the records' own: the ids count them
    people = people_of(table, test_numbers=test_numbers)
    by_token: dict[str, list[int]] = {}
    for place, one in enumerate(records):
        if one.token is not None:
            by_token.setdefault(one.token, []).append(place)
    linked = persons.link(
        people,
        given=[_chained(one.person_token for one in records), _chained(one.match_token for one in records)],
        accepted=_of_tokens(by_token, decided, accept=True),
        refused=_of_tokens(by_token, decided, accept=False),
    )
    return _as_tokens(records, people, linked)


def _chained(tokens: Iterable[str | None]) -> list[tuple[int, int]]:
    """Pairs that tie every place of a token to the one before it."""
    last: dict[str, int] = {}
    pairs = []
    for place, token in enumerate(tokens):
        if token is not None:
            if token in last:
                pairs.append((last[token], place))
            last[token] = place
    return pairs


def _of_tokens(
    by_token: Mapping[str, Sequence[int]], decided: Sequence[Decision], *, accept: bool
) -> list[tuple[int, int]]:
    """The pairs of records that decisions on tokens are about."""
    return [
        (left, right)
        for item in decided
        if item.accepted == accept
        for left in by_token.get(item.token, ())
        for right in by_token.get(item.other, ())
    ]


def _as_tokens(records: Sequence[ClearRecord], people: Sequence[Person], linked: persons.Linked) -> LikelyLinks:
    pairs = _strongest(records, [item for item in linked.pairs if item.basis != persons.GIVEN])
    joined = {token for item in pairs for token in (item.token, item.other)}
    groups = []
    for group in linked.people():
        tokens = {token for place in group for token in (records[place].person_token, records[place].match_token)}
        known = tuple(sorted(token for token in tokens if token is not None))
        if joined & set(known):
            groups.append(known)
    waiting = _strongest(records, linked.review)
    return LikelyLinks(tuple(sorted(groups)), pairs, waiting, linked.model)


def _strongest(records: Sequence[ClearRecord], found: Iterable[persons.Found]) -> tuple[Likeness, ...]:
    """Pairs of records as pairs of tokens, each once, by the pair of records that says most."""
    best: dict[TokenPair, Likeness] = {}
    for item in found:
        left, right = records[item.left].token, records[item.right].token
        if left is None or right is None or left == right:
            continue
        low, high = sorted((left, right))
        made = Likeness(low, high, item.basis, None if item.probability is None else str(item.probability))
        if (low, high) not in best or _rank(made) > _rank(best[low, high]):
            best[low, high] = made
    return tuple(sorted(best.values(), key=lambda item: (item.token, item.other)))


def _rank(item: Likeness) -> tuple[str, str]:
    return item.probability or "", item.basis


def _document(made: LikelyLinks) -> dict[str, Any]:
    rows = partial(map, lambda item: [item.token, item.other, item.basis, item.probability])
    return {
        "model": made.model,
        "groups": [list(group) for group in made.groups],
        "pairs": list(rows(made.pairs)),
        "review": list(rows(made.review)),
    }


def _read(path: Any) -> LikelyLinks:
    try:
        raw = json.loads(path.read_bytes())
        return LikelyLinks(
            tuple(tuple(group) for group in raw["groups"]),
            tuple(Likeness(*row) for row in raw["pairs"]),
            tuple(Likeness(*row) for row in raw["review"]),
            str(raw["model"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise SystemFault(f"{path} cannot be read.", _RESTORE) from None
