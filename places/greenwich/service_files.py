"""Files of the services that send everything anew each time: one file a sender, with all records since they began.

Belongs here: the window such a file covers, the columns that say who a row is about, one extract a sender. Not here:
which other columns a feed has, and what befell anybody (each domain's own module).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from places.greenwich.dates import LAST_DAY, Positions, day_number
from places.greenwich.files import ISO, Columns, Extract, record_ids
from places.greenwich.world import World

# The data-sharing agreements of these feeds begin here, a year before the first month figures are told for.
FIRST_DAY_SENT = day_number(date(2022, 4, 1))
WINDOWS = ((FIRST_DAY_SENT, LAST_DAY),)


@dataclass(frozen=True)
class Sender:
    """A service and how its system writes: the style of its dates and its names of columns and codes."""

    code: str
    style: str = ISO
    names: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)

    def texts(self, values: NDArray[Any], words: tuple[str, ...]) -> list[str | None]:
        """The word of each code as this sender writes it; none for a negative one."""
        said = [self.codes.get(word, word) for word in words]
        return [None if value < 0 else said[value] for value in values.tolist()]


class MakesColumns(Protocol):
    """Makes the columns of some records beside those that say who they are about."""

    def __call__(self, sender: Sender, rows: Positions) -> Columns: ...


def extracts(
    world: World,
    feed: str,
    senders: tuple[Sender, ...],
    records: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    key: tuple[str, str],
    columns: MakesColumns,
) -> list[Extract]:
    """One extract a sender.

    records: the sender (a position), the person and the day of each record. key: the column of the record's reference
    and the letters it begins with.
    """
    who_sent, person, day = records

    def columns_of(sender: Sender) -> Callable[[Positions, int], Columns]:
        def its_columns(rows: Positions, _: int) -> Columns:
            who = person_columns(world, sender.code, person[rows])
            return {key[0]: record_ids(key[1], rows), **who, **columns(sender, rows)}

        return its_columns

    return [
        Extract(
            feed,
            (sender.code,),
            WINDOWS,
            np.where(who_sent == place, 0, -1),
            day,
            columns_of(sender),
            key[0],
            names=sender.names,
        )
        for place, sender in enumerate(senders)
    ]


def person_columns(world: World, organisation: str, people: Positions) -> Columns:
    """Who each row is about, as an organisation that pseudonymises before it sends says it."""
    references = [f"C{number:07d}" for number in people.tolist()]
    return {
        "person_token": world.person_token(people),
        "match_token": world.match_token(people),
        "local_token": world.local_token(organisation, references),
        "nhs_number_status": world.number_statuses(people),
        "birth_month": world.birth_months(people),
    }
