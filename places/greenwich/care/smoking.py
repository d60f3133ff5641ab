"""Stopping smoking: quit dates, what was found at follow-up, and the quarterly files of the service.

Belongs here: decisions, true figures and files of the one service. Not here: other domains.

Each file covers six months and is sent each quarter: people whose follow-up is still to come stand in the first one as
lost, and the next one tells what became of them.
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
from places.greenwich.care.residents import YEAR_TWO, Residents, sex_texts, status_texts, texts_of, token_texts
from places.greenwich.care.story_book import STORY_QUITS
from places.greenwich.care.writing import Table, Texts, day_texts, numbered, repeated
from places.greenwich.dates import LAST_DAY, NEVER, Mask, Positions, day_number
from places.greenwich.files import known_until, rolling_windows
from places.greenwich.tally import TruthRow, tally_proportion
from places.greenwich.world import World

FEED, SERVICE = "stop_smoking", "ZSS1"
OUTCOMES = ("quit_co_verified", "quit_self_report", "not_quit", "lost")
CO_VERIFIED, SELF_REPORT, NOT_QUIT, LOST = range(4)
WINDOWS = rolling_windows(6)
FIRST_COUNTED_DAY, LAST_COUNTED_DAY = 25, 42
_A_YEAR_FULL_SIZE = 1_600
# Clean breath on a counted day, on another day; own word; not quit; the rest are lost. First and later years.
_SHARES = ((0.395, 0.02, 0.12, 0.20), (0.43, 0.02, 0.11, 0.19))
# Days of follow-up that do not count, and how a clinic comes to them.
_OTHER_DAYS = np.array([22, 23, 24, 43, 44, 46, 49])


@dataclass(frozen=True)
class Quits:
    """One place a quit date. follow_up is NEVER for the lost; outcome is a code into `OUTCOMES`.

    proved: a clean breath on a day that counts, as far as the files tell. linked: whether the row names a person.
    """

    person: Positions
    quit_day: Positions
    follow_up: Positions
    outcome: Positions
    linked: Mask
    number_shown: Mask


def decide(world: World) -> Quits:
    """All quit dates, of drawn people and of stories, in order of day and person."""
    residents = Residents(world)
    random = world.rng("care/smoking")
    low, high = WINDOWS[0][0], LAST_DAY
    count = round(_A_YEAR_FULL_SIZE * residents.scale * (high - low + 1) / 365.25 / 1.19)
    weight = residents.by_age((16, 20, 30, 60, 80), (0.0, 0.4, 1.0, 1.3, 0.7, 0.0))
    weight *= residents.by_fifth((2.0, 1.5, 1.0, 0.7, 0.5))
    person = residents.draw(random, weight, count)
    person, first = residents.days_within(random, person, low, high)
    # a quarter try again some months later
    again = random.random(len(person)) < 0.25
    second = first[again] + random.integers(75, 400, size=int(again.sum()))
    person, day = np.concatenate([person, person[again]]), np.concatenate([first, second])
    kept = (day <= LAST_DAY) & (day <= residents.death_day[person])
    person, day = person[kept], day[kept]
    order = np.lexsort((person, day))
    person, day = person[order], day[order]
    total = len(person)
    shares = np.where((day >= YEAR_TWO)[:, None], _SHARES[1], _SHARES[0]).cumsum(axis=1)
    kind = (random.random(total)[:, None] >= shares).sum(axis=1)
    outcome = np.array([CO_VERIFIED, CO_VERIFIED, SELF_REPORT, NOT_QUIT, LOST])[kind]
    counted = random.integers(FIRST_COUNTED_DAY, LAST_COUNTED_DAY + 1, size=total)
    after = np.where(kind == 1, random.choice(_OTHER_DAYS, size=total), counted)
    follow_up = day + after
    gone = residents.death_day[person] < follow_up
    outcome = np.where(gone, LOST, outcome)
    follow_up = np.where(outcome == LOST, NEVER, follow_up)
    linked = random.random(total) >= 0.01
    number_shown = linked & world.has_number[person] & (random.random(total) < 0.85)
    return stack(Quits(person, day, follow_up, outcome, linked, number_shown), _stories(world))


def _stories(world: World) -> Quits:
    count = len(STORY_QUITS)
    return Quits(
        np.array([world.story(item.story_id) for item in STORY_QUITS], dtype=np.int64),
        np.array([day_number(item.quit_date) for item in STORY_QUITS], dtype=np.int64),
        np.array([NEVER if item.follow_up is None else day_number(item.follow_up) for item in STORY_QUITS]),
        np.array([OUTCOMES.index(item.outcome) for item in STORY_QUITS], dtype=np.int64),
        np.ones(count, dtype=bool),
        np.arange(count) % 2 == 0,
    )


def contributions(quits: Quits) -> Contributions:
    """Each quit date: proved where the breath was clean on a day that counts and the last file could tell, believed
    where own words said so, lost where nobody asked on such a day."""
    after = quits.follow_up - quits.quit_day
    in_time = (after >= FIRST_COUNTED_DAY) & (after <= LAST_COUNTED_DAY)
    told = quits.follow_up <= known_until(quits.quit_day.astype(np.int32), WINDOWS)
    reached = (quits.outcome != LOST) & in_time & told
    proved = (quits.outcome == CO_VERIFIED) & reached
    believed = (quits.outcome == SELF_REPORT) & reached
    person = np.where(quits.linked, quits.person, -1)
    return [
        proportion("four_week_quit", quits.quit_day, person, proved.astype(np.int64)),
        proportion("four_week_quit_self_reported", quits.quit_day, person, (proved | believed).astype(np.int64)),
        proportion("quit_lost_to_follow_up", quits.quit_day, person, (~reached).astype(np.int64)),
    ]


def truth_rows(world: World, quits: Quits) -> list[TruthRow]:
    """The true figures of four-week quits."""
    return [
        row
        for item in contributions(quits)
        for row in tally_proportion(world, item.indicator_id, quits.quit_day, item.person, item.numerator)
    ]


def submissions(world: World, quits: Quits, planted: dirt.Planted) -> Iterator[Submission]:
    """The quarterly files, oldest first."""
    record = numbered("SS", np.arange(1, len(quits.person) + 1))
    for place, (start, end) in enumerate(WINDOWS):
        rows = np.flatnonzero((quits.quit_day >= start) & (quits.quit_day <= end))
        table = _table(world, take(quits, rows), record[rows], end)
        random = world.rng(f"care/smoking/dirt/{place}")
        yield dirty_submission(planted, random, _DIRT, (FEED, SERVICE), (start, end, 1), table)


_DIRT = dirt.Rules("record_id", "outcome", ("outcome", "unknown"), ("quit_date", "follow_up_date"))


def _table(world: World, quits: Quits, record: Texts, told_until: int) -> Table:
    untold = quits.follow_up > told_until
    # whom nobody can link left no name: the service knows the record alone
    local = np.where(quits.linked, numbered("Q", quits.person), "R" + record)
    return Table(
        {
            "organisation": repeated(SERVICE, len(quits.person)),
            "record_id": record,
            "person_token": token_texts(world.person_token(quits.person), quits.number_shown),
            "match_token": token_texts(world.match_token(quits.person), quits.linked),
            "local_token": texts_of(world.local_token(SERVICE, local.tolist())),
            "nhs_number_status": status_texts(world, quits.person, ~quits.number_shown),
            "birth_month": texts_of(world.birth_months(quits.person)),
            "sex": sex_texts(world, quits.person),
            "quit_date": day_texts(quits.quit_day),
            "follow_up_date": day_texts(np.where(untold, NEVER, quits.follow_up)),
            "outcome": np.array(OUTCOMES, dtype=object)[np.where(untold, LOST, quits.outcome)],
        }
    )
