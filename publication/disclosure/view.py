"""The public tables: every figure as it may be shown.

Belongs here: putting the rules in order, for a release and for whoever wants to apply them to figures of their own.
Not here: the rules (`areas`, `groups`, `bounds`) and printing (the site).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from foundation.errors import Refused
from foundation.figures import parse_figure_id
from publication.columns import BREAKDOWNS, COMPLETENESS, INDICATORS, MEASURES, SPC_POINTS
from publication.disclosure.areas import Method, base_kind, of_few, parts_of, protect_small_counts, published_cell
from publication.disclosure.bounds import close_leaks
from publication.disclosure.evidence import Look
from publication.disclosure.families import Shelf, guarded_periods, leaks_between, shelf_of, shelf_order
from publication.disclosure.groups import UNKNOWN, protect_groups, published_periods
from publication.disclosure.history import Tried, try_release
from publication.disclosure.people import People, asked_of, people_behind, repeated_in
from publication.disclosure.rules import (
    BESIDE,
    HIDDEN,
    PROTECTS,
    RELATED,
    Hidden,
    Rules,
    blank,
    hide,
    moment_of,
    rules_of,
    span_of,
)
from publication.inputs import ReleaseInputs, Row, rows_of, series_part, trimmed
from publication.wording import rounded, value_text


@dataclass(frozen=True)
class Disclosed:
    """Area figures and their parts as they may be shown, in the order given, and what was hidden in defence."""

    measures: list[Row]
    breakdowns: list[Row]
    hidden: list[Hidden] = field(default_factory=list)
    exact: Mapping[str, Row] = field(default_factory=dict)


@dataclass(frozen=True)
class PublicView:
    """Rows of the public tables, ready to be written, and what was hidden to protect something else."""

    outcomes: list[Row]
    spc_points: list[Row]
    indicators: list[Row]
    completeness: list[Row]
    hidden: list[Hidden] = field(default_factory=list)
    exempt: frozenset[str] = frozenset()
    breakdowns: list[Row] = field(default_factory=list)
    tried: Tried | None = None  # the attack; None where every figure is openly published


def exempt_indicators(inputs: ReleaseInputs, measures: Sequence[Row]) -> frozenset[str]:
    """Indicators all of whose figures rest on openly published feeds alone.

    Judged by lineage: an indicator whose figures name no submission is not exempt. What a return of figures carries is
    exempt only as a percentage that is published already: counts are the sender's own, and nobody has published them,
    whatever the definition is called.
    """
    own = {
        entry["indicator_id"]
        for entry in rows_of(INDICATORS, inputs.indicators)
        if FIGURES_RETURN in entry["feeds"].split() and entry["statistic"] != "published_percentage"
    }
    feed_of = {item["submission_id"]: item["feed"] for item in inputs.data_cut.get("submissions", ())}
    indicator_of = {row["figure_id"]: row["indicator_id"] for row in measures}
    feeds: dict[str, set[str | None]] = {}
    figures, submissions = (inputs.lineage.column(name).to_pylist() for name in ("figure_id", "submission_id"))
    for figure, submission in zip(figures, submissions, strict=True):
        if (indicator := indicator_of.get(figure)) is not None:
            feeds.setdefault(indicator, set()).add(feed_of.get(submission))
    public = set(inputs.openly_published)
    return frozenset(name for name, found in feeds.items() if found <= public and name not in own)


# The feed under which senders return figures and counts, published ones and their own.
FIGURES_RETURN = "aggregate_kpi_return"
# What a row must say, and what it may leave out: a marker, a reason, dates of the data.
_NEEDED = ("indicator_id", "area_code", "period_kind", "period_id", "value", "numerator", "denominator")


def _as_row(given: Mapping[str, Any], schema_names: Sequence[str]) -> Row:
    """A row with every column of its table; the id and the dates follow from what it says."""
    missing = [name for name in _NEEDED if name not in given]
    if missing:
        raise Refused(f"a figure comes without {', '.join(missing)}.", "give what docs/reference/files.md lists.")
    row = {**dict.fromkeys(schema_names), **given}
    if not row["figure_id"]:
        place = f"{row['indicator_id']}:{row['area_code']}:{row['period_id']}"
        text = (
            f"breakdown:{place}:{row['breakdown_kind']}:{row['breakdown_group']}:value"
            if "breakdown_kind" in schema_names
            else f"indicator:{place}:value"
        )
        row["figure_id"] = str(parse_figure_id(text))
    row["period_start"], row["period_end"] = span_of(row)
    row["marker"] = row["marker"] or None
    return row


def _prepare(row: Row, decimals: int) -> None:
    if row["marker"] not in HIDDEN and row["value"] is None:
        row["marker"] = "x"
    for name in ("value", "lower", "upper"):
        if row[name] is not None:
            row[name] = rounded(row[name], decimals)


def _key(row: Row) -> tuple[str, str]:
    return row["indicator_id"], row["area_code"]


def _grouped(rows: Sequence[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def disclose_figures(
    measure_rows: Sequence[Mapping[str, Any]],
    breakdown_rows: Sequence[Mapping[str, Any]],
    catalogue: Mapping[str, Mapping[str, Any]],
    exempt: frozenset[str] = frozenset(),
    people: People | None = None,
    rules: Rules | None = None,
    also: Mapping[str, str] | None = None,
) -> Disclosed:
    """Figures as the public may see them, from exact ones. The rows given are not changed.

    measure_rows: indicator_id, area_code, period_kind, period_id, numerator, denominator, value, and where they have
    them marker, reason, dates of the data; breakdown_rows: breakdown_kind and breakdown_group besides.
    catalogue: indicator id to statistic, unit, value_decimals and definitions of numerator and denominator.
    exempt: indicators that are openly published elsewhere. people: figure id to how many stand behind the counts of a
    median, and of events that repeat (`people_behind`); without it a median is not shown, and such events are taken for
    people. also: ids of figures to hide besides, because of other tables or former releases (`history`), and why.
    Refused when a withheld figure would stand open.
    """
    rules, also = rules or Rules(), also or {}
    rows = [_as_row(given, MEASURES.names) for given in measure_rows]
    parts = [_as_row(given, BREAKDOWNS.names) for given in breakdown_rows]
    unknown = sorted({row["indicator_id"] for row in (*rows, *parts)} - set(catalogue))
    if unknown:
        raise Refused(
            f"figures without a definition: {', '.join(unknown)}.", "add the indicator to the catalogue, or drop it."
        )
    truth = {row["figure_id"]: dict(row) for row in rows}
    independent: set[str] = set()
    for row in (*rows, *parts):
        _prepare(row, catalogue[row["indicator_id"]]["value_decimals"])
    exact = {row["figure_id"]: dict(row) for row in (*rows, *parts)}
    by_series = _grouped(rows, "indicator_id", "area_code")
    guarded = guarded_periods(by_series, catalogue, exempt, rules, people)
    for row in rows:
        if row["figure_id"] in also:
            guarded[_key(row)] = guarded.get(_key(row), frozenset()) | {(row["period_kind"], row["period_id"])}
    for key, mine in sorted(by_series.items()):
        if key[0] in exempt:
            for row in mine:
                if row["marker"] in HIDDEN:
                    blank(row)
        else:
            independent |= protect_small_counts(mine, catalogue[key[0]], rules, people, guarded.get(key, ()))
    hidden = [
        Hidden(row["figure_id"], "value", "Hidden because of the figures of a related indicator.")
        for row in rows if row["reason"] == RELATED
    ]  # fmt: skip
    hidden += close_leaks(rows, truth, catalogue, exempt, rules, frozenset(independent))
    shown_parts: list[Row] = []
    shelf = shelf_of(catalogue, exempt, rules)
    by_parts = _grouped(parts, "indicator_id", "area_code")
    for key in sorted(by_parts, key=lambda key: (*shelf_order(catalogue, key[0]), key[1])):
        shown_parts += _disclose_parts(
            by_parts[key], by_series.get(key, []), exact, catalogue[key[0]], exempt, people, rules, hidden, shelf, also
        )
    place = {row["figure_id"]: number for number, row in enumerate(parts)}
    shown_parts.sort(key=lambda row: place[row["figure_id"]])
    leaking = leaks_between(rows, shown_parts, exact, catalogue, exempt, rules, people)
    if leaking:
        raise Refused(
            f"related indicators together would give a small count away: {'; '.join(leaking)}.",
            "report this: the rules should have hidden it. Until then publish one indicator of the family only.",
        )
    for row in rows:
        if row["reason"] == RELATED and row["figure_id"] in also:
            row["reason"] = BESIDE
        row["value_text"] = value_text(row["value"], catalogue[row["indicator_id"]]["value_decimals"], row["marker"])
    return Disclosed(rows, shown_parts, hidden, exact)


def _disclose_parts(
    parts: Sequence[Row], areas: Sequence[Row], truth: Mapping[str, Row], catalogue: Mapping[str, Any],
    exempt: frozenset[str], people: People | None, rules: Rules, hidden: list[Hidden], shelf: Shelf,
    also: Mapping[str, str],
) -> list[Row]:  # fmt: skip
    """Those parts of one indicator's figures that are published at all, treated in place."""
    area_of = {(row["period_kind"], row["period_id"]): row for row in areas}
    base = [row for row in areas if row["period_kind"] == base_kind(areas)]
    periods = published_periods(areas)
    found: list[Row] = []
    for (kind, period, _), mine in sorted(_grouped(parts, "period_kind", "period_id", "breakdown_kind").items()):
        area = area_of.get((kind, period))
        named = [row for row in mine if row["breakdown_group"] != UNKNOWN]
        if (kind, period) not in periods or area is None or not named:
            continue
        found += named
        if named[0]["indicator_id"] in exempt:
            for row in named:
                if row["marker"] in HIDDEN:
                    blank(row)
            continue
        # of what is counted on one day the shorter periods are no parts
        inside = () if area in base or catalogue.get("by_last_day") else parts_of(area, base)
        shorter = []
        for row in inside:
            exact = truth[row["figure_id"]]
            few = of_few(exact, Method.of(catalogue, rules), (people or {}).get(row["figure_id"]))
            shorter.append(published_cell(row, exact, few))
        hidden += protect_groups(named, truth[area["figure_id"]], area, catalogue, shorter, rules, people, also)
        hidden += shelf.admit(named, truth, truth[area["figure_id"]])
    if found and found[0]["indicator_id"] not in exempt:
        _hide_overlaps(found, by_last_day=bool(catalogue.get("by_last_day")))
    return found


def _hide_overlaps(rows: Sequence[Row], *, by_last_day: bool) -> None:
    """Hide, in place, a group's twelve months where a financial year they share months with is hidden for that group:
    beside the other year they would say how many there were at least. And one that is hidden as twelve months or as a
    financial year is hidden as the other too where both are the same figure."""
    by_group = _grouped(rows, "breakdown_kind", "breakdown_group")
    for mine in by_group.values():
        hidden = {moment_of(row, by_last_day=by_last_day) for row in mine if row["marker"] == "c"}
        for row in mine:
            if row["value"] is not None and moment_of(row, by_last_day=by_last_day) in hidden:
                hide(row, PROTECTS)
        if by_last_day:
            continue
        hidden_years = [span_of(row) for row in mine if row["period_kind"] == "year" and row["value"] is None]
        for row in mine:
            start, end = span_of(row)
            if row["period_kind"] == "rolling_year" and row["value"] is not None and any(
                first <= end and start <= last for first, last in hidden_years
            ):  # fmt: skip
                hide(row, "Confidential: beside the financial years these twelve months would give a small count away.")


def public_view(
    inputs: ReleaseInputs, rules: Rules | None = None, formers: Callable[[], Sequence[Look]] = tuple
) -> PublicView:
    """The public tables. formers: reads the last releases, the oldest first, beside which they are tried.

    Refused when an indicator is not in the catalogue, a withheld figure stands open, or a hidden count could be worked
    out whatever else is hidden.
    """
    rules = rules or rules_of(inputs.place.disclosure)
    measures = rows_of(MEASURES, inputs.measures)
    breakdowns = rows_of(BREAKDOWNS, inputs.breakdowns)
    reported = {row["indicator_id"] for row in measures}
    # a catalogue may hold indicators of other places: a definition without a figure is not published
    indicators = [entry for entry in rows_of(INDICATORS, inputs.indicators) if entry["indicator_id"] in reported]
    catalogue: dict[str, Row] = {}
    for entry in indicators:  # ordered by version: the latest stays
        catalogue[entry["indicator_id"]] = entry
    exempt = exempt_indicators(inputs, measures)
    asked = asked_of(catalogue) - exempt
    figures = [row for row in (*measures, *breakdowns) if row["indicator_id"] in asked]
    people = people_behind(inputs.events_of(asked), figures, repeated_in(catalogue), rules)
    tried = None
    if exempt >= set(catalogue):
        found = disclose_figures(measures, breakdowns, catalogue, exempt, people, rules)
    else:
        tried = try_release(
            lambda also: disclose_figures(measures, breakdowns, catalogue, exempt, people, rules, also),
            catalogue, exempt, rules, people, formers(),
        )  # fmt: skip
        found = tried.disclosed
    by_id = {row["figure_id"]: row for row in found.measures}
    # limits are made of every month: they are left out where one of the months may not be shown
    secretive = {
        _key(row) for row in found.measures if row["marker"] == "c" and row["period_kind"] in ("month", "quarter")
    }
    points = []
    medians_shown: dict[tuple[str, str, int], list[Row]] = {}
    for point in rows_of(SPC_POINTS, inputs.spc_points):
        outcome = by_id.get(point["figure_id"])
        if outcome is None or outcome["value"] is None:
            continue  # a withheld month is a gap, in the table as on the chart
        decimals = catalogue[point["indicator_id"]]["value_decimals"]
        point["value"] = outcome["value"]
        for name in ("centre_line", "lower_limit", "upper_limit"):
            if (point["indicator_id"], point["area_code"]) in secretive:
                point[name] = None
            elif point[name] is not None:
                point[name] = trimmed(rounded(point[name], decimals + 1))
        if point["chart"] == "run" and point["centre_line"] is not None and point["indicator_id"] not in exempt:
            part = series_part(catalogue[point["indicator_id"]].get("breaks"), point["period_start"])
            medians_shown.setdefault((*_key(point), part), []).append(point)
        points.append(point)
    for mine in medians_shown.values():
        # the exact median of few months, after a break even of one, is a month that is shown rounded
        centre = median(point["value"] for point in mine)
        for point in mine:
            point["centre_line"] = trimmed(rounded(centre, catalogue[point["indicator_id"]]["value_decimals"] + 1))
    completeness = [row for row in rows_of(COMPLETENESS, inputs.completeness) if row["indicator_id"] in reported]
    return PublicView(
        outcomes=found.measures, spc_points=points, indicators=indicators, completeness=completeness,
        hidden=found.hidden, exempt=exempt, breakdowns=found.breakdowns, tried=tried,
    )  # fmt: skip
