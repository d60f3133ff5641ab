"""What is particular to Tower Hamlets: areas, neighbours, open book, own indicators, what its agreement scores.

Belongs here: numbers alone. Everything but the areas is invented and illustrative; the roles are those of the agreement
`tower-hamlets-community-health`.
"""

from __future__ import annotations

from pathlib import Path

from places.greenwich.borough import Borough, Costs, Return, Scored
from places.greenwich.geography import read_areas

BOROUGH = Borough(
    name="tower-hamlets",
    area_code="E09000030",
    areas=read_areas(Path(__file__).parent / "areas.csv"),
    outside=("E01001714", "E01001779", "E01001843", "E01003479", "E01003542", "E01003602"),
    agreement="tower-hamlets-community-health",
    costs=Costs(
        bases={
            "community-acute-trust": 20_600_000,
            "gp-care-group": 9_700_000,
            "voluntary-partner": 7_000_000,
        },
        measures=(1001, 998, 1002),
        contract="CHS-",
        funding="ICB programme allocation",
    ),
    scored=(
        Scored("T1", "easy_to_get_help", 0, 0),
        Scored("T2", "told_my_story_once", 0, 0),
        Scored("T3", "first_contact_28_days", 3, 28),
        Scored("T4", "urgent_response_2_hours", 0, 0),
        Scored("T5", "handed_over_within_7_days", 0, 0),
        Scored("T6", "function_better_or_kept", 0, 0),
        Scored("T6-paired", "function_scores_paired", 0, 0),
        Scored("T7", "new_pressure_ulcers", 0, 0),
        Scored("T8", "diabetes_three_targets", 0, 0),
    ),
    returns=(
        Return("easy_to_get_help", 792, 1_200),
        Return("told_my_story_once", 648, 1_200),
        Return("handed_over_within_7_days", 2_320, 3_200),
        Return("function_better_or_kept", 1_500, 2_400),
        Return("function_scores_paired", 2_400, 3_200),
        Return("new_pressure_ulcers", 225, 10_976, multiplier=1000, unit="per_1000"),
        Return("diabetes_three_targets", 99_288, 252_000),
    ),
)
