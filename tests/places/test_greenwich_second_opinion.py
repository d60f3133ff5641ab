"""The truth, told before any file is written, equals what a slow reader of the files finds by the definitions."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from greenwich_reader import Attributes, Reader

from places.greenwich.dates import MONTHS, spans
from places.greenwich.indicators import INDICATORS
from places.greenwich.tally import TruthRow
from places.greenwich.truth import Decided

CORE_FEEDS = {
    "carers",
    "deaths",
    "end_of_life_plans",
    "nhs_health_checks",
    "pcn_achievement",
    "pcn_long_term_conditions",
    "pcn_register",
    "sexual_health",
    "weight_and_activity",
    "winter_plans",
}
_PERIOD_KINDS = ("month", "quarter", "year", "rolling_year")


@pytest.fixture(scope="module")
def reader(small: Decided) -> Reader:
    kept = (item for item in small.submissions() if item.feed in CORE_FEEDS or item.feed.startswith("reference_"))
    return Reader(kept)


def _told(small: Decided, indicator: str) -> dict[tuple[str, ...], tuple[int | None, int | None]]:
    return {_cell(row): (row.numerator, row.denominator) for row in small.truth() if row.indicator_id == indicator}


def _cell(row: TruthRow) -> tuple[str, ...]:
    return row.period_kind, row.period_id, row.breakdown_kind, row.breakdown_group


def _groups(who: Attributes) -> dict[str, str]:
    return {"all": "all", "pcn": who.pcn, "deprivation": who.deprivation, "age": who.group}


def _counted(indicator: str, events: list[tuple[date, int, Attributes]]) -> dict[tuple[str, ...], tuple[int, int]]:
    above: Counter[tuple[str, ...]] = Counter()
    below: Counter[tuple[str, ...]] = Counter()
    entry = INDICATORS[indicator]
    for when, numerator, who in events:
        for kind in entry.kinds:
            for span in spans(kind):
                if span.period.start <= when <= span.period.end:
                    for breakdown in entry.breakdowns:
                        cell = (kind, span.period.label, breakdown, _groups(who)[breakdown])
                        above[cell] += numerator
                        below[cell] += 1
    return {cell: (above[cell], below[cell]) for cell in below}


def test_the_spine_is_the_registers(small: Decided, reader: Reader) -> None:
    """Every month's people, with their networks, fifths, ages and sexes, one by one through their tokens."""
    world = small.world
    for position, month in enumerate(MONTHS):
        people = [person for person in range(world.people) if world.practice[position, person] >= 0]
        found = world.attributes_in(people, [position] * len(people))
        tokens = world.person_token(people).to_pylist()
        matches = world.match_token(people).to_pylist()
        expected = reader.spine(month.start)
        assert {token or match for token, match in zip(tokens, matches, strict=True)} == set(expected)
        for place, (token, match) in enumerate(zip(tokens, matches, strict=True)):
            who = expected[token or match]
            assert who.age == found.age_years[place]
            assert who.sex == str(found.sex[place])
            assert (who.lsoa in reader.fifths) == found.in_area[place]
            assert who.pcn == ("ZPN1", "ZPN2", "ZPN3", "ZPN4", "ZPN5", "ZPN6", "unknown")[found.pcn[place]]
            assert who.deprivation == ("1", "2", "3", "4", "5", "unknown")[found.deprivation[place]]


def test_health_checks(small: Decided, reader: Reader) -> None:
    assert _told(small, "health_check_uptake") == _counted("health_check_uptake", reader.health_checks())


@pytest.mark.parametrize(
    ("indicator", "event"), [("health_check_offered", "invited_on"), ("health_check_received", "attended_on")]
)
def test_rates_of_health_checks(small: Decided, reader: Reader, indicator: str, event: str) -> None:
    """Events by group over the person-months of those aged 40 to 74 in the group."""
    done = [(when, 1, who) for when, who in reader.checks_by(event)]
    above = {cell: events for cell, (_, events) in _counted(indicator, done).items()}
    months = [
        (month.start, 1, who) for month in MONTHS for who in reader.spine(month.start).values() if 40 <= who.age <= 74
    ]
    below = {cell: persons for cell, (_, persons) in _counted(indicator, months).items()}
    assert sum(above.values()) > 100
    assert _told(small, indicator) == {cell: (above.get(cell, 0), persons) for cell, persons in below.items()}


def test_deaths_in_the_usual_place(small: Decided, reader: Reader) -> None:
    assert _told(small, "deaths_usual_place") == _counted("deaths_usual_place", reader.usual_place())


def test_deaths_in_hospital(small: Decided, reader: Reader) -> None:
    found = reader.died_in("hospital")
    assert _told(small, "deaths_in_hospital") == _counted("deaths_in_hospital", found)


@pytest.mark.parametrize(("indicator", "met"), [("preferred_place_recorded", False), ("died_in_preferred_place", True)])
def test_preferred_places_of_death(small: Decided, reader: Reader, indicator: str, met: bool) -> None:
    """DER-18: deaths linked to the plans of two services, in the layouts of both."""
    found = _counted(indicator, reader.wishes(met))
    assert sum(count for count, _ in found.values()) > 0
    assert _told(small, indicator) == found


def test_winter_plans(small: Decided, reader: Reader) -> None:
    """DER-16: the age is that of 1 November, by the month of birth; who died or left before is not asked about."""
    found = _counted("winter_plan_offered_85_over", reader.winters())
    assert sum(count for count, _ in found.values()) > 0
    assert _told(small, "winter_plan_offered_85_over") == found


def test_carers_answered_in_time(small: Decided, reader: Reader) -> None:
    """DER-14: requests to council or carers centre, answered by either, on the 28th day at the latest."""
    found = _counted("carers_answered_28_days", reader.carers_asking())
    assert sum(count for count, _ in found.values()) > 0
    assert _told(small, "carers_answered_28_days") == found


@pytest.mark.parametrize(
    ("indicator", "kinds"),
    [("carers_personal_budget", ("quarter", "year", "rolling_year")), ("carers_budget_reviewed", ("quarter", "year"))],
)
def test_budgets_of_carers(small: Decided, reader: Reader, indicator: str, kinds: tuple[str, ...]) -> None:
    """DER-21, CNI-36: who is eligible, who of them has a budget, and whose was reviewed, counted a second time."""
    expected = {}
    for kind in kinds:
        for span in spans(kind):
            people = (
                reader.budgets_reviewed(span.period.end)
                if "reviewed" in indicator
                else reader.carers_supported(span.period.start, span.period.end)
            )
            cells = _counted(indicator, people)
            expected |= {cell: value for cell, value in cells.items() if cell[:2] == (kind, span.period.label)}
    assert sum(count for count, _ in expected.values()) > 0
    assert _told(small, indicator) == expected


@pytest.mark.parametrize("indicator", ["weight_loss_5_percent", "became_active", "left_inactivity"])
def test_weight_and_activity(small: Decided, reader: Reader, indicator: str) -> None:
    """GRW-18: courses of two services, one of which writes metres and grams."""
    found = _counted(indicator, reader.courses(indicator))
    assert sum(count for count, _ in found.values()) > 0
    assert _told(small, indicator) == found


@pytest.mark.parametrize(
    ("indicator", "ages"),
    [("hypertension_treated", range(18, 200)), ("hypertension_treated_79_under", range(18, 80))],
)
def test_hypertension(small: Decided, reader: Reader, indicator: str, ages: range) -> None:
    expected = {}
    for kind in ("quarter", "year", "rolling_year"):
        for span in spans(kind):
            counted = _counted(indicator, reader.hypertension(span.period.end, ages))
            expected |= {cell: value for cell, value in counted.items() if cell[:2] == (kind, span.period.label)}
    assert _told(small, indicator) == expected


@pytest.mark.parametrize(
    ("indicator", "activity", "ages"),
    [("larc_prescribed", "LARC", range(15, 45)), ("chlamydia_detection_15_24", "C4", range(15, 25))],
)
def test_sexual_health_clinic(small: Decided, reader: Reader, indicator: str, activity: str, ages: range) -> None:
    expected = {}
    done = reader.at_the_clinic(activity, ages)
    for kind in ("quarter", "year", "rolling_year"):
        for span in spans(kind):
            inside = [month for month in MONTHS if span.period.contains(month)]
            women = [who for month in inside for who in reader.women(month.start, ages)]
            fifths = [fifth for when, fifth in done if span.period.start <= when <= span.period.end]
            expected[kind, span.period.label, "all", "all"] = (len(fifths), len(women))
            for fifth in "12345":
                months = sum(who.deprivation == fifth for who in women)
                if months:
                    expected[kind, span.period.label, "deprivation", fifth] = (fifths.count(fifth), months)
    assert _told(small, indicator) == expected


@pytest.mark.parametrize(
    ("indicator", "code"),
    [
        ("learning_disability_check", "LDHC01"),
        ("cholesterol_to_target", "CHOL004"),
        ("smi_physical_health_check", "MH021"),
    ],
)
def test_counts_of_practices(small: Decided, reader: Reader, indicator: str, code: str) -> None:
    expected = {}
    for kind in ("quarter", "year"):
        for span in spans(kind):
            found = reader.achievement(code, span.period.end)
            groups = {("pcn", name): counts for name, counts in found.items()}
            if found:
                groups["all", "all"] = sum(found.values(), Counter())
            for group, counts in groups.items():
                if counts["DENOMINATOR"]:
                    cell = (kind, span.period.label, *group)
                    expected[cell] = (counts["NUMERATOR"], counts["DENOMINATOR"])
    assert expected
    assert _told(small, indicator) == expected


def test_dirt_is_what_was_said(small: Decided, reader: Reader) -> None:
    """No more and no less is dropped, tidied or held back than the place says it planted."""
    said = {(item.feed, item.rule): item.rows for item in small.planted_dirt() if item.feed in CORE_FEEDS}
    assert said == {key: number for key, number in reader.findings.items() if number}
    assert {rule for _, rule in said} >= {"row.duplicate", "value.trimmed", "row.code", "row.range", "row.cross_field"}
