"""Hospital care: continuous stays are decided first, then cut into the spells two trusts record.

Belongs here: who is admitted when, for what, how it ends, and how a stay falls into spells. Not here: the files
(`hospital_files`), the figures (`hospital_truth`), reablement (`council`).

A stay that moves between hospitals is one stay: its spells follow on the same or the next day, all but the last ending
with a transfer. Two stays of a person never share a day on which either could continue the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from places.greenwich import deaths
from places.greenwich.care.records import stack, take
from places.greenwich.care.residents import YEAR_TWO, Residents
from places.greenwich.care.story_book import STORY_STAYS
from places.greenwich.dates import FIRST_DAY, LAST_DAY, NEVER, Mask, Positions, day_number
from places.greenwich.world import World

TRUSTS = ("ZAT1", "ZAT2")
METHODS = ("11", "12", "13", "21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D")
HOME, OTHER_HOSPITAL, CARE_HOME, DIED = "19", "51", "54", "79"
DESTINATIONS = (HOME, OTHER_HOSPITAL, CARE_HOME, DIED)
TO_HOME, TO_HOSPITAL, TO_CARE_HOME, TO_DEATH = range(4)
FIRST_EMERGENCY = METHODS.index("21")
ADMITTED_ELSEWHERE = METHODS.index("2B")
ILLNESSES = ("J181", "N390", "I500", "R074", "J440", "K802", "I639", "A419", "R55X", "E119", "C509", "H269", "M171")
INJURIES = ("S720", "S525", "S422", "S000", "S065", "T148", "S820", "T983")
FALLS = tuple(f"W{number:02d}" for number in range(20))
OTHER_CAUSES = ("W20", "W22", "V031", "X58", "Y09", "")
# What looks like a fall in one column and is none: an illness after a fall, and so on.
DIAGNOSES = (*ILLNESSES, *INJURIES)
CAUSES = (*FALLS, *OTHER_CAUSES)
NO_CAUSE = CAUSES.index("")
_INJURY = len(ILLNESSES)
_YEARLY_EMERGENCY = ((5, 18, 40, 65, 75, 85), (0.068, 0.023, 0.042, 0.063, 0.135, 0.25, 0.43))
_YEARLY_ELECTIVE = ((18, 40, 65, 75, 85), (0.028, 0.052, 0.118, 0.215, 0.235, 0.13))
_BACK_IN_30_DAYS = (0.142, 0.138)
_SOONEST = FIRST_DAY - 45
_LONGEST = 100
_LEVELS = 5


@dataclass(frozen=True)
class Stays:
    """One place a continuous stay, in order of person and admission. Codes point into the tuples of this module.

    same_day_care, diagnosis and cause are those of its first spell. known: whether the trusts wrote a number that
    names the person.
    """

    person: Positions
    admission: Positions
    discharge: Positions
    method: Positions
    destination: Positions
    diagnosis: Positions
    cause: Positions
    same_day_care: Mask
    known: Mask


@dataclass(frozen=True)
class Spells:
    """One place a spell, as one trust records it. ready is NEVER where no day was noted."""

    person: Positions
    trust: Positions
    admission: Positions
    discharge: Positions
    method: Positions
    ready: Positions
    destination: Positions
    diagnosis: Positions
    cause: Positions
    same_day_care: Mask
    known: Mask


@dataclass(frozen=True)
class Hospital:
    """All decisions about hospital care."""

    stays: Stays
    spells: Spells


def decide(world: World) -> Hospital:
    """Stays and their spells, of drawn people and of stories."""
    residents = Residents(world)
    random = world.rng("care/hospital")
    stays = _settled(residents, random, _candidates(residents, random))
    spells = _with_ready_days(residents, random, _cut(stays, random))
    story_stays, story_spells = _stories(world)
    whole = stack(stays, story_stays)
    return Hospital(take(whole, np.lexsort((whole.admission, whole.person))), stack(spells, story_spells))


# a stay while it is only a wish: person, admission, nights, method, whether the person dies there
_Wish = tuple[Positions, Positions, Positions, Positions, Mask]


def _candidates(residents: Residents, random: np.random.Generator) -> _Wish:
    """Stays as they would befall people if nobody could be in two beds at once."""
    world = residents.world
    here = residents.by_fifth((1.35, 1.15, 1.0, 0.88, 0.75))
    outsiders = np.arange(world.people) >= world.registered
    emergency = (_YEARLY_EMERGENCY, here * np.where(outsiders, 0.3, 1.0))
    elective = (_YEARLY_ELECTIVE, np.where(outsiders, 0.2, 1.0))
    wishes = []
    for (rates, factor), urgent in ((emergency, True), (elective, False)):
        person, day = residents.arrivals(random, rates, factor, _SOONEST, LAST_DAY)
        wishes.append(_wish(residents, random, person, day, np.full(len(person), urgent)))
    wishes.append(_last_stays(residents, random))
    person, day, nights, _, dying = (np.concatenate(parts) for parts in zip(*wishes, strict=True))
    for _ in range(_LEVELS):
        out = day + nights
        share = np.where(out >= YEAR_TWO, _BACK_IN_30_DAYS[1], _BACK_IN_30_DAYS[0])
        older = np.where(residents.age[person] >= 65, 1.25, 0.85)
        back = (random.random(len(person)) < share * older) & ~dying
        person, out = person[back], out[back]
        soon = np.floor(random.random(len(person)) ** 1.4 * 31).astype(np.int64)
        again = _wish(residents, random, person, out + soon, np.ones(len(person), dtype=bool))
        wishes.append(again)
        person, day, nights, _, dying = again
    parts = [np.concatenate(column) for column in zip(*wishes, strict=True)]
    return parts[0], parts[1], parts[2], parts[3], parts[4]


def _wish(residents: Residents, random: np.random.Generator, person: Positions, day: Positions, urgent: Mask) -> _Wish:
    count = len(person)
    old = residents.age[person] >= 75
    long = np.where(urgent, np.where(old, 9.0, 5.0), 3.0)
    nights = 1 + np.floor(random.exponential(long)).astype(np.int64)
    nights = np.where(random.random(count) < np.where(urgent, np.where(old, 0.17, 0.31), 0.76), 0, nights)
    planned = random.choice(FIRST_EMERGENCY, size=count, p=[0.62, 0.18, 0.20])
    rushed = random.choice(np.arange(FIRST_EMERGENCY, len(METHODS)), size=count)
    rushed = np.where(random.random(count) < 0.8, FIRST_EMERGENCY, rushed)
    method = np.where(urgent, rushed, planned)
    return person, day, np.minimum(nights, _LONGEST), method, np.zeros(count, dtype=bool)


def _last_stays(residents: Residents, random: np.random.Generator) -> _Wish:
    """The stays in which people die: the domain of deaths says who dies in hospital."""
    person = hospital_deaths(residents)
    death = residents.death_day[person].astype(np.int64)
    nights = np.minimum(np.floor(random.exponential(8.0, size=len(person))).astype(np.int64), _LONGEST)
    born = residents.world.birth_day[person]
    nights = np.minimum(nights, death - born)
    method = np.full(len(person), FIRST_EMERGENCY)
    return person, death - nights, nights, method, np.ones(len(person), dtype=bool)


def hospital_deaths(residents: Residents) -> Positions:
    """Drawn people who die in hospital within the data."""
    decided = deaths.decide(residents.world)
    in_hospital = decided.place == deaths.PLACES.index("hospital")
    there = in_hospital & ~decided.broken & (decided.person >= 0) & (decided.person < residents.count)
    return np.sort(decided.person[there])


def _settled(residents: Residents, random: np.random.Generator, wishes: _Wish) -> Stays:
    """Wishes that can all have happened: in life, inside the data, never two at once."""
    person, admission, nights, method, dying = wishes
    discharge = admission + nights
    # the living leave alive; who dies in hospital does so in the stay kept for it
    death = residents.death_day[person]
    last_admission = np.full(residents.world.people, NEVER, dtype=np.int64)
    last_admission[person[dying]] = admission[dying]
    kept = dying | ((discharge < death) & (discharge < last_admission[person]))
    kept &= (discharge >= FIRST_DAY) & (discharge <= LAST_DAY) & (admission >= residents.world.birth_day[person])
    order = np.flatnonzero(kept)
    order = order[np.lexsort((discharge[order], admission[order], person[order]))]
    order = order[_apart(person[order], admission[order], discharge[order])]
    person, admission, discharge, method = person[order], admission[order], discharge[order], method[order]
    dying = dying[order]
    count = len(person)
    urgent = method >= FIRST_EMERGENCY
    nights = discharge - admission
    age = (admission - residents.world.birth_day[person]) / 365.25
    destination = np.where(dying, TO_DEATH, TO_HOME)
    to_home = ~dying & (age >= 65) & (nights > 3) & (random.random(count) < 0.06)
    destination = np.where(to_home, TO_CARE_HOME, destination)
    away = ~dying & urgent & (random.random(count) < 0.004)
    # a transfer out of the place ends a stay only where no other begins at once
    following = np.full(count, NEVER, dtype=np.int64)
    following[:-1] = np.where(person[1:] == person[:-1], admission[1:], NEVER)
    destination = np.where(away & (following > discharge + 1), TO_HOSPITAL, destination)
    diagnosis, cause = _reasons(random, age, urgent)
    same_day = urgent & ~dying & (random.random(count) < np.where(nights == 0, 0.24, np.where(nights == 1, 0.004, 0.0)))
    unknown = random.random(residents.world.people) < 0.005
    known = residents.world.has_number[person] & ~unknown[person]
    return Stays(person, admission, discharge, method, destination, diagnosis, cause, same_day, known)


def _apart(person: Positions, admission: Positions, discharge: Positions) -> Positions:
    """Places of stays that do not overlap, earlier ones first; rows come in order of person and admission.

    The next stay of a person may begin on the day the last one ended, unless that one began on it too.
    """
    kept = np.arange(len(person))
    while True:
        same = person[kept][1:] == person[kept][:-1]
        free_from = np.where(discharge == admission, discharge + 1, discharge)[kept]
        clash = np.append(False, same & (admission[kept][1:] < free_from[:-1]))
        # of a run of clashes the first goes; the rest are looked at anew
        clash[1:] &= ~clash[:-1]
        if not clash.any():
            return kept
        kept = kept[~clash]


def _reasons(random: np.random.Generator, age: NDArray[np.float64], urgent: Mask) -> tuple[Positions, Positions]:
    """Diagnosis and external cause of the first spell. Falls are decided here, and a few rows that only look so."""
    count = len(age)
    illness = random.integers(0, _INJURY, size=count)
    injury = random.integers(_INJURY, len(DIAGNOSES), size=count)
    share = np.array([0.02, 0.042, 0.078, 0.12])[np.searchsorted([65, 75, 85], age, side="right")]
    chance = random.random(count)
    fell = chance < np.where(urgent, share, 0.004)
    hurt = ~fell & (chance < np.where(urgent, share + 0.03, 0.01))
    only_looks = ~fell & ~hurt & (random.random(count) < 0.01)
    how = random.integers(0, len(FALLS), size=count)
    otherwise = random.integers(len(FALLS), len(CAUSES), size=count)
    cause = np.select([fell, hurt, only_looks], [how, otherwise, how], NO_CAUSE)
    return np.where(fell | hurt, injury, illness), cause


def is_fall(stays: Stays) -> Mask:
    """Stays that begin with an injury from a fall."""
    return (stays.diagnosis >= _INJURY) & (stays.cause < len(FALLS))


def _cut(stays: Stays, random: np.random.Generator) -> Spells:
    """Each stay as one to three spells; the parts between lie on the days the stay already has."""
    count = len(stays.person)
    nights = stays.discharge - stays.admission
    # earlier parts discharged before the data begin would be nobody's row
    movable = (stays.admission >= FIRST_DAY) & ~stays.same_day_care
    chance = random.random(count)
    parts = 1 + (movable & (nights >= 4) & (chance < 0.06)) + (movable & (nights >= 12) & (chance < 0.01))
    trust = (random.random(count) < np.where(stays.person % 10 < 7, 0.12, 0.8)).astype(np.int64)
    first_out = stays.admission + np.floor(nights * (0.1 + 0.3 * random.random(count))).astype(np.int64)
    second_in = first_out + (random.random(count) < 0.3)
    second_out = stays.admission + np.floor(nights * (0.6 + 0.25 * random.random(count))).astype(np.int64)
    third_in = second_out + (random.random(count) < 0.3)
    admissions = [stays.admission, second_in, third_in]
    discharges = [first_out, second_out]
    pieces = []
    for part in range(3):
        of_it = np.flatnonzero(parts > part)
        last = parts[of_it] == part + 1
        own = take(stays, of_it)
        out = own.discharge if part == 2 else np.where(last, own.discharge, discharges[part][of_it])
        other = random.integers(0, len(DIAGNOSES), size=len(of_it))
        falls = random.integers(0, len(CAUSES), size=len(of_it))
        pieces.append(
            Spells(
                own.person,
                (trust[of_it] + part) % 2,
                admissions[part][of_it],
                out,
                own.method if part == 0 else np.full(len(of_it), ADMITTED_ELSEWHERE),
                np.full(len(of_it), NEVER),
                np.where(last, own.destination, TO_HOSPITAL),
                # the second hospital writes what it treats: that says nothing of why the stay began
                own.diagnosis if part == 0 else other,
                own.cause if part == 0 else falls,
                own.same_day_care if part == 0 else np.zeros(len(of_it), dtype=bool),
                own.known,
            )
        )
    return stack(stack(pieces[0], pieces[1]), pieces[2])


def _with_ready_days(residents: Residents, random: np.random.Generator, spells: Spells) -> Spells:
    """A quarter of adults' spells note the day the person could have left; so do a few of children's."""
    count = len(spells.person)
    nights = spells.discharge - spells.admission
    adult = spells.discharge - residents.world.birth_day[spells.person] >= 18 * 365
    share = np.where(nights == 0, 0.03, np.where(adult, 0.50, 0.06))
    waits = np.where(random.random(count) < 0.35, 0, np.floor(random.exponential(6.5, size=count)).astype(np.int64))
    # a little quicker in the second year
    waits = np.where((spells.discharge >= YEAR_TWO) & (waits > 1) & (random.random(count) < 0.6), waits - 1, waits)
    ready = spells.discharge - np.minimum(np.minimum(waits, 20), nights)
    noted = (random.random(count) < share) & (spells.destination != TO_DEATH)
    return replace(spells, ready=np.where(noted, ready, NEVER))


def _stories(world: World) -> tuple[Stays, Spells]:
    def column(values: list[int]) -> Positions:
        return np.array(values, dtype=np.int64)

    told = [(world.story(item.story_id), item) for item in STORY_STAYS]
    ends = [TO_HOSPITAL if item.ends_transferred else DESTINATIONS.index(item.destination) for _, item in told]
    certain = np.ones(len(told), dtype=bool)
    stays = Stays(
        column([person for person, _ in told]),
        column([day_number(item.parts[0][1]) for _, item in told]),
        column([day_number(item.parts[-1][2]) for _, item in told]),
        column([METHODS.index(item.method) for _, item in told]),
        column(ends),
        column([DIAGNOSES.index(item.diagnosis) for _, item in told]),
        column([CAUSES.index(item.cause) for _, item in told]),
        np.array([item.same_day_care for _, item in told], dtype=bool),
        certain,
    )
    rows = [(stay, part) for stay, (_, item) in enumerate(told) for part in range(len(item.parts))]
    of_stay = column([stay for stay, _ in rows])
    final = np.array([part == len(told[stay][1].parts) - 1 for stay, part in rows], dtype=bool)
    first = np.array([part == 0 for _, part in rows], dtype=bool)
    trusts, admissions, discharges = zip(*(told[stay][1].parts[part] for stay, part in rows), strict=True)
    own = take(stays, of_stay)
    spells = Spells(
        own.person,
        column([TRUSTS.index(trust) for trust in trusts]),
        column([day_number(item) for item in admissions]),
        column([day_number(item) for item in discharges]),
        np.where(first, own.method, ADMITTED_ELSEWHERE),
        np.full(len(rows), NEVER),
        np.where(final, own.destination, TO_HOSPITAL),
        own.diagnosis,
        own.cause,
        own.same_day_care,
        own.known,
    )
    return stays, spells
