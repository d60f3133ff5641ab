"""What a reader of all releases has before them: unknown counts, what is shown of each, and the sums that tie them.

Belongs here: turning public tables into a system for the attack, and what the reader is granted besides. Not here: the
attack (`attack`), what to hide then (`history`).

Every count of people in a public table is an unknown. A count that did not change between two releases is one unknown,
so that what one release hides and another shows is one system. Tied are: shorter periods and longer ones, groups and
their area, numerator and those not counted, and indicators of one family, whose words say whom they count. The reader
is granted: of every hidden count whether it was small, that nobody is without a group when nobody is, and which counts
were revised.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from foundation.period import parse_period
from publication.disclosure.areas import Method, are_sums, base_kind, of_few, parts_of, shows_nought, summed_parts
from publication.disclosure.attack import NO_END, System, Target
from publication.disclosure.families import families_of
from publication.disclosure.groups import UNKNOWN
from publication.disclosure.people import People
from publication.disclosure.ranges import Range
from publication.disclosure.rules import PARTS, Rules, span_of
from publication.disclosure.systems import Fact, contradict, implied
from publication.inputs import Row

# Counts of a figure that stand for people, as unknowns; the denominator of a share is two of them.
_SINGLE = {"mean": "denominator", "dsr": "numerator"}
AREA = ("", "")


@dataclass(frozen=True)
class Look:
    """One release as a reader has it.

    measures, breakdowns: rows as published. exact: figure id to the exact row, also of groups and periods that are not
    published; empty for a reader who has the public part alone. drafted: ids of figures that were hidden since the sums
    were made, so that these still count them.
    """

    release_id: str
    rules: Rules
    measures: Sequence[Row]
    breakdowns: Sequence[Row]
    exact: Mapping[str, Row] = field(default_factory=dict)
    drafted: Container[str] = ()


@dataclass
class Evidence:
    """A system with its targets, and which figure of the newest release told something new of which unknown.

    told: unknown to the figures that show it in the newest release, with their size. known: unknowns of which an
    earlier release shows as much. apart: longer figures that stand beside a part that is hidden, and not as its sum.
    """

    system: System = field(default_factory=System)
    targets: list[Target] = field(default_factory=list)
    told: dict[Hashable, dict[str, int]] = field(default_factory=dict)
    known: set[Hashable] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)


def group_of(row: Mapping[str, Any]) -> tuple[str, str]:
    return (str(row.get("breakdown_kind") or ""), str(row.get("breakdown_group") or ""))


def shown_between(shown: int, rules: Rules) -> tuple[int, int]:
    """Lowest and highest count that is shown as this one. One that is no multiple of the base was not rounded."""
    if shown == 0 or shown % rules.nearest:
        return shown, shown
    low = shown - rules.nearest // 2
    return max(rules.largest_hidden + 1, low), shown + (rules.nearest - 1) // 2


def _whole(number: Any) -> int | None:
    """A count as a whole number; None where there is none or it is none."""
    if number is None or Decimal(number) != int(number) or number < 0:
        return None
    return int(number)


def _comes_to(row: Row, parts: Sequence[Row]) -> bool:
    """Whether a longer figure is the sum of the shorter ones as they are shown."""
    return all(
        row[name] is None or row[name] == sum(part[name] or 0 for part in parts)
        for name in ("numerator", "denominator")
    )


def _may_be(row: Row, exact: Row, rules: Rules) -> bool:
    """Whether a figure as shown can be the exact one, rounded by itself."""
    for name in ("numerator", "denominator"):
        shown, count = _whole(row[name]), _whole(exact[name])
        if shown is not None and count is not None:
            low, high = shown_between(shown, rules)
            if not low <= count <= high:
                return False
    return True


def quantities(method: Method) -> tuple[str, ...]:
    """The unknowns of one figure."""
    if method.statistic == "median":
        return ()
    if method.statistic in PARTS:
        return ("numerator", "rest")
    if method.statistic == "ratio_of_sums":
        return ("numerator", "denominator")
    return (_SINGLE.get(method.statistic, "numerator"),)


def counts_of(row: Mapping[str, Any], method: Method) -> dict[str, int] | None:
    """The exact counts of a figure by unknown; None where it has none."""
    top, bottom = _whole(row["numerator"]), _whole(row["denominator"])
    if top is None or bottom is None or row["marker"] in ("w", "z"):
        return None
    found = {"numerator": top, "denominator": bottom, "rest": bottom - top}
    asked = {name: found[name] for name in quantities(method)}
    return asked if min(asked.values(), default=0) >= 0 else None


class _Builder:
    """Puts one release after the other into a system."""

    def __init__(self, looks: Sequence[Look], catalogue: Mapping[str, Mapping[str, Any]], exempt: frozenset[str],
                 rules: Rules, people: People, *, area_is_known: bool, granted: bool) -> None:  # fmt: skip
        self.granted = granted
        self.looks, self.catalogue, self.exempt, self.rules, self.people = looks, catalogue, exempt, rules, people
        self.area_is_known = area_is_known
        self.found = Evidence()
        self.methods = {name: Method.of(entry, rules) for name, entry in catalogue.items() if name not in exempt}
        # of every cell the counts it had so far: the same ones again are the same unknown
        self.epochs: dict[Hashable, list[Any]] = {}

    def build(self) -> Evidence:
        for number, look in enumerate(self.looks):
            _LookBuilder(self, look, number, newest=number == len(self.looks) - 1).add()
        return self.found

    def epoch(self, cell: Hashable, counts: Any) -> int:
        had = self.epochs.setdefault(cell, [])
        if counts not in had:
            had.append(counts)
        return had.index(counts)


class _LookBuilder:
    """What one release tells."""

    def __init__(self, whole: _Builder, look: Look, number: int, *, newest: bool) -> None:
        self.whole, self.look, self.number, self.newest = whole, look, number, newest
        self.system = whole.found.system
        self.names: dict[str, Hashable] = {}
        self.counts: dict[str, dict[str, int] | None] = {}
        self.series: dict[tuple[str, str], list[Row]] = {}

    # --- names

    def _method(self, row: Mapping[str, Any]) -> Method | None:
        """How a row's figure is made; None where nothing is to be protected, or its definition was another one."""
        name = row["indicator_id"]
        method = self.whole.methods.get(name)
        if method is None or method.statistic == "median":
            return None
        if row.get("indicator_version") not in (None, self.whole.catalogue[name].get("version"), 0):
            return None
        return method

    def _cell(self, row: Mapping[str, Any], method: Method) -> Hashable:
        return (row["indicator_id"], row["area_code"], method.moment(row), *group_of(row))

    def _name(self, figure_id: str, quantity: str) -> Hashable:
        return (self.names[figure_id], quantity)

    def _place(self, shown: Row, method: Method) -> None:
        """Find the unknowns of a figure: those of an earlier release, where nothing was revised."""
        exact = self.look.exact.get(shown["figure_id"])
        counts: Any = counts_of(exact, method) if exact is not None else None
        self.counts[shown["figure_id"]] = counts
        cell = self._cell(shown, method)
        if counts is None and exact is None:
            # without exact figures the reader supposes that what looks alike, or is hidden now, was not revised
            counts = self._supposed(cell, shown)
        else:
            counts = tuple(sorted(counts.items())) if counts is not None else ("none", self.number)
        self.names[shown["figure_id"]] = (cell, self.whole.epoch(cell, counts))

    def _supposed(self, cell: Hashable, shown: Row) -> Any:
        digits = (shown["numerator"], shown["denominator"])
        had = self.whole.epochs.get(cell, [])
        if shown["value"] is None:
            return had[-1] if had else ("shown", None, None)
        if had and had[-1] == ("shown", None, None):
            had[-1] = ("shown", *digits)  # hidden before, and never shown otherwise: the same one
        return ("shown", *digits)

    # --- what is shown

    def add(self) -> None:
        rows = []
        for row in (*self.look.measures, *self.look.breakdowns):
            method = self._method(row)
            if method is not None:
                self._place(row, method)
                rows.append((row, method))
                if group_of(row) == AREA:
                    self.series.setdefault((row["indicator_id"], row["area_code"]), []).append(row)
        derived = self._sums_of_shown()
        # a table that shows nothing tells nothing: neither is anything granted of it, nor sought in it
        self.tables = {self._table(row) for row, _ in rows if row["value"] is not None}
        for row, method in rows:
            self._tell(row, method, derived=row["figure_id"] in derived)
        for (name, _), mine in sorted(self.series.items()):
            self._over_time(mine, self.whole.methods[name])
        self._groups()
        self._families()
        if self.look.exact:
            for row, method in rows:
                # what is granted of the area is not sought
                if (group_of(row) != AREA and self._table(row) in self.tables) or (
                    group_of(row) == AREA and not self.whole.area_is_known
                ):
                    self._targets(row, method)
            self._differences(rows)
        else:
            for row, method in rows:
                self._open_targets(row, method)

    @staticmethod
    def _table(row: Row) -> tuple[Any, ...]:
        return (row["indicator_id"], row["area_code"], row["period_kind"], row["period_id"], group_of(row)[0])

    def _exact(self, row: Row) -> Row | None:
        return self.look.exact.get(row["figure_id"])

    def _sums_of_shown(self) -> set[str]:
        """Longer figures that are sums of shown cells, every one of them: they say nothing that these do not."""
        found = set()
        for (name, _), rows in self.series.items():
            method = self.whole.methods[name]
            if method.by_last_day or not method.is_additive:
                continue
            kind = base_kind(rows)
            base = [row for row in rows if row["period_kind"] == kind]
            exact = [one for one in map(self._exact, rows) if one is not None]
            proved = self.look.exact and len(exact) == len(rows)
            bare = [one for one in exact if one["period_kind"] == kind]
            additive = not proved or are_sums(exact, bare, kind)
            for row in rows:
                if row["period_kind"] == kind or not additive:
                    continue
                own = self._exact(row) if proved else None
                if own is not None and not summed_parts(own, bare, kind, method, additive=additive):
                    continue
                parts = parts_of(row, base)
                whole = all(part["value"] is not None or part["figure_id"] in self.look.drafted for part in parts)
                if row["value"] is None:
                    # its marker says no more than that a part of it is hidden
                    is_sum = not whole
                elif whole:
                    is_sum = any(part["value"] is None for part in parts) or _comes_to(row, parts)
                else:
                    # a former release may have left hidden parts out of its sums
                    is_sum = own is not None and not _may_be(row, own, self.look.rules)
                if is_sum:
                    found.add(row["figure_id"])
                elif not whole and self.newest:
                    self.whole.found.apart.add(row["figure_id"])
        return found

    def _tell(self, row: Row, method: Method, *, derived: bool) -> None:
        """What a figure itself says of its counts."""
        counts, figure, rules = self.counts[row["figure_id"]], row["figure_id"], self.look.rules
        for quantity in quantities(method):
            self.system.unknown(self._name(figure, quantity))
        known = self.whole.area_is_known and group_of(row) == AREA and self.newest and row["value"] is not None
        if known and counts is not None:
            for quantity, count in counts.items():
                self.system.unknown(self._name(figure, quantity), count, count)
            return
        if derived or row["marker"] in ("w", "z"):
            return
        if row["value"] is not None:
            told = self._shown(row, method, rules)
            if told and self.newest:
                size = min(counts.values(), default=0) if counts else 0
                for quantity in quantities(method):
                    self.whole.found.told.setdefault(self._name(figure, quantity), {})[figure] = size
            elif told:
                self.whole.found.known |= {self._name(figure, quantity) for quantity in quantities(method)}
            return
        if counts is not None and self.whole.granted and (group_of(row) == AREA or self._table(row) in self.tables):
            self._hidden(row, method, counts, rules)

    def _shown(self, row: Row, method: Method, rules: Rules) -> bool:
        """The limits that a shown figure gives; whether it gives any."""
        figure, told = row["figure_id"], False
        top, bottom = _whole(row["numerator"]), _whole(row["denominator"])
        least = rules.least_people if method.statistic in ("dsr", "mean") else 0
        for quantity, shown in (("numerator", top), ("denominator", bottom)):
            if shown is not None and quantity in quantities(method):
                low, high = shown_between(shown, rules)
                self.system.unknown(self._name(figure, quantity), max(low, least), high)
                told = True
        if method.statistic not in PARTS:
            return told
        numerator, rest = self._name(figure, "numerator"), self._name(figure, "rest")
        if bottom is not None:
            self.system.sum_between([(numerator, 1), (rest, 1)], *shown_between(bottom, rules))
            told = True
        if bottom is not None and top is not None and not top % rules.nearest and not bottom % rules.nearest:
            # those not counted are nobody, or more than a few: one of 1 to 7 would have hidden the figure
            least = 0 if top == bottom else rules.largest_hidden + 1
            self.system.unknown(rest, least, 0 if top == bottom else NO_END)
        return told

    def _hidden(self, row: Row, method: Method, counts: Mapping[str, int], rules: Rules) -> None:
        """What the most knowing reader knows of a hidden figure: of each count whether it was small."""
        figure = row["figure_id"]
        few = of_few(self._exact(row) or row, method, self.whole.people.get(figure)) if self.newest else frozenset()
        seen = group_of(row) == AREA and shows_nought(sum(counts.values()), method)
        for quantity, count in counts.items():
            low, high = _small_or_not(count, quantity, method, rules, few)
            # a nought of an area is shown, so that what is hidden is somebody
            self.system.unknown(self._name(figure, quantity), max(low, int(seen and count > 0)), high)
        if method.statistic in PARTS and "denominator" not in few:
            both = [(self._name(figure, "numerator"), 1), (self._name(figure, "rest"), 1)]
            low, high = _small_or_not(sum(counts.values()), "denominator", method, rules, few)
            if (low, high) != (0, NO_END):
                self.system.sum_between(both, low, high)

    # --- what ties counts together

    def _over_time(self, rows: Sequence[Row], method: Method) -> None:
        """Longer periods are the sums of shorter ones; of different people at most that."""
        if method.by_last_day or self.whole.area_is_known or not self.look.exact:
            return
        kind = base_kind(rows)
        base = [row for row in rows if row["period_kind"] == kind]
        for row in rows:
            counts = self.counts[row["figure_id"]]
            if row["period_kind"] == kind or counts is None:
                continue
            inside = parts_of(row, base)
            start, end = span_of(row)
            touched = [one for one in base if span_of(one)[0] <= end and start <= span_of(one)[1]]
            own = [self.counts[one["figure_id"]] for one in touched]
            if not touched or any(one is None for one in own):
                continue
            fits = len(inside) == len(touched)
            sums = {name: sum(one[name] for one in own if one is not None) for name in counts}
            union = not fits or any(sums[name] != counts[name] for name in counts)
            if union and fits and not all(sums[name] >= counts[name] for name in counts):
                continue
            for name in counts:
                if union and sums[name] < counts[name]:
                    continue
                sides = [(self._name(row["figure_id"], name), 1)]
                sides += [(self._name(one["figure_id"], name), -1) for one in touched]
                self.system.sum_between(sides, -NO_END if union else 0, 0)

    def _groups(self) -> None:
        """Groups and those without one make up their area."""
        areas = {
            (row["indicator_id"], row["area_code"], row["period_kind"], row["period_id"]): row
            for rows in self.series.values() for row in rows
        }  # fmt: skip
        tables: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.look.breakdowns:
            if row["figure_id"] in self.names and row["breakdown_group"] != UNKNOWN:
                key = (row["indicator_id"], row["area_code"], row["period_kind"], row["period_id"])
                tables.setdefault((key, row["breakdown_kind"]), []).append(row)
        for (key, kind), rows in tables.items():
            area = areas.get(key)
            if area is None:
                continue
            whole = self.counts[area["figure_id"]]
            own = [self.counts[row["figure_id"]] for row in rows]
            if self.look.exact and (whole is None or any(one is None for one in own)):
                continue
            method = self.whole.methods[key[0]]
            for name in quantities(method):
                unknown = ((*key, kind, UNKNOWN, self.names[area["figure_id"]], self.number), name)
                low, high = 0, NO_END
                if whole is not None:
                    left = whole[name] - sum(one[name] for one in own if one is not None)
                    if left < 0:
                        continue
                    granted = self.whole.granted and (*key, kind) in self.tables
                    if left == 0:
                        low, high = 0, 0
                    elif granted:
                        low, high = _small_or_not(left, name, None, self.look.rules)
                self.system.unknown(unknown, low, high)
                sides = [(self._name(area["figure_id"], name), -1), (unknown, 1)]
                sides += [(self._name(row["figure_id"], name), 1) for row in rows]
                self.system.sum_between(sides, 0, 0)
                if whole is not None and 0 < left <= self.look.rules.largest_hidden and self.newest and any(
                    row["value"] is not None for row in rows
                ):  # fmt: skip
                    self._target((area["figure_id"],), f"{name} without a group by {kind}", [(unknown, 1)])

    def _families(self) -> None:
        """Figures of one family and period are unions of words."""
        if self.whole.area_is_known or not self.look.exact:
            return
        by_key: dict[tuple[str, str, Any], dict[str, Row]] = {}
        for (name, area), rows in self.series.items():
            for row in rows:
                if self.counts[row["figure_id"]] is not None:
                    moment = (row["period_kind"], row["period_id"])
                    by_key.setdefault((name, area, moment), {})[name] = row
        for family, members in families_of(self.whole.catalogue, self.whole.exempt, self.whole.rules).items():
            worded = [one for one in members if one.words]
            for key in sorted({(area, moment) for name, area, moment in by_key
                               if name in {one.indicator_id for one in worded}}):  # fmt: skip
                here = [(one, by_key[one.indicator_id, *key][one.indicator_id]) for one in worded
                        if (one.indicator_id, *key) in by_key]  # fmt: skip
                if len(here) > 1:
                    self._words(family, key, here)

    def _words(self, family: str, key: Any, here: Sequence[tuple[Any, Row]]) -> None:
        every, anything = [], Range(0, NO_END)
        for member, row in here:
            exact = self._exact(row)
            assert exact is not None
            counts = member.counts(exact)
            every += [(member, row, fact) for fact in member.facts(dict.fromkeys(counts, anything), counts,
                                                                   hidden=row["value"] is None)]  # fmt: skip
        facts = tuple(Fact(fact.words, Range(fact.exact, fact.exact), fact.exact, fact.hidden) for *_, fact in every)
        if contradict(facts):
            return  # words that are not true of the data prove nothing
        place = (family, *key, self.number)
        for member, row, fact in every:
            quantity = next(name for name, words in member.words.items() if words == fact.words)
            sides: list[tuple[Hashable, int]] = [((place, word), 1) for word in sorted(fact.words)]
            names: tuple[str, ...]
            if quantity == "denominator" and member.method.statistic in PARTS:
                names = ("numerator", "rest")
            elif quantity in quantities(member.method):
                names = (quantity,)
            else:
                continue
            self.system.sum_between([*sides, *((self._name(row["figure_id"], name), -1) for name in names)], 0, 0)
        if self.newest:
            shown = [fact for *_, fact in every if not fact.hidden]
            figures = tuple(sorted({row["figure_id"] for _, row, _ in every}))
            for words, count in implied(shown):
                if 0 < count <= self.look.rules.largest_hidden:
                    self._target(figures, "between", [((place, word), 1) for word in sorted(words)])

    # --- what must not be found

    def _target(self, figures: tuple[str, ...], quantity: str, terms: Sequence[tuple[Hashable, int]],
                unless: tuple[int, int] | None = None) -> None:  # fmt: skip
        numbers = tuple(range(1, self.look.rules.largest_hidden + 1))
        self.whole.found.targets.append(Target(figures, quantity, tuple(terms), numbers, unless))

    def _targets(self, row: Row, method: Method) -> None:
        """The hidden small counts of a figure."""
        counts, figure = self.counts[row["figure_id"]], row["figure_id"]
        if counts is None or row["value"] is not None or row["marker"] in ("w", "z"):
            return
        if row["marker"] == "x" and method.statistic != "dsr":
            return
        most = self.look.rules.largest_hidden
        for quantity, count in counts.items():
            if 0 < count <= most:
                self._target((figure,), quantity, [(self._name(figure, quantity), 1)])
        if method.statistic in PARTS and 0 < sum(counts.values()) <= most:
            self._target((figure,), "denominator", [(self._name(figure, name), 1) for name in counts])

    def _open_targets(self, row: Row, method: Method) -> None:
        """Without exact figures: every hidden count, unless it may be a large one."""
        if row["value"] is None and row["marker"] == "c":
            figure, most = row["figure_id"], self.look.rules.largest_hidden
            for quantity in quantities(method):
                self._target((figure,), quantity, [(self._name(figure, quantity), 1)], (most + 1, NO_END))

    def _differences(self, rows: Sequence[tuple[Row, Method]]) -> None:
        """By how few people a figure that is shown was revised since each earlier release that shows it."""
        if not self.newest or self.whole.area_is_known:
            return
        most, targets = self.look.rules.largest_hidden, set()
        for row, method in rows:
            counts, name = self.counts[row["figure_id"]], self.names[row["figure_id"]]
            if counts is None or row["value"] is None:
                continue
            assert isinstance(name, tuple)
            cell, epoch = name
            for former, had in enumerate(self.whole.epochs[cell]):
                # of a former release without exact figures nobody knows by how few people it was revised
                if former == epoch or had[0] in ("none", "shown") or (cell, former) not in self.whole_shown:
                    continue
                before = dict(had)
                forms: list[tuple[str, int, list[tuple[Hashable, int]]]] = []
                for quantity, count in counts.items():
                    change = count - before[quantity]
                    sign = 1 if change > 0 else -1
                    now, then = (name, quantity), ((cell, former), quantity)
                    forms.append((quantity, abs(change), [(now, sign), (then, -sign)]))
                if method.statistic in PARTS:
                    change = sum(counts.values()) - sum(before.values())
                    sign = 1 if change > 0 else -1
                    sides: list[tuple[Hashable, int]] = [((name, q), sign) for q in counts]
                    sides += [(((cell, former), q), -sign) for q in counts]
                    forms.append(("denominator", abs(change), sides))
                for quantity, size, terms in forms:
                    if 0 < size <= most and (name, former, quantity) not in targets:
                        targets.add((name, former, quantity))
                        self._target((row["figure_id"],), f"{quantity} between releases", terms, (-NO_END, 0))

    @property
    def whole_shown(self) -> set[Hashable]:
        """Unknowns of figures that an earlier release shows."""
        if not hasattr(self, "_whole_shown"):
            self._whole_shown = {name[0] for name in self.whole.found.known if isinstance(name, tuple)}
        return self._whole_shown


def _small_or_not(
    count: int, quantity: str, method: Method | None, rules: Rules, few: frozenset[str] = frozenset()
) -> tuple[int, int]:
    most = rules.largest_hidden
    if method is not None and method.statistic in ("dsr", "mean") and count < rules.least_people:
        return 0, rules.least_people - 1  # the reason that stands there says that they are fewer than that
    if count <= most:
        return 0, most
    return (0, NO_END) if quantity in few else (most + 1, NO_END)


_LONGEST = 5  # more than anything is missed


def _missed(figure: str) -> int:
    """How much a figure is missed: twelve months that end within a quarter least, a financial year most."""
    period = parse_period(figure.split(":")[3])
    if period.kind == "rolling_year":
        return int(period.end.month % 3 == 0)
    return {"month": 2, "quarter": 3}.get(period.kind, 4)


def evidence_of(
    looks: Sequence[Look], catalogue: Mapping[str, Mapping[str, Any]], exempt: frozenset[str] = frozenset(),
    rules: Rules | None = None, people: People | None = None, *, area_is_known: bool = False, granted: bool = True,
) -> Evidence:  # fmt: skip
    """The system of releases, the oldest first, and what must not be found in it.

    area_is_known: grant the exact counts of areas in the newest release, because a published score may give them away,
    and leave periods and families out; otherwise every tie, and counts as shown. granted: whether the reader knows of
    every hidden count whether it was small.
    """
    return _Builder(looks, catalogue, exempt, rules or Rules(), people or {}, area_is_known=area_is_known,
                    granted=granted).build()  # fmt: skip


def nearest_shown(evidence: Evidence, target: Target) -> Iterator[tuple[int, int, int, str]]:
    """Figures of the newest release that tell something new near a target: distance, what is missed least first (twelve
    months, then months, quarters, years), size, figure id."""
    system = evidence.system
    touching: dict[int, list[int]] = {}
    for number, (form, _, _) in enumerate(system.forms):
        for at in form:
            touching.setdefault(at, []).append(number)
    names = {at: name for name, at in system.place.items()}
    reached = dict.fromkeys(system.form_of(target), 0)
    waiting, used = list(reached), set()
    given: set[str] = set()
    while waiting:
        following: list[int] = []
        for at in waiting:
            name = names[at]
            if name not in evidence.known:
                for figure, size in evidence.told.get(name, {}).items():
                    if figure not in given:
                        given.add(figure)
                        # what needs no part of it hidden goes before these
                        missed = _missed(figure) - _LONGEST * (figure in evidence.apart)
                        yield reached[at], missed, size, figure
            for number in touching.get(at, ()):
                if number not in used:
                    used.add(number)
                    for other in system.forms[number][0]:
                        if other not in reached:
                            reached[other] = reached[at] + 1
                            following.append(other)
        waiting = following
