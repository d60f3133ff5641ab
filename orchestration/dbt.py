"""dbt as the main job runs it: where the project is, what environment it needs, its manifest for Dagster.

Everything dbt writes (target, logs) goes into the home, never into the project.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from foundation.durable import write_bytes
from foundation.errors import SystemFault
from foundation.home import Home
from foundation.version import PRODUCT, hash_tree

PROJECT = PRODUCT / "dbt_project"
# dbt of this very environment, whatever PATH says.
EXECUTABLE = Path(sys.executable).parent / "dbt"


def environment(home: Home, inputs: Path, data_cut_id: str = "") -> dict[str, str]:
    """Environment variables the project's sources and profile read."""
    return {
        "OUTTURN_LAKE": str(home.lake),
        "OUTTURN_RUN_INPUTS": str(inputs),
        "OUTTURN_BUILD_DATABASE": str(home.build_database),
        "OUTTURN_DATA_CUT": data_cut_id,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def within(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the length of the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


WHOLE_BUILD = ("--vars", json.dumps({"changed_months": "all"}))


@cache
def project_hash() -> str:
    """Hash of the project's files: what a stored manifest or build belongs to."""
    return hash_tree(PROJECT)


def manifest_path(home: Home) -> Path:
    """The manifest of the project as it is now, parsed once per version of the project into the home."""
    folder = home.dbt / f"parsed-{project_hash()[:16]}"
    manifest = folder / "manifest.json"
    if manifest.exists():
        return manifest
    scratch = home.dbt / "parse"
    # In a process of its own: dbt keeps the engine's objects alive until exit, and this one has to stay clean.
    ran = subprocess.run(  # noqa: S603
        [
            str(EXECUTABLE),
            "--quiet",
            "--no-use-colors",
            "--log-path",
            str(scratch / "logs"),
            "parse",
            "--no-partial-parse",
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--target-path",
            str(scratch),
            # as in a whole build: dbt reads the project anew when variables differ
            *WHOLE_BUILD,
        ],
        env={**os.environ, **environment(home, home.warehouse / "inputs" / "none")},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise SystemFault(
            f"dbt could not read its project: {ran.stdout.strip()[-600:]}", f"mend {PROJECT}, then try again."
        )
    for name in ("partial_parse.msgpack", "manifest.json"):
        if (scratch / name).exists():
            write_bytes(folder / name, (scratch / name).read_bytes())
    return manifest


def load_manifest(home: Home) -> dict[str, Any]:
    """The manifest as a dict."""
    loaded: dict[str, Any] = json.loads(manifest_path(home).read_bytes())
    return loaded


def test_statuses(run_results: Mapping[str, Any]) -> dict[str, str]:
    """Unique id of every test in a dbt run's results -> its status."""
    return {
        result["unique_id"]: result["status"]
        for result in run_results["results"]
        if result["unique_id"].startswith(("test.", "unit_test."))
    }


def built(run_results: Mapping[str, Any]) -> set[str]:
    """Unique ids of what a run did build."""
    return {item["unique_id"] for item in run_results["results"] if item["status"] == "success"}


def buildable(manifest: Mapping[str, Any]) -> set[str]:
    """Unique ids of everything a complete build materialises."""
    return {key for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed", "snapshot")}
