"""Lambeth: a synthetic borough on the real ages and the real deprivation of the areas of the borough.

Belongs here: who the place is. Not here: its numbers (`particulars`), how it is drawn (`places.greenwich`).
"""

from __future__ import annotations

from places.base import Place
from places.greenwich import Shown, generated
from places.greenwich.borough import Borough


def place(residents: int | None = None, seed: int | None = None) -> Place:
    """The place with so many residents drawn from that seed; by default all 321,813 of the published estimate."""
    return generated(_SHOWN, residents, seed)


def _borough() -> Borough:
    # imported when it is drawn, so that naming the place costs nothing
    from places.boroughs.lambeth.particulars import BOROUGH

    return BOROUGH


_SHOWN = Shown(
    name="lambeth",
    title="Lambeth",
    subtitle="A synthetic population on the real ages and the real deprivation of the areas of the borough",
    area_code="E09000022",
    area_name="The borough of Lambeth",
    agreement="lambeth-personalised-support",
    residents=321_813,
    seed=20_230_404,
    borough=_borough,
)
