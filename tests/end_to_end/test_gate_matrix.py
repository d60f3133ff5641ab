"""Nothing is paid or published unless every integrity verdict passed for exactly this cut, whatever was scheduled.

Schedulings: the whole job in a later run; only settlement and release (a partial selection); everything with the
asset checks not selected; release alone. Verdicts: missing, failed, raising, stale (of another cut). CNI-27, CNI-05.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from demo_home import DemoHome, Said, outturn, tree_hashes

from foundation.canonical import canonical_json
from foundation.errors import Refused
from foundation.home import Home
from orchestration.rooms import DBT_PROJECT
from places import find_place

SCHEDULINGS = ("later_run", "partial_selection", "checks_not_selected", "release_alone")
STATES = ("missing", "failed", "raising", "stale")
CHECK = "warehouse.arithmetic"


def _resubmission() -> Any:
    """One figure of August 2025 corrected by its sender: a new data cut, hence a new settlement to be judged."""
    item = next(
        item
        for item in find_place("derbyshire").submissions()
        if item.feed == "daily_discharge_return"
        and item.organisation == "E54000058"
        and f"{item.covers_from:%Y-%m}" == "2025-08"
    )
    rows = list(csv.reader(io.StringIO(item.content.decode())))
    rows[20][2] = str(int(rows[20][2]) + 1)
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return dataclasses.replace(item, content=buffer.getvalue().encode(), sequence=2)


@pytest.fixture(scope="session")
def judged_home(demo: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo home with a new cut that is built and judged, but neither settled nor released."""
    root = Path(shutil.copytree(demo.root, tmp_path_factory.mktemp("judged") / "home", symlinks=True))
    _resubmission().write(Home(root).landing)
    succeeded, said = _materialise(Home(root), "intake_to_verdicts")
    assert succeeded, said
    assert len([path for path in (root / "releases").iterdir() if not path.is_symlink()]) == 1
    return root


def _selection(name: str) -> Any:
    import dagster as dg

    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    return {
        "intake_to_verdicts": (dg.AssetSelection.all() - dg.AssetSelection.assets("settlements", "release")),
        "later_run": everything,
        "partial_selection": dg.AssetSelection.assets("settlements", "release").without_checks(),
        "checks_not_selected": dg.AssetSelection.all() - dg.AssetSelection.checks_for_assets("verdicts"),
        "release_alone": dg.AssetSelection.assets("release").without_checks(),
    }[name]


def _materialise(home: Home, name: str) -> tuple[bool, str]:
    """Run one selection of the assets as Dagster would; whether it succeeded, and what its failed steps said."""
    import dagster as dg

    from orchestration.definitions import build_definitions
    from orchestration.instance import open_instance

    job = dg.define_asset_job("partial", selection=_selection(name), executor_def=dg.in_process_executor)
    base = build_definitions(home)
    resolved = dg.Definitions.merge(base, dg.Definitions(jobs=[job])).resolve_job_def("partial")
    with open_instance(home) as instance:
        result = resolved.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            # Only intake has months; a selection without it is launched without one.
            partition_key=None if resolved.partitions_def is None else "2025-08",
        )
    said = []
    for event in result.filter_events(lambda event: event.is_step_failure):
        failure = event.event_specific_data.user_failure_data
        said.append(failure.description if failure else event.event_specific_data.error.message)
    return result.success, "\n".join(str(item) for item in said)


def _spoil(state: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    def spoiled(verdict: dict[str, Any]) -> dict[str, Any] | None:
        if state == "missing":
            return None
        if state == "failed":
            return {**verdict, "status": "failed", "reason": "A planted fault.", "mend": "take the fault out."}
        if state == "raising":
            return {**verdict, "status": "error", "reason": "It raised ZeroDivisionError.", "mend": "mend the check."}
        return {**verdict, "data_cut_id": "0" * 64}

    return spoiled


@pytest.fixture
def planted(
    request: pytest.FixtureRequest, judged_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Home, str, str]:
    """A home in which the verdict of one integrity check is spoiled, on disk and whenever it is made again."""
    scheduling, state = request.param
    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    spoil = _spoil(state)

    import expectations.verdicts as stored
    from expectations import gate_warehouse

    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError("a planted fault")

    real_write = stored.write_verdict

    def write(home_: Home, verdict: Any) -> Any:
        path = real_write(home_, verdict)
        if verdict.check_id == CHECK and state != "raising":
            _plant(path, spoil)
        return path

    monkeypatch.setattr(stored, "write_verdict", write)
    if state == "raising":
        monkeypatch.setattr(gate_warehouse, "judge_arithmetic", broken)
    cut = max(home.verdicts.iterdir(), key=lambda folder: (folder / "required.json").stat().st_mtime_ns)
    _plant(cut / f"{CHECK}.json", spoil)
    return home, scheduling, state


def _plant(path: Path, spoil: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    changed = spoil(json.loads(path.read_bytes()))
    if changed is None:
        path.unlink()
    else:
        path.write_bytes(canonical_json(changed))


MATRIX = [(scheduling, state) for scheduling in SCHEDULINGS for state in STATES]


@pytest.mark.parametrize("planted", MATRIX, indirect=True, ids=[f"{a}-{b}" for a, b in MATRIX])
def test_the_gate_refuses_in_any_scheduling(planted: tuple[Home, str, str]) -> None:
    home, scheduling, state = planted
    former = home.current.resolve()
    releases = tree_hashes(home.releases)
    settlements = tree_hashes(home.settlements)
    decisions = tree_hashes(home.decisions)

    succeeded, said = _materialise(home, scheduling)

    assert not succeeded, f"{scheduling} went through with a {state} verdict"
    assert home.current.resolve() == former
    assert tree_hashes(home.releases) == releases, "the former release is untouched and no other is there"
    assert tree_hashes(home.settlements) == settlements, "nothing was settled"
    assert tree_hashes(home.decisions) == decisions, "nothing was recorded as published"
    (refusal,) = home.refusals.glob("*.json")
    text = refusal.read_text()
    assert CHECK in text, "the refusal names the check"
    reason = json.loads(text)["refusals"][0]["reasons"][0]
    for key in ("what", "why", "who_mends", "mend", "effect_on_money"):
        assert reason[key], f"the refusal says {key}"
    assert {"missing": "missing", "raising": "error"}.get(state, "failed") in text
    assert said


def test_without_a_fault_the_same_home_settles_and_releases(judged_home: Path, tmp_path: Path) -> None:
    """The matrix is red because of the planted verdicts and nothing else."""
    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    succeeded, said = _materialise(home, "partial_selection")
    assert succeeded, said
    assert home.current.resolve() != former
    assert outturn("verify", str(home.current)).code == 0
    assert not list(home.refusals.glob("*.json"))


def test_a_figure_changed_in_the_warehouse_after_it_was_judged_is_refused(judged_home: Path, tmp_path: Path) -> None:
    """One figure edited in the build database, consistently: no verdict names it, and nothing is paid on it."""
    import duckdb

    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            "update kpi_return set numerator = numerator - 3560, value = value - 10 "
            "where kpi_id = 'D1' and period_id = '2024-25'"
        )
    succeeded, said = _materialise(home, "partial_selection")
    assert not succeeded
    assert "kpi_return changed in the warehouse" in said
    assert home.current.resolve() == former
    assert "kpi_return changed" in next(home.refusals.glob("*.json")).read_text()


def _run(home: Home, *words: str) -> Said:
    return outturn("run", *words, home=home.root)


def test_a_cost_line_in_quarantine_is_not_a_saving(demo: DemoHome, tmp_path: Path) -> None:
    """A member re-sends its ledger with one category mistyped: the line is missing, and missing cost pays nobody."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    item = next(
        item
        for item in find_place("derbyshire").submissions()
        if item.feed == "cost_ledger"
        and item.organisation == "acute-trust"
        and f"{item.covers_from:%Y-%m}" == "2024-05"
    )
    mistyped = item.content.replace(b"reimbursable_cost", b"reimbursible", 1)
    dataclasses.replace(item, content=mistyped, sequence=2).write(home.landing)
    said = _run(home, "--period", "2025-08")
    assert said.code == 1, said.out
    assert "cut.required_feeds" in said.out
    assert "1 line(s) of acute-trust's cost_ledger of 2024-05 are quarantined" in json.dumps(
        [json.loads(path.read_bytes()) for path in home.verdicts.glob("*/cut.required_feeds.json")]
    )
    assert home.current.resolve() == former


def test_a_build_that_died_is_built_again(demo: DemoHome, tmp_path: Path) -> None:
    """Another program holds the build database: dbt cannot start, and what an earlier run left counts for nothing."""
    import duckdb

    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    _resubmission().write(home.landing)
    with duckdb.connect(str(home.build_database)):
        died = _run(home, "--period", "2025-08")
    assert died.code == 4, died.out
    assert home.current.resolve() == former
    assert not (home.warehouse / "built.json").exists()
    again = _run(home, "--period", "2025-08")
    assert again.code == 3, again.out
    assert f"{sum(1 for _ in DBT_PROJECT.glob('models/**/*.sql'))} models" in again.out
    assert home.current.resolve() != former
    assert outturn("verify", str(home.current)).code == 0


def test_an_earlier_month_takes_no_settlement_away(demo: DemoHome, tmp_path: Path) -> None:
    """A late run of June 2024 leaves the settlement of 2024/25 in the release."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    said = _run(home, "--period", "2024-06")
    assert said.code == 3, said.out
    assert home.current.resolve() == former
    assert _run(home, "--period", "2022-03").code == 2
    assert _run(home, "--period", "2999-01").code == 2


def test_what_is_released_is_on_file(judged_home: Path, tmp_path: Path) -> None:
    """A release made alone keeps its settlement, so that the next cut posts the difference to it."""
    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    shutil.rmtree(home.settlements)
    succeeded, said = _materialise(home, "release_alone")
    assert succeeded, said
    assert len(list(home.settlements.glob("derbyshire-real-only/2024-25/*/postings.csv"))) == 1


def test_a_manifest_of_nowhere_stops_nobody(demo: DemoHome, tmp_path: Path) -> None:
    """An unknown feed with dates long before the first month is refused by name, and the run goes on."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    mailbox = home.landing / "RTG"
    mailbox.mkdir(exist_ok=True)
    (mailbox / "strange.csv").write_text("a,b\n1,2\n")
    (mailbox / "strange.csv.manifest.json").write_text(
        json.dumps(
            {
                "feed": "no_such_feed",
                "organisation": "RTG",
                "covers": {"from": "2001-01-01", "to": "2001-01-31"},
                "sequence": 1,
                "file": "strange.csv",
                "sha256": "0" * 64,
                "bytes": 8,
                "rows": 1,
                "control_totals": {},
            }
        )
    )
    said = _run(home, "--period", "2025-08")
    assert said.code == 3, said.out
    # a name that is not the one we ask for may be somebody's: the receipt is named instead
    assert "refused a file of RTG (receipt " in said.out
    assert "strange.csv" not in said.out


def test_a_damaged_decision_log_is_refused_and_on_record(demo: DemoHome, tmp_path: Path) -> None:
    """CNI-17: ten bytes cut off the log of decisions; exit code 1, a record, and `doctor` repeats it."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    log = home.decisions / "derbyshire-real-only.jsonl"
    log.write_bytes(log.read_bytes()[:-10])
    said = _run(home, "--period", "2025-08")
    assert said.code == 1, said.out
    assert "decision log" in said.out
    assert list(home.refusals.glob("*.json"))
    doctor = outturn("doctor", home=home.root)
    assert doctor.code == 1
    assert "decision log" in doctor.out


def test_terms_changed_after_approval_are_refused(
    judged_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CNI-05: a period whose terms differ by one digit from those approved is not settled."""
    import orchestration.cycle as cycle

    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))
    agreements = Path(shutil.copytree(cycle.AGREEMENTS, tmp_path / "agreements"))
    path = agreements / "derbyshire-real-only" / "2024-04-01.yaml"
    path.write_text(path.read_text().replace("stretch: 430", "stretch: 431"))
    monkeypatch.setattr(cycle, "AGREEMENTS", agreements)
    former = home.current.resolve()
    succeeded, _ = _materialise(home, "later_run")
    assert not succeeded
    assert home.current.resolve() == former
    text = " ".join(path.read_text() for path in home.refusals.glob("*.json"))
    assert "not approved" in text


def test_the_command_line_says_who_mends_it(judged_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`outturn run` ends with exit code 1 and a message a person can act on; `doctor` repeats it."""
    from expectations import gate_checks, gate_cut
    from orchestration.main_job import run_main_job

    home = Home(Path(shutil.copytree(judged_home, tmp_path / "home", symlinks=True)))

    def planted(*_: object) -> Any:
        return gate_checks.Judgement(
            False, "The cost ledger of a member is missing.", "ask the member for it.", {}, "the member"
        )

    monkeypatch.setattr(gate_cut, "judge_required_feeds", planted)
    with pytest.raises(Refused) as refused:
        run_main_job(home, "2025-08", intake=False)
    assert refused.value.exit_code == 1
    for words in (
        "cut.required_feeds",
        "The cost ledger of a member is missing",
        "the member",
        "ask the member for it",
    ):
        assert words in str(refused.value), str(refused.value)
    said = outturn("doctor", home=home.root)
    assert said.code == 1
    assert "The cost ledger of a member is missing" in said.out
