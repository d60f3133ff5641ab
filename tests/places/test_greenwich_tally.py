"""Laws of adding up: whatever happened, groups add up to the whole and months to their periods."""

from __future__ import annotations

import statistics
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from places.greenwich.dates import FIRST_DAY, LAST_DAY, MONTHS, spans
from places.greenwich.indicators import INDICATORS
from places.greenwich.tally import (
    STANDARD_POPULATION,
    TruthRow,
    population,
    rounded,
    standardised,
    tally_by_period,
    tally_dsr,
    tally_groups,
    tally_mean,
    tally_median,
    tally_proportion,
    tally_rate,
)
from places.greenwich.truth import Decided

# Days a little before and after the data too, and people nobody knows.
_EVENTS = st.lists(
    st.tuples(st.integers(FIRST_DAY - 40, LAST_DAY + 40), st.integers(-1, 700), st.integers(0, 1)), max_size=120
)
_LAWS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Events = list[tuple[int, int, int]]


def _arrays(events: Events) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = np.array(events, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _pairs(rows: list[TruthRow]) -> dict[tuple[str, str, str, str], tuple[int, int]]:
    return {
        (row.period_kind, row.period_id, row.breakdown_kind, row.breakdown_group): (
            row.numerator or 0,
            row.denominator or 0,
        )
        for row in rows
    }


def _groups_add_up(rows: list[TruthRow]) -> None:
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for (kind, label, breakdown, _), (above, below) in _pairs(rows).items():
        sums[kind, label, breakdown][0] += above
        sums[kind, label, breakdown][1] += below
    for (kind, label, _), total in sums.items():
        assert total == sums[kind, label, "all"]


def _months_add_up(rows: list[TruthRow]) -> None:
    pairs = _pairs(rows)
    for kind in ("quarter", "year", "rolling_year"):
        for span in spans(kind):
            labels = [MONTHS[place].label for place in range(span.first, span.stop)]
            for cell in {key[2:] for key in pairs if key[0] == kind}:
                parts = [pairs.get(("month", label, *cell), (0, 0)) for label in labels]
                assert pairs.get((kind, span.period.label, *cell), (0, 0)) == tuple(map(sum, zip(*parts, strict=True)))


@_LAWS
@given(_EVENTS)
def test_proportions_add_up(small: Decided, events: Events) -> None:
    """GRW-28, GRW-39: groups sum to the whole, a quarter to its months, and nobody is counted who may not be."""
    days, people, numerator = _arrays(events)
    rows = tally_proportion(small.world, "four_week_quit", days, people, numerator)
    _groups_add_up(rows)
    _months_add_up(rows)
    inside = (days >= FIRST_DAY) & (days <= LAST_DAY)
    assert sum(
        row.denominator or 0 for row in rows if row.period_kind == "month" and row.breakdown_kind == "all"
    ) == int(inside.sum())
    residents = tally_proportion(small.world, "emergency_readmission_30d", days, people, numerator)
    _groups_add_up(residents)
    known = inside & small.world.attributes(people, days).in_spine
    assert sum(
        row.denominator or 0 for row in residents if row.period_kind == "month" and row.breakdown_kind == "all"
    ) == int(known.sum())


@_LAWS
@given(_EVENTS)
def test_means_and_rates_add_up(small: Decided, events: Events) -> None:
    days, people, amount = _arrays(events)
    rows = tally_mean(small.world, "discharge_delay", days, people, amount * 7)
    _groups_add_up(rows)
    _months_add_up(rows)
    _groups_add_up(tally_rate(small.world, "care_home_admissions_65_over", days, people))
    dsr = tally_dsr(small.world, "emergency_admissions", days, people)
    _groups_add_up(dsr)
    _months_add_up(dsr)
    for row in dsr:
        if (row.numerator or 0) < 10:
            assert row.value is None


@_LAWS
@given(_EVENTS)
def test_medians_are_medians(small: Decided, events: Events) -> None:
    days, people, _ = _arrays(events)
    amount = (days * 7 + people) % 23
    for row in tally_median(small.world, "community_wait", days, people, amount):
        if row.breakdown_kind != "all" or row.period_kind != "quarter":
            continue
        (span,) = [item for item in spans("quarter") if item.period.label == row.period_id]
        start, end = (np.datetime64(day.isoformat()).astype(int) for day in (span.period.start, span.period.end))
        inside = amount[(days >= start) & (days <= end)].tolist()
        assert row.value == Decimal(str(statistics.median(inside))).quantize(Decimal("0.1"))
        assert (row.numerator, row.denominator) == (round(2 * statistics.median(inside)), 2)


@given(st.fractions(min_value=0, max_value=10**6), st.integers(0, 3))
def test_rounding_is_half_up(value: Fraction, decimals: int) -> None:
    close = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(
        Decimal(1).scaleb(-decimals), ROUND_HALF_UP
    )
    assert rounded(value, decimals) == close or abs(rounded(value, decimals) - close) == Decimal(1).scaleb(-decimals)
    assert abs(Fraction(rounded(value, decimals)) - value) <= Fraction(1, 2 * 10**decimals)


@pytest.mark.parametrize(
    ("value", "told"), [("5/100", "0.1"), ("1/20", "0.1"), ("149/1000", "0.1"), ("15/100", "0.2"), ("0", "0.0")]
)
def test_halves_go_up(value: str, told: str) -> None:
    assert rounded(Fraction(value), 1) == Decimal(told)
    assert str(rounded(Fraction(value), 1)) == told


def test_a_standardised_rate_by_hand() -> None:
    """Each band one event in a thousand person-months: 12 in a thousand person-years whatever the weights."""
    events, months = np.ones(19, dtype=np.int64), np.full(19, 1000, dtype=np.int64)
    assert sum(STANDARD_POPULATION) == 100_000
    assert standardised(events, months, 0) == Fraction(12, 1000)
    months[18] = 500
    assert standardised(events, months, 0) == Fraction(12, 1000) + Fraction(1000 * 12, 1000 * 100_000)
    months[18] = 0
    assert standardised(events, months, 0) is None
    assert standardised(events[:9], np.full(9, 1000), 10) is None


def test_every_population_is_the_spine_itself(small: Decided) -> None:
    world = small.world
    for kind in ("all", "pcn", "deprivation"):
        everybody = population(world, "emergency_admissions", kind)
        assert everybody.sum(axis=(1, 2)).tolist() == world.in_spine.sum(axis=1).tolist()
    older = population(world, "falls_admissions_65_over", "all")
    assert older[:, 0, :13].sum() == 0
    assert (older[:, 0, 13:] == population(world, "emergency_admissions", "all")[:, 0, 13:]).all()
    women = population(world, "larc_prescribed", "deprivation")
    assert women[:, :, :3].sum() == 0
    assert women[:, :, 9:].sum() == 0
    assert women[:, 5].sum() == 0


def test_people_are_counted_once_a_period(small: Decided) -> None:
    world = small.world
    people = np.flatnonzero(world.practice[11] >= 0)[:50]
    rows = tally_by_period(
        world, "opiate_treatment_completion", {("year", "2023-24"): (people, np.ones(50, dtype=np.int64))}
    )
    assert _pairs(rows)["year", "2023-24", "all", "all"] == (50, 50)
    _groups_add_up(rows)
    later = tally_by_period(
        world, "opiate_treatment_completion", {("year", "2025-26"): (people, np.zeros(50, dtype=np.int64))}
    )
    # the data end before the year's last month: nobody's attributes are known, everybody counts
    assert {row.breakdown_group for row in later} == {"all", "unknown"}
    assert _pairs(later)["year", "2025-26", "age", "unknown"] == (0, 50)


def test_a_rate_of_events_that_name_their_group(small: Decided) -> None:
    days = np.array([FIRST_DAY, FIRST_DAY + 1, LAST_DAY + 1])
    rows = tally_groups(small.world, "larc_prescribed", days, {"deprivation": np.array([0, 4, 0])}, np.ones(3))
    pairs = _pairs(rows)
    assert pairs["quarter", "2023-24-q1", "all", "all"][0] == 2
    assert pairs["quarter", "2023-24-q1", "deprivation", "1"][0] == 1
    assert pairs["quarter", "2025-26-q1", "all", "all"][0] == 0
    _groups_add_up(rows)


def test_every_indicator_of_the_place_is_told(small: Decided) -> None:
    """Each period, breakdown and statistic that is promised appears, and no other."""
    found = defaultdict(set)
    for row in small.truth():
        found[row.indicator_id].add((row.period_kind, row.breakdown_kind))
    assert set(found) == set(INDICATORS)
    for indicator_id, cells in found.items():
        entry = INDICATORS[indicator_id]
        assert cells == {(kind, breakdown) for kind in entry.kinds for breakdown in entry.breakdowns}
    keys = [
        (row.indicator_id, row.period_kind, row.period_id, row.breakdown_kind, row.breakdown_group)
        for row in small.truth()
    ]
    assert keys == sorted(set(keys))
