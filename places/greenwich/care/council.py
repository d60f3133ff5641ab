"""Adult social care: requests, assessments, reablement, care homes, and other services of the council.

Belongs here: what each event is, when it begins and ends, how the council came to record it. Not here: the files
(`council_files`), the figures (`council_truth`).

Where people are twelve weeks after reablement is shaped here: some of it ends before a death or a hospital stay that
is already decided, some is followed by a care home, and most people are at home.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from places.greenwich.care.hospital import TO_HOME, Stays
from places.greenwich.care.records import stack, take
from places.greenwich.care.residents import YEAR_TWO, Residents
from places.greenwich.care.story_book import (
    COMMUNITY,
    NURSING,
    OTHER_SHORT,
    REABLEMENT,
    RESIDENTIAL,
    STORY_CARE,
)
from places.greenwich.dates import LAST_DAY, NEVER, Mask, Positions, day_number
from places.greenwich.files import rolling_windows
from places.greenwich.world import World

WINDOWS = rolling_windows(12)
EVENTS = ("Request", "Assessment", "Service", "Review")
REQUEST, ASSESSMENT, SERVICE, REVIEW = range(4)
SERVICES = (NURSING, RESIDENTIAL, COMMUNITY, REABLEMENT, OTHER_SHORT, "")
IN_NURSING, IN_RESIDENTIAL, AT_HOME, REABLED, SHORT, NO_SERVICE = range(6)
OUTCOMES = ("Progress to assessment", "Progress to short term support", "Progress to services", "No further action", "")
TO_ASSESSMENT, TO_SHORT, TO_SERVICES, NO_ACTION, NONE_YET = range(5)
TWELVE_WEEKS = 84
_FIRST = WINDOWS[0][0]
_CARE_HOME = ((65, 75, 85), (0.00016, 0.0035, 0.0147, 0.067))
_REABLEMENT = ((18, 65, 75, 85), (0.0, 0.00024, 0.0057, 0.0155, 0.037))
_REQUESTS = ((18, 65, 75, 85), (0.0, 0.007, 0.045, 0.10, 0.22))
# Of a hundred reablements: followed by a care home (first and later years), ending before a stay, before a death.
_THEN_CARE_HOME, _BEFORE_STAY, _BEFORE_DEATH = (0.065, 0.03), 0.03, 0.025
# Share of longer hospital stays of the old that reablement follows.
_AFTER_HOSPITAL = 0.08
_NEVER_NUMBERED, _TWO_REFERENCES = 0.03, 0.01
_LEFT_OUT, _DROPPED, _RECODED, _REDATED = 0.03, 0.015, 0.02, 0.03


@dataclass(frozen=True)
class Care:
    """One place an event, as the council holds it in the end.

    reference: which of the person's references it stands under. numbered: whether the row has the NHS number.
    first_service, first_end: what the first file that holds the event says of it; dropped: no later file holds it.
    """

    person: Positions
    event: Positions
    service: Positions
    start: Positions
    end: Positions
    outcome: Positions
    reference: Positions
    numbered: Mask
    first_service: Positions
    first_end: Positions
    dropped: Mask


def decide(world: World, stays: Stays) -> Care:
    """All events, of drawn people and of stories, in order of start and person."""
    residents = Residents(world)
    random = world.rng("care/council")
    homes = _care_homes(residents, random)
    reablement, after = _reablement(residents, random, stays, homes)
    reablement = stack(reablement, _after_hospital(residents, world.rng("care/council/after_hospital"), stays))
    services = stack(stack(homes, after), stack(reablement, _others(residents, random)))
    care = stack(services, _before(random, residents, services))
    care = _recorded(residents, random, care)
    care = stack(care, _stories(world))
    return take(care, np.lexsort((care.event, care.person, care.start)))


def first_file(start: Positions) -> Positions:
    """Position of the first file that covers each day."""
    ends = np.array([end for _, end in WINDOWS])
    return np.searchsorted(ends, start, side="left")


def last_file(start: Positions) -> Positions:
    """Position of the last file that covers each day."""
    starts = np.array([first for first, _ in WINDOWS])
    return np.searchsorted(starts, start, side="right") - 1


def _made(
    person: Positions, event: int, service: Positions | int, start: Positions, end: Positions, outcome: int = NONE_YET
) -> Care:
    count = len(person)
    services = np.broadcast_to(np.asarray(service, dtype=np.int64), (count,)).copy()
    sure = np.ones(count, dtype=bool)
    return Care(
        person.astype(np.int64),
        np.full(count, event),
        services,
        start.astype(np.int64),
        end.astype(np.int64),
        np.full(count, outcome),
        np.zeros(count, dtype=np.int64),
        sure,
        services,
        end.astype(np.int64),
        ~sure,
    )


def _lasting(residents: Residents, person: Positions, end: NDArray[np.int64]) -> Positions:
    """Ends no later than the person's death; NEVER where the data end first."""
    stopped = np.minimum(end, residents.death_day[person].astype(np.int64))
    return np.where(stopped > LAST_DAY, NEVER, stopped)


def _care_homes(residents: Residents, random: np.random.Generator) -> Care:
    """First placements, and a second home for some who move on."""
    everybody = np.ones(residents.count)
    person, start = residents.arrivals(random, _CARE_HOME, everybody, _FIRST, LAST_DAY)
    order = np.lexsort((start, person))
    person, start = person[order], start[order]
    first = np.append(True, person[1:] != person[:-1]) if len(person) else np.zeros(0, dtype=bool)
    person, start = person[first], start[first]
    end = _lasting(residents, person, start + 20 + np.floor(random.exponential(800, size=len(person))).astype(np.int64))
    kind = np.where(random.random(len(person)) < 0.35, IN_NURSING, IN_RESIDENTIAL)
    homes = _made(person, SERVICE, kind, start, end)
    moves = (random.random(len(person)) < 0.5) & (end < np.minimum(residents.death_day[person], LAST_DAY))
    person, start = person[moves], end[moves] + 1
    later = _lasting(
        residents, person, start + 30 + np.floor(random.exponential(600, size=len(person))).astype(np.int64)
    )
    return stack(homes, _made(person, SERVICE, IN_NURSING, start, later))


def _reablement(residents: Residents, random: np.random.Generator, stays: Stays, homes: Care) -> tuple[Care, Care]:
    """Spells of reablement, and the care homes that follow some of them."""
    everybody = np.ones(residents.count)
    person, start = residents.arrivals(random, _REABLEMENT, everybody, _FIRST, LAST_DAY)
    usual = len(person)
    ends = [start + random.integers(14, 61, size=usual)]
    people = [person]
    old = residents.age >= 66
    long = (stays.discharge - stays.admission >= 3) & old[stays.person] & (stays.person < residents.count)
    chosen = _some(random, np.flatnonzero(long), usual * _BEFORE_STAY)
    nights = stays.discharge[chosen] - stays.admission[chosen]
    that_day = stays.admission[chosen] + np.floor(random.random(len(chosen)) * (nights + 1)).astype(np.int64)
    people.append(stays.person[chosen])
    ends.append(that_day - TWELVE_WEEKS)
    dying = np.flatnonzero((residents.death_day[: residents.count] < NEVER) & old[: residents.count])
    chosen = _some(random, dying, usual * _BEFORE_DEATH)
    people.append(chosen)
    ends.append(residents.death_day[chosen] - random.integers(1, TWELVE_WEEKS + 1, size=len(chosen)))
    person, end = np.concatenate(people), np.concatenate(ends).astype(np.int64)
    more = end[usual:] - random.integers(14, 61, size=len(end) - usual)
    start = np.concatenate([start, more])
    kept = (start >= _FIRST) & (start >= residents.first_day[person]) & (start <= LAST_DAY)
    kept &= start < residents.death_day[person]
    person, start, end = person[kept], start[kept], end[kept]
    reablement = _made(person, SERVICE, REABLED, start, _lasting(residents, person, end))
    share = np.where(end >= YEAR_TWO, _THEN_CARE_HOME[1], _THEN_CARE_HOME[0])
    alone = ~np.isin(person, homes.person)
    follows = alone & (random.random(len(person)) < share) & (residents.age[person] >= 65)
    moved_in = end + random.integers(1, TWELVE_WEEKS, size=len(end))
    follows &= (moved_in <= LAST_DAY) & (moved_in < residents.death_day[person])
    person, moved_in = person[follows], moved_in[follows]
    _, once = np.unique(person, return_index=True)
    person, moved_in = person[once], moved_in[once]
    stay = moved_in + TWELVE_WEEKS + np.floor(random.exponential(500, size=len(person))).astype(np.int64)
    after = _made(person, SERVICE, IN_RESIDENTIAL, moved_in, _lasting(residents, person, stay))
    return reablement, after


def _after_hospital(residents: Residents, random: np.random.Generator, stays: Stays) -> Care:
    """Reablement that begins within days of a discharge, for some of the old who were in hospital for a while."""
    nights = stays.discharge - stays.admission
    able = (nights >= 3) & (stays.destination == TO_HOME) & (stays.person < residents.count)
    able &= residents.age[stays.person] >= 66
    chosen = np.flatnonzero(able & (random.random(len(nights)) < _AFTER_HOSPITAL))
    person = stays.person[chosen]
    # now and then a day or two later than counts as following
    start = stays.discharge[chosen] + random.integers(0, 10, size=len(chosen))
    end = start + random.integers(14, 61, size=len(chosen))
    kept = (start >= residents.first_day[person]) & (start <= LAST_DAY) & (start < residents.death_day[person])
    person, start, end = person[kept], start[kept], end[kept]
    return _made(person, SERVICE, REABLED, start, _lasting(residents, person, end))


def _some(random: np.random.Generator, rows: Positions, expected: float) -> Positions:
    count = min(int(expected + random.random()), len(rows))
    return np.sort(random.choice(rows, size=count, replace=False)) if count else rows[:0]


def _others(residents: Residents, random: np.random.Generator) -> Care:
    """Requests and what comes of them: assessments, services at home, other short help, yearly reviews."""
    everybody = np.ones(residents.count)
    person, start = residents.arrivals(random, _REQUESTS, everybody, _FIRST, LAST_DAY)
    found = _made(person, REQUEST, NO_SERVICE, start, start, NO_ACTION)
    assessed = random.random(len(person)) < 0.4
    found.outcome[assessed] = TO_ASSESSMENT
    person = person[assessed]
    begun = start[assessed] + random.integers(0, 31, size=len(person))
    done = begun + random.integers(2, 61, size=len(person))
    assessments = _made(person, ASSESSMENT, NO_SERVICE, begun, _lasting(residents, person, done), TO_SERVICES)
    served = random.random(len(person)) < 0.5
    person, start = person[served], done[served] + random.integers(0, 15, size=int(served.sum()))
    kind = np.where(random.random(len(person)) < 0.6, AT_HOME, SHORT)
    length = np.where(
        kind == SHORT, random.integers(7, 50, size=len(person)), random.integers(60, 900, size=len(person))
    )
    services = _made(person, SERVICE, kind, start, _lasting(residents, person, start + length))
    yearly = services.service == AT_HOME
    person, start = person[yearly], start[yearly] + 42 + random.integers(0, 320, size=int(yearly.sum()))
    reviews = _made(person, REVIEW, NO_SERVICE, start, _lasting(residents, person, start + 7), NO_ACTION)
    whole = stack(stack(found, assessments), stack(services, reviews))
    return take(whole, (whole.start <= LAST_DAY) & (whole.start <= residents.death_day[whole.person]))


def _before(random: np.random.Generator, residents: Residents, services: Care) -> Care:
    """The request each reablement and care home begins with, some days before."""
    asked = take(services, (services.event == SERVICE) & (services.service != AT_HOME) & (services.service != SHORT))
    day = np.maximum(asked.start - random.integers(1, 15, size=len(asked.start)), _FIRST)
    outcome = np.where(asked.service == REABLED, TO_SHORT, TO_SERVICES)
    return replace(_made(asked.person, REQUEST, NO_SERVICE, day, day), outcome=outcome)


def _recorded(residents: Residents, random: np.random.Generator, care: Care) -> Care:
    """How the council came to write it down: references, missing numbers, and what it put right in later files."""
    world, count = residents.world, len(care.person)
    double = random.random(world.people) < _TWO_REFERENCES
    reference = (double[care.person] & (random.random(count) < 0.5)).astype(np.int64)
    known = world.has_number & (random.random(world.people) >= _NEVER_NUMBERED)
    service = care.event == SERVICE
    first, last = first_file(care.start), last_file(care.start)
    # a row may lack the number where a request of the same reference stands in exactly the same files with it
    place = (care.person * 2 + reference) * 10_000 + first * 100 + last
    asked = np.unique(place[care.event == REQUEST])
    left_out = service & np.isin(place, asked) & (random.random(count) < _LEFT_OUT)
    # only what more than one file covers can be put right
    chance = np.where(service & (last > first), random.random(count), 1.0)
    dropped = chance < _DROPPED
    recoded = ~dropped & (chance < _DROPPED + _RECODED)
    other = np.array([AT_HOME, AT_HOME, IN_RESIDENTIAL, SHORT, REABLED, NO_SERVICE])[care.service]
    redated = ~dropped & ~recoded & (chance < _DROPPED + _RECODED + _REDATED)
    earlier = np.where(redated & (care.end < NEVER), np.maximum(care.end - 7, care.start), care.end)
    return replace(
        care,
        reference=reference,
        numbered=known[care.person] & ~left_out,
        first_service=np.where(recoded, other, care.service),
        first_end=earlier,
        dropped=dropped,
    )


def _stories(world: World) -> Care:
    told = STORY_CARE

    def column(values: list[int]) -> Positions:
        return np.array(values, dtype=np.int64)

    service = column([SERVICES.index(item.service) for item in told])
    end = column([NEVER if item.end is None else day_number(item.end) for item in told])
    return Care(
        column([world.story(item.story_id) for item in told]),
        column([EVENTS.index(item.event) for item in told]),
        service,
        column([day_number(item.start) for item in told]),
        end,
        column([OUTCOMES.index(item.outcome) for item in told]),
        column([item.reference for item in told]),
        np.array([item.numbered for item in told], dtype=bool),
        service,
        end,
        np.zeros(len(told), dtype=bool),
    )
