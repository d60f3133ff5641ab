"""Courses of weight management and of physical activity: who starts, who stays, and what comes of it.

Belongs here: courses, the `weight_and_activity` files of two services, the true shares of weight lost and of people who
become active. Not here: who lives where.

A course that ends after the last day of the data is still running in the files, and in the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import LAST_DAY, MONTH_STARTS, NEVER, Mask, Positions, day_number
from places.greenwich.files import BRITISH, Columns, Extract, day_texts, number_texts
from places.greenwich.service_files import Sender, extracts
from places.greenwich.stories import COURSES
from places.greenwich.tally import TruthRow, tally_proportion
from places.greenwich.world import World

FEED = "weight_and_activity"
LOST_WEIGHT, ACTIVE, LEFT_INACTIVITY = "weight_loss_5_percent", "became_active", "left_inactivity"
PROGRAMMES = ("adult_weight_management", "child_weight_management", "activity_on_referral")
ADULT_WEIGHT, CHILD_WEIGHT, ACTIVITY = range(3)
END_STATUSES = ("completed", "left_early", "transferred")
COMPLETED, RUNNING = 0, -1
FOLLOW_UP_DAYS, ACTIVE_MINUTES, INACTIVE_BELOW = 182, 150, 30
_SYSTEM_NAMES = {
    "organisation": "Provider",
    "record_id": "Course ID",
    "person_token": "Person token",
    "match_token": "Match token",
    "local_token": "Client token",
    "nhs_number_status": "NHS number status",
    "birth_month": "Month of birth",
    "programme": "Programme",
    "referred_on": "Referred",
    "started_on": "Started",
    "ended_on": "Ended",
    "end_status": "Ended how",
    "height_cm": "Height (m)",
    "start_weight_kg": "Start weight (g)",
    "end_weight_kg": "End weight (g)",
    "start_active_minutes": "Start minutes",
    "end_active_minutes": "End minutes",
}
_SYSTEM_CODES = {
    "adult_weight_management": "T2 adult",
    "child_weight_management": "T2 child",
    "activity_on_referral": "EoR",
    "completed": "Completed",
    "left_early": "Dropped out",
    "transferred": "Moved on",
}
METRIC, SYSTEM = 0, 1
SENDERS = (Sender("ZWA1"), Sender("ZWA2", BRITISH, _SYSTEM_NAMES, _SYSTEM_CODES))
_YEARLY = {ADULT_WEIGHT: 0.007, CHILD_WEIGHT: 0.004, ACTIVITY: 0.006}
_STARTS = 0.86
_ENDS = np.array([0.58, 0.37, 0.05])
_UNMEASURED_START, _UNMEASURED_END = 0.02, 0.12
_MINUTES = np.array([0, 10, 29, 30, 45, 90, 120, 149, 150, 180, 240])


@dataclass(frozen=True, eq=False)
class Courses:
    """One place a course, in the order of referrals.

    started, ended: `NEVER` where nobody came, or where it runs on. status: -1 while it runs. height, weights: whole
    millimetres and tenths of a kilogram. weights and minutes: -1 where they were not taken.
    """

    person: Positions
    sender: Positions
    programme: Positions
    referred: Positions
    started: Positions
    ended: Positions
    status: Positions
    height: Positions
    start_weight: Positions
    end_weight: Positions
    start_minutes: Positions
    end_minutes: Positions


def decide(world: World) -> Courses:
    """Courses of drawn people and of stories."""
    random = world.rng("weight and activity")
    age = (MONTH_STARTS[len(MONTH_STARTS) // 2] - world.birth_day[: world.background]) / 365.25
    drawn = []
    for programme, rate in _YEARLY.items():
        young = programme == CHILD_WEIGHT
        suited = (age >= 5) & (age < 15) if young else (age >= 20)
        person, day = world.events(f"weight and activity/{PROGRAMMES[programme]}", np.where(suited, rate, 0.0))
        drawn.append((person, day, np.full(len(person), programme)))
    person, referred, programmes = (np.concatenate(part).astype(np.int64) for part in zip(*drawn, strict=True))
    count = len(person)
    started = np.where(random.random(count) < _STARTS, referred + random.integers(0, 43, size=count), NEVER)
    started = np.where(started > np.minimum(world.death_day[person], LAST_DAY), NEVER, started)
    status = random.choice(len(END_STATUSES), size=count, p=_ENDS)
    # most courses have twelve weeks, a few go on to the last day that counts, or a day beyond it
    length = np.where(status == COMPLETED, random.integers(70, 120, size=count), random.integers(0, 80, size=count))
    longer = random.random(count) < 0.05
    length = np.where(longer, FOLLOW_UP_DAYS + random.integers(-1, 3, size=count), length)
    ended = np.where(started == NEVER, NEVER, started + length)
    ended = np.where(ended > np.minimum(world.death_day[person], LAST_DAY), NEVER, ended)
    status = np.where(ended == NEVER, RUNNING, status)
    height = np.where(programmes == CHILD_WEIGHT, 1150, 1500) + random.integers(0, 400, size=count)
    start_weight = np.where(programmes == CHILD_WEIGHT, 300, 720) + 20 * random.integers(0, 30, size=count)
    end_weight = _end_weights(random, start_weight)
    start_minutes = _MINUTES[np.minimum(random.integers(0, len(_MINUTES), size=count), 8)]
    end_minutes = _MINUTES[random.integers(0, len(_MINUTES), size=count)]
    weighed = (programmes != ACTIVITY) & (started != NEVER)
    asked = (programmes == ACTIVITY) & (started != NEVER)
    begun = random.random(count) >= _UNMEASURED_START
    followed = (random.random(count) >= _UNMEASURED_END) & (ended != NEVER)
    columns = (
        person,
        random.integers(0, len(SENDERS), size=count),
        programmes,
        referred,
        started,
        ended,
        status,
        height,
        np.where(weighed & begun, start_weight, -1),
        np.where(weighed & followed, end_weight, -1),
        np.where(asked & begun, start_minutes, -1),
        np.where(asked & followed, end_minutes, -1),
    )
    by_hand = np.array([_story(world, item) for item in COURSES], dtype=np.int64).T
    whole = [np.concatenate([part, written]).astype(np.int64) for part, written in zip(columns, by_hand, strict=True)]
    order = np.lexsort((whole[2], whole[0], whole[3]))
    names = (field.name for field in fields(Courses))
    return Courses(**{name: part[order] for name, part in zip(names, whole, strict=True)})


def _end_weights(random: np.random.Generator, start: Positions) -> Positions:
    """Weights at the end; some have lost a twentieth to the tenth of a kilogram, some that but for one."""
    usual = start - np.floor(start * np.clip(random.normal(0.035, 0.03, size=len(start)), -0.04, 0.2)).astype(np.int64)
    chance = random.random(len(start))
    exact = start * 19 // 20
    return np.where(chance < 0.06, exact, np.where(chance < 0.1, exact + 1, usual))


def _story(world: World, item: Any) -> tuple[int, ...]:
    ended = NEVER if item.ended is None else day_number(item.ended)
    status = RUNNING if item.status is None else END_STATUSES.index(item.status)
    started = day_number(item.started)
    return (
        world.story(item.story_id),
        item.sender,
        PROGRAMMES.index(item.programme),
        started,
        started,
        ended,
        status,
        1700,
        *item.weights,
        *item.minutes,
    )


def finished(courses: Courses) -> Mask:
    """Courses gone through to the end within the days that count."""
    in_time: Mask = (courses.status == COMPLETED) & (courses.ended <= courses.started + FOLLOW_UP_DAYS)
    return in_time


def contributions(courses: Courses) -> dict[str, tuple[Positions, Positions, Positions]]:
    """Indicator to the first day, the person and the numerator of each course that counts for it."""
    done, began = finished(courses), courses.started != NEVER
    lighter = (courses.start_weight > 0) & (courses.end_weight > 0)
    lighter &= courses.end_weight * 100 <= courses.start_weight * 95
    asked = began & (courses.programme == ACTIVITY) & (courses.start_minutes >= 0)
    told = {
        LOST_WEIGHT: (began & (courses.programme == ADULT_WEIGHT), lighter),
        ACTIVE: (asked & (courses.start_minutes < ACTIVE_MINUTES), courses.end_minutes >= ACTIVE_MINUTES),
        LEFT_INACTIVITY: (asked & (courses.start_minutes < INACTIVE_BELOW), courses.end_minutes >= INACTIVE_BELOW),
    }
    return {
        indicator: (courses.started[kept], courses.person[kept], (done & reached)[kept].astype(np.int64))
        for indicator, (kept, reached) in told.items()
    }


def truth_rows(world: World, courses: Courses) -> list[TruthRow]:
    """True shares of weight lost, of people who became active and of people no longer inactive."""
    found: list[TruthRow] = []
    for indicator, (day, person, numerator) in contributions(courses).items():
        found += tally_proportion(world, indicator, day, person, numerator)
    return found


def sent(world: World, courses: Courses) -> list[Extract]:
    """The files of both services: one weighs in kilograms, the other in grams."""

    def columns(sender: Sender, rows: Positions) -> Columns:
        metric = sender is SENDERS[METRIC]
        heights, started = courses.height[rows], courses.started[rows]
        heights = np.where(started == NEVER, -1, heights)
        return {
            "programme": sender.texts(courses.programme[rows], PROGRAMMES),
            "referred_on": day_texts(courses.referred[rows], sender.style),
            "started_on": day_texts(started, sender.style),
            "ended_on": day_texts(courses.ended[rows], sender.style),
            "end_status": sender.texts(courses.status[rows], END_STATUSES),
            "height_cm": _decimals(heights, 1) if metric else _decimals(heights, 3),
            "start_weight_kg": _weights(courses.start_weight[rows], metric),
            "end_weight_kg": _weights(courses.end_weight[rows], metric),
            "start_active_minutes": number_texts(courses.start_minutes[rows], courses.start_minutes[rows] < 0),
            "end_active_minutes": number_texts(courses.end_minutes[rows], courses.end_minutes[rows] < 0),
        }

    return extracts(
        world, FEED, SENDERS, (courses.sender, courses.person, courses.referred), ("record_id", "WA"), columns
    )


def _weights(tenths: Positions, metric: bool) -> Any:
    return _decimals(tenths, 1) if metric else number_texts(tenths * 100, tenths < 0)


def _decimals(values: NDArray[np.int64], places: int) -> list[str | None]:
    """Whole numbers as decimals of so many places; none for a negative one."""
    unit = 10**places
    return [None if value < 0 else f"{value // unit}.{value % unit:0{places}d}" for value in values.tolist()]
