"""Registers of long-term conditions: who is on them, and the last blood pressure each quarter's snapshot holds.

Belongs here: diagnoses and readings, the `pcn_long_term_conditions` files, the true share treated to threshold. Not
here: who is registered where.

Somebody whom two networks still hold has a row in both; the network left behind knows an older reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import LAST_DAY, NEVER, Days, Mask, Positions, day_number, month_positions, spans
from places.greenwich.files import (
    Columns,
    Extract,
    code_texts,
    day_texts,
    number_texts,
    record_ids,
    rolling_windows,
)
from places.greenwich.stories import READINGS
from places.greenwich.tally import TruthRow, tally_by_period
from places.greenwich.world import PCN_GROUPS, World

FEED = "pcn_long_term_conditions"
# Indicator to the highest systolic pressure that is treated from 80 years on; who is younger has 140 in each of them.
FROM_EIGHTY = {"hypertension_treated": 150, "hypertension_treated_79_under": 140}
CONDITIONS = ("hypertension", "diabetes")
HYPERTENSION, DIABETES = 0, 1
# The last days of the quarters, when the snapshots are taken.
SNAPSHOTS: tuple[int, ...] = tuple(end for _, end in rolling_windows(3))
WITHIN_DAYS = 365
_AGES = np.array([18, 40, 55, 65, 75])
_HYPERTENSION = np.array([0.0, 0.012, 0.09, 0.24, 0.38, 0.50])
_DIABETES = np.array([0.001, 0.012, 0.06, 0.12, 0.17, 0.18])
_READ_EACH_QUARTER = 0.36
_NEVER_READ = 0.03
_STALE_DAYS, _STALE_RISE = 120, 9
_BROKEN_EVERY = 5000


@dataclass(frozen=True, eq=False)
class Snapshots:
    """One place a row of a snapshot, in sending order; its position is its record id. read: `NEVER` if never read.

    broken: an additional row with an impossible pressure; intake holds it back.
    """

    person: Positions
    sender: Positions
    condition: Positions
    snapshot: Days
    diagnosed: Days
    read: Days
    systolic: Positions
    diastolic: Positions
    broken: Mask


def decide(world: World) -> Snapshots:
    """All rows of all snapshots."""
    random = world.rng("long-term conditions")
    people = world.background
    age = (LAST_DAY - world.birth_day[:people]) / 365.25
    group = np.searchsorted(_AGES, age, side="right")
    diagnosed = {
        HYPERTENSION: _diagnosed(random, _HYPERTENSION[group], world),
        DIABETES: _diagnosed(random, _DIABETES[group], world),
    }
    usual = random.normal(132.5, 10.5, size=people)
    first = SNAPSHOTS[0] - random.integers(0, 700, size=people)
    first[random.random(people) < _NEVER_READ] = NEVER
    read = np.append(first, np.full(len(world.stories), NEVER)).astype(np.int32)
    systolic, diastolic = _pressure(random, usual, len(world.stories))
    parts = []
    before = SNAPSHOTS[0] - 91
    for snapshot in SNAPSHOTS:
        seen = np.append(random.random(people) < _READ_EACH_QUARTER, np.zeros(len(world.stories), dtype=bool))
        newly = before + 1 + random.integers(0, snapshot - before, size=len(seen))
        above, below = _pressure(random, usual, len(world.stories))
        read = np.where(seen, newly, read).astype(np.int32)
        systolic, diastolic = np.where(seen, above, systolic), np.where(seen, below, diastolic)
        for condition, since in diagnosed.items():
            parts.append(_rows(world, snapshot, condition, since, read, systolic, diastolic))
        before = snapshot
    parts.append(_story_rows(world))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    again = np.flatnonzero(columns[5] < NEVER)[::_BROKEN_EVERY]
    columns = [np.concatenate([column, column[again]]) for column in columns]
    person, sender, named, taken, since, read, systolic, diastolic = columns
    broken = np.arange(len(person)) >= len(person) - len(again)
    systolic = np.where(broken, 999, systolic)
    order = np.lexsort((broken, person, named, sender, taken))
    return Snapshots(
        person[order],
        sender[order],
        named[order],
        taken[order].astype(np.int32),
        since[order].astype(np.int32),
        read[order].astype(np.int32),
        systolic[order],
        diastolic[order],
        broken[order],
    )


def treated(world: World, snapshots: Snapshots, from_eighty: int) -> dict[int, tuple[Positions, Positions]]:
    """People with hypertension in each snapshot, one row a person, and whether they are treated to threshold.

    from_eighty: highest systolic pressure, in mmHg, that is treated from 80 years on.
    """
    found = {}
    for snapshot in SNAPSHOTS:
        rows = np.flatnonzero(
            (snapshots.snapshot == snapshot) & (snapshots.condition == HYPERTENSION) & ~snapshots.broken
        )
        rows = rows[world.has_number[snapshots.person[rows]]]
        read = np.where(snapshots.read[rows] == NEVER, -1, snapshots.read[rows])
        rows = rows[np.lexsort((rows, read, snapshots.person[rows]))]
        person = snapshots.person[rows]
        newest = np.append(person[1:] != person[:-1], [True])[: len(rows)]
        rows, person = rows[newest], person[newest]
        days = snapshot - snapshots.read[rows]
        age = world.attributes_in(person, np.full(len(person), month_positions(np.array([snapshot]))[0])).age_years
        limit = np.where(age < 80, 140, from_eighty)
        good = (days >= 0) & (days <= WITHIN_DAYS)
        good &= (snapshots.systolic[rows] <= limit) & (snapshots.diastolic[rows] <= 90)
        found[snapshot] = (person, good.astype(np.int64))
    return found


def truth_rows(world: World, snapshots: Snapshots) -> list[TruthRow]:
    """True shares of people with hypertension treated to threshold, for periods that end with a snapshot."""
    found = []
    for indicator, from_eighty in FROM_EIGHTY.items():
        by_day = treated(world, snapshots, from_eighty)
        rows = {
            (kind, span.period.label): by_day[day_number(span.period.end)]
            for kind in ("quarter", "year", "rolling_year")
            for span in spans(kind)
            if day_number(span.period.end) in by_day
        }
        found += tally_by_period(world, indicator, rows)
    return found


def extract(world: World, snapshots: Snapshots) -> Extract:
    """The networks' files, a quarter each."""
    unread = snapshots.read == NEVER

    def columns(rows: Positions, _: int) -> Columns:
        return {
            "record_id": record_ids("LT", rows),
            "person_token": world.person_token(snapshots.person[rows]),
            "condition": code_texts(snapshots.condition[rows], CONDITIONS),
            "snapshot_date": day_texts(snapshots.snapshot[rows]),
            "diagnosed_on": day_texts(snapshots.diagnosed[rows]),
            "last_bp_on": day_texts(snapshots.read[rows]),
            "systolic": number_texts(snapshots.systolic[rows], unread[rows]),
            "diastolic": number_texts(snapshots.diastolic[rows], unread[rows]),
        }

    return Extract(
        FEED,
        PCN_GROUPS[:-1],
        rolling_windows(3),
        snapshots.sender,
        snapshots.snapshot,
        columns,
        "condition",
        rejected={"row.range": snapshots.broken},
    )


def _diagnosed(random: np.random.Generator, share: NDArray[Any], world: World) -> Days:
    """Day of the diagnosis, after birth; `NEVER` without one. Stories have theirs elsewhere."""
    count = len(share)
    has = random.random(count) < share
    day = np.maximum(LAST_DAY - random.integers(0, 7300, size=count), world.birth_day[:count])
    found = np.where(has, day, NEVER).astype(np.int32)
    return np.append(found, np.full(len(world.stories), NEVER, dtype=np.int32)).astype(np.int32)


def _pressure(random: np.random.Generator, usual: NDArray[Any], stories: int) -> tuple[Positions, Positions]:
    systolic = np.clip(np.round(usual + random.normal(0.0, 9.0, size=len(usual))), 85, 220)
    diastolic = np.clip(np.round(systolic * 0.5 + 13.0 + random.normal(0.0, 6.5, size=len(usual))), 45, 130)
    nobody = np.zeros(stories)
    return np.append(systolic, nobody).astype(np.int64), np.append(diastolic, nobody).astype(np.int64)


def _rows(
    world: World, snapshot: int, condition: int, since: Days, read: Days, systolic: Positions, diastolic: Positions
) -> tuple[NDArray[Any], ...]:
    """Rows of those registered on the day; a register that another has followed knows an older reading."""
    table = world.registrations
    holds = (table.start <= snapshot) & (table.end >= snapshot)
    rows = np.flatnonzero(holds & (since[table.person] <= snapshot) & (world.death_day[table.person] > snapshot))
    person = table.person[rows]
    followed = np.append(person[1:] == person[:-1], [False])[: len(rows)]
    stale = followed & (read[person] < NEVER)
    return (
        person,
        table.sender[rows],
        np.full(len(rows), condition),
        np.full(len(rows), snapshot),
        since[person],
        np.where(stale, read[person] - _STALE_DAYS, read[person]),
        np.where(stale, systolic[person] + _STALE_RISE, systolic[person]),
        diastolic[person],
    )


def _story_rows(world: World) -> tuple[NDArray[Any], ...]:
    rows = [
        (
            world.story(item.story_id),
            item.network - 1,
            HYPERTENSION,
            day_number(item.snapshot),
            day_number(item.snapshot) - 400,
            NEVER if item.read is None else day_number(item.read),
            item.systolic,
            item.diastolic,
        )
        for item in READINGS
    ]
    return tuple(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
