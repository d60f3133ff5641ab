"""Southwark: a synthetic borough on the real age, area and deprivation structure of the borough.

Belongs here: who the place is. Not here: its numbers (`particulars`), how it is drawn (`places.greenwich`).
"""

from __future__ import annotations

from places.base import Place
from places.greenwich import Shown, generated
from places.greenwich.borough import Borough


def place(residents: int | None = None, seed: int | None = None) -> Place:
    """The place with so many residents drawn from that seed; by default all 320,017 of the published estimate."""
    return generated(_SHOWN, residents, seed)


def _borough() -> Borough:
    # imported when it is drawn, so that naming the place costs nothing
    from places.boroughs.southwark.particulars import BOROUGH

    return BOROUGH


_SHOWN = Shown(
    name="southwark",
    title="Southwark",
    subtitle="A synthetic population on the real age, area and deprivation structure of the borough",
    area_code="E09000028",
    area_name="The borough of Southwark",
    agreement="southwark-older-people",
    residents=320_017,
    seed=20_230_402,
    borough=_borough,
)
