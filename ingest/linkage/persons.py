"""Which records are one person: the passes, one after another, and what is left for somebody to judge.

Belongs here: the passes without probability, what a probability may join, the review queue's content. Not here: the
model (`ingest.linkage.probable`), joining (`ingest.linkage.clusters`), what is kept (`ingest.identity.review`).

The passes, strongest first; `ingest.linkage.likeness` says what same, unclear and different mean.

1. what the caller knows (`given`), then what somebody decided (`accepted`);
2. the same valid NHS number, unless forename or date of birth are another's;
3. the same other number, with forename and date of birth the same;
4. forename, surname, date of birth and home equal;
5. a probability of 0.99 and more. Not for records that may be relatives, nor where a forename or date of birth is
   missing or may be another's, unless the same other number stands in both.

No person has two valid NHS numbers, and none holds two records that may be relatives, or that somebody refused to join.
A pair between 0.5 and 0.99, or one that was stopped on the way and could be one person, is for somebody to judge.
Everything below stays apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import combinations
from typing import Any

from ingest.linkage import likeness
from ingest.linkage.clusters import Pair, joined
from ingest.linkage.probable import Likely, Model, likely_pairs, load_model
from ingest.linkage.records import Person

GIVEN, ACCEPTED, NUMBER, OTHER_ID, NAMES, PROBABLE = "given", "accepted", "number", "other_id", "names", "probable"
# above any weight of a probability, in the order of the passes
_STRENGTH = {GIVEN: 10_005, ACCEPTED: 10_004, NUMBER: 10_003, OTHER_ID: 10_002, NAMES: 10_001}
# a number that so many different records share is a placeholder, whatever its digits
_SHARED = 100
UNSURE, STOPPED = "not_sure", "stopped"


@dataclass(frozen=True, order=True)
class Found:
    """A pair of places in the list of records, on what basis, and its probability where there is one."""

    left: int
    right: int
    basis: str
    probability: Decimal | None = None


@dataclass(frozen=True)
class Linked:
    """`person` of each record: the place of its person's first record. `pairs` joined records; `review` waits.

    Both are sorted; a pair in review has the basis `not_sure` or, above the threshold, `stopped`.
    """

    person: tuple[int, ...]
    pairs: tuple[Found, ...]
    review: tuple[Found, ...]
    model: str

    def people(self) -> list[tuple[int, ...]]:
        """The places of every person of more than one record."""
        groups: dict[int, list[int]] = {}
        for place, person in enumerate(self.person):
            groups.setdefault(person, []).append(place)
        return [tuple(group) for _, group in sorted(groups.items()) if len(group) > 1]


def link(
    people: Sequence[Person],
    *,
    given: Sequence[Iterable[Pair]] = (),
    accepted: Iterable[Pair] = (),
    refused: Iterable[Pair] = (),
    between_sources: bool = False,
    households: bool = True,
    population: int | None = None,
    model: Model | None = None,
) -> Linked:
    """Who is who among records in the order of `people_of`.

    given: pairs known to be one person, strongest list first; accepted, refused: what somebody decided.
    between_sources: no source holds anybody twice, so only records of two sources are compared. households: whether
    relatives may stand among the records; False lets the probability alone decide, and is for measuring the model on
    records known to hold none, never for people. population: how many persons the records may be about.
    """

    def judgement(left: Person, right: Person) -> str:
        if households:
            return likeness.judgement(left, right)
        return likeness.DIFFERENT if _two_numbers(left, right) else likeness.SAME

    used = load_model() if model is None else model
    yes, no = _ordered(accepted), _ordered(refused)
    found: dict[Pair, Found] = {}
    strengths: dict[Pair, int] = {}

    def add(pair: Pair, basis: str, strength: int, probability: Decimal | None = None) -> None:
        if strength > strengths.get(pair, -1):
            found[pair], strengths[pair] = Found(*pair, basis, probability), strength

    for rank, pairs in enumerate(reversed(list(given))):
        for pair in _ordered(pairs):
            add(pair, GIVEN, _STRENGTH[GIVEN] + rank)
    for pair in yes - no:
        add(pair, ACCEPTED, _STRENGTH[ACCEPTED])
    for basis, pair in _without_probability(people):
        if not between_sources or people[pair[0]].source != people[pair[1]].source:
            add(pair, basis, _STRENGTH[basis])
    doubtful: list[Found] = []
    for item in likely_pairs(people, used, population):
        left, right = people[item.left], people[item.right]
        if between_sources and left.source == right.source:
            continue
        _judge(item, left, right, judgement(left, right), used, add, doubtful)

    def apart(one: int, other: int) -> bool:
        pair = (min(one, other), max(one, other))
        left, right = people[one], people[other]
        if left.number is not None and right.number is not None:
            return left.number != right.number or pair in no
        if pair in no or pair in yes:
            return pair in no
        return judgement(left, right) == likeness.DIFFERENT and not likeness.share_an_id(left, right)

    person, stopped = joined(len(people), strengths, apart)
    doubtful += [Found(*pair, STOPPED, found[pair].probability) for pair in stopped]
    waiting = {
        (item.left, item.right): item
        for item in doubtful
        if person[item.left] != person[item.right]
        and (item.left, item.right) not in yes | no
        and not _two_numbers(people[item.left], people[item.right])
    }
    together = [item for pair, item in found.items() if person[pair[0]] == person[pair[1]]]
    return Linked(
        tuple(person), tuple(sorted(together, key=_places)), tuple(sorted(waiting.values(), key=_places)), used.name
    )


def _places(item: Found) -> Pair:
    return item.left, item.right


def _ordered(pairs: Iterable[Pair]) -> set[Pair]:
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}


def _two_numbers(left: Person, right: Person) -> bool:
    return left.number is not None and right.number is not None and left.number != right.number


def _judge(
    item: Likely,
    left: Person,
    right: Person,
    judged: str,
    model: Model,
    add: Callable[[Pair, str, int, Decimal | None], None],
    doubtful: list[Found],
) -> None:
    by_id = likeness.share_an_id(left, right)
    same_number = left.number is not None and left.number == right.number
    if _two_numbers(left, right) or (judged == likeness.DIFFERENT and not by_id and not same_number):
        return
    sure = item.probability >= model.link_from
    if sure and (judged == likeness.SAME or by_id):
        add((item.left, item.right), PROBABLE, item.bits, item.probability)
    else:
        doubtful.append(Found(item.left, item.right, STOPPED if sure else UNSURE, item.probability))


def _without_probability(people: Sequence[Person]) -> Iterable[tuple[str, Pair]]:
    """Pairs of passes 2 to 4."""
    for pair in _sharing(people, lambda one: one.number):
        if likeness.DIFFERENT not in _names_and_births(people, pair):
            yield NUMBER, pair
    for pair in _sharing(people, lambda one: one.other_id):
        if _names_and_births(people, pair) == {likeness.SAME}:
            yield OTHER_ID, pair
    for home in ("postcode", "address"):
        for pair in _sharing(people, partial(_named, home)):
            if likeness.judgement(people[pair[0]], people[pair[1]]) == likeness.SAME:
                yield NAMES, pair


def _named(home: str, one: Person) -> tuple[str, ...] | None:
    parts = (one.forename, one.surname, one.born, getattr(one, home))
    known = tuple(part for part in parts if part is not None)
    return known if len(known) == len(parts) else None


def _names_and_births(people: Sequence[Person], pair: Pair) -> set[str]:
    left, right = people[pair[0]], people[pair[1]]
    return {likeness.given_names(left, right), likeness.births(left.born, right.born)}


def _sharing(people: Sequence[Person], key: Callable[[Person], Any]) -> Iterable[Pair]:
    groups: dict[Any, list[int]] = {}
    for place, one in enumerate(people):
        value = key(one)
        if value is not None:
            groups.setdefault(value, []).append(place)
    for group in groups.values():
        if len(group) <= _SHARED:
            yield from combinations(group, 2)
