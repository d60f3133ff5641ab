"""The areas of Greenwich as published: their deprivation rank and their residents by age.

Belongs here: reading the extract beside this file (its sources are in SOURCES.md) and what follows from it alone.
Not here: any invented person.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from places.greenwich.dates import Positions

AREA = "E09000011"
# Areas of neighbouring boroughs that a few registered patients live in: not among the place's own.
OUTSIDE = ("E01000325", "E01000385", "E01000446", "E01003212", "E01003274", "E01003337")
BANDS = 19


@dataclass(frozen=True)
class Areas:
    """Areas in the order of their codes. `residents` has a row an area and a column a five-year age band.

    quintile: 1 to 5 of the local fifth of population, 1 the most deprived.
    """

    codes: tuple[str, ...]
    imd_rank: Positions
    residents: Positions
    quintile: Positions

    @property
    def population(self) -> Positions:
        total: Positions = self.residents.sum(axis=1)
        return total


@cache
def areas() -> Areas:
    """The extract beside this file."""
    return read_areas(Path(__file__).parent / "areas.csv")


def read_areas(path: Path) -> Areas:
    """The areas of a place from an extract of this form."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = sorted(csv.DictReader(handle), key=lambda row: row["lsoa_code"])
    codes = tuple(row["lsoa_code"] for row in rows)
    rank = np.array([int(row["imd_rank"]) for row in rows], dtype=np.int64)
    residents = np.array([[int(row[name]) for name in row if name.startswith("age_")] for row in rows], dtype=np.int64)
    if residents.shape[1] != BANDS:
        raise ValueError("the extract does not hold nineteen age bands")
    return Areas(codes, rank, residents, quintiles(rank, residents.sum(axis=1)))


def quintiles(rank: Positions, population: Positions) -> Positions:
    """Fifth of the population each area stands in when areas are lined up from the most deprived.

    An area belongs to the fifth in which its middle resident stands. Areas must come in the order of their codes,
    which settles equal ranks.
    """
    order = np.argsort(rank, kind="stable")
    lined_up = population[order]
    before = np.cumsum(lined_up) - lined_up
    fifth = 1 + (5 * (2 * before + lined_up)) // (2 * int(population.sum()))
    found = np.empty(len(rank), dtype=np.int64)
    found[order] = fifth
    return found
