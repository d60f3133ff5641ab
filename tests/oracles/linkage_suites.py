"""The linkage oracles: who is who among published test records, by the package that links records in the vault.

Belongs here: which column of a file is which field, blanking ids, counting pairs. Not here: any rule of linkage. A
predicted pair is any two records of one linked person.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pyarrow as pa

from ingest.linkage.persons import link
from ingest.linkage.records import people_of

Pair = tuple[str, str]
WITH_ID, WITHOUT_ID, DAMAGED_IDS = "with_id", "without_id", "damaged_ids"
# (precision, recall) that must be reached
BARS = {
    (True, WITH_ID): (0.999, 0.98),
    (True, WITHOUT_ID): (0.999, 0.94),
    (True, DAMAGED_IDS): (0.999, 0.97),
    (False, WITHOUT_ID): (0.99, 0.55),
}
_BLANK, _WRONG, _SEED = 0.30, 0.02, 20251
_COLUMNS = {
    "given_name": "forename",
    "first_name": "forename",
    "forename": "forename",
    "surname": "surname",
    "date_of_birth": "date_of_birth",
    "dob": "date_of_birth",
    "sex": "sex",
    "postcode": "postcode",
    "suburb": "town",
    "city": "town",
    "email": "email",
}
_ID = "soc_sec_id"


@dataclass(frozen=True)
class Score:
    """Pairs predicted, true, and both."""

    predicted: int
    true: int
    both: int

    @property
    def precision(self) -> float:
        return self.both / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.both / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.both / (self.predicted + self.true) if self.both else 0.0


def names(folder: Path) -> list[str]:
    """The record sets of a folder: every file or pair of files that has its truth or labels beside it."""
    found = set()
    for path in folder.glob("*.csv"):
        for ending in ("_truth", "_labels"):
            if path.stem.endswith(ending):
                found.add(path.stem.removesuffix(ending))
    return sorted(found)


def variants(folder: Path, name: str) -> list[str]:
    """The ways a set is run: one without ids, and where there are ids, with them and with some of them damaged."""
    return [WITH_ID, WITHOUT_ID, DAMAGED_IDS] if _has_ids(folder, name) else [WITHOUT_ID]


def bar(folder: Path, name: str, variant: str) -> tuple[float, float]:
    """Precision and recall that a set must reach; those without any id of a person are the hard ones."""
    return BARS[_has_ids(folder, name), variant]


def score(folder: Path, name: str, variant: str, *, households: bool = False) -> Score:
    """Link a set and compare with its truth. households: with the rules that keep relatives apart, as the vault has it."""
    parts = _files(folder, name)
    rows = [{**row, "source": path.stem} for path in parts for row in _rows(path)]
    key = "rec_id" if "rec_id" in rows[0] else "unique_id"
    ids = _ids([row.get(_ID, "") for row in rows], variant)
    columns = {
        "record_id": [f"{row['source']}\x1f{row[key]}" for row in rows],
        "source": [row["source"] for row in rows],
        "other_id": ids,
    }
    for column, field in _COLUMNS.items():
        if column in rows[0]:
            columns[field] = [row[column] for row in rows]
    if "address_1" in rows[0]:
        columns["address"] = [f"{row['street_number']} {row['address_1']}".strip() for row in rows]
    people = people_of(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    linked = link(people, between_sources=len(parts) > 1, households=households, population=len(people))
    record = [(one.source, one.record_id.split("\x1f", 1)[1]) for one in people]
    predicted = {
        _pair(record[left][1], record[right][1])
        for group in linked.people()
        for left, right in combinations(group, 2)
        if len(parts) == 1 or record[left][0] != record[right][0]
    }
    true = _truth(folder, name)
    return Score(len(predicted), len(true), len(predicted & true))


def _pair(left: str, right: str) -> Pair:
    return (left, right) if left <= right else (right, left)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return [{name.strip(): (value or "").strip() for name, value in row.items()} for row in csv.DictReader(handle)]


def _files(folder: Path, name: str) -> list[Path]:
    both = [folder / f"{name}{part}.csv" for part in "ab"]
    return both if all(path.exists() for path in both) else [folder / f"{name}.csv"]


def _has_ids(folder: Path, name: str) -> bool:
    with _files(folder, name)[0].open(newline="", encoding="utf-8") as handle:
        return _ID in next(csv.reader(handle))


def _truth(folder: Path, name: str) -> set[Pair]:
    path = folder / f"{name}_truth.csv"
    if path.exists():
        return {_pair(row["rec_id_l"], row["rec_id_r"]) for row in _rows(path)}
    return {
        _pair(row["unique_id_l"], row["unique_id_r"])
        for row in _rows(folder / f"{name}_labels.csv")
        if float(row["clerical_match_score"]) >= 0.5
    }


def _ids(given: Sequence[str], variant: str) -> list[str]:
    """The id column of a variant: as it is, blank, or 30 % blank and 2 % another record's, the same for the same seed."""
    if variant == WITHOUT_ID:
        return ["" for _ in given]
    if variant == WITH_ID:
        return list(given)
    drawn = random.Random(_SEED)
    order = list(range(len(given)))
    drawn.shuffle(order)
    blank = set(order[: round(_BLANK * len(order))])
    wrong = set(order[len(blank) : len(blank) + round(_WRONG * len(order))])
    others = [value for value in given if value]
    return [
        "" if place in blank else drawn.choice(others) if place in wrong else value for place, value in enumerate(given)
    ]
