"""What the council sends: twelve months of events each quarter, with clear identifiers.

Belongs here: the layout, references, what the first file of an event said. Not here: deciding events (`council`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from places.base import Submission
from places.greenwich.care import dirt
from places.greenwich.care.council import EVENTS, OUTCOMES, SERVICES, WINDOWS, Care, first_file
from places.greenwich.care.files import dirty_submission
from places.greenwich.care.records import take
from places.greenwich.care.writing import BRITISH, Table, Texts, day_texts, numbered, repeated
from places.greenwich.dates import NEVER, Mask, Positions
from places.greenwich.world import World

FEED, COUNCIL = "council_client_level", "ZCC1"
_DIRT = dirt.Rules(
    "Event_Reference",
    "Client_Type",
    ("Service_Type", "Long Term Support: Other"),
    ("Event_Start_Date", "Event_End_Date"),
)


def submissions(world: World, care: Care, planted: dirt.Planted) -> Iterator[Submission]:
    """The quarterly files, oldest first."""
    reference = numbered("EV", np.arange(1, len(care.person) + 1))
    first = first_file(care.start)
    for place, (start, end) in enumerate(WINDOWS):
        here = (care.start >= start) & (care.start <= end) & (~care.dropped | (first == place))
        rows = np.flatnonzero(here)
        table = _table(world, take(care, rows), reference[rows], first[rows] == place, end)
        random = world.rng(f"care/council/dirt/{place}")
        yield dirty_submission(planted, random, _DIRT, (FEED, COUNCIL), (start, end, 1), table)


def _table(world: World, rows: Care, reference: Texts, new: Mask, told_until: int) -> Table:
    """new: rows whose first file this is. An end after the file's last day is not known yet."""
    service = np.where(new, rows.first_service, rows.service)
    end = np.where(new, rows.first_end, rows.end)
    who = rows.person
    return Table(
        {
            "LA_Code": repeated(COUNCIL, len(who)),
            "NHS_Number": _numbers(world, rows),
            "Forename": world.forename[who],
            "Surname": world.surname[who],
            "Date_of_Birth": day_texts(world.birth_day[who], BRITISH),
            "Postcode": world.postcode[who],
            "LA_Person_Unique_Identifier": client_ids(who, rows.reference),
            "Client_Type": repeated("Service User", len(who)),
            "Event_Type": np.array(EVENTS, dtype=object)[rows.event],
            "Event_Reference": reference,
            "Service_Type": np.array(SERVICES, dtype=object)[service],
            "Event_Start_Date": day_texts(rows.start, BRITISH),
            "Event_End_Date": day_texts(np.where(end <= told_until, end, NEVER), BRITISH),
            "Event_Outcome": np.array(OUTCOMES, dtype=object)[rows.outcome],
        }
    )


def client_ids(person: Positions, reference: Positions) -> Texts:
    """The council's own references: `GA…` the first, `GB…` the second of a person."""
    found: Texts = np.array(["GA", "GB"], dtype=object)[reference] + numbered("", person)
    return found


def _numbers(world: World, rows: Care) -> Texts:
    """NHS numbers as typed: blank where the row has none; one of a wrong check digit where the person's is invalid."""
    right = np.array([str(number) for number in world.nhs[rows.person].tolist()], dtype=object)
    mistyped = world.number_status[rows.person] == 2
    last = (world.nhs[rows.person] % 10 + 1) % 10
    wrong = np.array([text[:-1] + str(digit) for text, digit in zip(right, last.tolist(), strict=True)], dtype=object)
    return np.where(rows.numbered, right, np.where(mistyped, wrong, ""))
