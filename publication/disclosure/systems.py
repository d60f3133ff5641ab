"""What a reader can work out about counts of the same people, from several figures taken together.

Belongs here: facts about unions of groups of people, and the attack on a hidden count among them. Not here: which
figures are laid side by side, and what is hidden then (`families`).

Every count is a union of words: groups of people that do not overlap, the same in every figure. A world gives each word
a number; it is possible when every fact holds in it. Nested counts, disjoint ones and shared denominators need no rules
of their own: they follow from the words. A hidden small count is safe when there is a possible world in which it is 1
and one in which it is 7. The first step is linear: ranges are narrowed through every sum until they stand still, and an
empty one proves that there is no such world. The second is in whole numbers: a world is searched near the true one.
Finding it is a proof; not finding it within the limit counts as a leak.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from publication.disclosure.ranges import Range
from publication.disclosure.rules import Rules

# how far from its true number a word is tried, and how many numbers are tried in one search
_REACH, _TRIES = 16, 80
# more than any count, and more than any sum of so many
_MANY, _NO_END = 10**9, 10**15
# ranges that still move after so many sweeps are left as wide as they are: a search decides
_SWEEPS = 200
# (places of words, lowest sum, highest sum)
_Form = tuple[tuple[int, ...], int, int]


@dataclass(frozen=True)
class Fact:
    """One count: the words it is made of, what a reader knows of it, its true number, and whether it is hidden. `few`:
    it is of events of too few people, and looked after like a small one."""

    words: frozenset[str]
    known: Range
    exact: int
    hidden: bool
    few: bool = False


def of_groups(fact: Fact, groups: Sequence[str]) -> Fact:
    """The same fact about people of these groups alone: a word of one group is another than that of the next."""
    words = frozenset(f"{group}/{word}" for group in groups for word in fact.words)
    return replace(fact, words=words)


def implied(facts: Sequence[Fact]) -> Iterator[tuple[frozenset[str], int]]:
    """Counts nobody prints that follow from printed ones: what lies in one and not in another, and what is left of one
    when two that have nobody in common are taken out. Words and true number, each set of words once."""
    counts = {fact.words: fact.exact for fact in facts}
    seen = set(counts)
    ordered = sorted(counts, key=sorted)
    for whole in ordered:
        inside = [part for part in ordered if part < whole]
        for place, part in enumerate(inside):
            taken = [(part, counts[part])]
            taken += [(part | other, counts[part] + counts[other]) for other in inside[:place] if not part & other]
            for words, exact in taken:
                rest = whole - words
                if rest and rest not in seen:
                    seen.add(rest)
                    yield rest, counts[whole] - exact


def _narrow(low: list[int], high: list[int], forms: Sequence[_Form]) -> bool:
    """Narrow the ranges of words, in place, through every sum until they stand still; False when one is empty."""
    for _ in range(_SWEEPS):
        changed = False
        for places, least, most in forms:
            lows, highs = sum([low[place] for place in places]), sum([high[place] for place in places])
            if lows > most or highs < least:
                return False
            if highs <= most and lows >= least:
                continue
            for place in places:
                floor, ceiling = least - highs + high[place], most - lows + low[place]
                if floor > low[place]:
                    lows, low[place], changed = lows + floor - low[place], floor, True
                if ceiling < high[place]:
                    highs, high[place], changed = highs + ceiling - high[place], ceiling, True
                if low[place] > high[place]:
                    return False
        if not changed:
            break
    return True


def _walk(true: Sequence[int], target: tuple[int, ...], number: int, forms: Sequence[_Form]) -> bool:
    """Whether the target comes to a number by single people who move: from the true world, one word at a time, with
    another word taking them or not, and every form holding at each step."""
    world = list(true)
    inside, outside = set(target), [place for place in range(len(world)) if place not in target]
    sums = [sum([world[place] for place in places]) for places, _, _ in forms]
    touching = [[at for at, form in enumerate(forms) if place in form[0]] for place in range(len(world))]
    step = 1 if number > sum(world[place] for place in target) else -1
    while sum([world[place] for place in inside]) != number:
        for mover in target:
            if world[mover] + step < 0:
                continue
            for taker in (None, *outside):
                if taker is not None and world[taker] - step < 0:
                    continue
                moved = dict.fromkeys(touching[mover], step)
                for at in touching[taker] if taker is not None else ():
                    moved[at] = moved.get(at, 0) - step
                if all(forms[at][1] <= sums[at] + change <= forms[at][2] for at, change in moved.items()):
                    break
            else:
                continue
            break
        else:
            return False
        world[mover] += step
        if taker is not None:
            world[taker] -= step
        for at, change in moved.items():
            sums[at] += change
    return True


def _nearest(low: int, high: int, wanted: int) -> Iterator[int]:
    """Whole numbers of a range, those nearest to the wanted one first."""
    start = min(max(wanted, low), high)
    for step in range(high - low + 1):
        for number in (start + step, start - step) if step else (start,):
            if low <= number <= high:
                yield number


class _Search:
    """A world in which every form holds, with every word as near as may be to a wanted number."""

    def __init__(self, forms: Sequence[_Form], wanted: Sequence[int]) -> None:
        self.forms, self.wanted, self.tries = forms, wanted, _TRIES

    def world(self, low: Sequence[int], high: Sequence[int]) -> list[int] | None:
        floor, ceiling = list(low), list(high)
        if not _narrow(floor, ceiling, self.forms):
            return None
        free = [place for place in range(len(floor)) if floor[place] < ceiling[place]]
        if not free:
            return floor
        place = min(free, key=lambda at: (ceiling[at] - floor[at], at))
        for number in _nearest(floor[place], ceiling[place], self.wanted[place]):
            if self.tries <= 0:
                return None
            self.tries -= 1
            fixed_low, fixed_high = list(floor), list(ceiling)
            fixed_low[place] = fixed_high[place] = number
            found = self.world(fixed_low, fixed_high)
            if found is not None:
                return found
        return None


def _ends(known: Range) -> tuple[int, int]:
    """Lowest and highest whole number of a range; one without end ends beyond every sum."""
    return math.ceil(known.low), _NO_END if known.high == math.inf else math.floor(known.high)


class _System:
    """Facts over the fewest words that tell them apart."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        every = sorted(set().union(*(fact.words for fact in facts)))
        alike: dict[tuple[bool, ...], list[str]] = {}
        for word in every:
            alike.setdefault(tuple(word in fact.words for fact in facts), []).append(word)
        self.place = {word: number for number, words in enumerate(alike.values()) for word in words}
        self.size = len(alike)
        self.known = [(self.places(fact.words), *_ends(fact.known)) for fact in facts]
        exact = [(self.places(fact.words), fact.exact, fact.exact) for fact in facts]
        most = max(fact.exact for fact in facts)
        self.true = _Search(exact, [most] * self.size).world([0] * self.size, [most] * self.size)

    def places(self, words: frozenset[str]) -> tuple[int, ...]:
        return tuple(sorted({self.place[word] for word in words}))

    def can_be(self, words: frozenset[str], number: int) -> bool:
        """Whether a possible world is found in which these words come to a number."""
        if self.true is None:
            return False
        forms: list[_Form] = [(self.places(words), number, number), *self.known]
        if _walk(self.true, self.places(words), number, self.known):
            return True
        if not _narrow([0] * self.size, [_MANY] * self.size, forms):
            return False
        low = [max(0, count - _REACH) for count in self.true]
        high = [count + _REACH for count in self.true]
        return _Search(forms, self.true).world(low, high) is not None


@lru_cache(maxsize=4096)
def contradict(facts: tuple[Fact, ...]) -> bool:
    """Whether the true numbers cannot be those of these words, so that the words are not true and prove nothing."""
    return bool(facts) and _System(facts).true is None


@lru_cache(maxsize=4096)
def narrowed(
    facts: tuple[Fact, ...], rules: Rules, between: tuple[tuple[frozenset[str], int], ...] = ()
) -> tuple[frozenset[str], ...]:
    """The small counts among these facts, hidden ones and those between, that a reader can narrow to less than 1 to 7,
    and the hidden ones of events of few people that a reader can tell from such.

    between: counts nobody prints that are looked after as well, such as `implied` gives. Where no world is possible,
    every small count is narrowed: ask `contradict` first.
    """
    most = rules.largest_hidden
    small = [fact.words for fact in facts if fact.hidden and 0 < fact.exact <= most]
    small += [words for words, exact in between if 0 < exact <= most]
    of_few = [fact.words for fact in facts if fact.hidden and fact.few and fact.exact > most]
    # that a hidden count is of more than a few events is known of none where one of many events is of few people
    unsure = [replace(fact, known=Range(0, math.inf)) if fact.hidden and fact.exact > most else fact for fact in facts]
    return (*_fallen(small, facts, most), *_fallen(of_few, unsure, most))


def _fallen(targets: Sequence[frozenset[str]], facts: Sequence[Fact], most: int) -> list[frozenset[str]]:
    """Those of some counts that cannot be both 1 and the most that is hidden."""
    if not targets:
        return []
    system = _System(facts)
    return [words for words in dict.fromkeys(targets) if not all(system.can_be(words, end) for end in (1, most))]
