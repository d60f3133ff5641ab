"""What an outsider can work out about a withheld figure, and taking away as little as closes every way to it.

Belongs here: bounds over sums of periods and ratios, and closing what they leave open. Not here: small counts
(`areas`, `groups`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from publication.disclosure.rules import Hidden, Rules, blank, moment_of, multiplier_of
from publication.inputs import Row
from publication.wording import period_name


@dataclass
class _Node:
    """A sum over a period of one additive series: bounds an outsider can derive, and its parts."""

    low: Fraction = Fraction(0)
    high: Fraction | None = None
    parts: list[_Node] = field(default_factory=list)
    whole: bool = False

    def tighten(self, low: Fraction, high: Fraction | None) -> bool:
        changed = False
        if self.whole:
            low, high = Fraction(math.ceil(low)), None if high is None else Fraction(math.floor(high))
        if low > self.low:
            self.low, changed = low, True
        if high is not None and (self.high is None or high < self.high):
            self.high, changed = high, True
        return changed


def _sum_high(nodes: Iterable[_Node]) -> Fraction | None:
    total = Fraction(0)
    for node in nodes:
        if node.high is None:
            return None
        total += node.high
    return total


def _pass_bounds(node: _Node, *, down: bool) -> bool:
    """One sweep of sum = parts through a tree: upwards, or downwards. True when a bound moved."""
    changed = False
    if not node.parts:
        return changed
    if not down:
        for part in node.parts:
            changed |= _pass_bounds(part, down=False)
        return node.tighten(sum((p.low for p in node.parts), Fraction(0)), _sum_high(node.parts)) or changed
    for part in node.parts:
        others = [other for other in node.parts if other is not part]
        others_high = _sum_high(others)
        low = node.low - others_high if others_high is not None else Fraction(0)
        high = node.high - sum((o.low for o in others), Fraction(0)) if node.high is not None else None
        changed |= part.tighten(low, high)
    for part in node.parts:
        changed |= _pass_bounds(part, down=True)
    return changed


def _plant(spans: set[tuple[date, date]], last: date, whole: bool) -> dict[tuple[date, date], _Node]:
    """Nodes for nested spans, each with its direct parts, and an unknown part for days no span covers."""
    nodes = {span: _Node(whole=whole) for span in spans}
    for span, node in nodes.items():
        inside = [s for s in spans if s != span and span[0] <= s[0] and s[1] <= span[1]]
        direct = [s for s in inside if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in inside)]
        if not direct:
            continue
        node.parts = [nodes[s] for s in sorted(direct)]
        covered = sum((s[1] - s[0]).days + 1 for s in direct)
        if covered < (min(span[1], max(last, span[0])) - span[0]).days + 1:
            node.parts.append(_Node(whole=whole))
    return nodes


@dataclass(frozen=True)
class Figure:
    """One figure as the leak check sees it: a numerator and a denominator, each a sum over days.

    `numerator_series`/`denominator_series`: figures with the same series name count the same things, so that one
    indicator's parts can give another's away. `known_denominator`: the denominator is public in any case (days of
    a census). `value` None: nothing is shown.
    """

    figure_id: str
    span: tuple[date, date]
    last_day: date
    numerator_series: str
    denominator_series: str
    numerator: Fraction
    denominator: Fraction
    multiplier: int
    decimals: int
    known_denominator: bool
    shown_value: Fraction | None
    shown_numerator: Fraction | None
    shown_denominator: Fraction | None
    slack: Fraction = Fraction(0)  # shown parts may be this far from the exact ones (rounding to the nearest 5)

    @property
    def hidden(self) -> bool:
        return self.shown_value is None


def outsider_bounds(figures: Sequence[Figure], rounds: int = 60) -> dict[str, tuple[Fraction, Fraction | None]]:
    """What an outsider can conclude: for each hidden figure, the lowest and highest value it may have.

    Uses shown parts, shown values with their rounding, that a year is the sum of its quarters and a quarter of its
    months, and that people and days come in whole numbers. Bounds are exact within one series (sums of nested periods
    form a tree), and across series tied by a ratio never narrower than the truth.
    """
    spans: dict[str, set[tuple[date, date]]] = {}
    last: dict[str, date] = {}
    for figure in figures:
        for series in (figure.numerator_series, figure.denominator_series):
            spans.setdefault(series, set()).add(figure.span)
            last[series] = max(last.get(series, figure.last_day), figure.last_day)
    broken = {f.numerator_series for f in figures if f.numerator.denominator != 1}
    broken |= {f.denominator_series for f in figures if f.denominator.denominator != 1}
    forest = {series: _plant(found, last[series], series not in broken) for series, found in spans.items()}
    for figure in figures:
        top, bottom = forest[figure.numerator_series][figure.span], forest[figure.denominator_series][figure.span]
        if figure.shown_numerator is not None:
            top.tighten(figure.shown_numerator - figure.slack, figure.shown_numerator + figure.slack)
        if figure.known_denominator:
            bottom.tighten(figure.denominator, figure.denominator)
        elif figure.shown_denominator is not None:
            bottom.tighten(figure.shown_denominator - figure.slack, figure.shown_denominator + figure.slack)
    for _ in range(rounds):
        changed = False
        for figure in figures:
            if figure.shown_value is None:
                continue
            top, bottom = forest[figure.numerator_series][figure.span], forest[figure.denominator_series][figure.span]
            half = Fraction(1, 2 * 10**figure.decimals)
            low, high = figure.shown_value - half, figure.shown_value + half
            changed |= top.tighten(
                max(low, Fraction(0)) * bottom.low / figure.multiplier,
                high * bottom.high / figure.multiplier if bottom.high is not None else None,
            )
            changed |= bottom.tighten(
                top.low * figure.multiplier / high if high > 0 else Fraction(0),
                top.high * figure.multiplier / low if low > 0 and top.high is not None else None,
            )
        for nodes in forest.values():
            roots = set(map(id, nodes.values())) - {id(part) for node in nodes.values() for part in node.parts}
            for node in nodes.values():
                if id(node) in roots:
                    changed |= _pass_bounds(node, down=False)
                    changed |= _pass_bounds(node, down=True)
        if not changed:
            break
    bounds: dict[str, tuple[Fraction, Fraction | None]] = {}
    for figure in figures:
        if figure.hidden:
            top, bottom = forest[figure.numerator_series][figure.span], forest[figure.denominator_series][figure.span]
            lowest = top.low * figure.multiplier / bottom.high if bottom.high else Fraction(0)
            highest = top.high * figure.multiplier / bottom.low if top.high is not None and bottom.low > 0 else None
            bounds[figure.figure_id] = _as_its_twins(figure, figures, lowest, highest)
    return bounds


def _as_its_twins(
    figure: Figure, figures: Sequence[Figure], lowest: Fraction, highest: Fraction | None
) -> tuple[Fraction, Fraction | None]:
    """The bounds of a hidden figure beside the same one shown under another kind of period without its parts."""
    same = (figure.span, figure.numerator_series, figure.denominator_series)
    for other in figures:
        parts = (other.shown_numerator, other.known_denominator or other.shown_denominator)
        if other.shown_value is not None and None in parts and same == (
            other.span, other.numerator_series, other.denominator_series
        ):  # fmt: skip
            half = Fraction(1, 2 * 10**other.decimals)
            lowest = max(lowest, other.shown_value - half)
            ceiling = other.shown_value + half
            highest = ceiling if highest is None else min(highest, ceiling)
    return lowest, highest


def leaks(figures: Sequence[Figure], rules: Rules | None = None) -> list[str]:
    """Ids of hidden figures that an outsider can pin down to fewer printable values than the rules ask for."""
    rules = rules or Rules()
    found = []
    bounds = outsider_bounds(figures)
    for figure in figures:
        if not figure.hidden:
            continue
        low, high = bounds[figure.figure_id]
        if high is None:
            continue
        unit = 10**figure.decimals
        printable = int(high * unit + Fraction(1, 2)) - int(low * unit + Fraction(1, 2)) + 1
        if printable < rules.candidates:
            found.append(figure.figure_id)
    return found


def _figures(
    rows: Sequence[Row],
    truth: Mapping[str, Row],
    catalogue: Mapping[str, Mapping[str, Any]],
    exempt: frozenset[str],
    rules: Rules,
) -> list[Figure]:
    complete: dict[tuple[str, str], date] = {}
    for row in rows:
        if row.get("data_complete_as_at"):
            key = (row["indicator_id"], row["area_code"])
            complete[key] = max(complete.get(key, row["data_complete_as_at"]), row["data_complete_as_at"])
    figures = []
    for row in rows:
        exact, entry = truth[row["figure_id"]], catalogue[row["indicator_id"]]
        multiplier = multiplier_of(entry["unit"] or "", entry["statistic"] or "")
        numerator, denominator = exact["numerator"], exact["denominator"]
        last = complete.get((row["indicator_id"], row["area_code"]))
        if multiplier is None or entry["statistic"] == "median" or numerator is None or not denominator or last is None:
            continue  # not additive: no sum over periods gives it away
        census = entry["statistic"] == "census_mean"
        days = (row.get("covered_days") or 0) - (row.get("missing_days") or 0)
        place = f"{row['area_code']} up to {last} "
        figures.append(
            Figure(
                figure_id=row["figure_id"],
                span=moment_of(row, by_last_day=bool(entry.get("by_last_day"))),
                last_day=last,
                numerator_series=place + (entry["numerator_definition"] or row["indicator_id"] + " numerator"),
                denominator_series=place + (entry["denominator_definition"] or row["indicator_id"] + " denominator"),
                numerator=Fraction(numerator),
                denominator=Fraction(denominator),
                multiplier=multiplier,
                decimals=entry["value_decimals"],
                known_denominator=census and days == denominator,
                shown_value=None if row["value"] is None else Fraction(row["value"]),
                shown_numerator=None if row["numerator"] is None else Fraction(row["numerator"]),
                shown_denominator=None if row["denominator"] is None else Fraction(row["denominator"]),
                slack=Fraction(0) if row["indicator_id"] in exempt else Fraction(rules.nearest, 2),
            )
        )
    return figures


def _kin(figures: Sequence[Figure]) -> list[list[str]]:
    """Ids of figures that can give each other away, group by group: those tied by a series they share."""
    first: dict[str, str] = {}
    for figure in figures:
        ends = [figure.numerator_series, figure.denominator_series]
        while any(first.get(end, end) != end for end in ends):
            ends = [first.get(end, end) for end in ends]
        root = min(ends)
        for end in (*ends, figure.numerator_series, figure.denominator_series):
            first[end] = root
    groups: dict[str, list[str]] = {}
    for figure in figures:
        root = figure.numerator_series
        while first[root] != root:
            root = first[root]
        groups.setdefault(root, []).append(figure.figure_id)
    return list(groups.values())


def close_leaks(
    rows: Sequence[Row], truth: Mapping[str, Row], catalogue: Mapping[str, Mapping[str, Any]], exempt: frozenset[str],
    rules: Rules | None = None, independent: frozenset[str] = frozenset(),
) -> list[Hidden]:  # fmt: skip
    """Take away, in place, as little as closes every way to a withheld figure; returns what was taken.

    independent: figures that say nothing about a withheld one, because they are sums of other shown figures or no
    sums over time at all. First the exact parts of longer periods go, then those of shorter and neighbouring ones;
    only then whole values, longer periods first. Refused if a withheld figure still stands open, which means that a
    total is published whose parts are all published but one.
    """
    rules = rules or Rules()
    tried = [row for row in rows if row["figure_id"] not in independent]
    by_id = {row["figure_id"]: row for row in tried}
    # small counts of closed sources are looked after by their own rules
    primary = {
        row["figure_id"] for row in tried
        if row["value"] is None and (row["indicator_id"] in exempt or row["marker"] == "w")
    }  # fmt: skip
    taken: list[Hidden] = []
    for kin in _kin(_figures(tried, truth, catalogue, exempt, rules)):
        mine = primary & set(kin)
        if mine:
            taken += _close_kin([by_id[name] for name in kin], mine, truth, catalogue, exempt, rules)
    return taken


def _close_kin(
    rows: Sequence[Row], primary: set[str], truth: Mapping[str, Row], catalogue: Mapping[str, Mapping[str, Any]],
    exempt: frozenset[str], rules: Rules,
) -> list[Hidden]:  # fmt: skip
    by_id = {row["figure_id"]: row for row in rows}
    taken: list[Hidden] = []
    for _ in range(4 * len(rows) + 1):
        figures = _figures(rows, truth, catalogue, exempt, rules)
        open_ids = [name for name in leaks(figures, rules) if name in primary]
        if not open_ids:
            return taken
        target = next(figure for figure in figures if figure.figure_id == open_ids[0])
        row = by_id[target.figure_id]
        series = {target.numerator_series, target.denominator_series}
        related = [f for f in figures if series & {f.numerator_series, f.denominator_series} and not f.hidden]

        def length(figure: Figure) -> int:
            return (figure.span[1] - figure.span[0]).days

        longer = sorted(
            (f for f in related if f.span[0] <= target.span[0] and target.span[1] <= f.span[1]),
            key=lambda f: (length(f), f.figure_id),
        )
        shorter = sorted(
            (f for f in related if f not in longer and target.span[0] <= f.span[0] and f.span[1] <= target.span[1]),
            key=lambda f: (f.span, f.figure_id),
        )
        beside = sorted(
            (f for f in related if f not in longer and f not in shorter and longer
             and longer[-1].span[0] <= f.span[0] and f.span[1] <= longer[-1].span[1]),
            key=lambda f: (abs((f.span[0] - target.span[0]).days), f.figure_id),
        )  # fmt: skip
        hidden_name = f"{period_name(row['period_id'], row['period_kind'])}"
        with_parts = [
            f for f in (*longer, *shorter, *beside)
            if f.shown_numerator is not None or (f.shown_denominator is not None and not f.known_denominator)
        ]  # fmt: skip
        if with_parts:
            chosen = by_id[with_parts[0].figure_id]
            chosen["numerator"] = None
            if not with_parts[0].known_denominator:
                chosen["denominator"] = None
            taken.append(
                Hidden(
                    chosen["figure_id"], "numerator",
                    f"Its exact numerator is not shown, because with it the withheld figure for {hidden_name} "
                    "could be worked out.",
                )
            )  # fmt: skip
        elif longer or shorter:
            chosen = by_id[(longer or shorter)[0].figure_id]
            blank(chosen)
            chosen["marker"] = "w"
            chosen["reason"] = (
                f"Withheld because with it the figure for {hidden_name}, which is withheld, could be worked out."
            )
            taken.append(Hidden(chosen["figure_id"], "value", chosen["reason"]))
        else:
            break
    raise Refused(
        "a withheld figure could be worked out from what would be published: "
        + ", ".join(name for name in leaks(_figures(rows, truth, catalogue, exempt, rules), rules) if name in primary)
        + ".",
        "withhold another figure of the same year, or publish the withheld one.",
    )
