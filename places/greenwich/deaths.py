"""Deaths: where people died, and the council's record of it.

Belongs here: place and kind of death, the `deaths` files, the true share of deaths at home. Not here: who dies and
when (`draw`): a death also ends a person's months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from places.greenwich.dates import FIRST_DAY, LAST_DAY, Days, Mask, Positions
from places.greenwich.files import Columns, Extract, code_texts, day_texts, record_ids, rolling_windows
from places.greenwich.stories import DEATHS
from places.greenwich.tally import TruthRow, tally_proportion
from places.greenwich.world import World

FEED, SENDER = "deaths", "ZCC1"
PLACES = ("home", "care_home", "religious", "hospital", "hospice", "other")
USUAL = 3
# Shares of the places under 75 and from 75 on.
_YOUNGER = np.array([0.31, 0.05, 0.002, 0.488, 0.10, 0.05])
_OLDER = np.array([0.24, 0.22, 0.004, 0.476, 0.05, 0.01])
_EXTERNAL_SHARE = 0.04
# Deaths of people nobody here can name, for each hundred of the others.
_STRANGERS = 0.01
_BROKEN_EVERY = 1500


@dataclass(frozen=True, eq=False)
class Deaths:
    """One place a record. person: -1 where the record names nobody we know. broken: held back by intake."""

    person: Positions
    day: Days
    place: Positions
    external: Mask
    broken: Mask


def decide(world: World) -> Deaths:
    """Every death of the months of the data, in the order of days. Story people whose story is another died at home."""
    random = world.rng("deaths")
    person = np.flatnonzero((world.death_day >= FIRST_DAY) & (world.death_day <= LAST_DAY)).astype(np.int64)
    drawn = int((person < world.background).sum())
    older = (world.death_day[person] - world.birth_day[person])[:drawn] >= 75 * 365.25
    chance = random.random(drawn)
    place = np.zeros(len(person), dtype=np.int64)
    place[:drawn] = np.where(
        older, np.searchsorted(np.cumsum(_OLDER), chance), np.searchsorted(np.cumsum(_YOUNGER), chance)
    ).clip(0, len(PLACES) - 1)
    external = np.zeros(len(person), dtype=bool)
    external[:drawn] = random.random(drawn) < _EXTERNAL_SHARE
    for story in DEATHS:
        row = person == world.story(story.story_id)
        place[row], external[row] = PLACES.index(story.place), story.external
    strangers = 1 + round(drawn * _STRANGERS)
    broken = 1 + drawn // _BROKEN_EVERY
    more = strangers + broken
    day = np.concatenate([world.death_day[person], random.integers(FIRST_DAY, LAST_DAY + 1, size=more)])
    found = Deaths(
        np.concatenate([person, np.full(more, -1)]),
        day.astype(np.int32),
        np.concatenate([place, random.integers(0, len(PLACES), size=more)]),
        np.concatenate([external, np.zeros(more, dtype=bool)]),
        np.arange(len(day)) >= len(person) + strangers,
    )
    order = np.argsort(found.day, kind="stable")
    return Deaths(found.person[order], found.day[order], found.place[order], found.external[order], found.broken[order])


def named(world: World, deaths: Deaths) -> Positions:
    """The person each record can be linked to; -1 where it carries no number."""
    linked = (deaths.person >= 0) & world.death_linked[deaths.person]
    return np.where(linked, deaths.person, -1)


def truth_rows(world: World, deaths: Deaths) -> list[TruthRow]:
    """True shares of deaths at home, in a care home or in a religious house, and of those in hospital."""
    kept = counting(deaths)
    told = {
        "deaths_usual_place": deaths.place < USUAL,
        "deaths_in_hospital": deaths.place == PLACES.index("hospital"),
    }
    rows: list[TruthRow] = []
    for indicator, there in told.items():
        days, person = deaths.day[kept], named(world, deaths)[kept]
        rows += tally_proportion(world, indicator, days, person, there[kept].astype(np.int64))
    return rows


def counting(deaths: Deaths) -> Mask:
    """Deaths that intake keeps and definitions count."""
    return ~deaths.external & ~deaths.broken


def extract(world: World, deaths: Deaths) -> Extract:
    """The council's files, a year each, every quarter."""
    person = named(world, deaths)
    # a sender says `invalid` only of a number it was given
    status = np.where(person < 0, np.where(world.number_status[deaths.person] == 2, 2, 1), 0)
    status = np.where(deaths.person < 0, 1, status)

    def columns(rows: Positions, _: int) -> Columns:
        return {
            "record_id": record_ids("D", rows),
            "person_token": world.person_token(person[rows]),
            "nhs_number_status": code_texts(status[rows], ("valid", "missing", "invalid")),
            "date_of_death": day_texts(deaths.day[rows]),
            "place_of_death": code_texts(np.where(deaths.broken, len(PLACES), deaths.place)[rows], (*PLACES, "street")),
            "external_or_neonatal": pa.array(np.where(deaths.external[rows], "Y", "N"), type=pa.string()),
        }

    return Extract(
        FEED,
        (SENDER,),
        rolling_windows(12),
        np.zeros(len(deaths.day), dtype=np.int64),
        deaths.day,
        columns,
        "record_id",
        rejected={"row.code": deaths.broken},
    )
