"""Related indicators: what is hidden because the figures of another one stand beside it.

Belongs here: laying the members of a family side by side, and hiding until nothing can be taken out. Not here: one
indicator by itself (`areas`, `groups`), the attack on counts of the same people (`systems`).

The members of a family count the same people: the definitions say in words which of them. An area's figures of one
period are attacked as one system; what falls is hidden, in the lead of the family last. Groups are shown of the lead,
and of another member only where no count is small in any of the tables, nor between them, so that there is
nothing to find.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from foundation.period import month_of, months_between
from publication.disclosure.areas import (
    KINDS,
    Cell,
    Method,
    are_sums,
    base_kind,
    of_few,
    parts_of,
    protect_small_counts,
    published_cell,
    summed_parts,
)
from publication.disclosure.groups import UNKNOWN, count_of, quantities_of, range_of
from publication.disclosure.people import People
from publication.disclosure.ranges import UNBOUNDED, Range, total
from publication.disclosure.rules import PARTS, RELATED, Hidden, Rules, hide, span_of
from publication.disclosure.systems import Fact, contradict, implied, narrowed, of_groups
from publication.inputs import Row

Key = tuple[str, str]
_ENDS = ("excess", "shortfall")
# What an id of a former version that runs beside its successor ends with.
_VERSION = re.compile(r"_v[0-9]+$")


@dataclass(frozen=True)
class Member:
    """One indicator of a family. `words`: of each of its counts the people it is made of; none where not said."""

    indicator_id: str
    family: str
    lead: bool
    method: Method
    words: Mapping[str, frozenset[str]]

    def facts(
        self, ranges: Mapping[str, Range], exact: Mapping[str, int], few: frozenset[str] = frozenset(), *, hidden: bool
    ) -> list[Fact]:
        return [Fact(words, ranges[name], exact[name], hidden, name in few) for name, words in self.words.items()]

    def counts(self, row: Row) -> dict[str, int]:
        """Its counts of people, from exact parts."""
        top, bottom = Decimal(row["numerator"]), Decimal(row["denominator"])
        return {
            name: count_of(top, bottom, name, self.method)
            for name in quantities_of(self.method) if name not in _ENDS
        }  # fmt: skip


def _member(name: str, entry: Mapping[str, Any], rules: Rules) -> Member:
    method = Method.of(entry, rules)
    family = str(entry.get("family") or name)
    words = {
        quantity: frozenset(str(entry.get(f"{quantity}_counts") or "").split())
        for quantity in ("numerator", "denominator")
    }
    if method.statistic in PARTS and all(words.values()):
        words["rest"] = words["denominator"] - words["numerator"]
    asked = quantities_of(method)
    said = {quantity: found for quantity, found in words.items() if found and quantity in asked}
    return Member(name, family, bool(entry.get("family_lead")) or family == name, method, said)


def families_of(
    catalogue: Mapping[str, Mapping[str, Any]], exempt: frozenset[str], rules: Rules
) -> dict[str, list[Member]]:
    """Families of two or more indicators that are not openly published: their members, the lead first."""
    found: dict[str, list[Member]] = {}
    for name, entry in sorted(catalogue.items()):
        if name not in exempt:
            member = _member(name, entry, rules)
            found.setdefault(member.family, []).append(member)
    return {
        family: sorted(members, key=lambda one: (not one.lead, one.indicator_id))
        for family, members in found.items() if len(members) > 1
    }  # fmt: skip


# --- an area's figures --------------------------------------------------------------------------------------------


def _has_counts(row: Row) -> bool:
    return row["marker"] not in ("w", "z") and None not in (row["numerator"], row["denominator"])


class _Series:
    """One member's figures of one area: exact, and as they would be published."""

    def __init__(self, member: Member, exact: Sequence[Row], shown: Sequence[Row], people: People) -> None:
        self.people = people
        self.member, self.exact = member, {(row["period_kind"], row["period_id"]): row for row in exact}
        self.shown = {(row["period_kind"], row["period_id"]): row for row in shown}
        self.kind = base_kind(exact)
        self.base = [row for row in exact if row["period_kind"] == self.kind]
        # what is counted on one day is the sum of nothing
        self.additive = not member.method.by_last_day and are_sums(exact, self.base, self.kind)
        self.places: dict[tuple[date, date], list[Key]] = {}
        for key, row in sorted(self.exact.items(), key=lambda item: KINDS.index(item[0][0])):
            self.places.setdefault(member.method.moment(row), []).append(key)

    def at(self, key: Key) -> Row | None:
        """Its exact figure of a period, under whatever kind of period it has that figure; one that is fit first."""
        same = self.places.get(self.member.method.moment({"period_kind": key[0], "period_id": key[1]}), [])
        found = [self.exact[place] for place in sorted(same, key=lambda place: place != key)]
        return min(found, key=lambda row: not _has_counts(row), default=None)

    def _parts(self, row: Row) -> list[Row]:
        """The figures whose publication decides what is known of one: itself, or those it is the sum of."""
        if row["period_kind"] == self.kind:
            return [row]
        parts = summed_parts(row, self.base, self.kind, self.member.method, additive=self.additive)
        # a sum is shown of parts that are all shown; else the figure by itself
        whole = all(self.shown[part["period_kind"], part["period_id"]]["value"] is not None for part in parts)
        return parts if parts and whole else [row]

    def facts(self, key: Key) -> list[Fact]:
        """What a reader knows of the counts of a period; nothing of one that is withheld or has none."""
        row = self.at(key)
        if row is None or not self.member.words:
            return []
        parts = self._parts(row)
        # too few for a standardised rate is a small count as well; a withheld figure is looked after elsewhere
        if not all(_has_counts(one) for one in (row, *parts)):
            return []
        exact = self.member.counts(row)
        if any(sum(self.member.counts(part)[name] for part in parts) != count for name, count in exact.items()):
            return []  # a part of the period has no figure: its sum says nothing of the whole
        cells = [self._cell(part) for part in parts]
        ranges = {name: total([range_of(cell, name, self.member.method) for cell in cells]) for name in exact}
        few = cells[0].few if len(cells) == 1 else frozenset()
        return self.member.facts(ranges, exact, few, hidden=any(cell.value is None for cell in cells))

    def _cell(self, row: Row) -> Cell:
        few = of_few(row, self.member.method, self.people.get(row["figure_id"]))
        return published_cell(self.shown[row["period_kind"], row["period_id"]], row, few)

    def pieces(self, key: Key) -> list[tuple[Key, list[Fact]]]:
        """The same, figure by figure: those a period is the sum of, or itself and the shorter ones inside it, which are
        known also where the period has no figure of its own."""
        row = self.at(key)
        found = self._parts(row) if row is not None and self.facts(key) else []
        if self.member.words and self.additive and key[0] != self.kind and found in ([], [row]):
            inside = parts_of({"period_kind": key[0], "period_id": key[1]}, self.base)
            found = [*found, *(one for one in inside if self.facts((one["period_kind"], one["period_id"])))]
        pieces = []
        for one in found:
            place, exact = (one["period_kind"], one["period_id"]), self.member.counts(one)
            cell = self._cell(one)
            ranges = {name: range_of(cell, name, self.member.method) for name in exact}
            pieces.append((place, self.member.facts(ranges, exact, cell.few, hidden=cell.value is None)))
        return pieces

    def still_shown(self, key: Key) -> list[tuple[int, Key]]:
        """Figures that say something of a period and could be hidden, with their size, smallest first."""
        found = []
        row = self.at(key)
        for part in self._parts(row) if row is not None else ():
            place = (part["period_kind"], part["period_id"])
            if self.shown[place]["value"] is not None and None not in (part["numerator"], part["denominator"]):
                found.append((min(self.member.counts(part).values(), default=0), place))
        return sorted(found)

    def tells(self, key: Key) -> bool:
        """Whether its figure of a period is shown with nothing left out of it."""
        row = self.at(key)
        if row is None or None in (row["numerator"], row["denominator"]):
            return False
        places = [(one["period_kind"], one["period_id"]) for one in (row, *self._parts(row))]
        return all(self.shown[place]["value"] is not None for place in places)

    def counts_at(self, key: Key) -> dict[str, int]:
        row = self.at(key)
        return {} if row is None else self.member.counts(row)

    def follows(self, leader: _Series | None, others: Sequence[_Series]) -> list[Key]:
        """Periods to hide of a member that does not say whom it counts: where the one it follows has no figure that is
        shown whole, and where it differs from another by a small count."""
        found = []
        most = self.member.method.rules.largest_hidden
        for key, row in self.exact.items():
            if self._parts(row) != [row] or not self.still_shown(key):
                continue
            if leader is None or not leader.tells(key):
                found.append(key)
                continue
            mine = self.member.counts(row)
            beside = [other.counts_at(key) for other in (leader, *others) if other.tells(key)]
            if any(0 < abs(mine[name] - theirs[name]) <= most for theirs in beside for name in mine.keys() & theirs):
                found.append(key)
        return found


def _month_by_month(series: Sequence[_Series], key: Key) -> tuple[Fact, ...]:
    """What is known where the shortest figures of the members are not of one kind: of a quarter of one and the months
    of another. A word stands for people of one month. Longer periods are sums of these and say nothing more.
    """
    over_time = [one for one in series if not one.member.method.by_last_day]
    kinds = {one.kind for one in over_time}
    if len(kinds) < 2 or key[0] != max(kinds, key=KINDS.index):
        return ()
    pieces = [one.pieces(key) for one in over_time]
    found = []
    for place, facts in (piece for mine in pieces for piece in mine):
        start, end = span_of({"period_kind": place[0], "period_id": place[1]})
        months = [month.label for month in months_between(month_of(start), month_of(end))]
        found += [of_groups(fact, months) for fact in facts]
    return tuple(found)


def _few_between(facts: Sequence[Fact], rules: Rules) -> tuple[frozenset[str], ...]:
    """Small counts that shown figures leave between them, whatever their rounding says of them: were one hidden only
    where the rounding narrows it, its marker would say that it does."""
    shown = [fact for fact in facts if not fact.hidden]
    return tuple(words for words, count in implied(shown) if 0 < count <= rules.largest_hidden)


def _fallen(series: Sequence[_Series], key: Key, facts: tuple[Fact, ...], rules: Rules) -> tuple[frozenset[str], ...]:
    """What falls to the attack in one period. Where the words are not true of the data nothing can be proved: then
    everything beside the lead falls."""
    by_month = _month_by_month(series, key)
    if not contradict(facts) and not contradict(by_month):
        fallen = [frozenset(word.rpartition("/")[2] for word in words) for words in narrowed(by_month, rules)]
        return (*_few_between(facts, rules), *narrowed(facts, rules, tuple(implied(facts))), *fallen)
    beside = [one for one in series if one.member.words and not one.member.lead and one.still_shown(key)]
    return tuple(words for one in beside for words in one.member.words.values())


def _followed(series: Sequence[_Series], rules: Rules) -> dict[str, set[Key]]:
    """The periods to hide of members that do not say whom they count. A former version follows its successor, whatever
    else says nothing the lead."""
    found: dict[str, set[Key]] = {}
    if len(series) < 2:
        return found  # nothing stands beside it
    by_name = {one.member.indicator_id: one for one in series}
    lead = next((one for one in series if one.member.lead), None)
    silent = [one for one in series if not one.member.words and not one.member.lead]
    for place, one in enumerate(silent):
        leader = by_name.get(_VERSION.sub("", one.member.indicator_id), lead)
        leader = lead if leader is one else leader
        others = [other for other in series if other.member.words or other in silent[:place]]
        found[one.member.indicator_id] = set(one.follows(leader, others))
    return found


def _next_hidden(series: Sequence[_Series], rules: Rules) -> dict[str, set[Key]]:
    """Of every period in which something falls to the attack, the figure to hide next."""
    found = _followed(series, rules)
    for key in sorted({key for one in series for key in one.exact}):
        told = [one.facts(key) for one in series]
        for words in _fallen(series, key, tuple(fact for facts in told for fact in facts), rules)[:1]:
            choice = [
                (one.member.lead, words in _few_between(_without(told, place), rules),
                 not any(words & mine for mine in one.member.words.values()), *shown[0], one.member.indicator_id)
                for place, one in enumerate(series) if one.member.words and (shown := one.still_shown(key))
            ]  # fmt: skip
            if choice:
                *_, place, name = min(choice)
                found.setdefault(str(name), set()).add(place)
    return {name: keys for name, keys in found.items() if keys}


def _without(told: Sequence[Sequence[Fact]], place: int) -> list[Fact]:
    return [fact for at, facts in enumerate(told) if at != place for fact in facts]


def guarded_periods(
    by_series: Mapping[tuple[Any, ...], Sequence[Row]], catalogue: Mapping[str, Mapping[str, Any]],
    exempt: frozenset[str], rules: Rules, people: People | None = None,
) -> dict[tuple[str, str], frozenset[Key]]:  # fmt: skip
    """(indicator, area) -> (kind, id) of the periods to hide because of related indicators.

    by_series: exact rows by indicator and area; not changed. What an indicator hides by itself is not in it.
    """
    found: dict[tuple[str, str], frozenset[Key]] = {}
    for members in families_of(catalogue, exempt, rules).values():
        for area in sorted({area for name, area in by_series if name in {one.indicator_id for one in members}}):
            mine = [one for one in members if (one.indicator_id, area) in by_series]
            hidden: dict[str, set[Key]] = {one.indicator_id: set() for one in mine}
            series = {
                one.indicator_id: _tried(one, by_series[one.indicator_id, area], catalogue, rules, people, set())
                for one in mine
            }
            while len(mine) > 1 and (more := _next_hidden(list(series.values()), rules)):
                for name, keys in sorted(more.items()):
                    hidden[name] |= keys
                    member = series[name].member
                    rows = by_series[name, area]
                    series[name] = _tried(member, rows, catalogue, rules, people, hidden[name])
            found |= {(name, area): frozenset(keys) for name, keys in hidden.items() if keys}
    return found


def _tried(
    member: Member, rows: Sequence[Row], catalogue: Mapping[str, Mapping[str, Any]], rules: Rules,
    people: People | None, hidden: set[Key],
) -> _Series:  # fmt: skip
    shown = [dict(row) for row in rows]
    protect_small_counts(shown, catalogue[member.indicator_id], rules, people, hidden)
    return _Series(member, rows, shown, people or {})


# --- groups -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """One member's groups of one period. `clean`: everything in it is shown, and nobody few is left over."""

    member: Member
    span: tuple[date, date]
    clean: bool
    facts: Mapping[str, tuple[Fact, ...]]

    def is_beside(self, other: _Table) -> bool:
        """Whether the two are of one period, or one is of its last day alone."""
        by_day = self.member.method.by_last_day or other.member.method.by_last_day
        return self.span[1] == other.span[1] and (by_day or self.span == other.span)


@dataclass
class Shelf:
    """The tables of groups that are shown so far, family by family; the lead's come first."""

    members: Mapping[str, Member]
    rules: Rules
    tables: dict[tuple[str, str, str], list[_Table]] = field(default_factory=dict)

    def admit(self, rows: Sequence[Row], exact: Mapping[str, Row], area: Row) -> list[Hidden]:
        """Hide, in place, a table that cannot stand beside those of its kin; returns what was hidden.

        rows: the groups of one breakdown as they would be published. exact: the same by figure id, exactly. area: the
        area's figure, exactly.
        """
        member = self.members.get(rows[0]["indicator_id"])
        if member is None:
            return []
        beside = self.tables.setdefault((member.family, rows[0]["area_code"], rows[0]["breakdown_kind"]), [])
        table = self._table(member, rows, exact, area)
        kin = [one for one in beside if one.member != member and one.span[0] <= table.span[1]
               and table.span[0] <= one.span[1]]  # fmt: skip
        if not kin or self._nothing_to_find([*kin, table]):
            beside.append(table)
            return []
        taken = [row for row in rows if row["value"] is not None]
        for row in taken:
            hide(row, RELATED)
        return [
            Hidden(row["figure_id"], "value", "Hidden because the groups of a related indicator are shown.")
            for row in taken
        ]

    def _table(self, member: Member, rows: Sequence[Row], exact: Mapping[str, Row], area: Row) -> _Table:
        given = [exact[row["figure_id"]] for row in rows]
        if any(None in (one["numerator"], one["denominator"]) for one in (area, *given)):
            return _Table(member, span_of(area), False, {})
        counts = {one["breakdown_group"]: member.counts(one) for one in given}
        left = {name: whole - sum(one[name] for one in counts.values()) for name, whole in member.counts(area).items()}
        everybody = {**counts, UNKNOWN: left}
        few = any(0 < count <= self.rules.largest_hidden for one in everybody.values() for count in one.values())
        anything = dict.fromkeys(left, Range(0, UNBOUNDED))
        return _Table(
            member, span_of(area), not few and all(row["value"] is not None for row in rows),
            {group: tuple(member.facts(anything, one, hidden=False)) for group, one in everybody.items()},
        )  # fmt: skip

    def _nothing_to_find(self, tables: Sequence[_Table]) -> bool:
        """Whether no table hides anything and no two of the same period leave a small count between them."""
        if not all(one.clean and one.member.words for one in tables):
            return False
        same = [one for one in tables if one.is_beside(tables[-1])]
        for group in sorted({group for one in same for group in one.facts}):
            facts = [fact for one in same for fact in one.facts.get(group, ())]
            # nobody between two tables is too few as well: otherwise showing a table would say that there is nobody
            few = any(count <= self.rules.largest_hidden for _, count in implied(facts))
            if few and any(fact.exact for fact in facts):
                return False
        return True


def shelf_of(catalogue: Mapping[str, Mapping[str, Any]], exempt: frozenset[str], rules: Rules) -> Shelf:
    """An empty shelf for the families of a catalogue."""
    return Shelf(
        {one.indicator_id: one for kin in families_of(catalogue, exempt, rules).values() for one in kin}, rules
    )


def shelf_order(catalogue: Mapping[str, Mapping[str, Any]], name: str) -> tuple[str, bool, str]:
    """Sorts indicators by family, the lead of each first."""
    member = _member(name, catalogue[name], Rules())
    return member.family, not member.lead, name


# --- the second look ----------------------------------------------------------------------------------------------


def leaks_between(
    measures: Sequence[Row], parts: Sequence[Row], truth: Mapping[str, Row], catalogue: Mapping[str, Mapping[str, Any]],
    exempt: frozenset[str] = frozenset(), rules: Rules | None = None, people: People | None = None,
) -> list[str]:  # fmt: skip
    """Areas, periods and groups in which the published figures of a family together narrow a small count down.

    measures, parts: rows as published. truth: figure id to the exact row, of both. people: see `people_behind`.
    """
    rules = rules or Rules()
    told = _not_alike([*measures, *parts], catalogue, exempt, rules)
    for family, members in sorted(families_of(catalogue, exempt, rules).items()):
        names = {one.indicator_id for one in members}
        for area in sorted({row["area_code"] for row in measures if row["indicator_id"] in names}):
            series = []
            for one in members:
                mine = [r for r in measures if (r["indicator_id"], r["area_code"]) == (one.indicator_id, area)]
                if mine:
                    series.append(_Series(one, [truth[row["figure_id"]] for row in mine], mine, people or {}))
            for key in sorted({key for one in series for key in one.exact}):
                facts = tuple(fact for one in series for fact in one.facts(key))
                by_month = _month_by_month(series, key)
                shown = [one.member for one in series if one.member.words and one.still_shown(key)]
                if contradict(facts) or contradict(by_month):
                    # words that are not true of the data prove nothing: only that nothing stands beside the lead
                    leaks = any(not member.lead for member in shown)
                else:
                    leaks = bool(shown) and bool(
                        _few_between(facts, rules)
                        or narrowed(facts, rules, tuple(implied(facts)))
                        or narrowed(by_month, rules)
                    )
                if leaks:
                    told.append(f"{family} {area} {key[1]}")
            followed = _followed(series, rules)
            told += [f"{name} {area} {key[1]}" for name, keys in sorted(followed.items()) for key in sorted(keys)]
        told += _leaks_of_groups(family, members, measures, parts, truth, rules, people or {})
    return told


def _not_alike(
    rows: Sequence[Row], catalogue: Mapping[str, Mapping[str, Any]], exempt: frozenset[str], rules: Rules
) -> list[str]:
    """Figures that stand under two kinds of period, hidden under one of them, or shown as two values."""
    methods = {name: Method.of(entry, rules) for name, entry in catalogue.items() if name not in exempt}
    same: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        # withheld and missing ones say nothing of how many people there are
        if row["indicator_id"] in methods and row["marker"] not in ("w", "x", "z"):
            group = (row.get("breakdown_kind"), row.get("breakdown_group"))
            moment = methods[row["indicator_id"]].moment(row)
            same.setdefault((row["indicator_id"], row["area_code"], *group, moment), []).append(row)
    return [
        f"{mine[0]['indicator_id']} {mine[0]['area_code']} {' and '.join(row['period_id'] for row in mine)}"
        for mine in same.values() if len({row["value"] for row in mine}) > 1
    ]  # fmt: skip


def _leaks_of_groups(
    family: str, members: Sequence[Member], measures: Sequence[Row], parts: Sequence[Row], truth: Mapping[str, Row],
    rules: Rules, people: People,
) -> list[str]:  # fmt: skip
    """Tables of groups of one family that leak together: one system over all groups, the area's counts known."""
    by_name = {one.indicator_id: one for one in members}
    areas = {(row["indicator_id"], row["area_code"], _key(row)): truth[row["figure_id"]] for row in measures}
    tables: dict[tuple[str, str], dict[tuple[str, Key], list[Row]]] = {}
    for row in parts:
        if row["indicator_id"] in by_name:
            mine = tables.setdefault((row["area_code"], row["breakdown_kind"]), {})
            mine.setdefault((row["indicator_id"], _key(row)), []).append(row)
    told = []
    for (area, kind), every in sorted(tables.items()):
        for key in sorted({key for _, key in every}):
            shown = _tables_beside(key, every, by_name)
            if len(shown) > 1 and _leak_in_groups(shown, areas, area, by_name, rules, truth, people):
                told.append(f"{family} {area} {key[1]} by {kind}")
    return told


def _key(row: Row) -> Key:
    return row["period_kind"], row["period_id"]


def _tables_beside(
    key: Key, tables: Mapping[tuple[str, Key], list[Row]], members: Mapping[str, Member]
) -> dict[str, list[Row]]:
    """Of each member its table of a period, under whatever kind of period it has it, where anything of it is shown."""
    found: dict[str, list[Row]] = {}
    asked = {"period_kind": key[0], "period_id": key[1]}
    for (name, _), rows in sorted(tables.items()):
        method = members[name].method
        if method.moment(rows[0]) == method.moment(asked) and any(row["value"] is not None for row in rows):
            found.setdefault(name, rows)
    return found


def _leak_in_groups(
    shown: Mapping[str, Sequence[Row]], areas: Mapping[tuple[str, str, Key], Row], area: str,
    members: Mapping[str, Member], rules: Rules, truth: Mapping[str, Row], people: People,
) -> bool:  # fmt: skip
    groups = sorted({row["breakdown_group"] for rows in shown.values() for row in rows})
    by_group: dict[str, list[Fact]] = {group: [] for group in groups}
    sums: list[Fact] = []
    for name, rows in sorted(shown.items()):
        whole = areas[name, area, _key(rows[0])]
        exact = [truth[row["figure_id"]] for row in rows]
        if any(None in (one["numerator"], one["denominator"]) for one in (whole, *exact)):
            continue
        for row, one in zip(rows, exact, strict=True):
            few = of_few(one, members[name].method, people.get(row["figure_id"]))
            by_group[row["breakdown_group"]] += _facts_of_group(members[name], row, one, few)
        sums += _facts_of_all(members[name], whole, [*groups, UNKNOWN])
    facts = tuple(fact for mine in by_group.values() for fact in mine) + tuple(sums)
    between = tuple(count for mine in by_group.values() for count in implied(mine))
    return bool(narrowed(facts, rules, between))


def _facts_of_group(member: Member, row: Row, exact: Row, few: frozenset[str]) -> list[Fact]:
    cell, counts = published_cell(row, exact, few), member.counts(exact)
    ranges = {name: range_of(cell, name, member.method) for name in counts}
    facts = member.facts(ranges, counts, few, hidden=cell.value is None)
    return [of_groups(fact, [row["breakdown_group"]]) for fact in facts]


def _facts_of_all(member: Member, whole: Row, groups: Sequence[str]) -> list[Fact]:
    counts = member.counts(whole)
    exactly = {name: Range(count, count) for name, count in counts.items()}
    return [of_groups(fact, groups) for fact in member.facts(exactly, counts, hidden=False)]
