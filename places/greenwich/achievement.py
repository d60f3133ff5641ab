"""Registers of practices and what was done for the people on them, as counts in the national long layout.

Belongs here: who is on the registers of learning disability, cardiovascular disease and severe mental illness, who of
them is checked or at target, the `pcn_achievement` files, the true shares. Not here: names: this feed has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import Days, Mask, Positions, day_number, spans
from places.greenwich.draw import PCNS, PRACTICES, network_of
from places.greenwich.files import COMPACT, Columns, Extract, code_texts, day_texts, number_texts, rolling_windows
from places.greenwich.indicators import INDICATORS
from places.greenwich.register import PRACTICE_CODES
from places.greenwich.tally import TruthRow, ratio_row
from places.greenwich.world import GROUPS, PCN_GROUPS, World

FEED = "pcn_achievement"


@dataclass(frozen=True)
class Programme:
    """A count of the extract: which of our indicators it makes, its service, and the extract's code."""

    indicator: str
    service: str
    service_name: str
    code: str


PROGRAMMES = (
    Programme("learning_disability_check", "NCD", "Network contract directed enhanced service", "LDHC01"),
    Programme("cholesterol_to_target", "QOF", "Quality and Outcomes Framework", "CHOL004"),
    Programme("smi_physical_health_check", "QOF", "Quality and Outcomes Framework", "MH021"),
)
LEARNING_DISABILITY, CARDIOVASCULAR, MENTAL_ILLNESS = range(3)
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
# Shares of those under 40, 40 to 64, 65 to 74 and older on a register; shares counted well in the first quarter, and
# what each later one adds.
_ON_REGISTER = {CARDIOVASCULAR: (0.002, 0.035, 0.12, 0.21), MENTAL_ILLNESS: (0.006, 0.014, 0.013, 0.009)}
_WELL, _BETTER = {CARDIOVASCULAR: 0.41, MENTAL_ILLNESS: 0.55}, 0.008
_ADULT = 18


@dataclass(frozen=True, eq=False)
class Counts:
    """One place a programme, practice and quarter's last day: people on the register, and those counted well.

    programme: a position in `PROGRAMMES`.
    """

    programme: Positions
    practice: Positions
    day: Days
    well: Positions
    on_register: Positions


def decide(world: World) -> Counts:
    """People and what is done for them are decided, then counted by practice."""
    table = world.registrations
    learning, checks = _learning_disability(world)
    others = {programme: _register(world, programme) for programme in _ON_REGISTER}
    found: list[tuple[int, int, Positions, Positions]] = []
    for quarter, (_, last) in enumerate(WINDOWS):
        rows = np.flatnonzero((table.start <= last) & (table.end >= last) & (table.practice < PRACTICES))
        rows = rows[world.death_day[table.person[rows]] > last]
        who, practice = table.person[rows], table.practice[rows]
        days_old = last - world.birth_day[who]
        of_year = [day for start, day in checks if start <= last][-1]
        counted = {LEARNING_DISABILITY: learning[who] & (days_old >= _LEAST_AGE * 365.25)}
        well = {LEARNING_DISABILITY: of_year[who] <= last}
        for programme, (has, luck) in others.items():
            counted[programme] = has[who] & (days_old >= _ADULT * 365.25)
            well[programme] = luck[who] < _WELL[programme] + _BETTER * quarter
        for programme, kept in counted.items():
            good = np.bincount(practice[kept & well[programme]], minlength=PRACTICES)
            found.append((programme, last, good, np.bincount(practice[kept], minlength=PRACTICES)))
    found.sort(key=lambda item: item[:2])
    programmes, lasts, above, below = zip(*found, strict=True)
    return Counts(
        np.repeat(np.array(programmes, dtype=np.int64), PRACTICES),
        np.tile(np.arange(PRACTICES), len(found)),
        np.repeat(np.array(lasts, dtype=np.int32), PRACTICES),
        np.concatenate(above).astype(np.int64),
        np.concatenate(below).astype(np.int64),
    )


def _learning_disability(world: World) -> tuple[Mask, list[tuple[int, Days]]]:
    """Who is on that register, and for each financial year its first day and when everybody is checked, if at all."""
    random = world.rng("learning disability")
    people, stories = world.background, len(world.stories)
    has = np.append(random.random(people) < _SHARE, np.zeros(stories, dtype=bool))
    checks: list[tuple[int, Days]] = []
    for span in spans("year"):
        start = day_number(span.period.start)
        day = start + np.floor(365 * random.random(people) ** _LATE)
        comes = random.random(people) < _CHECKED_IN_A_YEAR
        day = np.append(np.where(comes, day, start + 400), np.full(stories, start + 400))
        checks.append((start, day.astype(np.int32)))
    return has, checks


def _register(world: World, programme: int) -> tuple[Mask, NDArray[Any]]:
    """Who is on the register of a programme, and the luck that says from which quarter on a person is counted well."""
    random = world.rng(PROGRAMMES[programme].indicator)
    people, stories = world.background, len(world.stories)
    age = (WINDOWS[-1][1] - world.birth_day[:people]) / 365.25
    share = np.array(_ON_REGISTER[programme])[np.searchsorted((40, 65, 75), age, side="right")]
    has = random.random(people) < share
    return np.append(has, np.zeros(stories, dtype=bool)), np.append(random.random(people), np.ones(stories))


def truth_rows(world: World, counts: Counts) -> list[TruthRow]:
    """True shares, summed over practices, for periods that end with a quarter's last day."""
    network = network_of(counts.practice, counts.day)
    found = []
    for number, programme in enumerate(PROGRAMMES):
        entry = INDICATORS[programme.indicator]
        for kind in entry.kinds:
            for span in spans(kind):
                rows = (counts.programme == number) & (counts.day == day_number(span.period.end))
                for breakdown in entry.breakdowns:
                    for code, group in enumerate(GROUPS[breakdown]):
                        chosen = rows if breakdown == "all" else rows & (network == code)
                        below = int(counts.on_register[chosen].sum())
                        if below:
                            cell = (programme.indicator, kind, span.period.label, breakdown, group)
                            found.append(ratio_row(entry, cell, int(counts.well[chosen].sum()), below))
    return found


def extract(world: World, counts: Counts) -> Extract:
    """The networks' files: two rows a programme, practice and quarter, and one with a value that cannot be."""
    practice, day = np.repeat(counts.practice, 2), np.repeat(counts.day, 2)
    programme = np.repeat(counts.programme, 2)
    which = np.tile([0, 1], len(counts.practice))
    value = np.where(which == 0, np.repeat(counts.well, 2), np.repeat(counts.on_register, 2))
    # an additional row a quarter and network, of another indicator, with a count below nothing
    last = np.array([end for _, end in WINDOWS for _ in range(PCNS)])
    broken: Mask = np.arange(len(practice) + len(last)) >= len(practice)
    practice = np.concatenate([practice, np.tile(np.arange(PCNS) * 6, len(WINDOWS))])
    day, which = np.concatenate([day, last]).astype(np.int32), np.concatenate([which, np.zeros(len(last), np.int64)])
    programme = np.concatenate([programme, np.full(len(last), LEARNING_DISABILITY)])
    value = np.where(broken, -1, np.concatenate([value, np.zeros(len(last), np.int64)]))

    codes = [*(item.code for item in PROGRAMMES), _BROKEN]

    def columns(rows: Positions, _: int) -> Columns:
        return {
            "quality_service": code_texts(programme[rows], [item.service for item in PROGRAMMES]),
            "service_name": code_texts(programme[rows], [item.service_name for item in PROGRAMMES]),
            "practice_code": code_texts(practice[rows], PRACTICE_CODES),
            "ach_date": day_texts(day[rows], COMPACT),
            "ind_code": code_texts(np.where(broken[rows], len(PROGRAMMES), programme[rows]), codes),
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
