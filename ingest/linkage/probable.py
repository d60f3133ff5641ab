"""How likely two records are one person's, under the frozen model.

Belongs here: reading the model's file, and Splink's scoring with it. Not here: learning (`scripts/train_linkage.py`),
what a probability may do (`ingest.linkage.persons`).

What two records say of each other depends on those two and the model alone: nothing is learnt or counted from the rows
at hand, so that a pair's probability is the same beside other rows, in any order and on any number of processors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from foundation.errors import SystemFault
from ingest.identity.tokenise import shielded
from ingest.linkage.records import Person, as_table

MODEL = Path(__file__).with_name("model") / "person-1.json"
PLACES = Decimal("0.000001")
_MEMORY = "1536MB"


@dataclass(frozen=True)
class Model:
    """Frozen parameters. Pairs from `link_from` on may link, from `review_from` on are for a person to judge."""

    name: str
    link_from: Decimal
    review_from: Decimal
    settings: dict[str, Any]


@dataclass(frozen=True, order=True)
class Likely:
    """A pair of records by their places, left before right; the probability rounded to six places, and its weight in
    whole bits."""

    left: int
    right: int
    probability: Decimal
    bits: int


def load_model(path: Path = MODEL) -> Model:
    """The model in a file; SystemFault when it is none."""
    try:
        raw = json.loads(path.read_bytes())
        settings = raw["settings"]
        settings["probability_two_random_records_match"] = 1 / int(raw["provenance"]["population"])
        for comparison in settings["comparisons"]:
            for level in comparison["comparison_levels"]:
                if not level.get("is_null_level"):
                    for name in ("m_probability", "u_probability"):
                        level[name] = float(level[name])
        model = Model(str(raw["model"]), Decimal(raw["link_from"]), Decimal(raw["review_from"]), settings)
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError):
        raise SystemFault(
            f"the linkage model {path.name} cannot be read.", "install the product again: the file is part of it."
        ) from None
    if not 0 < model.review_from < model.link_from < 1:
        raise SystemFault(f"the thresholds of the linkage model {path.name} are not in order.", "install it again.")
    return model


def likely_pairs(people: Sequence[Person], model: Model, population: int | None = None) -> list[Likely]:
    """Pairs of records from the review threshold on, sorted by place. population: how many persons the records may be
    about, the model's own number if None."""
    if len(people) < 2:
        return []
    settings = dict(model.settings)
    if population is not None:
        settings["probability_two_random_records_match"] = 1 / max(population, 2)
    return shielded("comparing records", lambda: _scored(list(people), model, settings))


def _scored(people: list[Person], model: Model, settings: dict[str, Any]) -> list[Likely]:
    import duckdb
    from splink import DuckDBAPI, Linker

    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": ""}) as connection:
        api = DuckDBAPI(connection=connection)
        linker = Linker(api.register(as_table(people)), deepcopy(settings), log_level=None)
        # a little below, because the threshold is for the rounded probability
        lowest = float(model.review_from - PLACES)
        made = linker.inference.predict(threshold_match_probability=lowest, warning_mode="never")
        table = made.as_duckdbpyrelation().to_arrow_table()
    rows = zip(*(table.column(name).to_pylist() for name in ("row_l", "row_r", "match_weight")), strict=True)
    return sorted(
        found
        for left, right, weight in rows
        if (found := _likely(int(left), int(right), float(weight))).probability >= model.review_from
    )


def _likely(left: int, right: int, weight: float) -> Likely:
    probability = Decimal(repr(1 / (1 + 2.0**-weight))).quantize(PLACES, ROUND_HALF_UP)
    return Likely(min(left, right), max(left, right), probability, math.floor(round(weight, 6)))
