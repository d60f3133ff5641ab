"""From decisions to true figures: exact numerators, denominators and values for every period and group.

Belongs here: counting and the arithmetic of the five statistics, in whole numbers and fractions. Not here: deciding
anything, reading a file, or a method borrowed from the product: this is what the product is checked against.

How a domain tells its truth, with one place an event in every array (`people` -1 where nobody is known):

* `tally_proportion(world, id, days, people, numerator)`: each event is one in the denominator; `numerator` is 0 or 1.
* `tally_rate(world, id, days, people)`: each event is one in the numerator, the person-months come from the spine.
* `tally_dsr(world, id, days, people)`: the same, standardised to the European Standard Population.
* `tally_mean(world, id, days, people, amount)` and `tally_median(...)`: `amount` in whole days.
* `tally_by_period(world, id, rows)`: people counted once a period, given by the period's label.
* `tally_list(world, id, rows)`: people on a list on a period's last day, out of everybody on the spine.
* `tally_groups(world, id, days, codes, numerator, denominator)`: events that name their own group.

Periods, breakdowns, ages and whether only residents count stand in `indicators`: pass every event and let the tally
leave out those that do not count. Events outside the data's months are left out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import MONTHS, Mask, Positions, month_positions, spans
from places.greenwich.indicators import INDICATORS, Indicator
from places.greenwich.world import AGE_BANDS, GROUPS, Attributes, World

# European Standard Population 2013 by five-year band, 0-4 to 90 and over (Eurostat).
STANDARD_POPULATION = (
    *(5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000),
    *(7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000),
)
# Below so many events a directly standardised rate is not told.
LEAST_EVENTS = 10


@dataclass(frozen=True)
class TruthRow:
    """One true figure. `value` is rounded half up to the indicator's decimals; None where no value may be told.

    Rates: events and person-months. Mean: sum and count. Median: twice the median and 2.
    """

    indicator_id: str
    period_kind: str
    period_id: str
    breakdown_kind: str
    breakdown_group: str
    numerator: int | None
    denominator: int | None
    value: Decimal | None


def rounded(value: Fraction, decimals: int) -> Decimal:
    """A value rounded half up (away from zero), exactly."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)


def counted(world: World, indicator_id: str, days: NDArray[Any], people: NDArray[Any]) -> tuple[Mask, Attributes]:
    """Which events count, and the attributes of all of them."""
    entry = INDICATORS[indicator_id]
    found = world.attributes(people, days)
    return (month_positions(np.asarray(days)) >= 0) & _eligible(entry, found), found


def tally_proportion(
    world: World, indicator_id: str, days: NDArray[Any], people: NDArray[Any], numerator: NDArray[Any]
) -> list[TruthRow]:
    """True proportions: `numerator` (0 or 1) of each event among the events that count."""
    kept, found = counted(world, indicator_id, days, people)
    months = month_positions(np.asarray(days))
    rows: list[TruthRow] = []
    for kind in INDICATORS[indicator_id].breakdowns:
        codes = found.codes(kind)
        rows += _ratios(
            INDICATORS[indicator_id],
            kind,
            _sums(months[kept], codes[kept], kind, np.asarray(numerator)[kept]),
            _sums(months[kept], codes[kept], kind, np.ones(int(kept.sum()), dtype=np.int64)),
        )
    return rows


def tally_rate(world: World, indicator_id: str, days: NDArray[Any], people: NDArray[Any]) -> list[TruthRow]:
    """True crude rates per person-year: events of residents over the person-months of those who could have one."""
    kept, found = counted(world, indicator_id, days, people)
    months = month_positions(np.asarray(days))
    rows: list[TruthRow] = []
    for kind in INDICATORS[indicator_id].breakdowns:
        events = _sums(months[kept], found.codes(kind)[kept], kind, np.ones(int(kept.sum()), dtype=np.int64))
        rows += _ratios(INDICATORS[indicator_id], kind, events, population(world, indicator_id, kind).sum(axis=2))
    return rows


def tally_dsr(world: World, indicator_id: str, days: NDArray[Any], people: NDArray[Any]) -> list[TruthRow]:
    """True directly standardised rates; the value is withheld below ten events or with an empty age band."""
    entry = INDICATORS[indicator_id]
    kept, found = counted(world, indicator_id, days, people)
    months = month_positions(np.asarray(days))[kept]
    rows = []
    for kind in entry.breakdowns:
        persons = population(world, indicator_id, kind)
        events = np.zeros_like(persons)
        np.add.at(events, (months, found.codes(kind)[kept], found.age_band[kept]), 1)
        for period_kind, label, group, (x, n) in _cells(entry, kind, events, persons):
            if n.sum() == 0:
                continue
            value = standardised(x[entry.first_band :], n[entry.first_band :], entry.first_band)
            rows.append(
                TruthRow(
                    *(indicator_id, period_kind, label, kind, group, int(x.sum()), int(n.sum())),
                    None if value is None else rounded(entry.multiplier * value, entry.decimals),
                )
            )
    return rows


def standardised(events: NDArray[Any], person_months: NDArray[Any], first_band: int) -> Fraction | None:
    """Events per person-year, standardised; None where it may not be told."""
    weights = STANDARD_POPULATION[first_band:]
    if int(events.sum()) < LEAST_EVENTS or not person_months.all():
        return None
    total = sum(
        (Fraction(weight * 12 * int(x), int(n)) for weight, x, n in zip(weights, events, person_months, strict=True)),
        Fraction(0),
    )
    return total / sum(weights)


def tally_mean(
    world: World, indicator_id: str, days: NDArray[Any], people: NDArray[Any], amount: NDArray[Any]
) -> list[TruthRow]:
    """True means of `amount` among the events that count: the sum over the number."""
    kept, found = counted(world, indicator_id, days, people)
    months = month_positions(np.asarray(days))[kept]
    rows: list[TruthRow] = []
    for kind in INDICATORS[indicator_id].breakdowns:
        codes = found.codes(kind)[kept]
        rows += _ratios(
            INDICATORS[indicator_id],
            kind,
            _sums(months, codes, kind, np.asarray(amount)[kept]),
            _sums(months, codes, kind, np.ones(len(codes), dtype=np.int64)),
        )
    return rows


def tally_median(
    world: World, indicator_id: str, days: NDArray[Any], people: NDArray[Any], amount: NDArray[Any]
) -> list[TruthRow]:
    """True medians of `amount`: told as twice the median, a whole number, over 2."""
    entry = INDICATORS[indicator_id]
    kept, found = counted(world, indicator_id, days, people)
    months, sizes = month_positions(np.asarray(days))[kept], np.asarray(amount, dtype=np.int64)[kept]
    rows = []
    for kind in entry.breakdowns:
        codes = found.codes(kind)[kept]
        for period_kind in entry.kinds:
            for span in spans(period_kind):
                inside = (months >= span.first) & (months < span.stop)
                for code, group in enumerate(GROUPS[kind]):
                    chosen = np.sort(sizes[inside & (codes == code)])
                    if not len(chosen):
                        continue
                    twice = int(chosen[(len(chosen) - 1) // 2]) + int(chosen[len(chosen) // 2])
                    value = rounded(Fraction(entry.multiplier * twice, 2), entry.decimals)
                    rows.append(TruthRow(indicator_id, period_kind, span.period.label, kind, group, twice, 2, value))
    return rows


def tally_by_period(
    world: World, indicator_id: str, rows: Mapping[tuple[str, str], tuple[NDArray[Any], NDArray[Any]]]
) -> list[TruthRow]:
    """True proportions of people counted once a period.

    rows: (period kind, period label) to the people of the denominator, each once, and their numerators. Their
    attributes are those of the period's last month: where the data end before it, everybody is unknown.
    """
    entry = INDICATORS[indicator_id]
    found_rows = []
    for period_kind in entry.kinds:
        for span in spans(period_kind):
            people, numerator = rows.get((period_kind, span.period.label), (np.empty(0, dtype=np.int64),) * 2)
            found = world.attributes_in(people, np.full(len(people), span.last))
            kept = _eligible(entry, found)
            for kind in entry.breakdowns:
                codes = found.codes(kind)[kept]
                above = np.bincount(codes, np.asarray(numerator)[kept], minlength=len(GROUPS[kind]))
                below = np.bincount(codes, minlength=len(GROUPS[kind]))
                for code, group in enumerate(GROUPS[kind]):
                    if below[code]:
                        cell = (indicator_id, period_kind, span.period.label, kind, group)
                        found_rows.append(ratio_row(entry, cell, round(above[code]), int(below[code])))
    return found_rows


def tally_list(world: World, indicator_id: str, rows: Mapping[tuple[str, str], NDArray[Any]]) -> list[TruthRow]:
    """True shares of everybody on the spine who is on a list when a period ends.

    rows: (period kind, period label) to the people on the list, each once; a period that is not there has no list.
    Those who are not on the spine in the period's last month are not counted.
    """
    entry = INDICATORS[indicator_id]
    found_rows = []
    for period_kind in entry.kinds:
        for span in spans(period_kind):
            listed = rows.get((period_kind, span.period.label))
            if listed is None:
                continue
            everybody = np.flatnonzero(world.in_spine[span.last])
            who = world.attributes_in(everybody, np.full(len(everybody), span.last))
            there = np.isin(everybody, listed)
            for kind in entry.breakdowns:
                codes = who.codes(kind)
                above = np.bincount(codes[there], minlength=len(GROUPS[kind]))
                below = np.bincount(codes, minlength=len(GROUPS[kind]))
                for code, group in enumerate(GROUPS[kind]):
                    if below[code]:
                        cell = (indicator_id, period_kind, span.period.label, kind, group)
                        found_rows.append(ratio_row(entry, cell, int(above[code]), int(below[code])))
    return found_rows


def tally_groups(
    world: World,
    indicator_id: str,
    days: NDArray[Any],
    codes: Mapping[str, NDArray[Any]],
    numerator: NDArray[Any],
    denominator: NDArray[Any] | None = None,
) -> list[TruthRow]:
    """True figures of events that name their own group: `codes` by breakdown kind, besides the whole.

    Without a denominator the events are the numerator of a rate and the person-months come from the spine.
    """
    entry = INDICATORS[indicator_id]
    months = month_positions(np.asarray(days))
    kept = months >= 0
    rows: list[TruthRow] = []
    for kind in entry.breakdowns:
        code = np.zeros(len(months), dtype=np.int64) if kind == "all" else np.asarray(codes[kind])
        above = _sums(months[kept], code[kept], kind, np.asarray(numerator)[kept])
        below = (
            population(world, indicator_id, kind).sum(axis=2)
            if denominator is None
            else _sums(months[kept], code[kept], kind, np.asarray(denominator)[kept])
        )
        rows += _ratios(entry, kind, above, below)
    return rows


def population(world: World, indicator_id: str, kind: str) -> Positions:
    """People on the spine who could be in the indicator: by month, group of the breakdown and five-year band."""
    entry = INDICATORS[indicator_id]
    cube = world.population[..., entry.women_inside :].sum(axis=4)
    least, most = entry.ages
    cube = cube[..., least : most + 1]
    by_group = {"all": cube.sum(axis=(1, 2))[:, None], "pcn": cube.sum(axis=2), "deprivation": cube.sum(axis=1)}[kind]
    band = np.minimum(np.arange(least, least + by_group.shape[2]) // 5, len(AGE_BANDS) - 1)
    found = np.zeros((*by_group.shape[:2], len(AGE_BANDS)), dtype=np.int64)
    for place in range(len(AGE_BANDS)):
        found[:, :, place] = by_group[:, :, band == place].sum(axis=2)
    return found


def _eligible(entry: Indicator, found: Attributes) -> Mask:
    if not entry.residents_only:
        return np.ones(len(found.in_spine), dtype=bool)
    return found.in_spine & (found.age_years >= entry.ages[0]) & (found.age_years <= entry.ages[1])


def _sums(months: Positions, codes: Positions, kind: str, amounts: NDArray[Any]) -> Positions:
    """Sum of amounts by month and group."""
    found = np.zeros((len(MONTHS), len(GROUPS[kind])), dtype=np.int64)
    np.add.at(found, (months, codes), amounts.astype(np.int64))
    return found


def _cells(
    entry: Indicator, kind: str, *by_month: NDArray[Any]
) -> Iterable[tuple[str, str, str, tuple[NDArray[Any], ...]]]:
    """Period kind, label, group and the sums over the period's months of each array (month, group, …)."""
    for period_kind in entry.kinds:
        for span in spans(period_kind):
            sums = [array[span.first : span.stop].sum(axis=0) for array in by_month]
            for code, group in enumerate(GROUPS[kind]):
                yield period_kind, span.period.label, group, tuple(total[code] for total in sums)


def _ratios(entry: Indicator, kind: str, above: Positions, below: Positions) -> list[TruthRow]:
    return [
        ratio_row(entry, (entry.indicator_id, period_kind, label, kind, group), int(x), int(n))
        for period_kind, label, group, (x, n) in _cells(entry, kind, above, below)
        if n
    ]


def ratio_row(entry: Indicator, cell: tuple[str, str, str, str, str], numerator: int, denominator: int) -> TruthRow:
    """A true ratio as a row: `cell` is indicator, period kind and label, breakdown kind and group."""
    yearly = 12 if entry.statistic == "crude_rate" else 1
    value = rounded(Fraction(entry.multiplier * yearly * numerator, denominator), entry.decimals)
    return TruthRow(*cell, numerator, denominator, value)
