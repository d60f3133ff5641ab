"""The residents and their months: everything about people that every domain needs, drawn once.

Belongs here: who there is, the month-by-month spine, attributes of a person on a day, chance and tokens for the
domains. Not here: what happens to people in a service, any file, any figure.

People are positions 0 to `people` - 1: first the drawn residents, then outsiders (never registered here, yet treated
or mourned here), last the hand-written people. Domains draw for `background` (residents and outsiders) alone, so that
a story never changes anybody else. -1 stands for "no person known".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from foundation.tokens import SOURCE, TokenKey, demo_master_key, derive_key, local_text, match_text, number_text
from places.greenwich.borough import GREENWICH, Borough
from places.greenwich.dates import (
    FIRST_DAY,
    MONTH_STARTS,
    MONTHS,
    NEVER,
    Days,
    Mask,
    Positions,
    as_date,
    day_number,
    financial_year_starts,
    month_counts,
    month_positions,
)
from places.greenwich.draw import (
    PCNS,
    Registrations,
    draw_people,
    joined_tables,
    network_of,
    story_registrations,
)
from places.greenwich.names import FORENAMES, SURNAMES, draw_names, draw_postcodes, nhs_numbers
from places.greenwich.people import StoryPerson

KEY_ID = "k1"
# Groups of each breakdown, in the order of their codes; the last stands for "unknown".
PCN_GROUPS = (*(f"ZPN{number}" for number in range(1, PCNS + 1)), "unknown")
DEPRIVATION_GROUPS = ("1", "2", "3", "4", "5", "unknown")
AGE_GROUPS = ("0-17", "18-39", "40-64", "65-74", "75-84", "85-over", "unknown")
GROUPS = {"all": ("all",), "pcn": PCN_GROUPS, "deprivation": DEPRIVATION_GROUPS, "age": AGE_GROUPS}
AGE_BANDS = (*(f"{age}-{age + 4}" for age in range(0, 90, 5)), "90+")
# Status of the NHS number senders hold, as codes of `number_status`.
NUMBER_STATUSES = ("valid", "missing", "invalid")
_AGE_STARTS = np.array([18, 40, 65, 75, 85])
_OLDEST = 120
_OUTSIDER_SHARE = 0.01
_MISSING_SHARE, _INVALID_SHARE = 0.0015, 0.0005
_UNTOLD_DEATH_SHARE = 0.015


@dataclass(frozen=True, eq=False)
class Attributes:
    """What a row's person was on the first day of the row's month, by position.

    pcn, deprivation, age_group: codes into the tuples of groups, the last of each for unknown. age_years and age_band
    are -1 and sex 0 for a person who is not on the spine that month.
    """

    in_spine: Mask
    in_area: Mask
    sex: NDArray[np.int8]
    age_years: Positions
    age_band: Positions
    pcn: Positions
    deprivation: Positions
    age_group: Positions

    def codes(self, kind: str) -> Positions:
        """Group codes for a breakdown kind."""
        if kind == "all":
            return np.zeros(len(self.pcn), dtype=np.int64)
        found: Positions = {"pcn": self.pcn, "deprivation": self.deprivation, "age": self.age_group}[kind]
        return found


@dataclass(frozen=True, eq=False)
class World:
    """People, registrations and the spine. Arrays have one place a person; see the module for the order of people.

    death_day: `NEVER` for the living. death_linked: whether the death record carries a valid number; only then does
    the spine know of the death itself (otherwise registration ends some days later). number_status: code into
    `NUMBER_STATUSES`, the same at every sender. practice: row a month, column a person, -1 off the spine; lsoa
    likewise, a position in the areas of the borough, from their number on outside.
    """

    borough: Borough
    residents: int
    seed: int
    background: int
    registered: int
    stories: tuple[StoryPerson, ...]
    birth_day: Days
    sex: NDArray[np.int8]
    nhs: Positions
    forename: NDArray[np.object_]
    surname: NDArray[np.object_]
    postcode: NDArray[np.object_]
    number_status: NDArray[np.int8]
    death_day: Days
    death_linked: Mask
    registrations: Registrations
    practice: NDArray[np.int8]
    lsoa: NDArray[np.int16]

    @property
    def people(self) -> int:
        return len(self.birth_day)

    @property
    def in_spine(self) -> Mask:
        """Row a month, column a person: whether the person is on the spine."""
        found: Mask = np.greater_equal(self.practice, 0)
        return found

    @property
    def has_number(self) -> Mask:
        """Whether senders hold a valid NHS number of the person at all."""
        found: Mask = np.equal(self.number_status, 0)
        return found

    def rng(self, name: str) -> np.random.Generator:
        """A stream of chance of its own for every name: one domain never changes another."""
        return stream(self.seed, name)

    def story(self, story_id: str) -> int:
        """Position of a hand-written person."""
        return self._story_places[story_id]

    @cached_property
    def _story_places(self) -> dict[str, int]:
        return {person.story_id: self.background + place for place, person in enumerate(self.stories)}

    @cached_property
    def birth_month(self) -> Positions:
        """Month of birth as months since January 1970."""
        return month_counts(self.birth_day)

    def attributes(self, people: NDArray[Any], days: NDArray[Any]) -> Attributes:
        """Attributes of people on days, as of the first day of each day's month. Person -1 is known nowhere."""
        return self.attributes_in(people, month_positions(np.asarray(days)))

    def attributes_in(self, people: NDArray[Any], months: NDArray[Any]) -> Attributes:
        """Attributes of people in months given by position; month -1 lies outside the data."""
        people, months = np.asarray(people, dtype=np.int64), np.asarray(months, dtype=np.int64)
        practice = np.where((people < 0) | (months < 0), -1, self.practice[months, people]).astype(np.int64)
        known, inside = practice >= 0, len(self.borough.areas.codes)
        pcn = np.where(known, _NETWORK_BY_MONTH[months, practice], -1)
        area = np.where(known, self.lsoa[months, people], inside).astype(np.int64)
        in_area = known & (area < inside)
        fifth = np.append(self.borough.areas.quintile - 1, len(DEPRIVATION_GROUPS) - 1)[np.minimum(area, inside)]
        years = np.where(known, (_MONTH_COUNTS[months] - self.birth_month[people]) // 12, -1)
        group = np.where(known, np.searchsorted(_AGE_STARTS, years, side="right"), len(AGE_GROUPS) - 1)
        return Attributes(
            in_spine=known,
            in_area=in_area,
            sex=np.where(known, self.sex[people], 0).astype(np.int8),
            age_years=years,
            age_band=np.where(known, np.minimum(years // 5, len(AGE_BANDS) - 1), -1),
            pcn=np.where(pcn < 0, PCNS, pcn),
            deprivation=fifth,
            age_group=group.astype(np.int64),
        )

    def events(self, name: str, yearly_rate: NDArray[Any]) -> tuple[Positions, Days]:
        """People and days of events that befall drawn people on the spine, sorted by day then person.

        yearly_rate: one number for each of the `background` people (or fewer: the rest have none). An event lies in a
        month in which the person is on the spine, and never after the person's death.
        """
        random = self.rng(name)
        people, days = [], []
        for month in range(len(MONTHS)):
            weight = np.cumsum(np.where(self.practice[month, : len(yearly_rate)] >= 0, yearly_rate, 0.0))
            count = random.poisson(weight[-1] / 12)
            chosen = np.searchsorted(weight, random.random(count) * weight[-1], side="right")
            people.append(np.minimum(chosen, len(weight) - 1))
            days.append(random.integers(MONTH_STARTS[month], MONTH_STARTS[month + 1], size=count))
        person, day = np.concatenate(people), np.concatenate(days).astype(np.int32)
        kept = day <= self.death_day[person]
        order = np.lexsort((person[kept], day[kept]))
        return person[kept][order], day[kept][order]

    @cached_property
    def population(self) -> Positions:
        """People on the spine by month, network, deprivation, age in years (to 120), and 1 for women living inside."""
        shape = (len(PCN_GROUPS), len(DEPRIVATION_GROUPS), _OLDEST + 1, 2)
        found = np.zeros((len(MONTHS), *shape), dtype=np.int64)
        for month in range(len(MONTHS)):
            people = np.flatnonzero(self.practice[month] >= 0)
            who = self.attributes_in(people, np.full(len(people), month))
            place = np.ravel_multi_index(
                (
                    who.pcn,
                    who.deprivation,
                    np.minimum(who.age_years, _OLDEST),
                    ((who.sex == 2) & who.in_area).astype(np.int64),
                ),
                shape,
            )
            found[month] = np.bincount(place, minlength=found[month].size).reshape(shape)
        return found

    @cached_property
    def key(self) -> TokenKey:
        """The key senders of the demo place pseudonymise with."""
        return source_key(self.borough.name)

    @cached_property
    def _person_tokens(self) -> pa.Array:
        known = self.has_number
        numbers = [number_text(str(number)) if valid else None for number, valid in zip(self.nhs, known, strict=True)]
        return pa.array(self.key.tokens(numbers), type=pa.string())

    @cached_property
    def _match_tokens(self) -> pa.Array:
        days = np.datetime_as_string(self.birth_day.astype("datetime64[D]")).tolist()
        texts = [match_text(*who) for who in zip(self.forename, self.surname, days, strict=True)]
        return pa.array(self.key.tokens(texts), type=pa.string())

    def person_token(self, people: NDArray[Any]) -> pa.Array:
        """Token of each person's NHS number; null for -1 and where senders hold no valid number."""
        return _taken(self._person_tokens, people)

    def match_token(self, people: NDArray[Any]) -> pa.Array:
        """Token of each person's names and date of birth; null for -1."""
        return _taken(self._match_tokens, people)

    def local_token(self, organisation: str, local_ids: Iterable[str | None]) -> pa.Array:
        """Token of an organisation's own references, in their order; null for None. Equal ids are hashed once."""
        ids = pa.array(local_ids, type=pa.string()).dictionary_encode()
        texts = [local_text(organisation, text) for text in ids.dictionary.to_pylist()]
        return pa.array(self.key.tokens(texts), type=pa.string()).take(ids.indices)

    def number_statuses(self, people: NDArray[Any]) -> pa.Array:
        """`valid`, `missing` or `invalid` for each person; `missing` for -1."""
        people = np.asarray(people, dtype=np.int64)
        codes = np.where(people < 0, 1, self.number_status[people])
        return pa.array(NUMBER_STATUSES).take(pa.array(codes.astype(np.int64)))

    def sexes(self, people: NDArray[Any]) -> pa.Array:
        """`1` male, `2` female, `9` not known."""
        return pa.array(self.sex[np.asarray(people, dtype=np.int64)].astype(np.int64)).cast(pa.string())

    def birth_months(self, people: NDArray[Any]) -> pa.Array:
        """Month of birth as `YYYY-MM`; null for -1."""
        months, back = np.unique(self.birth_month, return_inverse=True)
        names = pa.array(np.datetime_as_string(months.astype("datetime64[M]")).tolist())
        return _taken(names.take(pa.array(back)), people)


def draw_world(residents: int, seed: int, borough: Borough = GREENWICH) -> World:
    """The place with so many residents on the first day, and the hand-written people."""
    stories = _story_people()
    names = ("ages", "joiners", "outside", "deaths", "moves", "sexes")
    drawn = draw_people({name: stream(seed, f"people/{name}") for name in names}, residents, borough)
    registered = len(drawn.birth_day)
    others = stream(seed, "people/outsiders")
    strangers = round(residents * _OUTSIDER_SHARE)
    background = registered + strangers
    stranger_birth = FIRST_DAY - others.integers(18 * 365, 90 * 365, size=strangers)
    stranger_sex = others.integers(1, 3, size=strangers)
    birth_day = np.concatenate([drawn.birth_day, stranger_birth]).astype(np.int32)
    identity = stream(seed, "people/identity")
    forename, surname = draw_names(identity, birth_day)
    home = np.concatenate([drawn.first_lsoa, np.full(strangers, 200)])
    postcode = draw_postcodes(identity, home)
    lacking = identity.random(background)
    status = np.where(lacking < _INVALID_SHARE, 2, np.where(lacking < _INVALID_SHARE + _MISSING_SHARE, 1, 0))
    status[registered:] = 0
    told = identity.random(background) >= _UNTOLD_DEATH_SHARE
    numbers = nhs_numbers(identity, background + len(stories))
    birth_day = np.concatenate([birth_day, [day_number(person.born) for person in stories]]).astype(np.int32)
    death_day = np.concatenate(
        [
            drawn.death_day,
            np.full(strangers, NEVER),
            [NEVER if person.died is None else day_number(person.died) for person in stories],
        ]
    ).astype(np.int32)
    status = np.concatenate([status, [NUMBER_STATUSES.index(person.number) for person in stories]]).astype(np.int8)
    linked = np.concatenate([told, np.ones(len(stories), dtype=bool)]) & (status == 0)
    registrations = joined_tables(drawn.registrations, story_registrations(stories, background, borough))
    practice, lsoa = _spine(registrations, len(birth_day), np.where(linked, death_day, NEVER))
    return World(
        borough=borough,
        residents=residents,
        seed=seed,
        background=background,
        registered=registered,
        stories=stories,
        birth_day=birth_day,
        sex=np.concatenate([drawn.sex, stranger_sex, [person.sex for person in stories]]).astype(np.int8),
        nhs=numbers,
        forename=_texts(np.array(FORENAMES, dtype=object)[forename], [person.forename for person in stories]),
        surname=_texts(np.array(SURNAMES, dtype=object)[surname], [person.surname for person in stories]),
        postcode=_texts(postcode, [person.postcode for person in stories]),
        number_status=status,
        death_day=death_day,
        death_linked=linked,
        registrations=registrations,
        practice=practice,
        lsoa=lsoa,
    )


def source_key(name: str = GREENWICH.name) -> TokenKey:
    """The key senders of the demo place pseudonymise with; public, and refused outside a demo."""
    return derive_key(KEY_ID, demo_master_key(name), SOURCE, name)


def stream(seed: int, name: str) -> np.random.Generator:
    """Chance for one purpose, the same for the same seed and name."""
    digest = sha256(name.encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, dtype=np.uint32).tolist()])


def _spine(table: Registrations, people: int, known_death: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
    """Practice and area of every person on the first day of every month.

    Where two rows hold on that day, the latest start wins, then the highest practice code; a file states its rows
    from its own first day on, so that an earlier start counts as that day.
    """
    practice = np.full((len(MONTHS), people), -1, dtype=np.int8)
    lsoa = np.full((len(MONTHS), people), -1, dtype=np.int16)
    file_start = financial_year_starts()
    order, last_file = np.arange(0), -1
    for month in range(len(MONTHS)):
        if file_start[month] != last_file:
            last_file = int(file_start[month])
            order = np.lexsort((table.practice, np.maximum(table.start, last_file)))
        day = MONTH_STARTS[month]
        rows = order[(table.start[order] <= day) & (table.end[order] >= day)]
        rows = rows[known_death[table.person[rows]] >= day]
        # of several rows of one person the last assigned stays
        practice[month, table.person[rows]] = table.practice[rows]
        lsoa[month, table.person[rows]] = table.lsoa[rows]
    return practice, lsoa


def _story_people() -> tuple[StoryPerson, ...]:
    """The hand-written people of every domain: of the core first, then of care (`care.story_book.STORY_PEOPLE`)."""
    # imported late: the domains of care read this module
    from places.greenwich import stories
    from places.greenwich.care import story_book

    return (*stories.STORY_PEOPLE, *story_book.STORY_PEOPLE)


def _texts(drawn: NDArray[np.object_], written: Sequence[str]) -> NDArray[np.object_]:
    return np.concatenate([drawn, np.array(written, dtype=object)])


def _taken(values: pa.Array, people: NDArray[Any]) -> pa.Array:
    people = np.asarray(people, dtype=np.int64)
    return values.take(pa.array(people, mask=people < 0))


_MONTH_COUNTS = month_counts(MONTH_STARTS[:-1])
# Row a month, column a practice: the practice's network on the first day of the month, -1 for none.
_NETWORK_BY_MONTH = np.array([network_of(np.arange(37), np.full(37, start)) for start in MONTH_STARTS[:-1]])

__all__ = ["Attributes", "World", "as_date", "draw_world", "source_key"]
