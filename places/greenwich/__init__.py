"""Greenwich: a synthetic borough on the real age, area and deprivation structure, and what its people live through.

Belongs here: who the place is, and how to draw it or another generated place (`places.boroughs`). Not here: any domain;
each is a module of its own, and `truth` puts them together. The services of care (treatment, hospitals, quitting,
community and social care) are in `care`, and what is particular to a place in `borough`.

Truth is drawn before rows: every domain decides what happens, tells its true figures from those decisions, and only
then writes the files its senders would make. Nothing here imports a room that computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.errors import WrongUsage
from foundation.version import hash_tree
from places.base import Findings, Place, Source, Submission

if TYPE_CHECKING:
    from places.greenwich.borough import Borough

NAME, AREA = "greenwich", "E09000011"
DEFAULT_RESIDENTS, DEFAULT_SEED = 289_034, 20_230_401
# Fewer leave whole age bands empty, more than the numbers kept for tests can name.
LEAST_RESIDENTS, MOST_RESIDENTS = 300, 5_000_000
_OGL = "Open Government Licence v3.0"
_CREDIT = "Contains public sector information licensed under the Open Government Licence v3.0."


@dataclass(frozen=True)
class Shown:
    """What a generated place is called and by default drawn with. `borough` gives its particulars when it is drawn."""

    name: str
    title: str
    subtitle: str
    area_code: str
    area_name: str
    agreement: str
    residents: int
    seed: int
    borough: Callable[[], Borough]


def _greenwich() -> Borough:
    # imported when it is drawn, so that naming the place costs nothing
    from places.greenwich.borough import GREENWICH

    return GREENWICH


_SHOWN = Shown(
    name=NAME,
    title="Greenwich",
    subtitle="A synthetic population on the real age, area and deprivation structure of the borough",
    area_code=AREA,
    area_name="Royal Borough of Greenwich",
    agreement="greenwich-public-health",
    residents=DEFAULT_RESIDENTS,
    seed=DEFAULT_SEED,
    borough=_greenwich,
)


def place(residents: int | None = None, seed: int | None = None) -> Place:
    """The place with so many residents drawn from that seed; by default all 289,034 of the published estimate."""
    return generated(_SHOWN, residents, seed)


def generated(shown: Shown, residents: int | None = None, seed: int | None = None) -> Place:
    """A generated place with so many residents drawn from that seed; None takes the place's own.

    WrongUsage for a number it cannot be drawn with.
    """
    count = shown.residents if residents is None else residents
    start = shown.seed if seed is None else seed
    if not LEAST_RESIDENTS <= count <= MOST_RESIDENTS:
        raise WrongUsage(
            f"{count} is not a number of residents this place can be drawn with.",
            f"ask for {LEAST_RESIDENTS} to {MOST_RESIDENTS}; the default is {shown.residents}.",
        )
    if start < 0:
        raise WrongUsage("a seed is a whole number from 0.", f"leave it out; the default is {shown.seed}.")

    def submissions() -> Iterator[Submission]:
        # imported here, so that naming the place costs nothing
        from places.greenwich.truth import decided

        yield from decided(count, start, shown.borough()).submissions()

    def findings() -> Findings:
        from places.greenwich.findings import findings_of
        from places.greenwich.truth import decided

        return findings_of(decided(count, start, shown.borough()))

    def recipe() -> dict[str, object]:
        rooms = Path(__file__).resolve().parent.parent.parent
        code = {name: hash_tree(rooms / name) for name in ("foundation", "places")}
        return {"place": shown.name, "residents": count, "seed": start, "code": code}

    return Place(
        name=shown.name,
        title=shown.title,
        subtitle=shown.subtitle,
        area_code=shown.area_code,
        area_name=shown.area_name,
        illustration_note=(
            "Nobody on these pages exists. Residents, services, outcomes and money are invented; only the number of "
            "residents by age and small area and the deprivation of the areas are real."
        ),
        sources=(
            Source(
                "Mid-2020 population estimates by small area and age, Office for National Statistics", _OGL, _CREDIT
            ),
            Source(
                "Indices of Deprivation 2019, Ministry of Housing, Communities and Local Government",
                _OGL,
                _CREDIT,
            ),
            Source(
                "People, services, outcomes, costs, shares and levels: invented for this demonstration",
                "MIT",
                "Illustrative; nobody's record and nobody's accounts.",
            ),
        ),
        agreements=(shown.agreement,),
        first_month="2023-04",
        last_month="2025-06",
        clock=datetime(2025, 10, 1, 9, 0, tzinfo=UTC),
        approved_at=datetime(2024, 3, 14, 10, 0, tzinfo=UTC),
        authority_until=date(2027, 3, 31),
        findings=findings,
        submissions=submissions,
        residents=count,
        seed=start,
        recipe=recipe,
    )
