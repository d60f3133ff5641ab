"""The event log kept open during a run is the one Dagster's own storage reads, event by event."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from foundation.home import Home
from orchestration import dbt
from orchestration.event_log import _KEPT, KeptEventLog
from orchestration.instance import open_instance


@dg.asset
def counted() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 7})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create(demo=True, place="derbyshire")
    return home


def _run(instance: dg.DagsterInstance) -> str:
    result = dg.materialize([counted], instance=instance)
    assert result.success
    return result.run_id


def test_events_are_where_dagster_looks_for_them(home: Home) -> None:
    with open_instance(home) as instance:
        run_id = _run(instance)
        kept = [record.message for record in instance.all_logs(run_id)]
    plain = SqliteEventLogStorage(str(home.dagster / "history" / "runs"))
    found = [record.message for record in plain.get_logs_for_run(run_id)]
    assert found == kept
    assert any("Materialized value counted" in line for line in found)
    # and the index over all runs
    assert plain.get_asset_records([counted.key])[0].asset_entry.last_run_id == run_id


def test_few_databases_are_open_at_once_and_none_after_the_instance(home: Home) -> None:
    with open_instance(home) as instance:
        runs = [_run(instance) for _ in range(_KEPT + 2)]
        storage = instance.event_log_storage
        log = getattr(storage, "_event_log_storage", storage)
        assert isinstance(log, KeptEventLog)
        assert len(log._engines) <= _KEPT
        assert all(instance.all_logs(run_id) for run_id in runs), "an earlier run's database is opened again"
        log.dispose()
        assert not log._engines
    # nothing is left in a write-ahead log
    assert not list((home.dagster / "history" / "runs").glob("*.db-wal"))


def test_a_project_is_read_once_for_all_homes(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the background, for the first home; the second takes what was read, which knows of neither."""
    monkeypatch.setattr(dbt, "shared_reading", lambda: tmp_path / "shared" / "reading")
    stale = home.dbt / "reading-999999999"
    stale.mkdir(parents=True)
    dbt.begin_reading(home)
    assert not stale.exists(), "what a killed process left is swept away"
    manifest = dbt.manifest_path(home)
    assert manifest.exists()
    assert not list(home.dbt.glob("reading-*"))
    before = manifest.stat().st_mtime_ns
    dbt.begin_reading(home)
    assert dbt.manifest_path(home).stat().st_mtime_ns == before
    other = Home(tmp_path / "other's home")
    other.create(demo=True, place="derbyshire")
    monkeypatch.setattr(subprocess, "Popen", None)
    dbt.begin_reading(other)
    taken = dbt.manifest_path(other)
    assert taken.is_relative_to(other.root)
    for name in ("manifest.json", "partial_parse.msgpack"):
        content = taken.with_name(name).read_bytes()
        assert content == manifest.with_name(name).read_bytes()
        assert str(tmp_path).encode() not in content


def test_an_installation_that_cannot_be_written_is_read_for_each_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").touch()
    monkeypatch.setattr(dbt, "shared_reading", lambda: tmp_path / "shared" / "reading")
    read = tmp_path / "read"
    read.mkdir()
    for name in ("manifest.json", "partial_parse.msgpack"):
        (read / name).write_bytes(b"x")
    dbt._share(read)
    assert not dbt.shared_reading().exists()
    (tmp_path / "shared").unlink()
    for _ in range(2):
        # the second finds the first there
        dbt._share(read)
        assert sorted(path.name for path in (tmp_path / "shared").rglob("*")) == [
            "manifest.json", "partial_parse.msgpack", "reading",
        ]  # fmt: skip
