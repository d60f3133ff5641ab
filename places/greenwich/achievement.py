"""Annual health checks of people with a learning disability, as practices' counts in the national long layout.

Belongs here: who is on the learning disability register and when they are checked, the `pcn_achievement` files, the
true share checked. Not here: names of people: this feed has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from places.greenwich.dates import Days, Mask, Positions, day_number, spans
from places.greenwich.draw import PCNS, PRACTICES, network_of
from places.greenwich.files import COMPACT, Columns, Extract, code_texts, day_texts, number_texts, rolling_windows
from places.greenwich.indicators import INDICATORS
from places.greenwich.register import PRACTICE_CODES
from places.greenwich.tally import TruthRow, ratio_row
from places.greenwich.world import GROUPS, PCN_GROUPS, World

FEED, INDICATOR = "pcn_achievement", "learning_disability_check"
SERVICE, SERVICE_NAME, INDICATOR_CODE = "NCD", "Network contract directed enhanced service", "LDHC01"
FIELDS = ("NUMERATOR", "DENOMINATOR")
WINDOWS = rolling_windows(3)
NAMES = {
    "organisation": "ORG",
    "quality_service": "QUALITY_SERVICE",
    "service_name": "NAME",
    "practice_code": "ORG_CODE",
    "ach_date": "ACH_DATE",
    "ind_code": "IND_CODE",
    "field_name": "FIELD_NAME",
    "value": "VALUE",
}
_SHARE, _LEAST_AGE = 0.0055, 14
# Most checks are made towards the end of the financial year.
_CHECKED_IN_A_YEAR, _LATE = 0.76, 0.55
_BROKEN = "LDHC01X"


@dataclass(frozen=True, eq=False)
class Counts:
    """One place a practice and quarter's last day: people on the register, and those checked in the year so far."""

    practice: Positions
    day: Days
    checked: Positions
    on_register: Positions


def decide(world: World) -> Counts:
    """People and checks are decided, then counted by practice."""
    random = world.rng("learning disability")
    people = world.background
    has = random.random(people) < _SHARE
    table = world.registrations
    rows = np.flatnonzero(np.append(has, np.zeros(len(world.stories), dtype=bool))[table.person])
    checks: list[tuple[int, Days]] = []
    for span in spans("year"):
        start = day_number(span.period.start)
        day = start + np.floor(365 * random.random(people) ** _LATE)
        comes = random.random(people) < _CHECKED_IN_A_YEAR
        checks.append((start, np.where(comes, day, start + 400).astype(np.int32)))
    practice, days, checked, on_register = [], [], [], []
    for _, last in WINDOWS:
        of_year = [day for start, day in checks if start <= last][-1]
        holds = rows[(table.start[rows] <= last) & (table.end[rows] >= last) & (table.practice[rows] < PRACTICES)]
        person = table.person[holds]
        counts = (world.death_day[person] > last) & (last - world.birth_day[person] >= _LEAST_AGE * 365.25)
        holds, person = holds[counts], person[counts]
        practice.append(np.arange(PRACTICES))
        days.append(np.full(PRACTICES, last))
        on_register.append(np.bincount(table.practice[holds], minlength=PRACTICES))
        done = holds[of_year[person] <= last]
        checked.append(np.bincount(table.practice[done], minlength=PRACTICES))
    return Counts(
        np.concatenate(practice).astype(np.int64),
        np.concatenate(days).astype(np.int32),
        np.concatenate(checked).astype(np.int64),
        np.concatenate(on_register).astype(np.int64),
    )


def truth_rows(world: World, counts: Counts) -> list[TruthRow]:
    """True shares checked, summed over practices, for periods that end with a quarter's last day."""
    entry = INDICATORS[INDICATOR]
    network = network_of(counts.practice, counts.day)
    found = []
    for kind in entry.kinds:
        for span in spans(kind):
            rows = counts.day == day_number(span.period.end)
            for breakdown in entry.breakdowns:
                for code, group in enumerate(GROUPS[breakdown]):
                    chosen = rows if breakdown == "all" else rows & (network == code)
                    below = int(counts.on_register[chosen].sum())
                    if below:
                        cell = (INDICATOR, kind, span.period.label, breakdown, group)
                        found.append(ratio_row(entry, cell, int(counts.checked[chosen].sum()), below))
    return found


def extract(world: World, counts: Counts) -> Extract:
    """The networks' files: two rows a practice and quarter, and one with a value that cannot be."""
    practice, day = np.repeat(counts.practice, 2), np.repeat(counts.day, 2)
    which = np.tile([0, 1], len(counts.practice))
    value = np.where(which == 0, np.repeat(counts.checked, 2), np.repeat(counts.on_register, 2))
    # an additional row a quarter and network, of another indicator, with a count below nothing
    last = np.array([end for _, end in WINDOWS for _ in range(PCNS)])
    broken: Mask = np.arange(len(practice) + len(last)) >= len(practice)
    practice = np.concatenate([practice, np.tile(np.arange(PCNS) * 6, len(WINDOWS))])
    day, which = np.concatenate([day, last]).astype(np.int32), np.concatenate([which, np.zeros(len(last), np.int64)])
    value = np.where(broken, -1, np.concatenate([value, np.zeros(len(last), np.int64)]))

    def columns(rows: Positions, _: int) -> Columns:
        return {
            "quality_service": pa.repeat(SERVICE, len(rows)),
            "service_name": pa.repeat(SERVICE_NAME, len(rows)),
            "practice_code": code_texts(practice[rows], PRACTICE_CODES),
            "ach_date": day_texts(day[rows], COMPACT),
            "ind_code": code_texts(broken[rows].astype(np.int64), (INDICATOR_CODE, _BROKEN)),
            "field_name": code_texts(which[rows], FIELDS),
            "value": number_texts(value[rows]),
        }

    return Extract(
        FEED,
        PCN_GROUPS[:-1],
        WINDOWS,
        network_of(practice, day),
        day,
        columns,
        "field_name",
        rejected={"row.range": broken},
        names=NAMES,
    )
