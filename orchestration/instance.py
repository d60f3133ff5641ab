"""The Dagster instance of a home: its settings, and clearing up after runs whose process died."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.durable import write_bytes
from foundation.home import Home

if TYPE_CHECKING:
    from dagster import DagsterInstance

TEMPLATE = Path(__file__).parent / "dagster.yaml"
# Statuses in which a run of a dead process stays for ever unless somebody says so.
_UNFINISHED = ("NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING")


def prepare_instance(home: Home) -> Path:
    """Put our settings into the home's Dagster folder (telemetry off, pools, run limits)."""
    target = home.dagster / "dagster.yaml"
    wanted = TEMPLATE.read_bytes()
    if not target.exists() or target.read_bytes() != wanted:
        write_bytes(target, wanted)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    return home.dagster


def open_instance(home: Home) -> DagsterInstance:
    """The home's Dagster instance."""
    from dagster import DagsterInstance

    return DagsterInstance.from_config(str(prepare_instance(home)))


def bury_dead_runs(instance: DagsterInstance) -> int:
    """Mark unfinished runs as failed and free their pool slots. Call only while holding the home's lock:
    then no unfinished run of this home can be alive. Returns how many there were."""
    from dagster import DagsterRunStatus, RunsFilter

    dead = instance.get_runs(filters=RunsFilter(statuses=[DagsterRunStatus[name] for name in _UNFINISHED]))
    for run in dead:
        instance.report_run_failed(
            run, message="The process that ran this ended without saying so; the next run found it."
        )
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(dead)
