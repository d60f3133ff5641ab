"""Community services: referrals, first contacts, and the quarterly files of the provider.

Belongs here: decisions, true figures and files of the one provider. Not here: other domains.

Each file covers the referrals of six months; what happened after the last file that covers a referral nobody was told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from places.base import Submission
from places.greenwich.care import dirt
from places.greenwich.care.contributions import Contributions, proportion
from places.greenwich.care.files import dirty_submission
from places.greenwich.care.records import stack, take
from places.greenwich.care.residents import YEAR_TWO, Residents, status_texts, texts_of, token_texts
from places.greenwich.care.story_book import STORY_REFERRALS
from places.greenwich.care.writing import Table, Texts, day_texts, numbered, repeated
from places.greenwich.dates import LAST_DAY, NEVER, Mask, Positions, day_number, spans
from places.greenwich.files import known_until, rolling_windows
from places.greenwich.indicators import INDICATORS
from places.greenwich.tally import TruthRow, tally_by_period, tally_list, tally_median, tally_proportion
from places.greenwich.world import World

FEED, PROVIDER = "community_referrals", "ZCM1"
CLOSED = ("seen", "refused", "abandoned", "")
SEEN, REFUSED, ABANDONED, OPEN = range(4)
WINDOWS = rolling_windows(6)
IN_TIME, COMPLETED_IN = 28, 90
_LIST = "people_waiting"
# Days waited that are long, and those after which the files no longer tell.
LONG, OLDEST = 42, 180
# Days before any month's end of which its quarter's file still tells.
MONTHLY_OLDEST = 119
_YEARLY = ((5, 18, 40, 65, 75, 85), (0.040, 0.025, 0.038, 0.084, 0.205, 0.36, 0.51))
_REFUSED, _ABANDONED, _NEVER_SEEN = 0.06, 0.05, 0.03
# Middle and spread of the logarithm of the days waited, first and later years.
_WAIT, _SPREAD = (2.79, 2.70), 0.62


@dataclass(frozen=True)
class Referrals:
    """One place a referral. contact is NEVER for those never seen; closed a code into `CLOSED`, closed_day its day.

    linked: whether the rows name a person somewhere. number_shown: whether this row does.
    """

    person: Positions
    referred: Positions
    urgent: Mask
    contact: Positions
    closed: Positions
    closed_day: Positions
    linked: Mask
    number_shown: Mask


def decide(world: World) -> Referrals:
    """All referrals, of drawn people and of stories, in order of day and person."""
    residents = Residents(world)
    random = world.rng("care/community")
    factor = residents.by_fifth((1.25, 1.1, 1.0, 0.9, 0.8))
    factor = factor * np.where(np.arange(world.people) >= world.registered, 0.15, 1.0)
    person, day = residents.arrivals(random, _YEARLY, factor, WINDOWS[0][0], LAST_DAY)
    order = np.lexsort((person, day))
    person, day = person[order], day[order]
    count = len(person)
    urgent = random.random(count) < 0.12
    chance = random.random(count)
    refused = chance < _REFUSED
    abandoned = ~refused & (chance < _REFUSED + _ABANDONED)
    unseen = refused | abandoned | (chance < _REFUSED + _ABANDONED + _NEVER_SEEN)
    middle = np.where(day >= YEAR_TWO, _WAIT[1], _WAIT[0])
    days = np.floor(random.lognormal(middle, _SPREAD)).astype(np.int64)
    days = np.where(urgent, random.integers(0, 4, size=count), np.minimum(days, 150))
    death = residents.death_day[person]
    contact = np.where(unseen | (day + days > death), NEVER, day + days)
    given_up = np.minimum(day + random.integers(1, 40, size=count), death)
    over = contact + random.integers(0, 120, size=count)
    closed = np.select([refused, abandoned, contact != NEVER], [REFUSED, ABANDONED, SEEN], OPEN)
    closed_day = np.select([refused | abandoned, contact != NEVER], [given_up, np.minimum(over, death)], NEVER)
    unknown = random.random(world.people) < 0.01
    linked = world.has_number[person] & ~unknown[person]
    # a row may leave the number out where another row of the same patient has it
    place = np.lexsort((day, person))
    again = np.zeros(count, dtype=bool)
    again[place[1:]] = person[place][1:] == person[place][:-1]
    shown = linked & ~(again & (random.random(count) < 0.03))
    drawn = Referrals(person, day, urgent, contact, closed, closed_day, linked, shown)
    return stack(drawn, _stories(world))


def _stories(world: World) -> Referrals:
    told = STORY_REFERRALS
    contact = np.array([NEVER if item.first_contact is None else day_number(item.first_contact) for item in told])
    referred = np.array([day_number(item.referred) for item in told], dtype=np.int64)
    certain = np.ones(len(told), dtype=bool)
    return Referrals(
        np.array([world.story(item.story_id) for item in told], dtype=np.int64),
        referred,
        np.array([item.urgent for item in told], dtype=bool),
        contact.astype(np.int64),
        np.array([CLOSED.index(item.closed) for item in told], dtype=np.int64),
        np.where(contact == NEVER, referred + 14, contact).astype(np.int64),
        certain,
        certain,
    )


def known_contact(referrals: Referrals) -> Positions:
    """The first contact the files tell of."""
    told = referrals.contact <= known_until(referrals.referred.astype(np.int32), WINDOWS)
    return np.where(told, referrals.contact, NEVER)


def known_closed(referrals: Referrals) -> Positions:
    """Why a referral was closed, as far as the files tell."""
    told = referrals.closed_day <= known_until(referrals.referred.astype(np.int32), WINDOWS)
    return np.where(told, referrals.closed, OPEN)


def _told(referrals: Referrals) -> tuple[Referrals, Positions, Positions]:
    """Referrals, their person where anybody knows it, and the first contact the files tell of."""
    return referrals, np.where(referrals.linked, referrals.person, -1), known_contact(referrals)


def _routine(referrals: Referrals) -> tuple[Referrals, Positions, Positions]:
    """The same of referrals that are not urgent."""
    return _told(take(referrals, ~referrals.urgent))


def contributions(referrals: Referrals) -> Contributions:
    """Each referral that is not urgent, and whether the first contact came in time."""
    routine, person, contact = _routine(referrals)
    in_time = contact - routine.referred <= IN_TIME
    every, who, seen = _told(referrals)
    completed = seen - every.referred <= COMPLETED_IN
    return [
        proportion("first_contact_28_days", routine.referred, person, in_time.astype(np.int64)),
        proportion("onward_referral_completed", every.referred, who, completed.astype(np.int64)),
    ]


def waiting(world: World, referrals: Referrals) -> dict[tuple[str, str], tuple[Positions, Positions]]:
    """People who wait for a first contact at the end of each quarter, and whether one of their waits is long."""
    found = _waits(world, referrals, ("quarter", "year"), OLDEST)
    return {period: (people, (longest > LONG).astype(np.int64)) for period, (people, longest) in found.items()}


def _waits(
    world: World, referrals: Referrals, kinds: tuple[str, ...], oldest: int
) -> dict[tuple[str, str], tuple[Positions, Positions]]:
    """People with an open wait of at most so many days at the end of each period, and the days of the longest.

    Whoever no row names still has one reference at the provider, which makes one person of their referrals.
    """
    routine, person, contact = _routine(referrals)
    gone = routine.closed_day <= known_until(routine.referred.astype(np.int32), WINDOWS)
    gone &= (routine.closed == REFUSED) | (routine.closed == ABANDONED)
    death = np.where(person >= 0, Residents(world).known_death[person], NEVER)
    found = {}
    for kind in kinds:
        for span in spans(kind):
            last = day_number(span.period.end)
            if last > LAST_DAY:
                continue
            days = last - routine.referred
            there = (days >= 0) & (days <= oldest) & (contact > last) & (death > last) & ~gone
            people, where = np.unique(routine.person[there], return_inverse=True)
            longest = np.zeros(len(people), dtype=np.int64)
            np.maximum.at(longest, where, days[there])
            linked = np.zeros(len(people), dtype=bool)
            linked[where] = routine.linked[there]
            found[kind, span.period.label] = (np.where(linked, people, -1), longest)
    return found


def truth_rows(world: World, referrals: Referrals) -> list[TruthRow]:
    """True figures of the indicators of community services."""
    routine, person, contact = _routine(referrals)
    seen = contact != NEVER
    rows = tally_median(world, "community_wait", contact[seen], person[seen], (contact - routine.referred)[seen])
    for item in contributions(referrals):
        rows += tally_proportion(world, item.indicator_id, np.asarray(item.when), item.person, item.numerator)
    rows += tally_by_period(world, "waiting_over_42_days", waiting(world, referrals))
    listed = _waits(world, referrals, INDICATORS[_LIST].kinds, MONTHLY_OLDEST)
    return rows + tally_list(world, _LIST, {period: people for period, (people, _) in listed.items()})


_DIRT = dirt.Rules("referral_id", "urgent", ("urgent", "U"), ("referred_on", "first_contact_on"))


def submissions(world: World, referrals: Referrals, planted: dirt.Planted) -> Iterator[Submission]:
    """The quarterly files, oldest first."""
    reference = numbered("CR", np.arange(1, len(referrals.person) + 1))
    for place, (start, end) in enumerate(WINDOWS):
        rows = np.flatnonzero((referrals.referred >= start) & (referrals.referred <= end))
        table = _table(world, take(referrals, rows), reference[rows], end)
        random = world.rng(f"care/community/dirt/{place}")
        yield dirty_submission(planted, random, _DIRT, (FEED, PROVIDER), (start, end, 1), table)


def _table(world: World, rows: Referrals, reference: Texts, told_until: int) -> Table:
    contact = np.where(rows.contact <= told_until, rows.contact, NEVER)
    closed = np.where(rows.closed_day <= told_until, rows.closed, OPEN)
    return Table(
        {
            "organisation": repeated(PROVIDER, len(rows.person)),
            "referral_id": reference,
            "person_token": token_texts(world.person_token(rows.person), rows.number_shown),
            "local_token": texts_of(world.local_token(PROVIDER, numbered("P", rows.person).tolist())),
            "nhs_number_status": status_texts(world, rows.person, ~rows.number_shown),
            "referred_on": day_texts(rows.referred),
            "urgent": np.where(rows.urgent, "Y", "N").astype(object),
            "first_contact_on": day_texts(contact),
            "closed_reason": np.array(CLOSED, dtype=object)[closed],
        }
    )
