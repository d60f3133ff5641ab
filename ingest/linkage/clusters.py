"""From pairs to persons: joining records without ever joining two people.

Belongs here: the order in which pairs are joined, and what stops one. Not here: where pairs come from.

Pairs are joined strongest first. Pairs of one strength are taken together: a group they would join is joined whole, or,
where two of its members cannot be one person, not at all by pairs of that strength; who would come first must not
depend on names or order. What was joined more strongly stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

Pair = tuple[int, int]


class _Groups:
    """Disjoint sets of numbers; the least member names its set."""

    def __init__(self, count: int) -> None:
        self._up = list(range(count))

    def find(self, item: int) -> int:
        while self._up[item] != item:
            self._up[item] = self._up[self._up[item]]
            item = self._up[item]
        return item

    def join(self, left: int, right: int) -> None:
        low, high = sorted((self.find(left), self.find(right)))
        self._up[high] = low


def joined(
    count: int,
    strengths: Mapping[Pair, int],
    apart: Callable[[int, int], bool],
) -> tuple[list[int], list[Pair]]:
    """The group of each of `count` items (its least member), and the pairs that were stopped, sorted.

    strengths: pair -> strength, higher first. apart: whether two items can never be in one group; asked of each two of
    a group that would come about, so that it holds for every pair of every group in the answer.
    """
    groups = _Groups(count)
    members: dict[int, list[int]] = {item: [item] for item in range(count)}
    stopped: list[Pair] = []
    ordered = sorted(strengths, key=lambda pair: (-strengths[pair], pair))
    for _, tier in groupby(ordered, key=lambda pair: strengths[pair]):
        pairs = [pair for pair in tier if groups.find(pair[0]) != groups.find(pair[1])]
        for roots in _components([(groups.find(left), groups.find(right)) for left, right in pairs]):
            parts = [members[root] for root in roots]
            if _collide(parts, apart):
                inside = set(roots)
                stopped += [pair for pair in pairs if groups.find(pair[0]) in inside]
                continue
            for root in roots[1:]:
                groups.join(roots[0], root)
            whole = groups.find(roots[0])
            for root in roots:
                members.pop(root)
            members[whole] = sorted(item for part in parts for item in part)
    return [groups.find(item) for item in range(count)], sorted(stopped)


def _components(edges: Iterable[Pair]) -> list[list[int]]:
    """Connected groups of what the edges name, each sorted, in order of the least member."""
    edges = list(edges)
    names = sorted({item for edge in edges for item in edge})
    place = {name: number for number, name in enumerate(names)}
    groups = _Groups(len(names))
    for left, right in edges:
        groups.join(place[left], place[right])
    found: dict[int, list[int]] = {}
    for name in names:
        found.setdefault(groups.find(place[name]), []).append(name)
    return [found[root] for root in sorted(found)]


def _collide(parts: Sequence[Sequence[int]], apart: Callable[[int, int], bool]) -> bool:
    return any(
        apart(left, right)
        for place, part in enumerate(parts)
        for other in parts[place + 1 :]
        for left in part
        for right in other
    )
