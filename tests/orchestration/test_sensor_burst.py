"""Fifty files that land together become one run; files that land later become one more; nothing starts a run twice."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from foundation.home import Home
from orchestration.defs.intake.sensors import landing_sensor
from orchestration.lock import home_lock


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path / "home")
    home.create(demo=True, place="derbyshire")
    monkeypatch.setenv("OUTTURN_HOME", str(home.root))
    return home


def _land(home: Home, number: int) -> Path:
    sender = home.landing / f"S{number % 5}"
    sender.mkdir(parents=True, exist_ok=True)
    month = f"2024-{1 + number % 9:02d}"
    path = sender / f"file-{number}.csv.manifest.json"
    told = {"feed": "cost_ledger", "covers": {"from": f"{month}-01", "to": f"{month}-28"}, "file": f"file-{number}.csv"}
    path.write_text(json.dumps(told))
    return path


def _look(instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
    found = landing_sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def _tick(instance: dg.DagsterInstance, started: dict[str, str]) -> int:
    """One look of the sensor, and what Dagster's daemon does with it: a run key starts one run. How many began."""
    found = _look(instance)
    if isinstance(found, dg.SkipReason):
        return 0
    new = {
        str(item.run_key): str(item.partition_key) for item in found.run_requests or () if item.run_key not in started
    }
    started.update(new)
    return len(new)


def test_a_burst_becomes_the_runs_it_should(home: Home) -> None:
    """GRW-05."""
    started: dict[str, str] = {}
    with dg.DagsterInstance.ephemeral() as instance:
        assert _tick(instance, started) == 0, "an empty landing starts nothing"
        landed = [_land(home, number) for number in range(50)]
        assert _tick(instance, started) == 1
        assert list(started.values()) == ["2024-09"], "one run, for the latest month"
        assert [_tick(instance, started) for _ in range(5)] == [0] * 5, "the same files never start a second"
        for path in landed[:-1]:
            path.unlink()
        assert _tick(instance, started) == 1, "a file that was left is looked at once more, by itself"
        assert _tick(instance, started) == 0
        landed[-1].unlink()
        assert _tick(instance, started) == 0, "all taken in"


def test_files_that_keep_landing_wait_for_the_run_under_way(home: Home) -> None:
    """A burst over fifty looks is one run, and one more for what came too late for it."""
    started: dict[str, str] = {}
    with dg.DagsterInstance.ephemeral() as instance:
        _land(home, 0)
        assert _tick(instance, started) == 1
        with home_lock(home):
            for number in range(1, 50):
                _land(home, number)
                skipped = _look(instance)
                assert isinstance(skipped, dg.SkipReason)
                assert "under way" in str(skipped.skip_message)
        assert _tick(instance, started) == 1
    assert len(started) == 2


def test_files_that_land_while_a_run_is_queued_are_left_to_it(home: Home) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        place = RegisteredCodeLocationOrigin("outturn")
        origin = RemoteJobOrigin(RemoteRepositoryOrigin(place, "__repository__"), "main")
        instance.add_run(
            dg.DagsterRun(
                job_name="main", run_id=str(uuid4()), status=dg.DagsterRunStatus.QUEUED, remote_job_origin=origin
            )
        )
        _land(home, 1)
        skipped = _look(instance)
        assert isinstance(skipped, dg.SkipReason)
        assert "waits to be started" in str(skipped.skip_message)


def test_a_run_that_was_killed_does_not_silence_the_sensor(home: Home) -> None:
    """Dagster goes on calling it started until the next run buries it; the lock knows better."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun(job_name="main", run_id=str(uuid4()), status=dg.DagsterRunStatus.STARTED))
        _land(home, 1)
        assert _tick(instance, {}) == 1
