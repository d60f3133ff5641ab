"""Identifiers to tokens: the step after which nothing in the product knows who a row is about.

Belongs here: filling the token columns of a clear layout, proving that the token columns of any other hold tokens, and
taking out rows that hold an identifier elsewhere. Not here: keys (`ingest.identity.keyring`), reading (`ingest.read`),
persons (`ingest.identity.link`). Findings name row and column; a value stands in none, nor in an error (`shielded`).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foundation.errors import OutturnError, SystemFault
from foundation.tokens import TOKEN, TokenKey, local_text, match_text, number_text
from ingest.contract import Contract, Layout
from ingest.identity import nhs_number
from ingest.identity.keyring import Keyring
from ingest.identity.misplaced import misplaced
from ingest.rules import Finding, finding

STATUSES = STATUS_VALID, STATUS_MISSING, STATUS_INVALID = "valid", "missing", "invalid"
_T = TypeVar("_T")
# verdicts on what stands in the column and is nobody's number, and how the sender is told
_UNUSABLE = {
    nhs_number.MANGLED: "The NHS number was turned into scientific notation: its digits are lost.",
    nhs_number.LENGTH: "The NHS number does not have ten digits; a leading zero may be lost.",
    nhs_number.PLACEHOLDER: "The NHS number is one digit ten times: a placeholder.",
    nhs_number.TEST_RANGE: "The NHS number is of the test range, which is nobody's.",
    nhs_number.CHECKSUM: "The NHS number has a wrong check digit.",
    nhs_number.CHARSET: "The NHS number holds something else than digits.",
    nhs_number.RANGE: "The NHS number is of a range that is not issued.",
}


@dataclass(frozen=True)
class Tokenised:
    """Rows without identifiers (columns `Contract.judged_columns`) and what was seen of the NHS numbers.

    `faults` are the rows taken out, `unreadable` their number by column; `verdicts` counts rows by what their NHS
    number is: a verdict of `nhs_number`, or the status the sender gave; `notes` are harmless and about the file.
    """

    table: Any
    faults: tuple[Finding, ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)
    verdicts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()


def shielded(step: str, work: Callable[[], _T], passed: tuple[type[BaseException], ...] = ()) -> _T:
    """The result of a step that handles identifiers; whatever breaks inside comes out without its values.

    Python's own errors quote what they fell over ("time data '…' does not match"). Errors of ours and `passed` hold no
    values and go through. The replacement is raised outside the handler, so that it does not carry the first one along.
    """
    harmless: tuple[type[BaseException], ...] = (OutturnError, *passed)
    try:
        return work()
    except harmless:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
        name = type(error).__name__
    raise SystemFault(
        f"{step} failed with {name} at {where}; the data are not blamed.",
        "report the feed, the error's name and its place; the file stays where it was.",
    )


def tokenise(table: Any, contract: Contract, layout: Layout, keyring: Keyring) -> Tokenised:
    """The table with its token columns filled or checked, without identifying columns, and without rows that hold an
    identifier anywhere else.

    A feed about no person has no columns of either kind.
    """
    named = table if contract.is_clear(layout) else None
    if contract.identity is None:
        made = Tokenised(table)
    elif named is not None:
        key = keyring.key()
        made = shielded(
            "turning identifiers into tokens",
            lambda: _from_identifiers(table, contract, key, test_numbers=keyring.test_numbers),
        )
        if made.faults:
            rows = named.column("row_number")
            named = named.filter(pc.is_in(rows, made.table.column("row_number").combine_chunks()))
    else:
        made = _checked(table.select(["row_number", *contract.judged_columns]), contract)
    return shielded("looking for identifiers elsewhere", lambda: _without_misplaced(made, contract, named))


def _without_misplaced(made: Tokenised, contract: Contract, named: Any | None) -> Tokenised:
    found = misplaced(made.table, contract, named)
    if not found:
        return made
    rows = made.table.column("row_number")
    keep = pc.invert(pc.is_in(rows, pa.array(sorted({item.row for item in found if item.row is not None}), rows.type)))
    return replace(made, table=made.table.filter(keep), faults=(*made.faults, *found))


def _from_identifiers(table: Any, contract: Contract, key: TokenKey, *, test_numbers: bool) -> Tokenised:
    tokens = contract.identity.tokens if contract.identity is not None else []
    made: dict[str, Any] = {}
    verdicts: dict[str, int] = {}
    faults: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    if {"person_token", "nhs_number_status"} & set(tokens):
        numbers, found = nhs_number.judge_all(table.column("nhs_number"))
        if not test_numbers:
            numbers = [
                None if verdict == nhs_number.TEST_RANGE else number
                for number, verdict in zip(numbers, found, strict=True)
            ]
        for verdict in found:
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
        faults, notes = _unusable(table, contract, numbers, found)
        made["person_token"] = _tokens([None if number is None else number_text(number) for number in numbers], key)
        made["nhs_number_status"] = [
            STATUS_VALID if number else STATUS_MISSING if verdict == nhs_number.MISSING else STATUS_INVALID
            for number, verdict in zip(numbers, found, strict=True)
        ]
    if "match_token" in tokens:
        made["match_token"] = _tokens(_match_texts(table), key)
    if "local_token" in tokens:
        organisations = table.column(contract.custom.organisationColumn).to_pylist()
        made["local_token"] = _tokens(
            [
                None if organisation is None or local_id is None else local_text(organisation, local_id)
                for organisation, local_id in zip(organisations, table.column("local_id").to_pylist(), strict=True)
            ],
            key,
        )
    if "birth_month" in tokens:
        made["birth_month"] = [
            None if day is None else f"{day.year:04d}-{day.month:02d}"
            for day in table.column("date_of_birth").to_pylist()
        ]
    linked = _linked(table, contract)
    columns = [table.column("row_number")]
    for name in contract.judged_columns:
        if name not in tokens:
            columns.append(table.column(name))
            continue
        values = pa.array(made[name], pa.string())
        # of who does not want to be linked, no more is kept than the sender's own reference
        columns.append(values if linked is None or name == "local_token" else pc.if_else(linked, values, None))
    result = pa.Table.from_arrays(columns, names=["row_number", *contract.judged_columns])
    if faults:
        rows = result.column("row_number")
        result = result.filter(pc.invert(pc.is_in(rows, pa.array([item.row for item in faults], rows.type))))
    return Tokenised(result, faults, {}, dict(sorted(verdicts.items())), notes)


def _unusable(
    table: Any, contract: Contract, numbers: list[str | None], verdicts: list[str]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Rows to hold back for what stands in their NHS number, and notes on the others."""
    bad = [
        (place, verdict)
        for place, (number, verdict) in enumerate(zip(numbers, verdicts, strict=True))
        if number is None and verdict in _UNUSABLE
    ]
    notes = []
    ends = pc.match_substring_regex(table.column("nhs_number"), r"\.0+\s*$").fill_null(False).to_numpy()
    through_a_sheet = sum(numbers[place] is not None for place in np.flatnonzero(ends).tolist())
    if through_a_sheet:
        notes.append(finding("value.nhs_number_float", f"In {through_a_sheet} rows.", "nhs_number"))
    if contract.identity is not None and contract.identity.invalid_nhs_number == "count":
        if bad:
            notes.append(finding("value.nhs_number_counted", f"In {len(bad)} rows.", "nhs_number"))
        return (), tuple(notes)
    rows = table.column("row_number").to_numpy()
    faults = [finding("value.nhs_number", _UNUSABLE[verdict], "nhs_number", int(rows[place])) for place, verdict in bad]
    return tuple(faults), tuple(notes)


def _linked(table: Any, contract: Contract) -> Any | None:
    """Which rows may be linked (a boolean array without blanks); None when all may."""
    linked: Any | None = None
    for name, value in (contract.identity.link_when if contract.identity is not None else {}).items():
        agreed = pc.equal(table.column(name).combine_chunks(), value).fill_null(False)
        linked = agreed if linked is None else pc.and_(linked, agreed)
    return linked


def _match_texts(table: Any) -> list[str | None]:
    names = ("forename", "surname", "date_of_birth")
    known: dict[tuple[Any, ...], str | None] = {}
    texts = []
    for parts in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        if parts not in known:
            forename, surname, born = parts
            known[parts] = match_text(forename or "", surname or "", born.isoformat() if born else "")
        texts.append(known[parts])
    return texts


def _tokens(texts: list[str | None], key: TokenKey) -> list[str | None]:
    """Tokens of texts, each distinct text hashed once."""
    distinct = list(dict.fromkeys(texts))
    known = dict(zip(distinct, key.tokens(distinct), strict=True))
    return [known[text] for text in texts]


def _checked(table: Any, contract: Contract) -> Tokenised:
    """Rows whose token columns hold tokens; the others are taken out: what stands there may be an identifier."""
    tokens = contract.identity.tokens if contract.identity is not None else []
    broken = np.zeros(table.num_rows, dtype=bool)
    numbers = table.column("row_number").to_numpy()
    faults: list[Finding] = []
    unreadable: dict[str, int] = {}
    pattern = f"^(?:{TOKEN.pattern})$"
    for name in contract.judged_columns:
        if name not in tokens or not name.endswith("_token"):
            continue
        column = table.column(name)
        wrong = pc.invert(pc.match_substring_regex(column, pattern)).fill_null(False).to_numpy()
        if wrong.any():
            unreadable[name] = int(wrong.sum())
            message = "The value is not a token; what it is was not looked at."
            faults += [finding("row.pattern", message, name, row) for row in numbers[wrong].tolist()]
            broken |= wrong
        faults += _foreign_keys(column.filter(pa.array(~broken)), name, contract)
    linked = _linked(table, contract)
    for name in ("person_token", "match_token"):
        if linked is None or name not in tokens:
            continue
        wrong = pc.and_(pc.is_valid(table.column(name)), pc.invert(linked)).to_numpy() & ~broken
        message = "A row that is never to be linked brings no token but the sender's own reference."
        faults += [finding("row.cross_field", message, name, row) for row in numbers[wrong].tolist()]
        broken |= wrong
    if {"person_token", "nhs_number_status"} <= set(tokens):
        has_token = pc.is_valid(table.column("person_token"))
        says_valid = pc.equal(table.column("nhs_number_status"), STATUS_VALID)
        wrong = pc.not_equal(has_token, says_valid).fill_null(False).to_numpy() & ~broken
        message = "A person token stands beside a valid NHS number and nowhere else."
        faults += [finding("row.cross_field", message, "nhs_number_status", row) for row in numbers[wrong].tolist()]
        broken |= wrong
    if broken.any():
        table = table.filter(pa.array(~broken))
    return Tokenised(table, tuple(faults), unreadable, _statuses(table))


def _foreign_keys(column: Any, name: str, contract: Contract) -> list[Finding]:
    """One finding for the file when tokens were made with a key that is not in force."""
    ids = set(pc.list_element(pc.split_pattern(column.drop_null(), ":"), 0).unique().to_pylist())
    if contract.identity is None or ids <= set(contract.identity.key_ids):
        return []
    return [finding("identity.key_not_in_force", "Tokens were made with a key that is not in force.", name)]


def _statuses(table: Any) -> dict[str, int]:
    """Rows by status of the NHS number; a status that is none is left to the contract's codes."""
    if "nhs_number_status" not in table.column_names:
        return {}
    counted = {
        item["values"]: item["counts"] for item in pc.value_counts(table.column("nhs_number_status")).to_pylist()
    }
    return {status: counted[status] for status in STATUSES if status in counted}
