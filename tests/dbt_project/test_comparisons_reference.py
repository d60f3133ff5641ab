"""Inequality, funnels, observed against expected and trends on a random place, against plain Python over its events."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from dbt_lake import PROJECT
from people_case import Case
from people_lake import AREA, FIRST, LAST

from dbt_project.catalogue import load_catalogue
from dbt_project.inequality import LIMITS, TRANSFORMS, indices, with_limits
from foundation.period import Period, month_of, months_between, parse_period
from publication.trend import trend_of

Z = {"95": 1.959963984540054, "99.8": 3.090232306167813}
P = {"95": 0.025, "99.8": 0.001}
CATALOGUE = {one.indicator_id: one for one in load_catalogue()}
RATES = {"crude_rate", "dsr"}
OLDER = {name for name in CATALOGUE if name.endswith("_65_over")}
MIDDLE_AGED = {"health_check_offered", "health_check_received"}
# whose population is young women, and whose events come without a person
COUNTED_ELSEWHERE = {name for name, entry in CATALOGUE.items() if "sexual_health" in entry.feeds}
# neither a scale to fit a line on nor limits of independent cases
NO_INDEX = {"median", "share_of_events"}
FIFTHS = ("5", "4", "3", "2", "1")


@dataclass(frozen=True)
class Counted:
    """What one group had in one period."""

    events: int
    size: int
    value: float | None
    lower: float | None = None
    upper: float | None = None


@cache
def _standard() -> dict[str, int]:
    with (PROJECT / "seeds" / "european_standard_population.csv").open(newline="") as handle:
        return {row["age_band"]: int(row["standard_persons"]) for row in csv.DictReader(handle)}


def _can_have(indicator: str, age_group: str) -> bool:
    """Whether people of an age group are in the population of a rate."""
    if indicator in OLDER:
        return age_group in ("65-74", "75-84", "85-over")
    return indicator not in MIDDLE_AGED or age_group in ("40-64", "65-74")


class Place:
    """Counts of the random place by period, kind of group and group."""

    def __init__(self, case: Case) -> None:
        self.events: dict[str, list[Any]] = defaultdict(list)
        for event, times in case.events.items():
            self.events[event[0]] += [event] * times
        self.people = list(case.people.elements())
        self.once_a_period = {row[0] for row in self.people}
        self.at_risk: Counter[tuple[str, str, str, str, str]] = Counter()
        for person in case.reference.registered:
            for month in months_between(month_of(FIRST), month_of(LAST)):
                pcn, fifth, group, band, _ = case.reference.as_at(person, month.start)
                if band is not None:
                    self.at_risk[month.label, pcn, fifth, band, group] += 1

    def bands(self, indicator: str, period: Period, kind: str, group: str | None) -> dict[str, tuple[int, int]]:
        """Band of age -> events and person-months."""
        place = {"pcn": 1, "deprivation": 2}[kind]
        months = {month.label for month in months_between(month_of(period.start), month_of(period.end))}
        people: Counter[str] = Counter()
        for key, count in self.at_risk.items():
            if key[0] in months and group in (None, key[place]) and _can_have(indicator, key[4]):
                people[key[3]] += count
        events = Counter(
            str(event[8]) for event in self.inside(indicator, period)
            if group in (None, event[{"pcn": 5, "deprivation": 6}[kind]])
        )  # fmt: skip
        bands = [
            band
            for band in _standard()
            if indicator not in OLDER or band in ("90+", "85-89") or int(band[:2].rstrip("-")) >= 65
        ]
        return {band: (events[band], people[band]) for band in bands}

    def inside(self, indicator: str, period: Period) -> list[Any]:
        return [event for event in self.events[indicator] if period.start <= event[2] <= period.end]

    def counted(self, indicator: str, period: Period, kind: str, group: str | None) -> Counted | None:
        entry = CATALOGUE[indicator]
        if entry.statistic in RATES:
            return self._rate(indicator, self.bands(indicator, period, kind, group))
        if indicator in self.once_a_period:
            rows = [row for row in self.people if row[:2] == (indicator, period.label)]
            mine = [row for row in rows if group in (None, row[{"pcn": 5, "deprivation": 6}[kind]])]
            top, bottom = sum(row[3] for row in mine), sum(row[4] for row in mine)
        else:
            found = [
                event for event in self.inside(indicator, period)
                if group in (None, event[{"pcn": 5, "deprivation": 6}[kind]])
            ]  # fmt: skip
            if entry.statistic == "mean":
                return Counted(0, len(found), sum(event[4] for event in found) / len(found)) if found else None
            top, bottom = sum(event[3] for event in found), len(found)
        if not bottom:
            return None
        low, high = _wilson(top, bottom, Z["95"])
        return Counted(top, bottom, top / bottom, low, high)

    def _rate(self, indicator: str, bands: dict[str, tuple[int, int]]) -> Counted | None:
        entry = CATALOGUE[indicator]
        top, bottom = sum(x for x, _ in bands.values()), sum(n for _, n in bands.values())
        if not bottom:
            return None
        if entry.statistic == "crude_rate":
            return Counted(top, bottom, 12 * entry.multiplier * top / bottom)
        if top < 10 or any(n == 0 for _, n in bands.values()):
            return Counted(top, bottom, None)
        weights = {band: _standard()[band] for band in bands}
        rate = sum(weights[band] * x / n for band, (x, n) in bands.items()) / sum(weights.values())
        return Counted(top, bottom, 12 * entry.multiplier * rate)


def _wilson(top: int, bottom: int, z: float) -> tuple[float, float]:
    centre, reach = 2 * top + z * z, z * math.sqrt(z * z + 4 * top * (1 - top / bottom))
    return (centre - reach) / (2 * (bottom + z * z)), (centre + reach) / (2 * (bottom + z * z))


def _poisson(events: int, level: str) -> tuple[float, float]:
    """Exact limits by halving: where the chance of as many, or as few, is that of one tail."""

    def chance_of_at_most(count: int, mean: float) -> float:
        term = total = math.exp(-mean)
        for number in range(1, count + 1):
            term *= mean / number
            total += term
        return total

    def root(crossed: Callable[[float], bool]) -> float:
        low, high = 0.0, 4.0 * events + 40
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if crossed(middle) else (middle, high)
        return low

    tail = P[level]
    lower = 0.0 if events == 0 else root(lambda mean: 1 - chance_of_at_most(events - 1, mean) > tail)
    return lower, root(lambda mean: chance_of_at_most(events, mean) < tail)


def _line(people: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """Ends of the weighted least-squares line over the cumulated share of people, by numpy's own fit."""
    share = np.array(people, dtype=float) / sum(people)
    slope, start = np.polyfit(np.cumsum(share) - share / 2, np.array(values), 1, w=np.sqrt(share))
    return float(start), float(start + slope)


@pytest.fixture(scope="module")
def place(case: Case) -> Place:
    return Place(case)


def _near(found: Any, wanted: float, decimals: int) -> bool:
    return found is not None and abs(float(found) - wanted) <= 0.5 * 10**-decimals + 1e-6 * abs(wanted)


def test_inequality_follows_from_the_events(case: Case, place: Place) -> None:
    """Gap, ratio, slope and relative index of every year and twelve months, and nothing where a fifth is missing."""
    rows = case.build.rows("select * from inequality")
    seen: Counter[str] = Counter()
    for row in rows:
        indicator, key = row["indicator_id"], (row["indicator_id"], row["period_id"])
        entry, period = CATALOGUE[indicator], parse_period(row["period_id"])
        if entry.statistic in NO_INDEX or indicator in COUNTED_ELSEWHERE:
            continue
        fifths = [place.counted(indicator, period, "deprivation", fifth) for fifth in FIFTHS]
        values = [None if one is None else one.value for one in fifths]
        if row["marker"] == "x":
            assert None in values or row["reason"].startswith("No figures were received"), key
            seen["none"] += 1
            continue
        assert None not in values, key
        known = [float(value) for value in values if value is not None]
        sizes = [one.size for one in fifths if one is not None]
        share = entry.statistic in ("proportion", "maintained_proportion")
        whole = 100 if share else 1
        assert _near(row["most_deprived"], known[4] * whole, entry.value_decimals), key
        assert _near(row["absolute_gap"], (known[4] - known[0]) * whole, entry.value_decimals), key
        if known[0]:
            assert _near(row["relative_gap"], known[4] / known[0], 2), key
        else:
            assert row["relative_gap"] is None, key
        there = _transformed(entry.statistic, known)
        if there is None:
            assert row["slope_index"] is None and row["index_method"].startswith("none: a fifth"), key
            seen["no line"] += 1
            continue
        start, end = (_natural(entry.statistic, value) for value in _line(sizes, there))
        assert _near(row["slope_index"], (end - start) * whole, entry.value_decimals), key
        assert _near(row["relative_index"], end / start, 2) if end > 0 < start else row["relative_index"] is None, key
        seen[entry.statistic] += 1
    assert {"proportion", "crude_rate", "mean", "none", "no line"} <= set(seen), seen
    assert sum(seen.values()) > 100


def _transformed(statistic: str, values: Sequence[float]) -> list[float] | None:
    if statistic in RATES:
        return [math.log(value) for value in values] if min(values) > 0 else None
    if statistic == "mean":
        return list(values)
    return [math.log(value / (1 - value)) for value in values] if min(values) > 0 and max(values) < 1 else None


def _natural(statistic: str, value: float) -> float:
    if statistic in RATES:
        return math.exp(value)
    return value if statistic == "mean" else 1 / (1 + math.exp(-value))


def _with_limits(case: Case, where: str, order: str) -> list[dict[str, Any]]:
    import duckdb

    with duckdb.connect(str(case.build.database), read_only=True) as connection:
        inequality, fifths = (
            connection.sql(f"select * from {name} where {where} order by {order}").to_arrow_table()
            for name in ("inequality", "int_deprivation_fifths")
        )
    decimals = {name: entry.value_decimals for name, entry in CATALOGUE.items()}
    made: pa.Table = with_limits(inequality, fifths, decimals)
    return sorted(made.to_pylist(), key=lambda row: str(row["figure_id"]))


def test_simulated_limits_hold_the_index_and_depend_on_nothing_else(case: Case) -> None:
    """Neither on the order of rows nor on what else is simulated."""
    rows = _with_limits(case, "period_id < '2025'", "indicator_id, period_id")
    years = _with_limits(case, "period_kind = 'year' and period_id < '2025'", "period_id desc, indicator_id desc")
    assert years and years == [row for row in rows if row["period_kind"] == "year"]
    limited = [row for row in rows if row["slope_lower"] is not None]
    assert len(limited) > 20
    for row in limited:
        assert row["slope_lower"] <= row["slope_index"] <= row["slope_upper"], row["figure_id"]
        assert row["index_method"].endswith("limits simulated")
        if row["relative_index"] is not None:
            assert row["relative_lower"] <= row["relative_index"] <= row["relative_upper"], row["figure_id"]
    for row in rows:
        if row["slope_lower"] is None:
            assert not row["index_method"].endswith("limits simulated"), row["figure_id"]
            assert {row[name] for name in LIMITS} == {None}


def test_indices_of_figures_outside_the_warehouse_are_the_same(case: Case) -> None:
    """The Python that public pages use and the macro answer alike, to the published digit."""
    fifths: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in case.build.rows("select * from int_deprivation_fifths order by quantile"):
        fifths[row["indicator_id"], row["period_id"]].append(row)
    compared = 0
    for row in case.build.rows("select * from inequality where marker is distinct from 'x'"):
        own, statistic = fifths[row["indicator_id"], row["period_id"]], CATALOGUE[row["indicator_id"]].statistic
        if statistic in NO_INDEX:
            assert (row["slope_index"], row["relative_index"]) == (None, None), row["figure_id"]
            continue
        whole = 100.0 if statistic in ("proportion", "maintained_proportion") else 1.0
        found = indices(
            [one["population"] for one in own],
            [float(one["value"]) / whole for one in own],
            TRANSFORMS[statistic],
            whole,
        )
        assert (found is None) == (row["slope_index"] is None), row["figure_id"]
        if found is not None:
            assert _near(row["slope_index"], found[0], CATALOGUE[row["indicator_id"]].value_decimals), row["figure_id"]
            compared += 1
    assert compared > 20


def test_expected_events_follow_from_the_rates_of_the_area(case: Case, place: Place) -> None:
    rows = case.build.rows("select * from observed_expected")
    ratios = 0
    for row in rows:
        indicator, period = row["indicator_id"], parse_period(row["period_id"])
        area = place.bands(indicator, period, "pcn", None)
        mine = place.bands(indicator, period, "pcn", row["breakdown_group"])
        key = (indicator, row["period_id"], row["breakdown_group"])
        if any(n == 0 for _, n in area.values()):
            assert (row["ratio"], row["expected"], row["marker"]) == (None, None, "x"), key
            continue
        expected = sum(mine[band][1] * x / n for band, (x, n) in area.items())
        assert row["observed"] == sum(x for x, _ in mine.values()), key
        assert abs(float(row["expected"]) - expected) < 1e-6, key
        if row["ratio"] is not None:
            assert _near(row["ratio"], 100 * row["observed"] / expected, 1), key
            low, high = _repeated(place, indicator, period, row["breakdown_group"], row["observed"])
            assert _near(row["lower"], 100 * low / expected, 1), key
            assert _near(row["upper"], 100 * high / expected, 1), key
            ratios += 1
    assert ratios > 20


def _repeated(place: Place, indicator: str, period: Period, network: str, observed: int) -> tuple[float, float]:
    """Limits of a count, as far apart as the squares of each person's events say."""
    mine = [event for event in place.inside(indicator, period) if event[5] == network]
    squares = sum(times * times for times in Counter((event[1], event[8]) for event in mine).values())
    wider = math.sqrt(squares / observed) if observed else 1.0
    low, high = _poisson(observed, "95") if observed < 10 else _byar(observed)
    return max(0.0, observed + wider * (low - observed)), observed + wider * (high - observed)


def _byar(events: int) -> tuple[float, float]:
    z, more = Z["95"], events + 1
    low = events * (1 - 1 / (9 * events) - z / (3 * math.sqrt(events))) ** 3
    return low, more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3


def test_funnels_follow_from_the_sums(case: Case, place: Place) -> None:
    """Limits around the networks' own sum: shares by the normal, rates and ratios by exact Poisson."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in case.build.rows("select * from funnel"):
        groups[row["indicator_id"], row["period_id"]].append(row)
    bases, outside = Counter[str](), 0
    for (indicator, label), rows in groups.items():
        period, entry = parse_period(label), CATALOGUE[indicator]
        networks = ("ZPN1", "ZPN2")
        assert sorted(row["breakdown_group"] for row in rows) == list(networks)
        counts = {name: place.counted(indicator, period, "pcn", name) for name in networks}
        events, size = (sum(getattr(one, part) for one in counts.values()) for part in ("events", "size"))
        for row in rows:
            key, one = (indicator, label, row["breakdown_group"]), counts[row["breakdown_group"]]
            assert one is not None and row["events"] == one.events, key
            decimals, bases[row["basis"]] = entry.value_decimals, bases[row["basis"]] + 1
            if row["basis"] == "standardised ratio":
                average, scale, decimals = 1.0, 100.0, 1
            else:
                assert row["size"] == one.size, key
                average, scale = events / size, entry.multiplier * (12 if row["basis"] == "crude rate" else 1)
            assert _near(row["centre"], average * scale, decimals), key
            assert _near(row["value"], one.events / float(row["size"]) * scale, decimals), key
            if entry.events_repeat:
                assert {row[f"{side}_{name}"] for side in ("lower", "upper") for name in ("95", "99_8")} == {None}, key
                assert row["significance"] == "Not judged: events of one person are not independent", key
                continue
            for level, name in (("95", "95"), ("99.8", "99_8")):
                low, high = _funnel(row["basis"], one.events, float(row["size"]), average, level)
                assert low is None or _near(row[f"lower_{name}"], low * scale, decimals), (*key, level)
                upper = row[f"upper_{name}"]
                assert upper is None if high is None else _near(upper, high * scale, decimals), (*key, level)
            outside += row["significance"] != "Not significant"
    assert {"proportion", "crude rate"} <= set(bases) and outside, bases


def _funnel(basis: str, events: int, size: float, average: float, level: str) -> tuple[float | None, float | None]:
    if basis == "proportion":
        reach = Z[level] * math.sqrt(average * (1 - average) / size)
        return max(0.0, average - reach), min(1.0, average + reach)
    if not average:
        return None, None  # nobody had an event: there is nothing to lie below or above
    low, high = _poisson(events, level)
    return events / high * average, events / low * average if low else None


def test_trends_follow_from_the_events(case: Case, place: Place) -> None:
    """Proportions: slope, chi-squared and label from the events of five quarters; too few years say so."""
    rows = {(row["indicator_id"], row["period_kind"]): row for row in case.build.rows("select * from trend")}
    settled = case.build.rows("select indicator_id, period_kind, period_id from measures where marker is null")
    seen: Counter[str] = Counter()
    for (indicator, kind), row in rows.items():
        entry = CATALOGUE[indicator]
        labels = sorted(r["period_id"] for r in settled if (r["indicator_id"], r["period_kind"]) == (indicator, kind))
        assert (row["first_period_id"], row["last_period_id"]) == (labels[-5:][0], labels[-1])
        if len(labels) < 5 or entry.statistic in ("mean", *NO_INDEX):
            assert row["trend"] == "CannotBeCalculated" and row["reason"] and row["chi_squared"] is None
            seen["none"] += 1
            continue
        if entry.statistic not in ("proportion", "maintained_proportion"):
            continue
        points = [(when, place.counted(indicator, when, "pcn", None)) for when in map(parse_period, labels[-5:])]
        chi, word = _trend([(when, one) for when, one in points if one], entry.polarity == "high")
        assert abs(float(row["chi_squared"]) - chi) < 1e-4 * max(1.0, chi), indicator
        assert row["trend"] == word, indicator
        seen[entry.statistic] += 1
    assert seen["proportion"] >= 3 and seen["none"] >= 3, seen


def test_public_trends_are_the_same_of_the_same_figures(case: Case) -> None:
    """The Python that public pages use, on the exact figures: the direction is the macro's."""
    measures = case.build.rows("select * from measures where marker is null and period_kind in ('quarter', 'year')")
    words: Counter[str] = Counter()
    for row in case.build.rows("select * from trend where trend <> 'CannotBeCalculated'"):
        entry = CATALOGUE[row["indicator_id"]]
        if entry.statistic == "dsr":
            continue  # in public its interval is that of a crude rate
        mine = [
            {**one, "lower": None, "upper": None} for one in measures
            if (one["indicator_id"], one["period_kind"]) == (row["indicator_id"], row["period_kind"])
        ]  # fmt: skip
        found = trend_of(mine, entry.unit, entry.statistic)
        assert found is not None and found.last["period_id"] == row["last_period_id"]
        if entry.statistic == "crude_rate" and any(one["numerator"] < 10 for one in mine[-5:]):
            continue  # exact limits, which shown counts never need
        assert {1: "I", -1: "D", 0: "N"}[found.direction] == row["trend"][0], row["figure_id"]
        words[row["trend"]] += 1
    assert sum(words.values()) >= 5, words


def _trend(points: Iterable[tuple[Period, Counted]], high_is_good: bool) -> tuple[float, str]:
    """A quarter in which nobody was counted is no point, and leaves a gap."""
    known = [
        (12.0 * when.start.year + when.start.month, one.value or 0.0, (one.upper or 0.0) - (one.lower or 0.0))
        for when, one in points
    ]

    def slope(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
        weights = np.array([(3.92 / width) ** 2 for *_, width in rows])
        design = np.column_stack([np.ones(len(rows)), [moment for moment, *_ in rows]])
        inverse = np.linalg.inv(design.T @ (weights[:, None] * design))
        fitted = inverse @ design.T @ (weights * np.array([value for _, value, _ in rows]))
        return float(fitted[1]), float(inverse[1, 1])

    rise, variance = slope(known)
    chi = rise * rise / variance
    steady = all(slope(known[:left] + known[left + 1 :])[0] * rise > 0 for left in range(5))
    if chi <= 9.5495 or not steady:
        return chi, "NoChange"
    better = "AndGettingBetter" if (rise > 0) == high_is_good else "AndGettingWorse"
    return chi, ("Increasing" if rise > 0 else "Decreasing") + better


def test_the_place_is_the_one_area(case: Case) -> None:
    for table in ("inequality", "funnel", "observed_expected", "trend"):
        assert {row["area_code"] for row in case.build.rows(f"select area_code from {table}")} == {AREA}, table
