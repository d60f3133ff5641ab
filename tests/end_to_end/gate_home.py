"""A home that has come as far as the gate: a new cut is built and judged, but neither settled nor released."""

from __future__ import annotations

import csv
import dataclasses
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from demo_home import DemoHome, made_once, sent_by

from foundation.home import Home


def resubmission() -> Any:
    """One figure of August 2025 corrected by its sender: a new data cut, hence a new settlement to be judged."""
    item = sent_by("daily_discharge_return", "E54000058", "2025-08")
    rows = list(csv.reader(io.StringIO(item.content.decode())))
    rows[20][2] = str(int(rows[20][2]) + 1)
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return dataclasses.replace(item, content=buffer.getvalue().encode(), sequence=2)


@pytest.fixture(scope="session")
def judged_home(demo: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo home at the gate, for tests to copy."""

    def judge(root: Path) -> str:
        shutil.copytree(demo.root, root, symlinks=True)
        resubmission().write(Home(root).landing)
        succeeded, said = materialise(Home(root), "intake_to_verdicts")
        assert succeeded, said
        assert len([path for path in (root / "releases").iterdir() if not path.is_symlink()]) == 1
        return said

    return made_once(tmp_path_factory, "judged", judge)[0]


def selection(name: str) -> Any:
    import dagster as dg

    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    return {
        "intake_to_verdicts": (dg.AssetSelection.all() - dg.AssetSelection.assets("settlements", "release")),
        "later_run": everything,
        "partial_selection": dg.AssetSelection.assets("settlements", "release").without_checks(),
        "checks_not_selected": dg.AssetSelection.all() - dg.AssetSelection.checks_for_assets("verdicts"),
        "release_alone": dg.AssetSelection.assets("release").without_checks(),
    }[name]


def materialise(home: Home, name: str) -> tuple[bool, str]:
    """Run one of the selections above as Dagster would; whether it succeeded, and what its failed steps said."""
    # only intake has months; a selection without it is launched without one
    return run_selection(home, selection(name), partition_key="2025-08")


def run_selection(
    home: Home, chosen: Any, *, partition_key: str | None = None, tags: Mapping[str, str] | None = None
) -> tuple[bool, str]:
    """Run assets as Dagster would; whether it succeeded, and what its failed steps said.

    partition_key: given up where nothing that is chosen has months.
    """
    import dagster as dg

    from orchestration.definitions import build_definitions
    from orchestration.instance import open_instance

    job = dg.define_asset_job("partial", selection=chosen, executor_def=dg.in_process_executor)
    resolved = dg.Definitions.merge(build_definitions(home), dg.Definitions(jobs=[job])).resolve_job_def("partial")
    with open_instance(home) as instance:
        result = resolved.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            partition_key=None if resolved.partitions_def is None else partition_key,
            tags=tags,
        )
    said = []
    for event in result.filter_events(lambda event: event.is_step_failure):
        failure = event.event_specific_data.user_failure_data
        said.append(failure.description if failure else event.event_specific_data.error.message)
    return result.success, "\n".join(str(item) for item in said)
