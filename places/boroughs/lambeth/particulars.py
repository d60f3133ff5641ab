"""What is particular to Lambeth: areas, neighbours, open book, own indicators, what its agreement scores.

Belongs here: numbers alone. Everything but the areas is invented and illustrative; the roles are those of the agreement
`lambeth-personalised-support`.
"""

from __future__ import annotations

from pathlib import Path

from places.greenwich.borough import Borough, Costs, Return, Scored
from places.greenwich.geography import read_areas

BOROUGH = Borough(
    name="lambeth",
    area_code="E09000022",
    areas=read_areas(Path(__file__).parent / "areas.csv"),
    outside=("E01003911", "E01003977", "E01004043", "E01004472", "E01004532", "E01004594"),
    agreement="lambeth-personalised-support",
    costs=Costs(
        bases={
            "foundation-trust": 5_950_000,
            "board-as-member": 1_820_000,
            "council-as-member": 2_180_000,
            "charity-a": 1_120_000,
            "charity-b": 970_000,
        },
        measures=(1003, 998, 1001, 996, 1002),
        contract="PSA-",
        funding="ICB programme allocation",
    ),
    scored=(
        Scored("L1", "own_tenancy_six_months", 0, 0),
        Scored("L2", "cohort_bed_days", 0, 0),
        Scored("L3", "acute_stays_before_offer", 0, 0),
        Scored("L4", "readmitted_after_moving_on", 0, 0),
        Scored("L5", "own_goals_reached", 0, 0),
        Scored("L5-reviewed", "cohort_reviewed", 0, 0),
        Scored("L6", "dialog_mean_change", 0, 0),
        Scored("L7", "weekly_activity", 0, 0),
    ),
    returns=(
        Return("own_tenancy_six_months", 528, 2_400, 0),
        Return("cohort_bed_days", 38_000, 200, multiplier=1, unit="count"),
        Return("acute_stays_before_offer", 260, 40, multiplier=1, unit="count"),
        Return("readmitted_after_moving_on", 17, 61, 0),
        Return("own_goals_reached", 92, 170, 0),
        Return("cohort_reviewed", 2_040, 2_400, 0),
        Return("dialog_mean_change", 480, 1_200, 2, 1, "count"),
        Return("weekly_activity", 43, 180, 0),
        Return("personal_budget_reviewed", 60, 150, 0),
    ),
)
