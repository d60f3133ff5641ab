"""The hand-written people, one by one: what each story says must come of it is what the decisions say."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from places.greenwich import (
    carers,
    deaths,
    end_of_life,
    health_checks,
    long_term_conditions,
    stories,
    weight_and_activity,
    winter_plans,
)
from places.greenwich.dates import as_date, day_number, spans
from places.greenwich.people import Expectation
from places.greenwich.tally import counted
from places.greenwich.truth import Decided


def _events(small: Decided, indicator: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    world = small.world
    if indicator.startswith("health_check"):
        found = small.invitations
        person = np.where(world.has_number[found.person] & ~found.broken, found.person, -1)
        if indicator == health_checks.UPTAKE:
            return found.invited, person, health_checks.reported(found).astype(int)
        if indicator == health_checks.OFFERED:
            return found.invited, person, np.ones(len(person), dtype=int)
        came = health_checks.told(found)
        return found.attended[came], person[came], np.ones(int(came.sum()), dtype=int)
    plans = end_of_life.contributions(world, small.deaths, small.plans)
    if indicator in plans:
        return plans[indicator]
    if indicator == winter_plans.OFFERED:
        return winter_plans.offered(world, small.offers)
    if indicator == carers.IN_TIME:
        return carers.answered(small.carers)
    courses = weight_and_activity.contributions(small.courses)
    if indicator in courses:
        return courses[indicator]
    kept = ~small.deaths.external & ~small.deaths.broken
    person = deaths.named(world, small.deaths)
    return small.deaths.day[kept], person[kept], (small.deaths.place < deaths.USUAL)[kept].astype(int)


def _contribution(small: Decided, item: Expectation) -> tuple[int, int]:
    person = small.world.story(item.story_id)
    if item.indicator_id in long_term_conditions.FROM_EIGHTY:
        from_eighty = long_term_conditions.FROM_EIGHTY[item.indicator_id]
        (end,) = {
            span.period.end
            for kind in ("quarter", "year", "rolling_year")
            for span in spans(kind)
            if span.period.label == item.when
        }
        snapshot = day_number(end)
        people, treated = long_term_conditions.treated(small.world, small.snapshots, from_eighty)[snapshot]
        kept, _ = counted(small.world, item.indicator_id, np.full(len(people), snapshot), people)
        rows = kept & (people == person)
        return int(treated[rows].sum()), int(rows.sum())
    if item.indicator_id in (carers.BUDGET, carers.REVIEWED):
        told = carers.budgets(small.carers) if item.indicator_id == carers.BUDGET else carers.reviews(small.carers)
        ((people, numerator),) = (rows for (_, label), rows in told.items() if label == item.when)
        return int(numerator[people == person].sum()), int((people == person).sum())
    days, people, numerator = _events(small, item.indicator_id)
    kept, _ = counted(small.world, item.indicator_id, days, people)
    rows = kept & (people == person) & (days == day_number(date.fromisoformat(item.when)))
    return int(numerator[rows].sum()), int(rows.sum())


@pytest.mark.parametrize("item", stories.EXPECTED, ids=lambda item: f"{item.story_id}-{item.indicator_id}-{item.when}")
def test_a_story_comes_out_as_told(small: Decided, item: Expectation) -> None:
    """GRW-10: hand-built histories give exactly what was reckoned by hand."""
    assert _contribution(small, item) == (item.numerator, item.denominator)


def test_nothing_else_comes_of_them(small: Decided) -> None:
    """What a person contributes and no story mentions would be a surprise."""
    told = {(item.story_id, item.when) for item in stories.EXPECTED}
    for indicator in ("health_check_uptake", "deaths_usual_place"):
        days, people, _ = _events(small, indicator)
        kept, _ = counted(small.world, indicator, days, people)
        for person in stories.STORY_PEOPLE:
            rows = kept & (people == small.world.story(person.story_id))
            for day in days[rows]:
                assert (person.story_id, as_date(day).isoformat()) in told


def test_forty_people_each_with_a_sentence(small: Decided) -> None:
    world = small.world
    assert len(world.stories) == 40
    assert len({person.story_id for person in world.stories}) == 40
    assert all(person.sentence.endswith(".") for person in world.stories)
    told = {item.story_id for item in small.people()}
    assert told == {person.story_id for person in world.stories}
    for item in small.people():
        assert item.nhs_number == str(world.nhs[world.story(item.story_id)])
        assert 0 <= item.numerator <= max(item.denominator, 1)


def test_stories_change_nobody_else(small: Decided, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawn people are the same with and without the hand-written ones."""
    from places.greenwich import world as worlds

    monkeypatch.setattr(worlds, "_story_people", lambda: ())
    bare = worlds.draw_world(small.world.residents, small.world.seed)
    assert bare.people == small.world.background
    assert (bare.practice == small.world.practice[:, : bare.people]).all()
    assert (bare.nhs == small.world.nhs[: bare.people]).all()
    assert (bare.forename == small.world.forename[: bare.people]).all()
