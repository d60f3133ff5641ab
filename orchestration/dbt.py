"""dbt as the main job runs it: where the project is, what environment it needs, its manifest for Dagster.

Everything dbt writes (target, logs) goes into the home; what it read of the project is kept beside the project, for all
homes of this installation, where that can be written (ADR 41).
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dbt_project.changes import ALL
from foundation.durable import sync_file, write_bytes
from foundation.errors import SystemFault
from foundation.home import Home
from foundation.version import PRODUCT, hash_tree
from orchestration.bound import GLANCE_SECONDS, dbt_command

PROJECT = PRODUCT / "dbt_project"
# dbt of this very environment, whatever PATH says. A run starts it by `orchestration.bound`.
EXECUTABLE = Path(sys.executable).parent / "dbt"


def environment(
    home: Home,
    data_cut_id: str = "",
    changed_months: str | Sequence[str] = ALL,
    changed_indicators: str | Sequence[str] = ALL,
    changed_quarters: str | Sequence[str] = ALL,
    changed_people: str | Mapping[str, Sequence[str]] = ALL,
) -> dict[str, str]:
    """Environment variables the project's sources, macros and profile read.

    Neither the profile nor any YAML of the project reads them (`dbt_project.engine`): dbt would read the project anew
    for every home.
    """
    return {
        "OUTTURN_LAKE": str(home.lake),
        "OUTTURN_RUN_INPUTS": str(home.warehouse / "inputs" / "current"),
        "OUTTURN_BUILD_DATABASE": str(home.build_database),
        "OUTTURN_DATA_CUT": data_cut_id,
        "OUTTURN_CHANGED_MONTHS": _listed(changed_months),
        "OUTTURN_CHANGED_INDICATORS": _listed(changed_indicators),
        "OUTTURN_CHANGED_QUARTERS": _listed(changed_quarters),
        "OUTTURN_CHANGED_PEOPLE": changed_people if isinstance(changed_people, str) else json.dumps(changed_people),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }


def _listed(chosen: str | Sequence[str]) -> str:
    return ALL if chosen == ALL else json.dumps(list(chosen))


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


@cache
def project_hash() -> str:
    """Hash of the project's files: what a stored manifest or build belongs to."""
    return hash_tree(PROJECT)


@cache
def _reading_name() -> str:
    """What one reading of the project is good for: its files, where they lie, and who reads them."""
    readers = [f"{name} {version(name)}" for name in ("dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb")]
    read = "\n".join([project_hash(), str(PROJECT), sys.version, *readers])
    return f"parsed-{sha256(read.encode()).hexdigest()[:16]}"


def _folder(home: Home) -> Path:
    return home.dbt / _reading_name()


def shared_reading() -> Path:
    """The folder of a reading that serves every home, once there is one: beside the project, as Python's compiled code
    lies beside the code. Of a full reading, so that it is the same whoever read."""
    return PROJECT / "target" / _reading_name()


def _share(scratch: Path) -> None:
    """Keep what dbt has read for other homes, where the installation is ours to write to."""
    shared = shared_reading()
    draft = shared.with_name(f"{_DRAFT}{os.getpid()}")
    try:
        draft.mkdir(parents=True)
        for name in _READ:
            shutil.copyfile(scratch / name, draft / name)
            sync_file(draft / name)
        draft.rename(shared)
        for old in [*shared.parent.glob("parsed-*"), *shared.parent.glob(f"{_DRAFT}*")]:
            if old != shared and old.stat().st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    except OSError:
        # somebody was faster, or the installation belongs to somebody else: then every home reads for itself
        shutil.rmtree(draft, ignore_errors=True)


def _take_shared(home: Home) -> bool:
    """Copy what was read for another home. False where there is none."""
    try:
        read = {name: (shared_reading() / name).read_bytes() for name in _READ}
    except OSError:
        return False
    for name, content in read.items():
        write_bytes(_folder(home) / name, content)
    return True


@dataclass(frozen=True)
class _Reading:
    """A process of dbt that reads the project, and the folder it writes to."""

    process: subprocess.Popen[str]
    scratch: Path

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


_READING = "reading-"
# The manifest last: it says that the rest is there.
_READ = ("partial_parse.msgpack", "manifest.json")
_DRAFT = "draft-"
# Readings of former versions of the project go after a week.
_STALE_SECONDS = 7 * 24 * 3600.0
_readings: dict[Path, _Reading] = {}


def _sweep_readings(home: Home) -> None:
    """Remove what processes that were killed while dbt read the project for them have left."""
    for left in home.dbt.glob(f"{_READING}*"):
        try:
            os.kill(int(left.name.removeprefix(_READING)), 0)
        except ProcessLookupError:
            # dbt itself may be about to notice
            time.sleep(2 * GLANCE_SECONDS)
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            continue


def begin_reading(home: Home) -> None:
    """Let dbt read its project while this process gets on with other things, unless it has been read.
    `manifest_path` waits for it."""
    _sweep_readings(home)
    if home.root in _readings or any(
        (folder / "manifest.json").exists() for folder in (_folder(home), shared_reading())
    ):
        return
    scratch = home.dbt / f"{_READING}{os.getpid()}"
    # In a process of its own: dbt keeps the engine's objects alive until exit, and this one has to stay clean.
    process = subprocess.Popen(  # noqa: S603 (our own interpreter, our own words)
        [
            sys.executable,
            *dbt_command(home, writes=False),
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
        ],
        env={**os.environ, **environment(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    _readings[home.root] = _Reading(process, scratch)


@atexit.register
def _end_readings() -> None:
    for root in list(_readings):
        _readings.pop(root).end()


def manifest_path(home: Home) -> Path:
    """The manifest of the project as it is now, in the home; read once per version of the project and environment."""
    manifest = _folder(home) / "manifest.json"
    if manifest.exists() or (home.root not in _readings and _take_shared(home)):
        return manifest
    begin_reading(home)
    reading = _readings.pop(home.root)
    try:
        said, _ = reading.process.communicate()
        if reading.process.returncode != 0:
            raise SystemFault(
                f"dbt could not read its project: {said.strip()[-600:]}", f"mend {PROJECT}, then try again."
            )
        for name in _READ:
            write_bytes(_folder(home) / name, (reading.scratch / name).read_bytes())
        _share(reading.scratch)
    finally:
        reading.end()
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
