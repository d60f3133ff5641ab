"""Plans for the end of life: where people wish to die, and whether they did.

Belongs here: plans, the `end_of_life_plans` files of the hospice and the community provider, the true shares of deaths
with a wish in force and of wishes met. Not here: who dies, when and where (`draw`, `deaths`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from places.greenwich import deaths as deaths_of
from places.greenwich.dates import FIRST_DAY, LAST_DAY, NEVER, Days, Positions, day_number
from places.greenwich.files import BRITISH, Columns, Extract, day_texts
from places.greenwich.service_files import FIRST_DAY_SENT, Sender, extracts
from places.greenwich.stories import PLANS
from places.greenwich.tally import TruthRow, tally_proportion
from places.greenwich.world import World

FEED = "end_of_life_plans"
RECORDED, MET = "preferred_place_recorded", "died_in_preferred_place"
PLACES = (*deaths_of.PLACES, "not_discussed")
NOT_DISCUSSED = len(PLACES) - 1
HOSPICE, COMMUNITY = range(2)
_EPACCS_CODES = {
    "home": "Home",
    "care_home": "Care home",
    "religious": "Religious house",
    "hospital": "Hospital",
    "hospice": "Hospice",
    "other": "Elsewhere",
    "not_discussed": "Not discussed",
}
_EPACCS_NAMES = {
    "organisation": "Org",
    "record_id": "Plan ID",
    "person_token": "Person token",
    "match_token": "Match token",
    "local_token": "Patient token",
    "nhs_number_status": "NHS number status",
    "birth_month": "Month of birth",
    "plan_created_on": "Plan created",
    "reviewed_on": "Last review",
    "preferred_place": "PPD 1",
    "second_choice": "PPD 2",
    "resuscitation_decision": "DNACPR recorded",
    "plan_ended_on": "Plan ended",
}
SENDERS = (Sender("ZHO1"), Sender("ZCM1", BRITISH, _EPACCS_NAMES, _EPACCS_CODES))
_PLANNED, _TWICE, _LIVING = 0.55, 0.15, 0.02
_WISHES = np.array([0.55, 0.17, 0.003, 0.02, 0.14, 0.01, 0.107])
# Of a hundred wishes stated, so many name the place where the person then dies, over and above chance.
_FULFILLED = 0.45


@dataclass(frozen=True, eq=False)
class Plans:
    """One place a plan, in the order of the days they were made.

    reviewed, ended: `NEVER` where they were not. place: what the plan says since its last review, a position in
    `PLACES`. second: -1 for none.
    """

    person: Positions
    sender: Positions
    created: Days
    reviewed: Days
    place: Positions
    second: Positions
    ended: Days


def decide(world: World, deaths: deaths_of.Deaths) -> Plans:
    """Plans of many who die and of a few who live on, and those of stories."""
    random = world.rng("end of life")
    dying = np.flatnonzero((deaths.person >= 0) & (deaths.person < world.background) & ~deaths.broken)
    first = dying[random.random(len(dying)) < _PLANNED]
    second = first[random.random(len(first)) < _TWICE]
    chosen = np.concatenate([first, second])
    old = np.flatnonzero((world.birth_day[: world.background] < FIRST_DAY - 75 * 365) & _lives(world))
    living = old[random.random(len(old)) < _LIVING]
    person = np.concatenate([deaths.person[chosen], living])
    died = np.concatenate([deaths.day[chosen], np.full(len(living), LAST_DAY + 30)])
    died_in = np.concatenate([deaths.place[chosen], random.integers(0, NOT_DISCUSSED, size=len(living))])
    count = len(person)
    # nobody has a plan before they are born, as few as die so young
    earliest = np.maximum(world.birth_day[person], FIRST_DAY_SENT)
    created = np.maximum(died - random.integers(1, 420, size=count), earliest)
    reviewed = created + np.floor((died - created + 1) * random.random(count)).astype(np.int64)
    # a few are gone through once more after the death
    reviewed = np.where(random.random(count) < 0.03, died + random.integers(1, 9, size=count), reviewed)
    reviewed = np.where(random.random(count) < 0.3, NEVER, reviewed)
    place = random.choice(len(PLACES), size=count, p=_WISHES)
    place = np.where((place != NOT_DISCUSSED) & (random.random(count) < _FULFILLED), died_in, place)
    closing = random.random(count)
    ended = np.where(closing < 0.7, died + random.integers(0, 15, size=count), NEVER)
    # some are closed before the death, up to its eve
    early = np.maximum(died - random.integers(1, 40, size=count), created)
    ended = np.where(closing < 0.08, early, ended)
    again = random.integers(0, NOT_DISCUSSED, size=count)
    told = (place != NOT_DISCUSSED) & (random.random(count) < 0.4)
    stories = [
        (
            world.story(item.story_id),
            item.sender,
            day_number(item.created),
            NEVER if item.reviewed is None else day_number(item.reviewed),
            PLACES.index(item.place),
            -1,
            NEVER if item.ended is None else day_number(item.ended),
        )
        for item in PLANS
    ]
    by_hand = np.array(stories, dtype=np.int64).T
    columns = [
        person,
        random.integers(0, len(SENDERS), size=count),
        created,
        np.where(reviewed < created, NEVER, reviewed),
        place,
        np.where(told, again, -1),
        np.where(ended < created, NEVER, ended),
    ]
    person, sender, created, reviewed, place, second_choice, ended = (
        np.concatenate([drawn, written]).astype(np.int64) for drawn, written in zip(columns, by_hand, strict=True)
    )
    order = np.lexsort((sender, person, created))
    order = order[created[order] <= LAST_DAY]
    return Plans(
        person[order],
        sender[order],
        created[order].astype(np.int32),
        _known(reviewed[order]),
        place[order],
        second_choice[order],
        _known(ended[order]),
    )


def wishes(plans: Plans, person: Positions, day: Days) -> Positions:
    """Where each of the people, on a day of death, wished to die; -1 where no wish was in force."""
    by_person: dict[int, list[int]] = {}
    for row, one in enumerate(plans.person.tolist()):
        by_person.setdefault(one, []).append(row)
    found = np.full(len(person), -1, dtype=np.int64)
    for place, (one, died) in enumerate(zip(person.tolist(), day.tolist(), strict=True)):
        best = None
        for row in by_person.get(one, ()) if one >= 0 else ():
            made, seen, ended = int(plans.created[row]), int(plans.reviewed[row]), int(plans.ended[row])
            said = made if seen == NEVER else seen
            if plans.place[row] == NOT_DISCUSSED or said > died or ended < died:
                continue
            # of two said on one day the one made later, then the one of the sender with the later code
            rank = (said, made, SENDERS[plans.sender[row]].code, row)
            if best is None or rank > best:
                best, found[place] = rank, plans.place[row]
    return found


def truth_rows(world: World, deaths: deaths_of.Deaths, plans: Plans) -> list[TruthRow]:
    """True shares of deaths with a wish in force, and of those where it was met."""
    found: list[TruthRow] = []
    for indicator, (day, person, numerator) in contributions(world, deaths, plans).items():
        found += tally_proportion(world, indicator, day, person, numerator)
    return found


def contributions(world: World, deaths: deaths_of.Deaths, plans: Plans) -> dict[str, tuple[Days, Positions, Positions]]:
    """Indicator to the day, the person and the numerator of each death that counts for it."""
    person = deaths_of.named(world, deaths)
    kept = deaths_of.counting(deaths) & (person >= 0)
    day, person, place = deaths.day[kept], person[kept], deaths.place[kept]
    wished = wishes(plans, person, day)
    said = wished >= 0
    return {
        RECORDED: (day, person, said.astype(np.int64)),
        MET: (day[said], person[said], (wished == place)[said].astype(np.int64)),
    }


def sent(world: World, plans: Plans) -> list[Extract]:
    """The files of the hospice and of the community provider."""

    def columns(sender: Sender, rows: Positions) -> Columns:
        return {
            "plan_created_on": day_texts(plans.created[rows], sender.style),
            "reviewed_on": day_texts(plans.reviewed[rows], sender.style),
            "preferred_place": sender.texts(plans.place[rows], PLACES),
            "second_choice": sender.texts(plans.second[rows], PLACES),
            "resuscitation_decision": ["Y" if one % 3 else "N" for one in plans.person[rows].tolist()],
            "plan_ended_on": day_texts(plans.ended[rows], sender.style),
        }

    return extracts(world, FEED, SENDERS, (plans.sender, plans.person, plans.created), ("record_id", "EL"), columns)


def _lives(world: World) -> np.ndarray:
    return world.death_day[: world.background] > LAST_DAY


def _known(days: Positions) -> Days:
    """What the last file does not tell of has not come."""
    return np.where(days > LAST_DAY, NEVER, days).astype(np.int32)
