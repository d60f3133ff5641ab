"""What is particular to Southwark: areas, neighbours, open book, own indicators, what its agreement scores.

Belongs here: numbers alone. Everything but the areas is invented and illustrative; the roles are those of the agreement
`southwark-older-people`.
"""

from __future__ import annotations

from pathlib import Path

from places.greenwich.borough import Borough, Costs, Return, Scored
from places.greenwich.geography import read_areas

BOROUGH = Borough(
    name="southwark",
    area_code="E09000028",
    areas=read_areas(Path(__file__).parent / "areas.csv"),
    outside=("E01003013", "E01003073", "E01003134", "E01003189", "E01003252", "E01003315"),
    agreement="southwark-older-people",
    costs=Costs(
        bases={
            "acute-community-trust": 31_600_000,
            "second-acute-trust": 17_000_000,
            "mental-health-trust": 8_500_000,
            "gp-federation-north": 6_100_000,
            "gp-federation-south": 6_100_000,
            "adult-care-provider": 4_900_000,
            "voluntary-consortium": 1_800_000,
        },
        measures=(1002, 996, 1004, 999, 1001, 1003, 997),
        contract="OP-",
        funding="ICB programme allocation",
    ),
    scored=(
        Scored("S1", "emergency_admissions_75_over", 0, 0),
        Scored("S2", "care_home_admissions_75_over", 0, 0),
        Scored("S3", "at_home_12_weeks", 6, 84, allowance=90),
        Scored("S4", "days_at_home_75_over", 0, 0),
        Scored("S5", "falls_emergencies_65_over", 0, 0),
        Scored("S6", "goal_met_or_function_kept", 0, 0),
        Scored("S7", "care_was_joined_up", 0, 0),
        Scored("S9", "emergency_admissions_75_over", 0, 0),
        Scored("S10", "care_home_admissions_75_over", 0, 0),
    ),
    returns=(
        Return("emergency_admissions_75_over", 2_667, 11_949, multiplier=1000, unit="per_1000"),
        Return("care_home_admissions_75_over", 131, 11_949, multiplier=100_000, unit="per_100000"),
        Return("days_at_home_75_over", 4_112_846, 11_949, multiplier=1, unit="count"),
        Return("falls_emergencies_65_over", 615, 27_938, decimals=0, multiplier=100_000, unit="per_100000"),
        Return("goal_met_or_function_kept", 540, 900),
        Return("care_was_joined_up", 305, 500),
    ),
)
