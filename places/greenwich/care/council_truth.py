"""What decided social care comes to as figures: first care homes, and being at home twelve weeks after reablement.

Belongs here: counting decisions. Not here: deciding (`council`), writing files (`council_files`).
"""

from __future__ import annotations

import numpy as np

from places.greenwich.care.contributions import Contributions, events, proportion
from places.greenwich.care.council import (
    IN_NURSING,
    IN_RESIDENTIAL,
    REABLED,
    SERVICE,
    TWELVE_WEEKS,
    WINDOWS,
    Care,
)
from places.greenwich.care.hospital import Stays
from places.greenwich.care.records import take
from places.greenwich.care.residents import Residents
from places.greenwich.dates import NEVER, Mask, Positions
from places.greenwich.files import known_until
from places.greenwich.tally import TruthRow, tally_proportion, tally_rate
from places.greenwich.world import World


def truth_rows(world: World, care: Care, stays: Stays) -> list[TruthRow]:
    """True figures of the two indicators of social care."""
    homes, at_home = contributions(world, care, stays)
    return [
        *tally_rate(world, homes.indicator_id, np.asarray(homes.when), homes.person),
        *tally_proportion(world, at_home.indicator_id, np.asarray(at_home.when), at_home.person, at_home.numerator),
    ]


def contributions(world: World, care: Care, stays: Stays) -> Contributions:
    """First care homes and reablement, in that order; events that were taken back or name nobody are left out."""
    services = take(care, (care.event == SERVICE) & care.numbered & ~care.dropped)
    # the end is news only as long as some file covers the beginning
    ended = np.where(services.end <= known_until(services.start.astype(np.int32), WINDOWS), services.end, NEVER)
    in_home = (services.service == IN_NURSING) | (services.service == IN_RESIDENTIAL)
    homes = take(services, in_home)
    order = np.lexsort((homes.start, homes.person))
    person, start = homes.person[order], homes.start[order]
    first = np.append(True, person[1:] != person[:-1])[: len(person)]
    told = (services.service == REABLED) & (ended != NEVER)
    who, end = services.person[told], ended[told]
    day = end + TWELVE_WEEKS
    away = _any_covers(who, day, homes.person, homes.start, ended[in_home])
    away |= _any_covers(who, day, stays.person[stays.known], stays.admission[stays.known], stays.discharge[stays.known])
    away |= Residents(world).known_death[who] <= day
    return [
        events("care_home_admissions_65_over", start[first], person[first]),
        proportion("at_home_12_weeks", end, who, (~away).astype(np.int64)),
    ]


def _any_covers(who: Positions, day: Positions, person: Positions, start: Positions, end: Positions) -> Mask:
    """Whether any of the person's intervals, both ends included, holds the day."""
    order = np.argsort(person, kind="stable")
    low = np.searchsorted(person[order], who, side="left")
    count = np.searchsorted(person[order], who, side="right") - low
    row = np.repeat(np.arange(len(who)), count)
    place = order[np.repeat(low, count) + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)]
    holds = (start[place] <= day[row]) & (end[place] >= day[row])
    return np.bincount(row[holds], minlength=len(who)) > 0
