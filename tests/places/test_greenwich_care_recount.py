"""Care's truth, told before any file is written, equals what a slow reader of the files finds by the definitions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest
from greenwich_care_reader import CareReader, Event

from places.greenwich.care import FEEDS
from places.greenwich.dates import MONTHS, day_number, spans
from places.greenwich.indicators import INDICATORS
from places.greenwich.tally import tally_proportion
from places.greenwich.truth import Decided, decided
from places.greenwich.world import GROUPS, Attributes

Cell = tuple[str, str, str, str]


@pytest.fixture(scope="module", params=[(1_500, 3), (4_000, 8)], ids=["village", "town"])
def place(request: pytest.FixtureRequest) -> Decided:
    return decided(*request.param)


@pytest.fixture(scope="module")
def reader(place: Decided) -> CareReader:
    return CareReader(place.world, place.submissions())


@pytest.fixture(scope="module")
def people(place: Decided) -> dict[str, int]:
    """Position of the person each token stands for."""
    world = place.world
    everybody = np.arange(world.people)
    tokens = [*world.match_token(everybody).to_pylist(), *world.person_token(everybody).to_pylist()]
    return {token: number % world.people for number, token in enumerate(tokens) if token}


def _told(place: Decided, indicator: str) -> dict[Cell, tuple[int | None, int | None]]:
    return {
        (row.period_kind, row.period_id, row.breakdown_kind, row.breakdown_group): (row.numerator, row.denominator)
        for row in place.care.truth_rows()
        if row.indicator_id == indicator
    }


def _attributes(place: Decided, people: dict[str, int], events: list[Event]) -> Attributes:
    who = np.array([people.get(event.person or "", -1) for event in events], dtype=np.int64)
    return place.world.attributes(who, np.array([day_number(event.when) for event in events], dtype=np.int64))


def _gathered(place: Decided, people: dict[str, int], indicator: str, events: list[Event]) -> dict[Cell, list[int]]:
    """Amounts of the events that count, by period and group."""
    entry, found = INDICATORS[indicator], _attributes(place, people, events)
    cells: dict[Cell, list[int]] = defaultdict(list)
    for number, event in enumerate(events):
        old_enough = entry.ages[0] <= found.age_years[number] <= entry.ages[1]
        if entry.residents_only and not (found.in_spine[number] and old_enough):
            continue
        for kind in entry.kinds:
            for span in spans(kind):
                if MONTHS[span.first].start <= event.when <= MONTHS[span.stop - 1].end:
                    for breakdown in entry.breakdowns:
                        group = GROUPS[breakdown][found.codes(breakdown)[number]]
                        cells[kind, span.period.label, breakdown, group].append(event.amount)
    return cells


@pytest.mark.parametrize(
    ("indicator", "count"),
    [
        ("sustained_recovery_6_months", CareReader.half_year_recoveries),
        ("sustained_recovery", CareReader.recoveries),
        ("sustained_recovery_24_months", CareReader.two_year_recoveries),
        ("re_presentation_6_months", CareReader.returns),
        ("deaths_in_treatment", CareReader.treatment_deaths),
        ("four_week_quit", CareReader.quits),
        ("four_week_quit_self_reported", CareReader.quits_by_their_word),
        ("quit_lost_to_follow_up", CareReader.lost_quits),
        ("emergency_readmission_30d", CareReader.readmissions),
        ("emergency_bed_days_65_over", CareReader.emergency_nights),
        ("discharged_to_usual_place", CareReader.usual_places),
        ("weekend_discharges", CareReader.weekends),
        ("community_share_of_contacts", CareReader.settings),
        ("supported_while_waiting", CareReader.supported),
        ("urgent_response_2_hours", CareReader.answered),
        ("urgent_response_not_timed", CareReader.untimed),
        ("discharge_delay", CareReader.delays),
        ("discharged_on_ready_date", CareReader.prompt_discharges),
        ("hospital_to_care_home", CareReader.to_care_homes),
        ("days_at_home_91", CareReader.days_at_home),
        ("at_home_12_weeks", CareReader.at_home),
        ("at_home_91_days", CareReader.at_home_on_day_91),
        ("acute_stays_before_reablement", CareReader.stays_before),
        ("onward_referral_completed", CareReader.onward),
        ("emergencies_before_death", CareReader.dying),
        ("first_contact_28_days", CareReader.referrals),
    ],
)
def test_proportions_and_means(
    place: Decided,
    reader: CareReader,
    people: dict[str, int],
    indicator: str,
    count: Callable[[CareReader], list[Event]],
) -> None:
    """DER-20, and the other shares and means: each event once, by its person and month."""
    cells = _gathered(place, people, indicator, count(reader))
    assert cells
    assert _told(place, indicator) == {cell: (sum(amounts), len(amounts)) for cell, amounts in cells.items()}


@pytest.mark.parametrize(
    ("indicator", "count"), [("treatment_wait", CareReader.waits), ("community_wait", CareReader.contacts)]
)
def test_medians(
    place: Decided,
    reader: CareReader,
    people: dict[str, int],
    indicator: str,
    count: Callable[[CareReader], list[Event]],
) -> None:
    cells = _gathered(place, people, indicator, count(reader))
    expected = {}
    for cell, amounts in cells.items():
        ordered = sorted(amounts)
        expected[cell] = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2)
    assert expected
    assert _told(place, indicator) == expected


@pytest.mark.parametrize(
    ("indicator", "count"),
    [
        ("emergency_admissions", CareReader.emergencies),
        ("emergency_admissions_65_over", CareReader.emergencies),
        ("chronic_acsc_admissions", CareReader.chronic),
        ("falls_admissions_65_over", CareReader.falls),
        ("care_home_admissions_65_over", CareReader.care_homes),
    ],
)
def test_events_of_rates(
    place: Decided,
    reader: CareReader,
    people: dict[str, int],
    indicator: str,
    count: Callable[[CareReader], list[Event]],
) -> None:
    cells = _gathered(place, people, indicator, count(reader))
    assert cells
    assert {cell: above for cell, (above, _) in _told(place, indicator).items() if above} == {
        cell: len(amounts) for cell, amounts in cells.items()
    }


def _people_of_periods(
    place: Decided, people: dict[str, int], indicator: str, count: Callable[[date, date], list[tuple[str, int]]]
) -> dict[Cell, tuple[int, int]]:
    """Numerator and denominator of people counted once a period, by period and group."""
    above: Counter[Cell] = Counter()
    below: Counter[Cell] = Counter()
    for kind in INDICATORS[indicator].kinds:
        for span in spans(kind):
            counted = count(span.period.start, span.period.end)
            who = np.array([people.get(person, -1) for person, _ in counted], dtype=np.int64)
            found = place.world.attributes_in(who, np.full(len(who), span.last))
            for breakdown in ("all", "pcn", "deprivation", "age"):
                for number, (_, well) in enumerate(counted):
                    cell = (kind, span.period.label, breakdown, GROUPS[breakdown][found.codes(breakdown)[number]])
                    above[cell] += well
                    below[cell] += 1
    return {cell: (above[cell], below[cell]) for cell in below}


@pytest.mark.parametrize("substance", ["opiate", "non_opiate", "alcohol"])
def test_completion_of_treatment(place: Decided, reader: CareReader, people: dict[str, int], substance: str) -> None:
    indicator = f"{substance}_treatment_completion"
    found = _people_of_periods(place, people, indicator, partial(reader.completions, substance))
    assert _told(place, indicator) == found


def test_frequent_admissions(place: Decided, reader: CareReader, people: dict[str, int]) -> None:
    indicator = "frequent_emergency_admissions"
    emergencies = reader.emergencies()
    here = _attributes(place, people, emergencies).in_spine
    residents = [event for number, event in enumerate(emergencies) if here[number]]

    def often(first: date, last: date) -> list[tuple[str, int]]:
        times = Counter(event.person for event in residents if first <= event.when <= last)
        return [(person or "", int(number >= 3)) for person, number in times.items()]

    assert _told(place, indicator) == _people_of_periods(place, people, indicator, often)


def test_waiting_people(place: Decided, reader: CareReader, people: dict[str, int]) -> None:
    found = _people_of_periods(place, people, "waiting_over_42_days", reader.waiting)
    assert found
    assert _told(place, "waiting_over_42_days") == found


def test_frequent_attendance(place: Decided, reader: CareReader, people: dict[str, int]) -> None:
    """DER-22: five or more attendances in the year, by person."""
    indicator = "frequent_emergency_attendance"
    assert _told(place, indicator) == _people_of_periods(place, people, indicator, reader.frequent_arrivals)


@pytest.mark.parametrize("moved", [1, 7, 40])
def test_contacts_that_change_their_setting(place: Decided, moved: int) -> None:
    """SWK-16: attendances become visits; the total stays, and the share grows by exactly as many of it."""
    indicator, care = "community_share_of_contacts", place.care
    before = next(item for item in care.contributions() if item.indicator_id == indicator)
    turned = before.numerator.copy()
    acute = np.flatnonzero(turned == 0)[:moved]
    turned[acute] = 1
    told = {}
    for name, numerator in (("before", before.numerator), ("after", turned)):
        rows = tally_proportion(place.world, indicator, np.asarray(before.when), before.person, numerator)
        told[name] = {row.period_id: row for row in rows if row.breakdown_kind == "all" and row.period_kind == "year"}
    assert told["before"]["2023-24"].denominator == told["after"]["2023-24"].denominator
    first, then = (told[name]["2023-24"].numerator for name in ("before", "after"))
    assert first is not None and then is not None and then - first == moved
    assert told["before"]["2024-25"] == told["after"]["2024-25"]


def test_the_waiting_list(place: Decided, reader: CareReader, people: dict[str, int]) -> None:
    """GRW-13: waits still open at the end of a month, each person once, out of everybody on the register that month."""
    expected: Counter[Cell] = Counter()
    everybody: Counter[Cell] = Counter()
    for kind in ("month", "quarter", "year"):
        for span in spans(kind):
            if span.period.end > MONTHS[-1].end:
                continue
            waits = {people[token] for token in reader.open_waits(span.period.end, 119) if token in people}
            here = [person for person in range(place.world.people) if place.world.practice[span.last, person] >= 0]
            found = place.world.attributes_in(np.array(here), np.full(len(here), span.last))
            for breakdown in ("all", "pcn", "deprivation", "age"):
                for person, code in zip(here, found.codes(breakdown), strict=True):
                    cell = (kind, span.period.label, breakdown, GROUPS[breakdown][code])
                    expected[cell] += person in waits
                    everybody[cell] += 1
    assert sum(expected.values()) > 100
    assert _told(place, "people_waiting") == {cell: (expected[cell], number) for cell, number in everybody.items()}


def test_nights_on_which_clocks_change(reader: CareReader) -> None:
    """DER-17: the nights are in the files, also those whose referrals can be read in two ways."""
    found = Counter(when for when, _, _ in reader.responses())
    for night in (date(2023, 10, 29), date(2024, 3, 31), date(2024, 10, 27), date(2025, 3, 30)):
        assert found[night] + found[night - timedelta(1)] >= 6
    twice = [
        row
        for row in reader.events("urgent_community_response")
        if row["clock_start_date"] in ("2023-10-29", "2024-10-27") and row["contact_time"].startswith("01:")
    ]
    assert twice


def test_dirt_is_what_was_said(place: Decided, reader: CareReader) -> None:
    """No more and no less is dropped, tidied or held back than the place says it planted."""
    found = CareReader(place.world, place.care.submissions()).findings
    said = {(item.feed, item.rule): item.rows for item in place.planted_dirt() if item.feed in FEEDS}
    assert said == {key: number for key, number in found.items() if number}
