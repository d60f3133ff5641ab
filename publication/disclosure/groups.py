"""The parts of an area's figure (networks, deprivation fifths, age groups): hidden, rounded, and tried by attack.

Belongs here: which periods are shown in parts, and hiding until nothing can be subtracted. Not here: the area's own
figures (`areas`).

Parts are shown for financial years and one year of twelve months, never for months or quarters. No total is printed
with them: the area's figure stands beside. The attack grants the reader the area's exact count, because a published
score may give it away, and the knowledge which parts were hidden for being small.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from decimal import Decimal
from typing import Any

from publication.disclosure.areas import Cell, Method, alone, from_end
from publication.disclosure.people import People
from publication.disclosure.ranges import UNBOUNDED, Range, keeps_its_range, of_hidden, of_rest, of_shown, total
from publication.disclosure.rules import HIDDEN, NO_LIMITS, PARTS, PROTECTS, Hidden, Rules, blank, hide
from publication.disclosure.systems import Fact, narrowed, of_groups
from publication.inputs import Row

UNKNOWN = "unknown"
SHOWN_KINDS = ("year", "rolling_year")
QUANTITIES = ("numerator", "denominator", "rest")
_PEOPLE = {
    "numerator": frozenset({"counted"}), "rest": frozenset({"not"}), "denominator": frozenset({"counted", "not"}),
}  # fmt: skip


def published_periods(rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
    """(kind, id) of the periods whose parts are shown: every financial year, and the twelve months that end last.

    Twelve months whose figures may still change give way to the last that may not, where there are any.
    """
    rolling = [row for row in rows if row["period_kind"] == "rolling_year" and row["marker"] not in HIDDEN]
    settled = [row for row in rolling if row["marker"] != "p"]
    last = max((row["period_id"] for row in settled or rolling), default=None)
    years = {("year", row["period_id"]) for row in rows if row["period_kind"] == "year"}
    return frozenset(years | ({("rolling_year", last)} if last else set()))


def quantities_of(method: Method) -> tuple[str, ...]:
    """The counts of people that a figure of this statistic shows or implies."""
    if method.statistic in PARTS:
        return QUANTITIES
    ends = tuple(method.from_ends(Decimal(0), Decimal(0)))
    return {"mean": ("denominator", *ends), "median": ()}.get(method.statistic, ("numerator",))


def count_of(numerator: Decimal, denominator: Decimal, quantity: str, method: Method) -> int:
    """One of the counts `quantities_of` names, from the exact parts of a figure."""
    if quantity in ("excess", "shortfall"):
        return int(method.from_ends(numerator, denominator)[quantity])
    return int({"numerator": numerator, "denominator": denominator, "rest": denominator - numerator}[quantity])


def range_of(cell: Cell, quantity: str, method: Method) -> Range:
    """What a reader knows of one count of a part."""
    rules = method.rules
    if cell.value is None:
        count = count_of(cell.exact_numerator, cell.exact_denominator, quantity, method)
        if quantity in cell.few and count > rules.largest_hidden:
            return Range(0, UNBOUNDED)
        if method.statistic in ("dsr", "mean") and quantity in QUANTITIES and count < rules.least_people:
            # the reason that stands there says that they are fewer than that
            return Range(0, rules.least_people - 1)
        return of_hidden(count, rules)
    if quantity in ("excess", "shortfall"):
        return from_end(cell, quantity, method)
    if quantity == "rest":
        return of_rest(cell.numerator or 0, cell.denominator or 0, rules)
    shown = cell.numerator if quantity == "numerator" else cell.denominator
    return Range(0, UNBOUNDED) if shown is None else of_shown(shown, rules)


class _Table:
    """One breakdown of one figure: its parts, the people without a part, and the area's exact counts."""

    def __init__(self, area: Row, rows: Sequence[Row], cells: dict[str, Cell], method: Method,
                 area_parts: Sequence[Cell]) -> None:  # fmt: skip
        self.rows, self.cells, self.method, self.area_parts = rows, cells, method, area_parts
        self.whole = {
            name: count_of(Decimal(area["numerator"]), Decimal(area["denominator"]), name, method)
            for name in quantities_of(method)
        }
        self.unknown: dict[str, Range] = {}
        for name, whole in self.whole.items():
            known = sum(count_of(c.exact_numerator, c.exact_denominator, name, method) for c in cells.values())
            rest = max(whole - known, 0)
            # nobody without a part is common knowledge; how many, when there are some, is not
            self.unknown[name] = Range(0, 0) if rest == 0 else of_hidden(rest, method.rules)

    def _open(self, name: str) -> bool:
        """Whether a reader could narrow down a hidden small count of this kind."""
        rules = self.method.rules
        ranges = [range_of(self.cells[row["figure_id"]], name, self.method) for row in self.rows]
        whole = Range(self.whole[name], self.whole[name])
        for place, row in enumerate(self.rows):
            cell = self.cells[row["figure_id"]]
            exact = count_of(cell.exact_numerator, cell.exact_denominator, name, self.method)
            small = cell.value is None and (exact <= rules.largest_hidden or name in cell.few)
            if small and not keeps_its_range(place, [*ranges, self.unknown[name]], whole, rules):
                return True
        unknown = self.unknown[name]
        if unknown != Range(0, 0) and unknown.high != UNBOUNDED and not keeps_its_range(
            len(ranges), [*ranges, unknown], whole, rules
        ):  # fmt: skip
            return True
        return self._opens_a_shorter_period(name, total([*ranges, unknown]))

    def _open_together(self) -> bool:
        """Whether numerators, denominators and those who were not counted narrow one down that none does alone."""
        if self.method.statistic not in PARTS:
            return False
        groups = [str(row["breakdown_group"]) for row in self.rows]
        facts = []
        for row, group in zip(self.rows, groups, strict=True):
            cell = self.cells[row["figure_id"]]
            for name, words in _PEOPLE.items():
                count = count_of(cell.exact_numerator, cell.exact_denominator, name, self.method)
                known = range_of(cell, name, self.method)
                facts.append(of_groups(Fact(words, known, count, cell.value is None, name in cell.few), [group]))
        for name, words in _PEOPLE.items():
            rest = self.whole[name] - sum(
                count_of(c.exact_numerator, c.exact_denominator, name, self.method) for c in self.cells.values()
            )
            facts.append(of_groups(Fact(words, self.unknown[name], max(rest, 0), True), [UNKNOWN]))
            whole = Range(self.whole[name], self.whole[name])
            facts.append(of_groups(Fact(words, whole, self.whole[name], False), [*groups, UNKNOWN]))
        return bool(narrowed(tuple(facts), self.method.rules))

    def _opens_a_shorter_period(self, name: str, whole: Range) -> bool:
        """Whether the parts together give the area's hidden month or quarter away."""
        rules = self.method.rules
        ranges = [range_of(cell, name, self.method) for cell in self.area_parts]
        return any(
            cell.value is None
            and (
                count_of(cell.exact_numerator, cell.exact_denominator, name, self.method) <= rules.largest_hidden
                or name in cell.few
            )
            and not keeps_its_range(place, ranges, whole, rules)
            for place, cell in enumerate(self.area_parts)
        )

    def protect(self) -> list[str]:
        """Hide further parts, smallest first, until nothing stands open; returns the ids of those."""
        taken: list[str] = []
        while any(self._open(name) for name in self.whole) or self._open_together():
            shown = [row for row in self.rows if self.cells[row["figure_id"]].value is not None]
            if not shown:
                return taken  # nothing of the table is shown, so it tells nothing
            smallest = min(shown, key=self._size)
            cell = self.cells[smallest["figure_id"]]
            self.cells[smallest["figure_id"]] = cell.hidden
            taken.append(smallest["figure_id"])
        return taken

    def _size(self, row: Row) -> tuple[int, str]:
        cell = self.cells[row["figure_id"]]
        counts = [count_of(cell.exact_numerator, cell.exact_denominator, name, self.method) for name in self.whole]
        return min(counts, default=0), str(row["breakdown_group"])


def protect_groups(
    rows: Sequence[Row], area: Row, shown_area: Row, catalogue: Mapping[str, Any], area_parts: Sequence[Cell] = (),
    rules: Rules | None = None, people: People | None = None, also_hidden: Container[str] = (),
) -> list[Hidden]:  # fmt: skip
    """Hide and round, in place, one breakdown of one area's figure of one period; returns what was hidden in defence.

    rows: the parts, without the people who belong to none. area, shown_area: the area's figure with its exact counts,
    and as it is published. area_parts: its months or quarters as published. also_hidden: ids of parts to hide besides.
    """
    method = Method.of(catalogue, rules or Rules())
    cells: dict[str, Cell] = {}
    for row in rows:
        cell = alone(row, method, (people or {}).get(row["figure_id"]))
        if row["marker"] in HIDDEN or shown_area["value"] is None or row["figure_id"] in also_hidden:
            cell = cell.hidden
        cells[row["figure_id"]] = cell
    defended: list[str] = []
    if area["numerator"] is not None and area["denominator"] is not None and quantities_of(method):
        defended = _Table(area, rows, cells, method, area_parts).protect()
    for row in rows:
        cell = cells[row["figure_id"]]
        if row["marker"] in HIDDEN:
            blank(row)
            continue
        row["lower"] = row["upper"] = None
        row["interval_method"] = NO_LIMITS
        if cell.value is None:
            # one reason for all: whoever reads it learns no more than that the part is not shown
            hide(row, PROTECTS)
            continue
        row["value"] = cell.value
        row["numerator"] = None if cell.numerator is None else Decimal(cell.numerator)
        row["denominator"] = None if cell.denominator is None else Decimal(cell.denominator)
    return [
        Hidden(name, "value", "Hidden so that a smaller group of the same table cannot be worked out.")
        for name in defended
    ]
