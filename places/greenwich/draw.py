"""Drawing the residents: who lives where, who comes, moves, goes and dies, and with which practice each is registered.

Belongs here: chance, and nothing but people and registrations. Not here: what a month looks like (`world`), what
happens to people in services, files.

The age and area of the residents of the first day follow the published counts exactly (largest remainder); everything
else is invented with plausible rates. No step loops over residents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.borough import Borough
from places.greenwich.dates import FIRST_DAY, LAST_DAY, NEVER, Days, Mask, Positions, day_number
from places.greenwich.people import StoryPerson

PCNS = 6
PRACTICES = 36
# Position of the practice that belongs to no network.
NO_NETWORK = PRACTICES
# Practices that leave one network for another: position, network from, network to, first day in the new one.
NETWORK_MOVES: tuple[tuple[int, int, int, date], ...] = (
    (5, 0, 1, date(2024, 10, 1)),
    (23, 3, 4, date(2024, 1, 15)),
)
_PRACTICE_SHARES = np.array([0.25, 0.20, 0.18, 0.15, 0.12, 0.10])
# Yearly chance of dying by five-year band, of the order of the national life tables.
_MORTALITY = (
    np.array([8, 1, 1, 3, 5, 5, 7, 10, 15, 24, 36, 56, 88, 135, 210, 370, 650, 1150, 2100], dtype=np.float64) / 10_000
)
_MORTALITY_BY_FIFTH = np.array([1.25, 1.1, 1.0, 0.9, 0.8])
_YEAR = 365.25
_SPAN_DAYS = LAST_DAY - FIRST_DAY + 1
_JOIN_SHARE, _LEAVE_SHARE, _RETURN_SHARE, _MOVE_SHARE = 0.108, 0.075, 0.08, 0.14
_OUTSIDE_SHARE, _NO_NETWORK_SHARE = 0.03, 0.0005
_STILL_HELD_SHARE = 0.04


@dataclass(frozen=True)
class Registrations:
    """States of the register in the order person, start, practice: one row a person, practice and area from..to.

    practice: position, `NO_NETWORK` for the practice of no network. lsoa: position in the place's areas, from
    their number on in those outside. sender: position of the network whose register holds the row.
    """

    person: Positions
    practice: Positions
    lsoa: Positions
    start: Days
    end: Days
    sender: Positions


@dataclass(frozen=True)
class Drawn:
    """People as drawn; `registrations` are theirs. Death days are `NEVER` for those who live."""

    birth_day: Days
    sex: NDArray[np.int8]
    first_lsoa: Positions
    death_day: Days
    registrations: Registrations


def scaled(counts: Positions, wanted: int) -> Positions:
    """Whole numbers in the proportion of `counts` that add up to `wanted` (largest remainder)."""
    flat = counts.ravel()
    share = flat * wanted
    total = int(flat.sum())
    whole = share // total
    short = wanted - int(whole.sum())
    whole[np.argsort(-(share % total), kind="stable")[:short]] += 1
    return whole.reshape(counts.shape)


def draw_people(chance: dict[str, np.random.Generator], residents: int, borough: Borough) -> Drawn:
    """The residents of the first day, and those who join later, with all their registrations."""
    lsoa, birth_day = _first_residents(chance["ages"], residents, borough)
    joined = np.full(residents, FIRST_DAY, dtype=np.int32)
    more_lsoa, more_birth, more_joined = _joiners(chance["joiners"], residents, borough)
    lsoa, birth_day = np.concatenate([lsoa, more_lsoa]), np.concatenate([birth_day, more_birth])
    joined = np.concatenate([joined, more_joined])
    people = len(lsoa)
    outside = chance["outside"].random(people) < _OUTSIDE_SHARE
    inside = len(borough.areas.codes)
    home = np.where(outside, inside + chance["outside"].integers(len(borough.outside), size=people), lsoa)
    death_day = _deaths(chance["deaths"], birth_day, joined, lsoa, borough)
    moving = chance["moves"]
    leave = np.where(
        moving.random(people) < _LEAVE_SHARE, joined + moving.integers(1, _SPAN_DAYS, size=people), NEVER
    ).astype(np.int32)
    leave[leave > LAST_DAY] = NEVER
    death_day[death_day > leave] = NEVER
    # a practice hears of a death some days later
    struck_off = np.where(death_day < NEVER, death_day + moving.integers(0, 46, size=people), NEVER)
    end = np.minimum(leave, struck_off).astype(np.int32)
    start = _first_registration(moving, joined, birth_day)
    table = _Table(np.arange(people), choose_practice(moving, home, borough), home, start, end)
    _move(table, moving, borough)
    _come_back(table, moving, np.where(death_day < NEVER, NEVER, leave).astype(np.int32), borough)
    sex = np.where(chance["sexes"].random(people) < 0.5, 1, 2).astype(np.int8)
    sex[chance["sexes"].random(people) < 0.001] = 9
    return Drawn(birth_day, sex, home, death_day, table.finished())


def choose_practice(random: np.random.Generator, lsoa: NDArray[Any], borough: Borough) -> Positions:
    """A practice for people living in these areas: mostly one of the network their area lies in."""
    inside = len(borough.areas.codes)
    near = np.where(lsoa < inside, lsoa * PCNS // inside, random.integers(PCNS, size=len(lsoa)))
    network = np.where(random.random(len(lsoa)) < 0.85, near, random.integers(PCNS, size=len(lsoa)))
    practice = network * 6 + random.choice(6, size=len(lsoa), p=_PRACTICE_SHARES)
    practice[random.random(len(lsoa)) < _NO_NETWORK_SHARE] = NO_NETWORK
    return practice.astype(np.int64)


def network_of(practice: Positions, day: NDArray[Any]) -> Positions:
    """Network of a practice on a day; -1 for the practice of no network."""
    found = np.where(practice == NO_NETWORK, -1, practice // 6)
    for place, before, after, moved in NETWORK_MOVES:
        found = np.where(practice == place, np.where(day >= day_number(moved), after, before), found)
    return found.astype(np.int64)


def story_registrations(stories: Sequence[StoryPerson], first: int, borough: Borough) -> Registrations:
    """The registrations the stories give, their people numbered from `first`."""
    codes = borough.story_places
    rows = [(first + place, row) for place, person in enumerate(stories) for row in person.registrations]
    return _Table(
        np.array([person for person, _ in rows], dtype=np.int64),
        np.array([row.practice - 1 for _, row in rows], dtype=np.int64),
        np.array([codes[row.lsoa] for _, row in rows], dtype=np.int64),
        np.array([day_number(row.start) for _, row in rows], dtype=np.int32),
        np.array([NEVER if row.end is None else day_number(row.end) for _, row in rows], dtype=np.int32),
    ).finished()


def joined_tables(first: Registrations, second: Registrations) -> Registrations:
    """Two tables of registrations as one; the people of the second come after those of the first."""
    return Registrations(
        *(np.concatenate([getattr(first, name), getattr(second, name)]) for name in Registrations.__annotations__)
    )


class _Table:
    """Registrations while they are drawn. A move ends a row and adds one."""

    def __init__(
        self, person: Positions, practice: Positions, lsoa: Positions, start: NDArray[Any], end: NDArray[Any]
    ) -> None:
        self.person, self.practice, self.lsoa, self.start, self.end = person, practice, lsoa, start, end

    def add(
        self, person: Positions, practice: Positions, lsoa: Positions, start: NDArray[Any], end: NDArray[Any]
    ) -> None:
        self.person = np.concatenate([self.person, person])
        self.practice = np.concatenate([self.practice, practice])
        self.lsoa = np.concatenate([self.lsoa, lsoa])
        self.start = np.concatenate([self.start, start])
        self.end = np.concatenate([self.end, end])

    def finished(self) -> Registrations:
        """The table in order, with a new row where a practice changes its network: another register holds it then."""
        for place, _, _, moved in NETWORK_MOVES:
            day = day_number(moved)
            rows = np.flatnonzero((self.practice == place) & (self.start < day) & (self.end >= day))
            end = self.end[rows].copy()
            self.end[rows] = day - 1
            self.add(self.person[rows], self.practice[rows], self.lsoa[rows], np.full(len(rows), day), end)
        order = np.lexsort((self.practice, self.start, self.person))
        start = self.start[order].astype(np.int32)
        practice = self.practice[order].astype(np.int64)
        sender = network_of(practice, start)
        # somebody has to hold the patients of the practice without a network
        sender[sender < 0] = PCNS - 1
        end = self.end[order].astype(np.int32)
        return Registrations(
            self.person[order].astype(np.int64), practice, self.lsoa[order].astype(np.int64), start, end, sender
        )


def _first_residents(random: np.random.Generator, residents: int, borough: Borough) -> tuple[Positions, Days]:
    cells = scaled(borough.areas.residents, residents)
    bands = cells.shape[1]
    cell = np.repeat(np.arange(cells.size), cells.ravel())
    lsoa, band = cell // bands, cell % bands
    within = random.random(residents)
    years = band * 5 + np.where(band == bands - 1, np.minimum(-2.4 * np.log1p(-within), 16.0), within * 5)
    # everybody is born at least a day before the first day
    return lsoa, (FIRST_DAY - 1 - np.floor(years * _YEAR)).astype(np.int32)


def _joiners(random: np.random.Generator, residents: int, borough: Borough) -> tuple[Positions, Days, Days]:
    count = round(residents * _JOIN_SHARE)
    population = borough.areas.population
    lsoa = random.choice(len(population), size=count, p=population / population.sum())
    joined = FIRST_DAY + random.integers(1, _SPAN_DAYS, size=count)
    newborn = random.random(count) < 0.33
    years = np.where(random.random(count) < 0.2, random.random(count) * 17, 18 + random.gamma(2.0, 7.0, size=count))
    age_days = np.where(newborn, random.integers(0, 21, size=count), 30 + np.floor(np.minimum(years, 90) * _YEAR))
    return lsoa, (joined - age_days).astype(np.int32), joined.astype(np.int32)


def _deaths(random: np.random.Generator, birth_day: Days, joined: Days, lsoa: Positions, borough: Borough) -> Days:
    band = np.clip((joined - birth_day) / _YEAR // 5, 0, 18).astype(np.int64)
    yearly = _MORTALITY[band] * _MORTALITY_BY_FIFTH[borough.areas.quintile[lsoa] - 1]
    day = joined + np.floor(random.standard_exponential(len(band)) / yearly * _YEAR)
    return np.where(day <= LAST_DAY, day, NEVER).astype(np.int32)


def _first_registration(random: np.random.Generator, joined: Days, birth_day: Days) -> Days:
    """Residents of the first day registered some time before it, but not before they were born."""
    earlier = np.where(joined == FIRST_DAY, random.integers(0, 3650, size=len(joined)), 0)
    return np.maximum(joined - earlier, birth_day).astype(np.int32)


def _rows_around(table: _Table, day: Positions) -> Mask:
    return (table.start < day) & (day <= table.end)


def _move(table: _Table, random: np.random.Generator, borough: Borough) -> None:
    """Some move house inside the place; most of them change practice, and a few stay on the old network's register."""
    rows = len(table.person)
    day = FIRST_DAY + random.integers(1, _SPAN_DAYS, size=rows)
    chosen = np.flatnonzero((random.random(rows) < _MOVE_SHARE) & _rows_around(table, day))
    day = day[chosen]
    population = borough.areas.population
    lsoa = random.choice(len(population), size=len(chosen), p=population / population.sum())
    changing = random.random(len(chosen)) < 0.7
    practice = np.where(changing, choose_practice(random, lsoa, borough), table.practice[chosen])
    end = table.end[chosen].copy()
    elsewhere = network_of(practice, day) != network_of(table.practice[chosen], day)
    held = elsewhere & (random.random(len(chosen)) < _STILL_HELD_SHARE)
    late = np.minimum(day + random.integers(10, 200, size=len(chosen)), end)
    table.end[chosen] = np.where(held, late, day - 1)
    table.add(table.person[chosen], practice, lsoa, day, end)


def _come_back(table: _Table, random: np.random.Generator, leave: Days, borough: Borough) -> None:
    """Some who left return, to a practice and an area anew."""
    gone = np.flatnonzero(leave < NEVER)
    back = leave[gone] + random.integers(30, 400, size=len(gone))
    chosen = (random.random(len(gone)) < _RETURN_SHARE) & (back <= LAST_DAY)
    person, day = gone[chosen], back[chosen]
    population = borough.areas.population
    lsoa = random.choice(len(population), size=len(person), p=population / population.sum())
    end = np.full(len(person), NEVER)
    table.add(person, choose_practice(random, lsoa, borough), lsoa, day, end)
