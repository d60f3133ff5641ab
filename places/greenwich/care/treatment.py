"""Drug and alcohol treatment: journeys are decided first, then cut into the episodes two providers record.

Belongs here: who is treated when and how it ends, and how a journey falls into episodes. Not here: what the providers
write (`treatment_files`), what the journeys are worth as figures (`truth`).

A journey is one stay in treatment, wherever. Its episodes follow each other, or overlap, with at most 21 days between
them; two journeys of a person lie at least 22 days apart. Treatment begun before April 2022 is nobody's data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.care.records import stack, take
from places.greenwich.care.residents import YEAR_TWO, Residents
from places.greenwich.care.story_book import STORY_JOURNEYS
from places.greenwich.dates import FIRST_DAY, LAST_DAY, NEVER, Mask, Positions, day_number
from places.greenwich.world import World

PROVIDERS = ("ZCR1", "ZMH1")
SUBSTANCES = ("opiate", "non_opiate", "alcohol")
REASONS = ("completed", "transferred", "dropped_out", "died", "prison", "")
COMPLETED, TRANSFERRED, DROPPED_OUT, DIED, PRISON, OPEN = range(6)
OPIATE, NON_OPIATE, ALCOHOL = range(3)
# Days between two episodes of one journey at most.
WITHIN_JOURNEY = 21
_SYSTEM_START = FIRST_DAY - 365
# Triage not before, so that even a long wait leaves the referral after the system's start.
_EARLIEST = _SYSTEM_START + 22
_MOST_JOURNEYS = 6
# Share of exits that are completions, first and later years.
_OPIATE_COMPLETES, _OTHER_COMPLETES = (0.225, 0.27), (0.44, 0.46)
_OTHER_EXITS = np.array([0.17, 0.66, 0.17])
# Of those who completed: back within a year, later years' share, back in the year after.
_BACK_IN_A_YEAR, _BACK_LATER = (0.13, 0.12), 0.08


@dataclass(frozen=True)
class Journeys:
    """One place a journey, in order of person and start. `end` is NEVER while any episode is open.

    substance: what it is for, a code into `SUBSTANCES`; episodes of a journey for drugs may be for alcohol.
    """

    person: Positions
    start: Positions
    end: Positions
    completed: Mask
    died: Mask
    substance: Positions
    consent: Mask


@dataclass(frozen=True)
class Episodes:
    """One place an episode. triage and discharge may be NEVER; codes point into the tuples of this module.

    number_shown and match_shown: whether the provider writes these tokens at all.
    """

    person: Positions
    provider: Positions
    substance: Positions
    referral: Positions
    triage: Positions
    discharge: Positions
    reason: Positions
    consent: Mask
    number_shown: Mask
    match_shown: Mask


@dataclass(frozen=True)
class Treatment:
    """All decisions about treatment. Episodes of people who withheld consent are in nobody's figures."""

    journeys: Journeys
    episodes: Episodes


def decide(world: World) -> Treatment:
    """Journeys and their episodes, of drawn people and of stories."""
    residents = Residents(world)
    random = world.rng("care/treatment")
    journeys, outcome = _journeys(residents, random)
    cut, substance = _episodes(journeys, outcome, random)
    journeys = replace(journeys, substance=substance)
    episodes = _identified(residents, random, cut)
    waiting = _waiting(residents, random, journeys.person)
    story_journeys, story_episodes = _stories(world)
    whole = stack(journeys, story_journeys)
    return Treatment(
        take(whole, np.lexsort((whole.start, whole.person))), stack(stack(episodes, waiting), story_episodes)
    )


def _journeys(residents: Residents, random: np.random.Generator) -> tuple[Journeys, Positions]:
    """Journeys in order of person and start, and how each ended."""
    person, start, opiate, consent = _clients(residents, random)
    found: list[tuple[NDArray[Any], ...]] = []
    for _ in range(_MOST_JOURNEYS):
        alive = (start <= LAST_DAY) & (start < residents.death_day[person] - 1)
        person, start, opiate, consent = person[alive], start[alive], opiate[alive], consent[alive]
        end, outcome = _ends(residents, random, person, start, opiate)
        found.append((person, start, end, outcome, opiate, consent))
        start = _next_start(random, end, outcome, start)
    person, start, end, outcome, opiate, consent = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((start, person))
    person, start, end, outcome, consent = person[order], start[order], end[order], outcome[order], consent[order]
    # other drugs and alcohol are told apart when the episodes are
    substance = np.where(opiate[order], OPIATE, ALCOHOL)
    return Journeys(person, start, end, outcome == COMPLETED, outcome == DIED, substance, consent), outcome


def _clients(residents: Residents, random: np.random.Generator) -> tuple[Positions, Positions, Mask, Mask]:
    """Who comes into treatment, when first, for what, and whether they let their record be used."""
    weight = residents.by_age((18, 25, 35, 50, 60, 70), (0.0, 0.5, 1.0, 1.6, 1.1, 0.4, 0.0))
    weight *= residents.by_fifth((2.4, 1.5, 0.9, 0.5, 0.3))
    stock, entrants = round(690 * residents.scale), round(250 * 3.24 * residents.scale)
    others = round(760 * 3.24 * residents.scale)
    person = residents.draw(random, weight, stock + entrants + others)
    kind = random.permutation(np.repeat([0, 1, 2], [stock, entrants, others])[: len(person)])
    early = np.where(kind == 0, FIRST_DAY - 60, LAST_DAY)
    low = np.full(len(person), _EARLIEST)
    start = low + np.floor(random.random(len(person)) ** np.where(kind == 0, 2, 1.2) * (early - low)).astype(np.int64)
    # most wait until they live here; a few were treated here before they came or after they left
    elsewhere = random.random(len(person)) < 0.03
    here = (start >= residents.first_day[person]) & (start <= residents.last_day[person]) | elsewhere
    adult = start - residents.world.birth_day[person] >= 18 * 366
    kept = here & adult
    consent = random.random(len(person)) >= 0.04
    return person[kept], start[kept], kind[kept] < 2, consent[kept]


def _ends(
    residents: Residents, random: np.random.Generator, person: Positions, start: Positions, opiate: Mask
) -> tuple[Positions, Positions]:
    """Last day and outcome of each journey; open ones never end."""
    count = len(person)
    lasting = np.where(opiate, random.exponential(980, count), random.gamma(2.0, 80.0, count))
    end = start + np.maximum(np.floor(lasting).astype(np.int64), 20)
    later = end >= YEAR_TWO
    chance = np.where(
        opiate,
        np.where(later, _OPIATE_COMPLETES[1], _OPIATE_COMPLETES[0]),
        np.where(later, _OTHER_COMPLETES[1], _OTHER_COMPLETES[0]),
    )
    other = random.choice(np.array([TRANSFERRED, DROPPED_OUT, PRISON]), size=count, p=_OTHER_EXITS)
    outcome = np.where(random.random(count) < chance, COMPLETED, other)
    death = residents.death_day[person]
    died = death <= end
    end, outcome = np.where(died, death, end), np.where(died, DIED, outcome)
    still = end > LAST_DAY
    return np.where(still, NEVER, end), np.where(still, OPEN, outcome)


def _next_start(random: np.random.Generator, end: Positions, outcome: Positions, start: Positions) -> Positions:
    """First day of the next journey, beyond the data for those who stay away."""
    count = len(end)
    chance, early = random.random(count), random.random(count)
    soon = WITHIN_JOURNEY + 1 + np.floor(early**1.5 * (365 - WITHIN_JOURNEY)).astype(np.int64)
    in_a_year = np.where(end >= YEAR_TWO, _BACK_IN_A_YEAR[1], _BACK_IN_A_YEAR[0])
    completed = np.where(chance < in_a_year, soon, np.where(chance < in_a_year + _BACK_LATER, 366 + soon, NEVER))
    left = np.where(chance < 0.55, soon, NEVER)
    gap = np.select(
        [outcome == COMPLETED, (outcome == DROPPED_OUT) | (outcome == PRISON), outcome == TRANSFERRED],
        [completed, left, np.where(chance < 0.2, soon, NEVER)],
        NEVER,
    )
    return np.where(gap == NEVER, NEVER, np.where(end == NEVER, NEVER, end) + gap)


def _episodes(
    journeys: Journeys, outcome: Positions, random: np.random.Generator
) -> tuple[Episodes, NDArray[np.int64]]:
    """Each journey cut into one to three episodes, and what each journey is for.

    Every cut leaves the journey's first and last day alone.
    """
    count = len(journeys.person)
    opiate = journeys.substance == OPIATE
    length = np.minimum(journeys.end, LAST_DAY) - journeys.start
    chance = random.random(count)
    parts = 1 + (length >= 60) * (chance < 0.22) + (length >= 150) * (chance < 0.05)
    cuts = [np.where(parts == 3, 0.25, 0.3), np.full(count, 0.55)]
    width = [np.where(parts == 3, 0.15, 0.3), np.full(count, 0.15)]
    open_from, closes = [journeys.start], []
    for share, span in zip(cuts, width, strict=True):
        closed = journeys.start + np.floor(length * (share + span * random.random(count))).astype(np.int64)
        closes.append(closed)
        open_from.append(closed + random.integers(-10, WITHIN_JOURNEY + 1, size=count))
    provider = (random.random(count) < np.where(opiate, 0.65, 0.25)).astype(np.int64)
    main = np.where(opiate, OPIATE, random.choice([NON_OPIATE, ALCOHOL], size=count, p=[0.4, 0.6]))
    pieces = []
    for part in range(3):
        of_it = np.flatnonzero(parts > part)
        last = parts[of_it] == part + 1
        ended = journeys.end[of_it] if part == 2 else np.where(last, journeys.end[of_it], closes[part][of_it])
        # between two episodes people are handed over or lost for days; some were even signed off too soon
        between = random.choice([TRANSFERRED, DROPPED_OUT, COMPLETED], size=len(of_it), p=[0.7, 0.2, 0.1])
        moved = random.random(len(of_it)) < 0.7
        here = provider[of_it] if part == 0 else np.where(moved, 1 - provider[of_it], provider[of_it])
        aside = (random.random(len(of_it)) < 0.1) & (part > 0)
        triage = open_from[part][of_it]
        all_of_it = np.ones(len(of_it), dtype=bool)
        pieces.append(
            Episodes(
                journeys.person[of_it],
                here,
                np.where(aside, ALCOHOL, main[of_it]),
                triage - _waits(random, triage),
                triage,
                ended,
                np.where(last, outcome[of_it], between),
                journeys.consent[of_it],
                number_shown=all_of_it,
                match_shown=all_of_it,
            )
        )
    return stack(stack(pieces[0], pieces[1]), pieces[2]), main


def _waits(random: np.random.Generator, triage: Positions) -> Positions:
    """Days from referral to triage, at most three weeks, a little shorter in the second year."""
    days = np.floor(random.gamma(2.0, np.where(triage >= YEAR_TWO, 2.9, 3.3))).astype(np.int64)
    return np.minimum(days, 21)


def _identified(residents: Residents, random: np.random.Generator, episodes: Episodes) -> Episodes:
    """Which tokens each provider writes. A client is recorded the same way each time a provider meets them.

    Where the same provider has a client with tokens already, it leaves all but its own reference out now and then.
    """
    known = residents.world.has_number[episodes.person]
    share = np.array([0.9, 0.6])
    drawn = random.random((2, residents.world.people))
    number = known & (drawn[episodes.provider, episodes.person] < share[episodes.provider])
    client = episodes.person * 2 + episodes.provider
    order = np.lexsort((episodes.triage, client))
    again = np.zeros(len(order), dtype=bool)
    again[order[1:]] = client[order][1:] == client[order][:-1]
    bare = again & (random.random(len(order)) < 0.1) & episodes.consent
    return replace(episodes, number_shown=number & ~bare, match_shown=~bare)


def _waiting(residents: Residents, random: np.random.Generator, treated: Positions) -> Episodes:
    """Referred in the last weeks of the data and not yet seen: no journey begins before triage."""
    weight = residents.by_age((18, 70), (0.0, 1.0, 0.0)) * (residents.death_day == NEVER)
    weight[np.unique(treated)] = 0.0
    person = residents.draw(random, weight, max(2, round(40 * residents.scale)))
    count = len(person)
    never = np.full(count, NEVER)
    return Episodes(
        person,
        random.integers(0, 2, size=count),
        random.integers(0, 3, size=count),
        LAST_DAY - random.integers(0, 20, size=count),
        never,
        never,
        np.full(count, OPEN),
        np.ones(count, dtype=bool),
        residents.world.has_number[person],
        np.ones(count, dtype=bool),
    )


def _stories(world: World) -> tuple[Journeys, Episodes]:
    told = [(world.story(item.story_id), item) for item in STORY_JOURNEYS]
    journeys = Journeys(
        np.array([person for person, _ in told], dtype=np.int64),
        np.array([day_number(item.start) for _, item in told], dtype=np.int64),
        np.array([NEVER if item.end is None else day_number(item.end) for _, item in told], dtype=np.int64),
        np.array([item.completed for _, item in told], dtype=bool),
        np.array([item.episodes[-1].reason == REASONS[DIED] for _, item in told], dtype=bool),
        # the tuple of substances is in the order in which they decide
        np.array(
            [min(SUBSTANCES.index(episode.substance) for episode in item.episodes) for _, item in told], dtype=np.int64
        ),
        np.array([item.consent for _, item in told], dtype=bool),
    )
    rows = [(person, item, episode) for person, item in told for episode in item.episodes]

    def column(values: list[Any]) -> Positions:
        return np.array(values, dtype=np.int64)

    episodes = Episodes(
        column([person for person, _, _ in rows]),
        column([PROVIDERS.index(episode.provider) for _, _, episode in rows]),
        column([SUBSTANCES.index(episode.substance) for _, _, episode in rows]),
        column([day_number(episode.referral) for _, _, episode in rows]),
        column([day_number(episode.triage) for _, _, episode in rows]),
        column([NEVER if episode.discharge is None else day_number(episode.discharge) for _, _, episode in rows]),
        column([REASONS.index(episode.reason) for _, _, episode in rows]),
        np.array([item.consent for _, item, _ in rows], dtype=bool),
        # the trust's service seldom asks for the number: the stories rest on names and date of birth there
        np.array([episode.provider == PROVIDERS[0] for _, _, episode in rows], dtype=bool),
        np.ones(len(rows), dtype=bool),
    )
    return journeys, episodes
