"""Tower Hamlets: a synthetic borough on the real age, area and deprivation structure of the borough.

Belongs here: who the place is. Not here: its numbers (`particulars`), how it is drawn (`places.greenwich`).
"""

from __future__ import annotations

from places.base import Place
from places.greenwich import Shown, generated
from places.greenwich.borough import Borough


def place(residents: int | None = None, seed: int | None = None) -> Place:
    """The place with so many residents drawn from that seed; by default all 331,969 of the published estimate."""
    return generated(_SHOWN, residents, seed)


def _borough() -> Borough:
    # imported when it is drawn, so that naming the place costs nothing
    from places.boroughs.tower_hamlets.particulars import BOROUGH

    return BOROUGH


_SHOWN = Shown(
    name="tower-hamlets",
    title="Tower Hamlets",
    subtitle="A synthetic population on the real age, area and deprivation structure of the borough",
    area_code="E09000030",
    area_name="The borough of Tower Hamlets",
    agreement="tower-hamlets-community-health",
    residents=331_969,
    seed=20_230_403,
    borough=_borough,
)
