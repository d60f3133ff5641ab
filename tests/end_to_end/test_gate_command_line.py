"""What a person at the command line meets at the gate: which runs are refused, by which exit code, and in which words."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from demo_home import DemoHome, outturn, outturn_here, sent_by
from gate_home import resubmission

from foundation.errors import Refused
from foundation.home import Home
from orchestration.rooms import DBT_PROJECT


def test_a_cost_line_in_quarantine_is_not_a_saving(demo: DemoHome, tmp_path: Path) -> None:
    """A member re-sends its ledger with one category mistyped: the line is missing, and missing cost pays nobody."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    item = sent_by("cost_ledger", "acute-trust", "2024-05")
    mistyped = item.content.replace(b"reimbursable_cost", b"reimbursible", 1)
    dataclasses.replace(item, content=mistyped, sequence=2).write(home.landing)
    said = outturn("run", "--period", "2025-08", home=home.root)
    assert said.code == 1, said.out
    assert "cut.required_feeds" in said.out
    assert "1 line(s) of acute-trust's cost_ledger of 2024-05 are quarantined" in json.dumps(
        [json.loads(path.read_bytes()) for path in home.verdicts.glob("*/cut.required_feeds.json")]
    )
    assert home.current.resolve() == former


def test_a_held_build_database_is_left_as_it_was(demo: DemoHome, tmp_path: Path) -> None:
    """Another program holds the build database: the run ends before it touches a table, and the next one goes on."""
    import duckdb

    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    former, built = home.current.resolve(), (home.warehouse / "built.json").read_bytes()
    resubmission().write(home.landing)
    with duckdb.connect(str(home.build_database)):
        held = outturn("run", "--period", "2025-08", home=home.root)
    assert held.code == 4, held.out
    assert "another program holds it" in " ".join(held.out.split())
    assert home.current.resolve() == former
    assert (home.warehouse / "built.json").read_bytes() == built
    again = outturn_here("run", "--period", "2025-08", home=home.root)
    assert again.code == 3, again.out
    assert home.current.resolve() != former


def test_a_build_that_died_is_built_again(demo: DemoHome, tmp_path: Path) -> None:
    """dbt dies between two tables: what it left, and what an earlier run left, counts for nothing."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    resubmission().write(home.landing)
    died = outturn("run", "--period", "2025-08", home=home.root, OUTTURN_FAILPOINT="warehouse/commit:written#20=kill")
    assert died.code == 4, died.out
    assert home.current.resolve() == former
    assert not (home.warehouse / "built.json").exists()
    again = outturn_here("run", "--period", "2025-08", home=home.root)
    assert again.code == 3, again.out
    assert f"{sum(1 for _ in DBT_PROJECT.glob('models/**/*.sql'))} models" in again.out
    assert home.current.resolve() != former
    assert outturn_here("verify", str(home.current)).code == 0


def test_an_earlier_month_takes_no_settlement_away(demo: DemoHome, tmp_path: Path) -> None:
    """A late run of June 2024 leaves the settlement of 2024/25 in the release."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    former = home.current.resolve()
    said = outturn("run", "--period", "2024-06", home=home.root)
    assert said.code == 3, said.out
    assert home.current.resolve() == former
    assert outturn_here("run", "--period", "2022-03", home=home.root).code == 2
    assert outturn_here("run", "--period", "2999-01", home=home.root).code == 2


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
    said = outturn_here("run", "--period", "2025-08", home=home.root)
    assert said.code == 3, said.out
    # a name that is not the one we ask for may be somebody's: the receipt is named instead
    assert "refused a file of RTG (receipt " in said.out
    assert "strange.csv" not in said.out


def test_a_damaged_decision_log_is_refused_and_on_record(demo: DemoHome, tmp_path: Path) -> None:
    """CNI-17: ten bytes cut off the log of decisions; exit code 1, a record, and `doctor` repeats it."""
    home = Home(Path(shutil.copytree(demo.root, tmp_path / "home", symlinks=True)))
    log = home.decisions / "derbyshire-real-only.jsonl"
    log.write_bytes(log.read_bytes()[:-10])
    said = outturn_here("run", "--period", "2025-08", home=home.root)
    assert said.code == 1, said.out
    assert "decision log" in said.out
    assert list(home.refusals.glob("*.json"))
    doctor = outturn("doctor", home=home.root)
    assert doctor.code == 1
    assert "decision log" in doctor.out


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
    said = outturn_here("doctor", home=home.root)
    assert said.code == 1
    assert "The cost ledger of a member is missing" in said.out
