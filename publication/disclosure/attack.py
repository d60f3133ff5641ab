"""An attack on hidden counts: everything a reader knows as unknown whole numbers between limits, and equations on them.

Belongs here: narrowing limits, splitting what is not connected, linear and integer programming, and their verdict. Not
here: what a reader sees and grants (`evidence`), what is hidden then (`history`).

A hidden count is safe when, for each number it must be able to be, there is a possible world in which it is that. A
world the solver finds is checked again in whole numbers before it counts as a proof, so that no tolerance of the solver
can call a leak safe. That there is none is taken from the solver; an answer that does not come in time is one too.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foundation.errors import Refused

# seconds for one attack on everything, and for one integer programme
TIME_LIMIT, ONE_LIMIT = 120.0, 10.0
# more than any count: what has no upper limit is looked for below it
NO_END = 10**7
_SWEEPS = 20_000
# moves that are tried on foot before a programme is asked, and how many may make up for one
_TRIES, _DEPTH = 40, 4
# above so many unknowns a target is asked for the ends of what it must be able to be, not for every number between
_SMALL = 60
# so many targets that miss a number are first brought to it together
_MANY = 1


class Contradiction(Exception):
    """No world is possible: what was granted to the reader cannot be true all at once."""


@dataclass(frozen=True)
class Target:
    """A count that must be able to be each of some numbers.

    terms: unknown to factor. numbers: what it must be able to be. unless: a lowest and a highest number; where it can
    lie between these, nothing is asked (a difference that can be nought tells of nobody). figures: ids it speaks of.
    """

    figures: tuple[str, ...]
    quantity: str
    terms: tuple[tuple[Hashable, int], ...]
    numbers: tuple[int, ...]
    unless: tuple[int, int] | None = None


@dataclass(frozen=True)
class Found:
    """A target that is open: its reader can rule out one of its numbers."""

    target: Target
    unknowns: int
    equations: int


@dataclass
class Outcome:
    """What an attack found. `sizes`: of every target's figures the unknowns and equations it was attacked with."""

    open: list[Found] = field(default_factory=list)
    unknowns: int = 0
    equations: int = 0
    targets: int = 0
    programmes: int = 0
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)


class System:
    """Unknown whole numbers, none below nought, within limits, and sums of them within limits."""

    def __init__(self) -> None:
        self.place: dict[Hashable, int] = {}
        self.low: list[int] = []
        self.high: list[int] = []
        self.forms: list[tuple[dict[int, int], int, int]] = []
        self._seen: set[tuple[tuple[tuple[int, int], ...], int, int]] = set()

    def unknown(self, name: Hashable, low: int = 0, high: int = NO_END) -> Hashable:
        """Name an unknown, or learn more about one that is named already."""
        at = self.place.setdefault(name, len(self.low))
        if at == len(self.low):
            self.low.append(0)
            self.high.append(NO_END)
        self.low[at], self.high[at] = max(self.low[at], low), min(self.high[at], high)
        return name

    def sum_between(self, terms: Iterable[tuple[Hashable, int]], low: int, high: int) -> None:
        """Learn that a sum of unknowns, each times its factor, lies between two numbers."""
        form: dict[int, int] = {}
        for name, factor in terms:
            at = self.place[self.unknown(name)]
            form[at] = form.get(at, 0) + factor
        form = {at: factor for at, factor in form.items() if factor}
        key = (tuple(sorted(form.items())), low, high)
        if key not in self._seen:
            self._seen.add(key)
            self.forms.append((form, low, high))

    def form_of(self, target: Target) -> dict[int, int]:
        """The places and factors of a target."""
        found: dict[int, int] = {}
        for name, factor in target.terms:
            at = self.place[self.unknown(name)]
            found[at] = found.get(at, 0) + factor
        return found


def _spread(form: Mapping[int, int], low: Sequence[int], high: Sequence[int]) -> tuple[int, int]:
    """Lowest and highest value of a sum within the limits of its unknowns."""
    least = most = 0
    for at, factor in form.items():
        ends = (factor * low[at], factor * high[at])
        least, most = least + min(ends), most + max(ends)
    return least, most


def _cannot_bind(lowest: int, highest: int, least: int, most: int) -> bool:
    """Whether a sum lies within its limits whatever its unknowns are. A limit that only unknowns without end set is
    none."""
    return (lowest >= least or least <= -NO_END // 2) and (highest <= most or most >= NO_END // 2)


def _narrow(system: System) -> tuple[list[int], list[int]]:
    """Limits narrowed through every sum until they stand still. Contradiction when one is empty."""
    low, high = list(system.low), list(system.high)
    if any(a > b for a, b in zip(low, high, strict=True)):
        raise Contradiction
    touching: list[list[int]] = [[] for _ in low]
    for number, (form, _, _) in enumerate(system.forms):
        for at in form:
            touching[at].append(number)
    waiting, queued = deque(range(len(system.forms))), set(range(len(system.forms)))
    for _ in range(_SWEEPS + 20 * len(system.forms)):
        if not waiting:
            break
        number = waiting.popleft()
        queued.discard(number)
        form, least, most = system.forms[number]
        lowest, highest = _spread(form, low, high)
        if lowest > most or highest < least:
            raise Contradiction
        if _cannot_bind(lowest, highest, least, most):
            continue
        for at, factor in form.items():
            ends = sorted((factor * low[at], factor * high[at]))
            # what the others leave: least - (highest of the others) up to most - (lowest of the others)
            floor, ceiling = least - (highest - ends[1]), most - (lowest - ends[0])
            if factor < 0:
                floor, ceiling = -ceiling, -floor
            size = abs(factor)
            floor, ceiling = -(-floor // size), ceiling // size
            if floor <= low[at] and ceiling >= high[at]:
                continue
            low[at], high[at] = max(low[at], floor), min(high[at], ceiling)
            if low[at] > high[at]:
                raise Contradiction
            for other in touching[at]:
                if other not in queued:
                    queued.add(other)
                    waiting.append(other)
    return low, high


class _Part:
    """Unknowns that are connected, the sums that connect them, and the targets among them."""

    def __init__(self, places: Sequence[int], forms: Sequence[tuple[dict[int, int], int, int]],
                 low: Sequence[int], high: Sequence[int]) -> None:  # fmt: skip
        self.places = list(places)
        own = {at: number for number, at in enumerate(self.places)}
        self.low, self.high = [low[at] for at in places], [high[at] for at in places]
        self.forms = [
            ({own[at]: factor for at, factor in form.items()}, least, most) for form, least, most in forms
        ]  # fmt: skip
        self.own = own
        self.touching: list[list[int]] = [[] for _ in self.places]
        for number, (form, _, _) in enumerate(self.forms):
            for at in form:
                self.touching[at].append(number)
        # a possible world, once one is found
        self.world: list[int] | None = None
        self.targets: list[tuple[Target, dict[int, int], set[int]]] = []

    def holds(self, world: Sequence[int]) -> bool:
        """Whether a world is possible, in whole numbers."""
        return all(a <= x <= b for a, x, b in zip(self.low, world, self.high, strict=True)) and all(
            least <= sum(factor * world[at] for at, factor in form.items()) <= most for form, least, most in self.forms
        )

    def learn(self, world: Sequence[int]) -> None:
        """Cross off what a possible world shows the targets can be."""
        self.world = list(world)
        for target, form, missing in self.targets:
            value = sum(factor * world[at] for at, factor in form.items())
            if target.unless is not None and target.unless[0] <= value <= target.unless[1]:
                missing.clear()
            missing.discard(value)


def _shrunk(
    forms: Sequence[tuple[dict[int, int], int, int]], low: list[int], high: list[int], kept: set[int]
) -> list[tuple[dict[int, int], int, int]]:
    """The sums that can bind, without what is known and without unknowns that stand in one sum alone.

    Such an unknown takes whatever the sum leaves it, so the others are bound by the sum widened by its limits: in whole
    numbers too, its factor being one. Limits may be narrowed in place.
    """
    live: dict[int, tuple[dict[int, int], int, int]] = {}
    where: dict[int, set[int]] = {}
    for number, (form, least, most) in enumerate(forms):
        known = sum(factor * low[at] for at, factor in form.items() if low[at] == high[at])
        free = {at: factor for at, factor in form.items() if low[at] < high[at]}
        live[number] = (free, least - known, most - known)
        for at in free:
            where.setdefault(at, set()).add(number)
    look = deque(live)
    while look:
        number = look.popleft()
        if number not in live:
            continue
        form, least, most = live[number]
        for at in [at for at in form if at not in kept and where[at] == {number} and abs(form[at]) == 1]:
            ends = sorted((form[at] * low[at], form[at] * high[at]))
            least, most = least - ends[1], most - ends[0]
            del form[at]
            where[at] = set()
        if len(form) == 1:
            ((at, factor),) = form.items()
            floor, ceiling = (least, most) if factor > 0 else (-most, -least)
            low[at] = max(low[at], -(-floor // abs(factor)))
            high[at] = min(high[at], ceiling // abs(factor))
        live[number] = (form, least, most)
        lowest, highest = _spread(form, low, high)
        if len(form) < 2 or _cannot_bind(lowest, highest, least, most):
            del live[number]
            for at in form:
                where[at].discard(number)
                if at not in kept and len(where[at]) == 1:
                    look.extend(where[at])
    return list(live.values())


def _split(system: System, targets: Sequence[Target], low: list[int], high: list[int]) -> list[_Part]:
    """The connected parts that have a target. A sum that cannot bind, and what is known, connects nothing."""
    parent = list(range(len(low)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    forms_of = [system.form_of(target) for target in targets]
    binding = _shrunk(system.forms, low, high, {at for form in forms_of for at in form})
    for free, _, _ in binding:
        first = next(iter(free))
        for at in free:
            parent[root(at)] = root(first)
    for form in forms_of:
        first = next(iter(form))
        for at in form:
            parent[root(at)] = root(first)
    wanted = {root(next(iter(form))) for form in forms_of}
    members: dict[int, list[int]] = {}
    for at in range(len(low)):
        if root(at) in wanted:
            members.setdefault(root(at), []).append(at)
    sums: dict[int, list[tuple[dict[int, int], int, int]]] = {}
    for free, least, most in binding:
        if (end := root(next(iter(free)))) in wanted:
            sums.setdefault(end, []).append((free, least, most))
    parts = {end: _Part(places, sums.get(end, []), low, high) for end, places in members.items()}
    for target, form in zip(targets, forms_of, strict=True):
        part = parts[root(next(iter(form)))]
        part.targets.append((target, {part.own[at]: factor for at, factor in form.items()}, set(target.numbers)))
    return list(parts.values())


class _Solver:
    """Linear and integer programmes over one or several parts, within the time there is."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.programmes = 0

    def seconds(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _solve(self, costs: Any, rows: Any, lows: Any, highs: Any, bounds: tuple[Any, Any], whole: int) -> Any:
        """The best point; None where there is none, or none is found in time. whole: how many unknowns, from the first,
        are asked to be whole."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp

        self.programmes += 1
        integrality = np.zeros(len(costs), dtype="int64")
        integrality[:whole] = 1
        limit = min(self.seconds(), ONE_LIMIT) if whole else self.seconds()
        constraints = LinearConstraint(rows, lows, highs) if rows.shape[0] else ()
        found = milp(
            costs, integrality=integrality, bounds=Bounds(*bounds), constraints=constraints,
            options={"time_limit": limit, "presolve": True},
        )  # fmt: skip
        return found.x

    def towards(self, parts: Sequence[_Part], number: int, *, whole: bool) -> None:
        """Search one world of every part in which as many targets as can be are near a number, and learn from it."""
        import numpy as np
        from scipy.sparse import coo_array

        start, at_row, size = [], 0, sum(len(part.places) for part in parts)
        entries: tuple[list[int], list[int], list[float]] = ([], [], [])
        lows: list[float] = []
        highs: list[float] = []
        low, high = [], []
        slack = 0

        def add(form: Mapping[int, int], offset: int, least: float, most: float, *extra: tuple[int, float]) -> None:
            nonlocal at_row
            for at, factor in form.items():
                entries[0].append(at_row)
                entries[1].append(offset + at)
                entries[2].append(factor)
            for at, value in extra:
                entries[0].append(at_row)
                entries[1].append(at)
                entries[2].append(value)
            lows.append(least)
            highs.append(most)
            at_row += 1

        offset = 0
        for part in parts:
            start.append(offset)
            low += part.low
            high += part.high
            for form, least, most in part.forms:
                add(form, offset, _or_end(least), _or_end(most))
            for target, form, missing in part.targets:
                wanted = number if number in missing else 0 if target.unless is not None and missing else None
                if wanted is None:
                    continue
                column = size + slack
                slack += 1
                # the slack is at least how far the target lies from the number
                add(form, offset, -np.inf, wanted, (column, -1.0))
                add(form, offset, wanted, np.inf, (column, 1.0))
            offset += len(part.places)
        costs = np.concatenate([np.zeros(size), np.ones(slack)])
        bounds = (
            np.concatenate([np.array(low, dtype=float), np.zeros(slack)]),
            np.concatenate([[_or_end(end) for end in high], np.full(slack, np.inf)]),
        )
        rows = coo_array((entries[2], (entries[0], entries[1])), shape=(at_row, size + slack)).tocsr()
        point = self._solve(costs, rows, np.array(lows), np.array(highs), bounds, size if whole else 0)
        if point is None:
            return
        for part, offset in zip(parts, start, strict=True):
            here = point[offset : offset + len(part.places)]
            world = [int(value) for value in np.rint(here)]
            if part.holds(world):
                part.learn(world)

    def decide(self, part: _Part, form: Mapping[int, int], numbers: tuple[int, int]) -> bool:
        """Whether a world is found in which a sum lies between two numbers: by an integer programme, whose own first
        step is the linear one."""
        import numpy as np
        from scipy.sparse import coo_array

        forms = [*part.forms, (form, *numbers)]
        rows = coo_array(
            (
                [factor for one, _, _ in forms for factor in one.values()],
                (
                    [row for row, (one, _, _) in enumerate(forms) for _ in one],
                    [at for one, _, _ in forms for at in one],
                ),
            ),
            shape=(len(forms), len(part.places)),
        ).tocsr()  # fmt: skip
        lows = np.array([_or_end(least) for _, least, _ in forms])
        highs = np.array([_or_end(most) for _, _, most in forms])
        bounds = (np.array(part.low, dtype=float), np.array([_or_end(end) for end in part.high]))
        point = self._solve(np.zeros(len(part.places)), rows, lows, highs, bounds, len(part.places))
        if point is None:
            return False
        world = [int(value) for value in np.rint(point)]
        value = sum(factor * world[at] for at, factor in form.items())
        if not (numbers[0] <= value <= numbers[1] and part.holds(world)):
            return False
        part.learn(world)
        return True


def _or_end(number: float) -> float:
    """A limit as the solver takes it: without end also where only other unknowns without end set it."""
    if abs(number) >= NO_END // 2:
        return float("inf") if number > 0 else float("-inf")
    return float(number)


class _Walk:
    """From one possible world to another in which a sum is one more or one less, by few unknowns that move by one."""

    def __init__(self, part: _Part, world: Sequence[int]) -> None:
        self.part, self.world = part, list(world)
        self.sums = [sum(factor * world[at] for at, factor in form.items()) for form, _, _ in part.forms]
        self.tries = 0

    def to(self, form: Mapping[int, int], number: int) -> bool:
        """Whether a way is found; the world is then there, and stays where it was got to otherwise."""
        while (value := sum(factor * self.world[at] for at, factor in form.items())) != number:
            step = 1 if number > value else -1
            self.tries = _TRIES
            if not any(
                abs(factor) == 1 and self._move({at: step * factor}, form) for at, factor in form.items()
            ):  # fmt: skip
                return False
        return True

    def _move(self, moved: dict[int, int], held: Mapping[int, int], depth: int = _DEPTH) -> bool:
        """Make some moves, with others of unknowns that are not held to make up for them."""
        part, self.tries = self.part, self.tries - 1
        if self.tries < 0 or any(not part.low[at] <= self.world[at] + by <= part.high[at] for at, by in moved.items()):
            return False
        change: dict[int, int] = {}
        for at, by in moved.items():
            for number in part.touching[at]:
                change[number] = change.get(number, 0) + part.forms[number][0][at] * by
        for number, by in change.items():
            form, least, most = part.forms[number]
            value = self.sums[number] + by
            if least <= value <= most:
                continue
            if not depth:
                return False
            back = 1 if value < least else -1
            return any(
                at not in moved and at not in held and abs(factor) == 1
                and self._move({**moved, at: back * factor}, held, depth - 1)
                for at, factor in form.items()
            )  # fmt: skip
        for at, by in moved.items():
            self.world[at] += by
        for number, by in change.items():
            self.sums[number] += by
        return True


def _settle(part: _Part, solver: _Solver) -> None:
    """Ask for each number that is still missing by itself: on foot from a world that is known, else by a programme."""
    if part.world is None:
        solver.decide(part, part.targets[0][1], (-NO_END, NO_END))
    for target, form, missing in part.targets:
        if missing and target.unless is not None and solver.decide(part, form, target.unless):
            missing.clear()
        for number in sorted(missing):
            # a world that was found for another target may have crossed it off
            if number not in missing:
                continue
            if part.world is not None:
                walk = _Walk(part, part.world)
                if walk.to(form, number) and part.holds(walk.world):
                    part.learn(walk.world)
                    continue
            if not solver.decide(part, form, (number, number)):
                break


def attack(system: System, targets: Sequence[Target], seconds: float = TIME_LIMIT) -> Outcome:
    """Which targets a reader who knows the system can narrow.

    Contradiction when the system has no world at all. Refused when the time is over before everything was decided:
    what is not proved is not published.
    """
    outcome = Outcome(unknowns=len(system.low), equations=len(system.forms), targets=len(targets))
    if not targets:
        return outcome
    forms = [system.form_of(target) for target in targets]  # names unknowns nobody has told anything about
    outcome.unknowns = len(system.low)
    low, high = _narrow(system)
    solver = _Solver(seconds)
    parts = _split(system, targets, low, high)
    try:
        for part in parts:
            _alone(part)
            if len(part.places) > _SMALL:
                for target, _, missing in part.targets:
                    missing &= {min(target.numbers), max(target.numbers)}
        for number in sorted({number for target in targets for number in target.numbers}):
            asking = [part for part in parts if any(number in missing for _, _, missing in part.targets)]
            if asking:
                solver.towards(asking, number, whole=False)
        for part in parts:
            for number in sorted({number for _, _, missing in part.targets for number in missing}):
                # one world in which many targets are at the number spares a programme for each
                if sum(number in missing for _, _, missing in part.targets) > _MANY:
                    solver.towards([part], number, whole=True)
            if any(missing for _, _, missing in part.targets):
                _settle(part, solver)
    except TimeoutError:
        raise Refused(
            f"the attack on hidden counts did not end in {seconds:g} seconds: nothing is published.",
            "run again when the machine is less busy; if that does not help, publish fewer related indicators.",
        ) from None
    outcome.programmes = solver.programmes
    for part in parts:
        size = (len(part.places), len(part.forms))
        for target, _, missing in part.targets:
            for figure in target.figures:
                outcome.sizes[figure] = max(size, outcome.sizes.get(figure, (0, 0)))
            if missing:
                outcome.open.append(Found(target, *size))
    place = {id(target): number for number, target in enumerate(targets)}
    outcome.open.sort(key=lambda found: place[id(found.target)])
    assert len(forms) == len(targets)
    return outcome


def _alone(part: _Part) -> None:
    """A single unknown that no sum binds can be everything between its limits."""
    if part.forms:
        return
    for target, form, missing in part.targets:
        lowest, highest = _spread(form, part.low, part.high)
        if target.unless is not None and lowest <= target.unless[1] and target.unless[0] <= highest and all(
            abs(factor) == 1 for factor in form.values()
        ):  # fmt: skip
            missing.clear()
        if all(abs(factor) == 1 for factor in form.values()):
            missing.difference_update([number for number in missing if lowest <= number <= highest])
