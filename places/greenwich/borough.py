"""What is particular to one generated place: its areas and neighbours, its agreement, its ledger, its own indicators.

Belongs here: the shape of these particulars, and those of Greenwich. Not here: chance, people, files, any figure: every
generated place is drawn by the same modules, and the others' particulars stand in `places.boroughs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from places.greenwich.geography import AREA, OUTSIDE, Areas, areas


@dataclass(frozen=True)
class Costs:
    """The invented open book. bases: role to pounds a year. measures: what each spends of every thousand of it.

    contract: what the reference of a role's contract begins with. No text may hold a comma.
    """

    bases: Mapping[str, int]
    measures: tuple[int, ...]
    contract: str
    funding: str
    vat: str = "outside the scope as recorded by the finance leads"


@dataclass(frozen=True)
class Return:
    """Invented counts of a local indicator in a year, returned month by month.

    decimals and multiplier are those of its definition; unit: the return's word for it.
    """

    indicator: str
    numerator: int
    denominator: int
    decimals: int = 1
    multiplier: int = 100
    unit: str = "percent"


@dataclass(frozen=True)
class Scored:
    """A figure the agreement scores: its indicator, how many months it looks back, how long it is followed up.

    allowance: days after the follow-up that must be covered.
    """

    kpi: str
    indicator: str
    lag: int
    follow_up: int
    kind: str = "all"
    group: str = "all"
    allowance: int = 0


@dataclass(frozen=True, eq=False)
class Borough:
    """A generated place. outside: areas of neighbours, not its own, that a few of its patients live in."""

    name: str
    area_code: str
    areas: Areas
    outside: tuple[str, ...]
    agreement: str
    costs: Costs
    scored: tuple[Scored, ...]
    returns: tuple[Return, ...] = ()

    @cached_property
    def lsoa_codes(self) -> tuple[str, ...]:
        """Codes by the positions registrations use: the place's own areas, then those outside."""
        return (*self.areas.codes, *self.outside)

    @cached_property
    def story_places(self) -> dict[str, int]:
        """Where the hand-written people live: their areas are Greenwich's, elsewhere the one as far down the list."""
        inside, here = len(areas().codes), len(self.areas.codes)
        own = {code: place * here // inside for place, code in enumerate(areas().codes)}
        return {**own, **{code: here + place for place, code in enumerate(OUTSIDE)}}


GREENWICH = Borough(
    name="greenwich",
    area_code=AREA,
    areas=areas(),
    outside=OUTSIDE,
    agreement="greenwich-public-health",
    costs=Costs(
        # together the base of the agreement
        bases={
            "drug-alcohol-charity": 3_456_000,
            "sexual-health-provider": 2_400_000,
            "healthy-living-trust": 1_440_000,
            "gp-federation": 1_152_000,
            "community-link-charity": 672_000,
            "youth-charity": 480_000,
        },
        measures=(1003, 991, 1006, 984, 997, 1011),
        contract="GPH-",
        funding="public health grant",
    ),
    scored=(
        Scored("G1", "opiate_treatment_completion", 6, 182),
        Scored("G2", "sustained_recovery", 12, 365),
        Scored("G4", "four_week_quit", 3, 42),
        Scored("G5", "health_check_uptake", 6, 182, "deprivation", "1"),
        Scored("G6", "hypertension_treated", 0, 0),
        Scored("G7", "larc_prescribed", 3, 0),
    ),
)
