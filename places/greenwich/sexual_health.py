"""The sexual health clinic: contraception and tests, under a pseudonym of its own.

Belongs here: attendances, the `sexual_health` files, the true rates of long-acting contraception and chlamydia found.
Not here: any link to another feed: the clinic's pseudonym means nothing anywhere else, and no token of a person is ever
written here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from places.greenwich.dates import MONTH_STARTS, Days, Mask, Positions, month_positions
from places.greenwich.files import Columns, Extract, code_texts, day_texts, number_texts, record_ids, rolling_windows
from places.greenwich.indicators import INDICATORS
from places.greenwich.tally import TruthRow, tally_groups
from places.greenwich.world import World

FEED, SENDER = "sexual_health", "ZSH1"
ACTIVITIES = ("LARC-IUD", "LARC-IUS", "LARC-IMP", "T4", "TT", "C4")
LARC = 3
# Indicator to the activities it counts, as positions in `ACTIVITIES`.
COUNTED = {"larc_prescribed": (0, 1, 2), "chlamydia_detection_15_24": (5,)}
_LARC_YEARLY, _TESTS_YEARLY = 0.046, 0.075
_LARC_SHARES, _TEST_SHARES = np.array([0.24, 0.41, 0.35]), np.array([0.62, 0.23, 0.15])
_BY_FIFTH = np.array([1.12, 1.06, 1.0, 0.94, 0.88, 1.0])
_LSOA_UNKNOWN = 0.012
_BROKEN_EVERY = 6000


@dataclass(frozen=True, eq=False)
class Attendances:
    """One place an activity, in the order of days. lsoa: -1 where the clinic was not told, from 151 on outside.

    broken: a record with an impossible age, additional to the others; intake holds it back.
    """

    person: Positions
    day: Days
    activity: Positions
    gender: Positions
    age: Positions
    lsoa: Positions
    broken: Mask


def decide(world: World) -> Attendances:
    """All activities; people outside the ages a clinic mostly sees come too, but seldom."""
    random = world.rng("sexual health")
    people = world.background
    age = (MONTH_STARTS[len(MONTH_STARTS) // 2] - world.birth_day[:people]) / 365.25
    women = world.sex[:people] == 2
    usual = (age >= 15.5) & (age < 44.5)
    seldom = (age >= 13) & (age < 55)
    weight = np.where(usual, 1.0, np.where(seldom, 0.1, 0.0))
    person, day = world.events("sexual health/larc", np.where(women, weight * _LARC_YEARLY, 0.0))
    activity = random.choice(LARC, size=len(person), p=_LARC_SHARES)
    tested, tested_day = world.events("sexual health/tests", weight * _TESTS_YEARLY)
    tests = LARC + random.choice(3, size=len(tested), p=_TEST_SHARES)
    person, day = np.concatenate([person, tested]), np.concatenate([day, tested_day])
    activity = np.concatenate([activity, tests])
    fifth = world.attributes(person, day).deprivation
    kept = random.random(len(person)) < _BY_FIFTH[fifth] / _BY_FIFTH.max()
    person, day, activity = person[kept], day[kept], activity[kept]
    again = np.arange(0, len(person), _BROKEN_EVERY)
    person, day = np.concatenate([person, person[again]]), np.concatenate([day, day[again]])
    activity = np.concatenate([activity, activity[again]])
    broken = np.arange(len(person)) >= len(person) - len(again)
    order = np.lexsort((broken, day))
    person, day, activity, broken = person[order], day[order], activity[order], broken[order]
    lsoa = world.lsoa[month_positions(day), person].astype(np.int64)
    lsoa[random.random(len(lsoa)) < _LSOA_UNKNOWN] = -1
    gender = np.where(world.sex[person] == 9, 3, world.sex[person]).astype(np.int64)
    years = np.where(broken, 130, _whole_years(world.birth_day[person], day))
    return Attendances(person, day, activity, gender, years, lsoa, broken)


def counted(world: World, attendances: Attendances, indicator: str) -> Mask:
    """Which activities count for an indicator: its own, of women of the ages it is told for, living in the place."""
    least, most = INDICATORS[indicator].ages
    counts: Mask = np.isin(attendances.activity, COUNTED[indicator]) & (attendances.gender == 2) & ~attendances.broken
    counts &= (attendances.age >= least) & (attendances.age <= most)
    return counts & (attendances.lsoa >= 0) & (attendances.lsoa < len(world.borough.areas.codes))


def truth_rows(world: World, attendances: Attendances) -> list[TruthRow]:
    """True rates of long-acting contraception and of chlamydia found."""
    found = []
    for indicator in COUNTED:
        kept = counted(world, attendances, indicator)
        fifth = world.borough.areas.quintile[attendances.lsoa[kept]] - 1
        ones = np.ones(int(kept.sum()), dtype=np.int64)
        found += tally_groups(world, indicator, attendances.day[kept], {"deprivation": fifth}, ones)
    return found


def extract(world: World, attendances: Attendances) -> Extract:
    """The clinic's files, a quarter each."""
    # the clinic numbers its patients in an order of its own
    pseudonym = world.rng("sexual health/pseudonyms").permutation(world.people)

    def columns(rows: Positions, _: int) -> Columns:
        return {
            "record_id": record_ids("SH", rows),
            "patient_id": record_ids("P", pseudonym[attendances.person[rows]]),
            "activity": code_texts(attendances.activity[rows], ACTIVITIES),
            "gender": number_texts(attendances.gender[rows]),
            "age": number_texts(attendances.age[rows]),
            "lsoa_code": code_texts(attendances.lsoa[rows], world.borough.lsoa_codes),
            "attendance_date": day_texts(attendances.day[rows]),
        }

    return Extract(
        FEED,
        (SENDER,),
        rolling_windows(3),
        np.zeros(len(attendances.day), dtype=np.int64),
        attendances.day,
        columns,
        "activity",
        rejected={"row.range": attendances.broken},
    )


def _whole_years(born: Days, day: Days) -> Positions:
    """Age in completed years; somebody born on 29 February turns a year older on 1 March."""
    first, second = _parts(born), _parts(day)
    return second[0] - first[0] - (second[1] < first[1]).astype(np.int64)


def _parts(days: Days) -> tuple[Positions, Positions]:
    """Year, and month and day as one number that sorts."""
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]")
    year = months.astype(np.int64) // 12
    return year, (months.astype(np.int64) % 12) * 32 + (stamps - months.astype("datetime64[D]")).astype(np.int64)
