"""One random place built once a session, with its definitions counted again in plain Python.

Belongs here: the build and the counts that tests compare. Not here: the place (`random_people`) or the definitions
(`people_reference`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dbt_lake import Build, dump
from people_lake import PeopleLake
from people_reference import Event, Person, Reference
from random_people import random_place

SEED, PEOPLE = 20250630, 700
TABLES = (
    "int_indicator_events", "int_period_people", "inequality", "funnel", "observed_expected", "trend", "segments",
    "int_person_segments",
    "int_pathway_stages", "unmet_need", "survey_results",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    build: Build
    reference: Reference
    events: Counter[Event]
    people: Counter[Person]


def random_case(root: Path) -> Case:
    """The place's events, and everything between them and the tables that compare them, without tests."""
    place = PeopleLake(root / "lake")
    reference = random_place(place, SEED, PEOPLE)
    wanted = ["--select", *(f"+{name}" for name in TABLES), "--exclude-resource-type", "unit_test", "test"]
    build = place.build(root / "scratch", ["build", *wanted])
    assert build.success, dump(build)
    return Case(build, reference, reference.events(), reference.people())
