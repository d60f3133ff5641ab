"""What Dagster loads. Assembly only: `build_definitions` is pure, so tests and the command line call it too."""

from __future__ import annotations

import dagster as dg

from foundation.home import Home, open_home
from orchestration.defs.intake.assets import extracts, intake_assets
from orchestration.defs.intake.sensors import landing_sensor
from orchestration.defs.jobs import (
    ALERT_LATE_MONTH,
    late_month_alert,
    main_job,
    monthly_schedule,
)
from orchestration.defs.publication.assets import release
from orchestration.defs.settlement.assets import settlements
from orchestration.defs.settlement.checks import build_gate_checks
from orchestration.defs.warehouse.assets import build_dbt_assets, data_cut
from orchestration.defs.warehouse.verdicts import verdicts
from orchestration.resources import HomeResource


def build_definitions(home: Home) -> dg.Definitions:
    """Every asset, check, job, schedule and sensor of the house, for one home."""
    return dg.Definitions(
        assets=[*extracts(), *intake_assets(), data_cut, build_dbt_assets(home), verdicts, settlements, release],
        asset_checks=[build_gate_checks(home)],
        jobs=[main_job, ALERT_LATE_MONTH],
        schedules=[monthly_schedule],
        sensors=[landing_sensor, late_month_alert],
        # Also for what is started from the asset pages: steps in processes of their own would lock each other out.
        executor=dg.in_process_executor,
        resources={"house": HomeResource(root=str(home.root))},
    )


defs = build_definitions(open_home())
