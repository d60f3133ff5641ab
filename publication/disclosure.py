"""What the public may see: markers, small counts, and nothing that gives a hidden figure away.

Belongs here: choosing and rounding cells of the public tables, and the proof that what is hidden cannot be
worked out from what is shown. Not here: deciding that a figure is unfit (the warehouse and the gate did) and
printing (the site does).

Two kinds of hiding meet here. A figure *withheld* for quality, or not available, keeps its row and its reason and
loses its digits. A *small count* from a source that is not openly published is hidden, the others are rounded to
the nearest 5, totals are the sums of the shown cells, rates come from rounded parts.
Source: NHS England's rules for hospital statistics, OpenSAFELY's for totals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from foundation.errors import Refused
from publication.columns import COMPLETENESS, INDICATORS, MEASURES, SPC_POINTS
from publication.inputs import ReleaseInputs, Row, rows_of, trimmed
from publication.wording import as_period, period_name, rounded, value_text

HIDDEN = ("w", "x", "c", "z")


@dataclass(frozen=True)
class Rules:
    """Settings of disclosure control. `candidates`: how many printable values a hidden figure must still be able
    to have, given everything that is shown."""

    largest_hidden: int = 7
    nearest: int = 5
    small_group: int = 100
    candidates: int = 3


@dataclass(frozen=True)
class Hidden:
    """One thing left out of the public view beyond what its marker already says."""

    figure_id: str
    what: str
    why: str


@dataclass(frozen=True)
class PublicView:
    """Rows of the public tables, ready to be written, and what was hidden to protect something else."""

    outcomes: list[Row]
    spc_points: list[Row]
    indicators: list[Row]
    completeness: list[Row]
    hidden: list[Hidden] = field(default_factory=list)
    exempt: frozenset[str] = frozenset()


# --- small counts -----------------------------------------------------------------------------------------------


def shown_count(count: Decimal | int, rules: Rules | None = None) -> int | None:
    """The count as shown: 0 stays 0, 1 to 7 is hidden (None), others go to the nearest 5."""
    rules = rules or Rules()
    exact = Decimal(count)
    if exact < 0:
        raise Refused("a count below zero cannot be shown.", "correct the numerator or denominator it came from.")
    if exact == 0:
        return 0
    if exact <= rules.largest_hidden:
        return None
    return int(rounded(exact / rules.nearest, 0)) * rules.nearest


def shown_total(cells: Iterable[int | None]) -> int | None:
    """Sum of the shown cells; hidden ones count nothing. None when every cell is hidden."""
    shown = [cell for cell in cells if cell is not None]
    return sum(shown) if shown else None


def shown_rate(
    numerator: int | None, denominator: int | None, multiplier: int, decimals: int, rules: Rules | None = None
) -> Decimal | None:
    """A percentage or rate from rounded parts. None where either part is hidden, where the group is empty, and
    where a small group would be shown as 0 % or 100 %."""
    rules = rules or Rules()
    if numerator is None or denominator is None or denominator == 0:
        return None
    if denominator < rules.small_group and numerator in (0, denominator):
        return None
    return rounded(Decimal(numerator) * multiplier / denominator, decimals)


def multiplier_of(unit: str, statistic: str) -> int | None:
    """By how much numerator over denominator is multiplied to give the value in its unit. None: not known."""
    if statistic == "census_mean":
        return 1
    words = unit.lower().replace(",", "").replace("_", " ")
    if words in ("percent", "per cent", "%") or words.startswith(("percent ", "per cent ", "% ")):
        return 100
    for part in words.split("per ")[1:]:
        first = part.split()[0] if part.split() else ""
        if first.isdigit():
            return int(first)
    return 1 if statistic == "ratio_of_sums" and "per" not in words.split() else None


def exempt_indicators(inputs: ReleaseInputs, measures: Sequence[Row]) -> frozenset[str]:
    """Indicators all of whose figures rest on openly published feeds alone.

    Judged by lineage: an indicator whose figures name no submission is not exempt.
    """
    feed_of = {item["submission_id"]: item["feed"] for item in inputs.data_cut.get("submissions", ())}
    feeds: dict[str, set[str | None]] = {}
    indicator_of = {row["figure_id"]: row["indicator_id"] for row in measures}
    for record in inputs.lineage.to_pylist():
        if (indicator := indicator_of.get(record["figure_id"])) is not None:
            feeds.setdefault(indicator, set()).add(feed_of.get(record["submission_id"]))
    return frozenset(name for name, found in feeds.items() if found <= set(inputs.openly_published))


def _blank(row: Row) -> None:
    for name in ("value", "numerator", "denominator", "lower", "upper"):
        row[name] = None


def _span(row: Mapping[str, object]) -> tuple[date, date]:
    period = as_period(str(row["period_id"]), str(row["period_kind"]))
    return period.start, period.end


def _parts_of_total(row: Row, rows: Sequence[Row]) -> list[Row]:
    """Rows of the next shorter kind that make up a row's covered days exactly; empty when they do not."""
    start, end = _span(row)
    end = min(end, row["data_complete_as_at"] or end)
    for kind in ("month",) if row["period_kind"] == "quarter" else ("quarter", "month"):
        inside = sorted(
            (other for other in rows if other["period_kind"] == kind and start <= _span(other)[0] <= end),
            key=lambda other: _span(other)[0],
        )
        reached = start
        for other in inside:
            if _span(other)[0] != reached:
                break
            reached = _span(other)[1] + timedelta(days=1)
        else:
            if inside and reached > end:
                return inside
    return []


def protect_small_counts(rows: Sequence[Row], catalogue: Row, rules: Rules | None = None) -> None:
    """Hide and round, in place, the rows of one indicator and area whose source is not openly published.

    Months are treated first; a quarter or year that its shorter periods make up exactly is the sum of their shown
    cells. Intervals are left out: exact limits give exact counts away.
    """
    rules = rules or Rules()
    census = catalogue["statistic"] == "census_mean"
    multiplier = multiplier_of(catalogue["unit"] or "", catalogue["statistic"] or "")
    shown: dict[str, tuple[int | None, int | None]] = {}
    for kind in ("month", "quarter", "year"):
        for row in [row for row in rows if row["period_kind"] == kind]:
            key = row["figure_id"]
            if row["marker"] in HIDDEN:
                shown[key] = (None, None)
                continue
            parts = _parts_of_total(row, rows) if kind != "month" else []
            exact_numerator, exact_denominator = row["numerator"], row["denominator"]
            row["lower"] = row["upper"] = None
            row["interval_method"] = "not published: limits would give the exact count away"
            if exact_numerator is None or exact_denominator is None or multiplier is None:
                shown[key] = (None, None)
            elif parts and all(part["marker"] not in ("w", "x", "z") for part in parts):
                numerator = shown_total(shown[part["figure_id"]][0] for part in parts)
                # days in a census are not people: they are never hidden
                denominator = (
                    int(exact_denominator) if census else shown_total(shown[part["figure_id"]][1] for part in parts)
                )
                shown[key] = (numerator, denominator)
            else:
                numerator = shown_count(exact_numerator, rules)
                denominator = int(exact_denominator) if census else shown_count(exact_denominator, rules)
                others = exact_denominator - exact_numerator
                if multiplier == 100 and 0 < others <= rules.largest_hidden:
                    numerator = None
                shown[key] = (numerator, denominator)
            numerator, denominator = shown[key]
            value = (
                rounded(Decimal(numerator) / denominator, catalogue["value_decimals"])
                if census and numerator is not None and denominator
                else None
                if census or multiplier is None
                else shown_rate(numerator, denominator, multiplier, catalogue["value_decimals"], rules)
            )
            if value is None:
                _blank(row)
                row["marker"] = "c"
                row["reason"] = "Confidential: the figure rests on too few people to be shown."
                shown[key] = (None, None)
            else:
                row["value"] = value
                row["numerator"], row["denominator"] = Decimal(str(numerator)), Decimal(str(denominator))


# --- nothing shown gives a hidden figure away -------------------------------------------------------------------

_Key = tuple[str, date, date]


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
            bounds[figure.figure_id] = (lowest, highest)
    return bounds


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


def _figures(rows: Sequence[Row], truth: Mapping[str, Row], catalogue: Mapping[str, Row], exempt: frozenset[str],
             rules: Rules) -> list[Figure]:  # fmt: skip
    complete: dict[tuple[str, str], date] = {}
    for row in rows:
        if row["data_complete_as_at"]:
            key = (row["indicator_id"], row["area_code"])
            complete[key] = max(complete.get(key, row["data_complete_as_at"]), row["data_complete_as_at"])
    figures = []
    for row in rows:
        exact, entry = truth[row["figure_id"]], catalogue[row["indicator_id"]]
        multiplier = multiplier_of(entry["unit"] or "", entry["statistic"] or "")
        numerator, denominator = exact["numerator"], exact["denominator"]
        last = complete.get((row["indicator_id"], row["area_code"]))
        if multiplier is None or numerator is None or not denominator or last is None:
            continue  # not additive: no sum over periods gives it away
        census = entry["statistic"] == "census_mean"
        days = (row["covered_days"] or 0) - (row["missing_days"] or 0)
        place = f"{row['area_code']} up to {last} "
        figures.append(
            Figure(
                figure_id=row["figure_id"],
                span=_span(row),
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


def close_leaks(rows: Sequence[Row], truth: Mapping[str, Row], catalogue: Mapping[str, Row], exempt: frozenset[str],
                rules: Rules | None = None) -> list[Hidden]:  # fmt: skip
    """Take away, in place, as little as closes every way to a withheld figure; returns what was taken.

    First the exact parts of longer periods, then those of shorter and neighbouring ones; only then whole values,
    longer periods first. Refused if a withheld figure still stands open, which means that a total is published
    whose parts are all published but one.
    """
    rules = rules or Rules()
    primary = {row["figure_id"] for row in rows if row["value"] is None}
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
            _blank(chosen)
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


# --- the view ---------------------------------------------------------------------------------------------------


def public_view(inputs: ReleaseInputs, rules: Rules | None = None) -> PublicView:
    """The public tables. Refused when an indicator is not in the catalogue or a withheld figure stands open."""
    rules = rules or Rules()
    indicators = rows_of(INDICATORS, inputs.indicators)
    catalogue: dict[str, Row] = {}
    for entry in indicators:  # ordered by version: the latest stays
        catalogue[entry["indicator_id"]] = entry
    rows = rows_of(MEASURES, inputs.measures)
    unknown = sorted({row["indicator_id"] for row in rows} - set(catalogue))
    if unknown:
        raise Refused(
            f"figures without a definition: {', '.join(unknown)}.", "add the indicator to the catalogue, or drop it."
        )
    truth = {row["figure_id"]: dict(row) for row in rows}
    exempt = exempt_indicators(inputs, rows)
    for row in rows:
        row["marker"] = row["marker"] or None
        decimals = catalogue[row["indicator_id"]]["value_decimals"]
        if row["marker"] in HIDDEN or row["value"] is None:
            if row["marker"] not in HIDDEN:
                row["marker"] = "x"
            _blank(row)
        for name in ("value", "lower", "upper"):
            if row[name] is not None:
                row[name] = rounded(row[name], decimals)
    for key in sorted({(row["indicator_id"], row["area_code"]) for row in rows}):
        if key[0] not in exempt:
            protect_small_counts([r for r in rows if (r["indicator_id"], r["area_code"]) == key], catalogue[key[0]],
                                 rules)  # fmt: skip
    hidden = close_leaks(rows, truth, catalogue, exempt, rules)
    for row in rows:
        row["value_text"] = value_text(row["value"], catalogue[row["indicator_id"]]["value_decimals"], row["marker"])
    by_id = {row["figure_id"]: row for row in rows}
    points = []
    for point in rows_of(SPC_POINTS, inputs.spc_points):
        outcome = by_id.get(point["figure_id"])
        if outcome is None or outcome["value"] is None:
            continue  # a withheld month is a gap, in the table as on the chart
        decimals = catalogue[point["indicator_id"]]["value_decimals"]
        point["value"] = outcome["value"]
        for name in ("centre_line", "lower_limit", "upper_limit"):
            if point[name] is not None:
                point[name] = trimmed(rounded(point[name], decimals + 1))
        points.append(point)
    return PublicView(rows, points, indicators, rows_of(COMPLETENESS, inputs.completeness), hidden, exempt)
