"""What the next process makes of what a killed one left, room by room; the whole job is in test_crash_whole_job."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from foundation.failpoints import VARIABLE
from foundation.home import Home

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create(demo=True, place="greenwich", residents=500)
    return made


def _killed(at: str, work: Callable[[], object]) -> None:
    """Do some work in a process of its own, which dies at a failpoint."""
    process = os.fork()
    if process == 0:
        os.environ[VARIABLE] = f"{at}=kill"
        try:
            work()
        finally:
            os._exit(70)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL, f"{at} was never passed"


LOG_POINTS = [
    f"decisions/{what}:{stage}#{nth}"
    for nth in (1, 2, 3)
    for what in ("file", "log")
    for stage in ("temporary", "written", "synced", "renamed")
]


@pytest.mark.parametrize("point", LOG_POINTS)
def test_a_publication_is_recorded_once_whenever_the_writer_dies(home: Home, point: str, tmp_path: Path) -> None:
    """Admission, delegation and publication are three decisions: whoever dies between two is followed by one who goes
    on there."""
    from orchestration.deciding import PUBLICATIONS, published_before, record_publication
    from orchestration.moments import moment_of

    never = Home(tmp_path / "never")
    never.create(demo=True, place="greenwich", residents=500)
    record_publication(never, ONE, moment_of(never))
    _killed(point, lambda: record_publication(home, ONE, moment_of(home)))
    record_publication(home, ONE, moment_of(home))
    for name in (f"{PUBLICATIONS}.jsonl", f"{PUBLICATIONS}.head.json"):
        assert (home.decisions / name).read_bytes() == (never.decisions / name).read_bytes(), name
    record_publication(home, TWO, moment_of(home))
    assert (published_before(home, ONE), published_before(home, TWO)) == (None, ONE)


@pytest.mark.parametrize("point", [*LOG_POINTS[:8], "decisions/file:written#2", "decisions/file:renamed#2"])
def test_an_agreement_is_founded_whole_or_not_at_all(home: Home, point: str, tmp_path: Path) -> None:
    """Half of its approvals would be no approval, and nobody would give the others."""
    from orchestration.cycle import agreements_of
    from orchestration.deciding import approve_for_demo
    from places import find_place
    from settlement.store import log_path

    place, (agreement, *_) = find_place("greenwich", 500), agreements_of(home)
    never = Home(tmp_path / "never")
    never.create(demo=True, place="greenwich", residents=500)
    approve_for_demo(never, place, agreement)
    _killed(point, lambda: approve_for_demo(home, place, agreement))
    approve_for_demo(home, place, agreement)
    name = agreement.terms.id
    assert log_path(home.decisions, name).read_bytes() == log_path(never.decisions, name).read_bytes()


def test_what_was_published_and_not_written_down_is_written_down_by_the_next_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the pointer and the decision, or between the decision and the comparison."""
    from orchestration.deciding import published_before, record_publication
    from orchestration.defs.publication import assets
    from orchestration.moments import moment_of

    compared = []
    monkeypatch.setattr(
        assets, "record_comparison", lambda home, before, after, only_if_missing: compared.append((before, after))
    )
    assets._finish_publication(home)
    assert compared == []
    record_publication(home, ONE, moment_of(home))
    (home.releases / TWO).mkdir()
    home.current.symlink_to(TWO)
    assets._finish_publication(home)
    assert published_before(home, TWO) == ONE
    assert compared == [(ONE, TWO)]


@pytest.mark.parametrize("spoilt", ["sender", "feed", "manifest"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_refused_delivery_is_refused_once(home: Home, spoilt: str, nth: int, tmp_path: Path) -> None:
    """Killed while the mailbox was emptied: the file is gone, its manifest is not."""
    from datetime import date

    from expectations.intake import take_in
    from ingest.contract import load_contracts
    from ingest.register import receipts
    from places.base import Submission

    sent = Submission("stop_smoking", "ZSS1", date(2025, 1, 1), date(2025, 3, 31), 1, b"x\n", 1)
    path = sent.write(home.landing)
    text = path.read_text()
    if spoilt == "sender":
        path.write_text(text.replace('"ZSS1"', '"ZCC1"'))
    elif spoilt == "feed":
        path.write_text(text.replace('"feed": "stop_smoking"', '"feed": "nothing_of_ours"'))
    else:
        path.write_text(text[:-10])
    contracts = load_contracts()
    _killed(f"vault/landing/removal:removed#{nth}", lambda: take_in(home, path, contracts))
    before = {item: item.read_bytes() for item in home.submissions.rglob("*") if item.is_file()}
    assert len(receipts(home)) == 1
    if nth == 1:
        assert path.exists()
        assert take_in(home, path, contracts).repeated
    assert not path.exists()
    assert {item: item.read_bytes() for item in home.submissions.rglob("*") if item.is_file()} == before


def test_a_build_database_that_was_never_finished_is_not_opened_again(home: Home) -> None:
    from orchestration.warehouse import begin_build

    home.build_database.write_bytes(b"half a database")
    (home.warehouse / "build.duckdb.wal").write_bytes(b"x")
    (home.warehouse / "build.duckdb.tmp").mkdir()
    begin_build(home)
    assert [path.name for path in home.warehouse.iterdir()] == []
    home.build_database.write_bytes(b"whole")
    (home.warehouse / "built.json").write_text(
        '{"fingerprint": "", "basis": {}, "results": [], "tables": {}, "sums": {}, "file": ""}'
    )
    begin_build(home)
    assert [path.name for path in home.warehouse.iterdir()] == ["build.duckdb"], "only its marker goes"
    # an earlier version of the product, which took no sums and looked at no file: nothing of its tables could stay
    (home.warehouse / "built.json").write_text('{"fingerprint": "", "basis": {}, "results": [], "tables": {}}')
    begin_build(home)
    assert [path.name for path in home.warehouse.iterdir()] == []


# processes that work for a run ---------------------------------------------------------------------------------------

_PARENT = """
import os, sys, time
from multiprocessing import get_context
from pathlib import Path
from orchestration.bound import lend_hand

def work(root, parent):
    lend_hand(Path(root), parent)
    Path(root, "working").write_text(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    get_context("spawn").Process(target=work, args=(sys.argv[1], os.getpid())).start()
    time.sleep(600)
"""


def _gone(process: int) -> bool:
    """Whether a process writes no more: it has ended, or is ending and has closed every file."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z" or not any(Path(f"/proc/{process}/fd").iterdir())
    except (ProcessLookupError, FileNotFoundError):
        return True


def test_a_process_ends_with_the_run_it_works_for_and_the_next_waits_for_it(home: Home, tmp_path: Path) -> None:
    from orchestration.lock import home_lock

    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    parent = subprocess.Popen([sys.executable, str(script), str(home.root)])
    try:
        working = home.root / "working"
        until = time.monotonic() + 60
        while not (working.exists() and working.read_text()):
            assert time.monotonic() < until
            time.sleep(0.05)
        child = int(working.read_text())
        assert not _gone(child)
    finally:
        parent.kill()
        parent.wait()
    with home_lock(home) as taken:
        assert taken
        assert _gone(child), "the home is not given to another run while anybody writes in it"


def test_dead_runs_do_not_hold_up_dagsters_pages(home: Home) -> None:
    from dagster import DagsterRunStatus
    from dagster._core.test_utils import create_run_for_test

    from orchestration.instance import clear_up, open_instance

    with open_instance(home) as instance:
        dead = create_run_for_test(instance, job_name="main", status=DagsterRunStatus.STARTED).run_id
        waiting = create_run_for_test(instance, job_name="main", status=DagsterRunStatus.NOT_STARTED).run_id
    (home.lake / ".tmp-left-over").mkdir()
    clear_up(home)
    with open_instance(home) as instance:
        statuses = {run.run_id: run.status for run in instance.get_runs()}
        assert statuses[dead] is DagsterRunStatus.FAILURE
        assert statuses[waiting] is DagsterRunStatus.NOT_STARTED
    assert list(home.lake.iterdir()) == []


def test_a_full_disk_is_called_one_whoever_met_it(home: Home) -> None:
    from orchestration.disk import full_disk

    for said in (
        "[Errno 28] No space left on device: '/home/x'",
        'IO Error: Could not write all bytes to file "build.duckdb": No space left on device',
        "(sqlite3.OperationalError) database or disk is full",
    ):
        assert "is full" in str(full_disk(home, said))
    assert full_disk(home, "Binder Error: a column is missing") is None
