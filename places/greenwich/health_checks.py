"""NHS Health Checks: who is invited, who comes, and what the networks send about it.

Belongs here: invitations and attendances, their files, true uptake and true rates. Not here: who lives where.

An invitation is re-sent in the files of the next three quarters; an attendance after the last day of the newest file
that holds the invitation is never reported, and the truth knows nothing of it either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from places.greenwich.dates import MONTH_STARTS, NEVER, Days, Mask, Positions, day_number, month_positions
from places.greenwich.draw import PCNS, network_of
from places.greenwich.files import Columns, Extract, day_texts, known_until, record_ids, rolling_windows
from places.greenwich.stories import INVITATIONS
from places.greenwich.tally import TruthRow, tally_proportion, tally_rate
from places.greenwich.world import PCN_GROUPS, World

FEED = "nhs_health_checks"
UPTAKE, OFFERED, RECEIVED = "health_check_uptake", "health_check_offered", "health_check_received"
FOLLOW_UP_DAYS = 182
WINDOWS = rolling_windows(12)
# A check is offered every five years; some networks invite a little outside the ages it is for.
_YEARLY_RATE = 0.17
_INVITED_AGES = (39, 76)
_UPTAKE_BY_FIFTH = np.array([0.43, 0.45, 0.47, 0.49, 0.51, 0.46])
_LATER_GAIN = 0.03
_BROKEN_EVERY = 8000


@dataclass(frozen=True, eq=False)
class Invitations:
    """One place an invitation, in the order of days. attended: `NEVER` for those who did not come.

    broken: an additional record on which the attendance lies before the invitation; intake holds it back.
    """

    person: Positions
    invited: Days
    attended: Days
    sender: Positions
    broken: Mask


def decide(world: World) -> Invitations:
    """All invitations, of drawn people and of stories."""
    random = world.rng("health checks")
    middle = MONTH_STARTS[len(MONTH_STARTS) // 2]
    age = (middle - world.birth_day[: world.background]) / 365.25
    rate = np.where((age >= _INVITED_AGES[0]) & (age < _INVITED_AGES[1]), _YEARLY_RATE, 0.0)
    person, invited = world.events("health checks/invitations", rate)
    found = world.attributes(person, invited)
    chance = _UPTAKE_BY_FIFTH[found.deprivation] + _LATER_GAIN * (invited >= MONTH_STARTS[12])
    comes = random.random(len(person)) < chance
    delay = np.floor(random.gamma(1.6, 28.0, size=len(person)))
    # one in a hundred comes long after
    delay = np.where(random.random(len(person)) < 0.01, 170 + delay, delay)
    attended = np.where(comes, invited + delay, NEVER)
    attended[attended > world.death_day[person]] = NEVER
    again = np.arange(len(person) // _BROKEN_EVERY + 1) * 31 % max(len(person), 1)
    again = again[: len(person)]
    stories = [(world.story(item.story_id), day_number(item.invited), item.attended) for item in INVITATIONS]
    whole = Invitations(
        np.concatenate([person, person[again], np.array([row[0] for row in stories], dtype=np.int64)]),
        np.concatenate([invited, invited[again], [row[1] for row in stories]]).astype(np.int32),
        np.concatenate(
            [attended, invited[again] - 3, [NEVER if row[2] is None else day_number(row[2]) for row in stories]]
        ).astype(np.int32),
        np.zeros(len(person) + len(again) + len(stories), dtype=np.int64),
        np.repeat([False, True, False], [len(person), len(again), len(stories)]),
    )
    order = np.argsort(whole.invited, kind="stable")
    person, invited = whole.person[order], whole.invited[order]
    return Invitations(person, invited, whole.attended[order], senders(world, person, invited), whole.broken[order])


def senders(world: World, person: Positions, day: Days) -> Positions:
    """Network that invites a person: that of their practice on the month's first day, else of where they live."""
    practice = world.practice[month_positions(day), person].astype(np.int64)
    network = np.where(practice < 0, person % PCNS, network_of(practice, day))
    return np.where(network < 0, PCNS - 1, network)


def reported(invitations: Invitations) -> Mask:
    """Whether the person came within the follow-up and in time for a file to say so."""
    return (invitations.attended - invitations.invited <= FOLLOW_UP_DAYS) & told(invitations)


def told(invitations: Invitations) -> Mask:
    """Whether the person came at all and in time for a file to say so."""
    return invitations.attended <= known_until(invitations.invited, WINDOWS)


def truth_rows(world: World, invitations: Invitations) -> list[TruthRow]:
    """True uptake of invitations, and true rates of those sent and of checks made."""
    kept = ~invitations.broken
    person = np.where(world.has_number[invitations.person], invitations.person, -1)
    came = reported(invitations).astype(np.int64)
    seen = kept & told(invitations)
    return [
        *tally_proportion(world, UPTAKE, invitations.invited[kept], person[kept], came[kept]),
        *tally_rate(world, OFFERED, invitations.invited[kept], person[kept]),
        *tally_rate(world, RECEIVED, invitations.attended[seen], person[seen]),
    ]


def extract(world: World, invitations: Invitations) -> Extract:
    """The networks' files, twelve months each, every quarter."""

    def columns(rows: Positions, last_day: int) -> Columns:
        attended = invitations.attended[rows]
        return {
            "record_id": record_ids("HC", rows),
            "person_token": world.person_token(invitations.person[rows]),
            "invited_on": day_texts(invitations.invited[rows]),
            "attended_on": day_texts(np.where(attended > last_day, NEVER, attended)),
        }

    return Extract(
        FEED,
        PCN_GROUPS[:-1],
        WINDOWS,
        invitations.sender,
        invitations.invited,
        columns,
        "record_id",
        rejected={"row.cross_field": invitations.broken},
    )
