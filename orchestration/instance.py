"""The Dagster instance of a home: its settings, and clearing up after runs whose process died."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.durable import sweep, write_bytes
from foundation.errors import SystemFault
from foundation.home import Home
from orchestration.lock import home_lock

if TYPE_CHECKING:
    from dagster import DagsterInstance

TEMPLATE = Path(__file__).parent / "dagster.yaml"
# Statuses in which a run of a dead process stays for ever unless somebody says so.
BEGUN = ("STARTING", "STARTED", "CANCELING")
_UNFINISHED = ("NOT_STARTED", "QUEUED", *BEGUN)


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


def clear_up(home: Home) -> None:
    """Before Dagster's pages open: what killed runs left would hold up those that wait. Nothing while a run lasts."""
    try:
        with home_lock(home):
            sweep(home.root)
            with open_instance(home) as instance:
                bury_dead_runs(instance, waiting_too=False)
    except SystemFault:
        return


def bury_dead_runs(instance: DagsterInstance, *, waiting_too: bool = True) -> int:
    """Mark unfinished runs as failed and free their pool slots. Call only while holding the home's lock:
    then no unfinished run of this home can be alive. Returns how many there were.

    waiting_too: also those that wait for their turn; a run from the command line takes in what they would.
    """
    from dagster import DagsterRunStatus, RunsFilter

    names = _UNFINISHED if waiting_too else BEGUN
    dead = instance.get_runs(filters=RunsFilter(statuses=[DagsterRunStatus[name] for name in names]))
    for run in dead:
        instance.report_run_failed(
            run, message="The process that ran this ended without saying so; the next run found it."
        )
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(dead)
