"""Starts the main job when something has landed."""

import json

import dagster as dg

from foundation.canonical import sha256_bytes
from foundation.home import open_home
from orchestration.defs.jobs import main_job
from orchestration.landing import last_month_covered, waiting_manifests
from orchestration.lock import holder
from orchestration.partitions import FIRST_MONTH


@dg.sensor(job=main_job, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One run for everything that waits, for the latest month it covers; the same content never starts two runs.

    The run key is the hash of the waiting manifests, so a file that stays where it is (refused, say) does not
    start a run a minute, and fifty files that land together become one run. Files that keep landing wait for the run
    that is queued or under way: it takes them in, or leaves them to the next look.
    """
    home = open_home()
    waiting = waiting_manifests(home)
    if not waiting:
        return dg.SkipReason("nothing waits in landing.")
    if (process := holder(home)) is not None:
        return dg.SkipReason(f"a run is under way (process {process}); what it leaves is looked at when it has ended.")
    queued = dg.RunsFilter(job_name=main_job.name, statuses=[dg.DagsterRunStatus.QUEUED])
    if context.instance.get_runs_count(queued):
        return dg.SkipReason("a run waits to be started: it takes in what waits in landing.")
    months = sorted({month for path in waiting if (month := last_month_covered(path)) is not None})
    if not months:
        return dg.SkipReason(
            f"{len(waiting)} manifest(s) wait that name no dates: `outturn run` will refuse them by name."
        )
    content = sorted(sha256_bytes(path.read_bytes()) for path in waiting)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=sha256_bytes(json.dumps(content).encode()),
                partition_key=max(months[-1], FIRST_MONTH),
                tags={"outturn/waiting": str(len(waiting))},
            )
        ]
    )
