"""The networks' registers: who is registered where, from day to day, as each network states it year by year.

Belongs here: the files of `pcn_register` in both layouts. Not here: who is registered (`draw`) and what follows for a
month (`world`).

A network sends one file a financial year. A row's first day is never before the file's; a row that still holds on the
file's last day has no last day.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from places.base import Submission
from places.greenwich.dates import LAST_DAY, MONTHS, NEVER, Positions, day_number, spans
from places.greenwich.draw import PCNS
from places.greenwich.files import (
    BRITISH,
    ISO,
    Columns,
    Dirt,
    Window,
    code_texts,
    day_texts,
    dirt_of,
    record_ids,
    submission,
)
from places.greenwich.world import PCN_GROUPS, World

FEED = "pcn_register"
PRACTICE_CODES = tuple(f"Z90{number:03d}" for number in range(1, 38))
# Networks from here on use the second system, which has names and dates of its own.
_SECOND_SYSTEM = 3
_SECOND_NAMES = {
    "organisation": "PCN",
    "record_id": "ROW_ID",
    "person_token": "PERSON_TOKEN",
    "match_token": "MATCH_TOKEN",
    "nhs_number_status": "NHS_STATUS",
    "birth_month": "BIRTH_MONTH",
    "sex": "SEX",
    "practice_code": "PRACTICE",
    "lsoa_code": "LSOA",
    "valid_from": "FROM_DATE",
    "valid_to": "TO_DATE",
}
# In the last file a few known numbers are missing; the names still tell who it is.
_NUMBER_LEFT_OUT = 700


def windows() -> list[Window]:
    """First and last day of each financial year's file."""
    return [
        (day_number(MONTHS[span.first].start), min(day_number(span.period.end), LAST_DAY)) for span in spans("year")
    ]


def submissions(world: World) -> Iterator[Submission]:
    """Every register file, year by year and network by network."""
    for window in windows():
        for network in range(PCNS):
            rows = _rows(world, network, window)
            second = network >= _SECOND_SYSTEM
            columns = _columns(world, rows, window, PCN_GROUPS[network], BRITISH if second else ISO)
            if second:
                columns = {_SECOND_NAMES[name]: values for name, values in columns.items()}
            yield submission(FEED, PCN_GROUPS[network], window, columns, "PRACTICE" if second else "practice_code")


def dirt(world: World) -> list[Dirt]:
    """What intake must find in the registers."""
    found: dict[str, int] = {}
    for window in windows():
        for network in range(PCNS):
            for rule, number in dirt_of(len(_rows(world, network, window))).items():
                found[rule] = found.get(rule, 0) + number
    return [Dirt(FEED, rule, number) for rule, number in sorted(found.items())]


def _rows(world: World, network: int, window: Window) -> Positions:
    table = world.registrations
    return np.flatnonzero((table.sender == network) & (table.start <= window[1]) & (table.end >= window[0]))


def _columns(world: World, rows: Positions, window: Window, network: str, style: str) -> Columns:
    table = world.registrations
    person = table.person[rows]
    # the number is left out of a newest row only where an older row of the same register carries it
    left_out = np.zeros(len(rows), dtype=bool)
    if window[1] == LAST_DAY:
        left_out = (
            (rows % _NUMBER_LEFT_OUT == 0)
            & (table.start[rows] < window[0])
            & world.has_number[person]
            & (person < world.background)
        )
    end = table.end[rows]
    return {
        "organisation": pa.repeat(network, len(rows)),
        "record_id": record_ids("R", rows),
        "person_token": world.person_token(np.where(left_out, -1, person)),
        "match_token": world.match_token(person),
        "nhs_number_status": world.number_statuses(np.where(left_out, -1, person)),
        "birth_month": world.birth_months(person),
        "sex": world.sexes(person),
        "practice_code": code_texts(table.practice[rows], PRACTICE_CODES),
        "lsoa_code": code_texts(table.lsoa[rows], world.borough.lsoa_codes),
        "valid_from": day_texts(np.maximum(table.start[rows], window[0]), style),
        "valid_to": day_texts(np.where(end > window[1], NEVER, end), style),
    }
