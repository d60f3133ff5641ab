"""A snapshot of everything Dagster shows: a renamed asset or a lost check is a change somebody must want.

To accept a change: `UPDATE_SNAPSHOT=1 .venv/bin/python -m pytest tests/house/test_definitions.py`, and read the diff.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from foundation.home import Home

SNAPSHOT = Path(__file__).parent / "definitions.json"


def _picture(home: Home) -> dict[str, object]:
    import dagster as dg

    from orchestration.definitions import build_definitions

    defs = build_definitions(home)
    repository = defs.get_repository_def()
    graph = repository.asset_graph
    checks = {
        spec.key.to_user_string(): {"blocking": spec.blocking}
        for definition in [*repository.assets_defs_by_key.values(), *repository.asset_checks_defs_by_key.values()]
        for spec in definition.check_specs
    }
    assert isinstance(defs, dg.Definitions)
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "after": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                "partitioned": graph.get(key).partitions_def is not None,
            }
            for key in sorted(graph.get_all_asset_keys(), key=lambda key: key.to_user_string())
        },
        "checks": dict(sorted(checks.items())),
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "schedules": {item.name: item.cron_schedule for item in repository.schedule_defs},
        "sensors": sorted(item.name for item in repository.sensor_defs),
    }


def test_the_house_as_dagster_shows_it(home: Home) -> None:
    picture = json.loads(json.dumps(_picture(home)))
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(picture, indent=1, sort_keys=True) + "\n")
    assert picture == json.loads(SNAPSHOT.read_text())


def test_assets_carry_the_names_of_the_tables_they_build(home: Home) -> None:
    from orchestration.dbt import load_manifest

    models = {node["name"] for key, node in load_manifest(home)["nodes"].items() if key.startswith("model.")}
    assets = set(json.loads(SNAPSHOT.read_text())["assets"])
    assert models
    assert models <= assets


def test_every_check_the_terms_demand_is_shown_and_blocks(home: Home) -> None:
    """CNI-27: what protects money is visible, and blocks in the same run."""
    from orchestration.defs.settlement.checks import check_name, integrity_checks

    shown = json.loads(SNAPSHOT.read_text())["checks"]
    for check in integrity_checks(home):
        assert shown[f"verdicts:{check_name(check)}"] == {"blocking": True}


def test_the_landing_sensor_starts_one_run_for_what_waits(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty files that land together are one run; the same content never starts a second."""
    import dagster as dg

    from orchestration.defs.intake.sensors import landing_sensor
    from places import find_place

    monkeypatch.setenv("OUTTURN_HOME", str(home.root))
    context = dg.build_sensor_context(instance=dg.DagsterInstance.ephemeral())
    skipped = landing_sensor(context)
    assert isinstance(skipped, dg.SkipReason)
    for item in find_place("derbyshire").submissions()[:50]:
        item.write(home.landing)
    first, again = landing_sensor(context), landing_sensor(context)
    assert isinstance(first, dg.SensorResult)
    assert isinstance(again, dg.SensorResult)
    (request,), (repeat,) = first.run_requests or [], again.run_requests or []
    assert request.partition_key == "2025-08"
    assert request.run_key == repeat.run_key


def test_a_missed_month_starts_the_run_that_fails_to_say_so(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DER-01: a schedule that did not run is noticed, in a live home; a demonstration is never late."""
    import dagster as dg

    from orchestration.defs.jobs import alert_late_month, is_late, late_month_alert, month_due

    assert month_due(datetime(2025, 9, 12, tzinfo=UTC)).label == "2025-08"
    assert month_due(datetime(2025, 9, 9, tzinfo=UTC)).label == "2025-07"
    assert month_due(datetime(2026, 1, 12, tzinfo=UTC)).label == "2025-12"
    with dg.instance_for_test() as instance:
        due = month_due(datetime(2025, 9, 12, tzinfo=UTC))
        assert is_late(instance, due)
        instance.report_runless_asset_event(dg.AssetMaterialization("release", metadata={"month": "2025-08"}))
        assert not is_late(instance, due)
        monkeypatch.setenv("OUTTURN_HOME", str(home.root))
        assert isinstance(late_month_alert(dg.build_sensor_context(instance=instance)), dg.SkipReason)
        monkeypatch.setenv("OUTTURN_HOME", str(tmp_path))
        found = late_month_alert(dg.build_sensor_context(instance=instance))
        assert isinstance(found, dg.SensorResult)
        (request,) = found.run_requests or []
        result = alert_late_month.execute_in_process(
            instance=instance, run_config=request.run_config, raise_on_error=False
        )
        assert not result.success
        failure = next(iter(result.filter_events(lambda event: event.is_step_failure)))
        assert "outturn run --period" in failure.event_specific_data.user_failure_data.description


def test_nothing_calls_home() -> None:
    """House rule: no network at run time."""
    import yaml

    from orchestration.instance import TEMPLATE

    assert yaml.safe_load(TEMPLATE.read_text())["telemetry"] == {"enabled": False}
    project = yaml.safe_load((TEMPLATE.parent.parent / "dbt_project" / "dbt_project.yml").read_text())
    assert project["flags"]["send_anonymous_usage_stats"] is False
