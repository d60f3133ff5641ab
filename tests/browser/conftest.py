"""A browser, the two sites of a release of invented figures, and the pages of a place with networks."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "publication"))

import people_fixture
import release_fixture

from publication.disclosure import public_view
from publication.pages import assets, public_pages
from publication.pages.book import Book
from publication.release import build_release

# A percentage with all its parts, a standardised rate, a median: one of each kind of page about people.
CHOSEN = ("four_week_quit", "falls_admissions_65_over", "treatment_wait")
NETWORKS = ("ZPN1", "ZPN2", "ZPN3")


def people_book() -> Book:
    """What the pages of a place with networks are made of: three indicators, three networks, their practices."""
    inputs = people_fixture.build_inputs(0.3)
    view = public_view(inputs)
    practices = [
        {"practice_code": f"Z9000{n}", "pcn": NETWORKS[n % 2], "valid_from": date(2020, 4, 1),
         "valid_to": date(2024, 3, 31) if n == 5 else None}
        for n in range(6)
    ]  # fmt: skip
    view = replace(
        view,
        outcomes=[r for r in view.outcomes if r["indicator_id"] in CHOSEN],
        breakdowns=[
            r for r in view.breakdowns
            if r["indicator_id"] in CHOSEN and (r["breakdown_kind"] != "pcn" or r["breakdown_group"] in NETWORKS)
        ],
        indicators=[r for r in view.indicators if r["indicator_id"] in CHOSEN],
        completeness=[r for r in view.completeness if r["indicator_id"] in CHOSEN],
        hidden=[h for h in view.hidden if h.figure_id.split(":")[1] in CHOSEN],
    )  # fmt: skip
    return Book(
        inputs=replace(inputs, practices=practices), view=view, statement=[], kpi_return=[], settled=[], verdicts={}
    )


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder of the public and of the members' site, and of the public site of a place with networks."""
    releases = tmp_path_factory.mktemp("sites")
    release = releases / build_release(release_fixture.build_inputs(), releases)
    people = releases / "people" / "site"
    for name, content in {**public_pages(people_book()), **assets()}.items():
        (people / name).parent.mkdir(parents=True, exist_ok=True)
        (people / name).write_bytes(content)
    return {"public": release / "public" / "site", "members": release / "members" / "site", "people": people}
