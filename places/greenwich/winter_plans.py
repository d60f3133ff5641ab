"""Winter plans: which of the oldest residents are offered one.

Belongs here: offers, the `winter_plans` files of the community provider, the true share of people aged 85 and over who
are offered a plan. Not here: who is registered on 1 November, and how old (`world`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from places.greenwich.dates import MONTH_STARTS, MONTHS, Positions, day_number
from places.greenwich.files import BRITISH, Columns, Extract, day_texts
from places.greenwich.service_files import Sender, extracts
from places.greenwich.stories import OFFERS
from places.greenwich.tally import TruthRow, tally_proportion
from places.greenwich.world import World

FEED, OFFERED = "winter_plans", "winter_plan_offered_85_over"
ANSWERS = ("Y", "N")
_NAMES = {
    "organisation": "Org",
    "record_id": "Offer ID",
    "person_token": "Person token",
    "match_token": "Match token",
    "local_token": "Patient token",
    "nhs_number_status": "NHS number status",
    "birth_month": "Month of birth",
    "offered_on": "Offered",
    "accepted": "Taken up",
}
SENDERS = (Sender("ZCM1", BRITISH, _NAMES, {"Y": "Accepted", "N": "Declined"}),)
# Positions of the Novembers of the data.
NOVEMBERS = tuple(place for place, month in enumerate(MONTHS) if month.start.month == 11)
_OFFERED_FROM = 84
_SHARES = {2023: 0.52, 2024: 0.63}


@dataclass(frozen=True, eq=False)
class Offers:
    """One place an offer, in the order of days. answer: a position in `ANSWERS`, -1 for none yet."""

    person: Positions
    day: Positions
    answer: Positions


def decide(world: World) -> Offers:
    """Offers to drawn people, a few of them too young, too early or too late, and those of stories."""
    random = world.rng("winter plans")
    people, days = [], []
    for november in NOVEMBERS:
        september = MONTH_STARTS[november] - 61
        age = world.attributes_in(np.arange(world.background), np.full(world.background, november - 2)).age_years
        old = np.flatnonzero(age >= _OFFERED_FROM)
        chosen = old[random.random(len(old)) < _SHARES.get(MONTHS[november].start.year, 0.6)]
        day = september + random.integers(-3, 128, size=len(chosen))
        alive = day <= world.death_day[chosen]
        people.append(chosen[alive])
        days.append(day[alive])
    drawn = sum(len(part) for part in people)
    person = np.concatenate([*people, [world.story(item.story_id) for item in OFFERS]]).astype(np.int64)
    day = np.concatenate([*days, [day_number(item.offered) for item in OFFERS]]).astype(np.int64)
    answer = random.choice([0, 0, 0, 1, -1], size=drawn + len(OFFERS))
    order = np.lexsort((person, day))
    return Offers(person[order], day[order], answer[order].astype(np.int64))


def offered(world: World, offers: Offers) -> tuple[Positions, Positions, Positions]:
    """Each 1 November, everybody registered that day, and 1 for whom a plan was offered from September to December.

    Who is too young for the figure is still in: the ages stand with the indicator.
    """
    days, people, numerators = [], [], []
    for november in NOVEMBERS:
        year = MONTHS[november].start.year
        first, last = day_number(date(year, 9, 1)), day_number(date(year, 12, 31))
        there = np.flatnonzero(world.in_spine[november])
        asked = offers.person[(offers.day >= first) & (offers.day <= last)]
        days.append(np.full(len(there), int(MONTH_STARTS[november])))
        people.append(there)
        numerators.append(np.isin(there, asked).astype(np.int64))
    return np.concatenate(days), np.concatenate(people), np.concatenate(numerators)


def truth_rows(world: World, offers: Offers) -> list[TruthRow]:
    """The true share of people aged 85 and over who are offered a plan."""
    return tally_proportion(world, OFFERED, *offered(world, offers))


def sent(world: World, offers: Offers) -> list[Extract]:
    """The file of the community provider."""

    def columns(sender: Sender, rows: Positions) -> Columns:
        return {
            "offered_on": day_texts(offers.day[rows], sender.style),
            "accepted": sender.texts(offers.answer[rows], ANSWERS),
        }

    provider = np.zeros(len(offers.person), dtype=np.int64)
    return extracts(world, FEED, SENDERS, (provider, offers.person, offers.day), ("record_id", "WP"), columns)
