"""What decided social care comes to as figures: first care homes, also after hospital, and being and staying at home.

Belongs here: counting decisions. Not here: deciding (`council`), writing files (`council_files`).
"""

from __future__ import annotations

import numpy as np

from places.greenwich.care.contributions import Contribution, Contributions, events, proportion
from places.greenwich.care.council import (
    AT_HOME,
    IN_NURSING,
    IN_RESIDENTIAL,
    REABLED,
    SERVICE,
    TWELVE_WEEKS,
    WINDOWS,
    Care,
)
from places.greenwich.care.hospital import FIRST_EMERGENCY, TO_DEATH, TO_HOSPITAL, Stays
from places.greenwich.care.records import take
from places.greenwich.care.residents import Residents
from places.greenwich.dates import NEVER, Mask, Positions
from places.greenwich.files import known_until
from places.greenwich.tally import TruthRow, tally_mean, tally_proportion, tally_rate
from places.greenwich.world import World

_A_WEEK, _FOUR_WEEKS, _THREE_MONTHS, _HALF_A_YEAR = 7, 28, 91, 182


def truth_rows(world: World, care: Care, stays: Stays) -> list[TruthRow]:
    """True figures of the indicators of social care."""
    homes, *shares = contributions(world, care, stays)
    rows = tally_rate(world, homes.indicator_id, np.asarray(homes.when), homes.person)
    for item in shares:
        rows += tally_proportion(world, item.indicator_id, np.asarray(item.when), item.person, item.numerator)
    left, days = _days_at_home(world, care, stays)
    rows += tally_mean(world, "days_at_home_91", left.discharge, left.person, days)
    begun, before = _stays_before(care, stays)
    return rows + tally_mean(world, "acute_stays_before_reablement", begun.start, begun.person, before)


def contributions(world: World, care: Care, stays: Stays) -> Contributions:
    """First care homes, then shares; events that were taken back or name nobody are left out."""
    services = take(care, (care.event == SERVICE) & care.numbered & ~care.dropped)
    # the end is news only as long as some file covers the beginning
    ended = np.where(services.end <= known_until(services.start.astype(np.int32), WINDOWS), services.end, NEVER)
    homes, until = _homes(care)
    order = np.lexsort((homes.start, homes.person))
    person, start = homes.person[order], homes.start[order]
    first = np.append(True, person[1:] != person[:-1])[: len(person)]
    told = (services.service == REABLED) & (ended != NEVER)
    who, end = services.person[told], ended[told]
    day = end + TWELVE_WEEKS
    away = _any_covers(who, day, homes.person, homes.start, until)
    away |= _any_covers(who, day, stays.person[stays.known], stays.admission[stays.known], stays.discharge[stays.known])
    away |= Residents(world).known_death[who] <= day
    return [
        events("care_home_admissions_65_over", start[first], person[first]),
        proportion("at_home_12_weeks", end, who, (~away).astype(np.int64)),
        _after_hospital(world, person[first], start[first], stays),
        _at_home_on_day_91(world, care, stays),
    ]


def _left_alive(stays: Stays) -> Mask:
    """Known stays of a night or more that ended neither by death nor in another hospital."""
    out = (stays.destination != TO_DEATH) & (stays.destination != TO_HOSPITAL)
    left: Mask = stays.known & out & (stays.discharge > stays.admission)
    return left


def _after_hospital(world: World, person: Positions, start: Positions, stays: Stays) -> Contribution:
    """Stays of people without a care home before, and those after which the first one began within four weeks."""
    first_home = np.full(world.people, NEVER, dtype=np.int64)
    first_home[person] = start
    left = take(stays, _left_alive(stays))
    left = take(left, first_home[left.person] >= left.discharge)
    soon = first_home[left.person] <= left.discharge + _FOUR_WEEKS
    return proportion("hospital_to_care_home", left.discharge, left.person, soon.astype(np.int64))


def _reabled(care: Care) -> Care:
    """Reablement services that count."""
    return take(care, (care.event == SERVICE) & care.numbered & ~care.dropped & (care.service == REABLED))


def _at_home_on_day_91(world: World, care: Care, stays: Stays) -> Contribution:
    """Stays that reablement followed within a week, and those after which the person was at home on day 91."""
    begun, left = _reabled(care), take(stays, _left_alive(stays))
    row, place = _pairs(left.person, begun.person)
    gap = begun.start[place] - left.discharge[row]
    soon = (gap >= 0) & (gap <= _A_WEEK)
    row, place = row[soon], place[soon]
    # a service follows the last stay before it and no other
    latest = np.full(len(begun.person), -1, dtype=np.int64)
    np.maximum.at(latest, place, left.discharge[row])
    row = row[left.discharge[row] == latest[place]]
    left = take(left, np.bincount(row, minlength=len(left.person)) > 0)
    day = left.discharge + _THREE_MONTHS
    homes, until = _homes(care)
    seen = take(stays, stays.known)
    away = _any_covers(left.person, day, homes.person, homes.start, until)
    away |= _any_covers(left.person, day, seen.person, seen.admission, seen.discharge)
    away |= Residents(world).known_death[left.person] <= day
    return proportion("at_home_91_days", left.discharge, left.person, (~away).astype(np.int64))


def _stays_before(care: Care, stays: Stays) -> tuple[Care, Positions]:
    """Reablement services, and the emergency stays of a night or more that ended in the half-year before each."""
    begun = _reabled(care)
    overnight = (stays.method >= FIRST_EMERGENCY) & ~stays.same_day_care & (stays.discharge > stays.admission)
    urgent = take(stays, stays.known & overnight)
    row, place = _pairs(begun.person, urgent.person)
    gap = begun.start[row] - urgent.discharge[place]
    return begun, np.bincount(row[(gap >= 0) & (gap <= _HALF_A_YEAR)], minlength=len(begun.person)).astype(np.int64)


def _days_at_home(world: World, care: Care, stays: Stays) -> tuple[Stays, Positions]:
    """Emergency stays, and the days of the 91 after each that the person was alive and at home."""
    urgent = _left_alive(stays) & (stays.method >= FIRST_EMERGENCY) & ~stays.same_day_care
    left = take(stays, urgent)
    homes, until = _homes(care)
    seen = take(stays, stays.known)
    death = Residents(world).known_death[left.person].astype(np.int64)
    day = left.discharge[:, None] + np.arange(1, _THREE_MONTHS + 1)
    away = day >= death[:, None]
    for person, start, end in (
        (seen.person, seen.admission, seen.discharge),
        (homes.person, homes.start, until),
    ):
        row, place = _pairs(left.person, person)
        low = np.clip(start[place] - left.discharge[row] - 1, 0, _THREE_MONTHS)
        high = np.clip(end[place] - left.discharge[row], 0, _THREE_MONTHS)
        for one, first_day, beyond in zip(row.tolist(), low.tolist(), high.tolist(), strict=True):
            away[one, first_day:beyond] = True
    return left, _THREE_MONTHS - away.sum(axis=1)


def _homes(care: Care) -> tuple[Care, Positions]:
    """Care home services that count, and the end the files tell of.

    An end is news only while some file covers the beginning. A home that is open in the last of these files lasts until
    the day before another home, reablement or support at home of the person that begins after that file.
    """
    kept = (care.event == SERVICE) & care.numbered & ~care.dropped
    homes = take(care, kept & ((care.service == IN_NURSING) | (care.service == IN_RESIDENTIAL)))
    told_until = known_until(homes.start.astype(np.int32), WINDOWS)
    others = take(care, kept & np.isin(care.service, (IN_NURSING, IN_RESIDENTIAL, REABLED, AT_HOME)))
    row, place = _pairs(homes.person, others.person)
    later = others.start[place] > told_until[row]
    following = np.full(len(homes.person), NEVER + 1, dtype=np.int64)
    np.minimum.at(following, row[later], others.start[place][later])
    return homes, np.where(homes.end <= told_until, homes.end, following - 1)


def _any_covers(who: Positions, day: Positions, person: Positions, start: Positions, end: Positions) -> Mask:
    """Whether any of the person's intervals, both ends included, holds the day."""
    row, place = _pairs(who, person)
    holds = (start[place] <= day[row]) & (end[place] >= day[row])
    return np.bincount(row[holds], minlength=len(who)) > 0


def _pairs(who: Positions, person: Positions) -> tuple[Positions, Positions]:
    """Every pair of places in the two lists that hold the same person."""
    order = np.argsort(person, kind="stable")
    low = np.searchsorted(person[order], who, side="left")
    count = np.searchsorted(person[order], who, side="right") - low
    row = np.repeat(np.arange(len(who)), count)
    return row, order[np.repeat(low, count) + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)]
