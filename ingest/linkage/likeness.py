"""What two records say of each other's identity, whatever their probability.

Belongs here: when forenames and dates of birth are the same, tell nothing, or are two people's. Not here: how likely a
pair is (`ingest.linkage.probable`), what is done about it (`ingest.linkage.clusters`).

Twins share a surname, a birthday, an address and often a school and a telephone; parents and children share names and
an address. No model trained on fields taken one by one sees that: everything but the forename, or but the date of
birth, speaks for the pair. So those two decide here who may be joined by likeness at all.
"""

from __future__ import annotations

from functools import cache

from ingest.linkage.forenames import forms_of_one_name, known_names
from ingest.linkage.records import Person

SAME, UNCLEAR, DIFFERENT = "same", "unclear", "different"
# a parent is older than this; a mistyped year is seldom further away
_GENERATION_YEARS = 12
_SHORT, _LONG = 4, 6


@cache
def slips(left: str, right: str) -> int:
    """Letters mistyped between two texts: added, left out, exchanged, or two swapped (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for place, letter in enumerate(left, 1):
        now = [place]
        for other, match in enumerate(right, 1):
            cost = min(row[other] + 1, now[-1] + 1, row[other - 1] + (letter != match))
            if place > 1 and other > 1 and letter == right[other - 2] and left[place - 2] == match:
                cost = min(cost, before[other - 2] + 1)
            now.append(cost)
        before, row = row, now
    return row[-1]


@cache
def forenames(left: str | None, right: str | None) -> str:
    """Whether two forenames are one person's: same, unclear or different.

    Same: equal, a short form, or a letter off a name that people have. Two names that people have are never
    misspellings of each other. Unclear: one is missing, an initial, or a form of the other that is a name of its own;
    two letters off; or a letter off where neither is a name we know, since rarer names differ by a letter as common
    ones do.
    """
    if left is None or right is None:
        return UNCLEAR
    if left == right:
        return SAME
    known = (left in known_names()) + (right in known_names())
    if forms_of_one_name(left, right):
        return UNCLEAR if known == 2 else SAME
    if known == 2:
        return DIFFERENT
    shorter, longer = sorted((left, right), key=lambda name: (len(name), name))
    if len(shorter) == 1:
        return UNCLEAR if longer[0] == shorter else DIFFERENT
    letters = slips(shorter, longer) if len(longer) - len(shorter) <= 2 else _LONG
    if letters == 1 and known == 1 and len(longer) >= _SHORT:
        return SAME
    return UNCLEAR if letters == 1 or (letters == 2 and len(shorter) >= _LONG) else DIFFERENT


@cache
def births(left: str | None, right: str | None) -> str:
    """Whether two dates of birth are one person's: same (equal, a digit or two neighbours mistyped, day and month
    swapped), unclear (one is missing, or one part of three differs), different. Never over a generation."""
    if left is None or right is None:
        return UNCLEAR
    if left == right:
        return SAME
    if abs(int(left[:4]) - int(right[:4])) >= _GENERATION_YEARS:
        return DIFFERENT
    if slips(left, right) <= 1 or (left[:4] == right[:4] and left[4:6] == right[6:] and left[6:] == right[4:6]):
        return SAME
    equal_parts = (left[:4] == right[:4]) + (left[4:6] == right[4:6]) + (left[6:] == right[6:])
    return UNCLEAR if equal_parts == 2 else DIFFERENT


def given_names(left: Person, right: Person) -> str:
    """`forenames` of two records, which may have forename and surname in each other's place."""
    if left.forename is not None and (left.forename, left.surname) == (right.surname, right.forename):
        return SAME
    found = forenames(left.forename, right.forename)
    if found == SAME and left.forename != right.forename and left.sex and right.sex and left.sex != right.sex:
        return DIFFERENT
    return found


def judgement(left: Person, right: Person) -> str:
    """Whether likeness may join two records: same (as their probability says), unclear (only with a number beside it),
    different (never)."""
    if left.number is not None and right.number is not None and left.number != right.number:
        return DIFFERENT
    if _relatives(left, right) or _generations(left, right):
        return DIFFERENT
    undated = left.born is None or right.born is None
    return UNCLEAR if undated or given_names(left, right) == UNCLEAR else SAME


def _relatives(left: Person, right: Person) -> bool:
    """Twins, siblings, a couple: another forename in one household."""
    return given_names(left, right) == DIFFERENT and _same_household(left, right)


def _generations(left: Person, right: Person) -> bool:
    """A parent and a child of one name."""
    return (
        left.born is not None
        and right.born is not None
        and abs(int(left.born[:4]) - int(right.born[:4])) >= _GENERATION_YEARS
        and _same_surname(left, right)
        and _same_household(left, right)
    )


def _same_surname(left: Person, right: Person) -> bool:
    return left.surname is not None and right.surname is not None and slips(left.surname, right.surname) <= 1


def _same_household(left: Person, right: Person) -> bool:
    pairs = ((left.postcode, right.postcode), (left.address, right.address), (left.email, right.email))
    return any(one is not None and one == other for one, other in pairs)


def share_an_id(left: Person, right: Person) -> bool:
    """Whether both have the same other number."""
    return left.other_id is not None and left.other_id == right.other_id
