"""Identifiers where none belong: an NHS number used as a record id, a postcode in a remark.

Belongs here: telling by its look that a text holds an NHS number or a postcode. Not here: columns that are identifiers
by declaration (`ingest.identity.tokenise`), columns nobody declared (`ingest.read`). A name is told only beside the
columns that name the person; elsewhere contracts keep names out: lists of codes, and patterns that ask for a digit.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ingest.contract import Contract
from ingest.identity import nhs_number
from ingest.identity.declared import MADE_OF
from ingest.rules import Finding, finding

_GAP = "[ ._/\u00a0\u202f\u2007\u2010-\u2015-]?"
_NUMBER = f"[0-9]{{3}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}"
_POSTCODE = "[A-Za-z]{1,2}[0-9][A-Za-z0-9]?[ \u00a0]?[0-9][A-Za-z]{2}"
# a word of its own: ten digits inside a longer number or a hash are neither
_LOOKS_LIKE = f"(?:^|[^0-9A-Za-z])(?:{_NUMBER}|{_POSTCODE})(?:$|[^0-9A-Za-z])"
_WORD_NUMBER = re.compile(f"(?<![0-9A-Za-z]){_NUMBER}(?![0-9A-Za-z])", re.ASCII)
_WORD_POSTCODE = re.compile(f"(?<![0-9A-Za-z]){_POSTCODE}(?![0-9A-Za-z])", re.ASCII)


def misplaced(table: Any, contract: Contract, named: Any | None = None) -> tuple[Finding, ...]:
    """A finding for each row and text column that holds an NHS number (check digit and range are right) or a postcode,
    or nothing but the name of the person the row is about.

    table: rows without identifying columns; named: the same rows with them, where the file has them. Columns with a
    list of codes and tokens are left to their own rules.
    """
    names = [] if named is None else _names_of(named, contract)
    found: list[tuple[int, int, Finding]] = []
    for place, name in enumerate(contract.judged_columns):
        column = contract.by_name[name]
        if column.kind != "string" or column.allowed or name in MADE_OF:
            continue
        cells = table.column(name)
        looks = pc.match_substring_regex(cells, _LOOKS_LIKE).fill_null(False).to_numpy()
        wrong = {position for position in np.flatnonzero(looks).tolist() if _identifies(cells[position].as_py())}
        for names_of_row in names:
            wrong.update(np.flatnonzero(pc.equal(pc.utf8_lower(cells), names_of_row).fill_null(False)).tolist())
        for position in wrong:
            row = table.column("row_number")[position].as_py()
            message = "The text holds what looks like an NHS number, a postcode or the person's name."
            found.append((row, place, finding("value.identifying", message, name, row)))
    return tuple(item for _, _, item in sorted(found, key=lambda item: item[:2]))


def _names_of(table: Any, contract: Contract) -> list[Any]:
    """Each row's forename, surname and both together, in small letters."""
    if not {"forename", "surname"} <= set(contract.custom.identifyingColumns):
        return []
    first, last = (pc.utf8_lower(table.column(name)) for name in ("forename", "surname"))
    return [
        first,
        last,
        pc.binary_join_element_wise(first, last, " "),
        pc.binary_join_element_wise(last, first, " "),
        pc.binary_join_element_wise(last, first, ", "),
    ]


def _identifies(text: str) -> bool:
    if _WORD_POSTCODE.search(text):
        return True
    numbers = (re.sub("[^0-9]", "", matched[0]) for matched in _WORD_NUMBER.finditer(text))
    return any(nhs_number.judge(number)[1] in (nhs_number.VALID, nhs_number.TEST_RANGE) for number in numbers)
