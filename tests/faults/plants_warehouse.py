"""Planting faults in the warehouse and its verdicts.

Not here: which gate must catch them (`matrix`). Nothing is written into a file in place: the copies share their files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from fault_home import AGREEMENT, PERIOD, Scene, rewrite
from plants_lake import raw_file_changed

from foundation.canonical import canonical_json, readable_json


def in_database(*statements: str) -> Callable[[Scene], None]:
    """Somebody opens the build database after its tests."""

    def plant(scene: Scene) -> None:
        import duckdb

        assert scene.cycle
        with duckdb.connect(str(scene.home.build_database)) as connection:
            for statement in statements:
                connection.execute(statement)

    return plant


def built_so(*statements: str) -> Callable[[Scene], None]:
    """A model gives this: the tables are wrong before the build is finished, so that their hashes fit."""

    def plant(scene: Scene) -> None:
        in_database(*statements)(scene)
        finish(scene)

    return plant


def finish(scene: Scene, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda found: found) -> None:
    """Finish the build as the main job does, with its results as they were or changed."""
    from orchestration.increment import basis_of
    from orchestration.warehouse import current_build, finish_build

    build = current_build(scene.home)
    assert build is not None
    results = change([dict(item) for item in build.run_results["results"]])
    finish_build(scene.home, scene.cycle.fingerprint, basis_of(scene.cycle), {"results": results})


def _a_test(item: Mapping[str, Any]) -> bool:
    return str(item["unique_id"]).startswith("test.") and "ledger_equals_staging" in item["unique_id"]


def test_failed(scene: Scene) -> None:
    finish(scene, lambda found: [{**item, "status": "fail"} if _a_test(item) else item for item in found])


def test_not_run(scene: Scene) -> None:
    finish(scene, lambda found: [item for item in found if not _a_test(item)])


def unknown_agreement(scene: Scene) -> None:
    """A cost line names an agreement nobody knows. dbt's own test is asked, as it was compiled, what it says to that."""
    import duckdb

    in_database("update int_ledger_lines set agreement_id = 'greenwich-public-heath' where line_id = 'staff'")(scene)
    (compiled,) = (scene.home.dbt / "target" / "compiled").rglob("ledger_equals_staging.sql")
    with duckdb.connect(str(scene.home.build_database), read_only=True) as connection:
        failures = len(connection.execute(compiled.read_text()).fetchall())
    status = "fail" if failures else "pass"
    finish(scene, lambda found: [{**item, "status": status} if _a_test(item) else item for item in found])


def other_fingerprint(scene: Scene) -> None:
    """The mark of a complete build stands beside tables of another data cut."""
    path = scene.home.warehouse / "built.json"
    content = json.loads(path.read_bytes())
    rewrite(path, readable_json({**content, "fingerprint": "0" * 64}))


def unfinished(scene: Scene) -> None:
    """A build died half-way; somebody passes its tables off as complete with the mark of the one before."""
    in_database("delete from ledger where month = '2025-03'")(scene)


def days_missing(scene: Scene) -> None:
    """Thirty days are missing under a figure that says it is fit to pay on."""
    built_so("update kpi_return set missing_days = 30 where kpi_id = 'G6' and period_id = '2024-25'")(scene)
    scene.given["fit"] = (f"{AGREEMENT}/G6/{PERIOD}",)


def results_gone(scene: Scene) -> None:
    """dbt was killed before it said what it had done."""
    (scene.home.dbt / "target" / "run_results.json").unlink()


def held_by_another(scene: Scene) -> None:
    """Another program has the build database open."""
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(scene.home.build_database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None and other.stdin is not None
    assert scene.cycle
    assert other.stdout.readline().strip() == "open"

    def close() -> None:
        other.communicate()

    scene.held.append(close)


def raising(scene: Scene) -> None:
    """A check of the gate breaks."""
    import orchestration.judging
    from expectations import gate_tables

    assert orchestration.judging

    def broken(*_: object, **__: object) -> bool:
        raise ZeroDivisionError("a planted fault")

    scene.patch.setattr(gate_tables, "_type_problems", broken)


def verdict(name: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[Scene], None]:
    """A verdict is something else than the check wrote; None takes it away."""

    def plant(scene: Scene) -> None:
        path = scene.verdict_folder / f"{name}.json"
        changed = change(json.loads(path.read_bytes()))
        if changed is None:
            path.unlink()
        else:
            rewrite(path, canonical_json(changed))

    return plant


def made_to_pass(scene: Scene) -> None:
    """The check said no, and somebody changed its answer."""
    from orchestration.judging import judge_cut
    from orchestration.warehouse import current_build

    raw_file_changed(scene)
    build = current_build(scene.home)
    assert build is not None
    judge_cut(scene.cycle, build, scene.tables())
    path = scene.verdict_folder / "cut.register.json"
    raw = path.read_bytes()
    assert b'"status":"failed"' in raw
    rewrite(path, raw.replace(b'"status":"failed"', b'"status":"passed"'))


def required(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[Scene], None]:
    return verdict("required", change)


def stray_verdict(scene: Scene) -> None:
    path = scene.verdict_folder / "ledger.suite.json"
    rewrite(scene.verdict_folder / "ledger.extra.json", path.read_bytes())
