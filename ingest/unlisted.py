"""Codes that are on no list: named and counted, as far as they can be told from a person.

Belongs here: which of a sender's unknown codes a message may repeat. Not here: finding them (`ingest.conform`,
`expectations.examine`). A code column can hold anything, also a surname: what few rows hold, and what does not look
like a code, is counted and left unsaid. The rows are named beside it, so that the sender finds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# counts of people from 1 to 7 are hidden wherever they are shown; a value that so few rows share may be a person's
FEWEST_ROWS = 8
_MOST_NAMED = 20
_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/:+-]{0,38}[A-Za-z0-9.])?", re.ASCII)
# longer runs are dates of birth, telephone numbers and NHS numbers
_MOST_DIGITS = 5
_WHY_UNSAID = "may be a person's and is not repeated"
_POSTCODE = re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}", re.ASCII)


def may_be_named(text: str, rows: int) -> bool:
    """Whether a message may repeat an unknown code that stands in so many rows."""
    return (
        rows >= FEWEST_ROWS
        and _CODE.fullmatch(text) is not None
        and sum(character.isdigit() for character in text) <= _MOST_DIGITS
        and _POSTCODE.search(text) is None
    )


def worth_telling(counts: Mapping[str, int]) -> bool:
    """Whether a list says more than the rows do, which are named one by one."""
    return sum(counts.values()) >= FEWEST_ROWS


def told(counts: Mapping[str, int]) -> str:
    """Unknown codes with their rows, the most frequent first; those that may not be named as a number.

    counts: code -> rows, at least one.
    """
    named = sorted(
        (text for text, rows in counts.items() if may_be_named(text, rows)), key=lambda text: (-counts[text], text)
    )[:_MOST_NAMED]
    parts = [f"'{text}' in {counts[text]} rows" for text in named]
    rest = [text for text in counts if text not in set(named)]
    if rest:
        rows = sum(counts[text] for text in rest)
        values = "1 value" if len(rest) == 1 else f"{len(rest)} values"
        parts.append(f"{values} in {rows} {'row' if rows == 1 else 'rows'} that {_WHY_UNSAID}")
    return f"Not on the list: {'; '.join(parts)}."
