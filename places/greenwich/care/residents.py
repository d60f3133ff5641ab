"""What the services of care ask about residents, and drawing some of them.

Belongs here: reading the world for the domains of care; choosing people by weight; the words a sender writes for a
person. Not here: what happens to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.care.writing import Texts
from places.greenwich.dates import FIRST_DAY, NEVER, Days, Mask, Positions
from places.greenwich.world import NUMBER_STATUSES, World

# Residents the rates of care are written for; other sizes take them in proportion.
FULL_SIZE = 289_034
YEAR_TWO = FIRST_DAY + 366
DAYS_A_YEAR = 365.25
# People grow older in steps of so many days where events are drawn by age.
_STEP_DAYS = 182

# Ages at which the rate changes, and the rates: one more than the ages.
ByAge = tuple[tuple[int, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Residents:
    """The drawn people of a world (registered ones, then outsiders), as care looks at them."""

    world: World

    @property
    def count(self) -> int:
        """Drawn people; the hand-written ones come after them and are never drawn for."""
        return self.world.background

    @property
    def scale(self) -> float:
        return self.world.residents / FULL_SIZE

    @cached_property
    def death_day(self) -> Days:
        return self.world.death_day

    @cached_property
    def known_death(self) -> Days:
        """Days of death that a record with a valid number tells of; nobody can link the others."""
        told: Days = np.where(self.world.death_linked, self.world.death_day, NEVER).astype(np.int32)
        return told

    @cached_property
    def first_day(self) -> Days:
        """First day each person was registered; outsiders never were and count as here all along."""
        found = np.full(self.world.people, NEVER, dtype=np.int32)
        np.minimum.at(found, self.world.registrations.person, self.world.registrations.start)
        return np.where(found == NEVER, FIRST_DAY - 3650, found).astype(np.int32)

    @cached_property
    def last_day(self) -> Days:
        found = np.full(self.world.people, -1, dtype=np.int32)
        np.maximum.at(found, self.world.registrations.person, self.world.registrations.end)
        return np.minimum(np.where(found < 0, NEVER, found), self.world.death_day).astype(np.int32)

    @cached_property
    def age(self) -> NDArray[np.float64]:
        """Age in years in the middle of the data, for weights alone."""
        years: NDArray[np.float64] = (FIRST_DAY + 411 - self.world.birth_day) / DAYS_A_YEAR
        return years

    @cached_property
    def fifth(self) -> Positions:
        """Deprivation fifth of the first area a person lived in, 3 for those from elsewhere."""
        found = np.full(self.world.people, 3, dtype=np.int64)
        quintile = np.append(self.world.borough.areas.quintile, 3)
        rows = self.world.registrations
        found[rows.person[::-1]] = quintile[np.minimum(rows.lsoa[::-1], len(quintile) - 1)]
        return found

    def by_fifth(self, factors: tuple[float, float, float, float, float]) -> NDArray[np.float64]:
        """A factor for each person, most deprived fifth first."""
        return np.array(factors)[self.fifth - 1]

    def by_age(self, starts: tuple[int, ...], rates: tuple[float, ...]) -> NDArray[np.float64]:
        """A rate for each person: `rates[0]` below `starts[0]`, and so on."""
        return np.array(rates)[np.searchsorted(np.array(starts), self.age, side="right")]

    def draw(self, random: np.random.Generator, weight: NDArray[np.float64], count: int) -> Positions:
        """So many different drawn people, likelier where the weight is higher."""
        usable = weight[: self.count].copy()
        some = min(count, int((usable > 0).sum()))
        return random.choice(self.count, size=some, replace=False, p=usable / usable.sum()).astype(np.int64)

    def days_within(
        self, random: np.random.Generator, person: Positions, low: int, high: int
    ) -> tuple[Positions, Positions]:
        """One day for each person between two days on which the person was here; people who never were drop out."""
        start = np.maximum(self.first_day[person], low).astype(np.int64)
        stop = np.minimum(self.last_day[person], high).astype(np.int64)
        present = start <= stop
        person, start, stop = person[present], start[present], stop[present]
        return person, start + np.floor(random.random(len(person)) * (stop - start + 1)).astype(np.int64)

    def arrivals(
        self, random: np.random.Generator, rates: ByAge, factor: NDArray[np.float64], low: int, high: int
    ) -> tuple[Positions, Positions]:
        """People and days of independent events between two days, at a yearly rate by age while they are here."""
        people, days = [], []
        starts, yearly = np.array(rates[0]), np.array(rates[1])
        for first in range(low, high + 1, _STEP_DAYS):
            last = min(first + _STEP_DAYS - 1, high)
            start = np.maximum(self.first_day[: self.count], first).astype(np.int64)
            stop = np.minimum(self.last_day[: self.count], last).astype(np.int64)
            present = np.maximum(stop - start + 1, 0)
            age = (first - self.world.birth_day[: self.count]) / DAYS_A_YEAR
            expected = yearly[np.searchsorted(starts, age, side="right")] * factor[: self.count] * present / DAYS_A_YEAR
            person = np.repeat(np.arange(self.count, dtype=np.int64), random.poisson(expected))
            people.append(person)
            days.append(start[person] + np.floor(random.random(len(person)) * present[person]).astype(np.int64))
        return np.concatenate(people), np.concatenate(days)


def texts_of(values: Any) -> Texts:
    """An Arrow column as text cells, blank for null."""
    found: Texts = values.fill_null("").to_numpy(zero_copy_only=False)
    return found


def status_texts(world: World, person: NDArray[Any], withheld: Mask | None = None) -> Texts:
    """Status of the NHS number on each row; `missing` where a row leaves out a number that exists."""
    status = world.number_status[person].astype(np.int64)
    if withheld is not None:
        status = np.where(withheld & (status == 0), 1, status)
    found: Texts = np.array(NUMBER_STATUSES, dtype=object)[status]
    return found


def token_texts(tokens: Any, shown: Mask) -> Texts:
    """Tokens as cells, blank where a row does not show one."""
    return np.where(shown, texts_of(tokens), "")


def sex_texts(world: World, person: NDArray[Any]) -> Texts:
    """Sex as senders code it."""
    found: Texts = np.array([str(code) for code in range(10)], dtype=object)[world.sex[person]]
    return found
