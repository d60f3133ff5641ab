"""An area's figures from sources that are not openly published: hidden, rounded, and added up from what is shown.

Belongs here: one indicator's figures of one area over all its periods. Not here: parts of an area (`groups`).

The shortest kind of period an indicator has is treated first. A longer period whose shorter ones make it up is the
sum of those that may be shown and of nothing else, so that it says nothing about those that may not. Where that
cannot be (a count of different people, a standardised rate, a median), every period stands alone, and one is hidden
when with the others it would narrow down a small count. What is counted on the last day of a period is one figure under
every kind of period that ends with it: hidden under all of them, or under none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from publication.disclosure.people import People
from publication.disclosure.ranges import UNBOUNDED, Range, keeps_its_range, of_rest, of_shown, total
from publication.disclosure.rules import (
    COHORT,
    HIDDEN,
    NO_LIMITS,
    OFF_QUARTER,
    OFF_YEAR,
    PARTS,
    PARTS_OF_A_WHOLE,
    PROTECTS,
    RATES,
    RELATED,
    TOO_FEW,
    Rules,
    blank,
    hide,
    moment_of,
    months_in,
    multiplier_of,
    shown_count,
    shown_rate,
    shown_total,
    span_of,
)
from publication.inputs import Row
from publication.wording import rounded

KINDS = ("month", "quarter", "year", "rolling_year")
FIRST_MONTH = 4  # of a financial year
_ENDS = ("excess", "shortfall")


@dataclass(frozen=True)
class Cell:
    """One figure as shown. `value` None: hidden. The exact parts are those of the cells it is made of. `few`: which of
    its counts are of events of too few people, however many events they are."""

    value: Decimal | None
    numerator: int | None
    denominator: int | None
    exact_numerator: Decimal
    exact_denominator: Decimal
    few: frozenset[str] = frozenset()

    @property
    def hidden(self) -> Cell:
        """The same with nothing shown."""
        return replace(self, value=None, numerator=None, denominator=None)


@dataclass(frozen=True)
class Method:
    """How an indicator's value follows from its parts."""

    statistic: str
    multiplier: int | None
    decimals: int
    rules: Rules
    # the lowest and the highest number one case can add to a mean; highest None: no end
    lowest: int = 0
    highest: int | None = None
    # whether a figure follows from the last day of its period alone
    by_last_day: bool = False
    # whether one person may have several of the events it counts
    repeats: bool = False

    @classmethod
    def of(cls, catalogue: Mapping[str, Any], rules: Rules) -> Method:
        statistic = str(catalogue["statistic"] or "")
        ends = [int(number) for number in str(catalogue.get("case_values") or "0").split()]
        return cls(
            statistic, multiplier_of(catalogue["unit"] or "", statistic), catalogue["value_decimals"], rules,
            ends[0], ends[1] if len(ends) > 1 else None, bool(catalogue.get("by_last_day")),
            bool(catalogue.get("events_repeat")) or statistic == "share_of_events",
        )  # fmt: skip

    def moment(self, row: Mapping[str, Any]) -> tuple[date, date]:
        """First and last day a figure is made of: rows with the same ones are one figure under several names."""
        return moment_of(row, by_last_day=self.by_last_day)

    def from_ends(self, top: Decimal, bottom: Decimal) -> dict[str, Decimal]:
        """How far a sum of cases lies above the least and below the most it could be. Of nought everybody is known."""
        found = {"excess": top - self.lowest * bottom}
        return found if self.highest is None else {**found, "shortfall": self.highest * bottom - top}

    @property
    def is_additive(self) -> bool:
        return self.statistic not in ("dsr", "median")

    def value_of(self, numerator: int | None, denominator: int | None) -> Decimal | None:
        """The value from its parts as shown; None where they do not give one that may be shown."""
        if numerator is None or not denominator or self.multiplier is None:
            return None
        if self.statistic in ("census_mean", *RATES):
            return rounded(Decimal(numerator) * self.multiplier / denominator, self.decimals)
        return shown_rate(numerator, denominator, self.multiplier, self.decimals, self.rules)


def of_few(row: Mapping[str, Any], method: Method, people: Mapping[str, int] | None) -> frozenset[str]:
    """Which counts of a figure are of events of too few people. people: how many there are; None: not known."""
    if (
        people is None
        or not method.repeats
        or method.statistic == "median"
        or None in (row["numerator"], row["denominator"])
    ):
        return frozenset()
    top, bottom = Decimal(row["numerator"]), Decimal(row["denominator"])
    counts = {"numerator": top}
    if method.statistic in PARTS:
        counts |= {"denominator": bottom, "rest": bottom - top}
    if method.statistic == "mean":
        counts = {"denominator": bottom}
    least = method.rules.least_people if method.statistic in ("dsr", "mean") else method.rules.largest_hidden + 1
    # nobody known behind a count that is not nought: the events that were given are not those it was made of
    return frozenset(name for name, count in counts.items() if count and people.get(name, 0) < least)


def alone(row: Mapping[str, Any], method: Method, people: Mapping[str, int] | None = None) -> Cell:
    """A figure hidden and rounded by itself. people: how many stand behind its counts, where its row does not say: of a
    median, and of events of which one person may have several."""
    few = of_few(row, method, people)
    cell = _by_its_counts(row, method, (people or {}).get("denominator"))
    return replace(cell.hidden, few=few) if few else cell


def _by_its_counts(row: Mapping[str, Any], method: Method, behind: int | None) -> Cell:
    rules, exact = method.rules, (row["numerator"], row["denominator"])
    numerator: int | None
    denominator: int | None
    if exact[0] is None or exact[1] is None:
        return Cell(None, None, None, Decimal(0), Decimal(0))
    top, bottom = Decimal(exact[0]), Decimal(exact[1])
    hidden = Cell(None, None, None, top, bottom)
    match method.statistic:
        case "median":
            if behind is None or behind < rules.least_people or row["value"] is None:
                return hidden
            return Cell(rounded(Decimal(row["value"]), method.decimals), None, None, top, bottom)
        case "mean":
            # a mean at an end of what a case can be says that every case is there, and one close by, all but a few
            if bottom < rules.least_people or min(method.from_ends(top, bottom).values()) <= rules.largest_hidden:
                return hidden
            return Cell(rounded(top / bottom, method.decimals), None, shown_count(bottom, rules), top, bottom)
        case "dsr":
            if top < rules.least_people or row["value"] is None:
                return hidden
            given = rounded(Decimal(row["value"]), method.decimals)
            return Cell(given, shown_count(top, rules), int(bottom), top, bottom)
        case "census_mean" | "crude_rate":
            # days of a census are not people, and the residents of an area are no small count
            numerator, denominator = shown_count(top, rules), int(bottom)
            if method.statistic in RATES and bottom < rules.least_population * months_in(row):
                return hidden
        case _:
            numerator, denominator = shown_count(top, rules), shown_count(bottom, rules)
            if method.statistic in PARTS_OF_A_WHOLE and 0 < bottom - top <= rules.largest_hidden:
                numerator = None
    value = method.value_of(numerator, denominator)
    return hidden if value is None else Cell(value, numerator, denominator, top, bottom)


def published_cell(row: Row, exact: Row, few: frozenset[str] = frozenset()) -> Cell:
    """The cell of a row as it is published, with the exact parts of the same row. few: see `of_few`."""
    numerator, denominator = (None if row[name] is None else int(row[name]) for name in ("numerator", "denominator"))
    unknown = exact["numerator"] is None or exact["denominator"] is None
    top, bottom = (Decimal(0), Decimal(0)) if unknown else (exact["numerator"], exact["denominator"])
    return Cell(row["value"], numerator, denominator, top, bottom, few)


def added_up(parts: Sequence[Cell], method: Method) -> Cell:
    """The sum of the parts that are shown, and the value that follows from it."""
    shown = [part for part in parts if part.value is not None]
    top = sum((part.exact_numerator for part in shown), Decimal(0))
    bottom = sum((part.exact_denominator for part in shown), Decimal(0))
    if not shown:
        return Cell(None, None, None, top, bottom)
    denominator = shown_total(part.denominator for part in shown)
    if method.statistic == "mean":
        return Cell(rounded(top / bottom, method.decimals), None, denominator, top, bottom)
    numerator = shown_total(part.numerator for part in shown)
    value = method.value_of(numerator, denominator)
    return Cell(value, *((numerator, denominator) if value is not None else (None, None)), top, bottom)


def base_kind(rows: Sequence[Mapping[str, Any]]) -> str:
    """The shortest kind of period there is."""
    kinds = {row["period_kind"] for row in rows}
    return next((kind for kind in KINDS if kind in kinds), KINDS[-1])


def parts_of(row: Mapping[str, Any], base: Sequence[Row]) -> list[Row]:
    """Figures of the base kind inside a longer period, in order. A base period without a row counted nobody."""
    start, end = span_of(row)
    inside = [other for other in base if start <= span_of(other)[0] and span_of(other)[1] <= end]
    return sorted(inside, key=lambda other: span_of(other)[0])


def _fits(row: Mapping[str, Any], kind: str) -> bool:
    """Whether a period begins and ends where periods of the base kind do."""
    start, end = span_of(row)
    return kind == "month" or (kind == "quarter" and start.month % 3 == 1 and end.month % 3 == 0)


def are_sums(rows: Sequence[Row], base: Sequence[Row], kind: str) -> bool:
    """Whether the longer periods are, in numerator and denominator, the sums of the shorter ones."""
    for row in rows:
        if row["period_kind"] == kind or not _fits(row, kind) or row["numerator"] is None or not row["denominator"]:
            continue
        parts = parts_of(row, base)
        if any(part["numerator"] is None or part["denominator"] is None for part in parts):
            continue
        if any(sum(part[name] for part in parts) != row[name] for name in ("numerator", "denominator")):
            return False
    return True


def from_end(cell: Cell, quantity: str, method: Method) -> Range:
    """What a shown mean says about the distance of its sum from an end: the mean and the number, both as rounded."""
    people = of_shown(cell.denominator or 0, method.rules)
    half = Decimal(1).scaleb(-method.decimals) / 2
    value = cell.value or Decimal(0)
    near, far = (
        (value - half - method.lowest, value + half - method.lowest)
        if quantity == "excess"
        else (Decimal(method.highest or 0) - value - half, Decimal(method.highest or 0) - value + half)
    )
    # a shown one lies more than a small count away, as the rules say, which the reader knows
    lowest = max(method.rules.largest_hidden + 1, math.ceil(near * int(people.low)))
    return Range(lowest, math.floor(far * int(people.high)))


def _range_of(row: Mapping[str, Any], exact: Decimal, cell: Cell, name: str, method: Method) -> Range:
    """What a reader knows of one count of a figure: its rounding, that it is small, or nothing."""
    if cell.value is not None and name == "rest":
        return of_rest(cell.numerator or 0, cell.denominator or 0, method.rules)
    if cell.value is not None and name in _ENDS:
        return from_end(cell, name, method)
    if cell.value is not None:
        shown = getattr(cell, name)
        return of_shown(int(shown), method.rules) if shown is not None else Range(0, UNBOUNDED)
    of_people = method.statistic in ("dsr", "mean") and name not in _ENDS
    highest = method.rules.least_people - 1 if of_people else method.rules.largest_hidden
    if row["marker"] == "w" or (exact > highest and name in cell.few):
        return Range(0, UNBOUNDED)
    if exact > highest:
        return Range(highest + 1, UNBOUNDED)
    return Range(int(exact > 0 and shows_nought(cell.exact_denominator, method)), highest)


def shows_nought(denominator: Decimal | int, method: Method) -> bool:
    """Whether a count of nobody is shown as 0, so that a hidden one is not nought."""
    return method.statistic not in PARTS or denominator >= method.rules.small_group


def _exact(cell: Cell, name: str, method: Method) -> Decimal:
    top, bottom = cell.exact_numerator, cell.exact_denominator
    if name in _ENDS:
        return method.from_ends(top, bottom)[name]
    return {"numerator": top, "denominator": bottom}.get(name, bottom - top)


def _counts_of(method: Method) -> tuple[str, ...]:
    """The counts of people that a longer figure tells of its parts."""
    if method.statistic in PARTS:
        return ("numerator", "denominator", "rest")
    if method.statistic == "mean":
        return ("denominator", *method.from_ends(Decimal(0), Decimal(0)))
    return ("numerator", "denominator") if method.statistic == "ratio_of_sums" else ("numerator",)


def _gives_away(row: Row, cell: Cell, parts: Sequence[Row], cells: Mapping[str, Cell], method: Method,
                *, union: bool, beside: Sequence[tuple[Row, Cell]] = ()) -> bool:  # fmt: skip
    """Whether a figure that stands alone narrows down a hidden small count among its parts.

    union: the whole counts each person once, so it is at most the sum of the parts, and may be less. beside: other
    longer figures that stand alone; the quarters inside this one are laid between it and its parts.
    """
    quarters = [one for one in beside if one[0]["period_kind"] == "quarter" != row["period_kind"]]
    inside = [(one, own) for one, own in quarters if _holds(row, one)]
    for name in _counts_of(method):
        whole = _range_of(row, _exact(cell, name, method), cell, name, method)
        if union:
            whole = Range(whole.low, UNBOUNDED)
        known = {
            part["figure_id"]: _range_of(
                part, _exact(cells[part["figure_id"]], name, method), cells[part["figure_id"]], name, method
            )
            for part in parts
        }
        between = [
            ([part for part in parts if _holds(one, part)],
             _range_of(one, _exact(own, name, method), own, name, method))
            for one, own in inside
        ]  # fmt: skip
        loose = [part for part in parts if not any(_holds(one, part) for one, _ in inside)]
        blocks = [*between, *(([part], known[part["figure_id"]]) for part in loose)]
        sums = [_within(own, total([known[part["figure_id"]] for part in mine])) for mine, own in blocks]
        for place, (mine, _) in enumerate(blocks):
            others = total([one for at, one in enumerate(sums) if at != place])
            left = _within(sums[place], Range(whole.low - others.high, whole.high - others.low))
            for at, part in enumerate(mine):
                one = cells[part["figure_id"]]
                small = one.value is None and part["marker"] != "w"
                few = _exact(one, name, method) <= method.rules.largest_hidden or name in one.few
                ranges = [known[other["figure_id"]] for other in mine]
                if small and few and not keeps_its_range(at, ranges, left, method.rules):
                    return True
    return False


def _holds(longer: Mapping[str, Any], shorter: Mapping[str, Any]) -> bool:
    (start, end), (first, last) = span_of(longer), span_of(shorter)
    return start <= first and last <= end


def _within(one: Range, other: Range) -> Range:
    return Range(max(one.low, other.low), min(one.high, other.high))


def _overlapping(row: Mapping[str, Any], base: Sequence[Row]) -> list[Row]:
    start, end = span_of(row)
    return [other for other in base if span_of(other)[0] <= end and start <= span_of(other)[1]]


def summed_parts(row: Row, base: Sequence[Row], kind: str, method: Method, *, additive: bool) -> list[Row]:
    """The shorter figures a longer period is shown as the sum of; none where it stands alone."""
    parts = parts_of(row, base)
    withheld = any(part["marker"] in ("w", "x", "z") for part in parts)
    return parts if additive and method.is_additive and _fits(row, kind) and not withheld else []


def _longer(row: Row, base: Sequence[Row], kind: str, cells: Mapping[str, Cell], method: Method,
            *, additive: bool, people: Mapping[str, int] | None, beside: Sequence[tuple[Row, Cell]],
            ) -> tuple[Cell, str, bool]:  # fmt: skip
    """The cell of a longer period, the reason if it is hidden, and whether it is a sum of shown cells."""
    parts = summed_parts(row, base, kind, method, additive=additive)
    if parts and all(cells[part["figure_id"]].value is not None for part in parts):
        return added_up([cells[part["figure_id"]] for part in parts], method), TOO_FEW, True
    # with a part that is not shown a sum of the others would be a smaller total: the figure itself, or none
    single = alone(row, method, people)
    if parts and single.value is None:
        return single, PROTECTS, False  # the same reason as below: it does not say that the figure itself is small
    if single.value is None or method.statistic == "median":
        return single, TOO_FEW, False
    near = _overlapping(row, base)
    small = [part for part in near if cells[part["figure_id"]].value is None and part["marker"] != "w"]
    nothing = single.hidden
    if additive and not _fits(row, kind):
        return (nothing, OFF_QUARTER, False) if small else (single, "", False)
    if additive and small and row["period_kind"] == "rolling_year" and span_of(row)[0].month != FIRST_MONTH:
        # two twelve months that overlap differ by a month that came and one that went
        return nothing, OFF_YEAR, False
    if method.statistic == "dsr" and small and len(small) < len(near):
        return nothing, PROTECTS, False  # a standardised rate cannot leave the hidden parts out
    if small and _gives_away(row, single, near, cells, method, union=not additive, beside=beside if additive else ()):
        return nothing, PROTECTS, False
    return single, "", False


def protect_small_counts(
    rows: Sequence[Row], catalogue: Mapping[str, Any], rules: Rules | None = None,
    people: People | None = None, also_hidden: Collection[tuple[str, str]] = (),
) -> frozenset[str]:  # fmt: skip
    """Hide and round, in place, the rows of one indicator and area whose source is not openly published.

    people: figure id to how many stand behind a median, and behind the counts of events that repeat; without it a
    median is not shown, and such counts are taken for people. Intervals are left out: exact limits give exact counts
    away. also_hidden: (kind, id) of periods to hide besides, because beside a related
    indicator they would give something away; they are left out of longer sums too. Returns the ids of figures that say
    nothing about any other figure of the series: sums of shown ones, and counts that are no sums over time.
    """
    rules = rules or Rules()
    method, counted = Method.of(catalogue, rules), people or {}
    # the same figure under another kind of period is hidden with it
    guarded_moments = {method.moment(row) for row in rows if (row["period_kind"], row["period_id"]) in also_hidden}
    kind = base_kind(rows)
    base = [row for row in rows if row["period_kind"] == kind]
    if kind != "year" and is_small_cohort(base, catalogue, rules):
        _show(_years_alone(rows, method, counted, guarded_moments))
        return frozenset()
    if method.by_last_day:
        _show(_of_last_days(rows, method, counted, guarded_moments))
        return frozenset()
    additive = are_sums(rows, base, kind)
    # read before anything is changed in place
    plan: list[tuple[Row, Cell, str, bool]] = []
    cells: dict[str, Cell] = {}
    for row in base:
        cell = alone(row, method, counted.get(row["figure_id"]))
        guarded = cell.value is not None and method.moment(row) in guarded_moments
        if row["marker"] in HIDDEN or guarded:
            cell = cell.hidden
        cells[row["figure_id"]] = cell
        plan.append((row, cell, RELATED if guarded else TOO_FEW, not (additive and method.is_additive)))
    apart: list[tuple[Row, Cell]] = []
    for row in sorted(rows, key=lambda row: KINDS.index(row["period_kind"])):
        if row["period_kind"] == kind:
            continue
        cell, reason, derived = _longer(
            row, base, kind, cells, method, additive=additive, people=counted.get(row["figure_id"]), beside=apart
        )
        if cell.value is not None and method.moment(row) in guarded_moments:
            cell, reason = cell.hidden, RELATED
        if cell.value is not None and not derived:
            apart.append((row, cell))
        plan.append((row, cell, reason, derived or not (additive and method.is_additive)))
    _show([(row, cell, reason) for row, cell, reason, _ in plan])
    return frozenset(row["figure_id"] for row, _, _, derived in plan if derived)


def is_small_cohort(base: Sequence[Mapping[str, Any]], catalogue: Mapping[str, Any], rules: Rules) -> bool:
    """Whether figures are of a closed cohort of so few people that only financial years are shown: fewer a month than
    the rules ask for, in any of the shortest periods there are."""
    if catalogue.get("population_basis") != "cohort":
        return False
    counts = [row["denominator"] / months_in(row) for row in base if row["denominator"] is not None]
    return not counts or min(counts) < rules.small_cohort


def _years_alone(
    rows: Sequence[Row], method: Method, people: People, guarded: Collection[tuple[date, date]]
) -> list[tuple[Row, Cell, str]]:
    """A financial year by itself, and nothing shorter; twelve months only where they are a financial year, because two
    of them that overlap would tell of a month."""
    years = {span_of(row) for row in rows if row["period_kind"] == "year"}
    plan = []
    for row in rows:
        cell = alone(row, method, people.get(row["figure_id"]))
        if span_of(row) not in years:
            plan.append((row, cell.hidden, COHORT))
        elif cell.value is not None and method.moment(row) in guarded:
            plan.append((row, cell.hidden, RELATED))
        else:
            plan.append((row, cell, TOO_FEW))
    return plan


def _of_last_days(
    rows: Sequence[Row], method: Method, people: People, guarded: Collection[tuple[date, date]]
) -> list[tuple[Row, Cell, str]]:
    """The cells of figures that follow from their last day alone: one cell under every kind of period."""
    by_day: dict[tuple[date, date], list[Row]] = {}
    for row in rows:
        by_day.setdefault(method.moment(row), []).append(row)
    plan = []
    for moment, mine in by_day.items():
        cells = [alone(row, method, people.get(row["figure_id"])) for row in mine]
        # one that is withheld or not there under one name may be fit under another
        fit = [
            cell.hidden if row["marker"] == "c" else cell
            for row, cell in zip(mine, cells, strict=True) if row["marker"] not in ("w", "x", "z")
        ]  # fmt: skip
        reason = ""
        if any(cell != fit[0] for cell in fit):
            reason = PROTECTS  # figures of one day that are not one belie the definition: nothing can be proved
        elif any(cell.value is None for cell in fit):
            reason = TOO_FEW
        elif moment in guarded:
            reason = RELATED
        for row, cell in zip(mine, cells, strict=True):
            nothing = cell.hidden
            plan.append((row, nothing if reason else cell, reason or TOO_FEW))
    return plan


def _show(plan: Sequence[tuple[Row, Cell, str]]) -> None:
    """Give rows, in place, the cell they are shown as, or the reason why they are not."""
    for row, cell, reason in plan:
        if row["marker"] in HIDDEN:
            blank(row)
            continue
        row["lower"] = row["upper"] = None
        row["interval_method"] = NO_LIMITS
        if cell.value is None:
            hide(row, reason)
            continue
        row["value"] = cell.value
        row["numerator"] = None if cell.numerator is None else Decimal(cell.numerator)
        row["denominator"] = None if cell.denominator is None else Decimal(cell.denominator)
